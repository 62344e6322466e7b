"""Second stage of pre-training: the image tower learns to say how well each text fits a face.

The text tower from the first stage stays frozen but for a linear map of its output, one for all words, so that a word
without any picture moves along with its neighbours. Loss: independent sigmoid targets per (picture, text) pair
(SigLIP, arXiv 2303.15343, with soft targets), plus a softmax over the eight emotions against the votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hesp.clip import encode_tokens, text_tower, tokenize
from hesp.records import Array
from hesp.training.augment import augment
from hesp.training.pairs import TextGroup
from hesp.training.run import RunLog, cosine_rate, load_state, save_state

TEXTS_PER_STEP = {"emotion": 6, "action": 2, "weak": 1}
WEAK_GROUPS_PER_STEP = 48
SIGMOID_WEIGHT = {"emotion": 1.0, "action": 0.5, "weak": 0.25}


@dataclass(frozen=True)
class ImageStageConfig:
    """Settings of the image stage; the defaults are those of the shipped checkpoint."""

    epochs: int = 36
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    map_learning_rate: float = 3e-4
    map_keep: float = 0.02
    average_decay: float = 0.998
    rare_power: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class ImageStageData:
    """crops (n, s, s) uint8 grey, shares (n, 8) float32 vote shares, groups with targets over the same n pictures."""

    crops: Array
    shares: Array
    groups: list[TextGroup]


class AlignmentHead(nn.Module):
    """What is learned beside the image tower: a linear map of text vectors, and the scale and bias of the logits."""

    def __init__(self, dimension: int, scale: float, bias: float) -> None:
        super().__init__()
        self.text_map = nn.Parameter(torch.eye(dimension))
        self.log_scale = nn.Parameter(torch.tensor(scale).log())
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, images: Tensor, texts: Tensor) -> Tensor:
        """(n, d) pooled image and (m, d) text vectors to (n, m) logits."""
        directions = functional.normalize(texts @ self.text_map, dim=-1)
        return self.log_scale.exp() * functional.normalize(images, dim=-1) @ directions.T + self.bias

    def distance_from_identity(self) -> Tensor:
        """Squared change of the text map, so that unseen words stay near where distillation put them."""
        return (self.text_map - torch.eye(len(self.text_map))).square().sum()


class TextSampler:
    """Draws some texts of every group for a step, as precomputed vectors of the frozen text tower."""

    def __init__(self, model: nn.Module, groups: list[TextGroup]) -> None:
        """Encode all texts once."""
        self.groups = groups
        tower = text_tower(model)
        assert tower is not None, "mini's text tower is a causal transformer"
        with torch.inference_mode():
            encoded = [encode_tokens(tower, tokenize(group.texts)) for group in groups]
        # cloned: tensors made in inference mode cannot take part in a graph
        self.vectors = [functional.normalize(vectors, dim=-1).clone() for vectors in encoded]
        self.targets = torch.from_numpy(np.stack([group.targets for group in groups], axis=1))
        self.emotions = [i for i, group in enumerate(groups) if group.kind == "emotion"]

    def draw(self, rng: np.random.Generator) -> tuple[Tensor, list[int]]:
        """Text vectors (m, d) and the group of each; all emotions first, in the order of `groups`."""
        weak = [i for i, group in enumerate(self.groups) if group.kind == "weak"]
        actions = [i for i, group in enumerate(self.groups) if group.kind == "action"]
        some = rng.choice(weak, min(WEAK_GROUPS_PER_STEP, len(weak)), replace=False).tolist() if weak else []
        vectors, owners = [], []
        for index in (*self.emotions, *actions, *some):
            n_texts = TEXTS_PER_STEP[self.groups[index].kind]
            rows = rng.choice(len(self.vectors[index]), min(n_texts, len(self.vectors[index])), replace=False)
            vectors.append(self.vectors[index][torch.from_numpy(rows)])
            owners += [index] * len(rows)
        return torch.cat(vectors), owners


def pair_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean binary cross-entropy over pairs (n, m); pairs whose target is NaN do not count."""
    known = ~torch.isnan(targets)
    losses = functional.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
    return (losses * weights * known).sum() / (weights * known).sum().clamp(min=1e-6)


