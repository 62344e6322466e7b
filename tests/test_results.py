"""Segments, summaries and files made of scores."""

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from hesp.errors import MediaError
from hesp.records import Array, Scores, TrackScores
from hesp.results import attention_grid, leading_spans, segments, write_json

NAN = float("nan")


def make_scores(evidence: Array, unknown: Array | None = None, fps: float = 10.0) -> Scores:
    evidence = np.asarray(evidence, dtype=np.float32)
    unknown = np.where(np.isnan(evidence[:, 0]), NAN, 0.1) if unknown is None else unknown
    labels = tuple("abc"[: evidence.shape[1]])
    track = TrackScores(0, evidence, np.asarray(unknown, np.float32), evidence.copy())
    return Scores(labels, np.arange(len(evidence)) / fps, (track,))


def test_a_segment_starts_high_and_ends_low() -> None:
    curve = [0.1, 0.45, 0.6, 0.9, 0.45, 0.42, 0.3, 0.1]
    scores = make_scores(np.array(curve)[:, None])
    (found,) = segments(scores, scores.tracks[0])
    assert (found.label, found.start_s, found.peak_s) == ("a", pytest.approx(0.1), pytest.approx(0.3))
    assert found.end_s == pytest.approx(0.6)
    assert found.peak == pytest.approx(0.9)
    assert found.mean == pytest.approx(np.mean(curve[1:6]))


def test_a_gap_ends_a_segment_and_flickers_are_dropped() -> None:
    curve = [0.9, 0.9, 0.9, NAN, NAN, 0.9, 0.9, 0.9, 0.1, 0.9, 0.1]
    scores = make_scores(np.array(curve)[:, None])
    found = segments(scores, scores.tracks[0])
    assert [(s.start_s, s.end_s) for s in found] == [
        (pytest.approx(0.0), pytest.approx(0.3)),
        (pytest.approx(0.5), pytest.approx(0.8)),
    ]


def test_leading_spans_name_the_leader_the_unknown_and_leave_out_gaps() -> None:
    evidence = np.array([[0.8, 0.1]] * 4 + [[0.2, 0.9]] * 4 + [[NAN, NAN]] * 3 + [[0.2, 0.1]] * 4)
    unknown = np.array([0.1] * 8 + [NAN] * 3 + [0.9] * 4)
    scores = make_scores(evidence, unknown)
    spans = leading_spans(scores, scores.tracks[0])
    assert [name for name, _, _ in spans] == ["a", "b", "unknown"]
    assert [(start, end) for _, start, end in spans] == [
        (pytest.approx(0.0), pytest.approx(0.4)),
        (pytest.approx(0.4), pytest.approx(0.8)),
        (pytest.approx(1.1), pytest.approx(1.5)),
    ]


def test_a_still_picture_has_one_span_and_segment() -> None:
    scores = make_scores(np.array([[0.8]]))
    assert len(segments(scores, scores.tracks[0])) == 1
    assert leading_spans(scores, scores.tracks[0]) == (("a", 0.0, 0.0),)


def test_a_grid_shows_the_positive_part_on_one_scale() -> None:
    maps = np.array([[[1.0, -5.0]], [[0.5, 0.0]], [[NAN, NAN]]])
    assert attention_grid(maps, np.array([0.9, 0.6, NAN])).tolist() == [[[255, 0]], [[127, 0]], [[0, 0]]]
    assert attention_grid(np.full((2, 3, 3), -1.0), np.ones(2)).max() == 0


def test_a_word_that_is_absent_hardly_glows() -> None:
    maps = np.ones((2, 2, 2))
    there, absent = attention_grid(maps, np.array([0.8, 0.02])).max(axis=(1, 2))
    assert there == 255
    assert absent < 15


def test_a_json_file_appears_whole_with_the_users_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json({"a": 1}, str(path))
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_failed_write_keeps_the_old_file_and_leaves_no_part(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")

    def no_space(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(MediaError, match="No space left"):
        write_json({"a": 1}, str(path))
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
