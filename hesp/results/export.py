"""An analysis with its scores as JSON, schema 1: written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from hesp.errors import MediaError
from hesp.records import Analysis, Array, Scores, Track, TrackScores

SCHEMA = 1
_DECIMALS = 5


def to_json(analysis: Analysis, scores: Scores, blendshape_names: tuple[str, ...]) -> dict[str, Any]:
    """Everything known of a clip as plain values.

    Per-face lists are as long as `time_s`, null where the face is absent. Boxes and pixels refer to the normalised,
    upright clip; `time_s` is on its clock, which starts at `video.start_s` of the source. Rounded to 5 decimals.
    """
    video, source, model = analysis.video, analysis.video.source, analysis.model
    return {
        "schema": SCHEMA,
        "source": {
            "path": source.path,
            "width": source.width,
            "height": source.height,
            "duration_s": source.duration_s,
        },
        "video": {
            "fps": video.fps,
            "width": video.width,
            "height": video.height,
            "frames": video.n_frames,
            "analysed_fps": round(analysis.analysed_fps, _DECIMALS),
            "start_s": video.start_s,
        },
        "model": {
            "backbone": model.backbone,
            "method": model.method,
            "weights_sha256": model.weights_sha256,
            "window_s": model.window_s,
            "version": model.version,
        },
        "labels": list(scores.labels),
        "time_s": _plain(analysis.time_s),
        "faces": [
            _face(track, track_scores, blendshape_names)
            for track, track_scores in zip(analysis.tracks, scores.tracks, strict=True)
        ],
    }


def write_json(document: dict[str, Any], target: str) -> None:
    """Write a document to a file, or to standard output for "-".

    Raises:
        MediaError: the file cannot be written; nothing is left of it then.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    if target == "-":
        sys.stdout.write(text + "\n")
        return
    write_text(Path(target), text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that it appears whole or not at all.

    Raises:
        MediaError: the folder is missing, not writable, or the disk is full.
    """
    check_writable(path)
    part = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False, suffix=".part") as file:
            part = Path(file.name)
            file.write(text)
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise _unwritable(path, error.strerror or "write error") from error


def check_writable(path: Path, *, keep: Path | None = None) -> None:
    """Find out before hours of work whether a file can be written.

    Raises:
        MediaError: it cannot, or it is the file to `keep`, which is the input.
    """
    if keep is not None and path.exists() and keep.exists() and path.samefile(keep):
        raise _unwritable(path, "it is the input")
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    if not path.parent.is_dir():
        raise _unwritable(path, "its folder does not exist")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise _unwritable(path, "no permission")


def _unwritable(path: Path, why: str) -> MediaError:
    return MediaError(f"{path} cannot be written ({why}); choose another place for the output.")


def _umask() -> int:
    """The process's umask, which temporary files do not follow and files of the user should."""
    current = os.umask(0)
    os.umask(current)
    return current


def _face(track: Track, scores: TrackScores, blendshape_names: tuple[str, ...]) -> dict[str, Any]:
    blendshapes = track.spread(track.blendshapes)
    return {
        "id": track.id,
        "box_xyxy_px": _plain(track.spread(track.box_xyxy_px)),
        "quality": _plain(track.spread(track.quality)),
        "evidence": _plain(scores.evidence),
        "unknown": _plain(scores.unknown),
        "shares": _plain(scores.shares),
        "blendshapes": {name: _plain(blendshapes[:, column]) for column, name in enumerate(blendshape_names)},
        "pose_deg": _plain(track.spread(track.pose_deg)),
    }


def _plain(values: Array) -> list[Any]:
    """Nested lists of rounded numbers; a row that is absent (NaN) becomes one null."""
    rounded = np.round(values.astype(np.float64), _DECIMALS)
    absent = np.asarray(np.isnan(rounded).reshape(len(rounded), -1).any(axis=1))
    return [None if gone else row for gone, row in zip(absent, rounded.tolist(), strict=True)]
