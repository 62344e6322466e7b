"""Turns any clip or still into the one kind of clip that the rest of the program sees.

A path and a part in seconds come in; a file in the working folder and its `VideoInfo` go out: upright, H.264, 8 bit,
square pixels, constant 30 fps, so frame i is shown from i / 30 s on in every player and decoder (how: recipe.py). The
two limits, on bytes and on seconds, hold whatever the file says of itself.
"""

from __future__ import annotations

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hesp.errors import MediaError
from hesp.media.ffmpeg import FfmpegRun, run_ffmpeg
from hesp.media.probe import Probe, cause, check_file, decode_picture, load_still, probe, quoted
from hesp.media.recipe import FPS, clip_arguments, clip_size, still_arguments
from hesp.records import CancelCallback, VideoInfo

# sound often outlasts the picture by a few hundredths of a second: a clip of exactly the limit is not too long
LIMIT_SLACK_S = 0.1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MediaLimits:
    """What is accepted: `max_duration_s` of the part that is read, `max_bytes` of the whole file."""

    max_duration_s: float = 300.0
    max_bytes: int = 300 * 1024**2

    def __post_init__(self) -> None:
        if not (0 < self.max_duration_s < math.inf and self.max_bytes > 0):
            raise ValueError(f"limits must be positive and finite, got {self}")


DEFAULT_LIMITS = MediaLimits()


@dataclass(frozen=True)
class _Part:
    """The part to read, in seconds from the start of the source; `end_s` is infinite where none was given."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < math.inf:
            raise MediaError(f"The start, {self.start_s:g} s, is no time in a clip; give 0 or more seconds.")
        if not self.end_s > self.start_s:
            raise MediaError(
                f"The end, {self.end_s:g} s, is not after the start, {self.start_s:g} s; give a later end."
            )

    def length_s(self, duration_s: float | None) -> float:
        """Seconds there are to read if the source is as long as it says; infinite if nobody says."""
        return max(0.0, min(self.end_s, math.inf if duration_s is None else duration_s) - self.start_s)


def normalise(
    path: str | os.PathLike[str],
    work_dir: str | os.PathLike[str],
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    limits: MediaLimits = DEFAULT_LIMITS,
    on_progress: Callable[[int, int], None] | None = None,
    cancel: CancelCallback | None = None,
) -> VideoInfo:
    """Write `clip.mp4` into `work_dir`: the part of `path` from `start_s` to `end_s` (seconds), or all of it.

    `on_progress(done, total)` counts frames of the new clip; total is 0 while nobody knows it, and at the end done
    equals total. `cancel` is asked every 0.1 s. After an error or a stop nothing new is left in `work_dir`.

    Raises:
        MediaError: the file cannot be read, is beyond `limits`, has no such part, or the clip cannot be written.
        CancelledError: `cancel` returned True.
    """
    part = _Part(0.0 if start_s is None else float(start_s), math.inf if end_s is None else float(end_s))
    _check_bytes(path, limits)
    found = probe(path, cancel=cancel)
    _check_part(found, part, limits, cancel)
    clip_path = Path(work_dir).resolve() / "clip.mp4"
    if clip_path == Path(path).resolve():
        raise MediaError(f"{quoted(path)} would be overwritten by its working copy; use another working folder.")
    total = _total_frames(found, part)

    def report(done: int) -> None:
        if on_progress is not None:
            on_progress(min(done, total) if total else done, total)

    with _scratch_folder(clip_path.parent) as scratch:
        has_audio, run = _encode(_attempts(found, part, limits, scratch), report, cancel)
        _check_outcome(run, found, part, limits)
        (scratch / "clip.mp4").replace(clip_path)
    if on_progress is not None:
        on_progress(run.n_frames, run.n_frames)
    width, height = clip_size(found.source.width, found.source.height)
    return VideoInfo(clip_path, width, height, float(FPS), run.n_frames, has_audio, found.source, part.start_s)


def _check_bytes(path: str | os.PathLike[str], limits: MediaLimits) -> None:
    """Refuse a file beyond the limit of bytes."""
    n_bytes = check_file(path)
    if n_bytes > limits.max_bytes:
        raise MediaError(
            f"{quoted(path)} has {n_bytes / 1024**2:.1f} MB, more than the {limits.max_bytes / 1024**2:.1f} MB that "
            "are allowed; cut or compress it, or raise the limit."
        )


def _check_part(found: Probe, part: _Part, limits: MediaLimits, cancel: CancelCallback | None) -> None:
    """Refuse a part that the source cannot have, or that is too long, before any work is done."""
    if found.is_still and part.start_s > 0:
        raise MediaError(f"{quoted(found.source.path)} is a still picture and has no later part; leave out the start.")
    longest_s = limits.max_duration_s + LIMIT_SLACK_S
    length_s = part.length_s(found.source.duration_s)
    # A damaged file may claim hours and hold seconds, so the claim alone does not count.
    if longest_s < length_s < math.inf:
        beyond = decode_picture(found.source.path, at_s=part.start_s + longest_s, cancel=cancel)
        if beyond.n_frames:
            raise _too_long(found, limits)


def _total_frames(found: Probe, part: _Part) -> int:
    """Frames that the clip will have as far as the source tells, else 0."""
    length_s = part.length_s(found.source.duration_s)
    return 1 if found.is_still else 0 if found.source.duration_s is None else round(length_s * FPS)


@contextmanager
def _scratch_folder(work_dir: Path) -> Iterator[Path]:
    """A folder inside `work_dir` that is gone, with all in it, when the block is left."""
    try:
        scratch = tempfile.TemporaryDirectory(prefix="normalise-", dir=work_dir, ignore_cleanup_errors=True)
    except OSError as error:
        raise _unwritable(cause(error)) from error
    with scratch as name:
        yield Path(name)


def _attempts(found: Probe, part: _Part, limits: MediaLimits, scratch: Path) -> list[tuple[bool, list[str]]]:
    """What to try in turn: whether there is sound in the clip, and ffmpeg's arguments."""
    output = scratch / "clip.mp4"
    still = load_still(found.source.path) if found.is_still else None
    if still is not None:
        picture = scratch / "still.png"
        try:
            still.resize(clip_size(*still.size)).save(picture)
        except OSError as error:
            raise _unwritable(cause(error)) from error
        return [(False, still_arguments(picture, output))]
    # One frame more than is allowed shows that a source which does not say its length is too long.
    length_s = min(part.end_s - part.start_s, limits.max_duration_s + LIMIT_SLACK_S + 1 / FPS)
    arguments = partial(clip_arguments, found, output, start_s=part.start_s, length_s=max(length_s, 1 / FPS))
    # Sound that cannot be decoded is no reason to refuse the pictures.
    choices = (True, False) if found.has_audio else (False,)
    return [(with_audio, arguments(with_audio=with_audio)) for with_audio in choices]


