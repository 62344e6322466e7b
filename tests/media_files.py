"""Makes the clips that the media tests read: tiny, with the frame's number drawn into each frame as a bar code.

Picture of 64 x 48 px: above, a red square in the left corner on grey; below, eight bars of 8 px, white for a bit of
the number that is set, highest bit first. It survives every codec, scaling and a change of frame rate.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from hesp.media import read_frames
from hesp.records import VideoInfo

WIDTH, HEIGHT, BITS = 64, 48, 8
BAR_WIDTH = WIDTH // BITS
BARS_TOP = HEIGHT // 3
# as a browser records: variable frame rate is allowed, and neither length nor index are written
LIVE_WEBM = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-live", "1", "-f", "webm")
GREY, RED = (128, 128, 128), (220, 30, 30)


def ffmpeg(*arguments: str | Path, stdin: bytes | None = None) -> None:
    """Run ffmpeg; a failure shows what it printed."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """Draw one picture, (48, 64, 3) RGB."""
    picture = np.full((HEIGHT, WIDTH, 3), GREY, np.uint8)
    picture[:BARS_TOP, :BARS_TOP] = RED
    bits = [number >> (BITS - 1 - bit) & 1 for bit in range(BITS)]
    picture[BARS_TOP:] = np.repeat(np.array(bits, np.uint8) * 255, BAR_WIDTH)[None, :, None]
    return picture


def read_number(frame: NDArray[np.uint8]) -> int:
    """The number drawn into an upright frame of any size."""
    height, width = frame.shape[:2]
    bars = frame[height // 2 : height - height // 8].mean(axis=(0, 2))
    middles = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    return int("".join("1" if bars[middle] > 128 else "0" for middle in middles), 2)


def read_numbers(video: VideoInfo) -> list[int]:
    """The numbers of all frames of a normalised clip."""
    return [read_number(frame) for _, frame in read_frames(video)]


def write_clip(
    path: Path,
    output: Sequence[str] = ("-c:v", "libx264"),
    *,
    numbers: Iterable[int] = range(60),
    fps: str = "30",
    sound_s: float | None = None,
) -> Path:
    """Write a clip that shows `numbers` at `fps`; `output` are ffmpeg's arguments; a beep lasts `sound_s`."""
    pixels = b"".join(numbered_picture(number).tobytes() for number in numbers)
    sound = [] if sound_s is None else ["-f", "lavfi", "-i", f"sine=frequency=440:duration={sound_s}"]
    picture = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", fps, "-i", "-"]
    ffmpeg(*picture, *sound, "-pix_fmt", "yuv420p", *output, path, stdin=pixels)
    return path


def cut_content(mp4: Path, kept: float) -> None:
    """Truncate an MP4 that has its index in front, so that this share of its pictures and sound is left."""
    content = mp4.read_bytes()
    start = content.index(b"mdat") + 4
    mp4.write_bytes(content[: start + int((len(content) - start) * kept)])
