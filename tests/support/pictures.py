"""Docs with a record made by hand, so that what a picture must show is known."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

import spacy_trend
from spacy_trend.attributes.record import RECORD, Record, sealed
from spacy_trend.attribution.interface import Attribution, SimilarityAttribution
from spacy_trend.method.segments import segment_shares, weighted_sums

LEADING_PAIR = {"@misc": "spacy-trend.leading_pair.v1", "rows": "heads", "layer": 0, "focus": "last"}
#: Of "I want an apple.": leaders want, I and an; in the row that "an" leads, "want" comes next.
ATTENTION = [[0.5, 2.0, 0.25, 0.25], [1.5, 0.5, 0.5, 0.5], [0.25, 0.75, 1.0, 0.5]]


def made_doc(
    words: Sequence[str] = ("I", "want", "an", "apple", "."),
    attention: Any = ATTENTION,
    pair: tuple[int, int] = (2, 1),
    *,
    not_words: Sequence[str] = (".",),
    spaces: Sequence[bool] | None = None,
    select: dict[str, Any] = LEADING_PAIR,
    vocab: Vocab | None = None,
    weights: Any = None,
    word_vectors: Any = None,
    mutual: Any = None,
    importance: Any = None,
) -> Doc:
    """A doc as `trend_vector` leaves it.

    attention: rows x words.
    pair: tokens of focus and related word, -1 for none.
    not_words: texts of tokens that are no words.
    weights: a number each word; None for zeros.
    word_vectors: words x width, whose weighted sum is the vector; None for none, and a vector of zeros.
    mutual: words x reach, the band of mutual attention, or None.
    importance: of each word; None for shares of the sums of attention.
    """
    if spaces is None:
        spaces = [following != "." for following in [*words[1:], "."]][: len(words)]
    doc = Doc(vocab or Vocab(), words=list(words), spaces=list(spaces))
    tokens = [token.i for token in doc if token.text not in not_words]
    rows = np.array(attention, dtype=np.float32)
    assert rows.shape[1] == len(tokens)
    counted = (
        np.zeros(len(tokens), dtype=np.float32) if weights is None else np.array(weights, dtype=np.float32)
    )
    vectors = None if word_vectors is None else np.array(word_vectors, dtype=np.float32)
    record = Record(
        length=len(doc),
        tokens=np.array(tokens, dtype=np.int32),
        offsets=np.array([[doc[i].idx, len(doc[i])] for i in tokens], dtype=np.int32).reshape(-1, 2),
        attention=rows,
        mutual=np.zeros((0, 0), np.float32) if mutual is None else np.array(mutual, dtype=np.float32),
        mutual_places=np.arange(0 if mutual is None else len(tokens), dtype=np.int32),
        distances=np.zeros(0, dtype=np.float32),
        weights=counted,
        importance=(
            segment_shares(rows.sum(axis=0), np.array([len(tokens)]))
            if importance is None
            else np.array(importance, dtype=np.float32)
        ),
        word_vectors=vectors,
        vector=np.zeros(2, dtype=np.float32) if vectors is None else weighted_sums(vectors, counted)[0],
        pair=np.array(pair, dtype=np.int32),
        truncated=0,
        select=json.dumps(select, sort_keys=True),
    )
    spacy_trend.install_extensions()
    doc._.set(RECORD, sealed(record, doc))
    return doc


def long_doc(
    words: int = 50, rows: int = 12, vocab: Vocab | None = None, letter: str = "w", *, has_pair: bool = True
) -> Doc:
    """A doc of many words. The focus is the last of them, the related word the first; or there is none."""
    attention = np.random.default_rng(0).uniform(0, 1, (rows, words))
    attention[:, 0], attention[:, -1] = 2, 3
    texts = [letter * (1 + word % 9) for word in range(words)]
    return made_doc(texts, attention, (words - 1, 0) if has_pair else (-1, -1), vocab=vocab)


def words_of(item: Doc | Span) -> tuple[Any, tuple[str, ...]]:
    """The words of a made doc or a span of it: their tokens' positions and texts."""
    words = [token for token in item if token.text != "."]
    return np.array([word.i for word in words], dtype=np.int64), tuple(word.text for word in words)


def made_attribution(
    item: Doc | Span,
    parts: Sequence[float] = (0.5, -2.0, 0.0, 1.0),
    bias: float = 0.25,
    **settings: Any,
) -> Attribution:
    """An attribution of a made doc, whose score is the sum of the parts and the bias if none is given."""
    tokens, texts = words_of(item)
    score = settings.pop("score", sum(parts) + bias)
    return Attribution(tokens, texts, np.array(parts, dtype=np.float64), bias, score, **settings)


def made_similarity(one: Doc | Span, other: Doc | Span, parts: Any) -> SimilarityAttribution:
    """The similarity of two made docs, the sum of the parts."""
    (tokens, texts), (other_tokens, other_texts) = words_of(one), words_of(other)
    array = np.array(parts, dtype=np.float64)
    return SimilarityAttribution(tokens, texts, other_tokens, other_texts, array, float(array.sum()))
