"""The words to look for, as chips; a change redraws the curves and nothing else.

The browser proposes a list, the engine checks it. A list that is refused is answered with the one before it.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from hesp.engine import Engine
from hesp.errors import LabelError
from hesp.ui.palette import assign_styles
from hesp.ui.parts import Parts, html_part
from hesp.ui.payload import Json, curve_facts, status_facts, style_facts
from hesp.ui.visit import Visit

EXPIRED = status_facts(
    "note", "This analysis is gone", "Results are deleted after an hour without use. Press Analyse to make it again."
)


def first_visit(labels: tuple[str, ...]) -> Visit:
    """What a visitor begins with: the model's own words and no clip."""
    return Visit(labels=labels, styles=assign_styles(labels, {}))


def words_part(visit: Visit) -> gr.HTML:
    """The chips of a first visit."""
    return html_part("words", value=list(visit.labels), styles=style_facts(visit.labels, visit.styles), message="")


def take_labels(engine: Engine, visit: Visit, proposed: Any) -> None:
    """Make the proposed words those of this visit; LabelError if the engine refuses them."""
    if not isinstance(proposed, list) or not all(isinstance(label, str) for label in proposed):
        raise LabelError("These words could not be read; please type them again.")
    visit.labels = engine.check_labels(proposed)
    visit.styles = assign_styles(visit.labels, visit.styles)


def show_words(visit: Visit, proposed: Any, message: str = "") -> gr.HTML:
    """Update of the chips to what the server holds.

    The list itself is sent only if it is another than was proposed: a word that was typed meanwhile would be lost.
    """
    changed: Json = {} if proposed == list(visit.labels) else {"value": list(visit.labels)}
    return gr.HTML(**changed, styles=style_facts(visit.labels, visit.styles), message=message)


def wire_words(engine: Engine, parts: Parts) -> None:
    """Redraw the curves when a word comes or goes."""

    def rescore(proposed: Any, clip: Json | None, visit: Visit) -> dict[Any, Any]:
        """Take the words over and score the clip on show with them."""
        # setting the chips from here comes back as a change of theirs
        if proposed == list(visit.labels):
            return {parts.visit: visit}
        try:
            take_labels(engine, visit, proposed)
        except LabelError as refusal:
            return {parts.words: show_words(visit, proposed, str(refusal)), parts.visit: visit}
        updates: dict[Any, Any] = {parts.words: show_words(visit, proposed), parts.visit: visit}
        if visit.opened is not None:
            scores = engine.score(visit.opened.analysis, visit.labels)
            styles = style_facts(visit.labels, visit.styles)
            updates[parts.player] = gr.HTML(curves=curve_facts(visit.opened, scores), styles=styles)
        elif clip:
            updates[parts.player] = gr.HTML(status=EXPIRED)
        return updates

    parts.words.change(
        rescore,
        [parts.words, parts.player, parts.visit],
        [parts.words, parts.player, parts.visit],
        show_progress="hidden",
        trigger_mode="always_last",
        queue=False,
        api_visibility="private",
    )
