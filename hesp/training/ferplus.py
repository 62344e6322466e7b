"""FER+ pictures and votes from a data file, and the aligned crops that the app would cut out of them.

Form of the file: `{split}_images` (n, 48, 48) uint8 grey and `{split}_votes` (n, 10) uint8 with the columns neutral,
happiness, surprise, sadness, anger, disgust, fear, contempt, unknown, not-a-face (Barsoum et al. 2016,
arXiv 1608.01041). A blendshape file holds `names` (52,) and `{split}_blendshapes` (n, 52), NaN where no face was found.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hesp.emotions import FERPLUS_EMOTIONS
from hesp.errors import DataError
from hesp.face import BLENDSHAPE_NAMES, Landmarker, crop_transform, pad_small_face, warp_crop
from hesp.records import Array

N_VOTE_COLUMNS = 10


@dataclass(frozen=True)
class FerPlusSplit:
    """One split: images (n, s, s) uint8 grey, votes (n, 10) uint8."""

    images: Array
    votes: Array

    @property
    def labels(self) -> Array:
        """Arg-max over all 10 vote columns, ties to the lowest: (n,) int64, 8 and 9 are "unknown" and "not a face"."""
        return np.asarray(self.votes.argmax(axis=1))

    @property
    def is_emotion(self) -> Array:
        """Which pictures count for accuracy: (n,) bool, the arg-max is one of the eight emotions."""
        return np.asarray(self.labels < len(FERPLUS_EMOTIONS))

    def emotion_shares(self) -> Array:
        """Share of each emotion among all ten columns' votes: (n, 8) float32; zero where nobody voted."""
        total = np.maximum(self.votes.sum(axis=1, keepdims=True), 1)
        return np.asarray(self.votes[:, : len(FERPLUS_EMOTIONS)] / total, dtype=np.float32)


def load_split(path: Path, split: str) -> FerPlusSplit:
    """Read one split of a data file.

    Raises:
        DataError: the file is missing or not of this form; the message says what was found.
    """
    images, votes = (read_array(path, f"{split}_{part}") for part in ("images", "votes"))
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.dtype != np.uint8:
        raise DataError(f"{path}: {split}_images must be (n, s, s) uint8, but is {images.shape} {images.dtype}.")
    if votes.shape != (len(images), N_VOTE_COLUMNS):
        raise DataError(f"{path}: {split}_votes must be ({len(images)}, {N_VOTE_COLUMNS}), but is {votes.shape}.")
    return FerPlusSplit(images, votes)


def load_blendshapes(path: Path, split: str, n_images: int) -> Array:
    """Read the blendshapes of one split: (n, 52) float32 in [0, 1], ordered as BLENDSHAPE_NAMES, NaN without a face.

    Raises:
        DataError: the file is missing, has other names, or another number of rows than there are pictures.
    """
    names, values = read_array(path, "names"), read_array(path, f"{split}_blendshapes")
    if list(names) != list(BLENDSHAPE_NAMES) or values.shape != (n_images, len(BLENDSHAPE_NAMES)):
        raise DataError(f"{path}: expected the {len(BLENDSHAPE_NAMES)} MediaPipe blendshapes of {n_images} pictures.")
    return values.astype(np.float32)


def read_array(path: Path, name: str) -> Array:
    """One array of an .npz file; DataError says what is missing."""
    try:
        with np.load(path, allow_pickle=False) as data:
            if name not in data:
                raise DataError(f"{path} holds no array {name!r}; it has {', '.join(data.files)}.")
            return np.asarray(data[name])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a readable .npz file ({error}).") from error


def aligned_crops(
    images: Array, size_px: int, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Array, Array]:
    """Cut each picture as the app cuts a video frame.

    Where MediaPipe finds no face, the mean transform of the others stands in.

    Args:
        images: (n, s, s) uint8 grey.
        size_px: side of the crops.
        on_progress: called with (done, total).

    Returns:
        crops (n, size_px, size_px) uint8 grey and found (n,) bool.
    """
    transforms = np.full((len(images), 2, 3), np.nan)
    with Landmarker(max_faces=1) as landmarker:
        for row, image in enumerate(images):
            faces = landmarker.detect(_enlarged(image))
            if faces:
                transforms[row] = crop_transform(faces[0].landmarks_px, size_px)
            if on_progress is not None:
                on_progress(row + 1, len(images))
    found = ~np.isnan(transforms).any(axis=(1, 2))
    fallback = transforms[found].mean(axis=0) if found.any() else _whole_picture(size_px)
    transforms[~found] = fallback
    crops = [
        warp_crop(_enlarged(image), transform, size_px)[..., 0]
        for image, transform in zip(images, transforms, strict=True)
    ]
    return np.stack(crops) if crops else np.zeros((0, size_px, size_px), np.uint8), found


def _enlarged(image: Array) -> Array:
    return pad_small_face(np.repeat(image[..., None], 3, axis=2))


def _whole_picture(size_px: int) -> Array:
    """The transform that shows the picture without its replicated border."""
    scale = size_px / (256 * 48 / 80)
    return np.array([[scale, 0, -scale * 256 * 16 / 80], [0, scale, -scale * 256 * 16 / 80]])
