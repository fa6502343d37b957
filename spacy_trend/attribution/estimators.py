"""Classifiers and regressors of scikit-learn as scores that are linear in a vector.

A step is linear if it is so on vectors that nobody chose for it, whatever its class: so other people's steps
are taken, too. Nothing here imports scikit-learn.
"""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from .affine import Affine, before, before_scale
from .interface import Label, Parts

#: On how many random vectors a step is tried.
_TRIED = 8
#: How far a step may be from linear, as a share of its greatest output: some compute in float32.
_TOLERANCE = 1e-4


class EstimatorScores:
    """The scores of a scikit-learn estimator, or of a pipeline around a `TrendVectorizer`.

    Args:
        estimator: a fitted classifier with a `decision_function`, a fitted regressor, a pipeline that ends in
            one, or a search that found one.

    Raises:
        ValueError: for a classifier without a `decision_function`.
    """

    def __init__(self, estimator: Any) -> None:
        *steps, (self._name, last) = _flat_steps("the estimator", estimator)
        # What stands before the vectors: texts, and the vectorizer.
        embedding = max((n for n, (_, step) in enumerate(steps) if hasattr(step, "nlp_")), default=-1)
        #: The names of the steps before the vectorizer, which change texts.
        self.before = [name for name, _ in steps[:embedding]] if embedding > 0 else []
        #: The pipeline of the vectorizer; None if there is none.
        self.nlp = steps[embedding][1].nlp_ if embedding >= 0 else None
        self._steps = steps[embedding + 1 :]
        #: The labels in the order of the scores; empty for a regressor.
        self.labels: list[Label] = np.asarray(getattr(last, "classes_", [])).tolist()
        #: Whether a text has one label, so that labels speak against each other.
        self.is_exclusive = len(self.labels) > 1
        self._last = last
        self._score = _score_function(self._name, last)
        #: What steps are on every vector, once known.
        self._known: dict[str, Affine] = {}

    def scores(self, vector: Parts) -> Parts:
        """Return the scores of a vector, float64 `(labels,)`, or `(1,)` of a regressor; of any step.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a step that takes no vector of this width.
        """
        given = vector[None]
        for name, step in self._steps:
            given = _on_arrays(name, step, "transform")(given)
        scores = self._score(given)
        return self._of_labels(Affine(np.zeros((scores.shape[1], 1)), scores[0])).shift

    def at(self, vector: Parts) -> Affine:
        """Return the scores as those of a vector, exact for it; one a label, or one of a regressor.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a step that is not linear, or that takes no vector of this width.
        """
        given, pulled = vector, []
        for name, step in self._steps:
            transform = _on_arrays(name, step, "transform")
            affine = self._affine(name, transform, given)
            after = transform(given[None])[0]
            factor = None if affine is not None else _common_factor(given, after)
            if affine is None and factor is None:
                raise ValueError(_not_linear(name, step))
            pulled.append((affine, factor))
            given = after
        scores = self._affine(self._name, self._score, given)
        if scores is None:
            raise ValueError(_not_linear(self._name, self._last))
        scores = self._of_labels(scores)
        for affine, factor in reversed(pulled):
            scores = before_scale(scores, factor or 0.0) if affine is None else before(scores, affine)
        return scores

    def _affine(self, name: str, function: Callable[[Parts], Parts], vector: Parts) -> Affine | None:
        """Return what a function does to all vectors, if that is linear for this one and random ones."""
        if name not in self._known:
            # First on a few vectors: some steps have so many outputs that trying every dimension is costly.
            if not _is_linear_between(function, _random_vectors(vector)):
                return None
            shift = function(np.zeros((1, len(vector))))[0]
            columns = function(np.eye(len(vector))) - shift
            self._known[name] = Affine(columns.T, shift)
        known = self._known[name]
        return known if _agrees(function, known, vector) else None

    def _of_labels(self, scores: Affine) -> Affine:
        """Return one score a label: for two labels, scikit-learn gives that of the second alone."""
        count = len(scores.shift)
        if len(self.labels) == 2 and count == 1:
            none = Affine(np.zeros_like(scores.matrix), np.zeros(1))
            return Affine(*(np.concatenate(both) for both in zip(none, scores, strict=True)))
        if count != max(1, len(self.labels)):
            raise ValueError(
                f"The step {self._name!r} gives {count} scores for {len(self.labels) or 'no'} labels. "
                "Expected one score a label, or one of a regressor: scores of pairs of labels, and several "
                "outputs, cannot be attributed. Use a classifier such as LogisticRegression or LinearSVC."
            )
        return scores


