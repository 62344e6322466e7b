"""What can be done on an analysed clip: words come and go, the timeline is clicked, dragged and driven by keys."""

from __future__ import annotations

import pytest
from browser_driver import Visitor

pytestmark = pytest.mark.browser

FPS, N_FRAMES = 30, 90
WORDS = {"neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear"}
COLORS = "Object.fromEntries([...document.querySelector('.plot').data].map(trace => [trace.name, trace.line.color]))"


@pytest.fixture(autouse=True)
def start(analysed: Visitor) -> None:
    """The first words, and the clip on frame 45."""
    for word in set(analysed.words()) - WORDS:
        analysed.remove_word(word)
    if missing := WORDS - set(analysed.words()):
        analysed.type_words(", ".join(missing))
    analysed.wait_for_labels(WORDS)
    seek_by_click(analysed, 45)


def seek_by_click(analysed: Visitor, frame: int) -> None:
    analysed.page.mouse.click(*analysed.pixel_of(frame / FPS))
    analysed.wait_for_frame(frame)


def test_there_is_a_curve_per_word_and_one_for_unknown(analysed: Visitor) -> None:
    curves = analysed.curves()
    assert set(curves) == {*WORDS, "unknown"}
    assert all(len(values) == N_FRAMES and 0 <= min(values) <= max(values) <= 1 for values in curves.values())


def test_typed_word_adds_a_curve_and_leaves_the_video_alone(analysed: Visitor) -> None:
    before, n_requests = analysed.curves(), len(analysed.requests)
    playhead = analysed.page.get_attribute(".playhead", "style")
    analysed.page.evaluate("document.querySelector('#player video').dataset.mark = 'same node'")

    analysed.type_words("smug")
    analysed.wait_for_labels({*WORDS, "smug"})

    after = analysed.curves()
    for label in WORDS:
        assert after[label] == pytest.approx(before[label], abs=1e-5), "evidence depends on which other words are there"
    assert all(now <= then + 1e-6 for now, then in zip(after["unknown"], before["unknown"], strict=True))
    assert analysed.page.get_attribute("#player video", "data-mark") == "same node"
    assert not [url for url in analysed.requests[n_requests:] if url.endswith(".mp4")], "the video was loaded again"
    assert analysed.page.get_attribute(".playhead", "style") == playhead
    assert analysed.frame() == analysed.barcode() == 45


def test_removed_word_takes_its_curve_along_and_the_others_keep_their_colours(analysed: Visitor) -> None:
    before = analysed.page.evaluate(COLORS)
    analysed.remove_word("happiness")
    analysed.wait_for_labels(WORDS - {"happiness"})
    after = analysed.page.evaluate(COLORS)
    assert after == {name: color for name, color in before.items() if name != "happiness"}
    analysed.type_words("happiness")
    analysed.wait_for_labels(WORDS)
    assert analysed.page.evaluate(COLORS) == before


def test_pasted_list_is_split_and_cleaned(analysed: Visitor) -> None:
    analysed.type_words("  calm ;  calm,, Happiness, deep  thought ")
    analysed.wait_for_labels({*WORDS, "calm", "deep thought"})
    assert set(analysed.words()) == {*WORDS, "calm", "deep thought"}


def test_words_typed_in_quick_succession_all_arrive(analysed: Visitor) -> None:
    new = ["calm", "proud", "bored", "jealous", "amused"]
    for word in new:
        analysed.type_words(word)
    analysed.wait_for_labels({*WORDS, *new})
    assert set(analysed.words()) == {*WORDS, *new}


def test_refused_list_is_explained_and_the_chips_stay(analysed: Visitor) -> None:
    # without the input's own limit
    analysed.page.locator(".words-input").evaluate("(input) => input.removeAttribute('maxlength')")
    analysed.type_words("z" * 61)
    analysed.page.wait_for_function("document.querySelector('.words-message').textContent.includes('60 characters')")
    analysed.wait_for("document.querySelectorAll('.words-chip').length === argument", len(WORDS))
    assert set(analysed.words()) == WORDS


def test_markup_in_a_word_stays_text(analysed: Visitor) -> None:
    word = "<b>bold</b> & <img src=x onerror=alert(1)>"
    analysed.type_words(word)
    analysed.wait_for_labels({*WORDS, word})
    assert word in analysed.words()
    assert word in analysed.page.locator(".row-name").all_text_contents()
    assert analysed.page.locator(".words img, .rows img, .plot img").count() == 0


@pytest.mark.parametrize("frame", [0, 1, 31, 62, 89])
def test_click_shows_that_frame_with_its_own_overlay(analysed: Visitor, frame: int) -> None:
    seek_by_click(analysed, frame)
    assert analysed.barcode() == frame


def test_drag_scrubs_and_ends_where_it_is_let_go(analysed: Visitor) -> None:
    mouse = analysed.page.mouse
    mouse.move(*analysed.pixel_of(10 / FPS))
    mouse.down()
    for frame in range(10, 71, 4):
        mouse.move(*analysed.pixel_of(frame / FPS))
    mouse.up()
    analysed.wait_for_frame(70)
    assert analysed.barcode() == 70


def test_keys_move_by_frame_second_and_end(analysed: Visitor) -> None:
    assert analysed.timeline.get_attribute("role") == "slider"
    analysed.timeline.focus()
    for key, frame in [("ArrowRight", 46), ("ArrowLeft", 45), ("Shift+ArrowRight", 75), ("End", 89), ("Home", 0)]:
        analysed.page.keyboard.press(key)
        analysed.wait_for_frame(frame)
        assert analysed.barcode() == frame
    assert analysed.timeline.get_attribute("aria-valuenow") == "0.00"
    assert analysed.timeline.get_attribute("aria-valuetext").startswith("0.00 seconds, ")


def test_overlay_follows_each_frame_of_play(analysed: Visitor) -> None:
    seek_by_click(analysed, 0)
    analysed.page.evaluate(
        """() => {
          const player = document.querySelector("#player .player"), seen = window.seenFrames = new Set();
          const observer = new MutationObserver(() => seen.add(Number(player.dataset.frame)));
          observer.observe(player, { attributes: true, attributeFilter: ["data-frame"] });
        }"""
    )
    analysed.page.click(".play")
    analysed.page.wait_for_timeout(1500)
    analysed.page.click(".play")
    analysed.page.wait_for_timeout(300)
    assert analysed.barcode() == analysed.frame() > 20
    # a busy machine may drop a few
    assert analysed.page.evaluate("seenFrames.size") > 0.5 * analysed.frame()


def test_picked_word_shows_its_own_heatmap(analysed: Visitor) -> None:
    analysed.page.click(".word-row:has-text('anger')")
    analysed.wait_for("player.dataset.heat === 'anger' && player.dataset.heatReady === 'true'")
    assert analysed.page.get_attribute(".word-row:has-text('anger')", "aria-pressed") == "true"
    coloured = """() => {
      const canvas = document.querySelector("canvas.overlay");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 20 && data[i] > data[i + 2] + 40) count++;
      return count;
    }"""
    assert analysed.page.evaluate(coloured) == 0  # the face smiles: there is no anger to point at
    analysed.page.click(".word-row:has-text('happiness')")
    analysed.wait_for("player.dataset.heat === 'happiness' && player.dataset.heatReady === 'true'")
    assert analysed.page.evaluate(coloured) > 50
    analysed.page.fill(".opacity", "0")
    assert analysed.page.evaluate(coloured) == 0
    analysed.page.fill(".opacity", "0.65")
