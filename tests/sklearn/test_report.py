"""Reports of classifiers of scikit-learn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

pytest.importorskip("sklearn")

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from spacy_trend.sklearn import TrendVectorizer, report
from tests.support.reports import MAILS, Direct, a_doc
from tests.support.vectorizers import LABELS, LEARNED, again

pytestmark = pytest.mark.usefixtures("few_resamples")
#: Two of them are wrong.
GIVEN = ["rail", *LABELS[1:-1], "fruit"]


@pytest.fixture(scope="module")
def classifier(fitted: TrendVectorizer) -> Pipeline:
    return make_pipeline(again(fitted), StandardScaler(), LogisticRegression()).fit(LEARNED, LABELS)


def test_says_what_is_wrong_and_why(classifier: Pipeline) -> None:
    made = report(classifier, LEARNED, GIVEN)
    assert {text.text for text in made.mistakes} == {LEARNED[0], LEARNED[-1]}
    assert [text.predicted for text in made.texts] == classifier.predict(LEARNED).tolist()
    assert made.scores.accuracy == pytest.approx(6 / 8)
    assert set(made.pushes) == {"fruit", "rail"}


def test_margins_are_those_of_the_decision_function(classifier: Pipeline) -> None:
    made = report(classifier, LEARNED, GIVEN)
    decided = np.abs(classifier.decision_function(LEARNED))
    np.testing.assert_allclose([text.attribution.score for text in made.texts], decided, atol=1e-3)
    for text in made.texts:
        assert abs(text.attribution.delta) < 1e-4


def test_writes_a_page_and_lines_into_a_folder(classifier: Pipeline, tmp_path: Path) -> None:
    made = report(classifier, LEARNED, GIVEN, tmp_path / "new", limit=1)
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf8") == made.to_html()
    lines = (tmp_path / "new" / "reasons.jsonl").read_text(encoding="utf8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == LEARNED
    assert "The first is shown." in made.to_html()


def test_docs_that_have_a_vector_are_not_encoded_again(classifier: Pipeline, ran: list[str]) -> None:
    nlp: Language = classifier[0].nlp_
    docs: list[Any] = [nlp(text) for text in LEARNED]
    ran.clear()
    # Some have a vector, some have none, and some are texts: each keeps its label.
    items = [*docs[:3], *(nlp.make_doc(text) for text in LEARNED[3:6]), *LEARNED[6:]]
    made = report(classifier, items, GIVEN)
    assert ran == LEARNED[3:]
    assert [text.text for text in made.texts] == LEARNED
    assert made.scores == report(classifier, LEARNED, GIVEN).scores


def test_labels_may_be_numbers_of_numpy(fitted: TrendVectorizer) -> None:
    numbers = np.array([0] * 4 + [1] * 4)
    classifier = make_pipeline(again(fitted), LogisticRegression(C=100)).fit(LEARNED, numbers)
    made = report(classifier, LEARNED, numbers)
    assert made.confusion.labels == [0, 1]
    assert [json.loads(line)["label"] for line in made.to_lines()] == numbers.tolist()


def test_a_classifier_of_vectors_takes_docs() -> None:
    docs = [a_doc(*words) for words, _ in MAILS]
    made = report(Direct("ham", "spam"), docs, [label for _, label in MAILS])
    assert made.confusion.matrix.tolist() == [[1, 2], [1, 1]]
    with pytest.raises(ValueError, match=r"the text 'free' for a classifier of vectors. Expected docs"):
        report(Direct("ham", "spam"), ["free", "now"], ["ham", "spam"])


class TestRefuses:
    def test_steps_that_are_not_linear(self, fitted: TrendVectorizer) -> None:
        forest = make_pipeline(again(fitted), RandomForestClassifier(2)).fit(LEARNED, LABELS)
        with pytest.raises(ValueError, match="'randomforestclassifier' cannot be attributed"):
            report(forest, LEARNED, LABELS)
        squares = make_pipeline(again(fitted), FunctionTransformer(np.square), LogisticRegression())
        with pytest.raises(ValueError, match=r"'functiontransformer'.* is not linear"):
            report(squares.fit(LEARNED, LABELS), LEARNED, LABELS)

    def test_steps_before_the_vectorizer(self, fitted: TrendVectorizer) -> None:
        lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
        classifier = make_pipeline(lower, again(fitted), LogisticRegression()).fit(LEARNED, LABELS)
        with pytest.raises(ValueError, match=r"steps \['functiontransformer'\] before the TrendVectorizer"):
            report(classifier, LEARNED, LABELS)

    def test_a_regressor(self, fitted: TrendVectorizer) -> None:
        regressor = make_pipeline(again(fitted), Ridge()).fit(LEARNED, np.arange(8.0))
        with pytest.raises(ValueError, match="report: got a regressor"):
            report(regressor, LEARNED, np.arange(8.0))

    def test_other_labels_than_those_that_it_was_fitted_on(self, classifier: Pipeline) -> None:
        with pytest.raises(ValueError, match=r"knows none of the labels \[0\]. Expected .*'fruit', 'rail'"):
            report(classifier, LEARNED, [0] * 8)

    def test_texts_and_labels_of_different_numbers(self, classifier: Pipeline) -> None:
        with pytest.raises(ValueError, match="report: got 8 texts and 7 labels"):
            report(classifier, LEARNED, LABELS[1:])

    def test_one_text(self, classifier: Pipeline) -> None:
        with pytest.raises(ValueError, match="report: got 1 texts with their labels"):
            report(classifier, LEARNED[:1], LABELS[:1])

    def test_a_limit_and_a_folder_before_the_work(
        self, classifier: Pipeline, ran: list[str], tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="report: got limit=0"):
            report(classifier, LEARNED, LABELS, limit=0)
        with pytest.raises(OSError, match="file' is a file"):
            report(classifier, LEARNED, LABELS, tmp_path / "file")
        assert ran == []

    def test_a_pipeline_that_loses_texts(self, classifier: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        def without_first(self: Language, texts: Any, **settings: Any) -> Any:
            return iter(made[1:])

        made: list[Doc] = list(classifier[0].nlp_.pipe(LEARNED))
        monkeypatch.setattr(Language, "pipe", without_first)
        with pytest.raises(ValueError, match="report: the pipeline lost the text"):
            report(classifier, LEARNED, LABELS)


@pytest.mark.parametrize(
    "labels",
    [np.array(GIVEN)[:, None], np.array(GIVEN, dtype=object), tuple(GIVEN), iter(GIVEN)],
    ids=["column", "objects", "tuple", "iterator"],
)
def test_labels_may_stand_in_columns_and_iterables(classifier: Pipeline, labels: Any) -> None:
    assert [text.label for text in report(classifier, LEARNED, labels).texts] == GIVEN


@pytest.mark.parametrize("label", [None, float("nan"), ["fruit"], ("fruit",), b"fruit", np.array([0, 1])])
def test_a_missing_label_and_what_is_none_are_refused(classifier: Pipeline, label: Any) -> None:
    with pytest.raises(ValueError, match=r"at position 1, counted from 0\. Expected for each text one label"):
        report(classifier, LEARNED, [GIVEN[0], label, *GIVEN[2:]])


@pytest.mark.parametrize("labels", [None, 3, "fruit", b"fruit", {"fruit", "rail"}, dict.fromkeys(GIVEN)])
def test_what_are_no_labels_is_refused(classifier: Pipeline, labels: Any) -> None:
    with pytest.raises(ValueError, match=r"got labels=.*Expected a list or a column of labels"):
        report(classifier, LEARNED, labels)


def test_a_classifier_that_is_not_fitted_is_refused_as_such(fitted: TrendVectorizer) -> None:
    pipeline = make_pipeline(again(fitted), LogisticRegression())
    with pytest.raises(ValueError, match=r"got a Pipeline that is not fitted\. Expected a fitted classifier"):
        report(pipeline, LEARNED, GIVEN)


@pytest.mark.parametrize("seed", ["a", 1.5, None, -1])
def test_a_seed_that_is_none_is_refused(classifier: Pipeline, seed: Any) -> None:
    with pytest.raises(ValueError, match=r"seed=.*Expected (one|a number) from 0"):
        report(classifier, LEARNED, GIVEN, seed=seed)


def test_a_folder_in_the_way_of_a_file_is_named(classifier: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(IsADirectoryError, match=r"report\.html': it is a folder"):
        report(classifier, LEARNED, GIVEN, tmp_path)
