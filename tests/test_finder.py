"""Finding small faces in parts of a frame, following them, and not seeing any where there are none."""

import numpy as np
import pytest
from faces import astronaut_face, face_frame, paste

from hesp.face import SEARCH_CONFIDENCE, FaceFinder, Landmarker
from hesp.face.finder import close_up, parts
from hesp.face.landmarker import RawFace


def wide_frame(*places: tuple[int, int, int]) -> np.ndarray:
    """A (540, 960, 3) frame with the face at each (x, y, size)."""
    frame = np.full((540, 960, 3), 120, np.uint8)
    for x, y, size in places:
        frame = paste(frame, astronaut_face(), x, y, size=size)
    return frame


@pytest.fixture(scope="module")
def landmarker():
    with Landmarker() as made:
        yield made


@pytest.fixture(scope="module")
def strict():
    with Landmarker(min_confidence=SEARCH_CONFIDENCE) as made:
        yield made


class CountingLandmarker:
    """Counts how often the real one is asked."""

    def __init__(self, landmarker: Landmarker) -> None:
        self._landmarker, self.n_calls = landmarker, 0

    def detect(self, frame_rgb: np.ndarray) -> list[RawFace]:
        self.n_calls += 1
        return self._landmarker.detect(frame_rgb)


def test_a_small_face_is_found_and_followed(landmarker: Landmarker, strict: Landmarker) -> None:
    assert landmarker.detect(wide_frame((700, 330, 150))) == []  # too small for a look at the whole frame
    finder = FaceFinder(landmarker, strict, analysed_fps=30)
    for step in range(6):
        x = 700 - 4 * step
        (face,) = finder.find(wide_frame((x, 330, 150)))
        centre = face.landmarks_px[:, :2].mean(axis=0)
        assert abs(centre[0] - (x + 75)) < 15
        assert abs(centre[1] - (330 + 70)) < 20


def test_a_suit_with_a_collar_is_no_second_face(landmarker: Landmarker, strict: Landmarker) -> None:
    finder = FaceFinder(landmarker, strict, analysed_fps=2)  # every frame is searched in parts
    for x in range(0, 60, 20):
        assert len(finder.find(face_frame(x))) == 1


def test_each_face_is_reported_once_and_the_largest_first(landmarker: Landmarker, strict: Landmarker) -> None:
    frame = wide_frame((40, 60, 300), (520, 280, 230), (740, 20, 200))
    faces = FaceFinder(landmarker, strict, analysed_fps=30).find(frame)
    widths = [face.box_xyxy_px[2] - face.box_xyxy_px[0] for face in faces]
    assert len(faces) == 3
    assert widths == sorted(widths, reverse=True)


def test_no_more_than_the_largest_faces_are_kept(landmarker: Landmarker, strict: Landmarker) -> None:
    frame = wide_frame(*[(30 + 185 * i, 60 + 40 * i, 150 + 10 * i) for i in range(5)])
    faces = FaceFinder(landmarker, strict, analysed_fps=30, max_faces=2).find(frame)
    assert len(faces) == 2
    assert min(face.box_xyxy_px[0] for face in faces) > 500


def test_a_large_face_costs_one_look_a_frame_between_searches(landmarker: Landmarker, strict: Landmarker) -> None:
    counting = CountingLandmarker(landmarker)
    finder = FaceFinder(counting, counting, analysed_fps=30)
    frame = wide_frame((300, 60, 360))
    finder.find(frame)
    searched = counting.n_calls
    for _ in range(14):
        finder.find(frame)
    assert counting.n_calls == searched + 14


def test_noise_and_plain_frames_hold_no_face(landmarker: Landmarker, strict: Landmarker) -> None:
    finder = FaceFinder(landmarker, strict, analysed_fps=2)  # every frame is searched in parts
    rng = np.random.default_rng(0)
    for frame in (np.zeros((90, 160, 3), np.uint8), rng.integers(0, 255, (270, 480, 3), np.uint8)):
        assert finder.find(frame) == []


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (3, 200), (501, 499)])
def test_parts_cover_the_frame_and_overlap(width: int, height: int) -> None:
    covered = np.zeros((height, width), int)
    for left, top, right, bottom in parts(width, height):
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] += 1
    assert covered.min() >= 1
    if min(width, height) > 100:
        assert covered.max() == 4


def test_a_close_up_stays_in_the_frame() -> None:
    for box in ([-20, -20, 30, 40], [600, 300, 700, 420], [639, 359, 641, 361]):
        left, top, right, bottom = close_up(np.array(box, np.float32), 640, 360)
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 360
