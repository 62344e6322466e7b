"""What the page answers to its buttons, words and requests."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ui_stubs import LABELS, FakeEngine, make_analysis

pytest.importorskip("gradio")

from hesp.errors import MediaError
from hesp.ui.desk import Desk
from hesp.ui.page import build_page
from hesp.ui.palette import assign_styles
from hesp.ui.visit import OpenAnalysis, Visit, new_folder

REQUEST = SimpleNamespace(session_hash="visitor")


class PageHandlers:
    """The page's handlers by name, with their answers by the widget's id on the page."""

    def __init__(self, engine: FakeEngine, desk: Desk) -> None:
        page = build_page(engine, desk)
        self._functions = {function.name: function.fn for function in page.fns.values()}

    def __call__(self, name: str, *arguments: Any) -> dict[str, dict[str, Any]]:
        return self._by_id(self._functions[name](*arguments))

    def analyse(self, path: str | None, labels: Any, visit: Visit) -> list[dict[str, dict[str, Any]]]:
        """All answers of the handler that reports on the way."""

        async def collect() -> list[dict[str, dict[str, Any]]]:
            answers = self._functions["analyse"](path, labels, visit, REQUEST)
            return [self._by_id(answer) async for answer in answers]

        # in a thread of its own: playwright keeps a loop running in this one once a browser test has run
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, collect()).result()

    @staticmethod
    def _by_id(answer: dict[Any, Any]) -> dict[str, dict[str, Any]]:
        return {part.elem_id: update.constructor_args for part, update in answer.items() if part.elem_id}


@pytest.fixture
def handlers(engine: FakeEngine, desk: Desk) -> PageHandlers:
    return PageHandlers(engine, desk)


def test_analysis_reports_and_shows(handlers: PageHandlers) -> None:
    visit = Visit(LABELS, assign_styles(LABELS, {}))
    answers = handlers.analyse("clip.mp4", ["happiness", "calm"], visit)
    assert answers[0]["player"]["status"]["kind"] == "working"
    assert answers[1]["stop"]["visible"]
    last = answers[-1]
    assert last["player"]["curves"]["labels"] == ["happiness", "calm"]
    assert [face["name"] for face in last["player"]["value"]["faces"]] == ["Face 1", "Face 2"]
    assert last["player"]["status"]["kind"] == "none"
    assert last["analyse"]["visible"]
    assert not last["stop"]["visible"]
    assert visit.labels == ("happiness", "calm")
    visit.close()


def test_missing_clip_and_bad_words_are_explained(handlers: PageHandlers) -> None:
    for path, labels, text in [
        (None, ["calm"], "Choose a video"),
        ("clip.mp4", ["z" * 61], "60 characters"),
        ("clip.mp4", "calm", "type them again"),
        ("clip.mp4", [1], "type them again"),
    ]:
        status = handlers.analyse(path, labels, Visit(LABELS))[-1]["player"]["status"]
        assert status["kind"] == "error"
        assert text in status["text"]


def test_errors_are_one_sentence_and_the_buttons_come_back(
    engine: FakeEngine, handlers: PageHandlers, tmp_path: Path
) -> None:
    for failure, text in [
        (MediaError("It is no video."), "It is no video."),
        (OSError("disk"), "Something went wrong"),
    ]:
        engine.failure = failure
        last = handlers.analyse("clip.mp4", ["calm"], Visit(LABELS))[-1]
        assert last["player"]["status"]["kind"] == "error"
        assert text in last["player"]["status"]["text"]
        assert last["analyse"]["visible"]
    assert list(tmp_path.iterdir()) == []


def test_clip_without_faces_is_a_note(engine: FakeEngine, handlers: PageHandlers, tmp_path: Path) -> None:
    engine.tracks = ()
    last = handlers.analyse("clip.mp4", ["calm"], Visit(LABELS))[-1]
    assert last["player"]["status"]["title"] == "No face was found in this clip"
    assert last["player"]["value"] is None
    assert list(tmp_path.iterdir()) == []


def test_stop_ends_the_handler(engine: FakeEngine, handlers: PageHandlers, desk: Desk) -> None:
    engine.go_on.clear()
    threading.Timer(0.3, lambda: handlers("stop", REQUEST)).start()
    last = handlers.analyse("clip.mp4", ["calm"], Visit(LABELS))[-1]
    assert last["player"]["status"]["title"] == "Stopped"
    assert last["analyse"]["visible"]


def test_new_words_change_only_the_curves(engine: FakeEngine, handlers: PageHandlers, tmp_path: Path) -> None:
    visit = Visit(LABELS, assign_styles(LABELS, {}))
    visit.show(OpenAnalysis(make_analysis(tmp_path, *engine.tracks), new_folder(tmp_path)))
    answer = handlers("rescore", [*LABELS, "calm"], None, visit)
    assert set(answer["player"]) == {"curves", "styles"}
    assert answer["player"]["curves"]["labels"] == [*LABELS, "calm"]
    assert "value" not in answer["words"], "a word typed meanwhile would be lost"
    assert visit.labels == (*LABELS, "calm")


def test_refused_words_are_taken_back(handlers: PageHandlers) -> None:
    visit = Visit(LABELS, assign_styles(LABELS, {}))
    answer = handlers("rescore", [*LABELS, "z" * 61], None, visit)
    assert answer["words"]["value"] == list(LABELS)
    assert "60 characters" in answer["words"]["message"]
    assert "player" not in answer
    # the answer comes back as a change: it must not wipe the message
    assert handlers("rescore", list(LABELS), None, visit) == {}


def test_words_for_an_analysis_that_is_gone_say_so(handlers: PageHandlers) -> None:
    visit = Visit(LABELS, assign_styles(LABELS, {}))
    answer = handlers("rescore", ["calm"], {"id": "old"}, visit)
    assert answer["player"]["status"]["title"] == "This analysis is gone"


def test_attention_is_sent_only_for_what_the_visitor_has(
    engine: FakeEngine, handlers: PageHandlers, tmp_path: Path
) -> None:
    visit = Visit(LABELS, assign_styles(LABELS, {}))
    opened = OpenAnalysis(make_analysis(tmp_path, *engine.tracks), new_folder(tmp_path))
    visit.show(opened)

    def ask(**data: Any) -> dict[str, Any]:
        return handlers("attend", SimpleNamespace(_data=data), visit)

    facts = ask(clip=opened.id, label="smug", face=3)["player"]["attention"]
    assert (facts["label"], facts["face"], facts["height"], facts["width"]) == ("smug", 3, 2, 2)
    assert ask(clip="another", label="smug", face=3) == {}
    assert ask(clip=opened.id, label="calm", face=3) == {}
    assert ask(clip=opened.id, label="smug", face=1) == {}
    assert ask(clip=opened.id, label=["smug"], face="3") == {}
    assert ask() == {}
