"""Faces of single frames become tracks: the same person keeps one id through short gaps and crossings.

Per frame, Hungarian assignment on where a face should be by now (constant velocity), how large it is and what it
looks like (`appearance.py`). Only sees boxes, looks and times: no pixels, no model. All rates are per second, so that
analysing every second frame changes little. Forgets a face once it has been gone for too long to come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from hesp.face.appearance import DIFFERENT_PERSON
from hesp.face.landmarker import MAX_FACES
from hesp.records import Array, Face

# Overlap from which two boxes are one face found twice. When two real faces cross, the one behind is lost at about 0.1.
DUPLICATE_IOU = 0.6

# Distance between predicted and found place at which a face cannot be the same, in face sizes: at once, and per
# second without a sight of it. 0.6 is a shift to the neighbouring seat; 2 per second is a brisk step aside.
REACH_SIZES = 0.6
REACH_SIZES_PER_S = 2.0
# Ratio of sizes at which a face cannot be the same: twice as near.
SIZE_RATIO_LIMIT = 2.0
# Cost of one second of absence, and at most: of two faces that fit alike, the one seen last is the likelier. Bounded,
# so that frames many seconds apart can still be linked.
GAP_COST_PER_S = 0.25
MAX_GAP_COST = 0.25
# A pair is better left alone from this cost on; each of place, size and look alone costs 1 at its limit.
UNMATCHED_COST = 1.0

# Distances of two centres, in face sizes, below which a face's aligned crop shows parts of its neighbour (hair reaches
# further than the landmarks do), and below which even its landmarks may slip onto the neighbour.
LOOK_ROOM_SIZES = 1.75
PLACE_ROOM_SIZES = 1.0
# Cost of the look, at most, for a face half hidden behind its neighbour: it cannot rule anyone out, only rank.
HALF_HIDDEN_LOOK_COST = 0.5

# Memory of the velocity (steadier than the jitter of boxes, quicker than a turn of the body), time in which an unseen
# face is taken to slow down, and memory of the look (a second of talking, not one grimace).
VELOCITY_MEMORY_S = 0.15
SLOWING_S = 1.0
LOOK_MEMORY_S = 1.0

# Slack for times that are sums of floats.
TIME_TOLERANCE_S = 1e-6


@dataclass(frozen=True, eq=False)
class _Sighting:
    """One face of the current frame.

    index: its place in the caller's list. centre: (2,) pixels. size: geometric mean of the box's sides, in pixels.
    look: (d,), see `describe_look`.
    """

    index: int
    centre: Array
    size: float
    look: Array

    def distance_sizes(self, other: _Sighting) -> float:
        """Distance of the two centres in units of the faces' (geometric mean) size."""
        return float(np.linalg.norm(self.centre - other.centre) / np.sqrt(self.size * other.size))


class _Target:
    """What is remembered of one face between frames."""

    def __init__(self, track_id: int, sighting: _Sighting, time_s: float) -> None:
        self.track_id = track_id
        self.time_s = time_s
        self.centre, self.size = sighting.centre, sighting.size
        self.velocity = np.zeros(2)
        self.mean_look = self.last_look = sighting.look

    def cost(self, sighting: _Sighting, time_s: float, *, max_look_cost: float) -> float:
        """How badly the sighting fits; UNMATCHED_COST or more: not this face."""
        gap_s = time_s - self.time_s
        predicted = self.centre + self.velocity * SLOWING_S * (1.0 - np.exp(-gap_s / SLOWING_S))
        distance = np.linalg.norm(sighting.centre - predicted) / np.sqrt(self.size * sighting.size)
        place = distance / (REACH_SIZES + REACH_SIZES_PER_S * gap_s)
        size = np.log(sighting.size / self.size) / np.log(SIZE_RATIO_LIMIT)
        # the last look follows a turning head, the mean look survives a hand before the face
        look = min(np.linalg.norm(sighting.look - known) for known in (self.mean_look, self.last_look))
        look_cost = min((look / DIFFERENT_PERSON) ** 2, max_look_cost)
        gap_cost = min(GAP_COST_PER_S * gap_s, MAX_GAP_COST)
        return float(place**2 + size**2 + look_cost + gap_cost)

    def follow(self, sighting: _Sighting, time_s: float, *, room_sizes: float) -> None:
        """Take over the sighting; what a neighbour `room_sizes` away may have spoilt is not learned."""
        elapsed_s = time_s - self.time_s
        if room_sizes > PLACE_ROOM_SIZES:
            velocity = (sighting.centre - self.centre) / elapsed_s
            self.velocity = self.velocity + _rate(elapsed_s, VELOCITY_MEMORY_S) * (velocity - self.velocity)
        if room_sizes > LOOK_ROOM_SIZES:
            self.mean_look = self.mean_look + _rate(elapsed_s, LOOK_MEMORY_S) * (sighting.look - self.mean_look)
        self.time_s = time_s
        self.centre, self.size, self.last_look = sighting.centre, sighting.size, sighting.look


