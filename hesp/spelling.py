"""Spelling and inflection of typed words: when are two words "the same word, written otherwise".

Pure functions on strings. Knows nothing of emotions; `emotions` uses it to find what a user meant and to keep the
held-out words out of training.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MIN_MISSPELT_LETTERS = 5  # shorter words have too many neighbours one letter away
_ENDINGS = ("ness", "ing", "est", "ly", "ed", "es", "er", "s")
_SHORTEST_STEM = {"est": 4, "er": 4}  # "cower", "sneer" and "jest" keep their ends


def spelling_key(text: str) -> str:
    """One key for all spellings of a word or phrase: case, accents, hyphens, spaces, British or American."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9 ]", "", re.sub(r"[-_/\s]+", " ", plain.lower())).split()
    return " ".join(_american(word) for word in words)


def singulars(key: str) -> Iterator[str]:
    """The key itself, then what it may be the plural of."""
    yield key
    if key.endswith("ies"):
        yield key[:-3] + "y"
    if key.endswith("es"):
        yield key[:-2]
    if key.endswith("s") and not key.endswith("ss"):
        yield key[:-1]


def stems(text: str) -> str:
    """The stems of a text's words, single spaces between them and one at either end.

    With these ends `stems(phrase) in stems(text)` tells whether the text holds the whole phrase in any inflection.
    """
    return f" {' '.join(_stem(word) for word in spelling_key(text).split())} "


def is_one_letter_off(typed: str, word: str) -> bool:
    """Whether one letter after the first was changed, left out, added or swapped with its neighbour."""
    if min(len(typed), len(word)) < MIN_MISSPELT_LETTERS or abs(len(typed) - len(word)) > 1 or typed[0] != word[0]:
        return False
    shorter = min(len(typed), len(word))
    start = next((i for i in range(shorter) if typed[i] != word[i]), shorter)
    rest, other = typed[start:], word[start:]
    swapped = len(other) > 1 and rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def _american(word: str) -> str:
    """American spelling of one lower-case word; may misspell others, which is harmless in a key."""
    word = re.sub(r"^(.{3,})our(s|ed|ing|ful|able)?$", r"\1or\2", word)
    word = re.sub(r"^(.{3,})is(e|es|ed|ing|ation)$", r"\1iz\2", word)
    word = re.sub(r"^(.{3,})ll(ed|ing)$", r"\1l\2", word)
    word = re.sub(r"^(def|off|pret)ence", r"\1ense", word)
    return re.sub(r"^sceptic", "skeptic", word).replace("sombre", "somber").replace("focuss", "focus")


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """Crude stem: equal for the inflections of one word (terrified, terrifies, terrifying -> terrify)."""
    for _ in range(2):
        for ending in _ENDINGS:
            stays = len(word) - len(ending) < _SHORTEST_STEM.get(ending, 3) or (ending == "s" and word.endswith("ss"))
            if word.endswith(ending) and not stays:
                word = word.removesuffix(ending)
                break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    if len(word) > 3 and word[-1] in "ei":
        word = word[:-1] + ("y" if word[-1] == "i" else "")
    return word
