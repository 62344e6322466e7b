"""How a normalised clip is made: its size and ffmpeg's arguments, as pure functions.

Constant 30 fps makes frame i be at i / 30 s; a key frame every half second lets a browser jump about; H.264 in 8 bit
plays everywhere. Nothing here touches a file or starts a process.
"""

from __future__ import annotations

from pathlib import Path

from hesp.media.ffmpeg import input_arguments
from hesp.media.probe import Probe

FPS = 30
MAX_SHORT_SIDE_PX = 720
# browsers and hardware decoders stop at 4096; only panoramas come near it
MAX_LONG_SIDE_PX = 4096
# These have an index of key frames. In others a jump may land behind the start (MPEG-TS) or on a picture that only
# changes the one before (GIF), so they are decoded from the beginning.
SEEKABLE = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi")
# a source may change its shape midway (a phone that is turned while a page records); a smaller change is rounding
SHAPE_TOLERANCE = 0.05

# of a damaged source, whatever can be decoded is used
_TOLERANT = ["-loglevel", "warning", "-max_error_rate", "1"]
_ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "15", "-bf", "0", "-c:a", "aac", "-ac", "2"]
# a working copy needs no place or date of recording, and has to start playing before it is loaded
_CONTAINER = ["-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+faststart"]


def clip_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in px of the clip made from a picture of this size: even, never larger but for one pixel."""
    scale = min(1.0, MAX_SHORT_SIDE_PX / min(width, height), MAX_LONG_SIDE_PX / max(width, height))
    return max(2, int(width * scale + 1e-6) // 2 * 2), max(2, int(height * scale + 1e-6) // 2 * 2)


def clip_arguments(found: Probe, output: Path, *, start_s: float, length_s: float, with_audio: bool) -> list[str]:
    """ffmpeg's arguments that turn `length_s` seconds of a source from `start_s` on into a clip."""
    seek_s = start_s if found.container in SEEKABLE else 0.0
    # Not the accurate seek: it drops the picture that began before the start and is still shown then.
    seek = ["-noaccurate_seek", "-ss", f"{seek_s:.6f}"] if seek_s > 0 else []
    # Rebuilding the filters when the shape changes would restart the clock of `fps`.
    opened = [*seek, "-reinit_filter", "0", *input_arguments(found.source.path)]
    # Pictures from before the start are dropped and a late first picture is repeated, so that frame 0 is at the start.
    skip_s = start_s - seek_s
    clock = f"fps={FPS}:start_time={skip_s:.6f},setpts=PTS-STARTPTS"
    size = clip_size(found.source.width, found.source.height)
    tone = f"{_tone_map(found.hdr_transfer)}," if found.hdr_transfer else ""
    video = ["-map", "0:V:0", "-vf", f"{clock},{_fit(*size)},{tone}format=yuv420p"]
    # sound is cut or filled up with silence to begin and end with the picture
    in_step = f"asetpts=PTS-{skip_s:.6f}/TB,aresample=async=1:first_pts=0,apad"
    audio = ["-map", "0:a:0", "-af", in_step, "-shortest"] if with_audio else []
    length = ["-t", f"{length_s:.6f}"]
    return [*_TOLERANT, *opened, *video, *audio, *length, *_ENCODER, *_CONTAINER, _file(output)]


def still_arguments(picture: Path, output: Path) -> list[str]:
    """ffmpeg's arguments that turn a PNG of the clip's size into a clip of one frame."""
    opened = [*_TOLERANT, "-f", "png_pipe", *input_arguments(picture)]
    return [*opened, "-vf", f"fps={FPS},format=yuv420p", "-frames:v", "1", *_ENCODER, *_CONTAINER, _file(output)]


def _fit(width: int, height: int) -> str:
    """Filters that scale every picture to this size in square pixels; of another shape, it gets black bars."""
    same_shape = f"lt(abs(dar-{width}/{height}),{SHAPE_TOLERANCE}*dar)"
    scaled_width = f"if({same_shape},{width},2*round(min({width},{height}*dar)/2))"
    scaled_height = f"if({same_shape},{height},2*round(min({height},{width}/dar)/2))"
    scale = f"scale=w='{scaled_width}':h='{scaled_height}':eval=frame:out_range=tv"
    return f"{scale},pad={width}:{height}:-1:-1:eval=frame,setsar=1"


def _tone_map(hdr_transfer: str) -> str:
    """Filters that bring high dynamic range into ordinary colours.

    Faces lie below reference white (203 nits, ITU-R BT.2408) and keep their tones; only what is brighter is compressed.
    """
    linear = f"zscale=tin={hdr_transfer}:pin=2020:min=2020_ncl:rin=limited:t=linear:npl=203,format=gbrpf32le"
    return f"{linear},zscale=p=709,tonemap=mobius:param=0.7:desat=0,zscale=t=709:m=709:r=limited"


def _file(path: Path) -> str:
    """A path as a URL that ffmpeg cannot take for anything else."""
    return f"file:{path}"
