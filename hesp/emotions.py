"""The vocabulary: names, synonyms, descriptions, facial actions; single source of label order.

Reads `assets/emotions.yaml`, `assets/actions.yaml` and the held-out words `assets/heldout_words.yaml`, checks them
whole on loading and hands them out as frozen values. Knows spelling and inflection, but neither pictures nor prompts:
how a word becomes a prompt is decided in `methods`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from hesp.errors import DataError
from hesp.spelling import is_one_letter_off, singulars, spelling_key, stems

ASSETS = Path(__file__).resolve().parents[1] / "assets"
EMOTIONS_PATH = ASSETS / "emotions.yaml"
ACTIONS_PATH = ASSETS / "actions.yaml"
HELDOUT_PATH = ASSETS / "heldout_words.yaml"
LOOK_ALIKES_PATH = ASSETS / "look_alikes.txt"

FERPLUS_EMOTIONS: tuple[str, ...] = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
)  # fmt: skip
"""The emotions that FER+ annotators voted for, in the order of the vote columns."""

MIN_SYNONYMS, MIN_DESCRIPTIONS = 3, 3


@dataclass(frozen=True)
class FacialAction:
    """One of MediaPipe's blendshapes, left and right merged by their mean.

    `phrase` is its plain-English name, `facs` the nearest FACS unit, `learnable` whether it moves on FER+ at all.
    """

    name: str
    phrase: str
    facs: str | None
    blendshapes: tuple[str, ...]
    phrases: tuple[str, ...]
    absent_phrases: tuple[str, ...]
    learnable: bool


@dataclass(frozen=True)
class Emotion:
    """One entry of the vocabulary.

    `actions` maps names of facial actions to weights in [-1, 1]; `valence` and `arousal` lie in [-1, 1];
    `contrast` says what a face shows instead; `ferplus` is the vote column that supervises it, or None.
    """

    name: str
    synonyms: tuple[str, ...]
    descriptions: tuple[str, ...]
    contrast: str
    actions: Mapping[str, float] = field(hash=False)
    valence: float
    arousal: float
    ferplus: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The name, then the synonyms."""
        return (self.name, *self.synonyms)


@dataclass(frozen=True)
class Vocabulary:
    """All entries in file order, the facial actions they refer to, and named lists of entries."""

    emotions: tuple[Emotion, ...]
    actions: tuple[FacialAction, ...]
    sets: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all entries, in label order."""
        return tuple(emotion.name for emotion in self.emotions)

    def emotion(self, name: str) -> Emotion:
        """The entry of exactly this name; raises KeyError. For words that a user typed take `find`."""
        return self._by_name[name]

    def action(self, name: str) -> FacialAction:
        """The facial action of exactly this name; raises KeyError."""
        return self._by_action[name]

    def find(self, text: str) -> Emotion | None:
        """The entry that a typed word names, or None.

        Forgives case, spaces, hyphens, accents, plurals and other inflections, British or American spelling, and one
        wrong, missing, added or swapped letter (not the first) in words of at least five letters, unless the word
        means something else (`assets/look_alikes.txt`). Where several entries are as near, none is found.
        """
        key = spelling_key(text)
        for candidate in singulars(key):
            if candidate in self._index:
                return self._index[candidate]
        if key in _look_alikes():
            return None
        same_stem = self._by_stem.get(stems(text), set())
        if len(same_stem) == 1:
            return self._by_name[next(iter(same_stem))]
        near = {emotion.name for word, emotion in self._index.items() if is_one_letter_off(key, word)}
        return self._by_name[near.pop()] if len(near) == 1 else None

    @cached_property
    def _by_name(self) -> dict[str, Emotion]:
        return {emotion.name: emotion for emotion in self.emotions}

    @cached_property
    def _by_action(self) -> dict[str, FacialAction]:
        return {action.name: action for action in self.actions}

    @cached_property
    def _index(self) -> dict[str, Emotion]:
        return {spelling_key(word): emotion for emotion in self.emotions for word in emotion.words}

    @cached_property
    def _by_stem(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for emotion in self.emotions:
            for word in emotion.words:
                found.setdefault(stems(word), set()).add(emotion.name)
        return found


@dataclass(frozen=True)
class HeldOut:
    """Words that are tested on and never trained on with a picture; see the head of `heldout_words.yaml`.

    `emotions` maps FER+ emotions and `actions` maps facial actions to words and phrases; `families` maps some of
    these words to further words that are barred with them.
    """

    emotions: Mapping[str, tuple[str, ...]] = field(hash=False)
    actions: Mapping[str, tuple[str, ...]] = field(hash=False)
    families: Mapping[str, tuple[str, ...]] = field(hash=False)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Every barred word and phrase."""
        groups = (self.emotions, self.actions, self.families)
        return tuple(phrase for group in groups for phrases in group.values() for phrase in phrases)

    def bars(self, text: str) -> str | None:
        """The held-out word or phrase that `text` contains in any inflection, as a whole phrase, or None."""
        inflected = stems(text)
        return next((phrase for barred, phrase in self._barred if barred in inflected), None)

    @cached_property
    def _barred(self) -> tuple[tuple[str, str], ...]:
        return tuple((stems(phrase), phrase) for phrase in self.phrases)


