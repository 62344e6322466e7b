"""The shipped checkpoint: whole, small, exact in its attention, and right on faces one can judge by eye."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from faces import astronaut_face, write_clip
from PIL import Image

from hesp.clip import CHECKPOINTS, load_backbone
from hesp.engine import Engine
from hesp.errors import MethodError
from hesp.methods import ZeroShot
from hesp.openset import BankCalibration
from hesp.records import Analysis

SHARED_CLIPS = Path(__file__).resolve().parents[2] / "shared" / "clips"


@pytest.fixture(scope="module")
def smiling(mini_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analysis]:
    """The astronaut, who smiles broadly, as a clip of four frames at growing size."""
    face = Image.fromarray(astronaut_face())
    frames = [np.asarray(face.resize((size, size)).resize((240, 240))) for size in (100, 140, 180, 200)]
    path = write_clip(tmp_path_factory.mktemp("smile") / "smile.mp4", frames)
    with mini_engine.analyze(path) as analysis:
        yield analysis


def test_it_is_whole_and_small() -> None:
    folder = CHECKPOINTS / "mini"
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "open_clip_config.json", "model.safetensors", "calibration.json", "calibration.safetensors", "README.md",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 40e6
    assert (folder / "calibration.safetensors").stat().st_size <= 1e6


def test_a_smile_is_happiness(mini_engine: Engine, smiling: Analysis) -> None:
    scores = mini_engine.score(smiling, mini_engine.default_labels)
    evidence = scores.tracks[0].evidence.mean(axis=0)
    assert scores.labels[int(evidence.argmax())] == "happiness"
    assert evidence.max() > 0.5
    assert scores.tracks[0].unknown.mean() < 0.5


def test_words_never_trained_for_follow_their_meaning(mini_engine: Engine, smiling: Analysis) -> None:
    labels = ("overjoyed", "a toothy grin", "weeping", "enraged")
    evidence = dict(zip(labels, mini_engine.score(smiling, labels).tracks[0].evidence.mean(axis=0), strict=True))
    assert min(evidence["overjoyed"], evidence["a toothy grin"]) > max(evidence["weeping"], evidence["enraged"])


def test_a_smile_is_unknown_to_someone_who_asks_for_sadness_only(mini_engine: Engine, smiling: Analysis) -> None:
    alone = mini_engine.score(smiling, ["sadness"]).tracks[0].unknown.mean()
    with_happiness = mini_engine.score(smiling, ["sadness", "happiness"]).tracks[0].unknown.mean()
    assert alone > 0.8
    assert with_happiness < alone - 0.3


@pytest.mark.parametrize("label", ["happiness", "smug", "raised eyebrows and an open mouth"])
def test_attention_sums_to_the_logit(mini_engine: Engine, smiling: Analysis, label: str) -> None:
    maps = mini_engine.attention(smiling, label, 0)
    assert maps.shape == (4, 8, 8)
    assert maps.dtype == np.float32
    raw = mini_engine._method.score(smiling.features[0].pooled, [label])[:, 0]
    assert np.allclose(maps.sum(axis=(1, 2)), raw, atol=0.02)
    other = mini_engine.attention(smiling, "sadness", 0)
    assert np.abs(maps - other).max() > 0.05  # another word, another map


def test_scoring_changes_no_weight(mini_engine: Engine, smiling: Analysis) -> None:
    model = mini_engine._method.backbone.model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mini_engine.score(smiling, ["awe", "calm, then angry"])
    mini_engine.attention(smiling, "awe")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_calibration_survives_saving_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    method = ZeroShot(load_backbone("mini", "cpu"))
    stored = BankCalibration.load(CHECKPOINTS / "mini")
    stored.save(tmp_path)
    again = BankCalibration.load(tmp_path)
    pooled = stored.bank[:5]
    raw = method.score(pooled, ("fear", "smug"))
    assert np.array_equal(
        stored.standardise(method, raw, pooled, ("fear", "smug")),
        again.standardise(method, raw, pooled, ("fear", "smug")),
    )
    (tmp_path / "calibration.json").write_text("{}")
    with pytest.raises(MethodError, match="does not load"):
        BankCalibration.load(tmp_path)


@pytest.mark.skipif(not SHARED_CLIPS.is_dir(), reason="the shared test clips are not on this machine")
def test_neutral_then_a_smile_on_a_real_recording(mini_engine: Engine) -> None:
    with mini_engine.analyze(SHARED_CLIPS / "single_face.mp4") as analysis:
        scores = mini_engine.score(analysis, mini_engine.default_labels)
    leading = np.array(scores.labels)[scores.tracks[0].evidence.argmax(axis=1)]
    n = len(leading)
    assert (leading[: n // 10] == "neutral").all()
    assert (leading[n // 4 : 4 * n // 5] == "happiness").all()
