"""Analyse once, score often: shapes, gaps, windows, labels, cancelling, cleaning up."""

import gc
import threading
from pathlib import Path

import numpy as np
import pytest
from stubs import StubMethod

from hesp.engine import MAX_LABELS, Engine, choose_frames, window_mean
from hesp.errors import CancelledError, LabelError, MediaError, MethodError
from hesp.openset import BankCalibration, VocabularyCalibration
from hesp.openset.calibration import GENERIC_CURVES
from hesp.records import Analysis, SourceInfo, VideoInfo

LABELS = ("happiness", "sadness", "smug")


def make_video(n_frames: int, fps: float = 30.0) -> VideoInfo:
    return VideoInfo(Path("clip.mp4"), 64, 48, fps, n_frames, False, SourceInfo("clip.mp4", 64, 48, None))


def test_an_analysis_holds_one_track_with_a_gap(analysis: Analysis) -> None:
    (track,) = analysis.tracks
    assert len(analysis.time_s) == analysis.video.n_frames == 24
    assert np.allclose(analysis.time_s, np.arange(24) / 30)
    assert set(range(24)) - set(track.rows.tolist()) == {10, 11}
    assert analysis.features[0].pooled.shape[0] == len(track.rows)


def test_scores_are_nan_exactly_where_the_face_is_absent(stub_engine: Engine, analysis: Analysis) -> None:
    (track,) = stub_engine.score(analysis, LABELS).tracks
    absent = np.isin(np.arange(24), [10, 11])
    for values in (track.evidence[:, 0], track.unknown, track.shares[:, 2]):
        assert values.dtype == np.float32
        assert np.array_equal(np.isnan(values), absent)
        assert values[~absent].min() >= 0
        assert values[~absent].max() <= 1


def test_shares_and_unknown_divide_one(stub_engine: Engine, analysis: Analysis) -> None:
    (track,) = stub_engine.score(analysis, LABELS).tracks
    total = track.shares.sum(axis=1) + track.unknown
    assert np.allclose(total[~np.isnan(total)], 1, atol=1e-5)


def test_evidence_does_not_depend_on_other_labels_and_unknown_never_rises(
    stub_engine: Engine, analysis: Analysis
) -> None:
    before = stub_engine.score(analysis, ["happiness"]).tracks[0]
    for added in ("sadness", "smug", "calm, then angry"):
        after = stub_engine.score(analysis, ["happiness", added]).tracks[0]
        assert np.array_equal(after.evidence[:, 0], before.evidence[:, 0], equal_nan=True)
        assert np.nanmax(after.unknown - before.unknown) <= 1e-7


def test_columns_follow_the_order_of_the_labels(stub_engine: Engine, analysis: Analysis) -> None:
    forward = stub_engine.score(analysis, LABELS)
    backward = stub_engine.score(analysis, LABELS[::-1])
    assert forward.labels == LABELS
    assert backward.labels == LABELS[::-1]
    assert np.allclose(forward.tracks[0].evidence, backward.tracks[0].evidence[:, ::-1], equal_nan=True)


def test_attention_of_the_stub_sums_to_its_raw_score(stub_engine: Engine, analysis: Analysis) -> None:
    maps = stub_engine.attention(analysis, "smug", 0)
    assert maps.shape == (24, 4, 4)
    assert np.isnan(maps[10]).all()
    raw = StubMethod().score(analysis.features[0].pooled, ["smug"])[:, 0]
    assert np.allclose(maps[analysis.tracks[0].rows].sum(axis=(1, 2)), raw, atol=1e-3)
    with pytest.raises(KeyError, match="no track has id 7"):
        stub_engine.attention(analysis, "smug", 7)


@pytest.mark.parametrize(
    ("labels", "cleaned"),
    [
        (["  smug ", "very   happy"], ("smug", "very happy")),  # surplus blanks
        (["Smug", "smug", "SMUG"], ("Smug",)),  # repetitions, the first stays
        (["a", "b", "A"], ("a", "b")),  # and keeps its place
        (["", "smug", "  "], ("smug",)),  # empty ones
        ("smug", ("smug",)),  # one label alone
        (["高兴", "calm, then angry"], ("高兴", "calm, then angry")),  # other languages, commas
    ],
)
def test_labels_are_cleaned(stub_engine: Engine, labels: list[str] | str, cleaned: tuple[str, ...]) -> None:
    assert stub_engine.check_labels(labels) == cleaned


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([], "at least one"),
        (["   "], "at least one"),
        ([f"word {i}" for i in range(MAX_LABELS + 1)], "At most 32"),
        (["x" * 61], "60 characters"),
        (["smug", "Unknown"], "always shown"),  # the name of a curve that is always there
        (["a " * 25], "too long"),  # refused by the tokenizer's context
    ],
)
def test_labels_are_refused_with_the_reason(stub_engine: Engine, labels: list[str], reason: str) -> None:
    with pytest.raises(LabelError, match=reason):
        stub_engine.check_labels(labels)


