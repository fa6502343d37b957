"""Predictions of scikit-learn's estimators in parts: over arrays, and behind a `TrendVectorizer`."""

import pickle
from typing import Any, cast

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import attribute_prediction
from tests.support.attributions import assert_adds_up, weighted_doc

pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection
from sklearn.svm import SVC, LinearSVC

from spacy_trend.sklearn import TrendVectorizer
from tests.support.vectorizers import LABELS, LEARNED

WIDTH = 6
RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.normal(loc=3, size=(60, WIDTH))
TWO = np.where(VECTORS[:, 0] > 3, "spam", "ham")
THREE = np.digitize(VECTORS[:, 1], [2.5, 3.5])
NESTED = make_pipeline(StandardScaler(), GaussianRandomProjection(3, random_state=0))
LINEAR_STEPS = {
    "none": (),
    "standard": (StandardScaler(),),
    "normal": (Normalizer(),),
    "of three": (MaxAbsScaler(), Normalizer("l1"), PCA(3)),
    "scaled": (MinMaxScaler(), RobustScaler(), TruncatedSVD(3)),
    "whitened": (PCA(4, whiten=True), "passthrough"),
    "chosen": (
        SelectKBest(k=4),
        make_pipeline(StandardScaler(), GaussianRandomProjection(3, random_state=0)),
    ),
}
CLASSIFIERS = {
    "logistic": LogisticRegression(),
    "svc": LinearSVC(),
    "sgd": SGDClassifier(random_state=0),
    "ridge": RidgeClassifier(),
}


def a_doc(seed: int = 0) -> Doc:
    """A doc of four words."""
    random = np.random.default_rng(seed)
    return weighted_doc(random.uniform(0.1, 0.5, 4).tolist(), random.normal(loc=3, size=(4, WIDTH)))


def margins(classifier: Any, doc: Doc) -> list[float]:
    """What the classifier's own `decision_function` says, greatest first: by how much the best leads."""
    scores = np.sort(classifier.decision_function(doc._.trend_vector[None].astype(np.float64))[0].ravel())
    return [abs(float(scores[0]))] if len(scores) == 1 else (scores[-1] - scores[::-1][1:]).tolist()


@pytest.mark.parametrize("labels", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
@pytest.mark.parametrize("steps", LINEAR_STEPS.values(), ids=LINEAR_STEPS)
def test_parts_add_up_to_the_margin_of_the_predicted_label(steps: Any, classifier: Any, labels: Any) -> None:
    fitted = make_pipeline(*steps, classifier).fit(VECTORS, labels)
    for seed in range(3):
        doc = a_doc(seed)
        found = attribute_prediction(fitted, doc)
        assert_adds_up(found)
        assert found.score == pytest.approx(margins(fitted, doc)[0], abs=1e-9)
        assert found.label == fitted.predict(doc._.trend_vector[None])[0]
        assert type(found.label) in (str, int)


def test_a_label_leads_another_as_much_as_that_falls_behind() -> None:
    fitted = LogisticRegression().fit(VECTORS, THREE)
    doc = a_doc()
    forth, back = (attribute_prediction(fitted, doc, *pair) for pair in ((0, 2), (2, 0)))
    np.testing.assert_allclose(forth.parts, -back.parts)
    assert (forth.label, forth.against, forth.score) == (0, 2, pytest.approx(-back.score))
    scores = fitted.decision_function(doc._.trend_vector[None])[0]
    assert forth.score == pytest.approx(scores[0] - scores[2], abs=1e-5)
    # A command gives labels as texts.
    np.testing.assert_array_equal(attribute_prediction(fitted, doc, "0", "2").parts, forth.parts)


def test_the_parts_of_a_direction_are_known_by_hand() -> None:
    fitted = LogisticRegression().fit(VECTORS, TWO)
    fitted.coef_, fitted.intercept_ = np.array([[1.0, 0, 0, 0, 0, 0]]), np.array([0.5])
    vectors = np.eye(WIDTH)[[0, 1]] * 2
    found = attribute_prediction(fitted, weighted_doc([3, 1], vectors), "spam")
    np.testing.assert_allclose(found.parts, [6, 0], atol=1e-12)
    assert (found.bias, found.score) == (pytest.approx(0.5), pytest.approx(6.5))
    assert (found.label, found.against) == ("spam", "ham")


def test_a_regressor_has_no_labels() -> None:
    fitted = make_pipeline(StandardScaler(), Ridge()).fit(VECTORS, VECTORS[:, 0] * 7)
    doc = a_doc()
    found = attribute_prediction(fitted, doc)
    assert_adds_up(found)
    assert found.score == pytest.approx(fitted.predict(doc._.trend_vector[None].astype(float))[0])
    assert (found.label, found.against) == (None, None)
    with pytest.raises(ValueError, match=r"label='spam' and against=None for a regressor"):
        attribute_prediction(fitted, doc, "spam")


def test_a_search_stands_for_what_it_found() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(VECTORS, TWO)
    expected = attribute_prediction(search.best_estimator_, a_doc())
    np.testing.assert_array_equal(attribute_prediction(search, a_doc()).parts, expected.parts)


def test_steps_fitted_on_tables_are_given_tables() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(VECTORS, columns=list("abcdef"))
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).set_output(transform="pandas")
    found = attribute_prediction(fitted.fit(table, TWO), a_doc())
    expected = attribute_prediction(
        make_pipeline(StandardScaler(), LogisticRegression()).fit(VECTORS, TWO), a_doc()
    )
    np.testing.assert_allclose(found.parts, expected.parts)