def _encode(
    attempts: list[tuple[bool, list[str]]], report: Callable[[int], None], cancel: CancelCallback | None
) -> tuple[bool, FfmpegRun]:
    """Run the attempts until one succeeds; the last one's sound and outcome."""
    for with_audio, arguments in attempts:
        run = run_ffmpeg(arguments, on_frame=report, cancel=cancel)
        if run.succeeded or run.disk_full:
            break
        if with_audio:
            logger.warning("The sound cannot be converted%s: the clip is read without it.", run.reason)
    return with_audio, run


def _check_outcome(run: FfmpegRun, found: Probe, part: _Part, limits: MediaLimits) -> None:
    """Raise MediaError unless a clip came out that is no longer than allowed."""
    name, duration_s = quoted(found.source.path), found.source.duration_s
    if run.disk_full:
        raise _unwritable("no space left on the disk")
    if not run.succeeded:
        raise MediaError(f"{name} cannot be converted{run.reason}; convert it to MP4 with another program.")
    if run.n_frames == 0:
        length = "" if duration_s is None else f" (it says that it is {duration_s:g} s long)"
        raise MediaError(f"{name} has no picture from {part.start_s:g} s on{length}; give an earlier start.")
    if run.n_frames > (limits.max_duration_s + LIMIT_SLACK_S) * FPS:
        raise _too_long(found, limits)


def _too_long(found: Probe, limits: MediaLimits) -> MediaError:
    """The error for a part beyond the limit of seconds."""
    return MediaError(
        f"What is to be read of {quoted(found.source.path)} is longer than the {limits.max_duration_s:g} s that are "
        "allowed; choose a shorter part with start and end, or raise the limit."
    )


def _unwritable(why: str) -> MediaError:
    """The error for a working folder that takes no files."""
    return MediaError(f"The working folder cannot be written to ({why}); free some space or choose another folder.")
