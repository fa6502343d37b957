"""Names of encoders, and tests of rows whose predictions are known by hand."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")

from spacy_trend.compare import candidates as ranking
from spacy_trend.compare.candidates import Candidate, name_encoders, rank
from spacy_trend.compare.classifier import Predictions
from spacy_trend.compare.comparison import Score
from spacy_trend.compare.embeddings import CLS, MEAN_POOLING, RANDOM_PAIR, TFIDF

pytestmark = pytest.mark.usefixtures("few_resamples")
TRAIN = 4
#: Of training and test texts.
LABELS = np.array([0, 1, 0, 1] + [0] * 10 + [1] * 10)


@pytest.fixture(autouse=True)
def _known_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are the predicted labels."""

    def known(features: Any, labels: Any, test_features: Any, seed: int) -> Predictions:
        return Predictions(test_features[:, 0].astype(int), [1.0])

    monkeypatch.setattr(ranking, "predict_test", known)


def of(embedding: str, right: int, encoder: str | None = None) -> Candidate:
    """A candidate that gives the first of the test texts the right label."""
    is_right = np.arange(len(LABELS)) < TRAIN + right
    return Candidate(embedding, encoder, np.where(is_right, LABELS, 1 - LABELS)[:, None])


def ranked(*candidates: Candidate) -> dict[str, Score]:
    return {score.name: score for score in rank(candidates, LABELS, TRAIN, 5, 0)}


class TestRank:
    def test_puts_the_best_first_and_equal_ones_in_order(self) -> None:
        found = ranked(of("article", 10), of(CLS, 12), of("classifier", 20), of(MEAN_POOLING, 12))
        assert list(found) == ["classifier", CLS, MEAN_POOLING, "article"]
        assert [score.accuracy for score in found.values()] == [1, 0.6, 0.6, 0.5]

    def test_tests_against_the_best_plain_baseline_with_holms_correction(self) -> None:
        found = ranked(of("article", 10), of(CLS, 12), of("classifier", 20), of(MEAN_POOLING, 14))
        # 6 to 0 texts, 2 / 2^6, twice; 0 to 4 texts, 2 / 2^4, once.
        assert found["classifier"].p_against_plain == pytest.approx(0.0625)
        assert found["article"].p_against_plain == pytest.approx(0.125)
        assert found[CLS].p_against_plain is found[MEAN_POOLING].p_against_plain is None

    def test_tests_against_cls_without_a_correction(self) -> None:
        found = ranked(of("article", 10), of(CLS, 12), of("classifier", 20), of(MEAN_POOLING, 14))
        p_values = {name: score.p_value for name, score in found.items()}
        expected = {"classifier": 2 / 2**8, MEAN_POOLING: 0.5, "article": 0.5, CLS: None}
        assert p_values == pytest.approx(expected)

    def test_neither_tests_nor_corrects_for_the_control(self) -> None:
        found = ranked(of(RANDOM_PAIR, 20), of("classifier", 20), of(MEAN_POOLING, 14))
        assert found[RANDOM_PAIR].p_against_plain is None
        assert not found[RANDOM_PAIR].is_plain
        assert found["classifier"].p_against_plain == pytest.approx(2 / 2**6)

    def test_tests_an_own_trend_vector(self) -> None:
        found = ranked(of("pipeline's trend_vector", 20), of(MEAN_POOLING, 14))
        assert found["pipeline's trend_vector"].p_against_plain == pytest.approx(2 / 2**6)

    def test_tests_nothing_without_a_plain_baseline(self) -> None:
        found = ranked(of("classifier", 20), of("article", 14))
        assert {(score.p_value, score.p_against_plain) for score in found.values()} == {(None, None)}

    def test_tests_rows_against_cls_of_their_own_encoder_and_the_best_plain_of_any(self) -> None:
        found = ranked(
            of(CLS, 12, "A"),
            of(CLS, 16, "B"),
            of("classifier", 20, "A"),
            of("classifier", 18, "B"),
            of(TFIDF, 13),
        )
        assert list(found) == ["classifier (A)", "classifier (B)", "[CLS] (B)", TFIDF, "[CLS] (A)"]
        assert found["classifier (A)"].p_value == pytest.approx(2 / 2**8)
        assert found["classifier (B)"].p_value == pytest.approx(0.5)
        assert found[TFIDF].p_value is None
        # Against [CLS] of B: 4 to 0 texts, 2 / 2^4, twice; 2 to 0 texts, 2 / 2^2.
        assert found["classifier (A)"].p_against_plain == pytest.approx(0.25)
        assert found["classifier (B)"].p_against_plain == pytest.approx(0.5)
        assert found["classifier (B)"].config == {"preset": "classifier"}


class TestNamedEncoders:
    @pytest.mark.parametrize(
        ("encoders", "names"),
        [
            (["a/MiniLM", "./b/mpnet/"], ["MiniLM", "mpnet"]),
            (["a/MiniLM", "b/MiniLM", "c/mpnet"], ["a/MiniLM", "b/MiniLM", "c/mpnet"]),
            ([".", "x"], [".", "x"]),
        ],
    )
    def test_are_short_unless_two_would_be_the_same(self, encoders: list[str], names: list[str]) -> None:
        assert name_encoders(encoders) == dict(zip(names, encoders, strict=True))

    def test_are_refused_twice(self) -> None:
        message = r"^Got the encoder 'a' more than once\. Expected different encoders: name each once\.$"
        with pytest.raises(ValueError, match=message):
            name_encoders(["a", "b", "a"])
