"""Records as the browser reads them: small facts as JSON, numbers as little-endian binary that is fetched by URL.

Layouts, read back by `static/clip.js` (n analysed frames, k labels, NaN where a face is absent):
- geometry: int32 frame_index (n), then per face float32 (n, 12): box x0 y0 x1 y1, then the four corners of the crop
  that the attention map lies on as x y, clockwise from the crop's own upper left; pixels of the clip.
- curves: per face float32 (k + 1, n): the evidence of each label, then unknown.
- attention: uint8 (n, h, w) of one face and label, 255 the strongest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hesp.records import Analysis, Scores
from hesp.results.overlay import crop_quads
from hesp.ui.palette import LineStyle
from hesp.ui.visit import OpenAnalysis, file_url

Json = dict[str, Any]


def clip_facts(opened: OpenAnalysis) -> Json:
    """Everything about an analysed clip that does not depend on the words."""
    analysis, video = opened.analysis, opened.analysis.video
    return {
        "id": opened.id,
        "video": file_url(video.path),
        "geometry": opened.write("geometry", geometry_bytes(analysis)),
        "fps": video.fps,
        "frames": video.n_frames,
        "rows": len(analysis.frame_index),
        "width": video.width,
        "height": video.height,
        "audio": video.has_audio,
        "faces": [{"id": track.id, "name": f"Face {number}"} for number, track in enumerate(analysis.tracks, start=1)],
    }


def curve_facts(opened: OpenAnalysis, scores: Scores) -> Json:
    """The curves of all faces for one list of labels."""
    return {"clip": opened.id, "labels": list(scores.labels), "url": opened.write("curves", curve_bytes(scores))}


def style_facts(labels: tuple[str, ...], styles: dict[str, LineStyle]) -> Json:
    """How the curve of each label is drawn."""
    return {label: {"color": styles[label].color, "dash": styles[label].dash} for label in labels}


def status_facts(kind: str, title: str, text: str = "", fraction: float | None = None) -> Json:
    """What the card above the player says: `kind` is "working", "note", "error" or "none" (no card)."""
    return {"kind": kind, "title": title, "text": text, "fraction": fraction}


def geometry_bytes(analysis: Analysis) -> bytes:
    """Frame numbers, boxes and crop corners, laid out as the module says."""
    parts = [analysis.frame_index.astype("<i4").tobytes()]
    for position, track in enumerate(analysis.tracks):
        boxes = track.spread(track.box_xyxy_px)
        corners = crop_quads(analysis, position).reshape(len(boxes), 8)
        parts.append(np.concatenate([boxes, corners], axis=1).astype("<f4").tobytes())
    return b"".join(parts)


def curve_bytes(scores: Scores) -> bytes:
    """Evidence and unknown of every face, laid out as the module says."""
    tables = [np.concatenate([track.evidence, track.unknown[:, None]], axis=1).T for track in scores.tracks]
    return b"".join(table.astype("<f4").tobytes() for table in tables)
