"""The texts that the text tower is distilled over: words of everyday English, the vocabulary, and invented faces.

No picture is involved, so held-out words may occur. Everything is drawn from a seeded generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from hesp.emotions import Vocabulary
from hesp.errors import DependencyError
from hesp.methods.prompts import DESCRIPTION_TEMPLATES, WORD_TEMPLATES, description_prompts, fill, word_prompts

N_COMMON_WORDS = 40_000
N_INVENTED = 25_000

_SUBJECTS = ("a man", "a woman", "a child", "someone", "a person", "he", "she", "a face", "the face")
_DEGREES = ("slightly", "very", "a little", "extremely", "barely", "deeply", "quietly", "suddenly", "mildly", "visibly")
_FRAMES = (
    *("{a} and {b}", "{a} but {b}", "{a}, then {b}", "more {a} than {b}", "{a} mixed with {b}", "not {a}, just {b}"),
    *("trying to look {a}", "hiding that one is {a}", "pretending to be {a}", "trying not to be {a}", "almost {a}"),
    *("{d} {a}", "{s} looking {a}", "{s} with {c}", "{c} and {e}", "{c}, {e}", "{a} with {c}", "not {a}"),
)


def common_words(n_words: int = N_COMMON_WORDS) -> list[str]:
    """The most frequent English words of the package wordfreq, letters only.

    Raises:
        DependencyError: wordfreq is not installed.
    """
    try:
        from wordfreq import top_n_list
    except ImportError as error:
        raise DependencyError("Pre-training needs more packages: pip install '.[pretrain]'.") from error
    return [word for word in top_n_list("en", n_words) if word.isalpha() and word.isascii() and len(word) > 2]


def vocabulary_texts(vocabulary: Vocabulary) -> Iterator[str]:
    """Every text the vocabulary can put before the text tower."""
    for emotion in vocabulary.emotions:
        yield from chain.from_iterable(map(word_prompts, (emotion.name, *emotion.synonyms)))
        yield from chain.from_iterable(map(description_prompts, (*emotion.descriptions, emotion.contrast)))
    for action in vocabulary.actions:
        phrases = (action.phrase, *action.phrases, *action.absent_phrases)
        yield from chain.from_iterable(map(description_prompts, phrases))


def invented_texts(vocabulary: Vocabulary, n_texts: int, rng: np.random.Generator) -> Iterator[str]:
    """Random mixtures of emotions and facial actions, so that combinations are not foreign to the tower."""
    words = [word for emotion in vocabulary.emotions for word in (emotion.name, *emotion.synonyms)]
    faces = [text for action in vocabulary.actions for text in (*action.phrases, *action.absent_phrases)]
    faces += [text for emotion in vocabulary.emotions for text in emotion.descriptions]
    for _ in range(n_texts):
        a, b = rng.choice(words, 2)
        c, e = rng.choice(faces, 2)
        yield str(rng.choice(_FRAMES)).format(a=a, b=b, c=c, e=e, d=rng.choice(_DEGREES), s=rng.choice(_SUBJECTS))


def distillation_texts(vocabulary: Vocabulary, *, n_words: int = N_COMMON_WORDS, seed: int = 0) -> list[str]:
    """All distinct texts, in a fixed order: each common word bare and in one random template, and the above."""
    rng = np.random.default_rng(seed)
    words = common_words(n_words)
    templates = (*WORD_TEMPLATES[1:], *DESCRIPTION_TEMPLATES[1:])
    templated = (fill(str(rng.choice(templates)), word) for word in words)
    invented = invented_texts(vocabulary, round(N_INVENTED * n_words / N_COMMON_WORDS), rng)
    return list(dict.fromkeys(chain(words, templated, vocabulary_texts(vocabulary), invented)))
