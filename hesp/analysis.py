"""The costly pass over a clip: decode, find and follow the faces, encode their crops; each of the three in a thread.

Labels play no part. What is kept of each face goes to a folder as it is made, so memory does not grow with the
spatial features, and at any time the part analysed so far can be handed out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hesp.errors import CancelledError, MediaError
from hesp.face import SEARCH_CONFIDENCE, FaceFinder, Landmarker, RawFace, TrackBuilder, Tracker, crop_face, observe
from hesp.media import read_frames
from hesp.methods import Method
from hesp.prefetch import prefetch
from hesp.records import Analysis, Array, CancelCallback, Face, Features, ModelInfo, ProgressCallback, VideoInfo

# frames that wait between two threads; more would cost memory and gain nothing
_DEPTH = 8
PARTIAL_EVERY_S = 1.0
REPORT_EVERY_S = 0.1


@dataclass
class _Pending:
    """Faces whose crops wait for a full batch; parallel lists."""

    rows: list[int] = field(default_factory=list)
    track_ids: list[int] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    crops: list[Array] = field(default_factory=list)


class FeatureFile:
    """Features of one track: pooled in memory, spatial appended to a file."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._path = path
        self._file: BinaryIO = path.open("wb")
        self._pooled: list[Array] = []
        self._place_shape: tuple[int, ...] = ()

    def append(self, features: Features) -> None:
        """Add the features of some further rows.

        Raises:
            MediaError: the disk is full.
        """
        self._place_shape = features.spatial.shape[1:]
        self._pooled.append(features.pooled)
        try:
            self._file.write(np.ascontiguousarray(features.spatial, dtype=np.float16).tobytes())
        except OSError as error:
            raise MediaError(f"The features could not be kept ({error.strerror}); free some disk space.") from error

    def read(self) -> Features:
        """Everything so far; the spatial part is memory-mapped."""
        self._file.flush()
        pooled = np.concatenate(self._pooled)
        spatial = np.memmap(self._path, dtype=np.float16, mode="r", shape=(len(pooled), *self._place_shape))
        return Features(pooled, spatial)

    def close(self) -> None:
        """Close the file; what `read` returned stays valid."""
        self._file.close()


class AnalysisPass:
    """One pass over one clip with one method."""

    def __init__(
        self, method: Method, video: VideoInfo, frame_index: Array, model: ModelInfo, *, work_dir: Path
    ) -> None:
        """Prepare a pass.

        Args:
            method: encodes the crops.
            video: the normalised clip.
            frame_index: (n,) increasing frames of the clip to analyse.
            model: goes into the analysis.
            work_dir: folder for the features, emptied by the caller.
        """
        self._method, self._video, self._model, self._work_dir = method, video, model, work_dir
        self._frame_index = frame_index
        self._time_s = frame_index / video.fps
        self._tracker = Tracker()
        self._fps = len(frame_index) / video.duration_s
        self._builder = TrackBuilder(analysed_fps=self._fps)
        self._files: dict[int, FeatureFile] = {}
        self._pending = _Pending()

    def run(self, on_progress: ProgressCallback | None, cancel: CancelCallback | None) -> Analysis:
        """Analyse all frames.

        Raises:
            CancelledError: `cancel` returned True.
            MediaError: the clip or the disk failed midway.
            DependencyError: MediaPipe cannot be loaded.
        """
        report = _Reporter(on_progress, len(self._frame_index), self.snapshot)
        frames = read_frames(self._video, frame_index=self._frame_index)
        try:
            with (
                Landmarker() as landmarker,
                Landmarker(min_confidence=SEARCH_CONFIDENCE) as strict,
                prefetch(frames, depth=_DEPTH) as decoded,
                prefetch(
                    _detect(decoded, FaceFinder(landmarker, strict, analysed_fps=self._fps)), depth=_DEPTH
                ) as found,
            ):
                for row, (frame_rgb, raw_faces) in enumerate(found):
                    _stop_if(cancel)
                    self._follow(row, frame_rgb, raw_faces)
                    report.step()
            self._encode()
            return self.snapshot()
        finally:
            for file in self._files.values():
                file.close()

    def snapshot(self) -> Analysis:
        """The analysis of all frames encoded so far, over the whole length of the clip."""
        n_frames = len(self._frame_index)
        ids, tracks = self._builder.surviving_ids(n_frames), self._builder.build(n_frames)
        features = tuple(self._files[track_id].read() for track_id in ids)
        return Analysis(self._video, self._frame_index, self._time_s, tracks, features, self._model, self._work_dir)

    def _follow(self, row: int, frame_rgb: Array, raw_faces: list[RawFace]) -> None:
        """Give each face of a frame its track, and encode once enough crops wait."""
        observed = [observe(frame_rgb, raw) for raw in raw_faces]
        faces = [face for face, _ in observed]
        ids = self._tracker.update(float(self._time_s[row]), faces, [look for _, look in observed])
        for track_id, face in zip(ids, faces, strict=True):
            if track_id is None:
                continue
            self._pending.rows.append(row)
            self._pending.track_ids.append(track_id)
            self._pending.faces.append(face)
            self._pending.crops.append(crop_face(frame_rgb, face.landmarks_px, self._method.backbone.image_size))
        if len(self._pending.rows) >= self._method.backbone.batch_size:
            self._encode()

    def _encode(self) -> None:
        """Encode the waiting crops and book each with its track."""
        pending, self._pending = self._pending, _Pending()
        if not pending.rows:
            return
        features = self._method.embed(np.stack(pending.crops))
        for row, track_id, face in zip(pending.rows, pending.track_ids, pending.faces, strict=True):
            self._builder.add(row, track_id, face)
        owners = np.array(pending.track_ids)
        for track_id in dict.fromkeys(pending.track_ids):
            if track_id not in self._files:
                self._files[track_id] = FeatureFile(self._work_dir / f"track-{track_id}.f16")
            mine = owners == track_id
            self._files[track_id].append(Features(features.pooled[mine], features.spatial[mine]))


class _Reporter:
    """Calls the caller's progress function now and then, and hands out a partial analysis more rarely."""

    def __init__(self, on_progress: ProgressCallback | None, total: int, snapshot: Callable[[], Analysis]) -> None:
        self._on_progress, self._total, self._snapshot = on_progress, total, snapshot
        self._done = 0
        self._reported_s = self._partial_s = time.monotonic()

    def step(self) -> None:
        """One more frame is through."""
        self._done += 1
        now = time.monotonic()
        is_last = self._done == self._total
        if self._on_progress is None or (now - self._reported_s < REPORT_EVERY_S and not is_last):
            return
        self._reported_s = now
        partial = None
        if now - self._partial_s >= PARTIAL_EVERY_S:
            self._partial_s = now
            partial = self._snapshot()
        self._on_progress("analyse", self._done, self._total, partial)


def _stop_if(cancel: CancelCallback | None) -> None:
    if cancel is not None and cancel():
        raise CancelledError("The analysis was stopped.")


def _detect(
    frames: Iterator[tuple[int, Array]], finder: FaceFinder
) -> Generator[tuple[Array, list[RawFace]], None, None]:
    """Each frame with its faces."""
    for _, frame_rgb in frames:
        yield frame_rgb, finder.find(frame_rgb)
