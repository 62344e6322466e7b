"""Analyse and Stop: takes the clip to the desk, tells how far it is and puts the result on show.

The engine works in a thread of the desk; the handler only looks at the job several times a second, so that Stop, or
the visitor leaving, takes hold at once and waiting costs no thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from hesp.engine import Engine
from hesp.errors import CancelledError, HespError
from hesp.records import Analysis, CancelCallback, ProgressCallback
from hesp.ui.desk import Analyze, Desk, Job, Progress
from hesp.ui.parts import Parts
from hesp.ui.payload import clip_facts, curve_facts, status_facts, style_facts
from hesp.ui.visit import OpenAnalysis, Visit
from hesp.ui.words import show_words, take_labels

LOOK_EVERY_S = 0.15

logger = logging.getLogger(__name__)

Updates = dict[Any, Any]

STAGE_TITLES = {"normalise": "Preparing the clip", "analyse": "Reading faces"}


def analyze_with(engine: Engine) -> Analyze:
    """The engine in the form that the desk calls."""

    def analyze(path: str, folder: Path, on_progress: ProgressCallback, cancel: CancelCallback) -> Analysis:
        return engine.analyze(path, work_dir=folder, on_progress=on_progress, cancel=cancel)

    return analyze


def wire_analysis(engine: Engine, desk: Desk, parts: Parts, page: gr.Blocks) -> None:
    """Connect the two buttons, and stop the work of visitors who leave."""

    async def analyse(path: str | None, proposed: Any, visit: Visit, request: gr.Request) -> AsyncIterator[Updates]:
        """Analyse the clip, report on the way, and show the result or why there is none."""
        # at once, and so that the same message twice is news to the page
        yield {parts.player: gr.HTML(status=status_facts("working", STAGE_TITLES["normalise"]))}
        try:
            if path is None:
                raise HespError("Choose a video file or record one with the camera first.")
            take_labels(engine, visit, proposed)
            job = desk.submit(str(request.session_hash), path)
        except HespError as refusal:
            yield {parts.player: gr.HTML(status=status_facts("error", "Not started", str(refusal)))}
            return
        try:
            yield {**_buttons(parts, working=True), parts.words: show_words(visit, proposed)}
            while not job.done:
                yield {parts.player: gr.HTML(status=_progress_facts(desk, job))}
                await asyncio.sleep(LOOK_EVERY_S)
            player = await asyncio.to_thread(_outcome, engine, visit, job)
            yield {parts.player: player, parts.visit: visit, **_buttons(parts, working=False)}
        finally:
            job.abandon()

    def stop(request: gr.Request) -> Updates:
        """Stop this visitor's analysis; `analyse` notices and puts the page back."""
        desk.stop(request.session_hash)
        return {parts.stop: gr.Button("Stopping…", interactive=False)}

    def leave(request: gr.Request) -> None:
        desk.leave(request.session_hash)

    parts.analyse.click(
        analyse,
        [parts.clip, parts.words, parts.visit],
        [parts.player, parts.words, parts.analyse, parts.stop, parts.visit],
        show_progress="hidden",
        # the desk has the queue: here every visitor may wait
        concurrency_limit=None,
        api_visibility="private",
    )
    parts.stop.click(stop, None, [parts.stop], show_progress="hidden", queue=False, api_visibility="private")
    page.unload(leave)


def _buttons(parts: Parts, *, working: bool) -> Updates:
    """Analyse while nothing runs, Stop while something does."""
    return {
        parts.analyse: gr.Button(visible=not working),
        parts.stop: gr.Button("Stop", visible=working, interactive=True),
    }


def _outcome(engine: Engine, visit: Visit, job: Job) -> gr.HTML:
    """What the player shows once the job is done."""
    try:
        return _show_result(engine, visit, job.claim())
    except CancelledError:
        return gr.HTML(status=status_facts("note", "Stopped", "Press Analyse to start again."))
    except HespError as error:
        return gr.HTML(status=status_facts("error", "This clip cannot be analysed", str(error) + _earlier(visit)))
    except Exception:
        # a bug or a full disk: the visitor gets a sentence, the log gets the traceback
        logger.exception("analysis failed")
        text = "Something went wrong on the server; the details are in its log. Please try again or use another clip."
        return gr.HTML(status=status_facts("error", "This clip cannot be analysed", text + _earlier(visit)))


def _earlier(visit: Visit) -> str:
    """So that nobody takes the result still on show for that of the clip that failed."""
    return " What you see below is the clip before it." if visit.opened else ""


def _show_result(engine: Engine, visit: Visit, opened: OpenAnalysis) -> gr.HTML:
    """Put an analysis on show; one without faces is dropped and the player says so."""
    if not opened.analysis.tracks:
        opened.close()
        visit.show(None)
        advice = "Faces are found best when they look towards the camera, well lit and not too small."
        return gr.HTML(value=None, status=status_facts("note", "No face was found in this clip", advice))
    try:
        scores = engine.score(opened.analysis, visit.labels)
        clip, curves = clip_facts(opened), curve_facts(opened, scores)
    except BaseException:
        opened.close()
        raise
    visit.show(opened)
    styles = style_facts(visit.labels, visit.styles)
    return gr.HTML(value=clip, curves=curves, styles=styles, attention=None, status=status_facts("none", ""))


def _progress_facts(desk: Desk, job: Job) -> dict[str, Any]:
    """What a running or waiting job has to say."""
    if job.stopping:
        return status_facts("working", "Stopping")
    if n_ahead := desk.n_ahead(job):
        people = "1 analysis is" if n_ahead == 1 else f"{n_ahead} analyses are"
        return status_facts("working", "Waiting", f"{people} ahead of yours.")
    if job.progress is None:
        return status_facts("working", STAGE_TITLES["normalise"])
    title = STAGE_TITLES.get(job.progress.stage, "Working")
    return status_facts("working", title, progress_text(job.progress), job.progress.fraction)


def progress_text(progress: Progress) -> str:
    """How far a stage is, in words: "120 of 900 frames, about 8 s left"."""
    if not progress.total:
        return f"{progress.done} frames" if progress.done else ""
    counted = f"{progress.done} of {progress.total} frames"
    left = progress.seconds_left
    if left is None:
        return counted
    return f"{counted}, about {duration_text(left)} left"


def duration_text(seconds: float) -> str:
    """A time to wait, rounded as people would: "8 s", "40 s", "3 min"."""
    if seconds < 15:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min"
