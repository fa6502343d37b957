"""A linear classifier on sentence embeddings, or on words: logistic regression (scikit-learn)."""

from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ..types import Ints

#: Inverse strengths of the L2 penalty to choose from, for embeddings.
STRENGTHS = (0.0001, 0.001, 0.01, 0.1, 1.0)
#: Likewise for TF-IDF, which is not standardised: its numbers are much smaller.
TFIDF_STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
#: The number of folds of the training part by which the strength is chosen.
INNER_FOLDS = 3


#: What to predict from: embeddings, float32 `(texts, width)`, or the texts themselves, str `(texts,)`.
Features = NDArray[Any]


class Predictions(NamedTuple):
    """What classifiers predict for texts that they were not fitted on.

    Attributes:
        labels: int64 `(texts,)`.
        strengths: the inverse strength chosen in each fold.
    """

    labels: Ints
    strengths: list[float]


def predict_test(features: Features, labels: Ints, test_features: Features, seed: int) -> Predictions:
    """Fit on the training part, predict the test part.

    Args:
        features: of the training part: embeddings, float32 `(texts, width)`, or texts, str `(texts,)`, whose
            TF-IDF is fitted with the classifier.
        labels: int64 `(texts,)`, of the training part; every class at least `INNER_FOLDS` times.
        test_features: of the test part, likewise.
        seed: of the inner folds.

    Returns:
        the predictions, and the one strength.
    """
    if features.ndim == 1:
        # The default solver takes minutes for so many numbers; this one knows two classes only.
        classifier = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
        steps = Pipeline([("tfidf", _tfidf()), ("classifier", classifier)])
        fitted = _search(steps, {"classifier__estimator__C": TFIDF_STRENGTHS}, seed).fit(features, labels)
        return Predictions(fitted.predict(test_features), [_strength(fitted)])
    # In float64: on float32 the solver does not converge if vectors are far apart.
    steps = Pipeline([("scaler", StandardScaler()), ("classifier", LogisticRegression(max_iter=1000))])
    fitted = _search(steps, {"classifier__C": STRENGTHS}, seed).fit(features.astype(np.float64), labels)
    return Predictions(fitted.predict(test_features.astype(np.float64)), [_strength(fitted)])


def cross_predict(features: Features, labels: Ints, folds: int, seed: int) -> Predictions:
    """Predict each text by a classifier fitted on the other folds; those alone choose the strength.

    Args:
        features: embeddings, float32 `(texts, width)`, or texts, str `(texts,)`, as for `predict_test`.
        labels: int64 `(texts,)`; every class at least `minimum_class_size(folds)` times.
        folds: the number of folds.
        seed: of the folds.

    Returns:
        the predictions, and the strength of each fold.
    """
    predicted: NDArray[np.int64] = np.empty_like(labels)
    strengths = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, labels):
        predictions = predict_test(features[train], labels[train], features[test], seed)
        predicted[test] = predictions.labels
        strengths += predictions.strengths
    return Predictions(predicted, strengths)


def minimum_class_size(folds: int) -> int:
    """Return how many texts every class needs so that it can be predicted in folds.

    Args:
        folds: the number of folds.

    Raises:
        ValueError: for fewer than two folds.
    """
    if folds < 2:
        raise ValueError(f"folds={folds} is out of range. Expected 2 or more.")
    # Without the largest of the folds, INNER_FOLDS texts must be left.
    return max(folds, INNER_FOLDS + ceil(INNER_FOLDS / (folds - 1)))


def count_ngrams(texts: Features) -> int:
    """Return how many numbers the TF-IDF of some texts has: their words and pairs of neighbouring words.

    Args:
        texts: str `(texts,)`, at least one.
    """
    return len(_tfidf().fit(texts).vocabulary_)


def _tfidf() -> Any:
    # Words of one letter and marks count too: so each text that is not blank has a word.
    word = r"\w+|[^\w\s]"
    return TfidfVectorizer(ngram_range=(1, 2), token_pattern=word)


def _search(steps: Pipeline, strengths: dict[str, tuple[float, ...]], seed: int) -> Any:
    return GridSearchCV(steps, strengths, cv=StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed))


def _strength(fitted: Any) -> float:
    (strength,) = fitted.best_params_.values()
    return float(strength)
