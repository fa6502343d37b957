"""A linear classifier on sentence embeddings: logistic regression (scikit-learn)."""

from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..types import Floats, Ints

#: Inverse strengths of the L2 penalty to choose from.
STRENGTHS = (0.0001, 0.001, 0.01, 0.1, 1.0)
#: The number of folds of the training part by which the strength is chosen.
INNER_FOLDS = 3


class Predictions(NamedTuple):
    """What classifiers predict for texts that they were not fitted on.

    Attributes:
        labels: int64 `(texts,)`.
        strengths: the inverse strength chosen in each fold.
    """

    labels: Ints
    strengths: list[float]


def predict_test(vectors: Floats, labels: Ints, test_vectors: Floats, seed: int) -> Predictions:
    """Fit on the training part, predict the test part.

    Args:
        vectors: float32 `(texts, width)`, of the training part.
        labels: int64 `(texts,)`, of the training part; every class at least `INNER_FOLDS` times.
        test_vectors: float32 `(test texts, width)`.
        seed: of the inner folds.

    Returns:
        the predictions, and the one strength.
    """
    # In float64: on float32 the solver does not converge if vectors are far apart.
    fitted = _classifier(seed).fit(vectors.astype(np.float64), labels)
    return Predictions(fitted.predict(test_vectors.astype(np.float64)), [_strength(fitted)])


def cross_predict(vectors: Floats, labels: Ints, folds: int, seed: int) -> Predictions:
    """Predict each text by a classifier fitted on the other folds; those alone choose the strength.

    Args:
        vectors: float32 `(texts, width)`.
        labels: int64 `(texts,)`; every class at least `minimum_class_size(folds)` times.
        folds: the number of folds.
        seed: of the folds.

    Returns:
        the predictions, and the strength of each fold.
    """
    predicted: NDArray[np.int64] = np.empty_like(labels)
    strengths = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(vectors, labels):
        predictions = predict_test(vectors[train], labels[train], vectors[test], seed)
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


def _classifier(seed: int) -> Any:
    return GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        {"logisticregression__C": STRENGTHS},
        cv=StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed),
    )


def _strength(fitted: Any) -> float:
    return float(fitted.best_params_["logisticregression__C"])
