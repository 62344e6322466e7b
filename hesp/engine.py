"""The engine: analyse a clip once (costly), then score and locate any label on it (cheap, as often as wanted).

    engine = Engine.load()
    with engine.analyze("clip.mp4") as analysis:
        scores = engine.score(analysis, ["happiness", "smug"])

It is where a method's raw scores meet the calibration. Numpy goes out; no tensor and no widget leaves or enters.
One engine may serve several threads at once: it holds no state of a clip.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hesp.analysis import AnalysisPass
from hesp.clip import CHECKPOINTS, load_backbone
from hesp.emotions import load_vocabulary
from hesp.errors import LabelError, MediaError, MethodError
from hesp.media import MediaLimits, normalise
from hesp.methods import Method, build_method
from hesp.openset import BankCalibration, VocabularyCalibration
from hesp.records import (
    Analysis,
    Array,
    CancelCallback,
    ModelInfo,
    ProgressCallback,
    Scores,
    Track,
    TrackScores,
    VideoInfo,
)
from hesp.version import __version__

MAX_LABELS = 32
MAX_LABEL_LENGTH = 60
RESERVED_LABEL = "unknown"
DEFAULT_WINDOW_S = 0.5
DEFAULT_LABEL_SET = "Basic 7"


class Engine:
    """A loaded method with its backbone and calibration."""

    def __init__(
        self, method: Method, calibration: BankCalibration | VocabularyCalibration, *, limits: MediaLimits | None = None
    ) -> None:
        """Put an engine together from built parts; `Engine.load` does it by name."""
        self._method = method
        self._calibration = calibration
        self.limits = limits or MediaLimits()
        backbone = method.backbone
        self.model = ModelInfo(
            backbone=backbone.name,
            method=method.name,
            weights_sha256=backbone.weights_sha256,
            window_s=DEFAULT_WINDOW_S,
            version=__version__,
            device=str(backbone.device),
        )

    @classmethod
    def load(
        cls,
        backbone: str = "mini",
        *,
        method: str = "zero-shot",
        device: str | None = None,
        limits: MediaLimits | None = None,
    ) -> Engine:
        """Load a backbone and put a method on it.

        Args:
            backbone: "mini", an open_clip name such as "ViT-B-32/openai", or a weights file.
            method: name of a method, one of `hesp.methods.METHODS`.
            device: "cpu", "cuda", "cuda:1", "mps", or None for the best there is.
            limits: longest and largest clip that is accepted.

        Raises:
            BackboneError: no such backbone or device, or its weights cannot be had.
            MethodError: no such method, or its calibration is damaged.
        """
        built = build_method(method, load_backbone(backbone, device))
        folder = CHECKPOINTS / backbone
        if (folder / "calibration.json").is_file():
            return cls(built, BankCalibration.load(folder), limits=limits)
        return cls(built, VocabularyCalibration(), limits=limits)

    @property
    def default_labels(self) -> tuple[str, ...]:
        """What is scored when nobody says otherwise: six basic emotions and neutral, in the vocabulary's order."""
        return load_vocabulary().sets[DEFAULT_LABEL_SET]

    def analyze(
        self,
        path: str | Path,
        on_progress: ProgressCallback | None = None,
        cancel: CancelCallback | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        fps: float | None = None,
        work_dir: Path | None = None,
    ) -> Analysis:
        """Normalise a clip, find and follow its faces, and encode them.

        Args:
            path: a video or a still image.
            on_progress: called as (stage, done, total, partial), stage "normalise" then "analyse", in frames; total
                is 0 while not known, partial an `Analysis` of the frames so far, now and then.
            cancel: polled often; the analysis stops soon after it returns True.
            start_s, end_s: part of the clip, in seconds; the whole of it by default.
            fps: frames analysed a second; all by default.
            work_dir: existing folder under which the analysis makes its own; the system's temporary one by default.

        Returns:
            an analysis that owns its folder: `close` it, use it in a `with` block, or let go of it.

        Raises:
            MediaError: the clip cannot be read, or is over the limits.
            CancelledError: `cancel` returned True. As after any error, nothing is left behind.
            DependencyError: MediaPipe or its model is missing.
        """
        folder = _make_work_dir(work_dir)
        try:
            video = normalise(
                path,
                folder,
                start_s=start_s,
                end_s=end_s,
                limits=self.limits,
                on_progress=_stage(on_progress, "normalise"),
                cancel=cancel,
            )
            frame_index = choose_frames(video, fps)
            analysis = AnalysisPass(self._method, video, frame_index, self.model, work_dir=folder).run(
                on_progress, cancel
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # frozen for everyone else: only now is there an object whose end can be waited for
        finalizer = weakref.finalize(analysis, shutil.rmtree, folder, ignore_errors=True)
        object.__setattr__(analysis, "finalizer", finalizer)
        return analysis

    def check_labels(self, labels: Sequence[str]) -> tuple[str, ...]:
        """Labels without surplus blanks and repetitions, in the order given.

        Raises:
            LabelError: none or more than 32, or one is longer than 60 characters or than the model can read.
        """
        if isinstance(labels, str):  # which is a sequence too, of letters
            labels = [labels]
        first: dict[str, str] = {}
        for text in (" ".join(str(label).split()) for label in labels):
            first.setdefault(text.casefold(), text)
        kept = [text for text in first.values() if text]
        if not kept:
            raise LabelError("Name at least one emotion to look for.")
        if len(kept) > MAX_LABELS:
            raise LabelError(
                f"At most {MAX_LABELS} labels can be scored at once, and these are {len(kept)}; drop some."
            )
        for label in kept:
            if label.casefold() == RESERVED_LABEL:
                raise LabelError(f"{RESERVED_LABEL!r} is always shown as a curve of its own; leave it out.")
            if len(label) > MAX_LABEL_LENGTH:
                raise LabelError(f"A label may have {MAX_LABEL_LENGTH} characters; {label[:20]!r}... has {len(label)}.")
            self._method.backbone.check_text(label)
        return tuple(kept)

    def score(self, analysis: Analysis, labels: Sequence[str], *, window_s: float | None = None) -> Scores:
        """Score labels on every frame of every track.

        Args:
            analysis: of this engine's model.
            labels: emotion names or descriptions, in any language the backbone reads.
            window_s: seconds over which raw scores are averaged; 0.5 by default, 0 for single frames.

        Raises:
            LabelError: see `check_labels`.
            MethodError: the analysis was made by another model.
        """
        checked = self.check_labels(labels)
        self._check_model(analysis)
        window_s = DEFAULT_WINDOW_S if window_s is None else window_s
        n_window = max(1, round(window_s * analysis.analysed_fps))
        tracks = tuple(
            self._score_track(track, features.pooled, checked, n_window)
            for track, features in zip(analysis.tracks, analysis.features, strict=True)
        )
        return Scores(checked, analysis.time_s, tracks)

    def attention(self, analysis: Analysis, label: str, track: int = 0) -> Array:
        """Where the evidence for a label lies: (n_frames, h, w) float32, signed, NaN where the face is absent.

        For the zero-shot method on `mini` each frame's values sum to its raw score before the window mean. The map
        lies on the aligned crop (`hesp.face.crop_corners`).

        Args:
            analysis: of this engine's model.
            label: any label.
            track: id of a track.

        Raises:
            KeyError: no track has this id.
            LabelError, MethodError: as for `score`.
        """
        (checked,) = self.check_labels([label])
        self._check_model(analysis)
        position = analysis.track_position(track)
        return analysis.tracks[position].spread(self._method.attend(analysis.features[position], checked))

    def _score_track(self, track: Track, pooled: Array, labels: tuple[str, ...], n_window: int) -> TrackScores:
        raw = window_mean(self._method.score(pooled, labels), track.rows, n_window)
        standardised = self._calibration.standardise(self._method, raw, pooled, labels)
        curves = self._calibration.curves
        unknown = curves.unknown(standardised)
        return TrackScores(
            track.id,
            track.spread(curves.evidence(standardised)),
            track.spread(unknown),
            track.spread(curves.shares(standardised, unknown)),
        )

    def _check_model(self, analysis: Analysis) -> None:
        made_by = (analysis.model.backbone, analysis.model.method, analysis.model.weights_sha256)
        if made_by != (self.model.backbone, self.model.method, self.model.weights_sha256):
            raise MethodError(
                f"This analysis was made by {analysis.model.backbone}/{analysis.model.method} and not by "
                f"{self.model.backbone}/{self.model.method}; analyse the clip again."
            )


def window_mean(values: Array, rows: Array, n_window: int) -> Array:
    """Mean over a centred window that is cut at gaps and at the ends.

    Args:
        values: (m, k) float32, one row per row of a track.
        rows: (m,) the frames they belong to; where they skip a frame the face was absent.
        n_window: frames in a full window; an even number reaches one frame further back.

    Returns:
        (m, k) float32.
    """
    out = np.empty_like(values)
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    for run in np.split(np.arange(len(rows)), breaks):
        total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values[run], axis=0, dtype=np.float64)])
        position = np.arange(len(run))
        first = np.maximum(position - n_window // 2, 0)
        last = np.minimum(position + (n_window - 1) // 2, len(run) - 1) + 1
        out[run] = (total[last] - total[first]) / (last - first)[:, None]
    return out


def choose_frames(video: VideoInfo, fps: float | None) -> Array:
    """Frames to analyse: all, or those shown at multiples of 1 / fps seconds; (n,) int32, increasing.

    Raises:
        MediaError: fps is not a rate in (0, the clip's].
    """
    if fps is None:
        return np.arange(video.n_frames, dtype=np.int32)
    if not 0 < fps <= video.fps:
        raise MediaError(f"Analysed frames a second must be above 0 and at most {video.fps:g}, not {fps:g}.")
    n_frames = max(1, int(np.ceil(video.n_frames * fps / video.fps - 1e-9)))
    frames = np.floor(np.arange(n_frames) * video.fps / fps + 1e-9).astype(np.int32)
    return np.asarray(frames[frames < video.n_frames])


def _make_work_dir(parent: Path | None) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="hesp-", dir=parent))
    except OSError as error:
        raise MediaError(f"No working folder could be made ({error.strerror}); free some disk space.") from error


def _stage(on_progress: ProgressCallback | None, name: str) -> Callable[[int, int], None] | None:
    """Adapt the caller's progress function to one stage."""
    if on_progress is None:
        return None
    return lambda done, total: on_progress(name, done, total, None)