class Twice(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step that nobody has heard of, and that is linear."""

    def fit(self, X: Any, y: Any = None) -> "Twice":  # noqa: N803
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        return 2 * X + 1


def test_a_step_of_somebody_else_is_tried() -> None:
    fitted = make_pipeline(Twice(), LogisticRegression()).fit(VECTORS, TWO)
    assert_adds_up(attribute_prediction(fitted, a_doc()))


@pytest.mark.parametrize(
    "step",
    [
        PolynomialFeatures(2),
        QuantileTransformer(n_quantiles=10),
        FunctionTransformer(np.square),
        FunctionTransformer(np.log),
        FunctionTransformer(np.sign),
        PowerTransformer(),
    ],
    ids=["polynomials", "quantiles", "squares", "logarithms", "signs", "powers"],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
def test_a_step_that_is_not_linear_is_named(step: Any) -> None:
    fitted = make_pipeline(StandardScaler(with_mean=False), step, RidgeClassifier()).fit(np.abs(VECTORS), TWO)
    with pytest.raises(
        ValueError, match=rf"The step '{type(step).__name__.lower()}' \({type(step).__name__}\)"
    ):
        attribute_prediction(fitted, a_doc())


@pytest.mark.parametrize("labels", [TWO, THREE], ids=["two", "three"])
def test_a_classifier_that_is_not_linear_is_named(labels: Any) -> None:
    with pytest.raises(ValueError, match=r"The step 'the estimator' \(SVC\) is not linear"):
        attribute_prediction(SVC().fit(VECTORS, labels), a_doc())


def test_a_linear_svc_of_two_labels_is_linear_and_of_three_votes() -> None:
    assert_adds_up(attribute_prediction(SVC(kernel="linear").fit(VECTORS, TWO), a_doc()))
    with pytest.raises(ValueError, match="is not linear"):
        attribute_prediction(SVC(kernel="linear").fit(VECTORS, THREE), a_doc())


def test_scores_of_pairs_of_labels_are_refused() -> None:
    labels = np.arange(60) % 4
    fitted = SVC(kernel="linear", decision_function_shape="ovo").fit(VECTORS, labels)
    with pytest.raises(ValueError, match=r"gives 6 scores for 4 labels.*pairs of labels"):
        attribute_prediction(fitted, a_doc())


@pytest.mark.parametrize("classifier", [RandomForestClassifier(3), GaussianNB(), DummyClassifier(), TWO])
def test_what_has_no_decision_function_is_refused(classifier: Any) -> None:
    fitted = classifier.fit(VECTORS, TWO) if hasattr(classifier, "fit") else classifier
    with pytest.raises(ValueError, match=rf"got a {type(classifier).__name__} without a decision_function"):
        attribute_prediction(fitted, a_doc())


def test_vectors_of_another_width_are_refused() -> None:
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(VECTORS, TWO)
    with pytest.raises(ValueError, match=r"'standardscaler'.*takes no vector of width 2.*same pipeline"):
        attribute_prediction(fitted, weighted_doc([1], [[1, 2]]))


def test_labels_that_are_unknown_or_equal_are_refused() -> None:
    fitted = LogisticRegression().fit(VECTORS, TWO)
    with pytest.raises(ValueError, match=r"label='eggs'.*Expected one of \['ham', 'spam'\]"):
        attribute_prediction(fitted, a_doc(), "eggs")
    with pytest.raises(ValueError, match=r"against='eggs'"):
        attribute_prediction(fitted, a_doc(), "ham", "eggs")
    with pytest.raises(ValueError, match=r"label 'ham' against itself.*one of \['spam'\]"):
        attribute_prediction(fitted, a_doc(), "ham", "ham")


def test_leaving_words_out_needs_a_pipeline() -> None:
    fitted = LogisticRegression().fit(VECTORS, TWO)
    with pytest.raises(ValueError, match=r"encodes the text again, but got no pipeline.*nlp=nlp"):
        attribute_prediction(fitted, a_doc(), method="leave_one_out")


SEVERAL = np.stack([VECTORS[:, 0] > 3, VECTORS[:, 1] > 3, VECTORS[:, 2] > 4], axis=1).astype(int)


@pytest.mark.parametrize("classifier", [OneVsRestClassifier(LinearSVC()), RidgeClassifier()])
def test_labels_that_a_text_may_have_together_do_not_compete(classifier: Any) -> None:
    fitted = make_pipeline(StandardScaler(), classifier).fit(VECTORS, SEVERAL)
    doc = a_doc()
    scores = fitted.decision_function(doc._.trend_vector[None].astype(np.float64))[0]
    found = attribute_prediction(fitted, doc)
    assert_adds_up(found)
    assert (found.label, found.against) == (int(scores.argmax()), None)
    assert found.score == pytest.approx(scores.max())


def test_the_predicted_label_is_that_of_the_classifiers_own_threshold() -> None:
    plain = LogisticRegression().fit(VECTORS, TWO)
    strict = FixedThresholdClassifier(plain, threshold=1.0, response_method="predict_proba")
    strict.fit(VECTORS, TWO)
    docs = [doc for doc in map(a_doc, range(20)) if attribute_prediction(plain, doc).label == "spam"]
    assert docs
    for doc in docs:
        found = attribute_prediction(strict, doc)
        assert (found.label, found.against) == ("ham", "spam")
        assert found.score < 0


@pytest.mark.parametrize("steps", [(), (StandardScaler(),)], ids=["alone", "scaled"])
def test_a_vector_of_zeros_is_normalized(steps: Any) -> None:
    fitted = make_pipeline(Normalizer(), *steps, LogisticRegression()).fit(VECTORS, TWO)
    doc = weighted_doc([1, 1], np.zeros((2, WIDTH)))
    found = attribute_prediction(fitted, doc)
    assert_adds_up(found)
    assert not found.parts.any()
    assert found.score == pytest.approx(abs(fitted.decision_function(np.zeros((1, WIDTH)))[0]))


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (LogisticRegression(), r"'the estimator' \(LogisticRegression\) is not fitted.*call fit first"),
        (make_pipeline(StandardScaler(), LogisticRegression()), r"'standardscaler'.*is not fitted"),
        (LogisticRegression, r"Got the class LogisticRegression"),
        (Pipeline([]), r"Got a Pipeline without steps"),
        (
            Pipeline([("words", TfidfVectorizer().fit(["a b", "bb cc"])), ("ridge", Ridge())]),
            r"'words' \(TfidfVectorizer\) fails on the text's vector.*make_pipeline\(TrendVectorizer",
        ),
    ],
    ids=["unfitted", "unfitted step", "class", "empty", "of texts"],
)
def test_what_cannot_be_applied_to_a_vector_says_why(classifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attribute_prediction(classifier, a_doc())


def test_numbers_that_a_classifier_does_not_take_are_refused() -> None:
    fitted = LogisticRegression().fit(VECTORS, TWO)
    with pytest.raises(ValueError, match=r"is given NaN or infinite numbers.*Use another preset"):
        attribute_prediction(fitted, weighted_doc([1], [[np.nan] * WIDTH]))


def test_an_array_is_no_label() -> None:
    with pytest.raises(ValueError, match=r"label=array.*does not know"):
        attribute_prediction(
            LogisticRegression().fit(VECTORS, TWO), a_doc(), cast(Any, np.array(["ham", "spam"]))
        )


@pytest.fixture(scope="module")
def learned(default: Language) -> Any:
    pipeline = make_pipeline(TrendVectorizer(default), StandardScaler(), LogisticRegression())
    return pipeline.fit(LEARNED, LABELS)


def test_a_pipeline_with_a_vectorizer_is_followed_from_its_vectors_on(
    learned: Any, default: Language
) -> None:
    docs = list(default.pipe(LEARNED))
    scores = learned.decision_function(docs)
    for doc, score in zip(docs, scores, strict=True):
        found = attribute_prediction(learned, doc, "rail", "fruit")
        assert_adds_up(found)
        assert found.score == pytest.approx(score, rel=1e-4, abs=1e-4)


def test_words_are_left_out_with_the_vectorizers_pipeline(learned: Any, default: Language) -> None:
    doc = default(LEARNED[0])
    found = attribute_prediction(learned, doc, "rail", method="leave_one_out")
    rest = ["want red apples.", "I red apples.", "I want apples.", "I want red ."]
    before, *after = learned.decision_function([LEARNED[0], *rest]).tolist()
    np.testing.assert_allclose(found.parts, before - np.array(after), rtol=1e-3, atol=1e-3)
    assert (found.method, found.bias, found.score) == ("leave_one_out", 0, pytest.approx(before, rel=1e-4))


@pytest.mark.slow
def test_five_hundred_texts_through_a_stored_pipeline_agree_with_the_decision_function(nlp: Language) -> None:
    words = ["old", "red", "house", "apple", "train", "never", "found", "sold", "great", "awful", "cold"]
    random = np.random.default_rng(3)
    texts = [" ".join(random.choice(words, size=random.integers(1, 12))) for _ in range(500)]
    labels = ["odd" if len(text) % 2 else "even" for text in texts]
    vectorizer = TrendVectorizer(preset="classifier")
    fitted = make_pipeline(vectorizer, StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(
        texts, labels
    )
    stored = pickle.loads(pickle.dumps(fitted))
    docs = list(stored[0].nlp_.pipe(texts))
    for doc, score in zip(docs, stored.decision_function(texts), strict=True):
        found = attribute_prediction(stored, doc, "odd")
        assert_adds_up(found)
        assert found.score == pytest.approx(score, abs=1e-4)


def columns_of(*features: Any, **others: Any) -> Any:
    """A classifier on columns of a table, fitted."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": LEARNED, "length": range(len(LEARNED))})
    return make_pipeline(ColumnTransformer([*features], **others), LogisticRegression()).fit(table, LABELS)


