"""The trunk of the embedded backbone `mini`: a small residual network for grey face crops, registered with timm.

open_clip builds it by name from `checkpoints/mini/open_clip_config.json` and adds average pooling and a linear
projection without bias, so a similarity is exactly the sum of what the single places contribute (docs/METHOD.md).
"""

from __future__ import annotations

from typing import Any

import torch
from timm.models import register_model
from torch import Tensor, nn

# ITU-R BT.601, the luma that the grey training pictures were made with
LUMA = (0.299, 0.587, 0.114)
CONTRAST_FLOOR = 0.02


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He et al. 2016, arXiv 1512.03385, figure 2)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c_in, h, w) to (n, c_out, h / stride, w / stride)."""
        out = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(out)) + self.shortcut(x))


class MiniTrunk(nn.Module):
    """Residual network of stride 8 over the standardised luma of a crop.

    Speaks the part of timm's model interface that open_clip's TimmModel uses: `num_features`, `default_cfg`,
    `reset_classifier`, `forward_features`.
    """

    default_cfg: dict[str, Any] = {"input_size": (3, 64, 64), "pool_size": (8, 8)}
    num_features = 256

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 256), depths: tuple[int, ...] = (1, 2, 2, 1)) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, channels[0], 3, 2, 1, bias=False), nn.BatchNorm2d(channels[0]), nn.ReLU()
        )
        blocks: list[nn.Module] = []
        channels_in = channels[0]
        for stage, (width, depth) in enumerate(zip(channels, depths, strict=True)):
            for position in range(depth):
                # stages two and three halve the picture, so that with the stem the stride is 8
                stride = 2 if position == 0 and stage in (1, 2) else 1
                blocks.append(ResidualBlock(channels_in, width, stride))
                channels_in = width
        self.blocks = nn.Sequential(*blocks)
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1), persistent=False)

    def reset_classifier(self, num_classes: int, global_pool: str = "avg") -> None:
        """The trunk has no classifier; only average pooling keeps attention exact, so nothing else is accepted."""
        if num_classes or global_pool != "avg":
            raise ValueError(f"mini has average pooling and no classifier, not {global_pool!r} and {num_classes}")

    def forward_features(self, x: Tensor) -> Tensor:
        """(n, 3, s, s) float in [0, 1], RGB, to (n, 256, s / 8, s / 8)."""
        grey = (x * self.luma).sum(dim=1, keepdim=True)
        # light and contrast of the whole crop say nothing about the expression
        spread, mean = torch.std_mean(grey, dim=(1, 2, 3), keepdim=True)
        return self.blocks(self.stem((grey - mean) / (spread + CONTRAST_FLOOR)))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, s, s) float in [0, 1], RGB, to (n, 256): the mean of the features over all places."""
        return self.forward_features(x).mean(dim=(2, 3))


@register_model
def hesp_mini(pretrained: bool = False, **unused: Any) -> MiniTrunk:
    """Build the trunk for `timm.create_model("hesp_mini")`; weights come with the open_clip checkpoint only."""
    if pretrained:
        raise ValueError("hesp_mini has no timm weights; load the open_clip checkpoint in checkpoints/mini")
    return MiniTrunk()


# what checkpoints/mini/open_clip_config.json holds; the one place that fixes the architecture
OPEN_CLIP_CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 256,
        "vision_cfg": {
            "timm_model_name": "hesp_mini",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "linear",
            "timm_proj_bias": False,
            "image_size": 64,
        },
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 192, "heads": 6, "layers": 4},
        "custom_text": True,
        "init_logit_bias": -4.0,
    },
    "preprocess_cfg": {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "mode": "RGB", "interpolation": "bilinear"},
}
