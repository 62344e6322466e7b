"""What a drawing over the video needs: where the aligned crop lies in each frame, and maps as 8-bit grids."""

from __future__ import annotations

import numpy as np

from hesp.records import Analysis, Array

# full colour stands for this percentile of a map's positive values over the clip, so that one outlier does not dim it
FULL_PERCENTILE = 99.5


def crop_quads(analysis: Analysis, position: int) -> Array:
    """Corners of the aligned crop of `tracks[position]`: (n_frames, 4, 2) float32 pixels, NaN where absent.

    Clockwise from the crop's upper left; the crop is turned with the head, so this is a rotated square.
    """
    track = analysis.tracks[position]
    return track.spread(track.crop_quad_px)


def attention_grid(maps: Array) -> Array:
    """The positive part of signed maps (n_frames, h, w) as uint8 of the same shape; one scale for the whole clip."""
    positive = np.clip(np.nan_to_num(maps), 0, None)
    shown = positive[positive > 0]
    full = np.percentile(shown, FULL_PERCENTILE) if shown.size else 1.0
    return np.asarray(np.clip(positive / full, 0, 1) * 255, dtype=np.uint8)
