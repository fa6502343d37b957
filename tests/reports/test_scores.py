"""Accuracy, macro F1, their intervals and McNemar's test: known answers, scikit-learn, and what must hold."""

from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

from scipy.stats import norm
from sklearn.metrics import accuracy_score, f1_score

from spacy_trend.reports.scores import (
    Measure,
    accuracy,
    confidence_interval,
    holm,
    macro_f1,
    mcnemar,
    score_predictions,
)
from spacy_trend.types import Ints
from tests.support.arrays import ints

Bools = np.ndarray[Any, np.dtype[np.bool_]]
BOTH_MEASURES = pytest.mark.parametrize("measure", [accuracy, macro_f1])


@st.composite
def true_and_predicted(draw: st.DrawFn, shape: tuple[int, ...] | None = None) -> tuple[Ints, Ints]:
    """Labels of some texts, `(texts,)` unless a shape is given; numbers need not be without gaps."""
    labels = st.sampled_from(draw(st.lists(st.integers(0, 9), min_size=1, max_size=5)))
    size = shape or draw(st.integers(1, 20))
    true = draw(hnp.arrays(np.int64, size, elements=labels))
    return true, draw(hnp.arrays(np.int64, size, elements=labels))


def outcomes(only: int, only_others: int, both: int = 0, neither: int = 0) -> tuple[Bools, Bools]:
    """Whether the labels of two classifiers are right: of so many texts that of the one only, and so on."""
    right = [True] * only + [False] * only_others + [True] * both + [False] * neither
    others = [False] * only + [True] * only_others + [True] * both + [False] * neither
    return np.array(right, dtype=bool), np.array(others, dtype=bool)


class TestAccuracy:
    def test_is_the_share_that_is_right(self) -> None:
        assert accuracy(ints(0, 1, 2, 2), ints(0, 1, 1, 2)) == 0.75

    @pytest.mark.parametrize(("axis", "expected"), [(-1, [0.5, 1, 0]), (1, [0.5, 1, 0]), (0, [2 / 3, 1 / 3])])
    def test_is_taken_along_an_axis(self, axis: int, expected: list[float]) -> None:
        true, predicted = np.stack([ints(0, 1)] * 3), np.stack([ints(0, 0), ints(0, 1), ints(1, 0)])
        assert accuracy(true, predicted, axis=axis).tolist() == expected

    @given(true_and_predicted())
    def test_is_that_of_scikit_learn(self, labels: tuple[Ints, Ints]) -> None:
        assert accuracy(*labels) == pytest.approx(accuracy_score(*labels), abs=1e-12)


class TestMacroF1:
    @pytest.mark.parametrize(
        ("true", "predicted", "expected"),
        [
            (ints(0, 1), ints(0, 1), 1),
            (ints(0, 1), ints(1, 0), 0),
            (ints(0, 0), ints(0, 0), 1),
            (ints(0, 0), ints(1, 1), 0),
            # F1 2/3 of the class 0 and 0 of the class 1, which is only predicted.
            (ints(0, 0), ints(0, 1), 1 / 3),
            # F1 4/5 of the class 0 and 2/3 of the class 7.
            (ints(0, 0, 7, 7), ints(0, 0, 0, 7), (4 / 5 + 2 / 3) / 2),
        ],
    )
    def test_is_the_mean_of_those_of_all_classes_that_are_there(
        self, true: Ints, predicted: Ints, expected: float
    ) -> None:
        assert macro_f1(true, predicted) == pytest.approx(expected, abs=1e-12)

    @given(true_and_predicted())
    def test_is_that_of_scikit_learn(self, labels: tuple[Ints, Ints]) -> None:
        expected = f1_score(*labels, average="macro", zero_division=0)
        assert macro_f1(*labels) == pytest.approx(expected, abs=1e-12)

    @given(st.data(), st.integers(1, 4), st.integers(1, 6))
    def test_is_taken_along_either_axis(self, data: st.DataObject, rows: int, columns: int) -> None:
        true, predicted = data.draw(true_and_predicted((rows, columns)))
        of_rows, of_columns = macro_f1(true, predicted), macro_f1(true, predicted, axis=0)
        assert (of_rows.shape, of_columns.shape) == ((rows,), (columns,))
        for row in range(rows):
            expected = f1_score(true[row], predicted[row], average="macro", zero_division=0)
            assert of_rows[row] == pytest.approx(expected, abs=1e-12)
        np.testing.assert_allclose(of_columns, macro_f1(true.T, predicted.T), atol=1e-12)

    @given(true_and_predicted(), st.permutations(range(10)))
    def test_does_not_depend_on_the_numbers_of_the_classes(
        self, labels: tuple[Ints, Ints], numbers: list[int]
    ) -> None:
        renumbered = [np.array(numbers)[part] for part in labels]
        assert macro_f1(*renumbered) == pytest.approx(float(macro_f1(*labels)), abs=1e-12)

    @given(true_and_predicted())
    def test_is_symmetric_and_a_share(self, labels: tuple[Ints, Ints]) -> None:
        true, predicted = labels
        assert 0 <= macro_f1(true, predicted) <= 1
        assert macro_f1(true, predicted) == pytest.approx(float(macro_f1(predicted, true)), abs=1e-12)
        assert macro_f1(true, true) == 1


