"""Logistic regression on vectors: it learns what can be learnt, and sees nothing of what it predicts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sklearn")

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold

from spacy_trend.compare import classifier as classification
from spacy_trend.compare.classifier import (
    INNER_FOLDS,
    STRENGTHS,
    TFIDF_STRENGTHS,
    Predictions,
    count_ngrams,
    cross_predict,
    minimum_class_size,
    predict_test,
)
from spacy_trend.types import Floats, Ints

FOLDS = range(2, 11)


def clusters(*sizes: int, width: int = 8, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Ints]:
    """Vectors around as many random centres as there are sizes, and which centre each is of."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.standard_normal((len(sizes), width))
    vectors = centres[labels] + noise * rng.standard_normal((len(labels), width))
    return vectors.astype(np.float32), labels


def fewest_left(texts: int, folds: int, others: int) -> int:
    """How many texts of a class are left, at least, when one of the folds is taken out.

    others: how many texts another class has, which stands before it.
    """
    labels = np.repeat([0, 1], [others, texts])
    splits = StratifiedKFold(folds, shuffle=True, random_state=0).split(labels, labels)
    return min(int((labels[train] == 1).sum()) for train, _ in splits)


class TestCrossPrediction:
    def test_learns_what_is_separable(self) -> None:
        vectors, labels = clusters(20, 12, 9)
        predicted = cross_predict(vectors, labels, folds=5, seed=0)
        np.testing.assert_array_equal(predicted.labels, labels)
        assert predicted.labels.dtype == np.int64

    def test_chooses_a_strength_in_each_fold(self) -> None:
        vectors, labels = clusters(12, 12, noise=2.0)
        for folds in 2, 3, 5:
            strengths = cross_predict(vectors, labels, folds, seed=0).strengths
            assert len(strengths) == folds
            assert set(strengths) <= set(STRENGTHS)
            assert {type(strength) for strength in strengths} == {float}

    def test_does_not_use_a_texts_own_label(self) -> None:
        vectors, labels = clusters(15, 15, width=60)
        for text in 0, 20:
            poisoned = labels.copy()
            poisoned[text] = 1 - labels[text]
            predicted = cross_predict(vectors, poisoned, folds=5, seed=0).labels
            np.testing.assert_array_equal(predicted, labels)

    def test_is_at_chance_if_labels_are(self) -> None:
        vectors = np.random.default_rng(0).standard_normal((120, 300)).astype(np.float32)
        labels = np.random.default_rng(1).permutation(np.arange(120) % 2)
        # A classifier that saw the labels would know nearly all: there are more numbers than texts.
        assert (predict_test(vectors, labels, vectors, 0).labels == labels).mean() > 0.9
        right = float((cross_predict(vectors, labels, folds=5, seed=0).labels == labels).mean())
        assert 0.3 < right < 0.7

    def test_fits_on_the_other_folds_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = np.arange(20)
        seen: list[tuple[list[int], list[int]]] = []

        def spy(vectors: Floats, labels: Ints, test_vectors: Floats, seed: int) -> Predictions:
            train, test = vectors[:, 0].astype(int), test_vectors[:, 0].astype(int)
            np.testing.assert_array_equal(labels, train % 2)
            assert seed == 3
            seen.append((train.tolist(), test.tolist()))
            return Predictions(test % 2, [1.0])

        monkeypatch.setattr(classification, "predict_test", spy)
        vectors = texts[:, None].astype(np.float32)
        predicted = cross_predict(vectors, texts % 2, folds=4, seed=3)
        np.testing.assert_array_equal(predicted.labels, texts % 2)
        assert sorted(text for _, test in seen for text in test) == texts.tolist()
        for train, test in seen:
            assert sorted(train + test) == texts.tolist()

    @pytest.mark.slow
    def test_converges_on_few_vectors_that_are_far_apart(self) -> None:
        for seed in range(8):
            vectors, labels = clusters(4, 4, width=32, noise=0.01, seed=seed)
            assert (cross_predict(vectors, labels, 4, seed).labels == labels).all()

    @pytest.mark.slow
    def test_is_reproducible_by_its_seed(self) -> None:
        vectors, labels = clusters(20, 20, noise=3.0)
        first, again = (cross_predict(vectors, labels, 5, seed=4) for _ in range(2))
        np.testing.assert_array_equal(first.labels, again.labels)
        assert first.strengths == again.strengths
        others = [cross_predict(vectors, labels, 5, seed).labels.tolist() for seed in range(3)]
        assert any(other != first.labels.tolist() for other in others)

    def test_leaves_its_arguments_alone(self) -> None:
        vectors, labels = clusters(8, 8)
        vectors.flags.writeable = labels.flags.writeable = False
        cross_predict(vectors, labels, 2, seed=0)

    @pytest.mark.parametrize("value", [0.0, 1.0, -70.0, 1e4])
    def test_predicts_the_more_frequent_class_if_all_vectors_are_equal(self, value: float) -> None:
        labels = np.repeat([0, 1], [12, 6])
        vectors = np.full((18, 4), value, dtype=np.float32)
        assert cross_predict(vectors, labels, 3, seed=0).labels.tolist() == [0] * 18

    @pytest.mark.parametrize("scale", [1e-6, 1e6])
    def test_does_not_depend_on_the_scale_of_a_number(self, scale: float) -> None:
        vectors, labels = clusters(20, 20, noise=1.0)
        expected = cross_predict(vectors, labels, 4, seed=0)
        vectors[:, ::2] *= np.float32(scale)
        scaled = cross_predict(vectors, labels, 4, seed=0)
        assert (scaled.labels == expected.labels).mean() > 0.95


