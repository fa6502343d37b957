"""spaCy's own `vector` and `similarity`, answered with the trend vector: the setting `vector_hooks`."""

from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..types import Floats


def install_hooks(doc: Doc, with_words: bool) -> None:
    """Have `vector`, `has_vector`, `vector_norm` and `similarity` answer with the trend vector.

    Like all hooks of spaCy's they are not saved with the doc, nor handed from one process to another.

    with_words: for the doc's spans and tokens too; their vectors must have been kept.
    """
    doc.user_hooks.update(_HOOKS)
    if not with_words:
        return
    doc.user_token_hooks.update(_HOOKS)
    # spaCy calls the vector hook of a span where it means the norm; it computes the norm without a hook.
    doc.user_span_hooks.update({name: hook for name, hook in _HOOKS.items() if name != "vector_norm"})


def vector(item: Doc | Span | Token) -> Floats:
    """The trend vector of a doc, span or token: float32 `(width,)`.

    RAISES: ValueError where a doc has the hooks but no values.
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
    """Whether the trend vector of a doc, span or token is anything but zeros."""
    return bool(np.any(vector(item)))


def vector_norm(item: Doc | Span | Token) -> float:
    """The length (L2 norm) of the trend vector of a doc, span or token."""
    return float(np.linalg.norm(vector(item)))


def similarity(item: Doc | Span | Token, other: Any) -> float:
    """The cosine of two trend vectors, -1 to 1; 0 where one is zeros, as spaCy has it.

    other: a doc, span or token that the component ran on, or whatever has a `vector` of that width.
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
