"""Video in: any clip or still image becomes one kind of clip (upright, H.264, constant 30 fps), then RGB frames.

Paths and seconds come in, `VideoInfo` and (h, w, 3) uint8 frames go out; what a face is, is not known here.
"""

from hesp.media.frames import read_frames
from hesp.media.normalise import MediaLimits, normalise
from hesp.media.probe import Probe, probe
from hesp.media.recipe import FPS

__all__ = ["FPS", "MediaLimits", "Probe", "normalise", "probe", "read_frames"]
