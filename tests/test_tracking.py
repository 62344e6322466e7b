"""Ids through crossings, gaps, flicker and cuts, on made-up detections; and two real faces that cross."""

import itertools

import cv2
import numpy as np
import pytest
import skimage.data

from hesp.face import observe
from hesp.face.appearance import DIFFERENT_PERSON, LOOK_SIZE
from hesp.face.landmarker import Landmarker
from hesp.face.track_builder import TrackBuilder
from hesp.face.tracking import Tracker
from hesp.records import N_BLENDSHAPES, N_LANDMARKS, Array, Face

FPS = 30.0
SIZE_PX = 100.0
ANNA, BEN, CARA, DAVE, EVE = np.eye(5, LOOK_SIZE, dtype=np.float32)

Detection = tuple[Face, Array]


def face_at(x: float, y: float = 200.0, *, size: float = SIZE_PX, quality: float = 0.8) -> Face:
    box = np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2], dtype=np.float32)
    return Face(
        box_xyxy_px=box,
        crop_quad_px=np.zeros((4, 2), dtype=np.float32),
        landmarks_px=np.full((N_LANDMARKS, 3), x, dtype=np.float32),
        blendshapes=np.zeros(N_BLENDSHAPES, dtype=np.float32),
        pose_deg=np.zeros(3, dtype=np.float32),
        quality=quality,
    )


def run(frames: list[list[Detection]], *, fps: float = FPS, **options: float) -> list[list[int | None]]:
    tracker = Tracker(**options)
    return [
        tracker.update(row / fps, [face for face, _ in frame], [look for _, look in frame])
        for row, frame in enumerate(frames)
    ]


def shaky(look: Array, seed: int) -> Array:
    """The look of the same person in another frame."""
    noise = np.random.default_rng(seed).normal(size=LOOK_SIZE)
    return (look + 0.15 * noise / np.linalg.norm(noise)).astype(np.float32)


def crossing(look_a: Array, look_b: Array, *, fps: float = FPS, hidden_s: float = 0.0) -> list[list[Detection]]:
    """A (first, nearer) walks to the right, B to the left and unseen for `hidden_s` round the meeting at 1.5 s."""
    frames = []
    for row in range(round(3 * fps)):
        time_s = row / fps
        frame = [(face_at(200 + 150 * time_s, 200, size=110), shaky(look_a, row))]
        if abs(time_s - 1.5) > hidden_s / 2:
            frame.append((face_at(650 - 150 * time_s, 215, size=95), shaky(look_b, 1000 + row)))
        frames.append(frame)
    return frames


@pytest.mark.parametrize("fps", [30.0, 10.0])
@pytest.mark.parametrize("hidden_s", [0.3, 0.6, 0.95])
def test_crossing_faces_keep_their_ids(fps: float, hidden_s: float) -> None:
    for ids in run(crossing(ANNA, BEN, fps=fps, hidden_s=hidden_s), fps=fps):
        assert ids == [0, 1][: len(ids)]


def test_twins_who_cross_keep_their_ids_by_their_movement() -> None:
    assert all(ids == [0, 1][: len(ids)] for ids in run(crossing(ANNA, ANNA, hidden_s=0.5)))


def test_looks_decide_when_two_faces_turn_back_behind_each_other() -> None:
    """Both stop, hidden for half a second, and return: movement alone would swap them."""
    frames = []
    for row in range(90):
        offset = 40 + 150 * abs(row / FPS - 1.5)
        hidden = abs(row / FPS - 1.5) < 0.25
        frames.append([] if hidden else [(face_at(400 - offset), ANNA), (face_at(400 + offset), BEN)])
    assert all(ids in ([0, 1], []) for ids in run(frames))


@pytest.mark.parametrize("fps", [30.0, 10.0, 5.0])
def test_a_gap_of_a_second_keeps_the_id_and_a_longer_one_does_not(fps: float) -> None:
    def frames(gap_s: float) -> list[list[Detection]]:
        return [[(face_at(300), ANNA)], *[[] for _ in range(round(gap_s * fps) - 1)], [(face_at(320), ANNA)]]

    assert run(frames(1.0), fps=fps)[-1] == [0]
    assert run(frames(1.2), fps=fps)[-1] == [1]
    assert run(frames(1.2), fps=fps, max_gap_s=2.0)[-1] == [0]


def test_frames_further_apart_than_the_longest_gap_are_still_linked() -> None:
    assert run([[(face_at(300), ANNA)]] * 5, fps=0.1) == [[0]] * 5


def test_flicker_makes_no_new_id() -> None:
    frames = [[] if row % 7 in (3, 4) else [(face_at(300 + 2 * row), shaky(ANNA, row))] for row in range(60)]
    assert {i for ids in run(frames) for i in ids} == {0}


