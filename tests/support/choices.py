"""What a selection chose, compared with plain steps."""

from typing import Any

import numpy as np

from spacy_trend.method.interface import Selection


def first_of_most(words: list[int], values: Any) -> int:
    """The word with the greatest value, the first of equals; -1 among none."""
    best = -1
    for word in words:
        if best < 0 or values[word] > values[best]:
            best = word
    return best


def assert_is(selection: Selection, focus: list[int], related: list[int]) -> None:
    assert selection.focus.tolist() == focus
    assert selection.related.tolist() == related
    chosen = {word for word in focus + related if word >= 0}
    assert np.flatnonzero(selection.weights).tolist() == sorted(chosen)
    assert set(selection.weights.tolist()) <= {0.0, 1.0}
    assert selection.weights.dtype == np.float32
    assert selection.focus.dtype == selection.related.dtype == np.int64
