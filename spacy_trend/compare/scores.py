"""How good predictions are, and how sure that is (SciPy)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap

from ..types import Ints

RESAMPLES = 2000


CONFIDENCE = 0.95


#: From true and predicted labels, int64 `(..., texts)`, to a number for each of the leading dimensions.
Measure = Callable[..., NDArray[np.float64]]


def accuracy(true: Ints, predicted: Ints, axis: int = -1) -> NDArray[np.float64]:
    """The share of labels that are right, along an axis.

    true, predicted: int64 `(..., texts)`, with the texts along that axis.
    RETURNS: float64 `(...,)`, between 0 and 1; one number for labels `(texts,)`.
    """
    share: NDArray[np.float64] = (true == predicted).mean(axis=axis)
    return share


def macro_f1(true: Ints, predicted: Ints, axis: int = -1) -> NDArray[np.float64]:
    """The mean F1, along an axis, of the classes that are among its true or predicted labels.

    true, predicted: int64 `(..., texts)`, with the texts along that axis.
    RETURNS: float64 `(...,)`, between 0 and 1; one number for labels `(texts,)`.
    """
    sums, counts = 0.0, 0
    for label in np.union1d(true, predicted):
        is_true, is_predicted = true == label, predicted == label
        both = (is_true & is_predicted).sum(axis=axis)
        either = is_true.sum(axis=axis) + is_predicted.sum(axis=axis)
        sums = sums + 2 * both / np.maximum(either, 1)
        counts = counts + (either > 0)
    return np.asarray(sums / counts)


def confidence_interval(measure: Measure, true: Ints, predicted: Ints, seed: int) -> tuple[float, float]:
    """The 95% interval of a measure by the percentile bootstrap: Efron & Tibshirani, "An introduction to the
    bootstrap" (1993), chapter 13.

    true, predicted: int64 `(texts,)`, at least two; texts are drawn, each with both its labels. Where a class
        is rare, macro F1 has a wide interval: many draws do not hold it, and are the mean of the others.
    """
    result = bootstrap(
        (true, predicted),
        measure,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return float(low), float(high)


def mcnemar(right: NDArray[np.bool_], others: NDArray[np.bool_]) -> float:
    """McNemar's exact test: how probable it is that, of the texts that only one of two classifiers gets
    right, so uneven or more uneven a share falls to one of them by chance (two-sided p; 1 where there is no
    such text). McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).

    right, others: bool `(texts,)`, whether each text's label is right.
    """
    only, only_others = int((right & ~others).sum()), int((others & ~right).sum())
    if only + only_others == 0:
        return 1.0
    result: Any = binomtest(only, only + only_others)
    return float(result.pvalue)
