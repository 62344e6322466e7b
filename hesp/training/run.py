"""What the training stages share: a run's folder, its log, its resumable state, and its learning-rate schedule."""

from __future__ import annotations

import csv
import math
import time
from pathlib import Path
from typing import Any

import torch


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a training state so that a crash leaves either the old one or the new one."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def load_state(path: Path) -> dict[str, Any] | None:
    """The state saved last, tensors and plain values only, or None at a fresh start."""
    return dict(torch.load(path, map_location="cpu", weights_only=True)) if path.is_file() else None


def cosine_rate(step: int, n_steps: int, *, warmup: int) -> float:
    """Factor on the base learning rate: linear warm-up, then half a cosine down to zero (arXiv 1608.03983)."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, n_steps - warmup))))


class RunLog:
    """Appends one row of figures an epoch to `log.csv` and prints it."""

    def __init__(self, path: Path) -> None:
        """Rows are appended, so a resumed run goes on in the same file."""
        self.path = path
        self._start = time.monotonic()

    def write(self, **figures: float) -> None:
        """Log one row; every row of a file has the same columns."""
        figures["seconds"] = time.monotonic() - self._start
        is_new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow(figures)
            writer.writerow([f"{value:.5g}" for value in figures.values()])
        print("  ".join(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)
