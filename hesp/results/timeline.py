"""From score curves to statements about time: which label leads when.

A label leads where its evidence is the largest and more than half, and a segment of it goes on until the evidence has
fallen below a lower threshold (hysteresis, as in pyannote's Binarize), so that a curve at the edge does not flicker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hesp.records import Array, Scores, TrackScores

ONSET, OFFSET = 0.5, 0.4
MIN_DURATION_S = 0.25


@dataclass(frozen=True)
class Segment:
    """A stretch of time in which one label is shown; times in seconds, evidence in [0, 1]."""

    label: str
    start_s: float
    end_s: float
    peak: float
    peak_s: float
    mean: float


def leading_label(track: TrackScores) -> Array:
    """Per frame the column of the largest evidence, -1 where the face is absent: (n_frames,) int64."""
    absent = np.isnan(track.unknown)
    return np.where(absent, -1, np.nan_to_num(track.evidence, nan=-1.0).argmax(axis=1))


def segments(scores: Scores, track: TrackScores) -> tuple[Segment, ...]:
    """Stretches in which a label's evidence is high, by label and then by time; they may overlap between labels."""
    frame_s = _frame_duration(scores.time_s)
    found = []
    for column, label in enumerate(scores.labels):
        evidence = track.evidence[:, column]
        for first, last in _runs(evidence):
            start_s, end_s = float(scores.time_s[first]), float(scores.time_s[last - 1]) + frame_s
            is_whole_clip = last - first == len(evidence)
            if end_s - start_s + 1e-9 < MIN_DURATION_S and not is_whole_clip:
                continue
            part = evidence[first:last]
            peak = first + int(part.argmax())
            found.append(
                Segment(label, start_s, end_s, float(part.max()), float(scores.time_s[peak]), float(part.mean()))
            )
    return tuple(found)


def leading_spans(scores: Scores, track: TrackScores) -> tuple[tuple[str, float, float], ...]:
    """The clip as one sequence of (label, start_s, end_s): who leads when; "unknown" where no label fits better.

    Times without the face are left out, and spans shorter than MIN_DURATION_S are given to their neighbour.
    """
    frame_s = _frame_duration(scores.time_s)
    best = np.nan_to_num(track.evidence, nan=-1.0).max(axis=1)
    state = np.where(np.isnan(track.unknown), -2, np.where(track.unknown > best, -1, leading_label(track)))
    spans: list[list[int]] = []
    for first, last in _equal_runs(state):
        is_short = (last - first) * frame_s + 1e-9 < MIN_DURATION_S
        if spans and spans[-1][1] == first and (is_short or spans[-1][2] == state[first]) and state[first] != -2:
            spans[-1][1] = last
        elif state[first] != -2:
            spans.append([first, last, int(state[first])])
    names = (*scores.labels, "unknown")  # -1 is the last
    return tuple(
        (names[code], float(scores.time_s[first]), float(scores.time_s[last - 1]) + frame_s)
        for first, last, code in spans
    )


def _frame_duration(time_s: Array) -> float:
    return float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0


def _runs(evidence: Array) -> list[tuple[int, int]]:
    """Runs [first, last) that reach ONSET and stay above OFFSET; a gap (NaN) ends a run."""
    above = np.nan_to_num(evidence, nan=0.0) >= OFFSET
    return [(first, last) for first, last in _equal_runs(above) if above[first] and evidence[first:last].max() >= ONSET]


def _equal_runs(values: Array) -> list[tuple[int, int]]:
    """Half-open runs of equal values."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    return [(int(a), int(b)) for a, b in zip(edges[:-1], edges[1:], strict=True) if b > a]
