"""The widgets of the page by name, and how one is made of the files in `static/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Parts:
    """What event handlers read and change; `visit` is the visitor's `Visit`."""

    clip: gr.Video
    words: gr.HTML
    analyse: gr.Button
    stop: gr.Button
    player: gr.HTML
    visit: gr.State


def read_static(name: str) -> str:
    """Text of one file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


def html_part(name: str, *, scripts: tuple[str, ...] = (), **options: Any) -> gr.HTML:
    """A gr.HTML made of `static/{name}.html`, `.css` and `.js`; `scripts` are put before the last.

    The template never mentions a property: Gradio then leaves the page's nodes alone when one changes and the script
    alone decides what to redraw. A function and not a subclass: Gradio writes a .pyi file beside a subclass's module
    and runs its constructor again at each update.
    """
    code = "\n".join(read_static(f"{script}.js") for script in (*scripts, name))
    return gr.HTML(
        html_template=read_static(f"{name}.html"),
        css_template=read_static(f"{name}.css"),
        js_on_load=code,
        elem_id=name,
        apply_default_css=False,
        container=True,
        padding=True,
        **options,
    )
