"""The values that cross rooms: frozen dataclasses that check their own shapes.

Everything here is numpy and plain Python; no tensor, no model and no widget. Times are seconds, pixels refer to
the normalised, upright clip (x to the right, y down) and arrays "per analysed frame" are as long as `time_s`.
A face that is absent in a frame has no row in its `Track`; `Track.spread` turns rows into full-length arrays in
which absent frames are NaN.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

N_LANDMARKS = 478
N_BLENDSHAPES = 52

# stage ("normalise", "analyse"), done, total (both in frames), the part analysed so far or None
ProgressCallback = Callable[[str, int, int, "Analysis | None"], None]
CancelCallback = Callable[[], bool]


def check_shape(name: str, array: Array, expected: tuple[int | None, ...]) -> None:
    """Raise ValueError unless `array.shape` matches `expected`, where None stands for any length."""
    matches = array.ndim == len(expected) and all(
        want is None or have == want for have, want in zip(array.shape, expected, strict=True)
    )
    if not matches:
        raise ValueError(f"{name} must have shape {expected} (None = any), but has {array.shape}")


@dataclass(frozen=True)
class SourceInfo:
    """The file as the user gave it; `duration_s` is None where the file does not say (browser recordings, stills)."""

    path: str
    width: int
    height: int
    duration_s: float | None


@dataclass(frozen=True)
class VideoInfo:
    """A normalised clip: upright, H.264, constant `fps`, so frame i is shown from i / fps seconds on.

    `start_s` is where the clip begins in the source, for a part cut out with a start and end time.
    """

    path: Path
    width: int
    height: int
    fps: float
    n_frames: int
    has_audio: bool
    source: SourceInfo
    start_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """Length of the normalised clip in seconds."""
        return self.n_frames / self.fps


@dataclass(frozen=True, eq=False)
class Face:
    """One detected face in one frame.

    box_xyxy_px: (4,) float32. landmarks_px: (478, 3) float32, x and y in pixels, z on the scale of x, smaller is
    nearer. blendshapes: (52,) float32 in [0, 1], in the order of `hesp.face.BLENDSHAPE_NAMES`. pose_deg: (3,)
    float32 yaw, pitch, roll (signs: see `hesp/face/pose.py`). quality: in [0, 1]. crop_quad_px: (4, 2) float32,
    corners of the aligned crop in the picture, clockwise from the crop's upper left.
    """

    box_xyxy_px: Array
    crop_quad_px: Array
    landmarks_px: Array
    blendshapes: Array
    pose_deg: Array
    quality: float

    def __post_init__(self) -> None:
        check_shape("box_xyxy_px", self.box_xyxy_px, (4,))
        check_shape("crop_quad_px", self.crop_quad_px, (4, 2))
        check_shape("landmarks_px", self.landmarks_px, (N_LANDMARKS, 3))
        check_shape("blendshapes", self.blendshapes, (N_BLENDSHAPES,))
        check_shape("pose_deg", self.pose_deg, (3,))


@dataclass(frozen=True, eq=False)
class Track:
    """One face over time; row r of every array belongs to analysed frame `rows[r]`.

    rows: (m,) int32, increasing. box_xyxy_px: (m, 4), crop_quad_px: (m, 4, 2), landmarks_px: (m, 478, 3),
    blendshapes: (m, 52) in [0, 1], pose_deg: (m, 3) yaw, pitch, roll, quality: (m,) in [0, 1]; all float32, each as
    in `Face`. n_frames: analysed frames of the clip.
    """

    id: int
    n_frames: int
    rows: Array
    box_xyxy_px: Array
    crop_quad_px: Array
    landmarks_px: Array
    blendshapes: Array
    pose_deg: Array
    quality: Array

    def __post_init__(self) -> None:
        check_shape("rows", self.rows, (None,))
        n_rows = len(self.rows)
        check_shape("box_xyxy_px", self.box_xyxy_px, (n_rows, 4))
        check_shape("crop_quad_px", self.crop_quad_px, (n_rows, 4, 2))
        check_shape("landmarks_px", self.landmarks_px, (n_rows, N_LANDMARKS, 3))
        check_shape("blendshapes", self.blendshapes, (n_rows, N_BLENDSHAPES))
        check_shape("pose_deg", self.pose_deg, (n_rows, 3))
        check_shape("quality", self.quality, (n_rows,))
        if n_rows and (np.any(np.diff(self.rows) <= 0) or self.rows[0] < 0 or self.rows[-1] >= self.n_frames):
            raise ValueError(f"rows must increase within [0, {self.n_frames}), got {self.rows[[0, -1]]}")

    def spread(self, values: Array) -> Array:
        """Spread per-row `values` (m, ...) over all analysed frames: (n_frames, ...) float32, NaN where absent."""
        check_shape("values", values[:, ...], (len(self.rows), *values.shape[1:]))
        full = np.full((self.n_frames, *values.shape[1:]), np.nan, dtype=np.float32)
        full[self.rows] = values
        return full


@dataclass(frozen=True, eq=False)
class Features:
    """What the image encoder saw of one track; labels play no part in it.

    pooled: (m, d) float32, the embedding of each row of the track (not normalised). spatial: (m, h, w, d) float16,
    its parts by place; may be memory-mapped. For a backbone with average pooling the mean over places is `pooled`.
    """

    pooled: Array
    spatial: Array

    def __post_init__(self) -> None:
        check_shape("pooled", self.pooled, (None, None))
        check_shape("spatial", self.spatial, (len(self.pooled), None, None, self.pooled.shape[1]))


@dataclass(frozen=True)
class ModelInfo:
    """Which model made an analysis; scores of different models do not mix."""

    backbone: str
    method: str
    weights_sha256: str
    window_s: float
    version: str
    device: str


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything that is costly, done once: where the faces are and what the image encoder saw.

    frame_index: (n,) int32, the analysed frames of the normalised clip. time_s: (n,) float64 on the clip's own clock.
    features[i] belongs to tracks[i]. The normalised clip and the memory-mapped features lie in `work_dir`, which
    is deleted by `close`, at the end of a `with` block, or with the last reference, if the analysis has a finalizer.
    """

    video: VideoInfo
    frame_index: Array
    time_s: Array
    tracks: tuple[Track, ...]
    features: tuple[Features, ...]
    model: ModelInfo
    work_dir: Path
    finalizer: weakref.finalize[Any, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_shape("frame_index", self.frame_index, (None,))
        check_shape("time_s", self.time_s, (len(self.frame_index),))
        if len(self.tracks) != len(self.features):
            raise ValueError(f"{len(self.tracks)} tracks but {len(self.features)} features")
        for track, features in zip(self.tracks, self.features, strict=True):
            check_shape("features.pooled", features.pooled, (len(track.rows), None))

    @property
    def analysed_fps(self) -> float:
        """Analysed frames per second of clip."""
        return len(self.time_s) / self.video.duration_s

    def track_position(self, track_id: int) -> int:
        """Position in `tracks` of the track with this id; KeyError if there is none."""
        for position, track in enumerate(self.tracks):
            if track.id == track_id:
                return position
        raise KeyError(f"no track has id {track_id}; there are {[track.id for track in self.tracks]}")

    def close(self) -> None:
        """Delete the working directory if this analysis owns it; harmless when called again."""
        if self.finalizer is not None:
            self.finalizer()

    def __enter__(self) -> Analysis:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@dataclass(frozen=True, eq=False)
class TrackScores:
    """Scores of one track, NaN where the face is absent; all float32 and in [0, 1].

    evidence: (n_frames, n_labels), independent of which other labels are active. unknown: (n_frames,), the
    probability that the face shows none of the labels. shares: (n_frames, n_labels), with unknown they sum to 1.
    """

    track_id: int
    evidence: Array
    unknown: Array
    shares: Array

    def __post_init__(self) -> None:
        check_shape("evidence", self.evidence, (None, None))
        check_shape("unknown", self.unknown, (len(self.evidence),))
        check_shape("shares", self.shares, self.evidence.shape)


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of all tracks of one analysis; column k of every table belongs to labels[k]."""

    labels: tuple[str, ...]
    time_s: Array
    tracks: tuple[TrackScores, ...]

    def __post_init__(self) -> None:
        for track in self.tracks:
            check_shape("evidence", track.evidence, (len(self.time_s), len(self.labels)))