@BOTH_MEASURES
class TestInterval:
    @pytest.mark.parametrize("texts", [2, 3, 100])
    def test_is_a_point_if_all_is_right(self, measure: Measure, texts: int) -> None:
        labels = np.arange(texts) % 3
        assert confidence_interval(measure, labels, labels, 0) == (1, 1)

    def test_is_a_point_if_all_is_wrong(self, measure: Measure) -> None:
        labels = np.arange(10) % 2
        assert confidence_interval(measure, labels, 1 - labels, 0) == (0, 0)

    def test_is_the_same_for_the_same_seed_only(self, measure: Measure) -> None:
        rng = np.random.default_rng(0)
        true, predicted = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
        first = confidence_interval(measure, true, predicted, 1)
        assert first == confidence_interval(measure, true, predicted, 1)
        assert len({confidence_interval(measure, true, predicted, seed) for seed in range(5)}) > 1
        assert all(type(limit) is float for limit in first)

    @pytest.mark.parametrize("texts", [10, 50, 500])
    @pytest.mark.parametrize("wrong", [0.1, 0.3, 0.5])
    def test_has_the_measure_inside(self, measure: Measure, texts: int, wrong: float) -> None:
        true = np.arange(texts) % 3
        predicted = np.where(np.random.default_rng(0).random(texts) < wrong, (true + 1) % 3, true)
        low, high = confidence_interval(measure, true, predicted, 0)
        assert 0 <= low <= float(measure(true, predicted)) <= high <= 1
        assert low < high

    def test_narrows_with_more_texts(self, measure: Measure) -> None:
        widths = []
        for texts in 20, 200, 2000:
            true = np.arange(texts) % 2
            predicted = np.where(np.arange(texts) % 5 == 0, 1 - true, true)
            low, high = confidence_interval(measure, true, predicted, 0)
            widths.append(high - low)
        assert widths[0] > 2 * widths[1] > 4 * widths[2]

    def test_draws_each_text_with_both_its_labels(self, measure: Measure) -> None:
        # Were true and predicted labels drawn apart, about half of them would be right.
        true = np.arange(200) % 2
        predicted = true.copy()
        predicted[:10] = 1 - predicted[:10]
        assert confidence_interval(measure, true, predicted, 0)[0] > 0.9


def test_the_interval_of_many_texts_is_near_that_of_the_normal_distribution() -> None:
    texts, right = 4000, 3000
    true = np.zeros(texts, dtype=np.int64)
    predicted = (np.arange(texts) >= right).astype(np.int64)
    margin = norm.ppf(0.975) * np.sqrt(0.75 * 0.25 / texts)
    low, high = confidence_interval(accuracy, true, predicted, 0)
    assert low == pytest.approx(0.75 - margin, abs=0.1 * margin)
    assert high == pytest.approx(0.75 + margin, abs=0.1 * margin)


def test_the_scores_of_predictions_are_the_measures_and_their_intervals() -> None:
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
    scores = score_predictions(true, predicted, 1)
    assert (type(scores.accuracy), type(scores.macro_f1)) == (float, float)
    assert (scores.accuracy, scores.macro_f1) == (accuracy(true, predicted), macro_f1(true, predicted))
    assert scores.accuracy_interval == confidence_interval(accuracy, true, predicted, 1)
    assert scores.macro_f1_interval == confidence_interval(macro_f1, true, predicted, 1)


class TestMcNemar:
    @pytest.mark.parametrize(
        ("only", "only_others", "expected"),
        [
            (0, 0, 1.0),
            (1, 0, 1.0),
            (1, 1, 1.0),
            (2, 0, 0.5),
            (5, 0, 2 / 2**5),
            (10, 0, 2 / 2**10),
            (1, 5, 2 * (1 + 6) / 2**6),
            (3, 3, 1.0),
            (9, 2, 2 * (1 + 11 + 55) / 2**11),
            (200, 0, 2 / 2**200),
        ],
    )
    def test_is_that_of_a_fair_coin(self, only: int, only_others: int, expected: float) -> None:
        p_value = mcnemar(*outcomes(only, only_others, both=4, neither=3))
        assert type(p_value) is float
        assert p_value == pytest.approx(expected, rel=1e-9)

    @given(*[st.integers(0, 30)] * 4)
    def test_is_what_counting_gives(self, only: int, only_others: int, both: int, neither: int) -> None:
        texts = only + only_others
        tail = sum(comb(texts, count) for count in range(min(only, only_others) + 1))
        expected = min(1, 2 * tail / 2**texts)
        assert mcnemar(*outcomes(only, only_others, both, neither)) == pytest.approx(expected, rel=1e-9)

    @given(hnp.arrays(bool, st.tuples(st.just(2), st.integers(1, 40))))
    def test_is_symmetric_and_a_probability(self, both: Bools) -> None:
        right, others = both
        assert 0 < mcnemar(right, others) <= 1
        assert mcnemar(right, others) == pytest.approx(mcnemar(others, right), rel=1e-12)

    @given(hnp.arrays(bool, st.integers(0, 40)))
    def test_is_one_without_a_text_that_only_one_gets_right(self, right: Bools) -> None:
        assert mcnemar(right, right) == 1


class TestHolm:
    @pytest.mark.parametrize(
        ("p_values", "expected"),
        [
            ([], []),
            ([0.03], [0.03]),
            ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
            # The second, 2 * 0.02, is not below the first, 3 * 0.015.
            ([0.02, 0.015, 0.5], [0.045, 0.045, 0.5]),
            ([0.6, 0.7], [1, 1]),
            ([0.25, 0.25], [0.5, 0.5]),
        ],
    )
    def test_is_known_numbers(self, p_values: list[float], expected: list[float]) -> None:
        assert holm(p_values) == pytest.approx(expected, abs=1e-12)

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
    def test_keeps_the_order_and_makes_none_smaller(self, p_values: list[float]) -> None:
        corrected = holm(p_values)
        assert all(p <= more <= 1 for p, more in zip(p_values, corrected, strict=True))
        order = np.argsort(p_values, kind="stable")
        assert np.all(np.diff(np.array(corrected)[order]) >= 0)
        assert min(corrected) == pytest.approx(min(1, len(p_values) * min(p_values)))
