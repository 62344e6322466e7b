"""Collects the faces of an analysis track by track and hands them out as records, at any time and without copying.

Also decides what was no face after all: a track shown for less than a fifth of a second is a slip of the detector,
which no viewer would have seen. Knows nothing of how ids come about; see `tracking.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hesp.records import N_BLENDSHAPES, N_LANDMARKS, Array, Face, Track

# Shorter than any expression (micro-expressions start at about 0.2 s; Yan et al. 2013, doi:10.1007/s10919-013-0159-8).
MIN_SHOWN_S = 0.2

# Rows of a new track: a slip of the detector should cost little.
FIRST_CAPACITY = 16


class _Rows:
    """A growing array: `append` is cheap, `view` is free, and a view once given never changes."""

    def __init__(self, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        self._buffer: Array = np.empty((FIRST_CAPACITY, *shape), dtype=dtype)
        self._n_rows = 0

    def append(self, row: Any) -> None:
        """Add one row; a full buffer is replaced by one twice as long, views keep the old one."""
        if self._n_rows == len(self._buffer):
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)])
        self._buffer[self._n_rows] = row
        self._n_rows += 1

    def view(self) -> Array:
        """The rows so far, read-only."""
        rows = self._buffer[: self._n_rows]
        rows.flags.writeable = False
        return rows


class _Columns:
    """The arrays of one track; `frame_rows` says at which analysed frames they were taken."""

    def __init__(self) -> None:
        self.last_frame_row = -1
        self.n_rows = 0
        self._frame_rows = _Rows((), np.int32)
        self._box = _Rows((4,), np.float32)
        self._quad = _Rows((4, 2), np.float32)
        self._landmarks = _Rows((N_LANDMARKS, 3), np.float32)
        self._blendshapes = _Rows((N_BLENDSHAPES,), np.float32)
        self._pose = _Rows((3,), np.float32)
        self._quality = _Rows((), np.float32)

    def append(self, frame_row: int, face: Face) -> None:
        """Add the face of one analysed frame."""
        self.last_frame_row = frame_row
        self.n_rows += 1
        self._frame_rows.append(frame_row)
        self._box.append(face.box_xyxy_px)
        self._quad.append(face.crop_quad_px)
        self._landmarks.append(face.landmarks_px)
        self._blendshapes.append(face.blendshapes)
        self._pose.append(face.pose_deg)
        self._quality.append(face.quality)

    def to_track(self, new_id: int, n_frames: int) -> Track:
        """The record of the rows so far."""
        return Track(
            id=new_id,
            n_frames=n_frames,
            rows=self._frame_rows.view(),
            box_xyxy_px=self._box.view(),
            crop_quad_px=self._quad.view(),
            landmarks_px=self._landmarks.view(),
            blendshapes=self._blendshapes.view(),
            pose_deg=self._pose.view(),
            quality=self._quality.view(),
        )


class TrackBuilder:
    """Turns (frame, id, face) into tracks; `build` may be called at any time, for partial results."""

    def __init__(self, *, analysed_fps: float, min_shown_s: float = MIN_SHOWN_S) -> None:
        """Start without tracks.

        Args:
            analysed_fps: analysed frames per second, > 0.
            min_shown_s: tracks with fewer frames than fit into this time are left out.
        """
        # rounded first: 0.2 s at 30 frames a second are 6 frames and not, by a hair, 7
        self._min_rows = math.ceil(round(min_shown_s * analysed_fps, 6))
        self._columns: dict[int, _Columns] = {}

    def add(self, frame_row: int, track_id: int, face: Face) -> None:
        """Add the face of analysed frame `frame_row` to the track that the tracker calls `track_id`.

        Raises:
            ValueError: the track already has a face at this frame or a later one.
        """
        columns = self._columns.setdefault(track_id, _Columns())
        if frame_row <= columns.last_frame_row:
            raise ValueError(f"frame {frame_row} of track {track_id} comes after frame {columns.last_frame_row}")
        columns.append(frame_row, face)

    def surviving_ids(self, n_frames: int) -> tuple[int, ...]:
        """The tracker's ids of the tracks that `build` returns, in the same order.

        A track is left out when it is shown for less than `min_shown_s` in all - unless the whole clip so far
        (`n_frames` analysed frames) is shorter than that, as a still picture is.
        """
        min_rows = self._min_rows if n_frames >= self._min_rows else 1
        return tuple(track_id for track_id in sorted(self._columns) if self._columns[track_id].n_rows >= min_rows)

    def build(self, n_frames: int) -> tuple[Track, ...]:
        """Tracks in order of first appearance, with ids 0, 1, ...; `n_frames` analysed frames have been seen so far.

        The arrays are read-only views that later calls of `add` do not change. Between two calls a track may get
        another id, when one that began earlier has become long enough to count: take ids and `surviving_ids` from
        the same moment.
        """
        return tuple(
            self._columns[track_id].to_track(new_id, n_frames)
            for new_id, track_id in enumerate(self.surviving_ids(n_frames))
        )
