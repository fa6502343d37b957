"""Docs whose vector is known by hand, and what must hold of every attribution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc

from spacy_trend.attribution import Attribution
from tests.support.pictures import made_doc


def weighted_doc(weights: Sequence[float], vectors: Any, words: Sequence[str] | None = None) -> Doc:
    """A doc of words with these weights and vectors, `(words, width)`."""
    count = len(weights)
    words = words or [f"w{number}" for number in range(count)]
    vectors = np.array(vectors, dtype=np.float32).reshape(count, -1)
    attention = np.ones((1, count))
    return made_doc(words, attention, (-1, -1), weights=weights, word_vectors=vectors, not_words=())


def assert_adds_up(attribution: Attribution, tolerance: float = 1e-5) -> None:
    """The parts and the bias are the score, as far as the float32 numbers of the vectors tell."""
    size = max(abs(attribution.score), abs(attribution.bias) + np.abs(attribution.parts).sum())
    assert abs(attribution.delta) <= tolerance * size
    assert attribution.parts.dtype == np.float64
    assert attribution.parts.shape == attribution.words.shape == (len(attribution.texts),)
