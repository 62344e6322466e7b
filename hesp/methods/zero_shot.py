"""The zero-shot method: a label's score is the cosine between the face and the label's prompts, nothing is learned.

For a backbone that pools by mean, attention is exact: with x_p the projected feature at place p of P, v their mean and
t a unit text vector, scale * cos(v, t) is the sum over p of scale * x_p . t / (P |v|), and the map is these terms. It
stands before bias, calibration and window mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hesp.clip import Backbone
from hesp.emotions import Vocabulary, load_vocabulary
from hesp.methods.prompts import label_prompts
from hesp.records import Array, Features

# places whose features are converted to float32 at a time when a map is computed
_CHUNK_FRAMES = 512
_MAX_CACHED_LABELS = 512


class ZeroShot:
    """Cosine to the mean of a label's prompts."""

    name = "zero-shot"
    known_labels: tuple[str, ...] = ()

    def __init__(self, backbone: Backbone, vocabulary: Vocabulary | None = None) -> None:
        """Wrap a backbone; the vocabulary (default: the shipped one) gives known emotions their prompts."""
        self.backbone = backbone
        self._vocabulary = vocabulary or load_vocabulary()
        self._directions: dict[str, Tensor] = {}

    def embed(self, crops_rgb: Array) -> Features:
        """Encode aligned crops: (n, s, s, 3) uint8 RGB to pooled (n, d) float32 and spatial (n, h, w, d) float16."""
        pooled, spatial = self.backbone.encode_images(crops_rgb)
        return Features(pooled.cpu().numpy(), spatial.half().cpu().numpy())

    def direction(self, label: str) -> Tensor:
        """Unit vector of a label: the mean over its prompts' unit vectors, normalised; (d,) on the CPU."""
        if label not in self._directions:
            if len(self._directions) >= _MAX_CACHED_LABELS:
                self._directions.pop(next(iter(self._directions)), None)
            groups = label_prompts(label, self._vocabulary)
            means = torch.stack([self.backbone.encode_texts(group).mean(dim=0) for group in groups])
            self._directions[label] = functional.normalize(means.mean(dim=0), dim=0).cpu()
        return self._directions[label]

    def score(self, pooled: Array, labels: Sequence[str]) -> Array:
        """Scaled cosine of each frame and label: (n, k) float32 from pooled features (n, d)."""
        directions = torch.stack([self.direction(label) for label in labels])
        unit = functional.normalize(torch.from_numpy(np.asarray(pooled, dtype=np.float32)), dim=-1)
        return np.asarray((self.backbone.logit_scale * unit @ directions.T).numpy())

    def attend(self, features: Features, label: str) -> Array:
        """Terms of the scaled cosine by place: (n, h, w) float32; for mean pooling they sum to `score`."""
        direction = self.direction(label).numpy()
        n_frames, height, width, _ = features.spatial.shape
        norms = np.linalg.norm(features.pooled, axis=1).reshape(-1, 1, 1)
        maps = np.empty((n_frames, height, width), dtype=np.float32)
        for start in range(0, n_frames, _CHUNK_FRAMES):
            part = slice(start, start + _CHUNK_FRAMES)
            maps[part] = np.asarray(features.spatial[part], dtype=np.float32) @ direction
        return np.asarray(self.backbone.logit_scale / (height * width) * maps / np.maximum(norms, 1e-6))