@lru_cache(maxsize=4)
def load_vocabulary(path: Path = EMOTIONS_PATH, actions_path: Path = ACTIONS_PATH) -> Vocabulary:
    """Read and check the vocabulary; the same value for every caller. Raises DataError."""
    content = _read_mapping(path)
    actions = tuple(_parse_action(name, entry, actions_path) for name, entry in _read_mapping(actions_path).items())
    _check_blendshapes(actions, actions_path)
    entries = _as_mapping(content.get("emotions"), f"{path}: emotions")
    emotions = tuple(_parse_emotion(name, entry, path) for name, entry in entries.items())
    sets = _parse_lists(content.get("sets", {}), f"{path}: sets")
    vocabulary = Vocabulary(emotions, actions, sets)
    _check_references(vocabulary, path)
    _check_unique_words(vocabulary, path)
    return vocabulary


@lru_cache(maxsize=4)
def load_heldout(path: Path = HELDOUT_PATH) -> HeldOut:
    """Read held-out words, ours or a file of the same format. Raises DataError."""
    content = _read_mapping(path)
    unknown = set(content) - {"emotions", "actions", "families"}
    if unknown:
        raise DataError(f"{path}: unknown part {sorted(unknown)}; allowed are emotions, actions and families.")
    parts = (_parse_lists(content.get(part, {}), f"{path}: {part}") for part in ("emotions", "actions", "families"))
    heldout = HeldOut(*parts)
    strangers = set(heldout.emotions) - set(FERPLUS_EMOTIONS)
    if strangers:
        raise DataError(f"{path}: {sorted(strangers)} have no FER+ votes; use {', '.join(FERPLUS_EMOTIONS)}.")
    return heldout


@lru_cache(maxsize=1)
def _look_alikes() -> frozenset[str]:
    """Keys of everyday words that are one letter or one ending from a vocabulary word but mean something else."""
    lines = _read_text(LOOK_ALIKES_PATH).splitlines()
    return frozenset(spelling_key(word) for line in lines if not line.startswith("#") for word in line.split())


def _read_text(path: Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}. Check the path or install the program anew.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a text file in UTF-8; save it as one.") from error


def _read_mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(_read_text(path))
    except yaml.YAMLError as error:
        raise DataError(f"{path} is not valid YAML: {error}") from error
    return _as_mapping(content, str(path))


def _as_mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) and key.strip() for key in value):
        raise DataError(f"{where}: expected a mapping from names to entries; quote names that YAML reads otherwise.")
    return value


def _as_texts(value: Any, where: str, least: int = 1) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) < least:
        raise DataError(f"{where}: expected a list of at least {least}.")
    return tuple(_as_text(item, where) for item in value)


def _as_text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: expected text but found {value!r}; quote words that YAML reads otherwise.")
    return value