class TestTestPrediction:
    def test_learns_what_is_separable(self) -> None:
        vectors, labels = clusters(20, 12, 9)
        train = np.arange(len(labels)) % 2 == 0
        predicted = predict_test(vectors[train], labels[train], vectors[~train], seed=0)
        np.testing.assert_array_equal(predicted.labels, labels[~train])
        assert predicted.labels.dtype == np.int64
        assert len(predicted.strengths) == 1
        assert predicted.strengths[0] in STRENGTHS

    def test_needs_as_few_texts_of_a_class_as_there_are_inner_folds(self) -> None:
        vectors, labels = clusters(INNER_FOLDS, 10, INNER_FOLDS)
        assert predict_test(vectors, labels, vectors[:1], seed=0).labels.tolist() == [0]

    def test_gives_the_numbers_of_the_labels_whatever_they_are(self) -> None:
        vectors, labels = clusters(6, 6)
        predicted = predict_test(vectors, 10 + 5 * labels, vectors, seed=0)
        np.testing.assert_array_equal(predicted.labels, 10 + 5 * labels)

    def test_does_not_depend_on_what_is_predicted_beside(self) -> None:
        vectors, labels = clusters(10, 10, noise=1.0)
        others = clusters(10, 10, noise=50.0, seed=1)[0]
        together = predict_test(vectors, labels, others, seed=0)
        alone = [predict_test(vectors, labels, others[n : n + 1], seed=0) for n in range(5)]
        assert [one.labels[0] for one in alone] == together.labels[:5].tolist()
        assert {one.strengths[0] for one in alone} == set(together.strengths)


