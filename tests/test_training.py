"""Supervision, losses, stages and evaluation: on tiny data, on the CPU, without the packages of pre-training."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

from hesp.clip import new_mini, text_tower
from hesp.emotions import FERPLUS_EMOTIONS, load_heldout, load_vocabulary
from hesp.errors import DataError
from hesp.face import BLENDSHAPE_NAMES
from hesp.training import corpus, text_stage
from hesp.training.augment import augment
from hesp.training.evaluate import accuracy_of
from hesp.training.ferplus import FerPlusSplit, aligned_crops, load_blendshapes, load_split
from hesp.training.image_stage import (
    ImageStageConfig,
    ImageStageData,
    emotion_loss,
    pair_loss,
    run_image_stage,
)
from hesp.training.pairs import TextGroup, build_groups
from hesp.training.text_stage import TextStageConfig, batches_by_length, distillation_loss, reduce_dimension


def random_shares(n: int) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(8) * 0.3, n).astype(np.float32)


def tiny_data(n: int = 16) -> ImageStageData:
    rng = np.random.default_rng(0)
    shares = random_shares(n)
    groups = [
        TextGroup(name, "emotion", (name, f"a {name} face"), shares[:, column])
        for column, name in enumerate(FERPLUS_EMOTIONS)
    ]
    groups.append(TextGroup("jawOpen", "action", ("mouth open",), rng.random(n).astype(np.float32)))
    groups.append(TextGroup("smugness", "weak", ("smug",), rng.random(n).astype(np.float32)))
    return ImageStageData(rng.integers(0, 255, (n, 64, 64), np.uint8), shares, groups)


@pytest.fixture(scope="module")
def all_groups() -> list[TextGroup]:
    blendshapes = np.random.default_rng(1).random((40, 52)).astype(np.float32)
    blendshapes[3] = np.nan
    return build_groups(load_vocabulary(), random_shares(40), blendshapes, with_emotions=True)


def test_every_emotion_group_has_its_own_column_of_votes(all_groups: list[TextGroup]) -> None:
    shares = random_shares(40)
    by_name = {group.name: group for group in all_groups if group.kind == "emotion"}
    assert set(by_name) == set(FERPLUS_EMOTIONS)
    for column, name in enumerate(FERPLUS_EMOTIONS):
        assert np.array_equal(by_name[name].targets, shares[:, column])
        assert name in by_name[name].texts


def test_targets_lie_in_the_unit_interval_and_absence_is_the_opposite(all_groups: list[TextGroup]) -> None:
    by_name = {group.name: group for group in all_groups}
    for group in all_groups:
        known = group.targets[~np.isnan(group.targets)]
        assert known.min() >= 0
        assert known.max() <= 1
    present, absent = by_name["mouthSmile"].targets, by_name["no mouthSmile"].targets
    assert np.isnan(present[3])
    assert np.allclose(present + absent, 1, equal_nan=False) or np.isnan(present + absent)[3]


def test_no_held_out_word_meets_a_picture(all_groups: list[TextGroup]) -> None:
    heldout = load_heldout()
    barred = {text: heldout.bars(text) for group in all_groups for text in group.texts}
    assert {text: word for text, word in barred.items() if word} == {}
    assert heldout.bars(f"a face showing {next(iter(heldout.phrases))}")  # the guard sees a planted one


def test_without_emotions_no_emotion_word_is_left() -> None:
    blendshapes = np.random.default_rng(1).random((40, 52)).astype(np.float32)
    groups = build_groups(load_vocabulary(), random_shares(40), blendshapes, with_emotions=False)
    assert {group.kind for group in groups} == {"action"}


def test_pair_loss_skips_unknown_targets() -> None:
    logits, targets = torch.tensor([[0.3, -2.0]]), torch.tensor([[1.0, float("nan")]])
    expected = torch.nn.functional.softplus(torch.tensor(-0.3))
    assert pair_loss(logits, targets, torch.ones(2)).item() == pytest.approx(expected.item())


def test_emotion_loss_is_least_at_the_votes() -> None:
    shares = torch.from_numpy(random_shares(5))
    best = emotion_loss(shares.clamp(min=1e-6).log(), shares)
    entropy = -(shares * shares.clamp(min=1e-9).log()).sum(dim=1).mean()
    assert best.item() == pytest.approx(entropy.item(), abs=1e-3)
    assert emotion_loss(torch.zeros(5, 8), shares) > best


def test_distillation_loss_is_zero_at_the_teacher_only() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=-1)
    assert distillation_loss(vectors, vectors).item() == pytest.approx(0, abs=1e-6)
    assert distillation_loss(vectors.flip(0), vectors) > 0.1


def test_reducing_the_dimension_keeps_cosines_of_low_rank_vectors() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    reduced = reduce_dimension(vectors, 6).numpy()
    assert np.allclose(reduced @ reduced.T, vectors @ vectors.T, atol=1e-4)


def test_an_epoch_visits_every_text_once_in_batches_of_like_length() -> None:
    lengths = np.random.default_rng(0).integers(3, 40, 1000)
    batches = list(batches_by_length(lengths, 32, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert np.mean([np.ptp(lengths[batch]) for batch in batches]) < 8


def test_augmentation_changes_every_picture_within_range() -> None:
    images = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    first, again = (augment(images, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == images.shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert ((first - images).abs().mean(dim=(1, 2, 3)) > 0.01).all()


def test_the_image_stage_trains_the_image_side_and_leaves_the_text_tower_alone(tmp_path: Path) -> None:
    model = new_mini(seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run_image_stage(model, tiny_data(), tmp_path, ImageStageConfig(epochs=1, batch_size=8))
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert any(name.startswith("visual.trunk") for name in changed)
    assert {name for name in changed if not name.startswith("visual.")} <= {
        "text.text_projection", "logit_scale", "logit_bias",
    }  # fmt: skip
    assert not torch.equal(model.text.text_projection, before["text.text_projection"])


def test_a_resumed_image_stage_ends_where_an_uninterrupted_one_does(tmp_path: Path, monkeypatch) -> None:
    config = ImageStageConfig(epochs=2, batch_size=8)
    whole, parts = new_mini(seed=0), new_mini(seed=0)
    run_image_stage(whole, tiny_data(), tmp_path / "whole", config)
    trainer = run_image_stage.__globals__["_Trainer"]
    run_epoch = trainer.run_epoch

    def stop_in_the_second(self: object, epoch: int) -> dict[str, float]:
        if epoch == 1:
            raise KeyboardInterrupt
        return run_epoch(self, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "run_epoch", stop_in_the_second)
        with pytest.raises(KeyboardInterrupt):
            run_image_stage(parts, tiny_data(), tmp_path / "parts", config)
    parts = new_mini(seed=0)
    run_image_stage(parts, tiny_data(), tmp_path / "parts", config)
    for name, value in whole.state_dict().items():
        assert torch.allclose(value.float(), parts.state_dict()[name].float(), atol=1e-6), name


def test_the_text_stage_moves_towards_the_teacher_and_resumes(tmp_path: Path, monkeypatch) -> None:
    texts = [f"{word} {number}" for word in ("glad", "sad", "cross", "calm") for number in range(8)]
    teacher = np.random.default_rng(0).normal(size=(len(texts), 300)).astype(np.float16)
    monkeypatch.setattr(text_stage, "distillation_texts", lambda *_args, **_options: texts)
    monkeypatch.setattr(text_stage, "teacher_vectors", lambda *_args: teacher)
    config = TextStageConfig(epochs=3, batch_size=16)
    model = new_mini(seed=0)
    text_stage.run_text_stage(model, tmp_path, config)
    rows = (tmp_path / "text.csv").read_text().splitlines()
    losses = [float(row.split(",")[1]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    again = new_mini(seed=1)
    text_stage.run_text_stage(again, tmp_path, config)  # nothing left to do but to load
    for name, value in text_tower(model).state_dict().items():
        assert torch.equal(value, text_tower(again).state_dict()[name])
    assert len((tmp_path / "text.csv").read_text().splitlines()) == len(rows)


def test_the_corpus_is_the_same_for_a_seed_and_holds_the_vocabulary(monkeypatch) -> None:
    monkeypatch.setattr(corpus, "common_words", lambda n_words: ["house", "river", "glad"])
    first, again = (corpus.distillation_texts(load_vocabulary(), n_words=400, seed=3) for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)
    assert {"house", "a face showing happiness", "raised eyebrows"} <= set(first)


def test_accuracy_leaves_out_faces_that_are_no_emotion() -> None:
    labels = np.array([0, 0, 0, 1, 8, 9])
    figures = accuracy_of(np.array([0, 0, 1, 1, 0, 0]), labels)
    assert figures.accuracy == pytest.approx(3 / 4)
    assert figures.uar == pytest.approx((2 / 3 + 1) / 2)
    assert figures.n_faces == 4
    assert np.isnan(figures.recall["fear"])


def test_ties_in_the_votes_go_to_the_lowest_column() -> None:
    votes = np.zeros((2, 10), np.uint8)
    votes[0, [3, 5]] = 4
    votes[1, 8] = 9
    split = FerPlusSplit(np.zeros((2, 48, 48), np.uint8), votes)
    assert split.labels.tolist() == [3, 8]
    assert split.is_emotion.tolist() == [True, False]
    assert split.emotion_shares()[0, [3, 5]].tolist() == [0.5, 0.5]


def test_crops_of_a_turned_picture_are_level_again() -> None:
    face = skimage.data.astronaut()[0:210, 115:325].mean(axis=2).astype(np.uint8)
    import cv2

    pictures = []
    for angle in (0, 15, -15):
        turn = cv2.getRotationMatrix2D((105, 105), angle, 1)
        turned = cv2.warpAffine(face, turn, (210, 210), borderMode=cv2.BORDER_REPLICATE)
        pictures.append(cv2.resize(turned, (48, 48), interpolation=cv2.INTER_AREA))
    pictures.append(np.full((48, 48), 128, np.uint8))
    crops, found = aligned_crops(np.stack(pictures), 64)
    assert found.tolist() == [True, True, True, False]
    assert crops.shape == (4, 64, 64)
    centre = crops[:3, 12:52, 12:52].reshape(3, -1).astype(float)
    assert np.corrcoef(centre)[0].min() > 0.85


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "no array 'valid_images'"),  # the split is not there
        ({"valid_images": np.zeros((2, 48, 40), np.uint8), "valid_votes": np.zeros((2, 10))}, "must be"),  # not square
        ({"valid_images": np.zeros((2, 48, 48)), "valid_votes": np.zeros((2, 10))}, "uint8"),  # wrong type
        ({"valid_images": np.zeros((2, 48, 48), np.uint8), "valid_votes": np.zeros((3, 10))}, "votes"),  # wrong count
    ],
)
def test_a_data_file_of_another_form_is_explained(arrays: dict, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=reason):
        load_split(path, "valid")


def test_a_file_that_is_no_npz_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    path.write_text("text")
    with pytest.raises(DataError, match="not a readable"):
        load_split(path, "valid")
    with pytest.raises(DataError, match="not a readable"):
        load_split(tmp_path / "missing.npz", "valid")


def test_blendshapes_in_another_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "blendshapes.npz"
    np.savez(path, names=np.array(BLENDSHAPE_NAMES[::-1]), valid_blendshapes=np.zeros((2, 52), np.float16))
    with pytest.raises(DataError, match="expected the 52"):
        load_blendshapes(path, "valid", 2)
