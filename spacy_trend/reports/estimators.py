"""The reasons of an estimator of scikit-learn for the labels of texts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..attribution.interface import Label
from ..messages import name_some, shorten
from .reasons import Reasons


def reasons_of(classifier: Any, items: Sequence[str | Doc], labels: Any) -> Reasons:
    """Return the reasons of a fitted classifier for the labels of texts.

    Args:
        classifier: as for `spacy_trend.sklearn.report`.
        items: texts or docs.
        labels: theirs.

    Returns:
        the reasons; if they cannot be given, what says why.

    Raises:
        ValueError: for a regressor, a classifier that is not fitted, steps before the vectorizer, labels that
            are missing or none, another number of labels than texts, none that the classifier knows, a
            classifier of vectors and texts without one, or a pipeline that lost a text.
    """
    given = _as_labels(labels)
    if len(items) != len(given):
        raise ValueError(f"report: got {len(items):,} texts and {len(given):,} labels. Expected one each.")
    reasons = Reasons(classifier)
    if reasons.why_not is not None:
        return reasons
    _check(reasons, classifier, given)
    for doc, label in zip(_docs(reasons, items), given, strict=True):
        reasons.add(doc, label)
        if reasons.why_not is not None:
            break
    return reasons


def _as_labels(labels: Any) -> list[Label]:
    """Return labels as a list, each of a type of Python."""
    # The items of a text are letters, those of a dictionary its keys, and those of a set in no order.
    if isinstance(labels, str | bytes | Mapping | Set) or not isinstance(labels, Iterable):
        raise ValueError(
            f"report: got labels={shorten(labels)}. Expected a list or a column of labels, one for each text."
        )
    # Of tables and arrays; a list has none.
    shape: tuple[int, ...] = getattr(labels, "shape", ())
    column = np.asarray(labels)[:, 0] if len(shape) == 2 and shape[1] == 1 else labels
    given = [label.item() if isinstance(label, np.generic) else label for label in column]
    for place, label in enumerate(given):
        if not isinstance(label, str | int | float) or label != label:
            raise ValueError(
                f"report: got the label {shorten(label)} at position {place:,}, counted from 0. Expected for "
                "each text one label, a string or a number: leave out texts without one, and give the "
                "labels themselves, not a column for each."
            )
    return given


def _check_fitted(classifier: Any) -> None:
    # Imported here: the extra may be missing.
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(classifier, BaseEstimator):
        return
    try:
        check_is_fitted(classifier)
    except NotFittedError as error:
        raise ValueError(
            f"report: got a {type(classifier).__name__} that is not fitted. Expected a fitted classifier: "
            "call its fit(texts, labels) first."
        ) from error


def _check(reasons: Reasons, classifier: Any, labels: list[Label]) -> None:
    _check_fitted(classifier)
    if not reasons.labels:
        raise ValueError("report: got a regressor, which has no labels. Expected a classifier.")
    if reasons.before:
        raise ValueError(
            f"report: got the steps {name_some(reasons.before)} before the TrendVectorizer. Expected it as "
            "the first step, so that the parts are those of the texts' own words: change the texts yourself "
            "and leave those steps out."
        )
    if labels and not set(labels) & set(reasons.labels):
        raise ValueError(
            f"report: the classifier knows none of the labels {name_some(dict.fromkeys(labels))}. Expected "
            f"those that it was fitted on: {name_some(reasons.labels)}."
        )


def _docs(reasons: Reasons, items: Sequence[str | Doc]) -> Iterator[Doc]:
    """Yield a doc with a trend vector for each text; a doc that has one stays as it is."""
    # Before the pipeline runs: it gives vectors to docs in place.
    has_vector = [isinstance(item, Doc) and item._.trend_vector is not None for item in items]
    without = [item for item, has in zip(items, has_vector, strict=True) if not has]
    if without and reasons.nlp is None:
        raise ValueError(
            f"report: got the text {shorten(without[0])} for a classifier of vectors. Expected docs that "
            "'trend_vector' ran on, or a classifier in a pipeline behind a TrendVectorizer."
        )
    made = iter([] if reasons.nlp is None else reasons.nlp.pipe(without))
    for item, has in zip(items, has_vector, strict=True):
        doc = item if has else next(made, None)
        if not isinstance(doc, Doc):
            raise ValueError(
                f"report: the pipeline lost the text {shorten(item)}, or one before it. Expected a doc for "
                "each text: take out the error handler that drops docs."
            )
        yield doc
