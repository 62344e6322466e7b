"""The backbone: the embedded network's invariants, every way to name weights, and how missing ones are reported."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import save_file

from hesp.clip import Backbone, encode_tokens, load_backbone, loading, new_mini, save_mini, text_tower, tokenize
from hesp.clip.device import choose_device
from hesp.errors import BackboneError, LabelError

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def mini_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mini")
    save_mini(new_mini(seed=0), folder)
    return folder


@pytest.fixture(scope="module")
def backbone(mini_folder: Path) -> Backbone:
    return load_backbone(str(mini_folder), "cpu")


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Weights of a tiny ViT that open_clip knows by the name tiny-test."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny-test.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder / "tiny-test.json")
    model = open_clip.create_model("tiny-test", load_weights=False)
    save_file(model.state_dict(), folder / "some.safetensors")
    torch.save(model.state_dict(), folder / "some.pt")
    return folder


def random_crops(n: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (n, size, size, 3), np.uint8)


def test_the_mean_over_places_is_the_pooled_vector(backbone: Backbone) -> None:
    pooled, spatial = backbone.encode_images(random_crops(3, 64))
    assert pooled.shape == (3, 256)
    assert spatial.shape == (3, 8, 8, 256)
    assert torch.allclose(spatial.mean(dim=(1, 2)), pooled, atol=1e-6)
    assert torch.allclose(backbone.model.encode_image(_as_input(random_crops(3, 64))), pooled, atol=1e-4)


def test_brightness_contrast_and_colour_of_a_crop_hardly_matter(backbone: Backbone) -> None:
    crops = random_crops(2, 64) // 2
    pooled, _ = backbone.encode_images(crops)
    brighter, _ = backbone.encode_images(crops + 60)
    stronger, _ = backbone.encode_images(crops * 2)
    grey = np.repeat((crops @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)[..., None], 3, axis=3)
    uncoloured, _ = backbone.encode_images(grey)
    for other in (brighter, stronger, uncoloured):
        assert torch.nn.functional.cosine_similarity(pooled, other).min() > 0.99


def test_a_batch_gives_what_single_crops_give(backbone: Backbone) -> None:
    crops = random_crops(5, 64)
    together, _ = backbone.encode_images(crops)
    apart = torch.cat([backbone.encode_images(crops[i : i + 1])[0] for i in range(5)])
    assert torch.allclose(together, apart, atol=1e-4)


def test_cutting_the_padding_changes_no_text_vector(backbone: Backbone) -> None:
    tower = text_tower(backbone.model)
    assert tower is not None
    tokens = tokenize(["smug", "a face with raised eyebrows and a wide open mouth", "高兴"])
    with torch.no_grad():
        assert torch.allclose(encode_tokens(tower, tokens), backbone.model.encode_text(tokens), atol=1e-5)


def test_parameters_are_frozen_and_few(backbone: Backbone) -> None:
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert not backbone.model.training
    assert sum(parameter.numel() for parameter in backbone.model.visual.parameters()) < 4_000_000


def test_a_text_beyond_the_context_is_refused_and_not_cut(backbone: Backbone) -> None:
    backbone.check_text("an ordinary label")
    backbone.check_text("高兴但又有点难过的表情")
    with pytest.raises(LabelError, match="too long for this model"):
        backbone.check_text("ﷺ" * 60)


def test_saving_and_loading_keeps_the_model(tmp_path: Path) -> None:
    model = new_mini(seed=1).eval()
    save_mini(model, tmp_path)
    loaded = load_backbone(str(tmp_path), "cpu")
    crops = random_crops(2, 64)
    with torch.no_grad():
        expected = model.encode_image(_as_input(crops))
    assert torch.allclose(loaded.encode_images(crops)[0], expected, atol=2e-2)
    assert loaded.weights_sha256 == loading.sha256_of(tmp_path / "model.safetensors")


def test_random_weights_follow_the_seed() -> None:
    first, second, other = (new_mini(seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["text.text_projection"], other["text.text_projection"])


@pytest.mark.parametrize("name", ["some.safetensors", "some.pt"])
def test_a_weights_file_alone_tells_its_architecture(tiny_weights: Path, name: str) -> None:
    loaded = load_backbone(str(tiny_weights / name), "cpu")
    pooled, spatial = loaded.encode_images(random_crops(2, 32))
    assert loaded.image_size == 32
    assert pooled.shape == (2, 16)
    assert spatial.shape == (2, 4, 4, 16)
    assert loaded.encode_texts(["smug", "calm"]).norm(dim=-1).tolist() == pytest.approx([1, 1], abs=1e-5)


def test_architecture_and_file_can_be_named_together(tiny_weights: Path) -> None:
    assert load_backbone(f"tiny-test:{tiny_weights / 'some.safetensors'}", "cpu").image_size == 32


class _Malicious:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("code ran",))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_nothing_is_unpickled(tmp_path: Path, capsys) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(pickle.dumps(_Malicious()))
    with pytest.raises(BackboneError, match="cannot be read"):
        load_backbone(str(path), "cpu")
    torch.save({"model": _Malicious()}, path)
    with pytest.raises(BackboneError, match="use --backbone mini"):
        load_backbone(str(path), "cpu")
    assert "code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("nonsense", "There is no backbone 'nonsense'"),
        ("ViT-B-32/nonsense", "it has openai"),
        ("missing.safetensors", "neither a weights file nor a folder"),
        ("ViT-B-32:missing.pt", "does not exist"),
        ("RN50x4-quickgelu-nothing/openai", "There is no backbone"),
    ],
)
def test_a_name_that_means_nothing_is_explained(spec: str, reason: str) -> None:
    with pytest.raises(BackboneError, match=reason):
        load_backbone(spec, "cpu")


def test_weights_that_cannot_be_downloaded_name_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> str:
        raise ConnectionError("no route to host\nand much more")

    monkeypatch.setattr(open_clip, "download_pretrained", fail)
    with pytest.raises(BackboneError, match=r"could not be downloaded \(no route to host\).*mini") as caught:
        load_backbone("ViT-B-32/openai", "cpu")
    assert "\n" not in str(caught.value)


def test_without_a_network_the_hub_is_asked_for_its_cache_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def no_dns(*_args: object, **_options: object) -> None:
        raise OSError("no name service")

    def look(*_args: object, **_options: object) -> str:
        seen.append(loading.huggingface_hub.constants.HF_HUB_OFFLINE)
        raise FileNotFoundError("not cached")

    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(loading.socket, "getaddrinfo", no_dns)
    monkeypatch.setattr(open_clip, "download_pretrained", look)
    before = loading.huggingface_hub.constants.HF_HUB_OFFLINE
    with pytest.raises(BackboneError):
        load_backbone("ViT-B-32/openai", "cpu")
    assert seen == [True]
    assert before == loading.huggingface_hub.constants.HF_HUB_OFFLINE


@pytest.mark.parametrize("change", ["damage", "drop", "foreign"])
def test_damaged_weights_are_refused(mini_folder: Path, tmp_path: Path, change: str) -> None:
    save_mini(new_mini(seed=0), tmp_path)
    weights = tmp_path / "model.safetensors"
    if change == "damage":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif change == "drop":
        state = new_mini(seed=0).state_dict()
        state.pop("visual.head.proj.weight")
        save_file(state, weights)
    else:
        save_file({"a": torch.zeros(2)}, weights)
    with pytest.raises(BackboneError, match="do not load"):
        load_backbone(str(tmp_path), "cpu")


def test_half_precision_gives_nearly_the_same(mini_folder: Path, tiny_weights: Path, monkeypatch) -> None:
    for spec, size in ((str(mini_folder), 64), (str(tiny_weights / "some.safetensors"), 32)):
        full = load_backbone(spec, "cpu")
        with monkeypatch.context() as patch:
            patch.setattr(loading, "precision", lambda device: "fp16")
            half = load_backbone(spec, "cpu")
        assert half.image_dtype == torch.float16
        crops = random_crops(2, size)
        pairs = [(full.encode_images(crops)[0], half.encode_images(crops)[0])]
        pairs.append((full.encode_texts(["smug"]), half.encode_texts(["smug"])))
        for expected, found in pairs:
            assert torch.nn.functional.cosine_similarity(expected, found).min() > 0.99


@pytest.mark.parametrize("name", ["cuda:99", "nonsense", "meta"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(BackboneError, match="device"):
        choose_device(name)


def _as_input(crops: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