def _as_unit(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise DataError(f"{where}: expected a number from -1 to 1 but found {value!r}.")
    return float(value)


def _parse_lists(value: Any, where: str) -> dict[str, tuple[str, ...]]:
    return {name: _as_texts(items, f"{where}: {name}") for name, items in _as_mapping(value, where).items()}


def _parse_action(name: str, entry: Any, path: Path) -> FacialAction:
    where = f"{path}: {name}"
    fields = _as_mapping(entry, where)
    _check_fields(fields, {"phrase", "facs", "blendshapes", "learnable", "phrases", "absent"}, where)
    if not isinstance(fields["learnable"], bool):
        raise DataError(f"{where}: learnable must be true or false.")
    return FacialAction(
        name=name,
        phrase=_as_text(fields["phrase"], f"{where}: phrase"),
        facs=None if fields["facs"] is None else _as_text(fields["facs"], f"{where}: facs"),
        blendshapes=_as_texts(fields["blendshapes"], f"{where}: blendshapes"),
        phrases=_as_texts(fields["phrases"], f"{where}: phrases"),
        absent_phrases=_as_texts(fields["absent"], f"{where}: absent"),
        learnable=fields["learnable"],
    )


def _parse_emotion(name: str, entry: Any, path: Path) -> Emotion:
    where = f"{path}: {name}"
    fields = _as_mapping(entry, where)
    required = {"synonyms", "descriptions", "contrast", "actions", "valence", "arousal"}
    _check_fields(fields, required, where, optional={"ferplus"})
    weights = _as_mapping(fields["actions"], f"{where}: actions")
    if not weights:
        raise DataError(f"{where}: actions is empty; name at least one facial action.")
    return Emotion(
        name=name,
        synonyms=_as_texts(fields["synonyms"], f"{where}: synonyms", MIN_SYNONYMS),
        descriptions=_as_texts(fields["descriptions"], f"{where}: descriptions", MIN_DESCRIPTIONS),
        contrast=_as_text(fields["contrast"], f"{where}: contrast"),
        actions={action: _as_unit(weight, f"{where}: {action}") for action, weight in weights.items()},
        valence=_as_unit(fields["valence"], f"{where}: valence"),
        arousal=_as_unit(fields["arousal"], f"{where}: arousal"),
        ferplus=fields.get("ferplus"),
    )


def _check_fields(
    fields: Mapping[str, Any], required: set[str], where: str, optional: frozenset[str] | set[str] = frozenset()
) -> None:
    missing, unknown = required - set(fields), set(fields) - required - optional
    if missing or unknown:
        raise DataError(f"{where}: missing fields {sorted(missing)}, unknown fields {sorted(unknown)}.")


def _check_blendshapes(actions: tuple[FacialAction, ...], path: Path) -> None:
    merged = [blendshape for action in actions for blendshape in action.blendshapes]
    twice = sorted({name for name in merged if merged.count(name) > 1})
    if twice:
        raise DataError(f"{path}: {twice} belong to more than one action; a blendshape is merged into one.")


def _check_references(vocabulary: Vocabulary, path: Path) -> None:
    actions = {action.name for action in vocabulary.actions}
    for emotion in vocabulary.emotions:
        if unknown := sorted(set(emotion.actions) - actions):
            raise DataError(f"{path}: {emotion.name}: {unknown} are not in actions.yaml.")
    for name, members in vocabulary.sets.items():
        if unknown := sorted(set(members) - set(vocabulary.names)):
            raise DataError(f"{path}: set {name}: {unknown} are not entries of the vocabulary.")
    voted = tuple(emotion.ferplus for emotion in vocabulary.emotions if emotion.ferplus is not None)
    if voted != FERPLUS_EMOTIONS:
        raise DataError(f"{path}: ferplus must mark {FERPLUS_EMOTIONS} in this order, but marks {voted}.")


def _check_unique_words(vocabulary: Vocabulary, path: Path) -> None:
    owners: dict[str, str] = {}
    for emotion in vocabulary.emotions:
        if len(set(emotion.words)) < len(emotion.words):
            raise DataError(f"{path}: {emotion.name} lists a word twice.")
        for word in emotion.words:
            owner = owners.setdefault(spelling_key(word), emotion.name)
            if owner != emotion.name:
                raise DataError(f"{path}: {word!r} belongs to both {owner} and {emotion.name}; keep it in one.")
