"""From raw scores, which are not comparable between words, to evidence and to the probability of "unknown".

Each label's raw score is standardised by what it usually is, then mapped by one logistic function for all labels:
so a label's evidence does not depend on which others are active, and `unknown`, a decreasing function of the largest
standardised score, never rises when a label is added.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.special import expit

from hesp.emotions import load_vocabulary
from hesp.errors import MethodError
from hesp.methods import Method
from hesp.records import Array

BANK_NAME = "calibration.safetensors"
CURVES_NAME = "calibration.json"

# A label's zero is the median over ordinary faces and its one a high quantile: a rare expression lies far out in
# the tail, a common one does not, and a mean and deviation would favour the rare.
LOW_QUANTILE, HIGH_QUANTILE = 0.5, 0.99


@dataclass(frozen=True)
class Curves:
    """Slopes and thresholds of the two logistic functions over standardised scores, and what they were fitted on."""

    evidence_slope: float
    evidence_threshold: float
    unknown_slope: float
    unknown_threshold: float
    measured_on: str

    def evidence(self, standardised: Array) -> Array:
        """Evidence in [0, 1] of standardised scores of any shape, float32; NaN stays NaN."""
        return np.asarray(expit(self.evidence_slope * (standardised - self.evidence_threshold)), dtype=np.float32)

    def unknown(self, standardised: Array) -> Array:
        """Probability in [0, 1] that no label fits: (n,) float32 from (n, k) standardised scores."""
        return np.asarray(
            expit(self.unknown_slope * (self.unknown_threshold - standardised.max(axis=1))), dtype=np.float32
        )

    def shares(self, standardised: Array, unknown: Array) -> Array:
        """Division of 1 - unknown among the labels by softmax: (n, k) float32."""
        logits = self.evidence_slope * standardised
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True) * (1 - unknown[:, None]), dtype=np.float32)


# For a backbone that no faces were kept of; not fitted, so that the curves have a readable range and no more.
GENERIC_CURVES = Curves(1.5, 1.0, 1.5, 0.75, "not fitted: this backbone has no calibration")


class BankCalibration:
    """Standardises by a stored bank of ordinary faces' features."""

    def __init__(self, bank: Array, curves: Curves) -> None:
        """Keep the bank, (b, d) pooled features as the backbone makes them."""
        self.bank = np.asarray(bank, dtype=np.float32)
        self.curves = curves

    def standardise(self, method: Method, raw: Array, pooled: Array, labels: tuple[str, ...]) -> Array:
        """Zero at the label's median over the bank, one at its high quantile: (n, k) from raw scores (n, k)."""
        usual = method.score(self.bank, labels)
        low, high = np.quantile(usual, [LOW_QUANTILE, HIGH_QUANTILE], axis=0)
        return np.asarray((raw - low) / np.maximum(high - low, 1e-6))

    def save(self, folder: Path) -> None:
        """Write the bank (float16) and the curves beside a checkpoint's weights."""
        save_file({"bank": self.bank.astype(np.float16)}, folder / BANK_NAME)
        (folder / CURVES_NAME).write_text(json.dumps(asdict(self.curves), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> BankCalibration:
        """Read what `save` wrote.

        Raises:
            MethodError: a file is missing or damaged.
        """
        try:
            curves = Curves(**json.loads((folder / CURVES_NAME).read_text(encoding="utf-8")))
            return cls(load_file(folder / BANK_NAME)["bank"], curves)
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise MethodError(f"The calibration in {folder} does not load ({error}); restore the folder.") from error


class VocabularyCalibration:
    """Standardises each frame by the scores of the vocabulary's entries, for backbones without a bank."""

    curves = GENERIC_CURVES

    def standardise(self, method: Method, raw: Array, pooled: Array, labels: tuple[str, ...]) -> Array:
        """Deviation from the frame's mean over the vocabulary, in its deviations: (n, k) from raw scores (n, k)."""
        names = tuple(emotion.name for emotion in load_vocabulary().emotions)[:64]
        usual = method.score(pooled, names)
        return np.asarray(
            (raw - usual.mean(axis=1, keepdims=True)) / np.maximum(usual.std(axis=1, keepdims=True), 1e-6)
        )


def fit_curves(standardised: Array, shares: Array, measured_on: str) -> Curves:
    """Fit both logistic functions by maximum likelihood.

    Evidence: each (face, emotion) pair's share of the votes is the target. Unknown: each emotion in turn is taken
    off the list of labels, and faces whose leading emotion it is are then unknown; both kinds weigh the same.

    Args:
        standardised: (n, k) scores of faces and emotions.
        shares: (n, k) vote shares.
        measured_on: what the faces are, in words.
    """
    evidence = _fit_logistic(standardised.ravel(), shares.ravel(), np.ones(shares.size))
    leading = shares.argmax(axis=1)
    scores, targets = [], []
    for left_out in range(shares.shape[1]):
        scores.append(np.delete(standardised, left_out, axis=1).max(axis=1))
        targets.append((leading == left_out).astype(float))
    score, is_unknown = np.concatenate(scores), np.concatenate(targets)
    weights = np.where(is_unknown > 0, 0.5 / is_unknown.mean(), 0.5 / (1 - is_unknown.mean()))
    slope, threshold = _fit_logistic(score, 1 - is_unknown, weights)
    return Curves(*evidence, slope, threshold, measured_on)


def _fit_logistic(scores: Array, targets: Array, weights: Array) -> tuple[float, float]:
    """Slope (positive) and threshold of the logistic that fits soft targets best."""

    def loss(parameters: Array) -> float:
        logit = np.exp(parameters[0]) * (scores - parameters[1])
        return float((weights * (np.logaddexp(0, logit) - targets * logit)).sum() / weights.sum())

    best = minimize(loss, np.array([1.0, 0.5]), method="Nelder-Mead").x
    return float(np.exp(best[0])), float(best[1])
