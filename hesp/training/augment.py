"""Random changes that bring small grey stills nearer to modern video; all on a whole batch of tensors at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

MAX_ROTATION_DEG = 12.0
SCALE_RANGE = (0.86, 1.16)
MAX_SHIFT = 0.07
MAX_SHEAR = 0.06
GAMMA_RANGE = (0.6, 1.6)
MAX_NOISE = 0.04
OCCLUSION_PROBABILITY = 0.3
OCCLUSION_SIDE = (0.15, 0.4)
BLUR_PROBABILITY = 0.35


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Apply every change below: (n, 1, s, s) float in [0, 1] to the same shape and range."""
    images = _move(images, generator)
    images = _blur(images, generator)
    images = _relight(images, generator)
    return _occlude(images, generator).clamp_(0, 1)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _move(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror, turn, scale, shear and shift: what is left of alignment's errors and of small turns of the head."""
    n = len(images)
    angle = _uniform(n, -MAX_ROTATION_DEG, MAX_ROTATION_DEG, generator) * math.pi / 180
    scale = _uniform(n, *SCALE_RANGE, generator)
    mirror = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    # narrowing alone is what a turned head looks like to first order
    narrow = _uniform(n, 1.0, 1.15, generator)
    shear = _uniform(n, -MAX_SHEAR, MAX_SHEAR, generator)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift_x, shift_y = (_uniform(n, -2 * MAX_SHIFT, 2 * MAX_SHIFT, generator) for _ in range(2))
    rows = [cos * mirror * narrow, sin + shear, shift_x, -sin * mirror * narrow, cos, shift_y]
    grid = functional.affine_grid(torch.stack(rows, dim=1).view(n, 2, 3), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blur(images: Tensor, generator: torch.Generator) -> Tensor:
    """Smooth or sharpen some pictures: blends them with (or away from) their own low-pass."""
    low = functional.avg_pool2d(functional.pad(images, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    amount = _uniform(len(images), -0.8, 1.0, generator)
    amount = torch.where(torch.rand(len(images), generator=generator) < BLUR_PROBABILITY, amount, 0.0)
    return images + amount.view(-1, 1, 1, 1) * (low - images)


def _relight(images: Tensor, generator: torch.Generator) -> Tensor:
    """Gamma, a light from one side, and noise. Plain brightness and contrast are taken out by the trunk itself."""
    n, _, height, width = images.shape
    log_gamma = _uniform(n, math.log(GAMMA_RANGE[0]), math.log(GAMMA_RANGE[1]), generator)
    images = images.clamp(1e-3, 1) ** log_gamma.exp().view(-1, 1, 1, 1)
    ramp = torch.linspace(-1, 1, width).view(1, 1, 1, width)
    images = images * (1 + _uniform(n, -0.35, 0.35, generator).view(-1, 1, 1, 1) * ramp)
    noise = torch.randn(images.shape, generator=generator)
    return images + noise * _uniform(n, 0, MAX_NOISE, generator).view(-1, 1, 1, 1)


def _occlude(images: Tensor, generator: torch.Generator) -> Tensor:
    """Cover a random rectangle with a random grey: a hand, a microphone, hair (random erasing, arXiv 1708.04896)."""
    n, _, height, width = images.shape
    chosen = torch.rand(n, generator=generator) < OCCLUSION_PROBABILITY
    centre_y, centre_x = (torch.rand(n, 1, 1, generator=generator) for _ in range(2))
    half_y, half_x = (_uniform(n, *OCCLUSION_SIDE, generator).view(n, 1, 1) / 2 for _ in range(2))
    ys, xs = torch.linspace(0, 1, height).view(1, height, 1), torch.linspace(0, 1, width).view(1, 1, width)
    inside = ((ys - centre_y).abs() < half_y) & ((xs - centre_x).abs() < half_x) & chosen.view(n, 1, 1)
    grey = torch.rand(n, 1, 1, 1, generator=generator)
    return torch.where(inside[:, None], grey, images)
