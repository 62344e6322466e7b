"""The small interface all methods share: crops to features without any label, features and labels to scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hesp.clip import Backbone
from hesp.records import Array, Features


class Method(Protocol):
    """Turns a backbone's features into raw scores; the engine calibrates them.

    Attributes:
        name: as in `--method`.
        backbone: the frozen dual encoder.
        known_labels: the labels a checkpoint learned prompts for; empty for zero-shot.
    """

    name: str
    backbone: Backbone
    known_labels: tuple[str, ...]

    def embed(self, crops_rgb: Array) -> Features:
        """Encode aligned crops (n, s, s, 3) uint8 RGB of one track; typed words change nothing here."""
        ...

    def score(self, pooled: Array, labels: Sequence[str]) -> Array:
        """Raw score of each frame and label: (n, k) float32 from pooled features (n, d); higher is more."""
        ...

    def attend(self, features: Features, label: str) -> Array:
        """Where the evidence lies: (n, h, w) float32, signed; what the values add up to is the method's to say."""
        ...
