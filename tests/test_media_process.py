"""Long work tells how far it is, can be stopped at once, and its ffmpeg never outlives the call."""

import subprocess
import time
from pathlib import Path

import pytest
from media_files import LIVE_WEBM, ffmpeg, write_clip

from hesp.errors import CancelledError
from hesp.media import normalise
from hesp.media.ffmpeg import FfmpegRun, run_ffmpeg

# takes minutes if nobody stops it
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=64x48", "-f", "null", "-"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """All processes that are started during the test."""
    processes: list[subprocess.Popen[str]] = []
    original = subprocess.Popen

    def remember(*arguments: object, **named: object) -> subprocess.Popen[str]:
        processes.append(original(*arguments, **named))  # type: ignore[call-overload]
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    return processes


@pytest.fixture(scope="module")
def slow_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that takes some seconds to normalise."""
    path = tmp_path_factory.mktemp("slow") / "slow.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:d=250:r=5", "-c:v", "libx264", "-preset", "ultrafast", path)
    return path


def test_progress_counts_up_to_the_frames_of_the_clip(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    source = write_clip(tmp_path / "two_minutes.mp4", numbers=range(120), fps="1")
    video = normalise(source, tmp_path, on_progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (video.n_frames, video.n_frames) == (3600, 3600)
    assert {total for _, total in calls} == {3600}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert any(0 < done < 3600 for done, _ in calls)


def test_progress_without_a_known_length(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    source = write_clip(tmp_path / "live.webm", LIVE_WEBM, numbers=range(120), fps="2")
    video = normalise(source, tmp_path, on_progress=lambda done, total: calls.append((done, total)))
    assert {total for _, total in calls[:-1]} <= {0}
    assert calls[-1] == (video.n_frames, video.n_frames)


def test_cancel_kills_ffmpeg_and_leaves_nothing(
    slow_source: Path, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    first_frames: list[float] = []
    asked: list[float] = []

    def note(done: int, total: int) -> None:
        if done:
            first_frames.append(time.monotonic())

    def cancel() -> bool:
        asked.append(time.monotonic())
        return bool(first_frames)

    with pytest.raises(CancelledError):
        normalise(slow_source, tmp_path, on_progress=note, cancel=cancel)
    assert time.monotonic() - first_frames[0] < 2  # generous: other programs may want the machine too
    assert len(asked) >= 2
    assert len(started) == 2 and all(process.poll() is not None for process in started)
    assert list(tmp_path.iterdir()) == []


def test_cancel_before_anything_happened(
    slow_source: Path, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    calls = iter([False, True])
    with pytest.raises(CancelledError):
        run_ffmpeg(ENDLESS, cancel=lambda: next(calls))
    assert started[0].poll() is not None


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_ffmpeg_ends_with_an_error_in_a_callback(
    slow_source: Path, tmp_path: Path, started: list[subprocess.Popen[str]], error: type[BaseException]
) -> None:
    def fail(done: int, total: int) -> None:
        raise error

    with pytest.raises(error):
        normalise(slow_source, tmp_path, on_progress=fail)
    assert all(process.poll() is not None for process in started)
    assert list(tmp_path.iterdir()) == []


def test_cancel_is_asked_often() -> None:
    asked: list[float] = []

    def cancel() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 8

    with pytest.raises(CancelledError):
        run_ffmpeg(ENDLESS, cancel=cancel)
    gaps = sorted(after - before for before, after in zip(asked, asked[1:], strict=False))
    assert gaps[len(gaps) // 2] < 0.2


def test_ffmpeg_gets_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    original = subprocess.Popen

    def remember(*arguments: object, **named: object) -> subprocess.Popen[str]:
        seen.update(named)
        return original(*arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", remember)
    assert run_ffmpeg(["-version"]).succeeded
    assert seen["stdin"] == subprocess.DEVNULL


def test_much_noise_from_ffmpeg_is_bounded() -> None:
    run = run_ffmpeg(["-f", "lavfi", "-i", "color=s=16x16:d=240", "-vf", "showinfo", "-f", "null", "-"])
    assert run.succeeded and run.n_frames == 6000
    assert run.log.count("\n") <= 4000


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("", ""),
        ("Conversion failed!\n", ""),
        (
            "[mov,mp4 @ 0x55] moov atom not found\n[in#0 @ 0x56] Error opening input: Invalid data\n",
            "moov atom not found",
        ),
        ("[dec:h264 @ 0x1] [aac @ 0x2] Broken frame.\nError opening input files: x\n", "Broken frame"),
        ("[a @ 0x1] " + "x" * 1000, "x" * 160),
    ],
)
def test_reason_is_the_last_remark_that_is_news(log: str, reason: str) -> None:
    assert FfmpegRun(False, 0, log).reason == (f" ({reason})" if reason else "")
