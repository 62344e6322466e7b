"""The page: composes its parts and connects them; what each does is told in its own module."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from hesp.engine import Engine
from hesp.ui.analysis import analyze_with, wire_analysis
from hesp.ui.desk import Desk
from hesp.ui.parts import Parts, read_static
from hesp.ui.player import player_part, wire_player
from hesp.ui.visit import Visit
from hesp.ui.words import first_visit, wire_words, words_part

TITLE = "HESP"
# a visitor's results are deleted this long after their last use, uploads this long after they came
KEEP_S = 3600


def build_page(engine: Engine, desk: Desk) -> gr.Blocks:
    """The page for one loaded engine; `desk` runs its analyses."""
    start = first_visit(engine.default_labels)
    page = gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(KEEP_S, KEEP_S))
    with page:
        visit = gr.State(start, time_to_live=KEEP_S, delete_callback=Visit.close)
        _header()
        with gr.Row(equal_height=False, elem_id="columns"):
            with gr.Column(scale=4, min_width=300):
                clip = _clip_input()
                analyse = gr.Button("Analyse", variant="primary", elem_id="analyse")
                stop = gr.Button("Stop", variant="stop", elem_id="stop", visible=False)
                words = words_part(start)
            with gr.Column(scale=9, min_width=300):
                player = player_part()
        gr.HTML(read_static("footer.html"), elem_id="footer", apply_default_css=False)
        parts = Parts(clip, words, analyse, stop, player, visit)
        wire_analysis(engine, desk, parts, page)
        wire_words(engine, parts)
        wire_player(engine, parts)
    return page


def analysis_desk(engine: Engine, folder: Path, *, slots: int) -> Desk:
    """The desk that runs this engine's analyses, `slots` at a time, in `folder`."""
    return Desk(analyze_with(engine), folder, slots=slots)


def _header() -> None:
    """Name, purpose and the switch between light and dark."""
    with gr.Row(elem_id="header"):
        gr.HTML(read_static("header.html"), apply_default_css=False)
        dark = gr.Button("Dark or light", variant="secondary", size="sm", elem_id="dark", min_width=44, scale=0)
    dark.click(None, None, None, js="() => { document.body.classList.toggle('dark'); }")


def _clip_input() -> gr.Video:
    """Upload or recording. With these options Gradio never looks for an ffmpeg of its own nor for a microphone."""
    return gr.Video(
        sources=["upload", "webcam"],
        include_audio=True,
        label="Clip",
        elem_id="clip",
        height=250,
        buttons=[],
        webcam_options=gr.WebcamOptions(
            mirror=True,
            constraints={
                "audio": False,
                "video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30}},
            },
        ),
    )