def test_fast_and_shaking_heads_keep_their_id() -> None:
    frames = [[(face_at(400 + 60 * np.sin(row / FPS * 8)), shaky(ANNA, row))] for row in range(90)]
    assert {i for ids in run(frames) for i in ids} == {0}
    assert {i for ids in run(frames[::3], fps=FPS / 3) for i in ids} == {0}


def test_a_hand_before_the_face_does_not_end_the_track() -> None:
    covered = (ANNA + 0.55 * BEN).astype(np.float32)
    frames = [[(face_at(300), covered if 20 <= row < 40 else ANNA)] for row in range(60)]
    assert {i for ids in run(frames) for i in ids} == {0}


@pytest.mark.parametrize("x_after", [300.0, 420.0, 700.0])
def test_a_cut_to_another_person_starts_a_new_track(x_after: float) -> None:
    frames = [[(face_at(300), ANNA)]] * 30 + [[(face_at(x_after), BEN)]] * 30
    assert run(frames) == [[0]] * 30 + [[1]] * 30


def test_a_cut_between_two_pairs_starts_two_tracks() -> None:
    before = [(face_at(200), ANNA), (face_at(500), BEN)]
    after = [(face_at(220), CARA), (face_at(480), DAVE)]
    assert run([before] * 10 + [after] * 10)[-1] == [2, 3]


def test_someone_else_elsewhere_gets_a_new_id() -> None:
    frames = [[(face_at(100), ANNA)]] * 15 + [[]] * 10 + [[(face_at(900), shaky(ANNA, 1))]] * 15
    assert run(frames)[-1] == [1]
    frames = [[(face_at(300), ANNA)]] * 15 + [[]] * 10 + [[(face_at(350), BEN)]] * 15
    assert run(frames)[-1] == [1]


def test_a_hidden_person_does_not_take_over_the_face_of_a_visible_one() -> None:
    """A newcomer beside the visible face must not push the ids along."""
    start = [(face_at(300), ANNA), (face_at(390), BEN)]
    later = [(face_at(300), ANNA), (face_at(210), CARA)]
    assert run([start] * 10 + [[start[0]]] * 5 + [later] * 5)[-1] == [0, 2]


def test_the_order_of_detections_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    looks = [ANNA, BEN, CARA, DAVE]
    frames = []
    for row in range(40):
        places = [150 + 6 * row, 400 - 6 * row, 600 + row, 800 - 3 * row]
        frames.append(
            [(face_at(x, 200 + 5 * i), shaky(looks[i], row)) for i, x in enumerate(places) if rng.random() > 0.1]
        )
    plain = run(frames)
    orders = [rng.permutation(len(frame)) for frame in frames]
    shuffled = run([[frame[i] for i in order] for frame, order in zip(frames, orders, strict=True)])
    for ids, other, order in zip(plain, shuffled, orders, strict=True):
        assert [ids[i] for i in order] == other


def test_a_half_hidden_face_keeps_its_id_though_it_looks_strange() -> None:
    """Beside a face that is recognised, a strange look is no reason for a new id; at the same place alone it is."""
    strange = (0.3 * BEN + CARA).astype(np.float32)
    behind = [(face_at(420), BEN)] * 10 + [(face_at(425), strange)] * 10 + [(face_at(430), BEN)] * 10
    assert run([[(face_at(300), ANNA), sighting] for sighting in behind]) == [[0, 1]] * 30
    assert run([[sighting] for sighting in behind])[15] == [1]


def test_new_ids_count_from_left_to_right() -> None:
    for places in itertools.permutations([(100.0, ANNA), (300.0, BEN), (500.0, CARA)]):
        (ids,) = run([[(face_at(x), look) for x, look in places]])
        assert [i for _, i in sorted(zip([x for x, _ in places], ids, strict=True))] == [0, 1, 2]


def test_duplicates_are_left_out_and_neighbours_are_not() -> None:
    better, copy = (face_at(300, quality=0.9), ANNA), (face_at(306, quality=0.5), ANNA)
    assert run([[copy, better]] * 3) == [[None, 0]] * 3
    assert run([[(face_at(300), ANNA), (face_at(350), BEN)]]) == [[0, 1]]


def test_at_most_four_faces_are_followed() -> None:
    looks = [ANNA, BEN, CARA, DAVE, EVE]
    frame = [(face_at(150 * i + 100, quality=0.1 if i == 2 else 0.9), look) for i, look in enumerate(looks)]
    assert run([frame] * 3) == [[0, 1, None, 2, 3]] * 3


def test_bad_input_is_refused() -> None:
    tracker = Tracker()
    tracker.update(1.0, [], [])
    with pytest.raises(ValueError, match="advance"):
        tracker.update(1.0, [], [])
    with pytest.raises(ValueError, match="looks"):
        tracker.update(2.0, [face_at(0)], [])


def build(frames: list[list[Detection]], fps: float = FPS) -> TrackBuilder:
    builder = TrackBuilder(analysed_fps=fps)
    for row, (frame, ids) in enumerate(zip(frames, run(frames, fps=fps), strict=True)):
        for (face, _), track_id in zip(frame, ids, strict=True):
            if track_id is not None:
                builder.add(row, track_id, face)
    return builder