def emotion_loss(logits: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of the votes (n, 8) under the softmax of emotion logits (n, 8), weighted by how many voted."""
    total = shares.sum(dim=1)
    votes = shares / total.clamp(min=1e-6)[:, None]
    losses = -(votes * functional.log_softmax(logits, dim=1)).sum(dim=1)
    return (losses * total).sum() / total.sum().clamp(min=1e-6)


def run_image_stage(model: nn.Module, data: ImageStageData, run_dir: Path, config: ImageStageConfig) -> None:
    """Train the image tower of `model` in place and fold the learned text map into its text projection.

    Continues from `run_dir/image.pt` if it is there. At the end the model holds the averaged weights, the learned
    scale and bias.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    trainer = _Trainer(model, data, config)
    log = RunLog(run_dir / "image.csv")
    first = trainer.resume(run_dir / "image.pt")
    for epoch in range(first, config.epochs):
        log.write(epoch=epoch, **trainer.run_epoch(epoch))
        save_state(run_dir / "image.pt", trainer.state(epoch + 1))
    trainer.finish()


class _Trainer:
    """Holds what a run changes: tower, head, optimiser and the moving average of the weights."""

    def __init__(self, model: nn.Module, data: ImageStageData, config: ImageStageConfig) -> None:
        torch.manual_seed(config.seed)
        self.model, self.data, self.config = model, data, config
        self.visual = model.visual.to(memory_format=torch.channels_last)
        self.sampler = TextSampler(model, data.groups)
        self.head = AlignmentHead(self.sampler.vectors[0].shape[1], scale=20.0, bias=-4.0)
        parameters = [
            {
                "params": list(self.visual.parameters()),
                "rate": config.learning_rate,
                "weight_decay": config.weight_decay,
            },
            {"params": list(self.head.parameters()), "rate": config.map_learning_rate, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(parameters)
        self.crops = torch.from_numpy(data.crops)
        self.learned = nn.ModuleDict({"visual": self.visual, "head": self.head})
        self.average = {name: value.clone() for name, value in self.learned.state_dict().items()}
        self.n_batches = len(data.crops) // config.batch_size

    def run_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the pictures; the mean losses."""
        rng = np.random.default_rng((self.config.seed, epoch))
        generator = torch.Generator().manual_seed(self.config.seed * 1000 + epoch)
        self.visual.train()
        order = self._draw_pictures(rng)
        history = []
        for batch in range(self.n_batches):
            rows = torch.from_numpy(order[batch * self.config.batch_size : (batch + 1) * self.config.batch_size])
            n_steps = self.config.epochs * self.n_batches
            rate = cosine_rate(epoch * self.n_batches + batch, n_steps, warmup=self.n_batches)
            history.append(self._step(rows, rate, rng, generator))
        return dict(zip(("pair_loss", "emotion_loss"), np.mean(history, axis=0).tolist(), strict=True))

    def _draw_pictures(self, rng: np.random.Generator) -> Array:
        """Rows of one epoch: rare expressions somewhat more often than they occur."""
        leading = self.data.shares.argmax(axis=1)
        frequency = np.bincount(leading, minlength=self.data.shares.shape[1]) / len(leading)
        weight = np.maximum(frequency, 1e-6)[leading] ** -self.config.rare_power
        return np.asarray(rng.choice(len(leading), self.n_batches * self.config.batch_size, p=weight / weight.sum()))

    def _step(self, rows: Tensor, rate: float, rng: np.random.Generator, generator: torch.Generator) -> list[float]:
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        images = augment(self.crops[rows][:, None].float() / 255, generator).expand(-1, 3, -1, -1)
        texts, owners = self.sampler.draw(rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pooled = self.visual(images)
        logits = self.head(pooled.float(), texts)
        kinds = [self.data.groups[i].kind for i in owners]
        weights = torch.tensor([SIGMOID_WEIGHT[kind] / TEXTS_PER_STEP[kind] for kind in kinds])
        pairs = pair_loss(logits, self.sampler.targets[rows][:, owners], weights)
        emotions = self._emotion_loss(logits, rows, owners)
        loss = pairs * 4 + emotions + self.config.map_keep * self.head.distance_from_identity() / 10
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.learned.parameters(), 5.0)
        self.optimizer.step()
        self._update_average()
        return [pairs.item(), emotions.item()]

    def _emotion_loss(self, logits: Tensor, rows: Tensor, owners: list[int]) -> Tensor:
        """The softmax term on each emotion's mean logit; nothing for a run without emotions."""
        if not self.sampler.emotions:
            return logits.new_zeros(())
        owner = torch.tensor(owners)
        means = torch.stack([logits[:, owner == index].mean(dim=1) for index in self.sampler.emotions], dim=1)
        return emotion_loss(means, self.sampler.targets[rows][:, self.sampler.emotions])

    def _update_average(self) -> None:
        for name, value in self.learned.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - self.config.average_decay)
            else:
                self.average[name].copy_(value)

    def state(self, epoch: int) -> dict[str, Any]:
        """All that a resumed run needs."""
        learned = {name: value.clone() for name, value in self.learned.state_dict().items()}
        return {"epoch": epoch, "learned": learned, "average": self.average, "optimizer": self.optimizer.state_dict()}

    def resume(self, path: Path) -> int:
        """Load the saved state if there is one; the epoch to go on with."""
        state = load_state(path)
        if state is None:
            return 0
        self.learned.load_state_dict(state["learned"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        return int(state["epoch"])

    @torch.no_grad()
    def finish(self) -> None:
        """Put the averaged weights into the model."""
        self.learned.load_state_dict(self.average)
        self.model.text.text_projection.copy_(self.model.text.text_projection @ self.head.text_map)
        self.model.logit_scale.copy_(self.head.log_scale)
        self.model.logit_bias.copy_(self.head.bias)
        self.model.eval()
