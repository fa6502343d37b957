"""Mutual attention: how much two words attend to each other, both ways, in the windows that hold both.

It is kept as a band: `mutual[i, d]` is the mutual attention of word i and word i + d + 1. Because a window
holds a limited number of words, the band of a doc grows with its length and not with the square of it.
"""

from collections.abc import Sequence

import numpy as np

from ..types import Floats, Ints
from .segments import starts


def between_words(mutual: Floats, counts: Ints) -> Floats:
    """Return the mutual attention of the words of one window.

    What a word gives is the mean over its wordpieces; what it gets is their sum (Clark et al. 2019).

    Args:
        mutual: float32 `(wordpieces, wordpieces)`, what each wordpiece (first) gives to each; word by word.
        counts: int64 `(words,)`, wordpieces of each word, at least one.

    Returns:
        float32 `(words, words)`, symmetric; its diagonal is meaningless.
    """
    if len(counts) < len(mutual):
        first = starts(counts)
        sums = np.add.reduceat(np.add.reduceat(mutual, first, axis=1), first, axis=0)
        mutual = (sums / counts[:, None]).astype(np.float32)
    return mutual + mutual.T


def as_band(windows: Sequence[tuple[Ints, Floats]], words: int) -> Floats:
    """Return the band of a text: the mean over the windows that hold both words, 0 if none does.

    Args:
        windows: of each window, its words, int64 ascending, and their mutual attention, `(words, words)`.
        words: the number of words of the text.

    Returns:
        float32 `(words, reach)`; the reach is that of the widest window.
    """
    reach = max((int(numbers[-1] - numbers[0]) for numbers, _ in windows if len(numbers) > 0), default=0)
    sums = np.zeros((words, reach), dtype=np.float32)
    counts = np.zeros((words, reach), dtype=np.float32)
    for numbers, mutual in windows:
        first, second = np.triu_indices(len(numbers), 1)
        at = numbers[first], numbers[second] - numbers[first] - 1
        sums[at] += mutual[first, second]
        counts[at] += 1
    band: Floats = np.divide(sums, np.maximum(counts, 1), dtype=np.float32)
    return band


def stacked(bands: Sequence[Floats]) -> Floats:
    """Return the bands of several texts one after another.

    Args:
        bands: float32 `(words, reach)` each.

    Returns:
        float32 `(all words, greatest reach)`; zeros beyond a text's own reach.
    """
    reach = max((band.shape[1] for band in bands), default=0)
    whole = np.zeros((sum(len(band) for band in bands), reach), dtype=np.float32)
    end = 0
    for band in bands:
        start, end = end, end + len(band)
        whole[start:end, : band.shape[1]] = band
    return whole


def mutual_with(partners: Ints, band: Floats) -> Floats:
    """Return each word's mutual attention with a partner.

    Args:
        partners: int64 `(words,)`, a position among all words; -1 for none.
        band: float32 `(words, reach)`.

    Returns:
        float32 `(words,)`; 0 if no window holds both, if the partner is the word itself, or if it has none.
    """
    words = np.arange(len(partners))
    distance = np.abs(partners - words) - 1
    is_known = (partners >= 0) & (distance >= 0) & (distance < band.shape[1])
    mutual = np.zeros(len(partners), dtype=np.float32)
    mutual[is_known] = band[np.minimum(words, partners)[is_known], distance[is_known]]
    return mutual
