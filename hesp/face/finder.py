"""Finds faces frame by frame, small ones included.

MediaPipe's detector sees the whole frame at 128 pixels, so a face narrower than about a tenth of the frame escapes it.
Therefore parts of the frame are searched now and then, and a face that only shows in a part is followed from frame to
frame in a close-up of its own. A face found in a part counts only if a stricter look at it and at its close-up agree,
since parts of things look like faces more often than whole pictures do.
"""

from __future__ import annotations

import itertools

import numpy as np

from hesp.face.landmarker import MAX_FACES, Landmarker, RawFace
from hesp.records import Array

# For `strict`. Measured on scikit-image's pictures and on photographs of groups: at 0.7 the collar of a space suit was
# still a face, at 0.9 most small faces were lost.
SEARCH_CONFIDENCE = 0.8
# how often parts are searched; below the tracker's longest gap, so that a face found again keeps its id
SEARCH_EVERY_S = 0.9
# parts along the longer and the shorter side, and the share of a part that the next one covers again
N_PARTS = (3, 2)
OVERLAP = 0.35
# side of a close-up in widths of the face
CLOSE_UP = 2.5
# two boxes are one face if the middle of one lies within this share of the other's size
SAME_FACE = 0.5


class FaceFinder:
    """Finds the faces of one clip's frames, which must come in order."""

    def __init__(
        self, landmarker: Landmarker, strict: Landmarker, *, analysed_fps: float, max_faces: int = MAX_FACES
    ) -> None:
        """Start at a clip's first frame, which is searched in parts.

        Args:
            landmarker: looks at whole frames and follows faces; stays the caller's to close, as `strict` does.
            strict: looks for further faces in parts; made with SEARCH_CONFIDENCE.
            analysed_fps: frames a second that will come.
            max_faces: the largest number of faces reported for a frame; the largest faces are kept.
        """
        self._landmarker, self._strict = landmarker, strict
        self._search_every = max(1, round(SEARCH_EVERY_S * analysed_fps))
        self._max_faces = max_faces
        self._followed: list[Array] = []
        self._n_frames = 0

    def find(self, frame_rgb: Array) -> list[RawFace]:
        """Faces of the next frame, (h, w, 3) uint8 RGB, the largest first."""
        faces = self._landmarker.detect(frame_rgb)
        for box in self._followed:
            self._add_close_up(frame_rgb, box, faces, self._landmarker)
        if self._n_frames % self._search_every == 0 and len(faces) < self._max_faces:
            self._search_parts(frame_rgb, faces)
        self._n_frames += 1
        faces.sort(key=lambda face: -_size(face.box_xyxy_px))
        del faces[self._max_faces :]
        self._followed = [face.box_xyxy_px for face in faces]
        return faces

    def _search_parts(self, frame_rgb: Array, faces: list[RawFace]) -> None:
        """Add the faces of all parts that their close-up confirms."""
        for region in parts(frame_rgb.shape[1], frame_rgb.shape[0]):
            for seen in detect_in(frame_rgb, region, self._strict):
                self._add_close_up(frame_rgb, seen.box_xyxy_px, faces, self._strict)

    @staticmethod
    def _add_close_up(frame_rgb: Array, box_xyxy: Array, faces: list[RawFace], landmarker: Landmarker) -> None:
        """Add the face at `box_xyxy` as its close-up shows it, unless it is among `faces` or not there."""
        if _contains(faces, box_xyxy):
            return
        region = close_up(box_xyxy, frame_rgb.shape[1], frame_rgb.shape[0])
        confirmed = [face for face in detect_in(frame_rgb, region, landmarker) if _is_same(face.box_xyxy_px, box_xyxy)]
        faces += [face for face in confirmed if not _contains(faces, face.box_xyxy_px)]


def detect_in(frame_rgb: Array, region: tuple[int, int, int, int], landmarker: Landmarker) -> list[RawFace]:
    """Faces of a part (left, top, right, bottom) of a frame, in the frame's pixels."""
    left, top, right, bottom = region
    shift = np.array([left, top, 0], dtype=np.float32)
    part = frame_rgb[top:bottom, left:right]
    return [RawFace(face.landmarks_px + shift, face.blendshapes) for face in landmarker.detect(part)]


def parts(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Overlapping parts that cover a frame: (left, top, right, bottom) in pixels."""
    n_across, n_down = N_PARTS if width >= height else N_PARTS[::-1]
    return [
        (left, top, right, bottom)
        for (top, bottom), (left, right) in itertools.product(_split(height, n_down), _split(width, n_across))
    ]


def close_up(box_xyxy: Array, width: int, height: int) -> tuple[int, int, int, int]:
    """Square round a box, cut at the frame's edges: (left, top, right, bottom) in pixels."""
    centre, half = (box_xyxy[:2] + box_xyxy[2:]) / 2, CLOSE_UP * _size(box_xyxy) / 2
    left, top = np.maximum(np.floor(centre - half), 0).astype(int)
    right, bottom = np.minimum(np.ceil(centre + half), (width, height)).astype(int)
    return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))


def _split(length: int, n_parts: int) -> list[tuple[int, int]]:
    """`n_parts` stretches of equal length that overlap by OVERLAP of a stretch and cover [0, length)."""
    part = length / (n_parts - (n_parts - 1) * OVERLAP)
    starts = [round(i * part * (1 - OVERLAP)) for i in range(n_parts)]
    return [(start, min(length, start + round(part) + 1)) for start in starts]


def _size(box_xyxy: Array) -> float:
    return float(max(box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]))


def _is_same(one_xyxy: Array, other_xyxy: Array) -> bool:
    """Whether two boxes are of one face: near each other and of like size."""
    sizes = _size(one_xyxy), _size(other_xyxy)
    distance = np.abs(one_xyxy[:2] + one_xyxy[2:] - other_xyxy[:2] - other_xyxy[2:]).max() / 2
    return bool(distance < SAME_FACE * min(sizes) and min(sizes) > SAME_FACE * max(sizes))


def _contains(faces: list[RawFace], box_xyxy: Array) -> bool:
    return any(_is_same(face.box_xyxy_px, box_xyxy) for face in faces)
