"""The similarity of docs, spans and tokens: the cosine of their trend vectors."""

import warnings
from typing import Any

import numpy as np
from spacy.errors import Warnings
from spacy.tokens import Doc, Span, Token

from ..types import Floats


def trend_similarity(item: Doc | Span | Token, other: Any) -> float:
    """Return `._.trend_similarity(other)`: the cosine of two trend vectors, -1 to 1.

    It is 0, and spaCy's warning W008 says so, if one of the two has no vector: because it has no words, or
    because the component has not run on it.

    Args:
        item: a doc, span or token.
        other: a doc, span or token, or anything else with a `vector`.

    Raises:
        ValueError: for vectors of different widths, or something without a vector.
    """
    return cosine(item, item._.trend_vector, other)


def cosine(item: Doc | Span | Token, vector: Floats | None, other: Any) -> float:
    """Return the cosine of an item's vector and another's: see `trend_similarity`.

    Args:
        item: for messages.
        vector: float32 `(width,)`, the item's; None if it has none.
        other: as for `trend_similarity`.

    Raises:
        ValueError: as `trend_similarity`.
    """
    theirs = _vector_of(other)
    if vector is None or theirs is None or not vector.any() or not np.any(theirs):
        warnings.warn(Warnings.W008.format(obj=type(item).__name__), stacklevel=3)
        return 0.0
    if vector.shape != theirs.shape:
        raise ValueError(
            f"{item.text[:40]!r} and {_shown(other)} cannot be compared: got vectors of the shapes "
            f"{vector.shape} and {theirs.shape}, expected one width. Run the same pipeline on both."
        )
    # In float64 the squares of float32 numbers can neither overflow nor vanish.
    ours, theirs = vector.astype(np.float64), theirs.astype(np.float64)
    return float(ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs)))


def _vector_of(other: Any) -> Any:
    """Return the trend vector of a doc, span or token, the vector of anything else; None if it has none."""
    if isinstance(other, Doc | Span | Token):
        return other._.trend_vector
    if not hasattr(other, "vector"):
        raise ValueError(
            f"trend_similarity: got {other!r:.40} of type {type(other).__name__}. Expected a Doc, Span or "
            "Token, or something with a vector: call nlp on the text."
        )
    return np.asarray(other.vector)


def _shown(other: Any) -> str:
    return f"{getattr(other, 'text', type(other).__name__)[:40]!r}"
