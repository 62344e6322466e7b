"""Aligned crops: one frame of reference for the faces of training pictures and of videos.

The eyes are level and lie at a fixed height, and the scale is the distance of the eyes in three dimensions, which
neither an open mouth nor a turned head changes. Across, the crop is centred on the visible face.
"""

from __future__ import annotations

import cv2
import numpy as np

from hesp.records import Array

# MediaPipe face mesh: outer and inner corner of each eye; "right" is the person's right, on the picture's left side
RIGHT_EYE = (33, 133)
LEFT_EYE = (362, 263)

# The crop reaches from the upper forehead to just below the chin of a wide open mouth.
SIDE_PER_EYE_DISTANCE = 2.6
EYE_HEIGHT = 0.37


def crop_transform(landmarks_px: Array, size_px: int) -> Array:
    """Similarity transform from picture to crop pixels.

    Args:
        landmarks_px: (478, 3) float32, x and y in pixels and z on the scale of x.
        size_px: side of the crop.

    Returns:
        (2, 3) float64 for cv2.warpAffine.
    """
    right, left = landmarks_px[RIGHT_EYE, :].mean(axis=0), landmarks_px[LEFT_EYE, :].mean(axis=0)
    across = left - right
    # a face in full profile has almost no distance left on the picture plane: then z decides
    eye_distance = max(float(np.linalg.norm(across)), 1e-3)
    angle = float(np.arctan2(across[1], across[0]))
    scale = size_px / (SIDE_PER_EYE_DISTANCE * eye_distance)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]])
    levelled = landmarks_px[:, :2] @ rotation.T
    eyes = (right[:2] + left[:2]) / 2 @ rotation.T
    centre_x = (levelled[:, 0].min() + levelled[:, 0].max()) / 2
    shift = np.array([size_px / 2 - centre_x, EYE_HEIGHT * size_px - eyes[1]])
    return np.concatenate([rotation, shift[:, None]], axis=1)


def warp_crop(image_rgb: Array, transform: Array, size_px: int) -> Array:
    """Cut the crop that `transform` (2, 3) describes out of (h, w, 3) uint8; places outside repeat the border.

    A face much larger than the crop is first warped to a multiple of the size and then averaged down, since
    bilinear warping alone would alias.

    Returns:
        (size_px, size_px, 3) uint8, in the colour order of the picture.
    """
    shrink = 1.0 / max(float(np.hypot(transform[0, 0], transform[1, 0])), 1e-6)
    factor = int(np.clip(np.floor(shrink), 1, 8))
    warped = cv2.warpAffine(
        image_rgb,
        _rescale(transform, factor),
        (size_px * factor, size_px * factor),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(warped, (size_px, size_px), interpolation=cv2.INTER_AREA) if factor > 1 else warped)


def crop_face(frame_rgb: Array, landmarks_px: Array, size_px: int) -> Array:
    """Aligned crop of one face: (size_px, size_px, 3) uint8 RGB, from (h, w, 3) uint8 RGB and (478, 3) landmarks."""
    return warp_crop(frame_rgb, crop_transform(landmarks_px, size_px), size_px)


def crop_corners(landmarks_px: Array) -> Array:
    """Corners of the aligned crop in the picture: (4, 2) float32 pixels, clockwise from the crop's upper left.

    A drawing in the crop's own frame, such as an attention map, is laid over the video between these corners.
    """
    transform = crop_transform(landmarks_px, 1)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64)
    inverse = np.linalg.inv(transform[:, :2])
    return np.asarray((corners - transform[:, 2]) @ inverse.T, dtype=np.float32)


def _rescale(transform: Array, factor: float) -> Array:
    """The same transform into a crop `factor` times as large; pixel centres stay where they are."""
    scaled = transform * factor
    scaled[:, 2] += (factor - 1) / 2
    return np.asarray(scaled)
