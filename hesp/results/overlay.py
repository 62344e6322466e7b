"""What a drawing over the video needs: where the aligned crop lies in each frame, and maps as 8-bit grids."""

from __future__ import annotations

import numpy as np

from hesp.records import Analysis, Array

# full colour stands for this percentile of a map's positive values over the clip, so that one outlier does not dim it
FULL_PERCENTILE = 99.5
# evidence from which on a map is drawn at full strength
FULL_EVIDENCE = 0.6


def crop_quads(analysis: Analysis, position: int) -> Array:
    """Corners of the aligned crop of `tracks[position]`: (n_frames, 4, 2) float32 pixels, NaN where absent.

    Clockwise from the crop's upper left; the crop is turned with the head, so this is a rotated square.
    """
    track = analysis.tracks[position]
    return track.spread(track.crop_quad_px)


def attention_grid(maps: Array, evidence: Array) -> Array:
    """Signed maps (n_frames, h, w) as pictures: their positive part, as strong as the evidence is.

    One scale holds for the whole clip, and a frame with little evidence (n_frames,), in [0, 1], glows little: else a
    word that is absent would look as hot as one that is there.

    Returns:
        (n_frames, h, w) uint8, 255 the strongest; 0 where the face is absent.
    """
    positive = np.clip(np.nan_to_num(maps), 0, None)
    shown = positive[positive > 0]
    full = np.percentile(shown, FULL_PERCENTILE) if shown.size else 1.0
    strength = np.clip(np.nan_to_num(evidence) / FULL_EVIDENCE, 0, 1)
    return np.asarray(np.clip(positive / full, 0, 1) * strength[:, None, None] * 255, dtype=np.uint8)
