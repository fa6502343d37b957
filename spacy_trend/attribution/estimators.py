"""Classifiers and regressors of scikit-learn as scores that are linear in a vector.

A step is linear if it is so on vectors that nobody chose for it, whatever its class: so other people's steps
are taken, too. Nothing here imports scikit-learn.
"""

from functools import partial
from typing import Any

import numpy as np

from .affine import Affine, before, before_scale
from .estimator_steps import Step, score_method, steps_of
from .interface import Label, Parts
from .linearity import Linear, linear_of, scaling_of


class EstimatorScores:
    """The scores of a scikit-learn estimator, or of a pipeline around a `TrendVectorizer`.

    Args:
        estimator: a fitted classifier with a `decision_function`, a fitted regressor, a pipeline that ends in
            one, or a search that found one.

    Raises:
        ValueError: for a classifier without a `decision_function`, or one that is given more than trend
            vectors.
    """

    def __init__(self, estimator: Any) -> None:
        *steps, self._last = steps_of(estimator)
        # What stands before the vectors: texts, and the vectorizer.
        embedding = max((n for n, step in enumerate(steps) if hasattr(step.estimator, "nlp_")), default=-1)
        #: The names of the steps before the vectorizer, which change texts.
        self.before = [step.name for step in steps[:embedding]] if embedding > 0 else []
        #: The pipeline of the vectorizer; None if there is none.
        self.nlp = steps[embedding].estimator.nlp_ if embedding >= 0 else None
        self._steps = steps[embedding + 1 :]
        self._method = score_method(self._last)
        #: The labels in the order of the scores; empty for a regressor.
        self.labels: list[Label] = np.asarray(getattr(self._last.estimator, "classes_", [])).tolist()
        #: What steps are on every vector, once known.
        self._known: dict[str, Linear] = {}

    def scores(self, vector: Parts) -> Parts:
        """Return the scores of a vector, float64 `(labels,)`, or `(1,)` of a regressor; of any step.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a step that takes no such vector.
        """
        scores = self._last.on(self._method, self._before_last(vector))
        return self._of_labels(Affine(np.zeros((scores.shape[1], 1)), scores[0])).shift

    def predicted(self, vector: Parts) -> tuple[int, ...]:
        """Return the places of the labels that compete for a text, the predicted one first.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a step that takes no such vector.
        """
        order = np.argsort(-self.scores(vector), kind="stable").tolist()
        if not hasattr(self._last.estimator, "predict"):
            return tuple(order)
        predicted = self._last.call("predict", self._before_last(vector))
        if predicted.ndim > 1:
            # A column a label: a text may have several, which do not compete.
            return (order[0],)
        # Some classifiers have a threshold of their own, or break ties otherwise.
        return tuple(sorted(order, key=lambda place: self.labels[place] != predicted.tolist()[0]))

    def at(self, vector: Parts) -> Affine:
        """Return the scores as those of a vector, exact for it; one a label, or one of a regressor.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a step that is not linear, or that takes no such vector.
        """
        given, pulled = vector, []
        for step in self._steps:
            after = step.on("transform", given[None])[0]
            affine = self._affine(step, "transform", given, after)
            factor = None
            if affine is None:
                factor = scaling_of(partial(step.on, "transform"), given, after)
                if factor is None:
                    raise ValueError(_not_linear(step, "Leave it out and fit the classifier again, or"))
            pulled.append((affine, factor))
            given = after
        affine = self._affine(self._last, self._method, given, self._last.on(self._method, given[None])[0])
        if affine is None:
            raise ValueError(_not_linear(self._last, "Fit such a one, or"))
        scores = self._of_labels(affine)
        for affine, factor in reversed(pulled):
            scores = before_scale(scores, factor or 0.0) if affine is None else before(scores, affine)
        return scores

    def _before_last(self, vector: Parts) -> Parts:
        """Return what the last step is given, float64 `(1, inputs)`."""
        given = vector[None]
        for step in self._steps:
            given = step.on("transform", given)
        return given

    def _affine(self, step: Step, method: str, vector: Parts, output: Parts) -> Affine | None:
        """Return what a step does to all vectors, if that is linear for this one and random ones."""
        if step.name not in self._known:
            linear = linear_of(partial(step.on, method), vector)
            if linear is None:
                return None
            self._known[step.name] = linear
        known = self._known[step.name]
        return known.affine if known.holds(vector, output) else None

    def _of_labels(self, scores: Affine) -> Affine:
        """Return one score a label: for two labels, scikit-learn gives that of the second alone."""
        count = len(scores.shift)
        if len(self.labels) == 2 and count == 1:
            none = Affine(np.zeros_like(scores.matrix), np.zeros(1))
            return Affine(*(np.concatenate(both) for both in zip(none, scores, strict=True)))
        if count != max(1, len(self.labels)):
            raise ValueError(
                f"The step {self._last.name!r} gives {count} scores for {len(self.labels) or 'no'} labels. "
                "Expected one score a label, or one of a regressor: scores of pairs of labels, and several "
                "outputs, cannot be attributed. Use a classifier such as LogisticRegression or LinearSVC."
            )
        return scores


def _not_linear(step: Step, fix: str) -> str:
    return (
        f"The step {step.name!r} ({type(step.estimator).__name__}) is not linear, so no score behind it "
        "splits into words exactly. Expected steps such as StandardScaler, MaxAbsScaler, Normalizer and PCA, "
        "and a classifier or regressor such as LogisticRegression, LinearSVC, SGDClassifier or Ridge. "
        f"{fix} use method='leave_one_out'."
    )
