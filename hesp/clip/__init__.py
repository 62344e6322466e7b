"""The backbone: loads open_clip models, the embedded `mini` among them. Only room that imports open_clip and timm."""

from hesp.clip.backbone import Backbone, load_backbone
from hesp.clip.building import IMAGE_SIZE, new_mini, save_mini, tokenize
from hesp.clip.loading import CHECKPOINTS
from hesp.clip.text import encode_tokens, text_tower

__all__ = [
    "CHECKPOINTS",
    "IMAGE_SIZE",
    "Backbone",
    "encode_tokens",
    "load_backbone",
    "new_mini",
    "save_mini",
    "text_tower",
    "tokenize",
]