def test_a_vectorizer_of_a_tables_column_is_followed(default: Language) -> None:
    vectorizer = make_pipeline(TrendVectorizer(default), StandardScaler())
    fitted = columns_of(("vectors", vectorizer, "text"), transformer_weights={"vectors": 0.5})
    weighted = FunctionTransformer(lambda vectors: vectors * 0.5)
    plain = make_pipeline(vectorizer, weighted, LogisticRegression()).fit(LEARNED, LABELS)
    doc = default(LEARNED[0])
    found = attribute_prediction(fitted, doc)
    assert_adds_up(found)
    np.testing.assert_allclose(found.parts, attribute_prediction(plain, doc).parts, rtol=1e-4)
    effects = attribute_prediction(fitted, doc, method="leave_one_out")
    assert (effects.score, len(effects.parts)) == (found.score, len(found.parts))


def test_a_vectorizer_alone_in_a_union_is_followed(default: Language) -> None:
    union = FeatureUnion([("vectors", TrendVectorizer(default))])
    fitted = make_pipeline(union, LogisticRegression()).fit(LEARNED, LABELS)
    found = attribute_prediction(fitted, default(LEARNED[0]), "rail")
    assert_adds_up(found)
    assert found.score == pytest.approx(fitted.decision_function(LEARNED[:1])[0], rel=1e-4, abs=1e-4)


def test_vectors_beside_other_features_are_refused(default: Language) -> None:
    vectorizer = TrendVectorizer(default)
    fitted = columns_of(("vectors", vectorizer, "text"), ("length", "passthrough", ["length"]))
    with pytest.raises(ValueError, match=r"puts features beside each other: got \['vectors', 'length'\]"):
        attribute_prediction(fitted, default("Stop"))
    rest = columns_of(("vectors", vectorizer, "text"), remainder="passthrough")
    with pytest.raises(ValueError, match=r"got \['vectors', 'remainder'\].*on the trend vectors alone"):
        attribute_prediction(rest, default("Stop"))
