"""The trend vector in arrays: the words' changes, a selection among them, and the weighted sum."""

from typing import Any, NamedTuple

import numpy as np

from ..types import Floats, Ints
from .interface import Change, Select
from .segments import (
    chunks,
    means_of_filled,
    only_filled,
    segment_numbers,
    segment_shares,
    weighted_sums,
)


class Trends(NamedTuple):
    """The trend vectors of some texts, and what they came from.

    Attributes:
        word_vectors: float32 `(words, width)`, each word's change.
        vectors: float32 `(texts, width)`, for each text the sum of its words' vectors times their weights.
        weights: float32 `(words,)`.
        importance: float32 `(words,)`, shares that add up to 1 in every text with words.
        focus: int64 `(texts,)`, positions among all words; -1 for none. A text with several segments has no
            pair of its own.
        related: int64 `(texts,)`, likewise.
    """

    word_vectors: Floats
    vectors: Floats
    weights: Floats
    importance: Floats
    focus: Ints
    related: Ints


def compute_trends(
    static: Floats,
    contextual: Floats,
    attention: Floats,
    *,
    select: Select,
    change: Change,
    lengths: Ints,
    segments: Ints,
    **evidence: Any,
) -> Trends:
    """Compute the trend vectors of texts.

    A segment's vector is the weighted sum of its words' changes; a text's is the mean over its segments with
    words.

    Args:
        static: float32 `(words, width)`.
        contextual: float32 `(words, width)`.
        attention: float32 `(rows, words)`, attention received.
        select: the selection.
        change: the change.
        lengths: int64 `(segments,)`, words in each segment.
        segments: int64 `(texts,)`, segments in each text.
        **evidence: what the selection reads too, see `interface.Select`.

    Returns:
        the vectors and the words they came from.
    """
    selection = select(attention, lengths, **evidence)
    word_vectors = _change_words(change, static, contextual)
    of_segments = weighted_sums(word_vectors, selection.weights, lengths)
    importance = selection.importance
    if importance is None:
        importance = segment_shares(attention[-1], lengths)
    counted = _shares_of_segments(lengths, segments)
    return Trends(
        word_vectors,
        means_of_filled(of_segments, lengths, segments),
        selection.weights * counted,
        importance * counted,
        only_filled(selection.focus, lengths, segments),
        only_filled(selection.related, lengths, segments),
    )


def _shares_of_segments(lengths: Ints, segments: Ints) -> Floats:
    """Return what each word's segment counts in its text, whose vector is a mean: float32 `(words,)`."""
    filled = np.bincount(segment_numbers(segments)[lengths > 0], minlength=len(segments))
    of_text = (1 / np.maximum(filled, 1)).astype(np.float32)
    return np.repeat(np.repeat(of_text, segments), lengths)


def _change_words(change: Change, static: Floats, contextual: Floats) -> Floats:
    parts = chunks(len(static))
    if len(parts) < 2:
        return change(static, contextual)
    return np.concatenate([change(static[part], contextual[part]) for part in parts])
