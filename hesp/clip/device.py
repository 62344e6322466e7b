"""Where the network runs: CUDA, else Apple's MPS, else the CPU, or as told."""

from __future__ import annotations

import torch

from hesp.errors import BackboneError


def choose_device(name: str | None = None) -> torch.device:
    """The device named ("cpu", "cuda", "cuda:1", "mps"), or the best one there is for None or "auto".

    Raises:
        BackboneError: the name is not a device of this machine.
    """
    if name is None or name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BackboneError(f"{name!r} is not a device; use cpu, cuda, cuda:N, mps or auto.") from error
    if not _is_present(device):
        raise BackboneError(f"This machine has no device {name!r}; use --device cpu, or auto for the best there is.")
    return device


def batch_size(device: torch.device) -> int:
    """Crops per call of the image encoder: a GPU wants many at once, a CPU gains nothing past a few."""
    return 16 if device.type == "cpu" else 64


def precision(device: torch.device) -> str:
    """open_clip's name of the number format: half precision where the hardware is made for it."""
    return "fp16" if device.type == "cuda" else "fp32"


def _is_present(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"
