"""spaCy's own `vector` and `similarity`, answered with the trend vector: the setting `vector_hooks`."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..types import Floats
from .record import read_record
from .similarity import cosine


def install_hooks(docs: Doc | Iterable[Doc]) -> list[Doc]:
    """Make `vector`, `has_vector`, `vector_norm` and `similarity` of docs answer with the trend vector.

    So do those of spans and tokens, if the vectors of words were kept. The setting `vector_hooks` does it by
    itself, but like all hooks of spaCy's they are not saved with a doc, nor handed from one process to
    another: call this for docs that were read from a file or made with `n_process`. The attribute
    `trend_similarity` needs no hooks.

    Args:
        docs: a doc, or several, that `trend_vector` ran on.

    Returns:
        the docs.

    Raises:
        ValueError: for anything but docs, or a doc that `trend_vector` has not run on; no doc has new hooks
            then.
    """
    found = [docs] if isinstance(docs, Doc) else list(docs)
    has_words = [_keeps_words(doc) for doc in found]
    for doc, with_words in zip(found, has_words, strict=True):
        doc.user_hooks.update(_HOOKS)
        if with_words:
            doc.user_token_hooks.update(_HOOKS)
            # spaCy calls a span's hook for the vector when it means the norm; without one it computes it.
            doc.user_span_hooks.update({name: hook for name, hook in _HOOKS.items() if name != "vector_norm"})
    return found


def _keeps_words(doc: Doc) -> bool:
    if not isinstance(doc, Doc):
        raise ValueError(
            f"install_hooks: got {doc!r:.40} of type {type(doc).__name__}. Expected a Doc or "
            "several: call nlp on the text and pass the result."
        )
    record = read_record(doc)
    if record is None:
        raise ValueError(
            f"install_hooks: the doc {doc.text[:40]!r} has no trend vector. Expected one that "
            "'trend_vector' ran on: nlp.add_pipe('trend_vector'), then call nlp on the text."
        )
    return record["word_vectors"] is not None


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
    """Return the cosine of two trend vectors, -1 to 1; 0 if one is zeros, with a warning, as in spaCy.

    Args:
        item: a doc, span or token.
        other: a doc, span or token that the component ran on, or anything else with a `vector` of that width.

    Raises:
        ValueError: if `item` is of a doc with the hooks and no values, or for vectors of different widths.
    """
    return cosine(item, vector(item), other)


_HOOKS: dict[str, Any] = {
    "vector": vector,
    "has_vector": has_vector,
    "vector_norm": vector_norm,
    "similarity": similarity,
}
