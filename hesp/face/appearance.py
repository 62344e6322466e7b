"""What a face looks like, in a few numbers: enough to tell the people of one scene apart, not to recognise anyone.

A thumbnail of the aligned crop: its brightness pattern (brows, beard, glasses, hair line, shadows) without its level
and contrast, and its colours (skin, hair, light) more coarsely. Two looks are compared by their Euclidean distance.
"""

from __future__ import annotations

import cv2
import numpy as np

from hesp.records import Array

# Coarse enough to forgive landmarks that shake by a pixel or a smile, fine enough for brows and glasses.
LUMA_SIDE = 12
CHROMA_SIDE = 4
LOOK_SIZE = LUMA_SIDE**2 + 2 * CHROMA_SIDE**2

# Grey levels added to the contrast before dividing by it, so that noise in a dark crop is not blown up to a pattern.
CONTRAST_FLOOR = 8.0

# Root mean square difference in Cb and Cr that adds a distance of 1. Measured: the same person 0-1, different people
# in one photograph 3-13.
CHROMA_SCALE = 20.0

# Distance from which two looks are different people. Measured: one person between neutral and a broad smile stays
# below 0.40; of pairs of different people 99 % lie above 0.70 (grey FER+ faces), all above 0.79 (colour photographs).
DIFFERENT_PERSON = 0.7


def describe_look(look_crop_rgb: Array) -> Array:
    """Look of a face: (LOOK_SIZE,) float32 from its aligned crop, (s, s, 3) uint8 RGB with s >= 12."""
    luma_chroma = cv2.cvtColor(look_crop_rgb, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = cv2.resize(luma_chroma[..., 0], (LUMA_SIDE, LUMA_SIDE), interpolation=cv2.INTER_AREA).ravel()
    luma = luma - luma.mean()
    luma = luma / (np.linalg.norm(luma) + CONTRAST_FLOOR * LUMA_SIDE)
    chroma = cv2.resize(luma_chroma[..., 1:], (CHROMA_SIDE, CHROMA_SIDE), interpolation=cv2.INTER_AREA).ravel()
    chroma = (chroma - 128.0) / (CHROMA_SCALE * np.sqrt(chroma.size))
    return np.concatenate([luma, chroma]).astype(np.float32)