class TestFewestTexts:
    @pytest.mark.parametrize(
        ("folds", "texts"), [(2, 6), (3, 5), (4, 4), (5, 5), (6, 6), (7, 7), (10, 10), (100, 100)]
    )
    def test_are_known_numbers(self, folds: int, texts: int) -> None:
        assert minimum_class_size(folds) == texts

    @pytest.mark.parametrize("folds", FOLDS)
    @pytest.mark.parametrize("others", [10, 11, 13, 20])
    def test_leave_enough_for_the_inner_folds(self, folds: int, others: int) -> None:
        assert fewest_left(minimum_class_size(folds), folds, others) >= INNER_FOLDS

    @pytest.mark.parametrize("folds", FOLDS)
    def test_are_the_least_that_do(self, folds: int) -> None:
        texts = minimum_class_size(folds)
        assert texts == folds or fewest_left(texts - 1, folds, 20) < INNER_FOLDS
        assert texts >= folds

    @pytest.mark.parametrize("folds", [2, 3, 5, 10])
    def test_are_predicted_without_a_warning(self, folds: int) -> None:
        texts = minimum_class_size(folds)
        vectors, labels = clusters(texts, texts + folds % 4, texts)
        order = np.random.default_rng(folds).permutation(len(labels))
        predicted = cross_predict(vectors[order], labels[order], folds, seed=0)
        assert len(predicted.strengths) == folds
        assert set(predicted.labels.tolist()) <= {0, 1, 2}

    @given(st.integers(2, 12), st.integers(0, 20), st.integers(0, 30))
    def test_may_always_be_more(self, folds: int, more: int, others: int) -> None:
        texts = minimum_class_size(folds)
        assert fewest_left(texts + more, folds, texts + others) >= INNER_FOLDS

    @pytest.mark.parametrize("folds", [1, 0, -1, -5])
    def test_of_fewer_than_two_folds_are_refused(self, folds: Any) -> None:
        with pytest.raises(ValueError, match=rf"^folds={folds} is out of range\. Expected 2 or more\.$"):
            minimum_class_size(folds)


class TestTfIdf:
    TEXTS = np.array([f"{word} {mark}" for word in ("ripe", "old", "far", "red") for mark in "!?a"], object)
    LABELS = np.array([0, 1, 2] * 4)

    def test_learns_from_words_of_one_letter_and_marks(self) -> None:
        test = np.array(["new !", "new ?", "new a"], dtype=object)
        predicted = predict_test(self.TEXTS, self.LABELS, test, seed=0)
        assert predicted.labels.tolist() == [0, 1, 2]
        assert predicted.labels.dtype == np.int64
        assert set(predicted.strengths) <= set(TFIDF_STRENGTHS)

    def test_learns_from_pairs_of_words(self) -> None:
        texts = np.array(["a b c d", "c d a b", "b a d c"] * 4, dtype=object)
        found = predict_test(texts, self.LABELS, texts[:3], seed=0).labels
        assert found.tolist() == [0, 1, 2]

    def test_is_fitted_on_training_texts_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fitted: list[set[str]] = []
        fit = TfidfVectorizer.fit_transform

        def spy(self: Any, texts: Any, y: Any = None) -> Any:
            fitted.append(set(texts))
            return fit(self, texts, y)

        monkeypatch.setattr(TfidfVectorizer, "fit_transform", spy)
        texts, test = self.TEXTS, np.array(["of the test part"], dtype=object)
        predict_test(texts, self.LABELS, test, seed=0)
        # Once for each strength and inner fold, on the other inner folds; at last on all training texts.
        assert len(fitted) == len(TFIDF_STRENGTHS) * INNER_FOLDS + 1
        assert fitted.pop() == set(texts)
        assert {len(inner) for inner in fitted} <= {8, 9}
        fitted.clear()
        cross_predict(texts, np.repeat([0, 1], 6), 2, seed=0)
        assert max(map(len, fitted)) == 6

    def test_takes_texts_without_a_letter(self) -> None:
        texts = np.array(["!", "?"] * 4, dtype=object)
        assert predict_test(texts, np.arange(8) % 2, texts[:2], seed=0).labels.tolist() == [0, 1]

    def test_has_a_number_for_each_word_mark_and_pair(self) -> None:
        # old, a, house, "!"; old a, a old, old house, house "!".
        assert count_ngrams(np.array(["Old a old house!", "old"], dtype=object)) == 8
