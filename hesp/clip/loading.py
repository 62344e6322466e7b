"""From the name of a backbone to an open_clip model with weights: embedded, downloaded by open_clip, or from a file.

Knows the forms a name can take and what to tell a user when weights cannot be had. Never unpickles: `.pt` and
`.bin` files are read with weights_only.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import huggingface_hub
import open_clip
import torch
from open_clip.factory import load_state_dict
from safetensors import SafetensorError

from hesp.clip import mini  # noqa: F401  registers the trunk with timm
from hesp.clip.device import precision
from hesp.errors import BackboneError

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
CONFIG_NAME = "open_clip_config.json"
WEIGHT_SUFFIXES = {".pt", ".pth", ".bin", ".safetensors"}
REMEDY = "use --backbone mini, which ships with this program."


@dataclass(frozen=True)
class BackboneSpec:
    """A resolved backbone name: what open_clip is asked for, and the weights file where it is known beforehand."""

    name: str
    model_name: str
    pretrained: str | None
    weights: Path | None


def resolve(spec: str) -> BackboneSpec:
    """Find out what a backbone name means.

    Args:
        spec: "mini" or another folder of `checkpoints/`; a folder with an open_clip_config.json; a weights file,
            whose architecture is told from its tensors; "ViT-B-32:FILE" to say the architecture; or an open_clip
            name with a tag, "ViT-B-32/openai" (without a tag: openai, else the first tag open_clip lists).

    Raises:
        BackboneError: nothing of that name.
    """
    embedded = CHECKPOINTS / spec
    folder = embedded if (embedded / CONFIG_NAME).is_file() else Path(spec)
    if (folder / CONFIG_NAME).is_file():
        return BackboneSpec(spec, f"local-dir:{folder}", None, _weights_in(folder))
    if Path(spec).is_file():
        return BackboneSpec(spec, _architecture_of(Path(spec)), spec, Path(spec))
    architecture, separator, file = spec.partition(":")
    if separator and architecture in open_clip.list_models():
        if not Path(file).is_file():
            raise BackboneError(f"The weights file {file!r} does not exist; {REMEDY}")
        return BackboneSpec(spec, architecture, file, Path(file))
    if Path(spec).suffix in WEIGHT_SUFFIXES or Path(spec).is_dir():
        raise BackboneError(f"{spec!r} is neither a weights file nor a folder with {CONFIG_NAME}; {REMEDY}")
    return _resolve_tag(spec)


def load(spec: BackboneSpec, device: torch.device) -> tuple[torch.nn.Module, str]:
    """Build the model and load its weights strictly.

    Returns:
        the model in eval mode with frozen parameters, and the SHA-256 of its weights file.

    Raises:
        BackboneError: the weights cannot be downloaded, are damaged, or are of another architecture.
    """
    weights = spec.weights or _download(spec)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # open_clip narrates at warning level on the root logger
    try:
        model = open_clip.create_model(
            spec.model_name, pretrained=spec.pretrained, device=device, precision=precision(device), weights_only=True
        )
    except (RuntimeError, OSError, ValueError, KeyError, pickle.UnpicklingError, SafetensorError) as error:
        raise BackboneError(f"The weights of {spec.name!r} do not load ({_first_line(error)}); {REMEDY}") from error
    finally:
        logging.getLogger().setLevel(level)
    return model.eval().requires_grad_(False), sha256_of(weights)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(file)


def _digest(file: Any) -> str:
    """hashlib.file_digest for Python 3.10."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _weights_in(folder: Path) -> Path:
    """The weights beside an open_clip_config.json; only the form that cannot carry code is accepted."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BackboneError(f"{folder} holds no model.safetensors; {REMEDY}")
    return weights


def _resolve_tag(spec: str) -> BackboneSpec:
    architecture, _, tag = spec.partition("/")
    if architecture not in open_clip.list_models():
        known = ", ".join(sorted(path.parent.name for path in CHECKPOINTS.glob(f"*/{CONFIG_NAME}")))
        raise BackboneError(
            f"There is no backbone {spec!r}; use {known}, a weights file, or an open_clip name such as ViT-B-32/openai."
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if not tags:
        raise BackboneError(
            f"open_clip has no weights for {architecture!r}; name a file, {architecture}:FILE, or {REMEDY}"
        )
    tag = tag or ("openai" if "openai" in tags else tags[0])
    if tag not in tags:
        raise BackboneError(f"open_clip has no weights {tag!r} for {architecture!r}; it has {', '.join(tags)}.")
    return BackboneSpec(f"{architecture}/{tag}", architecture, tag, None)


def _download(spec: BackboneSpec) -> Path:
    """Fetch (or find in the cache) the weights of an architecture and tag."""
    config = open_clip.get_pretrained_cfg(spec.model_name, spec.pretrained)
    try:
        with _offline_if_unreachable():
            return Path(open_clip.download_pretrained(config))
    # the hub's client, its HTTP library and the system each have their own way to say that there is no network
    except Exception as error:
        raise BackboneError(
            f"The weights of {spec.name!r} could not be downloaded ({_first_line(error)}); "
            f"connect to the internet once, name a local file ({spec.model_name}:FILE), or {REMEDY}"
        ) from error


@contextmanager
def _offline_if_unreachable() -> Iterator[None]:
    """Without a network, look in the hub's cache only: its client would retry for most of a minute first."""
    was_offline = huggingface_hub.constants.HF_HUB_OFFLINE
    proxied = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"))
    try:
        if not proxied:
            socket.getaddrinfo(urlparse(huggingface_hub.constants.ENDPOINT).hostname, 443)
    except OSError:
        huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        huggingface_hub.constants.HF_HUB_OFFLINE = was_offline


