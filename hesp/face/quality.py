"""How much a face's pixels can be trusted: one number in [0, 1] from its size, sharpness and pose.

quality = size * sharpness * pose, each in [0, 1] and each alone able to spoil the face. Size and sharpness saturate,
so that a large sharp face comes close to 1 and a larger one gains little. The number ranks and weighs frames; it is
not a probability.
"""

from __future__ import annotations

import cv2
import numpy as np

from hesp.face.align import LEFT_EYE, RIGHT_EYE
from hesp.face.pose import angle_from_frontal_deg
from hesp.records import N_LANDMARKS, Array, check_shape

# Side of the aligned crop on which sharpness is measured: a little more than the 48 px of a FER+ face, so that detail
# beyond what a small backbone sees counts for nothing, and the same for all clips, so that numbers compare.
LOOK_CROP_PX = 64

# Distance of the eyes at which the size score is 1 - 1/e. A FER+ face (48 px, eyes 17 px apart in the median), which
# people and networks read well, gets 0.82; a face of half that size 0.58; a video call's (80 px) 1.00.
EYE_DISTANCE_SCALE_PX = 10.0

# Share of Laplacian variance at which the sharpness score is 1 - 1/e. Measured at LOOK_CROP_PX: sharp photographs and
# video 0.17-0.43, the median of FER+ 0.15 (score 0.95), photographs blurred by 2 % of the crop's side (sigma) 0.02-0.04
# (score 0.3-0.55).
SHARPNESS_SCALE = 0.05

# Grey-level variance that is added to the crop's own, so that the noise of a nearly uniform crop is not read as detail;
# ordinary crops have 1000-3500.
CONTRAST_FLOOR = 100.0


def face_quality(look_crop_rgb: Array, landmarks_px: Array, pose_deg: Array) -> float:
    """Quality of one face.

    Args:
        look_crop_rgb: (64, 64, 3) uint8 RGB, `crop_face(frame_rgb, landmarks_px, LOOK_CROP_PX)`.
        landmarks_px: (478, 3), x and y in pixels of the frame and z on the scale of x.
        pose_deg: (3,) yaw, pitch, roll; see `hesp.face.pose`.

    Returns:
        In [0, 1]; blurring, shrinking or turning the face lowers it.

    Raises:
        ValueError: an array has another shape.
    """
    check_shape("landmarks_px", landmarks_px, (N_LANDMARKS, 3))
    check_shape("pose_deg", pose_deg, (3,))
    return size_score(landmarks_px) * sharpness_score(look_crop_rgb) * pose_score(pose_deg)


def size_score(landmarks_px: Array) -> float:
    """1 - exp(-d / 10 px) for the distance d of the eyes in three dimensions, which turning the head leaves alone."""
    right, left = landmarks_px[RIGHT_EYE, :].mean(axis=0), landmarks_px[LEFT_EYE, :].mean(axis=0)
    return float(1.0 - np.exp(-np.linalg.norm(left - right) / EYE_DISTANCE_SCALE_PX))


def sharpness_score(look_crop_rgb: Array) -> float:
    """1 - exp(-v / 0.05), where v is the variance of the grey crop's Laplacian as a share of its own variance.

    The share and not the variance itself, so that a dim picture or a low contrast does not look like blur.
    """
    check_shape("look_crop_rgb", look_crop_rgb, (LOOK_CROP_PX, LOOK_CROP_PX, 3))
    grey = cv2.cvtColor(look_crop_rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # the outermost pixels' Laplacian rests on an invented border
    detail = cv2.Laplacian(grey, cv2.CV_32F)[1:-1, 1:-1].var()
    return float(1.0 - np.exp(-detail / (grey.var() + CONTRAST_FLOOR) / SHARPNESS_SCALE))


def pose_score(pose_deg: Array) -> float:
    """Cosine of the angle to the frontal view, 0 from 90 degrees on: the share of a flat face's width still seen."""
    return max(0.0, float(np.cos(np.radians(angle_from_frontal_deg(pose_deg)))))
