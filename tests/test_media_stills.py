"""A picture becomes a clip of one frame: turned as its camera was held, in its colours, whatever the format."""

from pathlib import Path

import numpy as np
import pytest
from media_files import numbered_picture, read_numbers
from PIL import Image

from hesp.media import normalise, probe, read_frames


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "gif"])
def test_still_is_a_clip_of_one_frame(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"still.{suffix}"
    Image.fromarray(numbered_picture(171)).save(source)
    calls: list[tuple[int, int]] = []
    video = normalise(source, tmp_path, on_progress=lambda done, total: calls.append((done, total)))
    assert probe(source).is_still and video.source.duration_s is None
    assert video.n_frames == 1 and read_numbers(video) == [171]
    assert calls[-1] == (1, 1)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (3, lambda p: p[::-1, ::-1]),
        (6, lambda p: np.rot90(p, -1)),
        (8, lambda p: np.rot90(p)),
        (2, lambda p: p[:, ::-1]),
    ],
)
def test_still_orientation(tmp_path: Path, suffix: str, orientation: int, upright) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = numbered_picture(171)
    source = tmp_path / f"turned.{suffix}"
    Image.fromarray(picture).save(source, exif=exif, quality=95)
    frame = next(read_frames(normalise(source, tmp_path)))[1]
    assert frame.shape == upright(picture).shape
    assert np.abs(frame.astype(int) - upright(picture)).mean() < 12


def test_still_in_16_bit_grey_is_scaled(tmp_path: Path) -> None:
    Image.fromarray(np.full((48, 64), 128 * 257, np.uint16)).save(tmp_path / "grey.png")
    frame = next(read_frames(normalise(tmp_path / "grey.png", tmp_path)))[1]
    assert np.abs(frame.astype(int) - 128).max() <= 3
