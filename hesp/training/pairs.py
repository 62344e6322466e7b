"""Which text says how much about which picture: the supervision of the image stage.

Every text belongs to a group and every group has one soft target in [0, 1] per picture:
- an emotion FER+ voted on: the share of the votes;
- a facial action, or its absence: the intensity of MediaPipe's blendshapes, scaled by its 95th percentile;
- any other vocabulary entry: how well its facial-action profile and its place in the plane of valence and arousal
  fit the picture (weak: there are no votes for these words).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from hesp.emotions import FERPLUS_EMOTIONS, Emotion, FacialAction, Vocabulary
from hesp.face import BLENDSHAPE_NAMES
from hesp.methods.prompts import description_prompts, word_prompts
from hesp.records import Array

# an action whose 95th percentile is lower hardly moves in these pictures and teaches nothing but noise
MIN_ACTION_RANGE = 0.2
FULL_ACTION_PERCENTILE = 95
# weak targets: slope and threshold of the logistic that turns the standardised fit into a target
FIT_SLOPE, FIT_THRESHOLD = 1.6, 1.2
AFFECT_WIDTH = 0.6


@dataclass(frozen=True)
class TextGroup:
    """Texts with one target: kind is "emotion", "action" or "weak"; targets (n,) float32, NaN where not known."""

    name: str
    kind: str
    texts: tuple[str, ...]
    targets: Array


def merged_intensity(action: FacialAction, blendshapes: Array) -> Array:
    """Mean of the blendshapes an action merges: (n,) float32 from (n, 52), NaN rows stay NaN."""
    columns = [BLENDSHAPE_NAMES.index(name) for name in action.blendshapes]
    return np.asarray(blendshapes[:, columns].mean(axis=1))


def emotion_texts(emotion: Emotion) -> tuple[str, ...]:
    """Name and synonyms in all word templates, descriptions in theirs."""
    words = chain.from_iterable(map(word_prompts, (emotion.name, *emotion.synonyms)))
    return (*words, *chain.from_iterable(map(description_prompts, emotion.descriptions)))


def build_groups(vocabulary: Vocabulary, shares: Array, blendshapes: Array, *, with_emotions: bool) -> list[TextGroup]:
    """All text groups with their targets for one set of pictures.

    Args:
        vocabulary: names, texts and profiles.
        shares: (n, 8) vote shares in the order of FERPLUS_EMOTIONS.
        blendshapes: (n, 52), NaN rows where no face was found.
        with_emotions: False leaves out every emotion word, for `mini-actions`.
    """
    intensity = {action.name: merged_intensity(action, blendshapes) for action in vocabulary.actions}
    groups = list(chain.from_iterable(_action_groups(a, intensity[a.name]) for a in vocabulary.actions))
    if not with_emotions:
        return groups
    fit = _fit_to(vocabulary, shares, intensity)
    for emotion in vocabulary.emotions:
        if emotion.ferplus is not None:
            target = shares[:, FERPLUS_EMOTIONS.index(emotion.ferplus)]
            groups.append(TextGroup(emotion.name, "emotion", emotion_texts(emotion), target))
        else:
            groups.append(TextGroup(emotion.name, "weak", emotion_texts(emotion), fit(emotion)))
    return groups


def _action_groups(action: FacialAction, intensity: Array) -> list[TextGroup]:
    full = np.nanpercentile(intensity, FULL_ACTION_PERCENTILE)
    if full < MIN_ACTION_RANGE:
        return []
    target = np.clip(intensity / full, 0, 1).astype(np.float32)
    present = tuple(chain.from_iterable(map(description_prompts, (action.phrase, *action.phrases))))
    absent = tuple(chain.from_iterable(map(description_prompts, action.absent_phrases)))
    return [
        TextGroup(action.name, "action", present, target),
        TextGroup(f"no {action.name}", "action", absent, 1 - target),
    ]


def _fit_to(vocabulary: Vocabulary, shares: Array, intensity: dict[str, Array]) -> Callable[[Emotion], Array]:
    """A function from a vocabulary entry to its weak target on each picture."""
    by_name = {e.ferplus: e for e in vocabulary.emotions if e.ferplus}
    place = np.array([(by_name[name].valence, by_name[name].arousal) for name in FERPLUS_EMOTIONS])
    affect = shares @ place / np.maximum(shares.sum(axis=1, keepdims=True), 1e-6)
    deviation = {name: _standardise(values) for name, values in intensity.items()}

    def fit(emotion: Emotion) -> Array:
        """Logistic of the standardised fit of profile and affect: (n,) float32 in [0, 1]."""
        weights = {name: weight for name, weight in emotion.actions.items() if np.ptp(deviation[name]) > 0}
        size = np.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        profile = sum((weight * deviation[name] for name, weight in weights.items()), np.zeros(len(shares))) / size
        distance = ((affect - (emotion.valence, emotion.arousal)) ** 2).sum(axis=1)
        nearness = np.exp(-distance / (2 * AFFECT_WIDTH**2))
        total = _standardise(_standardise(profile) + _standardise(nearness))
        return (1 / (1 + np.exp(-FIT_SLOPE * (total - FIT_THRESHOLD)))).astype(np.float32)

    return fit


def _standardise(values: Array) -> Array:
    """Zero mean and unit spread; unknown values become the mean."""
    centred = np.nan_to_num(values - np.nanmean(values))
    return np.asarray(centred / (centred.std() or 1.0))
