"""The extension attributes: their names, and the getters that answer from the record.

Getters are pure functions of the `Doc`, `Span` or `Token`; phrases are computed from the record when they are
read.
"""

from typing import Any, Literal

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..types import Floats
from .record import (
    RECORD,
    Record,
    checked_record,
    other_tokens,
    read_record,
    sampled_record,
    words_in,
)
from .similarity import trend_similarity
from .weighted_words import select_in, weighted_words, word_vectors_of

#: The method of `Doc`, `Span` and `Token` that needs no hooks.
SIMILARITY = "trend_similarity"


def install_extensions() -> None:
    """Register the extension attributes; a second call changes nothing.

    Raises:
        ValueError: if another package has registered one of these names.
    """
    if not Doc.has_extension(RECORD):
        Doc.set_extension(RECORD, default=None)
    for owner, getters in _GETTERS.items():
        for name, getter in getters.items():
            if not owner.has_extension(name):
                owner.set_extension(name, getter=getter)
            _, _, registered, _ = owner.get_extension(name)
            _check_ours(owner, name, registered, getter, "getter")
        if not owner.has_extension(SIMILARITY):
            owner.set_extension(SIMILARITY, method=trend_similarity)
        _, registered, _, _ = owner.get_extension(SIMILARITY)
        _check_ours(owner, SIMILARITY, registered, trend_similarity, "method")


def _check_ours(owner: Any, name: str, registered: Any, ours: Any, kind: str) -> None:
    # By module and not by identity: a module that is loaded again registers nothing new.
    if getattr(registered, "__module__", None) != ours.__module__:
        raise ValueError(
            f"The attribute {owner.__name__}._.{name} is taken: got {registered!r}, expected the {kind} of "
            "spacy_trend. Register the other one under another name."
        )


def doc_vector(doc: Doc) -> Floats | None:
    """Return `Doc._.trend_vector`, float32 `(width,)`, read-only; None if the component has not run."""
    record = sampled_record(doc)
    return None if record is None else _read_only(record["vector"])


def doc_focus(doc: Doc) -> Token | None:
    """Return `Doc._.trend_focus`: the most important word, or None.

    A mean of several sentences (`level="sentence"`) has none: read it from its sentences.
    """
    return _doc_word(doc, "focus")


def doc_related(doc: Doc) -> Token | None:
    """Return `Doc._.trend_related`: the word related to the focus, or None."""
    return _doc_word(doc, "related")


def doc_truncated(doc: Doc) -> int | None:
    """Return `Doc._.trend_truncated`: how many tokens the encoder's limit cut off.

    These are the tokens, spaces not counted, without a wordpiece because a window had more than the encoder
    takes. None if the component has not run.
    """
    record = sampled_record(doc)
    return None if record is None else record["truncated"]


def span_vector(span: Span) -> Floats | None:
    """Return `Span._.trend_vector`, float32 `(width,)`, with the selection made among the span's words.

    Zeros if the span has no word; None if the component has not run on the doc.

    Args:
        span: the span.

    Raises:
        ValueError: if the vectors of words were not kept.
    """
    words = weighted_words(span)
    return None if words is None else _read_only(words.vector)


def span_focus(span: Span) -> Token | None:
    """Return `Span._.trend_focus`: the span's most important word, or None."""
    return _span_word(span, "focus")


def span_related(span: Span) -> Token | None:
    """Return `Span._.trend_related`: the span's word related to its focus, or None."""
    return _span_word(span, "related")


def token_vector(token: Token) -> Floats | None:
    """Return `Token._.trend_vector`, float32 `(width,)`, the word's change.

    Zeros for a token that is not a word; None if the component has not run on the doc.

    Args:
        token: the token.

    Raises:
        ValueError: if the vectors of words were not kept.
    """
    record = read_record(token.doc)
    if record is None:
        return None
    vectors = word_vectors_of(record)
    word = _word_of(token, record)
    return _read_only(np.zeros(vectors.shape[1], dtype=np.float32) if word is None else vectors[word])


