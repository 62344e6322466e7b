"""Media for the browser tests, made from a public-domain portrait: nothing is stored in the repository.

Each frame of a face clip carries its own number as a row of black and white squares, so that a test can tell which
frame the browser shows.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from skimage import data

WIDTH, HEIGHT, FPS = 640, 360, 30
BARCODE_BITS, BARCODE_LEFT, BARCODE_TOP, BARCODE_CELL = 12, 8, 8, 16
FACE_SIDE = 300

Picture = np.ndarray
Paint = Callable[[int], Picture]


def portrait() -> Picture:
    """Head and shoulders of the astronaut, (FACE_SIDE, FACE_SIDE, 3) uint8 RGB."""
    return cv2.resize(data.astronaut()[0:270, 90:360], (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)


def face_frame(number: int, *, lefts: tuple[int, ...] = (170,), width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Faces that sway and nod, above a barcode of the frame's number."""
    frame = np.full((height, width, 3), (60, 66, 78), np.uint8)
    face = portrait()
    for k, left in enumerate(lefts):
        angle = 8 * np.sin(number / 9 + k)
        x, y = left + 24 * np.sin(number / 15 + k), (height - FACE_SIDE) / 2 + 14 + 8 * np.sin(number / 11)
        move = cv2.getRotationMatrix2D((FACE_SIDE / 2, FACE_SIDE / 2), angle, 1.0)
        move[:, 2] += (x, y)
        where = cv2.warpAffine(np.full(face.shape[:2], 255, np.uint8), move, (width, height)) > 0
        frame[where] = cv2.warpAffine(face, move, (width, height))[where]
    for bit in range(BARCODE_BITS):
        x = BARCODE_LEFT + bit * BARCODE_CELL
        frame[BARCODE_TOP : BARCODE_TOP + BARCODE_CELL, x : x + BARCODE_CELL] = 255 if number >> bit & 1 else 0
    return frame


def empty_frame(number: int) -> Picture:
    """A slow gradient without any face."""
    across = np.linspace(0, 120, WIDTH)[None, :, None] + np.linspace(0, 60, HEIGHT)[:, None, None]
    return (across + np.array([number % 40, 20, 40])).astype(np.uint8)


def write_clip(path: Path, paint: Paint, n_frames: int, *options: str) -> Path:
    """Encode `n_frames` pictures of `paint`; `options` are ffmpeg's."""
    height, width = paint(0).shape[:2]
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *source, *options, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for number in range(n_frames):
            process.stdin.write(paint(number).tobytes())
        process.stdin.close()
    assert process.returncode == 0, f"ffmpeg could not write {path}"
    return path


H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p")


def write_face_clip(path: Path, seconds: float) -> Path:
    """One face in 640x360, H.264."""
    return write_clip(path, face_frame, round(seconds * FPS), *H264)


def write_two_faces(path: Path, seconds: float) -> Path:
    """Two faces beside each other."""
    return write_clip(path, lambda number: face_frame(number, lefts=(20, 320)), round(seconds * FPS), *H264)


def write_face_that_leaves(path: Path, seconds: float) -> Path:
    """A face in the outer thirds, none in the middle third."""
    n_frames = round(seconds * FPS)

    def paint(number: int) -> Picture:
        is_away = n_frames // 3 <= number < 2 * n_frames // 3
        return empty_frame(number) if is_away else face_frame(number)

    return write_clip(path, paint, n_frames, *H264)


def write_empty_clip(path: Path, seconds: float) -> Path:
    """A clip without a face."""
    return write_clip(path, empty_frame, round(seconds * FPS), *H264)


def write_camera_tape(path: Path, seconds: float) -> Path:
    """What Chromium's fake camera plays in a loop: raw 640x480 with one face."""
    return write_clip(
        path, lambda number: face_frame(number, width=640, height=480), round(seconds * FPS), "-pix_fmt", "yuv420p"
    )
