"""Texts for `TrendVectorizer`, and how near its vectors are."""

from typing import Any

import numpy as np

from spacy_trend.sklearn import TrendVectorizer

TEXTS = ["I want an apple.", "Red houses are old!", "Stop", "She sold the old house. Why?"]
#: Two classes that share no word.
LEARNED = [f"I want {word} apples." for word in ("red", "green", "big", "old")] + [
    f"No train left {word} here!" for word in ("near", "from", "for", "around")
]
LABELS = ["fruit"] * 4 + ["rail"] * 4
WIDE = "classifier_wide"
NOISE = 2e-5


def assert_close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, atol=NOISE)


def again(fitted: TrendVectorizer) -> TrendVectorizer:
    """Another one, not fitted, with the pipeline that was loaded."""
    return TrendVectorizer(fitted.nlp_)
