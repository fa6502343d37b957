"""What a change and a selection are: all that the author of an own function needs to read."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..settings import Layers
from ..types import Floats, Ints
from .mutual_attention import MutualAttention

#: From static and contextual embeddings, both float32 `(words, width)`, to the words' vectors, float32
#: `(words, any width)`, each out of that word's embeddings alone: it is called with words of several texts,
#: and with a part of a long one. It must accept zero words: that is how its width is asked.
Change = Callable[[Floats, Floats], Floats]


def changed_width(change: Change, width: int) -> int:
    """Return the width of the vectors that a change makes of embeddings of a given width."""
    none = np.zeros((0, width), dtype=np.float32)
    return int(change(none, none).shape[1])


class Selection(NamedTuple):
    """Weights over the words of all segments, and the words that stand for each segment.

    Attributes:
        weights: float32 `(words,)`; a segment's vector is the sum of its words' vectors times these.
        focus: int64 `(segments,)`, positions among the words of all segments; -1 for none.
        related: int64 `(segments,)`, likewise.
        importance: float32 `(words,)`, shares that add up to 1 in every segment with words; None for those of
            the attention received in the last row.
    """

    weights: Floats
    focus: Ints
    related: Ints
    importance: Floats | None = None


def pair_of(focus: Ints, related: Ints, importance: Floats) -> Selection:
    """Return the selection of two words in every segment, each with weight 1.

    Args:
        focus: int64 `(segments,)`, positions among all words; -1 for none.
        related: int64 `(segments,)`, likewise.
        importance: float32 `(words,)`, see `Selection`.
    """
    weights = np.zeros(len(importance), dtype=np.float32)
    weights[focus[focus >= 0]] = 1.0
    weights[related[related >= 0]] = 1.0
    return Selection(weights, focus, related, importance)


class Select(Protocol):
    """What the setting `select` expects: a callable that chooses words, and says which attention it reads.

    Called with `attention`, float32 `(rows, words)`, and `lengths`, int64 `(segments,)` or None for one
    segment of all words, it returns a `Selection`. Three more attributes, each optional, ask for more
    evidence, which is passed by keyword:

    - `mutual_layers` (as `layers`; empty for none): `mutual`, a `mutual_attention.MutualAttention` of all
      words, the mean of these layers and their heads.
    - `reads_heads` (True): `heads`, int64 `(words,)`, the position among all words of each word's head in the
      dependency tree; its own for a root, -1 for a head that is not a word.
    - `reads_distances` (True): `distances`, float32 `(words,)`, how far each word's contextual embedding is
      turned from its static one: 1 less their cosine, see `changes.cosine_distances`.
    """

    @property
    def rows(self) -> str:
        """What a row is: "heads" for one head of a layer, "layers" for one layer, the mean of its heads."""

    @property
    def layers(self) -> Layers:
        """The layer numbers of the rows, see `settings`; None for all layers."""

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again, for phrases of stored docs."""

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Choose words in every segment."""


class OfLastLayer:
    """What selections read whose focus or importance is that of the last layer alone."""

    @property
    def rows(self) -> str:
        """One row: the last layer, the mean of its heads."""
        return "layers"

    @property
    def layers(self) -> Layers:
        """The last layer."""
        return (-1,)


def mutual_layers_of(select: Select) -> Layers:
    """Return the layers whose mutual attention a selection reads; empty for none, None for all."""
    return getattr(select, "mutual_layers", ())


def reads_heads(select: Select) -> bool:
    """Return whether a selection reads the dependency tree."""
    return bool(getattr(select, "reads_heads", False))


def reads_distances(select: Select) -> bool:
    """Return whether a selection reads how far words were turned."""
    return bool(getattr(select, "reads_distances", False))


def evidence_for(
    select: Select, mutual: MutualAttention, distances: Floats, heads: Callable[[], Ints]
) -> dict[str, Any]:
    """Return what a selection is given beside attention received, by keyword: see `Select`.

    Args:
        select: the selection.
        mutual: of all words.
        distances: float32 `(words,)`; any array if the selection does not read them.
        heads: returns int64 `(words,)`; it is called only if the selection reads heads.
    """
    evidence: dict[str, Any] = {}
    if mutual_layers_of(select) != ():
        evidence["mutual"] = mutual
    if reads_distances(select):
        evidence["distances"] = distances
    if reads_heads(select):
        evidence["heads"] = heads()
    return evidence