def test_short_slips_are_dropped_and_ids_close_up() -> None:
    slip, long = (face_at(100), BEN), (face_at(500), ANNA)
    builder = build([[slip]] * 5 + [[]] * 5 + [[long]] * 6)
    assert builder.surviving_ids(16) == (1,)
    (track,) = builder.build(16)
    assert track.id == 0
    assert track.rows.tolist() == [10, 11, 12, 13, 14, 15]
    assert track.n_frames == 16


@pytest.mark.parametrize("n_frames", [1, 4])
def test_a_still_or_very_short_clip_keeps_its_faces(n_frames: int) -> None:
    builder = build([[(face_at(100), ANNA), (face_at(400), BEN)]] * n_frames)
    assert [track.id for track in builder.build(n_frames)] == [0, 1]


def test_partial_results_are_views_that_stay_as_they_are() -> None:
    builder = TrackBuilder(analysed_fps=FPS)
    for row in range(100):
        builder.add(row, 0, face_at(row))
    (early,) = builder.build(100)
    for row in range(100, 1000):
        builder.add(row, 0, face_at(row))
    (late,) = builder.build(1000)
    assert early.rows.tolist() == list(range(100))
    assert late.landmarks_px[:, 0, 0].tolist() == list(range(1000))
    assert np.array_equal(early.landmarks_px, late.landmarks_px[:100])
    with pytest.raises(ValueError, match="read-only"):
        late.quality[0] = 0
    with pytest.raises(ValueError, match="comes after"):
        builder.add(999, 0, face_at(0))


# --- real faces ---


@pytest.fixture(scope="module")
def astronaut_head() -> Array:
    return np.ascontiguousarray(skimage.data.astronaut()[20:220, 130:310])


def other_person(head_rgb: Array) -> Array:
    """The same head mirrored, narrower in the middle, with darker skin of another hue."""
    height, width = head_rgb.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bent = x + 6 * np.sin(2 * np.pi * x / width)
    warped = cv2.remap(head_rgb[:, ::-1], bent, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.clip(warped * np.array([0.75, 0.62, 0.55]), 0, 255).astype(np.uint8)


def paste(canvas: Array, head_rgb: Array, centre_x: float, top: int) -> None:
    """Paste an oval cut-out of the head, by whole pixels and cut off at the canvas's sides."""
    height, width = head_rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    oval = ((x - width / 2) / (width / 2)) ** 2 + ((y - height / 2) / (height / 2)) ** 2 <= 1
    left = round(centre_x - width / 2)
    lo, hi = max(0, -left), min(width, canvas.shape[1] - left)
    region = canvas[top : top + height, left + lo : left + hi]
    region[oval[:, lo:hi]] = head_rgb[:, lo:hi][oval[:, lo:hi]]


def test_two_real_faces_that_cross_keep_their_ids(astronaut_head: Array) -> None:
    front, back = astronaut_head, other_person(astronaut_head)
    places, frames = [], []
    with Landmarker() as landmarker:
        for row in range(40):
            frame = np.full((260, 480, 3), 120, dtype=np.uint8)
            front_x, back_x = 100 + 7 * row, 380 - 7 * row
            paste(frame, back, back_x, 45)
            paste(frame, front, front_x, 25)
            places.append((front_x, back_x))
            frames.append([observe(frame, raw) for raw in landmarker.detect(frame)])
    seen = {0: 0, 1: 0}
    for ids, frame_faces, (front_x, back_x) in zip(run(frames, fps=20.0), frames, places, strict=True):
        for track_id, (face, _) in zip(ids, frame_faces, strict=True):
            x = float(face.box_xyxy_px[[0, 2]].mean())
            if track_id is not None and abs(front_x - back_x) > 90:
                assert track_id == (0 if abs(x - front_x) < abs(x - back_x) else 1)
                seen[track_id] += 1
    assert min(seen.values()) >= 20


def test_the_look_of_real_faces_tells_people_apart_and_forgives_small_changes(astronaut_head: Array) -> None:
    def look(head_rgb: Array) -> Array:
        with Landmarker() as landmarker:
            (raw,) = landmarker.detect(head_rgb)
        return observe(head_rgb, raw)[1]

    known = look(astronaut_head)
    dimmed = (astronaut_head * 0.7).astype(np.uint8)
    turned = cv2.warpAffine(astronaut_head, cv2.getRotationMatrix2D((90, 100), 15, 1), (180, 200))
    assert known.shape == (LOOK_SIZE,)
    assert np.linalg.norm(look(dimmed) - known) < DIFFERENT_PERSON / 2
    assert np.linalg.norm(look(turned) - known) < DIFFERENT_PERSON / 2
    assert np.linalg.norm(look(other_person(astronaut_head)) - known) > DIFFERENT_PERSON
