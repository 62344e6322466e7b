"""The text tower, run on as many positions as the longest text has.

open_clip always runs all 77 positions. With a causal mask nothing behind the end token matters, and the words
typed here are short, so cutting the padding makes a typed word several times cheaper at the same result.
"""

from __future__ import annotations

from typing import Any

import open_clip
import torch
from torch import Tensor, nn


def text_tower(model: nn.Module) -> Any:
    """The module that holds open_clip's causal text transformer, or None for towers built in another way.

    Not typed more closely: open_clip puts its parts on the model itself or on a tower, depending on the class.
    """
    tower = model.text if isinstance(model, open_clip.CustomTextCLIP) else model
    is_causal = getattr(tower, "attn_mask", None) is not None and getattr(tower, "cls_emb", None) is None
    has_parts = all(hasattr(tower, part) for part in ("token_embedding", "transformer", "ln_final"))
    pools_at_end = getattr(tower, "pool_type", getattr(tower, "text_pool_type", None)) == "argmax"
    projects = isinstance(getattr(tower, "text_projection", None), nn.Parameter)
    return tower if is_causal and has_parts and pools_at_end and projects else None


def encode_tokens(tower: Any, tokens: Tensor) -> Tensor:
    """Embed tokens as `encode_text` does.

    Args:
        tower: from `text_tower`.
        tokens: (n, l) int64, start and end token included, zeros behind; l up to the context length.

    Returns:
        (n, d), not normalised.
    """
    tokens = tokens[:, : int((tokens != 0).sum(dim=1).max())]
    length = tokens.shape[1]
    dtype = tower.transformer.get_cast_dtype()
    x = tower.token_embedding(tokens).to(dtype) + tower.positional_embedding[:length].to(dtype)
    x = tower.transformer(x, attn_mask=tower.attn_mask[:length, :length])
    # the end token has the highest number of all
    ends = tower.ln_final(x)[torch.arange(len(tokens), device=tokens.device), tokens.argmax(dim=-1)]
    return ends @ tower.text_projection
