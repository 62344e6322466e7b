"""Runs ffmpeg: the one place that starts it, watches it and ends it.

Arguments come in, an `FfmpegRun` (did it succeed, how many frames were written, what did it say) goes out. The
process never outlives the call and never reads from the terminal. The program is the one that imageio-ffmpeg
brings, called by its full path: putting it on PATH would break gradio, which then asks for ffprobe as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import imageio_ffmpeg

from hesp.errors import CancelledError, DependencyError
from hesp.records import CancelCallback

POLL_INTERVAL_S = 0.1
MAX_LOG_LINES = 4000
MAX_LOG_LINE_CHARS = 2000

# Containers that hold what they play. Playlists (hls, concat, dash), number patterns in file names (image2) and text
# (tty, subtitles) are left out on purpose: a file may not make ffmpeg open another one.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,apng,webp_anim,mpegts,mpeg,flv,asf,ogg,dv,mxf,nut,wtv,"
    "mp3,wav,flac,aac,amr,aiff,caf,png_pipe"
)
# Twice an 8K picture; a damaged or hostile header must not make the decoder claim all memory.
MAX_INPUT_PIXELS = 2 * 7680 * 4320

# "[mov,mp4 @ 0x55f0] moov atom not found": what a part of ffmpeg has to say
_REMARK = re.compile(r"^\[[^\]]+ @ 0x[0-9a-f]+\] (?:\[[^\]]+\] )*(.+)$", re.MULTILINE)
# What ffmpeg adds after the cause: no news to the reader
_CONSEQUENCE = re.compile(
    r"Error (opening|while opening|sending|submitting|processing|writing|closing|marking)|Task finished|Terminating|"
    r"Nothing was written|No filtered frames|Output file is empty|Could not open encoder|Finishing stream|video:\d|"
    r"Last message repeated|Cannot determine format|Decoding error: |Decode error rate|Invalid data found|"
    r"Format not on whitelist|stream \d+, timescale"
)


@dataclass(frozen=True)
class FfmpegRun:
    """How one run ended: exit status 0 or not, frames written, and the last lines of what it printed."""

    succeeded: bool
    n_frames: int
    log: str

    @property
    def disk_full(self) -> bool:
        """Whether ffmpeg stopped because nothing more could be written."""
        return not self.succeeded and bool(re.search("No space left on device|Disk quota exceeded", self.log))

    @property
    def reason(self) -> str:
        """The last remark that names a cause, for an error message: " (moov atom not found)", or nothing."""
        remarks = [remark for remark in _REMARK.findall(self.log) if not _CONSEQUENCE.match(remark)]
        return f" ({remarks[-1].strip().rstrip('.')[:160]})" if remarks else ""


def input_arguments(path: str | os.PathLike[str]) -> list[str]:
    """Arguments that open `path` as a file and nothing else, whatever characters it is made of."""
    guards = ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS]
    return [*guards, "-max_pixels", str(MAX_INPUT_PIXELS), "-i", f"file:{os.fspath(path)}"]


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    on_frame: Callable[[int], None] | None = None,
    cancel: CancelCallback | None = None,
) -> FfmpegRun:
    """Run ffmpeg to its end; `on_frame` hears how many frames are written, `cancel` is asked every 0.1 s.

    Raises:
        CancelledError: `cancel` returned True; ffmpeg is killed.
        DependencyError: there is no ffmpeg that can be started.
    """
    log: deque[str] = deque(maxlen=MAX_LOG_LINES)
    progress: deque[str] = deque(["frame=0"], maxlen=1)
    with _running(arguments, log, progress) as process:
        while not _ended(process):
            if cancel is not None and cancel():
                raise CancelledError("Stopped as asked; start again to read the clip.")
            if on_frame is not None:
                on_frame(_frame_count(progress))
    return FfmpegRun(process.returncode == 0, _frame_count(progress), "".join(log))


@contextmanager
def _running(arguments: Sequence[str], log: deque[str], progress: deque[str]) -> Iterator[subprocess.Popen[str]]:
    """An ffmpeg process whose two pipes are emptied in the background; dead once the block is left, however it is."""
    with _start(arguments) as process:
        readers = [
            threading.Thread(target=_keep_lines, args=(process.stderr, log), daemon=True),
            threading.Thread(target=_keep_lines, args=(process.stdout, progress, "frame="), daemon=True),
        ]
        try:
            for reader in readers:
                reader.start()
            yield process
        finally:
            process.kill()
            process.wait()
            for reader in readers:
                reader.join()


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Start ffmpeg without a terminal, reporting its progress on stdout and all else on stderr."""
    options = ["-hide_banner", "-nostdin", "-nostats", "-y", "-progress", "pipe:1", "-stats_period", "0.1"]
    try:
        return subprocess.Popen(
            [imageio_ffmpeg.get_ffmpeg_exe(), *options, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, RuntimeError) as error:
        raise DependencyError(
            f"ffmpeg cannot be started ({error}); reinstall it: pip install imageio-ffmpeg"
        ) from error


def _keep_lines(stream: IO[str], kept: deque[str], prefix: str = "") -> None:
    """Read `stream` to its end and keep the newest lines that start with `prefix`."""
    while line := stream.readline(MAX_LOG_LINE_CHARS):
        if line.startswith(prefix):
            kept.append(line)


def _ended(process: subprocess.Popen[str]) -> bool:
    """Wait one poll interval for the end of the process."""
    try:
        process.wait(timeout=POLL_INTERVAL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _frame_count(progress: deque[str]) -> int:
    """Frames written, from the newest "frame=123" line."""
    return int(progress[0].partition("=")[2])
