"""How good predictions are, and how certain that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..messages import shorten
from ..types import Ints

RESAMPLES = 2000
CONFIDENCE = 0.95
#: From true and predicted labels, int64 `(..., texts)`, to a number for each of the leading dimensions.
Measure = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How good the predicted labels of some texts are.

    Attributes:
        accuracy: the share of labels that are right, from 0 to 1.
        accuracy_interval: its 95% interval, see `confidence_interval`.
        macro_f1: the mean F1 of the classes, from 0 to 1.
        macro_f1_interval: its 95% interval.
    """

    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]

    def check(self) -> None:
        """Refuse what is no measure: read from a file, a score may hold anything.

        Raises:
            TypeError: for what is not a number.
            ValueError: for a number that is not from 0 to 1, or an interval that has not two.
        """
        measured = ("accuracy", self.accuracy_interval), ("macro_f1", self.macro_f1_interval)
        for name, (low, high) in measured:
            for number in (getattr(self, name), low, high):
                check_share(name, number)

    def in_percent(self) -> list[str]:
        """Return accuracy, its interval, macro F1 and its interval, as text."""
        measured = (self.accuracy, self.accuracy_interval), (self.macro_f1, self.macro_f1_interval)
        cells = []
        for share, (low, high) in measured:
            cells += [f"{100 * share:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"]
        return cells


def check_share(name: str, number: Any) -> None:
    """Refuse what is not a number from 0 to 1; to Python, true and false are numbers.

    Args:
        name: what messages call it.
        number: any value.

    Raises:
        TypeError: for what is not a number.
        ValueError: for another number.
    """
    if type(number) not in (int, float):
        raise TypeError(f"{name}: got {shorten(number)}, expected a number from 0 to 1")
    # NaN is neither.
    if not 0 <= number <= 1:
        raise ValueError(f"{name}: got {shorten(number)}, expected a number from 0 to 1")


def check_count(name: str, number: Any) -> None:
    """Refuse what is not a whole number of one or more.

    Args:
        name: what messages call it.
        number: any value.

    Raises:
        TypeError: for what is not a whole number.
        ValueError: for another number.
    """
    if type(number) is not int:
        raise TypeError(f"{name}: got {shorten(number)}, expected a whole number")
    if number < 1:
        raise ValueError(f"{name}: got {shorten(number)}, expected 1 or more")


def score_predictions(true: Ints, predicted: Ints, seed: int) -> Scores:
    """Measure how good predicted labels are.

    Args:
        true: int64 `(texts,)`, the labels of at least two texts.
        predicted: int64 `(texts,)`, what was predicted for them.
        seed: of the intervals.

    Returns:
        accuracy and macro F1, with their intervals.
    """
    return Scores(
        accuracy=float(accuracy(true, predicted)),
        accuracy_interval=confidence_interval(accuracy, true, predicted, seed),
        macro_f1=float(macro_f1(true, predicted)),
        macro_f1_interval=confidence_interval(macro_f1, true, predicted, seed),
    )


def accuracy(true: Ints, predicted: Ints, axis: int = -1) -> NDArray[np.float64]:
    """Return the share of labels that are right, along an axis.

    Args:
        true: int64 `(..., texts)`.
        predicted: int64 `(..., texts)`.
        axis: the one along which the texts stand.

    Returns:
        float64 `(...,)`, from 0 to 1; one number for labels `(texts,)`.
    """
    share: NDArray[np.float64] = (true == predicted).mean(axis=axis)
    return share


def macro_f1(true: Ints, predicted: Ints, axis: int = -1) -> NDArray[np.float64]:
    """Return the mean F1, along an axis, of the classes that occur among its true or predicted labels.

    Args:
        true: int64 `(..., texts)`.
        predicted: int64 `(..., texts)`.
        axis: the one along which the texts stand.

    Returns:
        float64 `(...,)`, from 0 to 1; one number for labels `(texts,)`.
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
    """Return the 95% interval of a measure, by the percentile bootstrap.

    Source: Efron & Tibshirani, "An introduction to the bootstrap" (1993), chapter 13. Texts are drawn, each
    with both its labels. If a class is rare, macro F1 has a wide interval: many draws do not contain the
    class and are the mean of the others.

    Args:
        measure: the measure.
        true: int64 `(texts,)`, the labels of at least two texts.
        predicted: int64 `(texts,)`, what was predicted for them.
        seed: of the draws.
    """
    # Imported here: the extra may be missing.
    from scipy.stats import bootstrap

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
    """Return the two-sided p value of McNemar's exact test: do two classifiers differ by chance alone?

    Of the texts that only one of the two gets right, the share of either is compared with a half. Source:
    McNemar, "Note on the sampling error of the difference between correlated proportions" (1947).

    Args:
        right: bool `(texts,)`, which texts one classifier labels correctly.
        others: bool `(texts,)`, which texts the other one does.

    Returns:
        the probability of a share as uneven as this or more; 1 if there is no such text.
    """
    # Imported here: the extra may be missing.
    from scipy.stats import binomtest

    only, only_others = int((right & ~others).sum()), int((others & ~right).sum())
    if only + only_others == 0:
        return 1.0
    result: Any = binomtest(only, only + only_others)
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, by Holm's method.

    The chance that any of the tests finds a difference if there is none stays below the level at which they
    are read. Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).

    Args:
        p_values: of all tests that are made.

    Returns:
        the corrected p values, in the same order.
    """
    corrected = [1.0] * len(p_values)
    least = 0.0
    for rank, test in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[test]))
        corrected[test] = least
    return corrected
