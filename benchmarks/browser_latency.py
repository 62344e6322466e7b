"""How fast the page answers, in Chromium, on a 30 s clip with 8 words: a new word, and a click on the timeline.

    python benchmarks/browser_latency.py

Starts the real app and prints medians in milliseconds. Times are taken inside the page: from the key or the pointer to
the first animation frame after everything is drawn.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

import browser_clips as clips
from browser_driver import Visitor, launch_chromium, running_app
from playwright.sync_api import sync_playwright

CLIP_S = 30
# with the seven that are there from the start
EIGHTH_WORD = "contempt"
NEW_WORDS = ("smug", "bored", "relieved", "jealous", "proud", "deep thought", "amused", "in pain", "shy", "tired")
CLICKS_S = (3.0, 27.1, 11.4, 19.9, 0.5, 15.2, 8.8, 23.3, 29.6, 5.1, 13.7, 21.0)

# Resolves with the milliseconds from now until data-{name} has another value and the screen was drawn.
MEASURE = """([name, act, argument]) => new Promise((resolve) => {
  const player = document.querySelector("#player .player");
  const before = player.dataset[name], began = performance.now();
  const observer = new MutationObserver(() => {
    if (player.dataset[name] === before) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - began));
  });
  observer.observe(player, { attributes: true });
  if (act === "word") {
    const input = document.querySelector(".words-input");
    input.value = argument;
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  } else {
    const plot = document.querySelector(".plot"), axis = plot._fullLayout.xaxis, box = plot.getBoundingClientRect();
    const clientX = box.left + axis._offset + axis.l2p(argument), clientY = box.top + 60;
    for (const type of ["pointerdown", "pointerup"]) {
      plot.dispatchEvent(new PointerEvent(type, { clientX, clientY, bubbles: true }));
    }
  }
})"""


def measure_words(visitor: Visitor) -> list[float]:
    """Milliseconds from Enter to redrawn curves, for each new word; it is removed again before the next."""
    times = []
    for word in NEW_WORDS:
        base = visitor.words()
        times.append(visitor.page.evaluate(MEASURE, ["drawn", "word", word]))
        visitor.wait_for_labels([*base, word])
        visitor.remove_word(word)
        visitor.wait_for_labels(base)
    return times


def measure_clicks(visitor: Visitor) -> list[float]:
    """Milliseconds from a press on the timeline to the frame and its overlay."""
    times = []
    for seconds in CLICKS_S:
        times.append(visitor.page.evaluate(MEASURE, ["frame", "click", seconds]))
        visitor.page.wait_for_timeout(150)
    return times


def show(name: str, times: list[float], bar_ms: float | None) -> None:
    """Print one line."""
    bar = "" if bar_ms is None else f" (bar {bar_ms:.0f})"
    print(f"{name}: median {statistics.median(times):.0f} ms{bar}, from {min(times):.0f} to {max(times):.0f}")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = clips.write_face_clip(folder / "face.mp4", seconds=CLIP_S)
        with running_app(folder) as address, sync_playwright() as playwright:
            browser = launch_chromium(playwright)
            visitor = Visitor(browser.new_page(viewport={"width": 1360, "height": 900}), address)
            visitor.type_words(EIGHTH_WORD)
            state = visitor.analyse(clip)
            if state != "ready":
                sys.exit(f"the clip could not be analysed: {visitor.card()}")
            visitor.wait_for("player.dataset.heatReady === 'true'")
            show("Enter to redrawn curves", measure_words(visitor), 300)
            show("click to frame and overlay", measure_clicks(visitor), 40)
            browser.close()


if __name__ == "__main__":
    main()
