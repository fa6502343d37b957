"""Arrays written as they are read, bands of mutual attention, and segments."""

from typing import Any

import numpy as np

from spacy_trend.method.mutual_attention import MutualAttention
from spacy_trend.types import Floats, Ints

LEAST = np.float32(1e-45)  # the smallest subnormal
MOST = np.finfo(np.float32).max


def floats(*rows: Any) -> Floats:
    return np.array(rows, dtype=np.float32)


def ints(*numbers: int) -> Ints:
    return np.array(numbers, dtype=np.int64)


def shifted(word: int, by: int) -> int:
    return word + by if word >= 0 else -1


NAN = float("nan")


def band_of(*rows: list[float]) -> Floats:
    """A band by its words; short rows are filled with zeros."""
    reach = max((len(row) for row in rows), default=0)
    return np.array([row + [0.0] * (reach - len(row)) for row in rows], dtype=np.float32).reshape(
        len(rows), reach
    )


def mutual_of(*rows: list[float], places: Ints | None = None) -> MutualAttention:
    """Mutual attention by the rows of its band; each word has a place of its own if none are given."""
    return MutualAttention(band_of(*rows), np.arange(len(rows)) if places is None else places)


def squared(mutual: MutualAttention) -> Floats:
    """Mutual attention as a symmetric matrix, `(words, words)`, zeros where the band does not reach."""
    places, reach = mutual.band.shape
    square = np.zeros((places, places), dtype=np.float32)
    for distance in range(1, min(places, reach + 1)):
        first = np.arange(places - distance)
        above = mutual.band[first, distance - 1]
        square[first, first + distance] = square[first + distance, first] = above
    return square[np.ix_(mutual.places, mutual.places)]


def as_slice(words: list[int]) -> slice:
    """The slice of words that follow each other."""
    return slice(words[0], words[-1] + 1) if words else slice(0, 0)


def of_segments(lengths: Ints) -> list[list[int]]:
    ends = np.cumsum(lengths).tolist()
    return [list(range(end - length, end)) for end, length in zip(ends, lengths.tolist(), strict=True)]