def _architecture_of(path: Path) -> str:
    """Tell the open_clip architecture of a weights file from the shapes of its tensors."""
    if path.suffix not in WEIGHT_SUFFIXES:
        raise BackboneError(f"{path} is not a weights file (.safetensors, .pt, .pth or .bin); {REMEDY}")
    try:
        shapes = {name: tuple(tensor.shape) for name, tensor in load_state_dict(str(path)).items()}
    except Exception as error:  # a foreign file can fail in any layer of the reader
        raise BackboneError(f"{path} cannot be read as model weights ({_first_line(error)}); {REMEDY}") from error
    matches = [name for name in open_clip.list_models() if _fits(open_clip.get_model_config(name), shapes)]
    # the activation leaves no trace in the tensors; OpenAI's weights, which need the quick one, say so in their name
    quick = any(word in path.name.lower() for word in ("openai", "quickgelu"))
    matches.sort(key=lambda name: (("quickgelu" in name) != quick, len(name)))
    if not matches:
        raise BackboneError(
            f"The architecture of {path.name} is not known; say it, as in ViT-B-32:{path.name}, or {REMEDY}"
        )
    return matches[0]


def _fits(config: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> bool:
    """Whether a plain ViT configuration of open_clip has these tensor shapes."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    if not isinstance(vision, dict) or "patch_size" not in vision or not isinstance(vision.get("layers"), int):
        return False
    width, patch = vision["width"], vision["patch_size"]
    grid = vision.get("image_size", 224) // patch
    prefix = "text." if "text.token_embedding.weight" in shapes else ""
    n_layers = sum(name.startswith("visual.transformer.resblocks.") and name.endswith("ln_1.weight") for name in shapes)
    return (
        shapes.get("visual.conv1.weight") == (width, 3, patch, patch)
        and shapes.get("visual.positional_embedding") == (grid * grid + 1, width)
        and shapes.get("visual.proj") == (width, config["embed_dim"])
        and shapes.get(f"{prefix}token_embedding.weight") == (text.get("vocab_size", 49408), text.get("width", 512))
        and n_layers == vision["layers"]
    )


def _first_line(error: BaseException) -> str:
    """A library's message cut down to what fits into a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:160].rstrip(".")
