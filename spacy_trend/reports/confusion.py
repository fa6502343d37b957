"""Which labels are taken for which."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..attribution.interface import Label
from ..types import Ints


class Confusion(NamedTuple):
    """The true and predicted labels of some texts, and how often each pair of them occurs.

    Attributes:
        labels: all that occur, sorted.
        true: int64 `(texts,)`, positions among the labels.
        predicted: int64 `(texts,)`, likewise.
        matrix: int64 `(labels, labels)`: how many texts of each label (rows) were given each (columns).
    """

    labels: list[Label]
    true: Ints
    predicted: Ints
    matrix: Ints

    def mistakes(self) -> list[tuple[Label, Label, int]]:
        """Return what is confused, the most frequent first: true label, predicted label, number of texts."""
        wrong = self.matrix.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
        pairs = zip(*(places.tolist() for places in np.unravel_index(order, wrong.shape)), strict=True)
        return [(self.labels[row], self.labels[column], int(wrong[row, column])) for row, column in pairs]


def count_confusions(true: Sequence[Label], predicted: Sequence[Label]) -> Confusion:
    """Count how often each label is taken for each.

    Args:
        true: the labels of the texts.
        predicted: what was predicted for them.

    Returns:
        the labels, their positions, and the counts.
    """
    # Numbers before texts, which do not compare.
    labels = sorted({*true, *predicted}, key=lambda label: (isinstance(label, str), label))
    numbers = {label: number for number, label in enumerate(labels)}
    rows = np.array([numbers[label] for label in true], dtype=np.int64)
    columns = np.array([numbers[label] for label in predicted], dtype=np.int64)
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return Confusion(labels, rows, columns, matrix)
