"""Starts the real app and one Chromium for all browser tests; skips them where there is no browser to drive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytest.importorskip("skimage", reason="scikit-image is not installed: pip install scikit-image")

import browser_clips as clips
from browser_driver import Visitor, find_chromium, launch_chromium, running_app
from playwright.sync_api import Browser, sync_playwright


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all clips."""
    if find_chromium() is None:
        pytest.skip("no Chromium found: install one, or set HESP_CHROMIUM to its path")
    folder = tmp_path_factory.mktemp("media")
    clips.write_face_clip(folder / "face.mp4", seconds=3)
    clips.write_face_clip(folder / "long.mp4", seconds=10)
    clips.write_two_faces(folder / "two.mp4", seconds=1.5)
    clips.write_face_that_leaves(folder / "leaves.mp4", seconds=3)
    clips.write_empty_clip(folder / "empty.mp4", seconds=1)
    clips.write_camera_tape(folder / "camera.y4m", seconds=2)
    (folder / "note.mp4").write_text("This is no video.\n" * 20)
    return folder


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app keeps uploads, results and its log."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="session")
def address(media: Path, app_folder: Path) -> Iterator[str]:
    """Where the app is served."""
    with running_app(app_folder) as found:
        yield found


@pytest.fixture(scope="session")
def browser(media: Path) -> Iterator[Browser]:
    """One Chromium with a fake camera."""
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright, media / "camera.y4m")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def open_page(browser: Browser, address: str) -> Callable[..., Visitor]:
    """Opens the page as a new visitor; options are those of a browser context."""

    def open_as(**options: object) -> Visitor:
        context = browser.new_context(viewport={"width": 1360, "height": 900}, **options)
        return Visitor(context.new_page(), address)

    return open_as


@pytest.fixture
def visitor(open_page: Callable[..., Visitor]) -> Iterator[Visitor]:
    """A new visitor; no script of the page may have failed when they leave."""
    opened = open_page()
    yield opened
    opened.page.context.close()
    assert opened.errors == []


@pytest.fixture(scope="module")
def analysed(open_page: Callable[..., Visitor], media: Path) -> Iterator[Visitor]:
    """A visitor who has analysed the clip with one face; shared by the tests of a module."""
    opened = open_page()
    assert opened.analyse(media / "face.mp4") == "ready"
    yield opened
    opened.page.context.close()
    assert opened.errors == []
