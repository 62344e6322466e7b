"""Head pose in degrees, by laying MediaPipe's face model over the landmarks.

The fit behind MediaPipe's `facial_transformation_matrixes`, without its guess at the camera: that guess makes a face
seem to turn by 10 degrees and to lean by 7 while it merely moves from the middle of a wide picture to its edge. Read
as roll after pitch after yaw: turning the picture changes the roll alone, mirroring it the signs of yaw and roll alone.
"""

from __future__ import annotations

import numpy as np

from hesp.records import N_LANDMARKS, Array, check_shape

# The landmarks that speech and expression move least, with MediaPipe's weights and places: landmark on the person's
# right side, its mirror image, weight, then the latter's x (to the person's left), y (up) and z (forward) in cm.
# https://github.com/google-ai-edge/mediapipe, modules/face_geometry/data: canonical_face_model.obj and
# geometry_pipeline_metadata_landmarks.pbtxt (Apache-2.0)
_FACE_MODEL = (
    (4, 4, 0.071, 0.00, -0.46, 7.59),
    (6, 6, 0.032, 0.00, 2.47, 5.79),
    (10, 10, 0.008, 0.00, 8.26, 4.48),
    (33, 263, 0.059, 4.45, 2.66, 3.17),
    (54, 284, 0.008, 6.28, 6.62, 1.43),
    (67, 297, 0.009, 3.52, 8.01, 3.73),
    (117, 346, 0.010, 5.26, 0.95, 2.97),
    (119, 348, 0.015, 3.30, 0.86, 3.87),
    (121, 350, 0.019, 1.82, 1.47, 4.22),
    (127, 356, 0.005, 7.74, 2.36, -2.01),
    (129, 358, 0.121, 1.79, -0.98, 4.85),
    (132, 361, 0.006, 7.27, -2.89, -2.25),
    (133, 362, 0.053, 1.86, 2.59, 3.76),
    (136, 365, 0.067, 5.09, -7.18, 0.71),
    (143, 372, 0.015, 6.41, 2.24, 1.56),
    (147, 376, 0.014, 6.23, -1.94, 1.66),
    (198, 420, 0.025, 1.25, 0.23, 5.68),
    (205, 425, 0.047, 3.83, -1.54, 4.14),
)
# Both sides one after the other; the three landmarks of the midline come twice, at half their weight each.
MODEL_LANDMARKS: Array = np.array([row[0] for row in _FACE_MODEL] + [row[1] for row in _FACE_MODEL])
MODEL_POINTS: Array = np.array([(side * row[3], row[4], row[5]) for side in (-1, 1) for row in _FACE_MODEL])
_WEIGHTS: Array = np.array([row[2] / (2 if row[0] == row[1] else 1) for row in _FACE_MODEL] * 2)
MODEL_WEIGHTS: Array = _WEIGHTS / _WEIGHTS.sum()

# From pixels (x right, y down, z away from the viewer) to the model's axes (x right, y up, z towards the viewer).
PIXELS_TO_MODEL_AXES: Array = np.array([1.0, -1.0, -1.0])


def pose_from_landmarks(landmarks_px: Array) -> Array:
    """Yaw, pitch and roll of a head as it looks in the picture, wherever in the picture it is.

    Args:
        landmarks_px: (478, 3), x and y in pixels, z on the scale of x, smaller is nearer.

    Returns:
        (3,) float32 degrees. yaw in [-180, 180], > 0: the face turns to its own left, the right side of the picture.
        pitch in [-90, 90], > 0: it looks up. roll in [-180, 180], > 0: it leans clockwise as seen in the picture.

    Raises:
        ValueError: `landmarks_px` has another shape or holds a value that is not finite.
    """
    check_shape("landmarks_px", landmarks_px, (N_LANDMARKS, 3))
    if not np.isfinite(landmarks_px).all():
        raise ValueError("landmarks_px must be finite")
    rotation = _fit_rotation(landmarks_px[MODEL_LANDMARKS].astype(np.float64) * PIXELS_TO_MODEL_AXES)
    # rotation = Rz(-roll) Rx(-pitch) Ry(yaw): its column 1 is where the crown points, its row 2 says how far each of
    # the head's axes points at the viewer; arctan2 stays exact near 90 degrees, where arcsin does not
    yaw = np.arctan2(-rotation[2, 0], rotation[2, 2])
    pitch = -np.arctan2(rotation[2, 1], np.hypot(rotation[0, 1], rotation[1, 1]))
    roll = np.arctan2(rotation[0, 1], rotation[1, 1])
    return np.degrees([yaw, pitch, roll]).astype(np.float32)


def angle_from_frontal_deg(pose_deg: Array) -> float:
    """Angle in [0, 180] degrees between where the face points and the viewer; roll plays no part in it."""
    yaw, pitch = np.radians(pose_deg[:2].astype(np.float64))
    return float(np.degrees(np.arccos(np.clip(np.cos(yaw) * np.cos(pitch), -1.0, 1.0))))


def _fit_rotation(points: Array) -> Array:
    """Rotation (3, 3) that lays the face model over `points` with least squares, at any place and scale (Kabsch)."""
    centred = points - MODEL_WEIGHTS @ points
    model = MODEL_POINTS - MODEL_WEIGHTS @ MODEL_POINTS
    left, _, right = np.linalg.svd((centred * MODEL_WEIGHTS[:, None]).T @ model)
    # a fit by a mirror image is turned into the nearest proper rotation
    handedness = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray(left @ handedness @ right)
