"""The player: video with overlay, timeline and readout. One gr.HTML that stays in step without the server.

Its properties are set from Python: `value` (the clip), `curves`, `styles`, `attention` and `status`. It asks back with
one event, "attend": whose attention map for which word to show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import plotly

from hesp.engine import Engine
from hesp.results.overlay import attention_grid
from hesp.ui.parts import Parts, html_part
from hesp.ui.payload import Json
from hesp.ui.visit import OpenAnalysis, Visit, file_url

PLOTLY_SCRIPT = Path(plotly.__file__).resolve().parent / "package_data" / "plotly.min.js"
SCRIPTS = ("clip", "heatmap", "overlay", "timeline", "readout", "controls", "status")


def player_part() -> gr.HTML:
    """The empty player."""
    # the one file, not its folder: everything in a static path can be read by anyone
    gr.set_static_paths([PLOTLY_SCRIPT])
    return html_part(
        "player",
        scripts=SCRIPTS,
        head=f'<script src="{file_url(PLOTLY_SCRIPT)}"></script>',
        curves=None,
        styles=None,
        attention=None,
        status=None,
        min_height=300,
    )


def wire_player(engine: Engine, parts: Parts) -> None:
    """Answer the player's requests for attention maps."""

    def attend(request: gr.EventData, visit: Visit) -> dict[Any, Any]:
        """Send the attention map of one face and word; nothing for a clip or word that is gone."""
        asked: Json = request._data or {}
        opened, label, face = visit.opened, asked.get("label"), asked.get("face")
        if opened is None or asked.get("clip") != opened.id or label not in visit.labels:
            return {parts.visit: visit}
        if face not in [track.id for track in opened.analysis.tracks]:
            return {parts.visit: visit}
        facts = attention_facts(engine, opened, str(label), int(face))
        return {parts.player: gr.HTML(attention=facts), parts.visit: visit}

    parts.player.attend(
        attend,
        [parts.visit],
        [parts.player, parts.visit],
        show_progress="hidden",
        trigger_mode="always_last",
        queue=False,
        api_visibility="private",
    )


def attention_facts(engine: Engine, opened: OpenAnalysis, label: str, face: int) -> Json:
    """Where the browser finds the attention map of one face and label."""
    position = opened.analysis.track_position(face)
    evidence = engine.score(opened.analysis, [label]).tracks[position].evidence[:, 0]
    grid = attention_grid(engine.attention(opened.analysis, label, face), evidence)
    _, height, width = grid.shape
    url = opened.write("attention", grid.tobytes())
    return {"clip": opened.id, "label": label, "face": face, "url": url, "height": height, "width": width}
