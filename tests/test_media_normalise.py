"""Every kind of source becomes the same kind of clip: frame i at i / 30 s, upright, in its colours, with its sound."""

import shutil
import subprocess
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from media_files import (
    HEIGHT,
    LIVE_WEBM,
    RED,
    WIDTH,
    cut_content,
    ffmpeg,
    read_number,
    read_numbers,
    write_clip,
)

from hesp.media import FPS, MediaLimits, normalise, read_frames
from hesp.media.recipe import clip_size
from hesp.records import VideoInfo

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with one key frame, B frames and sound: the hardest to cut."""
    options = ("-c:v", "libx264", "-bf", "2", "-g", "250", "-c:a", "aac")
    return write_clip(tmp_path_factory.mktemp("mp4") / "clip.mp4", options, sound_s=2)


def report(path: Path) -> str:
    """What ffmpeg says of a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def shown_at(video: VideoInfo, fps: float, n_frames: int) -> list[int]:
    """The numbers that a source of `fps` shows at the times of the clip's frames, at most half a frame early."""
    return [min(int((i + 0.5) / FPS * fps), n_frames - 1) for i in range(video.n_frames)]


@pytest.mark.parametrize(
    ("name", "output", "fps", "n_frames"),
    [
        # what phones and cameras write
        ("h264.mp4", ["-c:v", "libx264"], "30", 60),
        ("h264.mov", ["-c:v", "libx264"], "30", 60),
        ("h264.mkv", ["-c:v", "libx264"], "25", 50),
        ("hevc.mp4", ["-c:v", "libx265", "-x265-params", "log-level=none:pools=1"], "30", 30),
        ("hevc_10bit.mp4", ["-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le"], "30", 30),
        # what browsers write; live: without a duration
        ("vp8_live.webm", LIVE_WEBM, "30", 60),
        ("vp9.webm", ["-c:v", "libvpx-vp9", "-cpu-used", "8"], "24", 24),
        ("av1.mp4", ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"], "30", 15),
        # what older programs and OpenCV write
        ("mpeg4.avi", ["-c:v", "mpeg4", "-q:v", "3"], "30", 60),
        ("mjpeg.avi", ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p"], "15", 30),
        ("animation.gif", ["-pix_fmt", "rgb8"], "10", 20),
        # rates far from 30
        ("fast.mp4", ["-c:v", "libx264"], "240", 240),
        ("slow.mp4", ["-c:v", "libx264"], "2", 4),
        ("ntsc.mp4", ["-c:v", "libx264"], "30000/1001", 60),
    ],
)
def test_every_format_keeps_its_clock(tmp_path: Path, name: str, output: list[str], fps: str, n_frames: int) -> None:
    source = write_clip(tmp_path / name, output, numbers=range(n_frames), fps=fps)
    video = normalise(source, tmp_path)
    numerator, _, denominator = fps.partition("/")
    rate = int(numerator) / int(denominator or 1)

    assert abs(video.n_frames - n_frames / rate * FPS) <= 1
    numbers = read_numbers(video)
    assert len(numbers) == video.n_frames
    # the source's frame at that time, or where the time lies between two frames the other one
    assert np.abs(np.array(numbers) - shown_at(video, rate, n_frames)).max() <= max(1, 0.5 * rate / FPS)
    if rate == FPS:
        assert numbers == list(range(n_frames))


def test_clip_is_what_a_browser_plays_and_opencv_counts(mp4: Path, tmp_path: Path) -> None:
    video = normalise(mp4, tmp_path)
    assert video.path == tmp_path / "clip.mp4"
    assert video.path.read_bytes().index(b"moov") < video.path.read_bytes().index(b"mdat")
    said = report(video.path)
    assert "h264" in said and "yuv420p(" in said and "30 fps, 30 tbr" in said and "aac" in said
    assert "start: 0.000000" in said

    capture = cv2.VideoCapture(str(video.path), cv2.CAP_FFMPEG)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == video.n_frames == 60
    times_ms = []
    while capture.grab():
        times_ms.append(capture.get(cv2.CAP_PROP_POS_MSEC))
    capture.release()
    np.testing.assert_allclose(times_ms, np.arange(60) * 1000 / FPS, atol=1e-6)


def test_key_frames_every_half_second_and_no_b_frames(mp4: Path, tmp_path: Path) -> None:
    video = normalise(mp4, tmp_path)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(video.path), "-vf", "showinfo", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    types = [line.split(" type:")[1][0] for line in said.splitlines() if " type:" in line]
    assert len(types) == 60 and "B" not in types
    assert all("I" in types[first : first + 15] for first in range(0, 60, 15))


def test_variable_frame_rate_is_shown_when_it_was_recorded(tmp_path: Path) -> None:
    kept = "select='lt(n,10)+gt(n,40)*not(mod(n,3))'"
    source = write_clip(tmp_path / "vfr.webm", ["-vf", kept, "-fps_mode", "vfr", *LIVE_WEBM])
    video = normalise(source, tmp_path)
    recorded = [n for n in range(60) if n < 10 or (n > 40 and n % 3 == 0)]
    expected = [max(n for n in recorded if n <= i) for i in range(video.n_frames)]
    assert video.source.duration_s is None
    assert video.n_frames in (58, 59, 60)
    assert read_numbers(video) == expected


@pytest.mark.parametrize("name", ["clip.mp4", "no_cues.webm", "clip.avi", "clip.mkv", "clip.ts", "clip.gif"])
@pytest.mark.parametrize(("start_s", "end_s"), [(0.5, 1.0), (1.0, None), (None, 0.7), (1.9, 50)])
def test_part_is_cut_to_the_frame(mp4: Path, tmp_path: Path, name: str, start_s: float, end_s: float) -> None:
    source = tmp_path / name
    if name == "clip.mp4":
        shutil.copy(mp4, source)
    else:
        codecs = {".webm": LIVE_WEBM, ".avi": ["-c:v", "mpeg4", "-g", "60"]}
        write_clip(source, codecs.get(source.suffix, ["-pix_fmt", "rgb8"] if name == "clip.gif" else []))
    video = normalise(source, tmp_path / "..", start_s=start_s, end_s=end_s)
    first, last = round((start_s or 0) * FPS), min(60, round((end_s or 2) * FPS))
    numbers = read_numbers(video)
    video.path.unlink()

    if name == "clip.gif":  # it counts in 1/100 s, so its own clock is up to one frame off
        assert np.abs(np.array(numbers) - np.arange(first, first + len(numbers))).max() <= 2
    else:
        assert numbers == list(range(first, last))
    assert video.start_s == (start_s or 0)


def test_start_between_two_pictures_shows_the_earlier_one(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "slides.mp4", numbers=range(4), fps="2")
    assert read_numbers(normalise(source, tmp_path, start_s=0.8, end_s=1.2)) == [1] * 6 + [2] * 6


def test_sound_before_the_picture_does_not_shift_the_clock(tmp_path: Path) -> None:
    picture, late = write_clip(tmp_path / "picture.mkv", sound_s=2), tmp_path / "late.mkv"
    ffmpeg("-i", picture, "-itsoffset", "0.5", "-i", picture, "-map", "0:a", "-map", "1:v", "-c", "copy", late)
    numbers = read_numbers(normalise(late, tmp_path))
    assert numbers == [0] * 15 + list(range(60))


@pytest.mark.parametrize("suffix", ["mp4", "ts"])  # with an index, and decoded from the beginning
def test_sound_stays_with_the_picture_in_a_part(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / f"beep.{suffix}", ["-af", "volume=0:enable='lt(t,1.2)'"], sound_s=2)
    video = normalise(source, tmp_path, start_s=0.7)
    ffmpeg("-i", video.path, "-f", "s16le", "-ac", "1", "-ar", "8000", tmp_path / "beep.raw")
    samples = np.abs(np.fromfile(tmp_path / "beep.raw", np.int16).astype(int))
    assert np.argmax(samples > 500) / 8000 == pytest.approx(0.5, abs=0.05)
    assert read_numbers(video) == list(range(21, 60))


@pytest.mark.parametrize("sound_s", [0.5, 2, 4])  # shorter, as long, longer than the picture
def test_sound_is_kept_and_ends_with_the_picture(tmp_path: Path, sound_s: float) -> None:
    source = write_clip(tmp_path / "sound.mp4", sound_s=sound_s)
    video = normalise(source, tmp_path)
    assert video.has_audio and "Audio: aac" in report(video.path)
    assert video.n_frames == 60
    duration = report(video.path).split("Duration: 00:00:0")[1][:4]
    assert 2 <= float(duration) < 2.6


def test_no_sound_stays_none(tmp_path: Path) -> None:
    video = normalise(write_clip(tmp_path / "silent.mp4"), tmp_path)
    assert not video.has_audio and "Audio" not in report(video.path)


def test_sound_of_an_unknown_kind_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = write_clip(tmp_path / "sound.mkv", ["-c:a", "pcm_s16le"], sound_s=2)
    source.write_bytes(source.read_bytes().replace(b"A_PCM/INT/LIT", b"A_PCM/XXX/LIT"))
    video = normalise(source, tmp_path)
    assert video.n_frames == 60 and not video.has_audio
    assert "without it" in caplog.text


@pytest.mark.parametrize(
    ("source", "clip"),
    [
        ((640, 360), (640, 360)),  # smaller than the limit: left alone
        ((1920, 1080), (1280, 720)),
        ((1080, 1920), (720, 1280)),  # portrait: the short side counts
        ((1000, 667), (1000, 666)),  # odd
        ((853, 481), (852, 480)),  # odd twice
        ((12000, 300), (4096, 102)),  # panorama: the long side counts
        ((1, 1), (2, 2)),  # the smallest that H.264 can hold
    ],
)
def test_clip_size(source: tuple[int, int], clip: tuple[int, int]) -> None:
    assert clip_size(*source) == clip


def test_large_portrait_is_made_smaller(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "large.mp4", ["-vf", "scale=810:1440:flags=neighbor"], numbers=range(3))
    video = normalise(source, tmp_path)
    assert (video.width, video.height) == (720, 1280)
    assert (video.source.width, video.source.height) == (810, 1440)
    assert next(read_frames(video))[1].shape == (1280, 720, 3)


def test_pixels_become_square(tmp_path: Path) -> None:
    video = normalise(write_clip(tmp_path / "wide.mp4", ["-vf", "setsar=2/1"]), tmp_path)
    assert (video.width, video.height) == (video.source.width, video.source.height) == (2 * WIDTH, HEIGHT)
    assert read_numbers(video) == list(range(60))


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_phone_rotation_is_undone(mp4: Path, tmp_path: Path, degrees: int) -> None:
    source = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", str(degrees), "-i", mp4, "-c", "copy", source)
    video = normalise(source, tmp_path, end_s=0.5)
    turns = degrees // 90 % 4  # counter-clockwise, as ffmpeg counts them
    assert (video.width, video.height) == ((HEIGHT, WIDTH) if turns % 2 else (WIDTH, HEIGHT))
    assert [read_number(np.rot90(frame, -turns)) for _, frame in read_frames(video)] == list(range(15))


def test_turning_the_phone_while_recording_gives_bars_not_stretched_faces(tmp_path: Path) -> None:
    lying = write_clip(tmp_path / "lying.webm", ["-c:v", "libvpx"], numbers=range(30))
    standing = write_clip(tmp_path / "standing.webm", ["-c:v", "libvpx", "-vf", "transpose=1"], numbers=range(30))
    both, turned = tmp_path / "both.txt", tmp_path / "turned.webm"
    both.write_text(f"file '{lying}'\nfile '{standing}'\n")
    ffmpeg("-f", "concat", "-safe", "0", "-i", both, "-c", "copy", turned)
    video = normalise(turned, tmp_path)
    frames = [frame for _, frame in read_frames(video)]
    assert [read_number(frame) for frame in frames[:30]] == list(range(30))
    assert len(frames) == 60
    assert frames[45][:, :10].max() < 40 and frames[45][:, -10:].max() < 40  # black bars
    square = frames[45][3:9, 41:47].mean(axis=(0, 1))  # turned, it lies in the upper right corner
    np.testing.assert_allclose(square, RED, atol=40)


@pytest.mark.parametrize(
    ("name", "output", "tolerance"),
    [
        ("bt601.mp4", ["-crf", "5"], 8),
        ("bt709.mp4", ["-crf", "5", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"], 8),
        ("full_range.avi", ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p"], 8),
        # high dynamic range is mapped back to ordinary tones, to about 15 of 255
        ("hlg.mp4", ["arib-std-b67"], 25),
        ("pq.mp4", ["smpte2084"], 25),
    ],
)
def test_colours_survive(tmp_path: Path, name: str, output: list[str], tolerance: int) -> None:
    if len(output) == 1:
        to_hdr = f"zscale=tin=iec61966-2-1:pin=709:min=gbr:rin=full:t={output[0]}:p=2020:m=2020_ncl:r=limited:npl=203"
        tags = f"log-level=none:transfer={output[0]}:colorprim=bt2020:colormatrix=bt2020nc"
        output = ["-vf", f"format=gbrp,{to_hdr},format=yuv444p10le", "-pix_fmt", "yuv444p10le", "-c:v", "libx265"]
        output += ["-crf", "5", "-x265-params", tags]
    video = normalise(write_clip(tmp_path / name, output, numbers=[255] * 3), tmp_path)
    frame = next(read_frames(video))[1].astype(int)
    assert np.abs(frame[2:13, 2:13] - RED).max() <= tolerance
    assert np.abs(frame[2:13, 24:60] - 128).max() <= tolerance
    assert frame[20:46, 2:62].min() >= 255 - tolerance


@pytest.mark.parametrize(
    "name",
    [
        "sp ace.mp4",
        "-dash.mp4",
        "per%03dcent.mp4",
        "new\nline.mp4",
        "ünïcödé 視頻.mp4",
        "a:b.mp4",
        "concat:a|b.mp4",
        "'quoted\".mp4",
        "no_suffix",
        "not.jpg",
    ],
)
def test_odd_names(mp4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    work_dir = tmp_path / f"work {name}"
    work_dir.mkdir()
    shutil.copy(mp4, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    video = normalise(name, f"work {name}", end_s=0.2)
    assert video.path.is_absolute() and read_numbers(video) == list(range(6))


def test_usable_part_of_a_truncated_file_is_used(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "cut.mp4", ["-movflags", "+faststart"])
    cut_content(source, 0.5)
    video = normalise(source, tmp_path)
    assert video.source.duration_s == pytest.approx(2, abs=0.05)
    assert 5 < video.n_frames < 60
    assert read_numbers(video)[:5] == [0, 1, 2, 3, 4]


def test_what_counts_is_content_not_the_claimed_length(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "claims.mp4", ["-movflags", "+faststart"], numbers=range(100), fps="1")
    cut_content(source, 0.3)
    video = normalise(source, tmp_path, limits=MediaLimits(max_duration_s=60))
    assert video.source.duration_s == 100
    assert 5 * FPS < video.n_frames < 60 * FPS


def test_tags_neither_mislead_nor_reach_the_clip(tmp_path: Path) -> None:
    title = "Secret\n  Duration: 99:00:00.00\n  Stream #0:5: Audio: fake\n  Stream #0:0: Video: x, yuv420p, 9x9"
    source = write_clip(tmp_path / "tags.mkv", ["-metadata", f"title={title}", "-metadata", "location=+48+11/"])
    video = normalise(source, tmp_path)
    assert video.source.duration_s == 2 and not video.has_audio and video.source.width == WIDTH
    assert b"Secret" not in video.path.read_bytes() and b"+48+11" not in video.path.read_bytes()


@pytest.mark.skipif(not CLIPS.exists(), reason="the recordings lie beside the project, not in it")
@pytest.mark.parametrize(
    ("name", "size", "n_frames"),
    [("single_face.mp4", (640, 360), 72), ("face_noface.mov", (960, 540), 192), ("multi_face.jpg", (1000, 666), 1)],
)
def test_real_recordings(tmp_path: Path, name: str, size: tuple[int, int], n_frames: int) -> None:
    video = normalise(CLIPS / name, tmp_path)
    assert (video.width, video.height) == size
    assert abs(video.n_frames - n_frames) <= 1
