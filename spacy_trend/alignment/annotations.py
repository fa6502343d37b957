"""What other components wrote on docs, counted in words: sentences and dependency trees."""

from collections.abc import Sequence

import numpy as np
from spacy.tokens import Doc

from ..method.segments import starts
from ..types import Ints
from .trf_data import start_of
from .words import Words


def segments_of(docs: Sequence[Doc], words: Words, level: str) -> tuple[Ints, Ints]:
    """Return the segments that get a vector each.

    Args:
        docs: the docs.
        words: their words.
        level: "doc" for one segment a doc, "sentence" for its sentences.

    Returns:
        the number of words in each segment, int64 `(segments,)`, and of segments in each doc, int64
        `(docs,)`.

    Raises:
        ValueError: if nothing set sentence boundaries.
    """
    if level == "doc":
        return words.lengths, np.ones(len(docs), dtype=np.int64)
    by_doc = [sentence_lengths(doc, tokens) for doc, tokens in zip(docs, _by_doc(words), strict=True)]
    return np.concatenate(by_doc), np.array([len(sentences) for sentences in by_doc])


def heads_of(docs: Sequence[Doc], words: Words) -> Ints:
    """Return the head of each word in the dependency tree: see `head_words`.

    Args:
        docs: the docs.
        words: their words.

    Returns:
        int64 `(words,)`, positions among the words of all docs.

    Raises:
        ValueError: if no parser ran.
    """
    first = starts(words.lengths)
    of_docs = [head_words(doc, tokens) for doc, tokens in zip(docs, _by_doc(words), strict=True)]
    shifted = [np.where(heads < 0, -1, heads + start) for heads, start in zip(of_docs, first, strict=True)]
    return np.concatenate(shifted)


def sentence_lengths(doc: Doc, tokens: Ints) -> Ints:
    """Return the number of words in each sentence of a doc.

    Args:
        doc: the doc.
        tokens: int64 `(words,)`, its words, as in `Words`.

    Returns:
        int64 `(sentences,)`.

    Raises:
        ValueError: if nothing set sentence boundaries.
    """
    if not doc.has_annotation("SENT_START"):
        raise ValueError(
            f"level='sentence' needs sentence boundaries, but the doc {start_of(doc)} has none. Expected a "
            "component that sets them before 'trend_vector': add one with nlp.add_pipe('sentencizer'), or "
            "set level='doc'."
        )
    ends = np.array([sent.end for sent in doc.sents], dtype=np.int64)
    return np.diff(np.searchsorted(tokens, ends), prepend=0)


def head_words(doc: Doc, tokens: Ints) -> Ints:
    """Return the head of each word in the dependency tree.

    Args:
        doc: the doc.
        tokens: int `(words,)`, its words, as in `Words`.

    Returns:
        int64 `(words,)`, positions among these words; its own for a root, -1 for a head that is not a word.

    Raises:
        ValueError: if no parser ran.
    """
    if len(doc) > 0 and not doc.has_annotation("DEP"):
        raise ValueError(
            f"The selection reads the dependency tree, but the doc {start_of(doc)} has none. Expected a "
            "parser before 'trend_vector', or another selection, such as spacy-trend.mutual_pair.v1."
        )
    words = np.full(len(doc) + 1, -1, dtype=np.int64)
    words[tokens] = np.arange(len(tokens))
    heads = tokens + doc.to_array(["HEAD"]).astype(np.int64).reshape(-1)[tokens]
    found: Ints = words[heads]
    return found


def _by_doc(words: Words) -> list[Ints]:
    """Return each doc's words, as positions among its tokens."""
    return np.split(words.tokens, np.cumsum(words.lengths)[:-1])
