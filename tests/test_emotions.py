"""The vocabulary is whole, the held-out words are nowhere in it, and typed words find what they mean."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hesp.emotions import (
    ACTIONS_PATH,
    EMOTIONS_PATH,
    FERPLUS_EMOTIONS,
    HELDOUT_PATH,
    HeldOut,
    Vocabulary,
    load_heldout,
    load_vocabulary,
)
from hesp.errors import DataError
from hesp.spelling import is_one_letter_off, stems

COWEN_KELTNER = [
    "amusement", "anger", "awe", "concentration", "confusion", "contemplation", "contempt", "contentment", "desire",
    "disappointment", "disgust", "distress", "doubt", "ecstasy", "elation", "embarrassment", "fear", "interest",
    "love", "pain", "pride", "realization", "relief", "sadness", "shame", "surprise", "sympathy", "triumph",
]  # fmt: skip
MAFW = [
    "anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "contempt", "anxiety", "helplessness",
    "disappointment",
]  # fmt: skip
SIDED = [
    "browDown", "browOuterUp", "cheekSquint", "eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp",
    "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch",
    "mouthUpperUp", "noseSneer",
]  # fmt: skip
UNSIDED = [
    "browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel",
    "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper",
]  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.fixture(scope="module")
def heldout() -> HeldOut:
    return load_heldout()


def all_texts(vocabulary: Vocabulary) -> Iterator[str]:
    for emotion in vocabulary.emotions:
        yield from (*emotion.words, *emotion.descriptions, emotion.contrast)
    for action in vocabulary.actions:
        yield from (action.phrase, *action.phrases, *action.absent_phrases)


def write_variant(folder: Path, change: tuple[str, str]) -> Path:
    text = EMOTIONS_PATH.read_text(encoding="utf-8")
    assert change[0] in text
    path = folder / "emotions.yaml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    return path


# --- the vocabulary as a whole


def test_has_at_least_210_entries_with_enough_to_say(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.emotions) >= 210
    assert len(set(vocabulary.names)) == len(vocabulary.emotions)
    for emotion in vocabulary.emotions:
        assert len(emotion.synonyms) >= 3, emotion.name
        assert len(emotion.descriptions) >= 3, emotion.name
        assert len(set(emotion.descriptions)) == len(emotion.descriptions), emotion.name
        assert emotion.contrast not in emotion.descriptions, emotion.name
        assert emotion.actions, emotion.name
        assert all(weight != 0 for weight in emotion.actions.values()), emotion.name


def test_entries_of_ferplus_come_first_and_in_the_order_of_the_votes(vocabulary: Vocabulary) -> None:
    assert vocabulary.names[:8] == FERPLUS_EMOTIONS
    assert [e.ferplus for e in vocabulary.emotions[:9]] == [*FERPLUS_EMOTIONS, None]
    assert all(15 <= len(e.synonyms) <= 25 and 8 <= len(e.descriptions) <= 12 for e in vocabulary.emotions[:8])


def test_affect_has_both_signs_and_agrees_with_common_sense(vocabulary: Vocabulary) -> None:
    pleasant = [vocabulary.emotion(name).valence for name in ("happiness", "love", "relief")]
    unpleasant = [vocabulary.emotion(name).valence for name in ("grief", "disgust", "panic")]
    assert min(pleasant) > 0.3 > -0.3 > max(unpleasant)
    assert vocabulary.emotion("sleepiness").arousal < -0.5 < 0.5 < vocabulary.emotion("panic").arousal


def test_actions_merge_every_blendshape_of_mediapipe_once(vocabulary: Vocabulary) -> None:
    names = [name for action in vocabulary.actions for name in action.blendshapes]
    assert sorted(names) == sorted([*UNSIDED, *(name + side for name in SIDED for side in ("Left", "Right"))])
    for action in vocabulary.actions:
        assert 10 <= len(action.phrases) <= 16, action.name
        assert 3 <= len(action.absent_phrases) <= 6, action.name
        assert not set(action.phrases) & set(action.absent_phrases), action.name


def test_the_two_sides_of_a_gaze_or_smile_are_learnable_but_not_noseSneer(vocabulary: Vocabulary) -> None:
    learnable = {action.name for action in vocabulary.actions if action.learnable}
    assert len(learnable) == 17
    assert {"mouthSmile", "jawOpen", "browInnerUp", "eyeLookIn"} <= learnable
    assert not {"noseSneer", "cheekSquint", "cheekPuff"} & learnable


def test_actions_hold_no_emotion_word(vocabulary: Vocabulary) -> None:
    words = {w for e in vocabulary.emotions[:8] for w in e.words if " " not in w} - {"open-mouthed", "blank"}
    for action in vocabulary.actions:
        for phrase in (*action.phrases, *action.absent_phrases):
            named = [word for word in words if f" {word} " in f" {phrase} "]
            assert not named, (action.name, phrase, named)


def test_sets(vocabulary: Vocabulary) -> None:
    assert vocabulary.sets["FER+ 8"] == FERPLUS_EMOTIONS
    assert vocabulary.sets["Basic 7"] == FERPLUS_EMOTIONS[:7]
    assert sorted(vocabulary.sets["MAFW 11"]) == sorted(MAFW)
    assert sorted(vocabulary.sets["Cowen-Keltner 28"]) == sorted(COWEN_KELTNER)
    assert all(vocabulary.emotion(name) for members in vocabulary.sets.values() for name in members)


def test_is_read_once(vocabulary: Vocabulary) -> None:
    assert load_vocabulary() is vocabulary
    assert hash(vocabulary.emotions[0]) != hash(vocabulary.emotions[1])


# --- faults in the files are named


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("    valence: 0.9", "    valence: 1.9"), "happiness: valence: expected a number from -1 to 1"),
        (("actions: {mouthSmile: 1.0", "actions: {mouthGrin: 1.0"), r"happiness: \['mouthGrin'\] are not in actions"),
        (("synonyms: [happy, joy, ", "synonyms: [happy, sad, "), "'sad' belongs to both happiness and sadness"),
        (("synonyms: [happy, joy, ", "synonyms: [happy, Anger, "), "belongs to both happiness and anger"),
        (("synonyms: [happy, joy, ", "synonyms: [happy, happy, "), "happiness lists a word twice"),
        (("synonyms: [happy, joy, ", "synonyms: [happy, no, "), "expected text but found False"),
        (("ferplus: happiness", "ferplus: joy"), "ferplus must mark"),
        (("  surprise:\n    ferplus: surprise\n", "  surprise:\n    votes: surprise\n"), r"unknown fields \['votes'\]"),
        (("FER+ 8: [neutral,", "FER+ 8: [nutral,"), r"set FER\+ 8: \['nutral'\] are not entries"),
        (("\nemotions:\n", "\nemotions: [\n"), "is not valid YAML"),
    ],
)
def test_faults_are_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_vocabulary(write_variant(tmp_path, change))


def test_a_missing_file_and_a_blendshape_merged_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Cannot read"):
        load_vocabulary(tmp_path / "none.yaml")
    actions = tmp_path / "actions.yaml"
    shutil.copy(ACTIONS_PATH, actions)
    text = actions.read_text(encoding="utf-8")
    actions.write_text(text.replace("blendshapes: [jawOpen]", "blendshapes: [jawLeft]"), encoding="utf-8")
    with pytest.raises(DataError, match="belong to more than one action"):
        load_vocabulary(EMOTIONS_PATH, actions)


# --- held-out words


def test_heldout_list_is_as_large_as_promised(vocabulary: Vocabulary, heldout: HeldOut) -> None:
    assert tuple(heldout.emotions) == FERPLUS_EMOTIONS
    assert all(8 <= len(words) <= 10 for words in heldout.emotions.values())
    assert sum(map(len, heldout.emotions.values())) >= 66
    learnable = {action.name for action in vocabulary.actions if action.learnable}
    assert learnable <= set(heldout.actions)
    assert sum(len(phrases) for name, phrases in heldout.actions.items() if name in learnable) >= 45
    listed = [word for group in (heldout.emotions, heldout.actions) for words in group.values() for word in words]
    assert len(set(listed)) == len(listed)
    assert set(heldout.families) <= set(listed)


def test_no_heldout_word_is_in_the_vocabulary(vocabulary: Vocabulary, heldout: HeldOut) -> None:
    leaks = {text: barred for text in all_texts(vocabulary) if (barred := heldout.bars(text))}
    assert not leaks


def test_no_heldout_word_is_in_any_text_of_the_files(heldout: HeldOut) -> None:
    """The same on the raw files, so that a field which the loader drops cannot hide a word."""

    def leaves(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            node = [*node.keys(), *node.values()]
        if isinstance(node, list):
            for item in node:
                yield from leaves(item)
        elif isinstance(node, str):
            yield node

    for path in (EMOTIONS_PATH, ACTIONS_PATH):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not [text for text in leaves(content) if heldout.bars(text)]


@pytest.mark.parametrize(
    "planted",
    ["Terrifying", "he terrifies me", "sheer terror", "jeers", "gagged", "merriest", "rejoice", "over-the-moon",
     "she is over the moon today", "Brows  UP", "with a toothy grin", "peered through slits", "scowl"],
)  # fmt: skip
def test_the_guard_catches_planted_words(vocabulary: Vocabulary, heldout: HeldOut, planted: str) -> None:
    first = vocabulary.emotions[0]
    changed = replace(vocabulary, emotions=(replace(first, synonyms=(*first.synonyms, planted)),))
    assert [text for text in all_texts(changed) if heldout.bars(text)] == [planted]


@pytest.mark.parametrize("free", ["the moon", "raised brows", "over", "stomach ache", "poker", "a face", "grin", "up"])
def test_phrases_bar_only_the_whole_phrase(heldout: HeldOut, free: str) -> None:
    assert heldout.bars(free) is None


def test_no_heldout_word_is_taken_for_a_vocabulary_word(vocabulary: Vocabulary, heldout: HeldOut) -> None:
    assert not {p: found.name for p in heldout.phrases if (found := vocabulary.find(p))}


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("emotions: {fear: [horror-struck]}\n", encoding="utf-8")
    assert load_heldout(path).bars("quite horror struck") == "horror-struck"
    path = tmp_path / "wrong.yaml"
    path.write_text("emotions: {joy: [chirpy]}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"\['joy'\] have no FER\+ votes"):
        load_heldout(path)
    assert HELDOUT_PATH.is_file()


# --- what users type


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("happiness", "happiness"), ("  Happy ", "happiness"), ("HAPPY AS  A CLAM", "happiness"),
        ("self satisfied", "smugness"), ("self-satisfied", "smugness"), ("blase", "jadedness"),
        ("smirks", "smirk"), ("worries", "worry"), ("frustrates", "frustration"),
        ("skeptical", "scepticism"), ("sceptical", "scepticism"), ("skepticisms", "scepticism"),
        ("dishonoured", "shame"), ("mesmerised", "entrancement"), ("realising", "realization"),
        ("hapiness", "happiness"), ("suprise", "surprise"), ("angre", "anger"), ("confusd", "confusion"),
        ("embarassed", "embarrassment"), ("in pian", "pain"), ("boredomm", "boredom"),
    ],
)  # fmt: skip
def test_find_forgives(vocabulary: Vocabulary, typed: str, name: str) -> None:
    found = vocabulary.find(typed)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "x", "sd", "fer", "homeless", "number", "staring", "raised eyebrows and open mouth", "☺", "qwertyuiop"],
)
def test_find_does_not_guess(vocabulary: Vocabulary, typed: str) -> None:
    assert vocabulary.find(typed) is None


def test_every_word_finds_its_own_entry(vocabulary: Vocabulary) -> None:
    for emotion in vocabulary.emotions:
        for word in emotion.words:
            assert vocabulary.find(word) is emotion, word


@pytest.mark.parametrize(
    ("typed", "word", "near"),
    [
        ("suprise", "surprise", True), ("surprisee", "surprise", True), ("surpride", "surprise", True),
        ("surpirse", "surprise", True), ("surrpirse", "surprise", False), ("burprise", "surprise", False),
        ("fead", "fear", False), ("surprise", "surprise", True),
    ],
)  # fmt: skip
def test_one_letter_off(typed: str, word: str, near: bool) -> None:
    assert is_one_letter_off(typed, word) is near


@pytest.mark.parametrize(
    "family",
    ["terrify terrified terrifies terrifying", "gag gags gagged gagging", "merry merrier merriest merrily",
     "weep weeps weeping", "chuckle chuckled chuckling", "kiss kisses kissing", "press pressed", "cower cowering"],
)  # fmt: skip
def test_inflections_share_a_stem(family: str) -> None:
    assert len({stems(word) for word in family.split()}) == 1
