"""Mutual attention: how much two words attend to each other, both ways, in the windows that hold both.

It is read among the words alone: what a word gives to itself, to punctuation and to special tokens is left
out, and what it gives to the other words of its window adds up to 1.

It is kept as a band, whose size grows with the length of a text and not with the square of it, because a
window holds a limited number of wordpieces. Words with the same wordpieces count once: they share a place.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..types import Floats, Ints
from .segments import segment_leaders, segment_numbers, starts


class MutualAttention(NamedTuple):
    """The mutual attention of the words of one or several texts.

    Attributes:
        band: float32 `(places, reach)`; `band[i, d]` is the mutual attention of the words in place i and of
            those in place i + d + 1.
        places: int64 `(words,)`, the place of each word: from 0, ascending, none left out. Words share a
            place if they have the same wordpieces.
    """

    band: Floats
    places: Ints


#: That of words whose mutual attention was not asked for.
NOT_ASKED = MutualAttention(np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.int64))


def between_words(mutual: Floats, counts: Ints) -> Floats:
    """Return the mutual attention of the words of one window.

    What a word gives is the mean over its wordpieces; what it gets is their sum (Clark et al. 2019). Of what
    it gives to the other words each gets its share; mutual is the sum of both directions.

    Args:
        mutual: float32 `(wordpieces, wordpieces)`, what each wordpiece (first) gives to each; word by word.
        counts: int64 `(words,)`, wordpieces of each word, at least one.

    Returns:
        float32 `(words, words)`, symmetric; its diagonal means nothing. A word that gives nothing to the
        others has what they give.
    """
    first = starts(counts)
    sums = np.add.reduceat(np.add.reduceat(mutual, first, axis=1), first, axis=0)
    given = sums / counts[:, None]
    np.fill_diagonal(given, 0)
    totals = given.sum(axis=1, keepdims=True)
    shares = (given / np.where(totals == 0, 1, totals)).astype(np.float32)
    return shares + shares.T


def as_band(windows: Sequence[tuple[Ints, Floats]], places: int) -> Floats:
    """Return the band of a text: the mean over the windows that hold both places, 0 if none does.

    Args:
        windows: of each window, its places, int64 ascending, and their mutual attention, `(places, places)`.
        places: the number of places of the text.

    Returns:
        float32 `(places, reach)`; the reach is that of the widest window.
    """
    reach = max((int(numbers[-1] - numbers[0]) for numbers, _ in windows if len(numbers) > 0), default=0)
    sums = np.zeros((places, reach), dtype=np.float32)
    counts = np.zeros((places, reach), dtype=np.float32)
    for numbers, mutual in windows:
        first, second = np.triu_indices(len(numbers), 1)
        at = numbers[first], numbers[second] - numbers[first] - 1
        sums[at] += mutual[first, second]
        counts[at] += 1
    band: Floats = np.divide(sums, np.maximum(counts, 1), dtype=np.float32)
    return band


def stacked(texts: Sequence[MutualAttention]) -> MutualAttention:
    """Return the mutual attention of several texts one after another.

    Args:
        texts: of each text its own.

    Returns:
        a band as wide as the widest, with zeros beyond a text's own reach.
    """
    reach = max((text.band.shape[1] for text in texts), default=0)
    band = np.zeros((sum(len(text.band) for text in texts), reach), dtype=np.float32)
    places = []
    end = 0
    for text in texts:
        start, end = end, end + len(text.band)
        band[start:end, : text.band.shape[1]] = text.band
        places.append(text.places + start)
    return MutualAttention(band, np.concatenate([NOT_ASKED.places, *places]))


def part_of(mutual: MutualAttention, words: slice) -> MutualAttention:
    """Return the mutual attention of some words in a row.

    Args:
        mutual: of all words.
        words: which of them; both ends are given.

    Returns:
        a view of the band that reaches no farther than these words do.
    """
    places = mutual.places[words]
    if len(places) == 0:
        return NOT_ASKED
    first, last = int(places[0]), int(places[-1])
    return MutualAttention(mutual.band[first : last + 1, : last - first], places - first)


def mutual_with(partners: Ints, mutual: MutualAttention) -> Floats:
    """Return each word's mutual attention with a partner.

    Args:
        partners: int64 `(words,)`, a position among all words; -1 for none.
        mutual: of all words.

    Returns:
        float32 `(words,)`; 0 if no window holds both, if both have the same wordpieces, or if there is no
        partner.
    """
    band, places = mutual
    others = np.append(places, 0)[partners]
    distance = np.abs(others - places) - 1
    is_known = (partners >= 0) & (distance >= 0) & (distance < band.shape[1])
    values = np.zeros(len(partners), dtype=np.float32)
    values[is_known] = band[np.minimum(places, others)[is_known], distance[is_known]]
    return values


def joint_leaders(mutual: MutualAttention, received: Floats, lengths: Ints) -> tuple[Ints, Ints]:
    """Return the two words of each segment that share most, for how much they share with all: `joint_pair`.

    Args:
        mutual: of all words.
        received: float32 `(words,)`, attention received.
        lengths: int64 `(segments,)`, words in each segment.

    Returns:
        two of int64 `(segments,)`, positions among all words, the first of the two before the other; -1 if no
        window holds two words of the segment. Of equal pairs the first.
    """
    none = np.full(len(lengths), -1, dtype=np.int64)
    reach = mutual.band.shape[1]
    if reach == 0 or len(mutual.places) == 0:
        return none, none
    numbers = segment_numbers(lengths)
    # Words of one place count once; the places of a segment follow each other without a gap.
    is_first = (np.diff(mutual.places, prepend=-1) != 0) | (np.diff(numbers, prepend=-1) != 0)
    words = np.flatnonzero(is_first)
    segments = numbers[words]
    others = np.arange(len(words))[:, None] + np.arange(1, reach + 1)
    others[others >= len(words)] = 0
    is_inside = (others > 0) & (segments[others] == segments[:, None])
    shared = np.where(is_inside, mutual.band[mutual.places[words]], 0).astype(np.float64)
    importance = received[words].astype(np.float64)
    score = _beyond_chance(shared, others, segments) * np.sqrt(importance[:, None] * importance[others])
    score[~is_inside] = -np.inf
    best = np.argmax(score, axis=1)
    greatest = np.take_along_axis(score, best[:, None], axis=1).T
    one = segment_leaders(greatest, np.bincount(segments, minlength=len(lengths)))[0]
    is_pair = (one >= 0) & (shared[one, best[one]] != 0)
    return np.where(is_pair, words[one], none), np.where(is_pair, words[others[one, best[one]]], none)


def _beyond_chance(shared: NDArray[np.float64], others: Ints, segments: Ints) -> NDArray[np.float64]:
    """Return what pairs share less what is expected of words that share so much with all.

    Args:
        shared: float64 `(words, reach)`, what each word shares with those after it; 0 for those of
            other segments.
        others: `(words, reach)`, which words these are.
        segments: `(words,)`, the segment of each word.
    """
    with_all = shared.sum(axis=1) + np.bincount(others.ravel(), shared.ravel(), minlength=len(shared))
    totals = np.bincount(segments, with_all)[segments]
    # Of a segment that shares nothing, nothing is expected.
    totals = np.where(totals == 0, 1, totals)
    expected: NDArray[np.float64] = with_all[:, None] * with_all[others] / totals[:, None]
    return shared - expected
