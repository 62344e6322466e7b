"""An engine without a model, and analyses without a video, for tests of the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from hesp.errors import CancelledError, LabelError
from hesp.records import Analysis, ModelInfo, Scores, SourceInfo, Track, TrackScores, VideoInfo

N_FRAMES, LABELS = 6, ("happiness", "smug")
MODEL = ModelInfo("mini", "zero-shot", "0" * 64, 0.5, "0", "cpu")


def make_track(track_id: int, rows: list[int]) -> Track:
    n_rows = len(rows)
    quads = np.arange(n_rows * 8, dtype=np.float32).reshape(n_rows, 4, 2) + 100 * track_id
    return Track(
        id=track_id,
        n_frames=N_FRAMES,
        rows=np.array(rows, np.int32),
        box_xyxy_px=np.tile(np.float32([1, 2, 3, 4]) + track_id, (n_rows, 1)),
        landmarks_px=np.zeros((n_rows, 478, 3), np.float32),
        blendshapes=np.zeros((n_rows, 52), np.float32),
        pose_deg=np.zeros((n_rows, 3), np.float32),
        quality=np.ones(n_rows, np.float32),
        crop_quad_px=quads,
    )


def make_analysis(folder: Path, *tracks: Track) -> Analysis:
    source = SourceInfo("clip.mp4", 64, 48, None)
    video = VideoInfo(folder / "clip.mp4", 64, 48, 30.0, N_FRAMES, False, source)
    frame_index = np.arange(N_FRAMES, dtype=np.int32)
    features = tuple(SimpleNamespace(pooled=np.zeros((len(track.rows), 4), np.float32)) for track in tracks)
    return Analysis(video, frame_index, frame_index / 30.0, tracks, features, MODEL, folder)


class FakeEngine:
    """Scores without a model: evidence is the length of the word."""

    default_labels = LABELS

    def __init__(self) -> None:
        self.tracks: tuple[Track, ...] = (make_track(0, [0, 1, 2]), make_track(3, [2, 3, 4, 5]))
        self.failure: Exception | None = None
        self.go_on = threading.Event()
        self.go_on.set()

    def analyze(self, path: str, *, work_dir: Path, on_progress: Any, cancel: Callable[[], bool]) -> Analysis:
        on_progress("analyse", 3, N_FRAMES, None)
        while not self.go_on.wait(0.01):
            if cancel():
                raise CancelledError("stopped")
        if self.failure is not None:
            raise self.failure
        return make_analysis(work_dir, *self.tracks)

    def check_labels(self, labels: list[str]) -> tuple[str, ...]:
        if any(len(label) > 60 for label in labels):
            raise LabelError("A label may have 60 characters.")
        return tuple(label.strip() for label in labels)

    def score(self, analysis: Analysis, labels: tuple[str, ...]) -> Scores:
        row = np.float32([len(label) / 100 for label in labels])
        tracks = []
        for track in analysis.tracks:
            evidence = track.spread(np.tile(row, (len(track.rows), 1)))
            tracks.append(TrackScores(track.id, evidence, track.spread(np.zeros(len(track.rows))), evidence))
        return Scores(labels, analysis.time_s, tuple(tracks))

    def attention(self, analysis: Analysis, label: str, track: int) -> np.ndarray:
        return np.ones((N_FRAMES, 2, 2), np.float32)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "waited for 5 s"
        time.sleep(0.005)
