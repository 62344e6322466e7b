"""Clips with a real face, made from the public-domain astronaut photograph of scikit-image."""

from __future__ import annotations

from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import skimage.data

WIDTH, HEIGHT = 320, 240


def astronaut_face() -> np.ndarray:
    """The face with some surroundings: (200, 200, 3) uint8 RGB."""
    return np.ascontiguousarray(skimage.data.astronaut()[10:210, 125:325])


def face_frame(x: float, y: float = 20.0, *, size: int = 200, image: np.ndarray | None = None) -> np.ndarray:
    """A grey (240, 320, 3) RGB frame with the face's upper left at (x, y)."""
    frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    return paste(frame, astronaut_face() if image is None else image, x, y, size=size)


def paste(frame: np.ndarray, image: np.ndarray, x: float, y: float, *, size: int) -> np.ndarray:
    """Put a picture of side `size` into a frame; what reaches beyond is cut off."""
    scale = size / image.shape[0]
    placed = cv2.warpAffine(image, np.array([[scale, 0, x], [0, scale, y]]), (frame.shape[1], frame.shape[0]))
    inside = cv2.warpAffine(np.full(image.shape[:2], 255, np.uint8), np.array([[scale, 0, x], [0, scale, y]]),
                            (frame.shape[1], frame.shape[0]))  # fmt: skip
    return np.where(inside[..., None] > 127, placed, frame)


def write_clip(path: Path, frames: list[np.ndarray], *, fps: int = 30) -> Path:
    """Write RGB frames as H.264."""
    height, width = frames[0].shape[:2]
    writer = imageio_ffmpeg.write_frames(str(path), (width, height), fps=fps, quality=8, macro_block_size=1)
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
    return path


def moving_face_clip(path: Path, *, n_frames: int = 24, gap: range = range(0)) -> Path:
    """A face that moves to the right; it is absent in the frames of `gap`."""
    empty = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    frames = [empty if i in gap else face_frame(10 + 2 * i) for i in range(n_frames)]
    return write_clip(path, frames)