def _flat_steps(name: str, estimator: Any) -> list[tuple[str, Any]]:
    """Return the steps of an estimator, those of pipelines in pipelines and of searches among them."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if not hasattr(estimator, "steps"):
        return [(name, estimator)]
    named = [(inner, step) for inner, step in estimator.steps if step not in (None, "passthrough")]
    return [
        (path, step)
        for inner, part in named
        for path, step in _flat_steps(inner if name == "the estimator" else f"{name}.{inner}", part)
    ]


def _score_function(name: str, estimator: Any) -> Callable[[Parts], Parts]:
    if hasattr(estimator, "decision_function"):
        return _on_arrays(name, estimator, "decision_function")
    if hasattr(estimator, "classes_") or not hasattr(estimator, "predict"):
        raise ValueError(
            f"The step {name!r} cannot be attributed: got a {type(estimator).__name__} without a "
            "decision_function. Expected a fitted linear classifier or regressor of scikit-learn, such as "
            "LogisticRegression, LinearSVC, SGDClassifier or Ridge, a pipeline that ends in one, or a spaCy "
            "pipeline with a textcat on the trend vector."
        )
    return _on_arrays(name, estimator, "predict")


def _on_arrays(name: str, step: Any, method: str) -> Callable[[Parts], Parts]:
    """Return a method of a step as a function from float64 `(vectors, width)` to `(vectors, outputs)`."""
    names = getattr(step, "feature_names_in_", None)

    def call(vectors: Parts) -> Parts:
        # A step that was fitted on a table expects its columns.
        given = vectors if names is None else import_module("pandas").DataFrame(vectors, columns=names)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                # It is tried on vectors that it was not made for.
                warnings.simplefilter("ignore")
                outputs = getattr(step, method)(given)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"The step {name!r} ({type(step).__name__}) takes no vector of width {vectors.shape[1]}: "
                f"{error}. Expected the vectors that it was fitted on: run the same pipeline on the text."
            ) from error
        dense = outputs.toarray() if hasattr(outputs, "toarray") else np.asarray(outputs)
        return dense.astype(np.float64).reshape(len(vectors), -1)

    return call


def _random_vectors(like: Parts) -> Parts:
    scale = np.sqrt(np.mean(like**2)) or 1.0
    return np.random.default_rng(0).normal(scale=scale, size=(_TRIED, len(like)))


def _is_linear_between(function: Callable[[Parts], Parts], vectors: Parts) -> bool:
    """Return whether a function takes the middle of two vectors to the middle of what it makes of them."""
    ends = function(vectors)
    middles = function((vectors + np.roll(vectors, 1, axis=0)) / 2)
    return _is_close(middles, (ends + np.roll(ends, 1, axis=0)) / 2)


def _agrees(function: Callable[[Parts], Parts], affine: Affine, vector: Parts) -> bool:
    return _is_close(function(vector[None])[0], affine(vector))


def _is_close(outputs: Parts, expected: Parts) -> bool:
    with np.errstate(invalid="ignore"):
        # Of what is no number, nothing is close.
        far = np.abs(outputs - expected).max(initial=0)
        return bool(far <= _TOLERANCE * np.abs(expected).max(initial=0))


def _common_factor(vector: Parts, output: Parts) -> float | None:
    """Return the number that a step multiplied all of a vector by, as `Normalizer` does; None if none."""
    square = vector @ vector
    if output.shape != vector.shape or square == 0:
        return None
    factor = float(vector @ output / square)
    return factor if _is_close(output, factor * vector) else None


def _not_linear(name: str, step: Any) -> str:
    return (
        f"The step {name!r} ({type(step).__name__}) is not linear, so no score behind it splits into words "
        "exactly. Expected steps such as StandardScaler, MaxAbsScaler, Normalizer and PCA, and a classifier "
        "or regressor such as LogisticRegression, LinearSVC, SGDClassifier or Ridge. Leave it out and fit "
        "the classifier again, or use method='leave_one_out'."
    )
