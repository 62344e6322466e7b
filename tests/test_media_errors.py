"""What cannot be read is refused with one sentence: what is wrong and what to do; and nothing is left behind."""

import math
import os
import random
import re
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest
from media_files import LIVE_WEBM, cut_content, ffmpeg, numbered_picture, write_clip
from PIL import Image

from hesp.errors import DependencyError, MediaError
from hesp.media import MediaLimits, normalise, probe


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with sound, index in front."""
    return write_clip(tmp_path_factory.mktemp("mp4") / "clip.mp4", ["-movflags", "+faststart"], sound_s=2)


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    """An empty working folder; it has to stay empty."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def check_refused(match: str, work_dir: Path, source: str | Path, **arguments: object) -> None:
    """Normalising raises one short sentence that matches, and the working folder stays empty."""
    with pytest.raises(MediaError, match=match) as caught:
        normalise(source, work_dir, **arguments)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message and len(message) < 300 and message.endswith(".")
    assert message.isprintable() and not re.search(r"0x[0-9a-f]{6}|Traceback|\. [A-Z]", message)
    assert ";" in message  # what is wrong; what to do
    assert list(work_dir.iterdir()) == []


def text_named_mp4(path: Path, mp4: Path) -> None:
    path.write_text("Dear diary,\n" * 500)


def noise(path: Path, mp4: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(50_000))


def empty(path: Path, mp4: Path) -> None:
    path.touch()


def folder(path: Path, mp4: Path) -> None:
    path.mkdir()


def pipe(path: Path, mp4: Path) -> None:
    os.mkfifo(path)


def nothing(path: Path, mp4: Path) -> None:
    pass


def only_sound(path: Path, mp4: Path) -> None:
    ffmpeg("-i", mp4, "-vn", "-c", "copy", "-f", "mp4", path)


def sound_with_cover(path: Path, mp4: Path) -> None:
    cover = path.with_name("cover.png")
    Image.fromarray(numbered_picture(1)).save(cover)
    ffmpeg("-i", mp4, "-i", cover, "-map", "0:a", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic", path)


def without_index(path: Path, mp4: Path) -> None:
    ffmpeg("-i", mp4, "-c", "copy", path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def without_content(path: Path, mp4: Path) -> None:
    shutil.copy(mp4, path)
    cut_content(path, 0.01)


def half_a_photo(path: Path, mp4: Path) -> None:
    Image.fromarray(numbered_picture(1)).resize((640, 480)).save(path, "png")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def huge_picture(path: Path, mp4: Path) -> None:
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0), b"IDAT"]
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(framed))


def playlist(path: Path, mp4: Path) -> None:
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{mp4}\n#EXT-X-ENDLIST\n")


def concat_list(path: Path, mp4: Path) -> None:
    path.write_text(f"ffconcat version 1.0\nfile '{mp4}'\n")


def unknown_codec(path: Path, mp4: Path) -> None:
    path.write_bytes(mp4.read_bytes().replace(b"avc1", b"zzz1"))


@pytest.mark.parametrize(
    ("name", "make", "match"),
    [
        ("diary.mp4", text_named_mp4, "no video or picture"),
        ("noise.mp4", noise, "no video or picture"),
        ("empty.mp4", empty, "is empty"),
        ("folder.mp4", folder, "is a folder"),
        ("pipe.mp4", pipe, "device or a pipe"),
        ("missing.mp4", nothing, "There is no file 'missing.mp4'"),
        ("nul\0.mp4", nothing, "There is no file|cannot be opened"),
        ("long" * 100 + ".mp4", nothing, "cannot be opened|There is no file"),
        ("line\nbreak.mp4", nothing, "'line.nbreak.mp4'"),
        ("sound.m4a", only_sound, "only sound"),
        ("cover.m4a", sound_with_cover, "only sound"),
        ("cover.mp3", sound_with_cover, "only sound"),
        ("no_index.mp4", without_index, "incomplete.*moov atom not found"),
        ("no_content.mp4", without_content, "No picture .* can be decoded"),
        ("half.jpg", half_a_photo, "damaged or incomplete"),
        ("huge.png", huge_picture, "too many pixels"),
        ("codec.mp4", unknown_codec, "No picture .* can be decoded"),
        # a file may not make us read another one
        ("list.m3u8", playlist, "no video or picture"),
        ("list.mp4", playlist, "no video or picture"),
        ("list.ffconcat", concat_list, "no video or picture"),
    ],
    ids=lambda value: value.replace("\0", "0")[:20] if isinstance(value, str) and "." in value else "",
)
def test_files_that_are_refused(
    mp4: Path, tmp_path: Path, work_dir: Path, name: str, make: Callable[[Path, Path], None], match: str
) -> None:
    if make is pipe and sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    make(tmp_path / name, mp4)
    check_refused(match, work_dir, tmp_path / name)
    with pytest.raises(MediaError, match=match):
        probe(tmp_path / name)


