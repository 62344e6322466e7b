"""Drives the real page: starts the app, opens it in Chromium, and knows where things are on it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser_clips import BARCODE_BITS, BARCODE_CELL, BARCODE_LEFT, BARCODE_TOP
from playwright.sync_api import Browser, Locator, Page, Playwright

PROJECT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 90
ANALYSIS_TIMEOUT_MS = 60_000

READ_BARCODE = """([bits, left, top, cell]) => {
  const video = document.querySelector("#player video"), canvas = document.createElement("canvas");
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  let number = 0;
  for (let bit = 0; bit < bits; bit++) {
    const [red] = context.getImageData(left + (bit + 0.5) * cell, top + cell / 2, 1, 1).data;
    if (red > 127) number += 2 ** bit;
  }
  return number;
}"""


def find_chromium() -> str | None:
    """Path of a Chromium to drive: HESP_CHROMIUM, or one on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("HESP_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_app(folder: Path, *arguments: str) -> Iterator[str]:
    """The app as a user starts it, with its uploads and log in `folder`; yields its address."""
    port = free_port()
    backbone = os.environ.get("HESP_TEST_BACKBONE", "mini")
    command = [sys.executable, "app.py", "--port", str(port), "--backbone", backbone, *arguments]
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(folder / "uploads"), "PYTHONUNBUFFERED": "1"}
    log = folder / "app.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until_served(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_served(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the first page, or fail with what the app printed."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        assert process.poll() is None, f"the app ended:\n{log.read_text()}"
        try:
            urllib.request.urlopen(address, timeout=5).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"no page within {START_TIMEOUT_S} s:\n{log.read_text()}")


def launch_chromium(playwright: Playwright, camera_tape: Path | None = None) -> Browser:
    """Chromium without a window; with a fake camera if there is a tape for it."""
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera_tape}"]
    options = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    arguments = options + (camera if camera_tape else [])
    return playwright.chromium.launch(executable_path=find_chromium(), args=arguments)


class Visitor:
    """One open page and what a person does on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        self.wait_for_state("empty")

    # ---- reading the page

    def data(self, name: str) -> str:
        """A data attribute of the player, as text."""
        return self.page.locator("#player .player").get_attribute(f"data-{name}") or ""

    def labels(self) -> list[str]:
        """The words whose curves are drawn."""
        return list(json.loads(self.data("labels")))

    def words(self) -> list[str]:
        """The words on the chips."""
        return self.page.locator(".words-chip span").all_text_contents()

    def curves(self) -> dict[str, list[float]]:
        """What plotly draws: values by name."""
        script = "[...document.querySelector('.plot').data].map(t => [t.name, [...t.y]])"
        return dict(self.page.evaluate(script))

    def frame(self) -> int:
        """The frame that the overlay belongs to."""
        return int(self.data("frame"))

    def barcode(self) -> int:
        """The frame that the video shows."""
        return int(self.page.evaluate(READ_BARCODE, [BARCODE_BITS, BARCODE_LEFT, BARCODE_TOP, BARCODE_CELL]))

    def card(self) -> str:
        """The text of the card above the player."""
        return self.page.locator(".card").inner_text()

    @property
    def timeline(self) -> Locator:
        return self.page.locator(".timeline")

    # ---- waiting

    def wait_for(self, condition: str, argument: Any = None, *, timeout_ms: int = 15_000) -> None:
        """Wait until a JavaScript condition on `player` (its root element) and `argument` holds."""
        script = f"(argument) => {{ const player = document.querySelector('#player .player'); return {condition}; }}"
        self.page.wait_for_function(script, arg=argument, timeout=timeout_ms)

    def wait_for_state(self, *states: str) -> str:
        """Wait for one of these values of data-state."""
        self.wait_for("player && argument.includes(player.dataset.state)", list(states), timeout_ms=ANALYSIS_TIMEOUT_MS)
        return self.data("state")

    def wait_for_labels(self, labels: Iterable[str]) -> None:
        """Wait until the curves of exactly these words are drawn, in whatever order."""
        drawn = "player.dataset.labels && JSON.stringify(JSON.parse(player.dataset.labels).sort())"
        self.wait_for(f"{drawn} === JSON.stringify(argument.sort())", list(labels))

    def wait_for_frame(self, frame: int) -> None:
        """Wait until the video stands still on this frame and the overlay is drawn for it."""
        self.wait_for("Number(player.dataset.frame) === argument && !player.querySelector('video').seeking", frame)

    # ---- doing

    def upload(self, clip: Path) -> None:
        """Put a file into the clip input, in place of what is there."""
        clear = self.page.locator("#clip [aria-label='Clear']")
        if clear.count():
            clear.click()
        self.page.set_input_files("#clip input[type=file]", str(clip))
        self.page.wait_for_selector("#clip video")

    def analyse(self, clip: Path) -> str:
        """Upload a clip, analyse it and wait for the outcome."""
        self.upload(clip)
        return self.press_analyse()

    def press_analyse(self) -> str:
        """Analyse what is in the clip input and wait for the outcome."""
        before = self.data("clip")
        # so that an earlier outcome is not taken for the new one
        self.page.evaluate("document.querySelector('#player .player').dataset.state = ''")
        self.page.click("#analyse")
        self.wait_for(
            "['error', 'note'].includes(player.dataset.state)"
            " || (player.dataset.state === 'ready' && player.dataset.clip !== argument && player.dataset.drawn)",
            before,
            timeout_ms=ANALYSIS_TIMEOUT_MS,
        )
        return self.data("state")

    def type_words(self, text: str) -> None:
        """Type into the word box and press Enter."""
        self.page.fill(".words-input", text)
        self.page.press(".words-input", "Enter")

    def remove_word(self, word: str) -> None:
        """Press the cross on a chip."""
        self.page.get_by_role("button", name=f"Remove {word}", exact=True).click()

    def pixel_of(self, seconds: float) -> tuple[float, float]:
        """Where on the page the timeline has this time."""
        script = """seconds => {
          const plot = document.querySelector('.plot'), axis = plot._fullLayout.xaxis;
          const box = plot.getBoundingClientRect();
          return [box.left + axis._offset + axis.l2p(seconds), box.top + 60];
        }"""
        x, y = self.page.evaluate(script, seconds)
        return x, y
