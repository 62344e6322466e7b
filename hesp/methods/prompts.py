"""How a label becomes texts for the text tower: templates round a word, descriptions of a known emotion."""

from __future__ import annotations

from hesp.emotions import Vocabulary

# a word or short phrase is put into each of these; the bare word comes first
WORD_TEMPLATES: tuple[str, ...] = (
    "{}",
    "a face showing {}",
    "an expression of {}",
    "a person who looks {}",
    "someone feeling {}",
    "a {} face",
)
# a description of a face is a sentence of its own
DESCRIPTION_TEMPLATES: tuple[str, ...] = ("{}", "a face with {}")
# synonyms beyond these add cost but hardly move the mean
N_SYNONYMS = 8
# from this many words on, a label is read as a description and not as the name of an emotion
DESCRIPTION_N_WORDS = 4


def fill(template: str, text: str) -> str:
    """Put `text` into a template; a brace in the text is left as it is."""
    return template.replace("{}", text)


def word_prompts(word: str) -> list[str]:
    """All templates filled with one word or short phrase."""
    return [fill(template, word) for template in WORD_TEMPLATES]


def description_prompts(description: str) -> list[str]:
    """All templates filled with one description of a face."""
    return [fill(template, description) for template in DESCRIPTION_TEMPLATES]


def is_description(label: str) -> bool:
    """Whether a typed label describes a face ("raised eyebrows and open mouth") instead of naming an emotion."""
    return len(label.split()) >= DESCRIPTION_N_WORDS


def label_prompts(label: str, vocabulary: Vocabulary) -> list[list[str]]:
    """The texts a label is scored by, in groups that count the same.

    A vocabulary entry: its name and synonyms in the word templates, and its descriptions. Any other word or short
    phrase: the word templates. A longer text is a description and stands for itself.
    """
    entry = vocabulary.find(label)
    if entry is not None:
        words = [prompt for word in (entry.name, *entry.synonyms[:N_SYNONYMS]) for prompt in word_prompts(word)]
        return [words, [prompt for text in entry.descriptions for prompt in description_prompts(text)]]
    return [description_prompts(label)] if is_description(label) else [word_prompts(label)]
