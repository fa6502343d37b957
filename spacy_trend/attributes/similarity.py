"""The similarity of docs, spans and tokens: the cosine of their trend vectors."""

import warnings
from typing import Any

import numpy as np
from spacy.errors import Warnings
from spacy.tokens import Doc, Span, Token
from thinc.util import is_cupy_array

from ..messages import shorten
from ..types import Floats


def trend_similarity(item: Doc | Span | Token, other: Any) -> float:
    """Return `._.trend_similarity(other)`: the cosine of two trend vectors, -1 to 1.

    It is 0, and spaCy's warning W008 says so, if one of the two has no vector: because it has no words, or
    because the component has not run on it.

    Args:
        item: a doc, span or token.
        other: a doc, span or token, or anything else with a `vector`.

    Raises:
        ValueError: for vectors of different widths, or something without a vector of real numbers.
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
    # In float64 the squares of float32 numbers can neither overflow nor vanish; those of float64 can.
    ours, theirs = vector.astype(np.float64), theirs.astype(np.float64)
    theirs /= np.abs(theirs).max()
    cosine = ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs))
    # Rounding may lead beyond the ends.
    return float(np.clip(cosine, -1, 1))


def _vector_of(other: Any) -> Any:
    """Return the trend vector of a doc, span or token, the vector of anything else; None if it has none."""
    if isinstance(other, Doc | Span | Token):
        return other._.trend_vector
    if not hasattr(other, "vector"):
        raise ValueError(
            f"trend_similarity: got {other!r:.40} of type {type(other).__name__}. Expected a Doc, Span or "
            "Token, or something with a vector: call nlp on the text."
        )
    return None if other.vector is None else _as_floats(other.vector)


def _as_floats(vector: Any) -> Any:
    """Return a vector of any library as float64 `(width,)`."""
    given = vector
    if hasattr(type(vector), "detach"):
        # numpy takes no tensor of torch that learns, lies on a GPU or has numbers of 16 bits.
        vector = vector.detach().cpu().double()
    elif is_cupy_array(vector):
        vector = vector.get()
    try:
        array = np.asarray(vector)
        # What numpy would read numbers out of, or leave the half of.
        if array.dtype.kind not in "SUMmc":
            return array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        pass
    raise ValueError(
        f"trend_similarity: got the vector {shorten(given)} of type {type(given).__name__}. Expected an "
        "array of real numbers."
    )


def _shown(other: Any) -> str:
    text = getattr(other, "text", None)
    return repr((text if isinstance(text, str) else type(other).__name__)[:40])
