"""A backbone and a method without weights, for tests of everything around the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hesp.errors import LabelError
from hesp.records import Array, Features

DIMENSION = 8


class StubBackbone:
    """Reads a label's letters as its direction and a crop's mean colours as its features."""

    name = "stub"
    image_size = 32
    batch_size = 4
    weights_sha256 = "0" * 64
    device = "cpu"
    logit_scale = 10.0

    def check_text(self, text: str) -> None:
        if len(text.split()) > 20:
            raise LabelError(f"{text!r} is too long")


class StubMethod:
    """Features are block means of the crop; a label's score is a fixed random projection of them."""

    name = "stub"
    known_labels: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.backbone = StubBackbone()
        self.n_crops = 0

    def embed(self, crops_rgb: Array) -> Features:
        self.n_crops += len(crops_rgb)
        blocks = crops_rgb.reshape(len(crops_rgb), 4, 8, 4, 8, 3).mean(axis=(2, 4)) / 255
        spatial = np.concatenate([blocks, blocks[..., :2] ** 2, blocks], axis=-1).astype(np.float16)
        return Features(spatial.astype(np.float32).mean(axis=(1, 2)), spatial)

    def direction(self, label: str) -> Array:
        direction = np.random.default_rng(sum(map(ord, label))).normal(size=DIMENSION)
        return direction / np.linalg.norm(direction)

    def score(self, pooled: Array, labels: Sequence[str]) -> Array:
        return (pooled @ np.stack([self.direction(label) for label in labels], axis=1)).astype(np.float32)

    def attend(self, features: Features, label: str) -> Array:
        n_frames, height, width, _ = features.spatial.shape
        return (features.spatial.astype(np.float32) @ self.direction(label) / (height * width)).astype(np.float32)
