"""Arrays over segments: the words of several texts stand one after another in one array.

A segment is whatever gets one vector: a text, a sentence or a phrase. `lengths`, int64 `(segments,)`, says
how many words each segment has; a segment may have none.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Ints

#: How many words are computed together: their arrays stay in the caches, and temporary ones small.
WORDS_AT_A_TIME = 2048


def chunks(words: int) -> list[slice]:
    """Return slices that cut words into parts of at most `WORDS_AT_A_TIME`, one after another.

    Args:
        words: how many there are.
    """
    return [slice(start, start + WORDS_AT_A_TIME) for start in range(0, words, WORDS_AT_A_TIME)]


def as_lengths(lengths: Ints | None, words: int) -> Ints:
    """Return `lengths` as int64 `(segments,)`, checked; one segment of all words if it is None.

    Args:
        lengths: int `(segments,)`, words in each segment, or None.
        words: the number of words in all segments.

    Raises:
        ValueError: if a length is negative or they do not add up to the number of words.
    """
    if lengths is None:
        return np.array([words], dtype=np.int64)
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.sum() != words or (lengths < 0).any():
        raise ValueError(
            f"The lengths of the segments {lengths.tolist()} add up to {lengths.sum()}, but there are {words}"
            " words. Expected every word in exactly one segment, and no negative length."
        )
    return lengths


def starts(lengths: Ints) -> Ints:
    """Return the position of each segment's first word among all words, int64 `(segments,)`.

    Args:
        lengths: int64 `(segments,)`.
    """
    ends: Ints = np.cumsum(lengths)
    return ends - lengths


def segment_numbers(lengths: Ints) -> Ints:
    """Return the number of each word's segment, from 0, int64 `(words,)`.

    Args:
        lengths: int64 `(segments,)`.
    """
    return np.repeat(np.arange(len(lengths)), lengths)


def segment_leaders(attention: NDArray[np.floating[Any]], lengths: Ints) -> Ints:
    """Return each row's word with most attention received in each segment; the first of equals.

    Args:
        attention: `(rows, words)`, of any precision.
        lengths: int64 `(segments,)`.

    Returns:
        int64 `(rows, segments)`, positions among all words; -1 for a segment without words. A NaN leads, as
        in `numpy.argmax`.
    """
    filled = lengths > 0
    leaders: Ints = np.full((attention.shape[0], len(lengths)), -1, dtype=np.int64)
    if filled.any():
        first = starts(lengths)[filled]
        most = np.repeat(np.maximum.reduceat(attention, first, axis=1), lengths[filled], axis=1)
        words = attention.shape[1]
        positions = np.where((attention == most) | np.isnan(attention), np.arange(words), words)
        leaders[:, filled] = np.minimum.reduceat(positions, first, axis=1)
    return leaders


def leaders_beside(focus: Ints, values: Floats, lengths: Ints) -> Ints:
    """Return the word with the greatest value in each segment, its focus left out; the first of equals.

    Args:
        focus: int64 `(segments,)`, positions among all words; -1 for none.
        values: float32 `(words,)`.
        lengths: int64 `(segments,)`.

    Returns:
        int64 `(segments,)`; -1 if there is no other word.
    """
    others = np.array(values, dtype=np.float32)
    others[focus[focus >= 0]] = -np.inf
    leaders: Ints = segment_leaders(others[None], lengths)[0]
    leaders[lengths < 2] = -1
    return leaders


def most_frequent(candidates: Ints, counted: NDArray[np.bool_], lengths: Ints) -> Ints:
    """Return the word that is named most often in each segment; the first of equals.

    Args:
        candidates: int64 `(rows, segments)`, positions among all words; -1 for none.
        counted: bool `(rows, segments)`, which of them count.
        lengths: int64 `(segments,)`.

    Returns:
        int64 `(segments,)`.
    """
    votes = np.zeros((1, int(lengths.sum())), dtype=np.float32)
    np.add.at(votes[0], candidates[counted & (candidates >= 0)], 1.0)
    leaders: Ints = segment_leaders(votes, lengths)[0]
    return leaders


def weighted_sums(vectors: Floats, weights: Floats, lengths: Ints | None = None) -> Floats:
    """Return each segment's vector: the sum of its words' vectors, times the words' weights.

    Args:
        vectors: float32 `(words, width)`; those of words with weight 0 are not read.
        weights: float32 `(words,)`.
        lengths: int64 `(segments,)`; None for one segment of all words.

    Returns:
        float32 `(segments, width)`; zeros for a segment without words.
    """
    lengths = as_lengths(lengths, len(vectors))
    used = np.flatnonzero(weights)
    used_lengths = np.bincount(segment_numbers(lengths)[used], minlength=len(lengths))
    return segment_sums(vectors[used] * weights[used, None], used_lengths)


def segment_shares(values: Floats, lengths: Ints) -> Floats:
    """Return each word's share of its segment's total.

    Args:
        values: float32 `(words,)`, not negative.
        lengths: int64 `(segments,)`.

    Returns:
        float32 `(words,)`; the shares of a segment add up to 1, and are equal if its total is 0.
    """
    # In float64, sums of float32 numbers cannot overflow.
    totals = np.repeat(np.bincount(segment_numbers(lengths), values, minlength=len(lengths)), lengths)
    is_none = totals == 0
    shares: Floats = np.where(is_none, 1 / np.repeat(lengths, lengths), values / np.where(is_none, 1, totals))
    return shares.astype(np.float32)


def segment_sums(values: Floats, lengths: Ints) -> Floats:
    """Return the sum of the values of each segment's words.

    Args:
        values: float32 `(words, width)`.
        lengths: int64 `(segments,)`.

    Returns:
        float32 `(segments, width)`; zeros for a segment without words.
    """
    sums = np.zeros((len(lengths), values.shape[1]), dtype=np.float32)
    filled = lengths > 0
    if filled.any():
        sums[filled] = np.add.reduceat(values, starts(lengths)[filled], axis=0)
    return sums


def means_of_filled(vectors: Floats, lengths: Ints, groups: Ints) -> Floats:
    """Return the mean vector of the segments with words, over each group of segments.

    Args:
        vectors: float32 `(segments, width)`.
        lengths: int `(segments,)`, words in each segment.
        groups: int `(groups,)`, segments in each group.

    Returns:
        float32 `(groups, width)`; zeros for a group without words.
    """
    filled = lengths > 0
    counts = np.bincount(segment_numbers(groups)[filled], minlength=len(groups))
    sums = segment_sums(vectors[filled], counts)
    return (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)


def only_filled(values: Ints, lengths: Ints, groups: Ints) -> Ints:
    """Return the value of each group's only segment with words.

    Args:
        values: int64 `(segments,)`, a number for each segment.
        lengths: int64 `(segments,)`, words in each segment.
        groups: int64 `(groups,)`, segments in each group.

    Returns:
        int64 `(groups,)`; -1 for a group with no such segment or several.
    """
    filled = np.flatnonzero(lengths)
    group = segment_numbers(groups)[filled]
    is_only = np.bincount(group, minlength=len(groups))[group] == 1
    only: Ints = np.full(len(groups), -1, dtype=np.int64)
    only[group[is_only]] = values[filled[is_only]]
    return only
