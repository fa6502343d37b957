"""Texts that are nearly the same and have different labels: one of the two is often wrong."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..attribution.interface import Label
from ..types import Floats, Ints
from .confusion import count_confusions
from .reasons import TextReasons

#: The least cosine of texts that are nearly the same.
LEAST_COSINE = 0.95
#: How many pairs are named.
MOST_PAIRS = 50
#: How many texts are compared with each other: each with each, which takes time with their square.
MOST_TEXTS = 20_000
#: How many texts are compared with all others at once.
_BLOCK = 1024


class Duplicate(NamedTuple):
    """Two texts that are nearly the same, with different labels.

    Attributes:
        text: the position of the first among all texts.
        other: the position of the second.
        cosine: of their vectors.
    """

    text: int
    other: int
    cosine: float


def near_duplicates(texts: Sequence[TextReasons], most: int = MOST_PAIRS) -> list[Duplicate]:
    """Return pairs of nearly the same texts whose labels differ, the most alike first.

    Args:
        texts: of which the first `MOST_TEXTS` are compared.
        most: how many pairs to return.
    """
    compared = texts[:MOST_TEXTS]
    if not compared:
        return []
    labels: list[Label] = [text.label for text in compared]
    numbers = count_confusions(labels, labels).true
    unit = _unit(np.stack([text.vector for text in compared]))
    found: list[Duplicate] = []
    for first in range(0, len(unit), _BLOCK):
        pairs = found + _of_block(unit, numbers, first)
        found = sorted(pairs, key=lambda pair: -pair.cosine)[:most]
    return found


def _of_block(unit: Floats, labels: Ints, first: int) -> list[Duplicate]:
    """Return the pairs of some texts, from the first on, with themselves and later ones."""
    block = slice(first, first + _BLOCK)
    cosines = unit[block] @ unit[first:].T
    is_pair = (cosines >= LEAST_COSINE) & (labels[block, None] != labels[None, first:])
    # Each pair once.
    rows, columns = np.nonzero(np.triu(is_pair))
    values = np.minimum(cosines[rows, columns], 1.0).tolist()
    places = zip(rows.tolist(), columns.tolist(), values, strict=True)
    return [Duplicate(first + row, first + column, value) for row, column, value in places]


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
