"""Long texts, and windows that a user cuts by functions of their own."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from spacy.tokens import Doc, Span
from spacy_transformers.util import registry

WORDS = [
    "the",
    "old",
    "house",
    "behind",
    "green",
    "hills",
    "where",
    "we",
    "were",
    "mistakenly",
    "unbuttoning",
]


@registry.span_getters("spacy-trend-tests.sentence_and_next.v1")
def sentence_and_next() -> Callable[[Sequence[Doc]], list[list[Span]]]:
    """A user's own getter: windows of two sentences, each sentence in two of them."""

    def get_spans(docs: Sequence[Doc]) -> list[list[Span]]:
        windows = []
        for doc in docs:
            sentences = list(doc.sents)
            ends = [sentence.end for sentence in [*sentences[1:], *sentences[-1:]]]
            pairs = zip(sentences, ends, strict=True)
            windows.append([doc[sentence.start : end] for sentence, end in pairs])
        return windows

    return get_spans


@registry.span_getters("spacy-trend-tests.parts.v1")
def parts(bounds: list[list[int]]) -> Callable[[Sequence[Doc]], list[list[Span]]]:
    """A user's own getter: the same windows in every doc; they may leave tokens out."""

    def get_spans(docs: Sequence[Doc]) -> list[list[Span]]:
        return [[doc[start:end] for start, end in bounds if start < len(doc)] for doc in docs]

    return get_spans


SENTENCE_AND_NEXT = {"@span_getters": "spacy-trend-tests.sentence_and_next.v1"}


def own_parts(*bounds: tuple[int, int]) -> dict[str, Any]:
    return {"@span_getters": "spacy-trend-tests.parts.v1", "bounds": [list(bound) for bound in bounds]}


def long_text(sentences: int, seed: int = 0) -> str:
    """Sentences of 5 to 15 words, some of several wordpieces."""
    chance = random.Random(seed)
    words = (chance.choices(WORDS, k=chance.randint(5, 15)) for _ in range(sentences))
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in words)
