"""Clips for the benchmarks: a public-domain face that moves, of any length."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # runs from a checkout, with the tests' own face

from faces import astronaut_face, paste  # noqa: E402

WIDTH, HEIGHT, FPS = 640, 360, 30


def make_clip(path: Path, seconds: float) -> Path:
    """Write a 640x360, 30 fps H.264 clip with one face that wanders and nods."""
    face = astronaut_face()
    background = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 9)
    writer = imageio_ffmpeg.write_frames(str(path), (WIDTH, HEIGHT), fps=FPS, quality=7, macro_block_size=1)
    writer.send(None)
    for i in range(round(seconds * FPS)):
        time_s = i / FPS
        x, y = 200 + 120 * np.sin(0.7 * time_s), 60 + 25 * np.sin(1.3 * time_s)
        size = round(220 + 20 * np.sin(0.5 * time_s))
        writer.send(np.ascontiguousarray(paste(background, face, x, y, size=size)))
    writer.close()
    return path
