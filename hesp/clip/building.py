"""An untrained `mini`, and writing a trained one as an ordinary open_clip folder."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import open_clip
import torch
from safetensors.torch import save_file
from torch import Tensor

from hesp.clip.loading import CONFIG_NAME
from hesp.clip.mini import OPEN_CLIP_CONFIG

WEIGHTS_NAME = "model.safetensors"
IMAGE_SIZE: int = OPEN_CLIP_CONFIG["model_cfg"]["vision_cfg"]["image_size"]


def new_mini(*, seed: int) -> torch.nn.Module:
    """The open_clip model of `mini` with random weights."""
    torch.manual_seed(seed)
    logging.disable(logging.WARNING)  # open_clip warns that nothing was loaded, which is the point
    try:
        with TemporaryDirectory() as folder:
            _write_config(Path(folder))
            return open_clip.create_model(f"local-dir:{folder}", load_weights=False)
    finally:
        logging.disable(logging.NOTSET)


def save_mini(model: torch.nn.Module, folder: Path) -> None:
    """Write configuration and half-precision weights to a folder that `load_backbone` and open_clip can read."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_config(folder)
    tensors = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    save_file(tensors, folder / WEIGHTS_NAME)


def tokenize(texts: Sequence[str]) -> Tensor:
    """CLIP's byte-pair tokens of texts: (n, 77) int64, zeros behind the end token."""
    return _tokenizer()(list(texts))


@cache
def _tokenizer() -> open_clip.SimpleTokenizer:
    """Made once: reading the merges takes a tenth of a second."""
    return open_clip.get_tokenizer("ViT-B-32")


def _write_config(folder: Path) -> None:
    (folder / CONFIG_NAME).write_text(json.dumps(OPEN_CLIP_CONFIG, indent=2) + "\n", encoding="utf-8")
