"""Frames come one at a time, in order, in RGB; the reader is released however the loop ends."""

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_files import HEIGHT, RED, WIDTH, read_number, write_clip

from hesp.errors import MediaError
from hesp.media import normalise, read_frames
from hesp.records import VideoInfo


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    folder = tmp_path_factory.mktemp("frames")
    return normalise(write_clip(folder / "source.mp4"), folder)


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> list[cv2.VideoCapture]:
    """All readers that are opened during the test."""
    opened: list[cv2.VideoCapture] = []
    original = cv2.VideoCapture

    def remember(*arguments: object) -> cv2.VideoCapture:
        opened.append(original(*arguments))
        return opened[-1]

    monkeypatch.setattr(cv2, "VideoCapture", remember)
    return opened


def test_all_frames(video: VideoInfo, captures: list[cv2.VideoCapture]) -> None:
    pairs = list(read_frames(video))
    assert [index for index, _ in pairs] == [read_number(frame) for _, frame in pairs] == list(range(60))
    frame = pairs[7][1]
    assert frame.shape == (HEIGHT, WIDTH, 3) and frame.dtype == np.uint8
    assert np.abs(frame[3:12, 3:12].astype(int) - RED).max() < 15  # not blue: RGB
    frame[:] = 0  # frames are their own arrays
    assert pairs[8][1].max() > 0
    assert not captures[0].isOpened()


@pytest.mark.parametrize("index", [[0], [59], [0, 1, 2], [3, 17, 18, 40], [], list(range(0, 60, 7))])
def test_chosen_frames(video: VideoInfo, captures: list[cv2.VideoCapture], index: list[int]) -> None:
    pairs = list(read_frames(video, frame_index=np.array(index, dtype=np.int32)))
    assert [(i, read_number(frame)) for i, frame in pairs] == [(i, i) for i in index]
    assert not captures[0].isOpened()


def test_frames_after_the_last_chosen_one_are_not_decoded(video: VideoInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    class Counting:
        def __init__(self, *arguments: object) -> None:
            self.capture = original(*arguments)

        def __getattr__(self, name: str) -> object:
            steps.append(name)
            return getattr(self.capture, name)

    original = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Counting)
    assert len(list(read_frames(video, frame_index=np.array([2, 5])))) == 2
    assert steps == ["grab"] * 2 + ["read"] + ["grab"] * 2 + ["read", "release"]


def test_released_when_the_loop_stops_early(video: VideoInfo, captures: list[cv2.VideoCapture]) -> None:
    frames = read_frames(video)
    for index, _ in frames:
        if index == 3:
            break
    assert captures[0].isOpened()
    frames.close()
    assert not captures[0].isOpened()


def test_released_when_the_loop_is_abandoned(video: VideoInfo, captures: list[cv2.VideoCapture]) -> None:
    next(read_frames(video))
    gc.collect()
    assert not captures[0].isOpened()


def test_released_when_the_loop_fails(video: VideoInfo, captures: list[cv2.VideoCapture]) -> None:
    def stumble() -> None:
        for _ in read_frames(video):
            raise RuntimeError("stumbled")

    with pytest.raises(RuntimeError) as caught:
        stumble()
    del caught
    gc.collect()
    assert not captures[0].isOpened()


def test_deleted_clip(video: VideoInfo, tmp_path: Path, captures: list[cv2.VideoCapture]) -> None:
    with pytest.raises(MediaError, match="deleted or changed"):
        list(read_frames(replace(video, path=tmp_path / "gone.mp4")))
    assert not captures[0].isOpened()


def test_clip_that_ends_early(video: VideoInfo) -> None:
    frames = read_frames(replace(video, n_frames=70))
    with pytest.raises(MediaError, match="ends at frame 60 of 70"):
        list(frames)


@pytest.mark.parametrize(
    "index",
    [
        [-1, 2],  # negative
        [2, 2],  # repeated
        [3, 1],  # backwards
        [60],  # behind the end
        [0.5, 1.5],  # between frames
        [[0, 1]],  # two-dimensional
    ],
)
def test_wrong_index_is_refused_at_once(video: VideoInfo, index: list) -> None:
    with pytest.raises(ValueError, match="frame_index must"):
        read_frames(video, frame_index=np.array(index))


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    peaks = []
    for n_seconds in (2, 20):
        source = write_clip(tmp_path / f"{n_seconds}.mp4", numbers=range(n_seconds), fps="1")
        video = normalise(source, tmp_path)
        tracemalloc.start()
        assert sum(1 for _ in read_frames(video)) == n_seconds * 30
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + WIDTH * HEIGHT * 3 * 4
