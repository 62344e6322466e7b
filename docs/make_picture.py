"""Makes the picture of the page in the README: warps a public-domain photograph into a short play of expressions,
analyses it on the real page in Chromium, types a word and takes a screenshot.

    python docs/make_picture.py docs/images/page.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import skimage.data

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

from browser_driver import Visitor, launch_chromium, running_app  # noqa: E402
from faces import write_clip  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from hesp.face import Landmarker  # noqa: E402

SIZE = (640, 360)
SECONDS, FPS = 8, 30
SHOWN_S = 6.5
# MediaPipe's mesh: mouth corners, middle of the lips, brows
CORNERS, UPPER_LIP, LOWER_LIP = (61, 291), 0, 17
BROWS = ((70, 63, 105, 66), (300, 293, 334, 296))


def pull(shape: tuple[int, int], point: np.ndarray, shift: tuple[float, float], radius: float) -> np.ndarray:
    """Displacement field (h, w, 2) that moves the surroundings of a point, fading out with distance."""
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    weight = np.exp(-((xs - point[0]) ** 2 + (ys - point[1]) ** 2) / (2 * radius**2))
    return weight[..., None] * np.array(shift)


def play(picture: np.ndarray, landmarks: np.ndarray, smile: float, brows: float) -> np.ndarray:
    """Pull mouth corners (smile < 0 lets them down and closes the mouth) and brows by some pixels."""
    field = np.zeros((*picture.shape[:2], 2))
    for corner, inwards in zip(CORNERS, (1, -1), strict=True):
        field += pull(picture.shape[:2], landmarks[corner], (-inwards * 7 * smile, -9 * smile), 9)
    field += pull(picture.shape[:2], landmarks[LOWER_LIP], (0, 9 * min(smile, 0)), 8)
    field += pull(picture.shape[:2], landmarks[UPPER_LIP], (0, -4 * min(smile, 0)), 8)
    for brow in BROWS:
        field += pull(picture.shape[:2], landmarks[list(brow)].mean(axis=0), (0, -9 * brows), 12)
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    shift = field.astype(np.float32)
    return cv2.remap(picture, xs - shift[..., 0], ys - shift[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def make_clip(path: Path) -> Path:
    """Eight seconds: a smile, a sober face, raised brows, and back."""
    picture = cv2.resize(skimage.data.astronaut()[:288], SIZE, interpolation=cv2.INTER_CUBIC)
    with Landmarker(max_faces=1) as landmarker:
        landmarks = landmarker.detect(picture)[0].landmarks_px[:, :2]
    times = np.arange(SECONDS * FPS) / FPS
    smile = np.interp(times, [0, 1.5, 2.3, 5.0, 6.2, 8], [0.3, 0.3, -1.2, -1.2, 0.4, 0.4])
    brows = np.interp(times, [0, 3.2, 3.8, 4.8, 5.4, 8], [0, 0, 0.7, 0.7, 0, 0])
    return write_clip(path, [play(picture, landmarks, s, b) for s, b in zip(smile, brows, strict=True)], fps=FPS)


def main() -> None:
    """Write the picture to the path of the command line."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder)) as address, sync_playwright() as playwright:
        clip = make_clip(Path(folder) / "astronaut.mp4")
        browser = launch_chromium(playwright)
        context = browser.new_context(viewport={"width": 1360, "height": 900})
        visitor = Visitor(context.new_page(), address)
        assert visitor.analyse(clip) == "ready"
        words = visitor.words()
        visitor.type_words("relieved")
        visitor.wait_for_labels([*words, "relieved"])
        visitor.page.mouse.click(*visitor.pixel_of(SHOWN_S))
        visitor.wait_for_frame(round(SHOWN_S * FPS))
        visitor.page.mouse.move(5, 5)
        visitor.page.wait_for_timeout(500)  # the hover box fades
        visitor.page.screenshot(path=str(target))
        browser.close()


if __name__ == "__main__":
    main()