def token_attention(token: Token) -> Floats | None:
    """Return `Token._.trend_attention`, float32 `(rows,)`, the attention that the word receives.

    Zeros for a token that is not a word; None if the component has not run on the doc.
    """
    record = read_record(token.doc)
    if record is None:
        return None
    attention = record["attention"]
    word = _word_of(token, record)
    return _read_only(np.zeros(len(attention), dtype=np.float32) if word is None else attention[:, word])


def token_weight(token: Token) -> float | None:
    """Return `Token._.trend_weight`: what the word counts in its doc's vector.

    The vector is the sum of the words' vectors times their weights. 0 for a token that is not a word; None if
    the component has not run on the doc.
    """
    return _number_of(token, "weights")


def token_importance(token: Token) -> float | None:
    """Return `Token._.trend_importance`: the word's share of the attention that its doc's words receive.

    It is read in the last layer, or in the row that decides for the article's selection. 0 for a token that
    is not a word; None if the component has not run on the doc.
    """
    return _number_of(token, "importance")


def trend_words(item: Doc | Span) -> list[Token] | None:
    """Return `Doc._.trend_words` and `Span._.trend_words`: the words by importance, most first.

    Of equals the first goes first. None if the component has not run on the doc.

    Args:
        item: the doc, or a span of it.

    Raises:
        ValueError: if its words are others than when the component ran.
    """
    record = checked_record(item)
    if record is None:
        return None
    words = words_in(record, item)
    # A NaN goes first, so that it is seen.
    importance = record["importance"][words]
    order = np.argsort(np.where(np.isnan(importance), -np.inf, -importance), kind="stable")
    doc = item if isinstance(item, Doc) else item.doc
    return [doc[token] for token in record["tokens"][words][order].tolist()]


_GETTERS: dict[Any, dict[str, Any]] = {
    Doc: {
        "trend_vector": doc_vector,
        "trend_focus": doc_focus,
        "trend_related": doc_related,
        "trend_truncated": doc_truncated,
        "trend_words": trend_words,
    },
    Span: {
        "trend_vector": span_vector,
        "trend_focus": span_focus,
        "trend_related": span_related,
        "trend_words": trend_words,
    },
    Token: {
        "trend_vector": token_vector,
        "trend_attention": token_attention,
        "trend_weight": token_weight,
        "trend_importance": token_importance,
    },
}
#: All attributes, as spaCy names what a component assigns.
ATTRIBUTES = [
    f"{owner.__name__.lower()}._.{name}"
    for owner, getters in _GETTERS.items()
    for name in (*getters, SIMILARITY)
]


def _doc_word(doc: Doc, which: str) -> Token | None:
    record = sampled_record(doc)
    if record is None:
        return None
    focus, related = record["pair"].tolist()
    token = focus if which == "focus" else related
    return None if token < 0 else doc[token]


def _span_word(span: Span, which: str) -> Token | None:
    record = checked_record(span)
    if record is None:
        return None
    words = words_in(record, span)
    word = int(getattr(select_in(span.doc, record, words), which)[0])
    return None if word < 0 else span.doc[int(record["tokens"][words][word])]


def _number_of(token: Token, field: Literal["weights", "importance"]) -> float | None:
    record = read_record(token.doc)
    if record is None:
        return None
    word = _word_of(token, record)
    return 0.0 if word is None else float(record[field][word])


def _word_of(token: Token, record: Record) -> int | None:
    tokens = record["tokens"]
    word = int(np.searchsorted(tokens, token.i))
    if word == len(tokens) or tokens[word] != token.i:
        return None
    if record["offsets"][word].tolist() != [token.idx, len(token)]:
        raise ValueError(other_tokens(token.doc, "other tokens than it had"))
    return word


def _read_only(array: Floats) -> Floats:
    view = array.view()
    view.flags.writeable = False
    return view
