"""Makes the embedded backbone: text stage, image stage, export, calibration. Each can be interrupted and resumed.

A run's folder holds the states, logs and caches; the output folder gets what ships.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from hesp.clip import IMAGE_SIZE, load_backbone, new_mini, save_mini
from hesp.emotions import FERPLUS_EMOTIONS, load_vocabulary
from hesp.methods import ZeroShot
from hesp.openset import BankCalibration, fit_curves
from hesp.openset.calibration import GENERIC_CURVES
from hesp.records import Array
from hesp.training.evaluate import accuracy_of, embed_crops
from hesp.training.ferplus import FerPlusSplit, aligned_crops, load_blendshapes, load_split
from hesp.training.image_stage import ImageStageConfig, ImageStageData, run_image_stage
from hesp.training.pairs import build_groups
from hesp.training.text_stage import TextStageConfig, run_text_stage

# 1,500 x 256 half-precision numbers are 0.77 MB
BANK_SIZE = 1500


def pretrain(
    data_path: Path,
    blendshapes_path: Path,
    run_dir: Path,
    output_dir: Path,
    *,
    text: TextStageConfig | None = None,
    image: ImageStageConfig | None = None,
) -> dict[str, float]:
    """Run all stages and write a checkpoint folder.

    Args:
        data_path: FER+ pictures and votes; trains on its `train`, calibrates and reports on its `dev`.
        blendshapes_path: MediaPipe's blendshapes of the same pictures.
        run_dir: states, logs and caches; a second call with the same folder goes on where the first stopped.
        output_dir: receives open_clip_config.json, model.safetensors, calibration.* and training.json.
        text: settings of the text stage.
        image: settings of the image stage.

    Returns:
        accuracy and UAR on `dev`.

    Raises:
        DataError: a data file is missing or of another form.
        DependencyError: a package that only pre-training needs is not installed.
    """
    text, image = text or TextStageConfig(), image or ImageStageConfig()
    run_dir.mkdir(parents=True, exist_ok=True)
    train, dev = load_split(data_path, "train"), load_split(data_path, "dev")
    blendshapes = load_blendshapes(blendshapes_path, "train", len(train.images))
    model = new_mini(seed=text.seed)
    run_text_stage(model, run_dir, text)
    crops = cached_crops(run_dir, "train", train, IMAGE_SIZE)
    groups = build_groups(load_vocabulary(), train.emotion_shares(), blendshapes, with_emotions=True)
    run_image_stage(model, ImageStageData(crops, train.emotion_shares(), groups), run_dir, image)
    save_mini(model, output_dir)
    figures = calibrate(output_dir, dev, cached_crops(run_dir, "dev", dev, IMAGE_SIZE))
    record = {"text_stage": asdict(text), "image_stage": asdict(image), "dev": figures}
    (output_dir / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return figures


def cached_crops(run_dir: Path, name: str, split: FerPlusSplit, size_px: int) -> Array:
    """Aligned crops of a split, (n, s, s) uint8, made once a run."""
    cache = run_dir / f"crops-{name}-{size_px}.npy"
    if not cache.is_file():
        crops, found = aligned_crops(split.images, size_px)
        print(f"{name}: a face was found in {found.mean():.1%} of {len(found)} pictures", flush=True)
        np.save(cache, crops)
    return np.asarray(np.load(cache))


def calibrate(folder: Path, dev: FerPlusSplit, crops: Array, *, seed: int = 0) -> dict[str, float]:
    """Fit and store the calibration of an exported backbone on `dev`; accuracy and UAR there."""
    method = ZeroShot(load_backbone(str(folder), "cpu"))
    pooled = embed_crops(method, crops)
    kept = np.flatnonzero(dev.is_emotion)
    chosen = np.random.default_rng(seed).permutation(kept)[:BANK_SIZE]
    uncalibrated = BankCalibration(pooled[np.sort(chosen)], GENERIC_CURVES)
    raw = method.score(pooled[kept], FERPLUS_EMOTIONS)
    standardised = uncalibrated.standardise(method, raw, pooled[kept], FERPLUS_EMOTIONS)
    curves = fit_curves(standardised, dev.emotion_shares()[kept], f"FER+ dev, {len(kept)} faces, 8 emotions")
    BankCalibration(uncalibrated.bank, curves).save(folder)
    figures = accuracy_of(raw.argmax(axis=1), dev.labels[kept])
    return {"accuracy": figures.accuracy, "uar": figures.uar}
