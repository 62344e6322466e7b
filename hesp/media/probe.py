"""Looks at a file before anything is done with it: is it a clip or a still, how large is its picture, is there sound.

A path comes in, a `Probe` goes out, or a `MediaError` that says what is wrong with the file. Stills are opened with
Pillow, which knows their orientation tags; for everything else ffmpeg decodes the first picture, so that what is
said of the size is true of what will be decoded (upright, square pixels) whatever the header claims.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from hesp.errors import MediaError
from hesp.media.ffmpeg import FfmpegRun, input_arguments, run_ffmpeg
from hesp.records import CancelCallback, SourceInfo

STILL_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
MAX_NAME_CHARS = 80
FORMATS_FOR_PEOPLE = "MP4, MOV, WebM, AVI, MKV, GIF, JPEG, PNG, WebP or BMP"

# Lines of ffmpeg's report. Only they start with exactly two spaces and these words: tags are indented further.
_CONTAINER = re.compile(r"^Input #0, (\S+), from", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_AUDIO_STREAM = re.compile(r"^  Stream #0:\d+\S*: Audio:", re.MULTILINE)
_VIDEO_STREAM = re.compile(r"^  Stream #0:\d+\S*: Video:(?!.*\(attached pic\))", re.MULTILINE)
_PICTURE_SIZE = re.compile(r"^  Stream #0:\d+\S*: Video: .*?, (\d+)x(\d+)(?:,? \[?SAR (\d+):(\d+))?", re.MULTILINE)
_HDR_TRANSFER = re.compile(r"\b(smpte2084|arib-std-b67)\b")


@dataclass(frozen=True)
class Probe:
    """What was found in a file. `source` has the size as shown: upright, with square pixels.

    `container` is ffmpeg's name of the file format ("matroska,webm"), or "" for a still.
    `hdr_transfer` is ffmpeg's name of the transfer function of a high-dynamic-range clip, else None.
    """

    source: SourceInfo
    has_audio: bool
    is_still: bool
    container: str
    hdr_transfer: str | None = None


def quoted(path: str | os.PathLike[str]) -> str:
    """The name of a file as it stands in a message: on one line and printable, whatever it contains."""
    name = Path(path).name or os.fspath(path)
    return repr(name if len(name) <= MAX_NAME_CHARS else f"{name[:MAX_NAME_CHARS]}...")


def check_file(path: str | os.PathLike[str]) -> int:
    """Size in bytes of a regular, readable, non-empty file.

    Raises:
        MediaError: there is none, or it is a folder or device, may not be read or is empty.
    """
    try:
        if Path(path).is_dir():
            raise MediaError(f"{quoted(path)} is a folder; choose a file inside it.")
        if not Path(path).exists():
            raise MediaError(f"There is no file {quoted(path)}; check its name and place.")
        if not Path(path).is_file():
            raise MediaError(f"{quoted(path)} is a device or a pipe; save it as a file first.")
        with Path(path).open("rb") as file:
            n_bytes = file.seek(0, os.SEEK_END)
    except PermissionError as error:
        raise MediaError(f"{quoted(path)} may not be read; allow reading it or copy it elsewhere.") from error
    except (OSError, ValueError) as error:
        raise MediaError(f"{quoted(path)} cannot be opened ({cause(error)}); check its name and place.") from error
    if n_bytes == 0:
        raise MediaError(f"{quoted(path)} is empty (0 bytes); record or copy it again.")
    return n_bytes


def probe(path: str | os.PathLike[str], *, cancel: CancelCallback | None = None) -> Probe:
    """Find out what `path` holds, by decoding its first picture.

    Raises:
        MediaError: there is no such file, or no picture in it can be decoded.
        CancelledError: `cancel` returned True.
    """
    check_file(path)
    still = load_still(path)
    if still is not None:
        source = SourceInfo(os.fspath(path), still.width, still.height, duration_s=None)
        return Probe(source, has_audio=False, is_still=True, container="")
    return _read_report(path, decode_picture(path, cancel=cancel))


def load_still(path: str | os.PathLike[str]) -> Image.Image | None:
    """The picture of a still, upright and in mode "RGB", or None if `path` is no still.

    Raises:
        MediaError: the picture is damaged or has too many pixels.
    """
    try:
        with Image.open(path, formats=STILL_FORMATS) as image:
            # an MPO is a JPEG with a second view behind it; whatever else has several pictures is a clip
            if getattr(image, "is_animated", False) and image.format != "MPO":
                return None
            upright = ImageOps.exif_transpose(image)
            # Pillow would clip 16-bit greys at 255 instead of scaling them
            return (upright.point(lambda grey: grey / 256, "L") if upright.mode == "I;16" else upright).convert("RGB")
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError as error:
        raise MediaError(f"{quoted(path)} has too many pixels; make it smaller.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise MediaError(f"{quoted(path)} is damaged or incomplete ({cause(error)}); save or copy it again.") from error


def decode_picture(
    path: str | os.PathLike[str], *, at_s: float = 0.0, cancel: CancelCallback | None = None
) -> FfmpegRun:
    """Decode the first picture from `at_s` on; its `n_frames` is 0 if there is none."""
    seek = ["-ss", f"{at_s:.6f}"] if at_s > 0 else []
    first_picture = ["-map", "0:V:0", "-frames:v", "1", "-f", "null", "-"]
    return run_ffmpeg([*seek, *input_arguments(path), *first_picture], cancel=cancel)


def _read_report(path: str | os.PathLike[str], run: FfmpegRun) -> Probe:
    """Understand what ffmpeg printed while it decoded one picture of `path`."""
    read, _, written = run.log.partition("\nOutput #0")
    container = _CONTAINER.search(read)
    if container is None:
        raise MediaError(
            f"{quoted(path)} is no video or picture, or is damaged or incomplete{run.reason}; copy or record it again, "
            f"or use {FORMATS_FOR_PEOPLE}."
        )
    has_audio = _AUDIO_STREAM.search(read) is not None
    if _VIDEO_STREAM.search(read) is None:
        content = "only sound" if has_audio else "no pictures"
        raise MediaError(f"{quoted(path)} holds {content}; choose a file with video.")
    size = _PICTURE_SIZE.search(written)
    if run.n_frames == 0 or size is None:
        raise MediaError(
            f"No picture of {quoted(path)} can be decoded{run.reason}: it is damaged, incomplete or of an unknown "
            "kind; copy or record it again, or convert it to MP4."
        )
    width, height, sar_width, sar_height = (int(number or 1) for number in size.groups())
    duration, hdr_transfer = _DURATION.search(read), _HDR_TRANSFER.search(size.group())
    source = SourceInfo(
        os.fspath(path),
        width=max(1, round(width * sar_width / sar_height)) if sar_width and sar_height else width,
        height=height,
        duration_s=_seconds(*duration.groups()) if duration else None,
    )
    return Probe(source, has_audio, False, container.group(1), hdr_transfer.group() if hdr_transfer else None)


def _seconds(hours: str, minutes: str, seconds: str) -> float:
    """Seconds of a clock reading such as 01:02:03.45."""
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def cause(error: Exception) -> str:
    """What an exception says, without a path, in a form that fits in brackets."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")
