"""Signs and exactness of the head pose; quality falls when a face is blurred, shrunk or turned."""

import cv2
import numpy as np
import pytest
import skimage.data

from hesp.face.align import LEFT_EYE, RIGHT_EYE, crop_face
from hesp.face.landmarker import Landmarker, RawFace
from hesp.face.pose import (
    MODEL_LANDMARKS,
    MODEL_POINTS,
    MODEL_WEIGHTS,
    PIXELS_TO_MODEL_AXES,
    angle_from_frontal_deg,
    pose_from_landmarks,
)
from hesp.face.quality import LOOK_CROP_PX, face_quality, pose_score, sharpness_score, size_score
from hesp.records import N_LANDMARKS, Array


def rotation(axis: str, angle_deg: float) -> Array:
    """Right-handed rotation about one axis of the face model (x right, y up, z to the viewer): (3, 3)."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[second, first], matrix[first, second] = sin, -sin
    return matrix


def head(yaw: float, pitch: float, roll: float) -> Array:
    return rotation("z", -roll) @ rotation("x", -pitch) @ rotation("y", yaw)


def landmarks_of(matrix: Array, *, scale: float = 12.0) -> Array:
    """Landmarks of the face model after `matrix`, somewhere in a picture; those that pose ignores are far away."""
    landmarks = np.full((N_LANDMARKS, 3), 9e3, dtype=np.float32)
    landmarks[MODEL_LANDMARKS] = scale * (MODEL_POINTS @ matrix.T) * PIXELS_TO_MODEL_AXES + [500, 90, -20]
    return landmarks


@pytest.mark.parametrize("pose", [(0, 0, 0), (30, 0, 0), (0, 20, 0), (0, 0, 15), (50, -30, 70), (-89, 60, -170)])
@pytest.mark.parametrize("scale", [0.5, 30.0])
def test_pose_inverts_the_rotation_at_any_scale(pose: tuple[float, float, float], scale: float) -> None:
    found = pose_from_landmarks(landmarks_of(head(*pose), scale=scale))
    assert found == pytest.approx(pose, abs=1e-2)
    assert found.dtype == np.float32


def test_signs_by_where_the_face_points() -> None:
    nose, crown = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert (head(30, 0, 0) @ nose)[0] > 0  # yaw > 0: towards the right of the picture
    assert (head(0, 30, 0) @ nose)[1] > 0  # pitch > 0: upwards
    assert (head(0, 0, 30) @ crown)[0] > 0  # roll > 0: the crown goes right, clockwise


def test_turning_a_picture_changes_the_roll_alone() -> None:
    turned = rotation("z", -20) @ head(25, -12, 8)
    assert pose_from_landmarks(landmarks_of(turned)) == pytest.approx((25, -12, 28), abs=1e-2)


def test_the_face_model_is_symmetric_and_weighted_to_one() -> None:
    right, left = np.split(MODEL_POINTS, 2)
    assert np.array_equal(right * [-1, 1, 1], left)
    assert MODEL_WEIGHTS.sum() == pytest.approx(1)


def test_bad_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        pose_from_landmarks(np.zeros((468, 3)))
    with pytest.raises(ValueError, match="finite"):
        pose_from_landmarks(np.full((N_LANDMARKS, 3), np.nan))


def test_angle_from_frontal_ignores_roll() -> None:
    assert angle_from_frontal_deg(np.array([0.0, 0.0, 77.0])) == pytest.approx(0, abs=1e-6)
    assert angle_from_frontal_deg(np.array([40.0, 0.0, 0.0])) == pytest.approx(40)
    assert angle_from_frontal_deg(np.array([0.0, -40.0, 5.0])) == pytest.approx(40)
    assert angle_from_frontal_deg(np.array([30.0, 30.0, 0.0])) == pytest.approx(41.41, abs=0.01)


def test_pose_score_falls_from_one_to_zero() -> None:
    scores = [pose_score(np.array([yaw, 0.0, 0.0])) for yaw in (0, 15, 30, 60, 90, 120)]
    assert scores == pytest.approx([1, 0.966, 0.866, 0.5, 0, 0], abs=1e-3)


def test_size_score_depends_on_the_distance_of_the_eyes_alone() -> None:
    def score(distance_px: float, depth_px: float = 0.0) -> float:
        landmarks = np.zeros((N_LANDMARKS, 3), dtype=np.float32)
        landmarks[list(LEFT_EYE)] = [distance_px, 0, depth_px]
        landmarks[list(RIGHT_EYE)] = 0
        return size_score(landmarks)

    scores = [score(distance) for distance in (0, 5, 10, 20, 40, 80)]
    assert scores[0] == 0
    assert np.all(np.diff(scores) > 0)
    assert scores[2] == pytest.approx(1 - np.exp(-1))
    assert score(30, 40) == pytest.approx(score(50))


def test_a_flat_crop_has_no_sharpness_and_contrast_alone_adds_none() -> None:
    noise = np.random.default_rng(0).normal(128, 40, (LOOK_CROP_PX, LOOK_CROP_PX)).clip(0, 255)
    crop = np.repeat(cv2.GaussianBlur(noise, (0, 0), 2)[:, :, None], 3, axis=2)
    stretched = (crop - crop.mean()) * 4 + 128
    plain, strong = (sharpness_score(c.clip(0, 255).astype(np.uint8)) for c in (crop * 2 - 128, stretched))
    assert sharpness_score(np.full((LOOK_CROP_PX, LOOK_CROP_PX, 3), 90, dtype=np.uint8)) == 0
    assert strong == pytest.approx(plain, rel=0.35)
    with pytest.raises(ValueError, match="look_crop_rgb must have shape"):
        sharpness_score(np.zeros((48, 48, 3), dtype=np.uint8))


# --- a real face ---


@pytest.fixture(scope="module")
def landmarker():  # noqa: ANN201
    with Landmarker() as opened:
        yield opened


@pytest.fixture(scope="module")
def portrait() -> Array:
    """The astronaut's head in the middle of a square."""
    return np.ascontiguousarray(skimage.data.astronaut()[0:240, 105:345])