def test_file_that_may_not_be_read(mp4: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, who may read everything
    check_refused("may not be read", work_dir, mp4)


@pytest.mark.parametrize(
    ("start_s", "end_s", "match"),
    [
        (-1, None, "The start, -1 s"),
        (math.nan, None, "The start, nan s"),
        (math.inf, None, "The start, inf s"),
        (1, 1, "not after the start"),
        (1.5, 1, "not after the start"),
        (None, 0, "not after the start"),
        (0, math.nan, "not after the start"),
        (0, -math.inf, "not after the start"),
        (2.5, None, "no picture from 2.5 s on"),
        (100, 200, "no picture from 100 s on"),
    ],
)
def test_parts_that_are_refused(
    mp4: Path, work_dir: Path, start_s: float | None, end_s: float | None, match: str
) -> None:
    check_refused(match, work_dir, mp4, start_s=start_s, end_s=end_s)


def test_still_has_no_later_part(tmp_path: Path, work_dir: Path) -> None:
    Image.fromarray(numbered_picture(1)).save(tmp_path / "still.png")
    check_refused("still picture", work_dir, tmp_path / "still.png", start_s=1)
    assert normalise(tmp_path / "still.png", work_dir, start_s=0, end_s=5).n_frames == 1


def test_limit_of_bytes(mp4: Path, work_dir: Path) -> None:
    check_refused("more than the .* MB that", work_dir, mp4, limits=MediaLimits(max_bytes=1000))


@pytest.mark.parametrize("suffix", ["mp4", "webm"])  # says its length, does not
@pytest.mark.parametrize(
    ("limit_s", "start_s", "end_s", "n_frames"),
    [
        (1, None, None, None),
        (1, 0.5, None, None),
        (1, 0.5, 1.7, None),
        (2, None, None, 60),  # exactly the limit
        (1, 1, None, 30),  # the part counts
        (1, 0.5, 1.5, 30),
        (1, 1.5, 100, 15),  # and of the part what there is
    ],
)
def test_limit_of_seconds(
    mp4: Path,
    tmp_path: Path,
    work_dir: Path,
    suffix: str,
    limit_s: float,
    start_s: float | None,
    end_s: float | None,
    n_frames: int | None,
) -> None:
    source = mp4 if suffix == "mp4" else write_clip(tmp_path / "live.webm", LIVE_WEBM)
    limits = MediaLimits(max_duration_s=limit_s)
    if n_frames is None:
        check_refused("longer than the 1 s", work_dir, source, start_s=start_s, end_s=end_s, limits=limits)
    else:
        assert normalise(source, work_dir, start_s=start_s, end_s=end_s, limits=limits).n_frames == n_frames


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_limits_are_positive(value: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        MediaLimits(max_duration_s=value)


def test_source_is_never_overwritten(mp4: Path, tmp_path: Path) -> None:
    shutil.copy(mp4, tmp_path / "clip.mp4")
    with pytest.raises(MediaError, match="another working folder"):
        normalise(tmp_path / "clip.mp4", tmp_path)
    assert (tmp_path / "clip.mp4").read_bytes() == mp4.read_bytes()


def test_missing_working_folder(mp4: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="working folder cannot be written to .No such file"):
        normalise(mp4, tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for ffmpeg is a shell script")
@pytest.mark.parametrize(
    ("complaint", "match"),
    [
        ("No space left on device", "cannot be written to .no space left on the disk"),
        ("something else went wrong", "cannot be converted .something else went wrong"),
    ],
)
def test_ffmpeg_fails_midway(
    mp4: Path, tmp_path: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, match: str
) -> None:
    real, failing = imageio_ffmpeg.get_ffmpeg_exe(), tmp_path / "ffmpeg"
    failing.write_text(
        f'#!/bin/sh\ncase "$*" in *libx264*) "{real}" "$@" -t 0.1; echo "[mp4 @ 0x1] {complaint}" >&2; exit 1;; esac\n'
        f'exec "{real}" "$@"\n'
    )
    failing.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(failing))
    check_refused(match, work_dir, mp4)


def test_no_ffmpeg(mp4: Path, work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "/nowhere/ffmpeg")
    with pytest.raises(DependencyError, match="pip install imageio-ffmpeg"):
        normalise(mp4, work_dir)
