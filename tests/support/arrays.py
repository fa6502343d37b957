"""Arrays written as they are read, bands of mutual attention, and segments."""

from typing import Any

import numpy as np

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
    return np.array([row + [0.0] * (reach - len(row)) for row in rows], dtype=np.float32).reshape(-1, reach)


def squared(band: Floats) -> Floats:
    """A band as a symmetric matrix, `(words, words)`, zeros where it does not reach."""
    words, reach = band.shape
    square = np.zeros((words, words), dtype=np.float32)
    for distance in range(1, min(words, reach + 1)):
        first = np.arange(words - distance)
        square[first, first + distance] = square[first + distance, first] = band[first, distance - 1]
    return square


def of_segments(lengths: Ints) -> list[list[int]]:
    ends = np.cumsum(lengths).tolist()
    return [list(range(end - length, end)) for end, length in zip(ends, lengths.tolist(), strict=True)]