def only_face(landmarker: Landmarker, image_rgb: Array) -> RawFace:
    (raw,) = landmarker.detect(np.ascontiguousarray(image_rgb))
    return raw


def quality_of(landmarker: Landmarker, image_rgb: Array) -> float:
    raw = only_face(landmarker, image_rgb)
    crop = crop_face(image_rgb, raw.landmarks_px, LOOK_CROP_PX)
    return face_quality(crop, raw.landmarks_px, pose_from_landmarks(raw.landmarks_px))


def test_mirroring_a_picture_swaps_the_signs_of_yaw_and_roll(landmarker: Landmarker, portrait: Array) -> None:
    # the right side narrower and flatter, as of a face that turns there
    corners = np.array([[0, 0], [240, 0], [240, 240], [0, 240]], dtype=np.float32)
    far_right = np.array([[0, 0], [150, 50], [150, 190], [0, 240]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, far_right)
    turned = cv2.warpPerspective(portrait, matrix, (240, 240), borderMode=cv2.BORDER_REPLICATE)
    yaw, pitch, roll = pose_from_landmarks(only_face(landmarker, turned).landmarks_px)
    mirrored = pose_from_landmarks(only_face(landmarker, turned[:, ::-1]).landmarks_px)
    assert yaw > 2
    assert roll > 2
    assert mirrored == pytest.approx((-yaw, pitch, -roll), abs=2)


def test_moving_a_face_through_the_picture_keeps_its_pose(landmarker: Landmarker, portrait: Array) -> None:
    def pose_at(left: int) -> Array:
        frame = np.full((360, 640, 3), 120, dtype=np.uint8)
        frame[60:300, left : left + 240] = portrait
        return pose_from_landmarks(only_face(landmarker, frame).landmarks_px)

    assert pose_at(0) == pytest.approx(pose_at(200), abs=2.5)
    assert pose_at(400) == pytest.approx(pose_at(200), abs=2.5)


@pytest.mark.parametrize("clockwise_deg", [20, -20])
def test_turning_a_picture_turns_the_roll(landmarker: Landmarker, portrait: Array, clockwise_deg: float) -> None:
    yaw, pitch, roll = pose_from_landmarks(only_face(landmarker, portrait).landmarks_px)
    # cv2 counts angles anticlockwise
    matrix = cv2.getRotationMatrix2D((120, 110), -clockwise_deg, 1)
    turned = cv2.warpAffine(portrait, matrix, (240, 240), borderMode=cv2.BORDER_REPLICATE)
    pose = pose_from_landmarks(only_face(landmarker, turned).landmarks_px)
    assert pose == pytest.approx((yaw, pitch, roll + clockwise_deg), abs=4)


def test_blurring_lowers_quality(landmarker: Landmarker, portrait: Array) -> None:
    blurred = [cv2.GaussianBlur(portrait, (0, 0), sigma) for sigma in (1, 2, 4)]
    qualities = [quality_of(landmarker, image) for image in (portrait, *blurred)]
    assert np.all(np.diff(qualities) < -0.05)
    assert qualities[0] > 0.8
    assert qualities[-1] < 0.3


def test_shrinking_lowers_quality(landmarker: Landmarker, portrait: Array) -> None:
    small = [cv2.resize(portrait, None, fx=f, fy=f, interpolation=cv2.INTER_AREA) for f in (0.7, 0.45, 0.3)]
    large = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    qualities = [quality_of(landmarker, image) for image in (portrait, *small)]
    assert np.all(np.diff(qualities) < 0)
    assert quality_of(landmarker, large) == pytest.approx(qualities[0], abs=0.1)


def test_turning_the_head_lowers_quality(landmarker: Landmarker, portrait: Array) -> None:
    raw = only_face(landmarker, portrait)
    crop = crop_face(portrait, raw.landmarks_px, LOOK_CROP_PX)
    turns = [np.array([yaw, 0, 0], dtype=np.float32) for yaw in (0, 20, 45, 80)]
    assert np.all(np.diff([face_quality(crop, raw.landmarks_px, pose) for pose in turns]) < 0)


def test_dimming_a_picture_hardly_changes_quality(landmarker: Landmarker, portrait: Array) -> None:
    dim = (portrait * 0.5).astype(np.uint8)
    assert quality_of(landmarker, dim) == pytest.approx(quality_of(landmarker, portrait), abs=0.05)
