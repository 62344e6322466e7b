"""From a clip to curves, and everything that can come between: Stop, bad files, no face, the camera."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser_driver import ANALYSIS_TIMEOUT_MS, Visitor

pytestmark = pytest.mark.browser


def test_without_a_clip_the_page_says_what_to_do(visitor: Visitor) -> None:
    assert "press Analyse" in visitor.page.inner_text(".empty")
    assert visitor.press_analyse() == "error"
    assert "Choose a video file or record one" in visitor.card()


def test_nothing_is_asked_from_outside(visitor: Visitor, address: str, media: Path) -> None:
    assert visitor.analyse(media / "face.mp4") == "ready"
    visitor.type_words("smug")
    visitor.wait_for("player.dataset.labels.includes('smug')")
    own = (address, "data:", "blob:")
    assert [url for url in visitor.requests if not url.startswith(own)] == []


def test_words_chosen_before_the_analysis_are_used_by_it(visitor: Visitor, media: Path) -> None:
    visitor.type_words("smug, deep thought")
    visitor.remove_word("fear")
    assert visitor.analyse(media / "face.mp4") == "ready"
    assert {"smug", "deep thought"} <= set(visitor.labels())
    assert "fear" not in visitor.labels()


def test_stop_ends_the_work_and_the_next_analysis_runs(visitor: Visitor, media: Path) -> None:
    visitor.upload(media / "long.mp4")
    visitor.page.click("#analyse")
    visitor.wait_for("document.querySelector('.card-title').textContent === 'Reading faces'")
    visitor.page.click("#stop")
    began = time.monotonic()
    assert visitor.wait_for_state("note") == "note"
    assert time.monotonic() - began < 3
    assert "Stopped" in visitor.card()
    visitor.page.wait_for_selector("#analyse:visible")
    assert not visitor.page.is_visible("#stop")
    assert visitor.analyse(media / "face.mp4") == "ready"


def test_stop_keeps_the_clip_on_show(visitor: Visitor, media: Path) -> None:
    assert visitor.analyse(media / "face.mp4") == "ready"
    clip = visitor.data("clip")
    visitor.upload(media / "long.mp4")
    visitor.page.click("#analyse")
    visitor.page.click("#stop")
    visitor.wait_for_state("note")
    assert visitor.data("clip") == clip
    visitor.type_words("smug")
    visitor.wait_for("player.dataset.labels.includes('smug')")


def test_leaving_stops_the_work(visitor: Visitor, media: Path, app_folder: Path) -> None:
    visitor.upload(media / "long.mp4")
    before = set(app_folder.glob("uploads/hesp-*/*"))
    visitor.page.click("#analyse")
    visitor.wait_for("document.querySelector('.card-title').textContent === 'Reading faces'")
    (folder,) = set(app_folder.glob("uploads/hesp-*/*")) - before
    visitor.page.goto("about:blank")
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not folder.exists(), "the analysis ran on without its visitor"


def test_file_that_is_no_video_is_explained(visitor: Visitor, media: Path) -> None:
    assert visitor.analyse(media / "note.mp4") == "error"
    assert "note.mp4" in visitor.card()
    assert "Traceback" not in visitor.page.content()
    assert visitor.analyse(media / "face.mp4") == "ready"


def test_clip_without_a_face_says_so(visitor: Visitor, media: Path) -> None:
    assert visitor.analyse(media / "empty.mp4") == "note"
    assert "No face was found in this clip" in visitor.card()


def test_absent_face_is_a_gap(visitor: Visitor, media: Path) -> None:
    assert visitor.analyse(media / "leaves.mp4") == "ready"
    values = visitor.curves()["unknown"]
    assert all(math.isnan(value) for value in values[35:55])
    assert not any(math.isnan(value) for value in values[5:25])
    visitor.page.mouse.click(*visitor.pixel_of(45 / 30))
    visitor.wait_for_frame(45)
    assert visitor.page.inner_text(".now-label") == "No face here"


def test_two_faces_have_curves_of_their_own(visitor: Visitor, media: Path) -> None:
    assert visitor.analyse(media / "two.mp4") == "ready"
    buttons = visitor.page.locator(".faces button")
    assert buttons.all_text_contents() == ["Face 1", "Face 2"]
    first = visitor.curves()
    buttons.nth(1 - int(visitor.data("face"))).click()
    visitor.wait_for("player.dataset.drawn === '2'")
    assert visitor.curves() != first
    assert [button.get_attribute("aria-pressed") for button in buttons.all()].count("true") == 1


def test_camera_recording_is_analysed(open_page: Callable[..., Visitor]) -> None:
    visitor = open_page(permissions=["camera"])
    page = visitor.page
    page.click("#clip [aria-label='Capture from camera']")
    page.click("#clip >> text=Click to Access Webcam")
    page.click("#clip [aria-label='start recording']")
    page.wait_for_timeout(2000)
    page.click("#clip >> text=Stop")
    page.wait_for_selector("#clip video[src]")
    assert visitor.press_analyse() == "ready"
    values = visitor.curves()["happiness"]
    assert len(values) > 20
    assert not all(math.isnan(value) for value in values)
    assert visitor.errors == []
    page.context.close()


def test_refused_camera_is_explained(visitor: Visitor) -> None:
    visitor.page.click("#clip [aria-label='Capture from camera']")
    visitor.page.click("#clip >> text=Click to Access Webcam")
    visitor.page.wait_for_selector("#clip-message")
    assert "camera" in visitor.page.inner_text("#clip-message")
    # the refusal itself is Gradio's unhandled rejection
    visitor.errors.clear()


def test_visitors_see_only_their_own(open_page: Callable[..., Visitor], media: Path) -> None:
    one, other = open_page(), open_page()
    one.upload(media / "face.mp4")
    other.upload(media / "two.mp4")
    one.page.click("#analyse")
    other.page.click("#analyse")
    for visitor in (one, other):
        visitor.wait_for("player.dataset.state === 'ready' && player.dataset.drawn", timeout_ms=ANALYSIS_TIMEOUT_MS)
    assert one.page.locator(".faces button:visible").count() == 0
    assert other.page.locator(".faces button").count() == 2
    for visitor in (one, other):
        visitor.page.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 400), ("dark", 1360)])
def test_page_fits_and_follows_the_colour_scheme(
    open_page: Callable[..., Visitor], media: Path, scheme: str, width: int
) -> None:
    visitor = open_page(color_scheme=scheme)
    visitor.page.set_viewport_size({"width": width, "height": 800})
    assert visitor.analyse(media / "face.mp4") == "ready"
    overflow = visitor.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    is_dark = visitor.page.evaluate("document.body.classList.contains('dark')")
    assert is_dark == (scheme == "dark")
    if folder := os.environ.get("HESP_SCREENSHOTS"):
        visitor.page.screenshot(path=Path(folder) / f"{scheme}_{width}.png", full_page=True)
    visitor.page.context.close()
