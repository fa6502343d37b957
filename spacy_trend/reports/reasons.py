"""Why a classifier gives each text its label, collected text by text."""

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from ..attribution import attribute_labels
from ..attribution.interface import Attribution, Label, Parts, WordData
from ..attribution.margins import Scores, scores_of
from ..types import Floats, Ints


class ReasonsData(TypedDict):
    """The reasons of a text as plain data: see `TextReasons.to_dict`."""

    text: str
    label: Label
    predicted: Label
    against: Label | None
    margin: float
    bias: float
    words: list[WordData]


@dataclass(frozen=True)
class TextReasons:
    """What a classifier says of a text whose label is known, and why.

    Attributes:
        text: the text.
        label: its label.
        predicted: the label that it was given.
        attribution: by how much the predicted label leads the true one or, if it is right, the runner-up.
        leads: float64 `(words, labels)`, the words' parts of by how much each label leads the others.
        starts: int64 `(words,)`, where the words begin in the text.
        vector: float32 `(width,)`, the text's.
        lang: spaCy's code of the text's language.
        doc: the doc, which is kept to be drawn if the predicted label is wrong; else None.
    """

    text: str
    label: Label
    predicted: Label
    attribution: Attribution
    leads: Parts
    starts: Ints
    vector: Floats
    lang: str
    doc: Doc | None

    @property
    def is_right(self) -> bool:
        """Whether the predicted label is the true one."""
        return self.label == self.predicted

    def to_dict(self) -> ReasonsData:
        """Return the reasons as plain data.

        Returns:
            `text`, `label`, `predicted`; `against`, the label that the predicted one leads by the `margin`,
            or None; `bias` and `words`, a list of `{"i": token index, "text": ..., "part": ...}`, which add
            up to the margin.
        """
        data = self.attribution.to_dict()
        return {
            "text": self.text,
            "label": self.label,
            "predicted": self.predicted,
            "against": data["against"],
            "margin": data["score"],
            "bias": data["bias"],
            "words": data["words"],
        }


class Reasons:
    """The reasons of a classifier for the labels of texts; it is read once.

    Args:
        classifier: as for `attribute_prediction`.
    """

    def __init__(self, classifier: Any) -> None:
        #: Of the texts that were added.
        self.texts: list[TextReasons] = []
        #: Why there are none: the classifier, or a doc, has no vectors of words to split scores into.
        self.why_not: str | None = None
        self._scores: Scores | None = None
        try:
            self._scores = scores_of(classifier)
        except ValueError as error:
            self.why_not = str(error)

    @property
    def labels(self) -> list[Label]:
        """The classifier's labels, in the order of `TextReasons.leads`; none if it cannot be read."""
        return [] if self._scores is None else self._scores.labels

    @property
    def nlp(self) -> Language | None:
        """The pipeline of a `TrendVectorizer` in front of the classifier; None if there is none."""
        return getattr(self._scores, "nlp", None)

    @property
    def before(self) -> list[str]:
        """The names of the steps before the `TrendVectorizer`."""
        return getattr(self._scores, "before", [])

    def add(self, doc: Doc, label: Label, predicted: Label | None = None) -> None:
        """Add a text, unless there are no reasons: then, `why_not` says so.

        Args:
            doc: as the pipeline made it.
            label: its label.
            predicted: the label that it was given; None for the one with the greatest score.
        """
        if self._scores is None or self.why_not is not None:
            return
        try:
            self.texts.append(_reasons(self._scores, doc, label, predicted))
        except ValueError as error:
            self.why_not = str(error)
            # Reasons of some of the texts would be taken for those of all.
            self.texts.clear()


def _reasons(scores: Scores, doc: Doc, label: Label, predicted: Label | None) -> TextReasons:
    labels = attribute_labels(scores, doc)
    given = labels.predicted if predicted is None else predicted
    is_known_error = given != label and label in scores.labels
    attribution = labels.margin(given, label if is_known_error else None)
    return TextReasons(
        text=doc.text,
        label=label,
        predicted=given,
        attribution=attribution,
        leads=labels.leads(),
        starts=np.array([doc[token].idx for token in attribution.words.tolist()], dtype=np.int64),
        # A copy: the doc's vector is a view of a record that would stay with it.
        vector=np.array(doc._.trend_vector, dtype=np.float32),
        lang=doc.lang_,
        doc=None if given == label else doc,
    )
