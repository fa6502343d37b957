"""Texts whose words' parts are known by hand, and what a report makes of them."""

from typing import Any

import numpy as np
from spacy.tokens import Doc

from spacy_trend.reports import Reasons
from tests.support.attributions import weighted_doc


class Direct:
    """A classifier whose scores are the vector itself: a number for each label."""

    def __init__(self, *labels: Any) -> None:
        self.classes_ = labels

    def decision_function(self, vectors: Any) -> Any:
        return np.asarray(vectors)


def a_doc(*words: tuple[Any, ...]) -> Doc:
    """A doc of words, each with what it adds to the score of each label."""
    return weighted_doc([1] * len(words), [word[1:] for word in words], [word[0] for word in words])


#: A text with its label. "free" speaks for spam by 3, "meeting" for ham by 2, "now" for spam by 1.
MAILS = [
    ([("free", 0, 3), ("meeting", 2, 0)], "ham"),
    ([("Free", 0, 3), ("now", 0, 1)], "spam"),
    ([("meeting", 2, 0)], "ham"),
    ([("meeting", 2, 0), ("now", 0, 1), ("now", 0, 1), ("free", 0, 3)], "ham"),
    ([("meeting", 2, 0)], "spam"),
]


def reasons_for(texts: Any, *labels: Any) -> Reasons:
    """The reasons of a classifier for texts as in `MAILS`."""
    reasons = Reasons(Direct(*(labels or ("ham", "spam"))))
    for words, label in texts:
        reasons.add(a_doc(*words), label)
    return reasons
