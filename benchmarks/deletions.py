"""What a classifier says of a text without some of its words, which is encoded again; equal texts once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from spacy_trend.attribution import Label
from spacy_trend.types import Floats


class Classifier(NamedTuple):
    """A classifier on the vectors of a pipeline.

    Attributes:
        model: what `attribute_prediction` is given.
        nlp: the pipeline.
        scores: from vectors, float32 `(texts, width)`, to the labels' scores, float64 `(texts, labels)`,
            whose differences are those of the logits.
        labels: in the order of the scores.
    """

    model: Any
    nlp: Language
    scores: Callable[[Floats], np.ndarray]
    labels: list[Label]

    def encode(self, docs: list[Doc]) -> list[Doc]:
        """Run the encoder and the trend vector."""
        return list(self.nlp.pipe(docs, disable=["textcat"] if "textcat" in self.nlp.pipe_names else []))


class Deletions:
    """By how much one label leads another in a text without some of its words.

    Args:
        classifier: what leads is decided by.
        doc: the text.
        words: int64 `(words,)`, positions of what can be deleted among the doc's tokens.
        label: one label.
        against: the other.
    """

    def __init__(
        self, classifier: Classifier, doc: Doc, words: np.ndarray, label: Label, against: Label
    ) -> None:
        #: What another of the same text is made with.
        self.given = classifier, doc, words, label, against
        self.classifier = classifier
        self.doc = doc
        self.words = words
        self._columns = [classifier.labels.index(label), classifier.labels.index(against)]
        #: How many texts were encoded.
        self.passes = 0
        self._known: dict[bytes, float] = {}

    def __call__(self, kept: np.ndarray) -> np.ndarray:
        """Return margins, float64 `(texts,)`.

        Args:
            kept: bool, or zeros and ones, `(texts, words)`.
        """
        rows = {row.tobytes(): row for row in np.asarray(kept, dtype=bool)}
        new = [key for key in rows if key not in self._known]
        if new:
            self._known |= zip(new, self._margins([rows[key] for key in new]), strict=True)
        return np.array([self._known[row.tobytes()] for row in np.asarray(kept, dtype=bool)])

    def effect(self, deleted: np.ndarray) -> float:
        """Return by how much the margin falls without some of the words.

        Args:
            deleted: int64 `(deleted,)`, places among the words.
        """
        kept = np.ones((2, len(self.words)), dtype=bool)
        kept[1, deleted] = False
        whole, rest = self(kept)
        return float(whole - rest)

    def search(self, number: int) -> np.ndarray:
        """Return the words found by deleting the one that matters most of those left, so many times.

        Args:
            number: how many words to delete.

        Returns:
            int64 `(number,)`, places among the words.
        """
        deleted: list[int] = []
        for _ in range(number):
            left = [place for place in range(len(self.words)) if place not in deleted]
            kept = np.ones((len(left), len(self.words)), dtype=bool)
            kept[:, deleted] = False
            kept[range(len(left)), left] = False
            deleted.append(left[int(self(kept).argmin())])
        return np.array(deleted)

    def _margins(self, kept: list[np.ndarray]) -> np.ndarray:
        self.passes += len(kept)
        docs = [self._rest(row) for row in kept]
        # What nothing is left of has a vector of zeros, as has a text of punctuation alone.
        vectors = np.zeros((len(docs), len(self.doc._.trend_vector)), dtype=np.float32)
        left = [place for place, doc in enumerate(docs) if len(doc)]
        for place, doc in zip(left, self.classifier.encode([docs[place] for place in left]), strict=True):
            vectors[place] = doc._.trend_vector
        label, against = self.classifier.scores(vectors)[:, self._columns].T
        return label - against

    def _rest(self, kept: np.ndarray) -> Doc:
        deleted = set(self.words[~kept].tolist())
        rest = [token for token in self.doc if token.i not in deleted]
        return Doc(
            self.doc.vocab, [token.text for token in rest], [bool(token.whitespace_) for token in rest]
        )
