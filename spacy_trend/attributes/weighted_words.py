"""The words of a doc or span with the vectors and weights whose products add up to its vector."""

from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Span

from ..alignment.annotations import head_words
from ..method.interface import Selection, evidence_for
from ..method.segments import weighted_sums
from ..types import Floats, Ints
from .record import Record, checked_record, mutual_of, words_in
from .stored_selection import selection_of


class WeightedWords(NamedTuple):
    """The words of a doc or span, and what its vector is made of.

    Attributes:
        tokens: int64 `(words,)`, positions among the doc's tokens, ascending.
        weights: float32 `(words,)`.
        vectors: float32 `(words, width)`, the words' vectors.
        vector: float32 `(width,)`, the sum of the words' vectors times their weights.
    """

    tokens: Ints
    weights: Floats
    vectors: Floats
    vector: Floats


def weighted_words(item: Doc | Span) -> WeightedWords | None:
    """Return the words of a doc or span with their weights; None if the component has not run on the doc.

    Args:
        item: the doc, or a span of it, among whose words the selection is made anew.

    Raises:
        ValueError: if its words are others than when the component ran, or if the vectors of words were not
            kept.
    """
    record = checked_record(item)
    if record is None:
        return None
    words = words_in(record, item)
    tokens = record["tokens"][words].astype(np.int64)
    vectors = word_vectors_of(record)[words]
    if isinstance(item, Doc):
        return WeightedWords(tokens, record["weights"], vectors, record["vector"])
    weights = select_in(item.doc, record, words).weights
    return WeightedWords(tokens, weights, vectors, weighted_sums(vectors, weights)[0])


def select_in(doc: Doc, record: Record, words: slice) -> Selection:
    """Return the selection among some of a doc's words.

    Args:
        doc: the doc.
        record: its record.
        words: which of the record's words.

    Raises:
        ValueError: if the record names a selection that is not known here.
    """
    select = selection_of(record)

    def heads() -> Ints:
        inside = head_words(doc, record["tokens"].astype(np.int64))[words] - words.start
        return np.where((inside < 0) | (inside >= words.stop - words.start), -1, inside)

    evidence = evidence_for(select, mutual_of(record, words), record["distances"][words], heads)
    return select(record["attention"][:, words], **evidence)


def word_vectors_of(record: Record) -> Floats:
    """Return the vectors of a doc's words, float32 `(words, width)`.

    Args:
        record: of the doc.

    Raises:
        ValueError: if they were not kept.
    """
    vectors = record["word_vectors"]
    if vectors is None:
        raise ValueError(
            "The vectors of words, phrases and sentences were not kept: got a doc made with "
            "token_vectors=False. Expected token_vectors=True: set it in the config of 'trend_vector' and "
            "run the pipeline again."
        )
    return vectors
