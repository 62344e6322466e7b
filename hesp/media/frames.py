"""Frames of a normalised clip, one at a time, so memory does not grow with its length.

A `VideoInfo` comes in; (frame number, RGB picture) pairs go out. The reader is released however the loop ends.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hesp.errors import MediaError
from hesp.records import VideoInfo

RgbFrame = NDArray[np.uint8]


def read_frames(
    video: VideoInfo, *, frame_index: NDArray[Any] | None = None
) -> Generator[tuple[int, RgbFrame], None, None]:
    """Yield (i, frame) in order: frame i is shown from i / fps seconds on; each is (height, width, 3) uint8, RGB.

    With `frame_index`, (n,) int and increasing, only those frames are converted and yielded; the rest is skipped.
    Every frame is an array of its own. The clip is opened at the first step of the loop and released at its end, by
    `close()` or with the last reference.

    Raises:
        ValueError: `frame_index` does not increase within [0, n_frames).
        MediaError: the clip was deleted or changed since it was normalised.
    """
    wanted = np.arange(video.n_frames) if frame_index is None else np.asarray(frame_index)
    if wanted.ndim != 1 or (wanted.size and not np.issubdtype(wanted.dtype, np.integer)):
        raise ValueError(f"frame_index must be (n,) integers, but is {wanted.shape} {wanted.dtype}")
    if wanted.size and (wanted[0] < 0 or wanted[-1] >= video.n_frames or np.any(np.diff(wanted) <= 0)):
        raise ValueError(f"frame_index must increase within [0, {video.n_frames})")
    return _decode(video, wanted)


def _decode(video: VideoInfo, wanted: NDArray[np.integer[Any]]) -> Generator[tuple[int, RgbFrame], None, None]:
    """Go through the clip up to the last wanted frame."""
    capture = cv2.VideoCapture(str(video.path), cv2.CAP_FFMPEG)
    try:
        position = 0
        for index in wanted.tolist():
            while position < index and capture.grab():
                position += 1
            decoded, frame_bgr = capture.read()
            if not decoded:
                raise MediaError(
                    f"The working copy {video.path.name!r} ends at frame {position} of {video.n_frames}: it was "
                    "deleted or changed; read the clip again."
                )
            position += 1
            yield index, np.asarray(cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    finally:
        capture.release()
