"""A frozen CLIP-style dual encoder: crops and words in, vectors of one space out, whatever open_clip model it is.

Numpy and strings come in, tensors go out to the methods. The image side also returns its features by place; how
each kind of network is read out there stands in `_spatial`.
"""

from __future__ import annotations

from collections.abc import Sequence

import open_clip
import torch
from torch import Tensor
from torch.nn import functional

from hesp.clip import device as devices
from hesp.clip import loading
from hesp.clip.text import encode_tokens, text_tower
from hesp.errors import LabelError
from hesp.records import Array


class Backbone:
    """A loaded, frozen dual encoder.

    Attributes:
        name: what it was asked for by, such as "mini" or "ViT-B-32/openai".
        image_size: side in pixels of the crops it takes.
        weights_sha256: of its weights file.
    """

    def __init__(self, model: torch.nn.Module, tokenizer: open_clip.SimpleTokenizer, *, name: str, sha256: str) -> None:
        """Wrap a loaded open_clip model; use `load_backbone` to get one by name."""
        self.model = model
        self.tokenizer = tokenizer
        self.name = name
        self.weights_sha256 = sha256
        size = model.visual.image_size
        self.image_size = int(size[0] if isinstance(size, (tuple, list)) else size)
        preprocess = open_clip.get_model_preprocess_cfg(model)
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(preprocess.get("mean", open_clip.OPENAI_DATASET_MEAN), device=self.device).view(shape)
        self._std = torch.tensor(preprocess.get("std", open_clip.OPENAI_DATASET_STD), device=self.device).view(shape)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.model.parameters()).device

    @property
    def image_dtype(self) -> torch.dtype:
        """Number format that the image tower's convolutions take; open_clip keeps other parts in float32."""
        return next(p.dtype for p in self.model.visual.parameters() if p.ndim == 4)

    @property
    def batch_size(self) -> int:
        """Crops per call of `encode_images` that suit the device."""
        return devices.batch_size(self.device)

    @property
    def logit_scale(self) -> float:
        """Factor between a cosine and the logits the model was trained with."""
        return float(self.model.logit_scale.exp())

    @torch.inference_mode()
    def encode_images(self, crops_rgb: Array) -> tuple[Tensor, Tensor]:
        """Encode aligned crops.

        Args:
            crops_rgb: (n, s, s, 3) uint8 RGB with s = `image_size`.

        Returns:
            pooled (n, d) and spatial (n, h, w, d) float32 tensors on the model's device, not normalised.
        """
        images = torch.from_numpy(crops_rgb).to(self.device).permute(0, 3, 1, 2)
        images = (images.float() / 255 - self._mean) / self._std
        pooled, spatial = _spatial(self.model.visual, images.to(self.image_dtype))
        return pooled.float(), spatial.float()

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Encode texts, each of which must pass `check_text`: (n, d) float32 unit vectors on the model's device."""
        tokens = self.tokenizer(list(texts)).to(self.device)
        tower = text_tower(self.model)
        vectors = self.model.encode_text(tokens) if tower is None else encode_tokens(tower, tokens)
        return functional.normalize(vectors.float(), dim=-1)

    def check_text(self, text: str) -> None:
        """Raise LabelError if the tokenizer would cut `text`."""
        if not hasattr(self.tokenizer, "encode"):
            return
        n_tokens, limit = len(self.tokenizer.encode(text)) + 2, self.tokenizer.context_length
        if n_tokens > limit:
            raise LabelError(
                f"{text!r} is too long for this model: {n_tokens} tokens, at most {limit}; use fewer words."
            )


def load_backbone(spec: str = "mini", device: str | None = None) -> Backbone:
    """Load a backbone by name (forms: see `hesp.clip.loading.resolve`).

    Args:
        spec: "mini", "ViT-B-32/openai", a weights file, ...
        device: "cpu", "cuda", "mps", or None for the best there is.

    Raises:
        BackboneError: no such backbone or device, or its weights cannot be had; the message says what to do.
    """
    chosen = devices.choose_device(device)
    resolved = loading.resolve(spec)
    model, sha256 = loading.load(resolved, chosen)
    if chosen.type == "cpu":
        model.visual.to(memory_format=torch.channels_last)
    return Backbone(model, open_clip.get_tokenizer(resolved.model_name), name=resolved.name, sha256=sha256)


def _spatial(visual: torch.nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Pooled (n, d) and by-place (n, h, w, d) output of an image tower.

    Average pooling and a linear projection (mini): the projection of every place, whose mean is the pooled vector.
    open_clip's own ViT: last-layer patch tokens through the final norm and projection, the read-out of MaskCLIP
    (arXiv 2112.01071) without its value path. Any other tower has no such read-out: one place, the pooled vector.
    """
    if isinstance(visual, open_clip.timm_model.TimmModel) and _pools_by_mean(visual):
        places = visual.head(visual.trunk.forward_features(images).permute(0, 2, 3, 1))
        return places.mean(dim=(1, 2)), places
    if isinstance(visual, open_clip.transformer.VisionTransformer) and isinstance(visual.proj, torch.nn.Parameter):
        output = visual.forward_intermediates(images, indices=[-1], normalize_intermediates=True)
        places = output["image_intermediates"][0].permute(0, 2, 3, 1) @ visual.proj
        return output["image_features"], places
    pooled = visual(images)
    return pooled, pooled[:, None, None, :]


def _pools_by_mean(visual: torch.nn.Module) -> bool:
    from hesp.clip.mini import MiniTrunk

    return isinstance(visual.trunk, MiniTrunk)
