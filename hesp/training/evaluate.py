"""Accuracy of a method on a file of the form of FER+, predicted by prompts alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hesp.emotions import FERPLUS_EMOTIONS
from hesp.methods import Method
from hesp.records import Array
from hesp.training.ferplus import FerPlusSplit, aligned_crops


@dataclass(frozen=True)
class Accuracy:
    """accuracy and uar (mean recall over the classes that occur) in [0, 1]; recall per class, NaN where none occurs."""

    accuracy: float
    uar: float
    recall: dict[str, float]
    n_faces: int


def embed_pictures(
    method: Method, images: Array, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[Array, Array]:
    """Align, crop and encode grey pictures as the app does with video frames.

    Args:
        method: whose backbone encodes.
        images: (n, s, s) uint8 grey.
        on_progress: called with (done, total).

    Returns:
        pooled (n, d) float32, and found (n,) bool: whether MediaPipe found the face.
    """
    crops, found = aligned_crops(images, method.backbone.image_size, on_progress=on_progress)
    return embed_crops(method, crops), found


def embed_crops(method: Method, crops: Array) -> Array:
    """Pooled features of grey crops: (n, d) float32 from (n, s, s) uint8."""
    step = method.backbone.batch_size
    parts = [crops[start : start + step] for start in range(0, len(crops), step)]
    return np.concatenate([method.embed(np.repeat(part[..., None], 3, axis=3)).pooled for part in parts])


def accuracy_of(predicted: Array, labels: Array) -> Accuracy:
    """Compare predicted (n,) and true (n,) class numbers below 8; pictures with another label do not count."""
    counts = labels < len(FERPLUS_EMOTIONS)
    predicted, labels = predicted[counts], labels[counts]
    correct = predicted == labels
    recall = {
        name: float(correct[labels == number].mean()) if (labels == number).any() else float("nan")
        for number, name in enumerate(FERPLUS_EMOTIONS)
    }
    return Accuracy(float(correct.mean()), float(np.nanmean(list(recall.values()))), recall, len(labels))


def evaluate_ferplus(
    method: Method, split: FerPlusSplit, *, on_progress: Callable[[int, int], None] | None = None
) -> Accuracy:
    """Predict the emotion whose name scores highest; faces voted "unknown" or "not a face" are left out."""
    kept = FerPlusSplit(split.images[split.is_emotion], split.votes[split.is_emotion])
    pooled, _ = embed_pictures(method, kept.images, on_progress=on_progress)
    return accuracy_of(method.score(pooled, FERPLUS_EMOTIONS).argmax(axis=1), kept.labels)
