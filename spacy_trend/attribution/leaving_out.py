"""Vectors of a text without one of its words: what the encoder makes of what is left."""

from collections.abc import Sequence

import numpy as np
from spacy import Language
from spacy.tokens import Doc, Span

from ..lost_docs import check_every_doc
from ..messages import shorten
from ..types import Floats
from .interface import Parts


def vectors_without_words(nlp: Language, item: Doc | Span, tokens: Sequence[int], width: int) -> Parts:
    """Return a text's vector without each of some words; the pipeline runs on all these texts in one go.

    Args:
        nlp: the pipeline, whose components up to its `trend_vector` are run.
        item: the doc, or a span of it, whose vector among its remaining words is returned.
        tokens: the positions of the words among the doc's tokens.
        width: of a vector.

    Returns:
        float64 `(words, width)`; zeros for a text of which nothing is left.

    Raises:
        ValueError: if the pipeline is none, has no `trend_vector` or another one, or loses a doc.
    """
    if not isinstance(nlp, Language):
        raise ValueError(
            f"Got nlp={shorten(nlp, 40)} of type {type(nlp).__name__}. Expected the pipeline that made the "
            "doc, a Language: spacy.load(name)."
        )
    doc = item if isinstance(item, Doc) else item.doc
    vectors = np.zeros((len(tokens), width))
    if len(doc) < 2:
        return vectors
    left = list(nlp.pipe([_without(doc, token) for token in tokens], disable=_after_trend_vector(nlp)))
    check_every_doc(len(left), len(tokens))
    for number, rest in enumerate(left):
        of = rest if isinstance(item, Doc) else rest[item.start : item.end - 1]
        if len(of) > 0:
            vectors[number] = _vector(of, width)
    return vectors


def _vector(item: Doc | Span, width: int) -> Floats:
    vector: Floats = item._.trend_vector
    if len(vector) != width:
        raise ValueError(
            f"The pipeline makes vectors of width {len(vector)}, but that of the doc has {width}. Expected "
            "the pipeline that made the doc: words are left out, and the text is encoded again as it was."
        )
    return vector


def _without(doc: Doc, token: int) -> Doc:
    """Return the text without a token, tokenized as before."""
    kept = [other for other in doc if other.i != token]
    return Doc(
        doc.vocab, words=[other.text for other in kept], spaces=[bool(other.whitespace_) for other in kept]
    )


def _after_trend_vector(nlp: Language) -> list[str]:
    """Return the names of the components that no vector depends on."""
    places = [n for n, name in enumerate(nlp.pipe_names) if nlp.get_pipe_meta(name).factory == "trend_vector"]
    if not places:
        raise ValueError(
            f"The pipeline has no 'trend_vector': got the components {nlp.pipe_names}. Expected the one that "
            "made the doc's vector, because words are left out and the text is encoded again."
        )
    return nlp.pipe_names[places[-1] + 1 :]
