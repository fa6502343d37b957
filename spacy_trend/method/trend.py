"""The trend vector in arrays: words' changes, a selection among them, and their sum.

Nothing here knows a `Doc`. The words of several texts stand one after another, in segments: see `segments`.
"""

from typing import NamedTuple

from ..types import Floats, Ints
from .interface import Change, Select
from .segments import means_of_filled, only_filled, weighted_sums


class Trends(NamedTuple):
    """What comes out for some texts.

    word_vectors: float32 `(words, width)`, each word's change.
    vectors: float32 `(texts, width)`.
    focus, related: int64 `(texts,)`, positions among all words; -1 where there is none, or where a text has
        several segments and so no pair of its own.
    """

    word_vectors: Floats
    vectors: Floats
    focus: Ints
    related: Ints


def compute_trends(
    static: Floats,
    contextual: Floats,
    attention: Floats,
    *,
    select: Select,
    change: Change,
    lengths: Ints,
    segments: Ints,
    **evidence: Floats | Ints,
) -> Trends:
    """The vectors of texts: a segment's is the weighted sum of its words' changes, a text's their mean.

    static, contextual: float32 `(words, width)`.
    attention: float32 `(rows, words)`, attention received.
    lengths: int64 `(segments,)`, how many words each segment has.
    segments: int64 `(texts,)`, how many segments each text has; those without words do not count.
    evidence: what else the selection is given, see `selections.Select`.
    """
    selection = select(attention, lengths, **evidence)
    word_vectors = change(static, contextual)
    of_segments = weighted_sums(word_vectors, selection.weights, lengths)
    return Trends(
        word_vectors,
        means_of_filled(of_segments, lengths, segments),
        only_filled(selection.focus, lengths, segments),
        only_filled(selection.related, lengths, segments),
    )