class Tracker:
    """Gives each face of each frame the id of its person; ids count from 0 in order of first appearance."""

    def __init__(self, *, max_gap_s: float = 1.0, max_faces: int = MAX_FACES) -> None:
        """Start with no faces.

        Args:
            max_gap_s: a face that was away for no longer than this keeps its id when it comes back.
            max_faces: the largest number of faces followed in one frame; the others are left out.
        """
        self._max_gap_s = max_gap_s
        self._max_faces = max_faces
        self._targets: list[_Target] = []
        self._n_ids = 0
        self._last_time_s = -np.inf

    def update(self, time_s: float, faces: Sequence[Face], looks: Sequence[Array]) -> list[int | None]:
        """Ids for the faces of the next frame; to be called for frames without faces, too.

        Args:
            time_s: time of the frame, later than the frame before.
            faces: the faces in any order; the order changes nothing but the order of the result.
            looks: (d,) float32 of each face, from `describe_look`.

        Returns:
            For each face its id, which is final; None for a face to be left out: a duplicate of another one, or one
            beyond the `max_faces` of best quality.

        Raises:
            ValueError: time does not advance, or there is not one look per face.
        """
        if time_s <= self._last_time_s:
            raise ValueError(f"time must advance, but {time_s} s follows {self._last_time_s} s")
        if len(faces) != len(looks):
            raise ValueError(f"{len(faces)} faces, but {len(looks)} looks")
        self._forget(time_s)
        self._last_time_s = time_s
        sightings = _sightings(faces, looks, _distinct(faces)[: self._max_faces])
        matches = _assign(self._targets, sightings, time_s)
        ids: list[int | None] = [None] * len(faces)
        for sighting in sightings:
            target = matches.get(sighting)
            if target is None:
                target = _Target(self._n_ids, sighting, time_s)
                self._targets.append(target)
                self._n_ids += 1
            else:
                others = (sighting.distance_sizes(other) for other in sightings if other is not sighting)
                target.follow(sighting, time_s, room_sizes=min(others, default=np.inf))
            ids[sighting.index] = target.track_id
        return ids

    def _forget(self, time_s: float) -> None:
        """Drop faces gone for too long; one seen in the frame before is never gone, however slow the frames come."""
        oldest = min(time_s - self._max_gap_s - TIME_TOLERANCE_S, self._last_time_s)
        self._targets = [target for target in self._targets if target.time_s >= oldest]


def _distinct(faces: Sequence[Face]) -> list[int]:
    """Indices of the faces without duplicates, best quality first (ties: from left to right)."""
    order = sorted(range(len(faces)), key=lambda index: (-faces[index].quality, *faces[index].box_xyxy_px.tolist()))
    kept: list[int] = []
    for index in order:
        if all(_iou(faces[index].box_xyxy_px, faces[other].box_xyxy_px) < DUPLICATE_IOU for other in kept):
            kept.append(index)
    return kept


def _sightings(faces: Sequence[Face], looks: Sequence[Array], kept: Sequence[int]) -> list[_Sighting]:
    """Sightings of the faces `kept`, from left to right: the order in which new ids are given."""
    sightings = []
    for index in sorted(kept, key=lambda index: tuple(faces[index].box_xyxy_px.tolist())):
        box = faces[index].box_xyxy_px.astype(np.float64)
        size = float(np.sqrt(np.maximum(box[2:] - box[:2], 1.0).prod()))
        look = np.asarray(looks[index], dtype=np.float64)
        sightings.append(_Sighting(index=index, centre=(box[:2] + box[2:]) / 2, size=size, look=look))
    return sightings


def _assign(targets: Sequence[_Target], sightings: Sequence[_Sighting], time_s: float) -> dict[_Sighting, _Target]:
    """Who is who, as sighting -> target; whoever is missing from it is a new face."""
    matches = _pair(targets, sightings, time_s, max_look_cost=np.inf)
    # A face half hidden behind one that was recognised does not look like itself. After a cut nobody is recognised,
    # and then a strange look is what it seems to be.
    free = [target for target in targets if target not in matches.values()]
    half_hidden = [
        sighting
        for sighting in sightings
        if sighting not in matches and any(sighting.distance_sizes(other) < LOOK_ROOM_SIZES for other in matches)
    ]
    return matches | _pair(free, half_hidden, time_s, max_look_cost=HALF_HIDDEN_LOOK_COST)


def _pair(
    targets: Sequence[_Target], sightings: Sequence[_Sighting], time_s: float, *, max_look_cost: float
) -> dict[_Sighting, _Target]:
    """The cheapest pairing, as sighting -> target."""
    costs = np.array([[t.cost(s, time_s, max_look_cost=max_look_cost) for s in sightings] for t in targets])
    costs = costs.reshape(len(targets), len(sightings))
    # each target may also stay without a face, at a price: otherwise a hidden person would take over the face of a
    # visible one whenever that one could make do with a newcomer
    alternatives = np.full((len(targets), len(targets)), UNMATCHED_COST)
    rows, columns = linear_sum_assignment(np.concatenate([costs, alternatives], axis=1))
    return {
        sightings[column]: targets[row]
        for row, column in zip(rows, columns, strict=True)
        if column < len(sightings) and costs[row, column] < UNMATCHED_COST
    }


def _rate(elapsed_s: float, memory_s: float) -> float:
    """Weight of the newest value in an exponential mean, for frames `elapsed_s` apart."""
    return 1.0 - float(np.exp(-elapsed_s / memory_s))


def _iou(box_a: Array, box_b: Array) -> float:
    """Intersection over union of two boxes (x0, y0, x1, y1)."""
    overlap = np.minimum(box_a[2:], box_b[2:]) - np.maximum(box_a[:2], box_b[:2])
    intersection = float(np.maximum(overlap, 0.0).prod())
    union = float((box_a[2:] - box_a[:2]).prod() + (box_b[2:] - box_b[:2]).prod()) - intersection
    return intersection / union if union > 0 else 0.0
