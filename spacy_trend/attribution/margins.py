"""What a classifier's scores say of labels: one label's score, or by how much it leads another's."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from spacy import Language
from thinc.api import Model

from ..architectures import reads_trend_vector
from ..messages import name_some, shorten
from .affine import Affine
from .estimators import EstimatorScores
from .interface import Label, Parts
from .text_classifiers import TextClassifierScores


class Scores(Protocol):
    """The scores of a classifier or regressor, whoever made it.

    Attributes:
        labels: in the order of the scores; empty for a regressor, which has one score.
    """

    labels: list[Label]

    def scores(self, vector: Parts) -> Parts:
        """Return the scores of a vector, float64 `(scores,)`."""

    def predicted(self, vector: Parts) -> tuple[int, ...]:
        """Return the places of the labels that compete for a text, the predicted one first.

        If a text may have several labels, none compete: it is the place of the one with the greatest score.
        """

    def at(self, vector: Parts) -> Affine:
        """Return the scores as those of a vector, exact for it."""


class Margin(NamedTuple):
    """A score of one or two labels.

    Attributes:
        label: the label that it speaks for; None of a regressor.
        against: the label that it speaks against; None for the score of the label alone.
        factors: float64 `(scores,)`: it is the sum of the scores times these.
    """

    label: Label | None
    against: Label | None
    factors: Parts


def classifiers_in(nlp: Language) -> list[str]:
    """Return the names of a pipeline's components that read the trend vector."""
    return [name for name, pipe in nlp.pipeline if reads_trend_vector(getattr(pipe, "model", None))]


def scores_of(classifier: Any) -> Scores:
    """Return the scores of a classifier.

    Args:
        classifier: a spaCy pipeline with one text classifier on the trend vector, that component, or an
            estimator of scikit-learn.

    Raises:
        ValueError: if it is none of these, or a pipeline that has no such component or several.
    """
    if isinstance(classifier, Language):
        names = classifiers_in(classifier)
        if len(names) != 1:
            fix = (
                "give the component itself, nlp.get_pipe(name)"
                if names
                else "add such a component and train it"
            )
            raise ValueError(
                f"The pipeline has {len(names)} components that read the trend vector: got {names} among "
                f"{classifier.pipe_names}. Expected one textcat or textcat_multilabel whose model is "
                f'"spacy-trend.TextCatTrendVector.v1": {fix}.'
            )
        return TextClassifierScores(classifier.get_pipe(names[0]))
    if isinstance(getattr(classifier, "model", None), Model):
        return TextClassifierScores(classifier)
    return EstimatorScores(classifier)


def margin_of(scores: Scores, vector: Parts, label: Label | None, against: Label | None) -> Margin:
    """Return the score that is asked for.

    Args:
        scores: of the classifier.
        vector: float64 `(width,)`, of the text.
        label: the label that it speaks for; None for the predicted one.
        against: the label that it speaks against; None for the one with the greatest score among the others
            if a text has one label, and for none if it has several.

    Raises:
        ValueError: for a label that the classifier does not have, two equal ones, or any of a regressor.
    """
    labels = scores.labels
    if not labels:
        if label is not None or against is not None:
            raise ValueError(
                f"Got label={shorten(label)} and against={shorten(against)} for a regressor, which has no "
                "labels. Expected neither."
            )
        return Margin(None, None, np.ones(1))
    best, *others = scores.predicted(vector)
    first = best if label is None else _number(labels, "label", label)
    factors = np.zeros(len(labels))
    factors[first] = 1.0
    second: int | None = None
    if against is not None:
        second = _number(labels, "against", against)
    elif others:
        second = best if first != best else others[0]
    if second is None:
        return Margin(labels[first], None, factors)
    if second == first:
        raise ValueError(
            f"Got the label {shorten(labels[first])} against itself. Expected two labels: one of "
            f"{name_some(other for other in labels if other != labels[first])} in 'against', or None."
        )
    factors[second] = -1.0
    return Margin(labels[first], labels[second], factors)


def _number(labels: list[Label], setting: str, label: Label) -> int:
    # A command's labels are texts, whatever the classifier's are; of arrays, `==` tells nothing.
    is_one = np.ndim(label) == 0
    found = [number for number, known in enumerate(labels) if is_one and label in (known, str(known))]
    if not found:
        raise ValueError(
            f"Got {setting}={shorten(label)}, which the classifier does not know. Expected one of "
            f"{name_some(labels, 20)}."
        )
    return found[0]