def test_32_labels_of_60_characters_are_scored(stub_engine: Engine, analysis: Analysis) -> None:
    labels = [f"{i:02d}" + "x" * 58 for i in range(MAX_LABELS)]
    assert stub_engine.score(analysis, labels).tracks[0].evidence.shape == (24, 32)


def test_scoring_does_not_touch_the_image_side(face_clip: Path) -> None:
    method = StubMethod()
    engine = Engine(method, VocabularyCalibration())
    with engine.analyze(face_clip) as made:
        n_crops = method.n_crops
        made.video.path.unlink()
        engine.score(made, LABELS)
        engine.attention(made, "smug")
        assert method.n_crops == n_crops == 22


def test_a_model_does_not_score_another_models_analysis(analysis: Analysis) -> None:
    other = StubMethod()
    other.backbone.weights_sha256 = "1" * 64
    with pytest.raises(MethodError, match="analyse the clip again"):
        Engine(other, VocabularyCalibration()).score(analysis, LABELS)


def test_progress_reaches_its_total_and_partial_results_grow(
    stub_engine: Engine, face_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hesp.analysis.PARTIAL_EVERY_S", 0.0)
    monkeypatch.setattr("hesp.analysis.REPORT_EVERY_S", 0.0)
    calls: list[tuple[str, int, int]] = []
    n_rows: list[int] = []

    def on_progress(stage: str, done: int, total: int, partial: Analysis | None) -> None:
        calls.append((stage, done, total))
        if partial is not None and partial.tracks:
            n_rows.append(len(partial.tracks[0].rows))
            assert len(stub_engine.score(partial, LABELS).time_s) == 24

    stub_engine.analyze(face_clip, on_progress).close()
    assert calls[-1] == ("analyse", 24, 24)
    assert {stage for stage, _, _ in calls} == {"normalise", "analyse"}
    assert n_rows == sorted(n_rows)
    assert n_rows[-1] >= 16


def test_cancelling_stops_leaves_nothing_behind_and_ends_the_threads(
    stub_engine: Engine, face_clip: Path, tmp_path: Path
) -> None:
    seen: list[str] = []
    with pytest.raises(CancelledError):
        stub_engine.analyze(
            face_clip,
            lambda stage, *_: seen.append(stage),
            lambda: "analyse" in seen or len(seen) > 3,
            work_dir=tmp_path,
        )
    assert list(tmp_path.iterdir()) == []
    assert [thread for thread in threading.enumerate() if thread.name == "prefetch"] == []


def test_an_error_midway_leaves_nothing_behind(face_clip: Path, tmp_path: Path) -> None:
    method = StubMethod()
    method.embed = lambda crops: (_ for _ in ()).throw(RuntimeError("out of memory"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="out of memory"):
        Engine(method, VocabularyCalibration()).analyze(face_clip, work_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_working_folder_goes_with_the_analysis(stub_engine: Engine, face_clip: Path, tmp_path: Path) -> None:
    made = stub_engine.analyze(face_clip, work_dir=tmp_path)
    assert made.work_dir.parent == tmp_path
    made.close()
    made.close()  # harmless
    assert list(tmp_path.iterdir()) == []
    made = stub_engine.analyze(face_clip, work_dir=tmp_path)
    del made
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_slower_rate_analyses_fewer_frames(stub_engine: Engine, face_clip: Path) -> None:
    with stub_engine.analyze(face_clip, fps=10) as made:
        assert made.time_s.tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
        assert made.analysed_fps == pytest.approx(10)


@pytest.mark.parametrize("fps", [0, -1, 31, float("nan")])
def test_an_impossible_rate_is_refused(fps: float) -> None:
    with pytest.raises(MediaError, match="Analysed frames a second"):
        choose_frames(make_video(24), fps)


@pytest.mark.parametrize("fps", [30, 29.97, 12, 7, 0.01])
def test_chosen_frames_increase_within_the_clip_at_the_asked_rate(fps: float) -> None:
    frames = choose_frames(make_video(300), fps)
    assert frames[0] == 0
    assert (np.diff(frames) > 0).all()
    assert frames[-1] < 300
    assert abs(len(frames) - max(1, 10 * fps)) <= 1


def test_window_mean_matches_a_plain_loop_and_stops_at_gaps() -> None:
    rows = np.array([0, 1, 2, 3, 7, 8, 9, 20])
    values = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    runs = [range(0, 4), range(4, 7), range(7, 8)]
    for n_window in (1, 2, 3, 15):
        expected = np.empty_like(values)
        for run in runs:
            for i in run:
                near = [j for j in run if -(n_window // 2) <= j - i <= (n_window - 1) // 2]
                expected[i] = values[near].mean(axis=0)
        assert np.allclose(window_mean(values, rows, n_window), expected, atol=1e-6)


def test_a_bank_puts_the_median_face_at_zero_and_the_top_at_one() -> None:
    bank = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    method, calibration = StubMethod(), BankCalibration(bank, GENERIC_CURVES)
    standardised = calibration.standardise(method, method.score(bank, LABELS), bank, LABELS)
    assert np.allclose(np.median(standardised, axis=0), 0, atol=1e-2)
    assert np.allclose(np.quantile(standardised, 0.99, axis=0), 1, atol=1e-2)
