"""spaCy's own `vector` and `similarity`, answered with the trend vector: the setting `vector_hooks`."""

from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..types import Floats


def install_hooks(doc: Doc, with_words: bool) -> None:
    """Make `vector`, `has_vector`, `vector_norm` and `similarity` answer with the trend vector.

    Like all hooks of spaCy's they are not saved with the doc, nor handed from one process to another.

    Args:
        doc: the doc.
        with_words: for the doc's spans and tokens too; their vectors must have been kept.
    """
    doc.user_hooks.update(_HOOKS)
    if not with_words:
        return
    doc.user_token_hooks.update(_HOOKS)
    # spaCy calls a span's hook for the vector when it means the norm; without a hook it computes the norm.
    doc.user_span_hooks.update({name: hook for name, hook in _HOOKS.items() if name != "vector_norm"})


def vector(item: Doc | Span | Token) -> Floats:
    """Return the trend vector of a doc, span or token, float32 `(width,)`.

    Args:
        item: the doc, span or token.

    Raises:
        ValueError: if a doc has the hooks but no values.
    """
    found: Floats | None = item._.trend_vector
    if found is None:
        raise ValueError(
            f"{item.text[:40]!r} has no trend vector: got a doc with the hooks of 'trend_vector' and without "
            "its values, as Span.as_doc makes them. Expected one that the pipeline ran on: call nlp on its "
            "text."
        )
    return found


def has_vector(item: Doc | Span | Token) -> bool:
    """Return whether the trend vector of a doc, span or token is anything but zeros."""
    return bool(np.any(vector(item)))


def vector_norm(item: Doc | Span | Token) -> float:
    """Return the length (L2 norm) of the trend vector of a doc, span or token."""
    return float(np.linalg.norm(vector(item)))


def similarity(item: Doc | Span | Token, other: Any) -> float:
    """Return the cosine of two trend vectors, -1 to 1; 0 if one is zeros, as in spaCy.

    Args:
        item: a doc, span or token.
        other: a doc, span or token that the component ran on, or anything with a `vector` of that width.
    """
    ours = vector(item)
    theirs = other._.trend_vector if isinstance(other, (Doc, Span, Token)) else None
    theirs = other.vector if theirs is None else theirs
    norms = float(np.linalg.norm(ours) * np.linalg.norm(theirs))
    return float(np.dot(ours, theirs)) / norms if norms else 0.0


_HOOKS: dict[str, Any] = {
    "vector": vector,
    "has_vector": has_vector,
    "vector_norm": vector_norm,
    "similarity": similarity,
}
