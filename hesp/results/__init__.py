"""What is made of scores: segments in time, summaries, exports and overlays."""

from hesp.results.export import check_writable, to_json, write_json
from hesp.results.overlay import attention_grid, crop_quads
from hesp.results.summary import summarise
from hesp.results.timeline import Segment, leading_spans, segments

__all__ = [
    "Segment",
    "attention_grid",
    "check_writable",
    "crop_quads",
    "leading_spans",
    "segments",
    "summarise",
    "to_json",
    "write_json",
]
