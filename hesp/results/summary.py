"""A few readable lines on an analysis: per face, which label leads when."""

from __future__ import annotations

import numpy as np

from hesp.records import Analysis, Scores, Track, TrackScores
from hesp.results.timeline import leading_spans

MAX_SPANS = 40


def summarise(analysis: Analysis, scores: Scores) -> str:
    """Text for a terminal, several lines."""
    video = analysis.video
    lines = [
        f"{video.source.path}: {video.duration_s:.1f} s, {video.width}x{video.height}, "
        f"{len(analysis.time_s)} frames analysed ({analysis.analysed_fps:.3g} a second)"
    ]
    if not analysis.tracks:
        return "\n".join([*lines, "No face was found in this clip."])
    for track, track_scores in zip(analysis.tracks, scores.tracks, strict=True):
        lines += _face_lines(scores, track, track_scores, video.start_s)
    return "\n".join(lines)


def _face_lines(scores: Scores, track: Track, track_scores: TrackScores, offset_s: float) -> list[str]:
    """Lines of one face; `offset_s` turns the clip's times into those of the file that a part was cut from."""
    share = len(track.rows) / track.n_frames
    lines = [f"Face {track.id + 1}: seen in {share:.0%} of the frames, mean quality {track.quality.mean():.2f}"]
    spans = leading_spans(scores, track_scores)
    for label, start_s, end_s in spans[:MAX_SPANS]:
        # the first frame always counts: a still picture lasts no time
        inside = (scores.time_s >= start_s - 1e-6) & (
            (scores.time_s < end_s - 1e-6) | (scores.time_s <= start_s + 1e-6)
        )
        if label == "unknown":
            mean = float(np.nanmean(track_scores.unknown[inside]))
        else:
            mean = float(np.nanmean(track_scores.evidence[inside, scores.labels.index(label)]))
        lines.append(f"  {offset_s + start_s:7.2f} - {offset_s + end_s:7.2f} s  {label}  {mean:.2f}")
    if len(spans) > MAX_SPANS:
        lines.append(f"  ... and {len(spans) - MAX_SPANS} more stretches; --json has everything")
    return lines
