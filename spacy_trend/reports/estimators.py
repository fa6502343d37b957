"""The reasons of an estimator of scikit-learn for the labels of texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..attribution.interface import Label
from ..messages import name_some, shorten
from .reasons import Reasons


def reasons_of(classifier: Any, items: Sequence[str | Doc], labels: Sequence[Any]) -> Reasons:
    """Return the reasons of a fitted classifier for the labels of texts.

    Args:
        classifier: as for `spacy_trend.sklearn.report`.
        items: texts or docs.
        labels: theirs.

    Returns:
        the reasons; if they cannot be given, what says why.

    Raises:
        ValueError: for a regressor, steps before the vectorizer, another number of labels than texts, none
            that the classifier knows, a classifier of vectors and texts without one, or a pipeline that lost
            a text.
    """
    if len(items) != len(labels):
        raise ValueError(f"report: got {len(items):,} texts and {len(labels):,} labels. Expected one each.")
    reasons = Reasons(classifier)
    if reasons.why_not is not None:
        return reasons
    given = [label.item() if isinstance(label, np.generic) else label for label in labels]
    _check(reasons, given)
    for doc, label in zip(_docs(reasons, items), given, strict=True):
        reasons.add(doc, label)
        if reasons.why_not is not None:
            break
    return reasons


def _check(reasons: Reasons, labels: list[Label]) -> None:
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
