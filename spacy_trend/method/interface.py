"""Changes: from a word's static and contextual embedding to its vector.

Source of `log_ratio`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task of
semantic context determining" (2022), with its code, below "the article". The others are this project's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..types import Floats, Ints

#: From static and contextual embeddings, both float32 `(words, width)`, to the words' vectors, float32
#: `(words, any width)`. It must accept zero words: that is how its width is asked.
Change = Callable[[Floats, Floats], Floats]


def changed_width(change: Change, width: int) -> int:
    """How wide the vectors are that a change makes of embeddings of a width."""
    none = np.zeros((0, width), dtype=np.float32)
    return int(change(none, none).shape[1])


class Selection(NamedTuple):
    """Weights over the words of all segments, and the words that stand for each segment.

    weights: float32 `(words,)`; a segment's vector is the sum of its words' vectors times these.
    focus: int64 `(segments,)`, position among the words of all segments, -1 where there is none.
    related: as `focus`.
    """

    weights: Floats
    focus: Ints
    related: Ints


def pair_of(focus: Ints, related: Ints, words: int) -> Selection:
    """The selection of two words in every segment, each with weight 1.

    focus, related: int64 `(segments,)`, positions among all words, -1 for none.
    words: how many there are.
    """
    weights = np.zeros(words, dtype=np.float32)
    weights[focus[focus >= 0]] = 1.0
    weights[related[related >= 0]] = 1.0
    return Selection(weights, focus, related)


class Select(Protocol):
    """What the setting `select` expects: a callable that says which attention it reads.

    It chooses words in every segment, from `attention`, float32 `(rows, words)`, and `lengths`, int64
    `(segments,)`, None for one segment of all words, to a `Selection`. One that has these attributes is given
    more, by keyword:

    `pairs` (as `layers`; empty for none): `mutual`, float32 `(words, reach)`, the mutual attention of words
        in the mean of these layers and their heads, as a band: see `mutual`.
    `reads_heads` (True): `heads`, int64 `(words,)`, the position among all words of each word's head in the
        dependency tree, its own for a root, -1 for a head that is no word.
    """

    @property
    def rows(self) -> str:
        """What a row is: "heads" for one head of a layer, "layers" for one layer, the mean of its heads."""

    @property
    def layers(self) -> tuple[int | float, ...] | None:
        """The layers to read, from 0, negative ones counted from the last, fractions between 0 and 1 of all
        of them; None for all."""

    @property
    def config(self) -> dict[str, Any]:
        """How a pipeline's config names this selection, so that a stored doc can make it again."""

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Choose words in every segment."""


def pairs_of(select: Select) -> tuple[int | float, ...] | None:
    """The layers whose mutual attention a selection reads; empty for none, None for all."""
    return getattr(select, "pairs", ())


def reads_heads(select: Select) -> bool:
    """Whether a selection reads the dependency tree."""
    return bool(getattr(select, "reads_heads", False))


def evidence_for(select: Select, mutual: Floats, heads: Callable[[], Ints]) -> dict[str, Any]:
    """What a selection is given beside attention received, by keyword: see `Select`.

    mutual: float32 `(words, reach)`.
    heads: gives int64 `(words,)`; called only where it is read.
    """
    evidence: dict[str, Any] = {}
    if pairs_of(select) != ():
        evidence["mutual"] = mutual
    if reads_heads(select):
        evidence["heads"] = heads()
    return evidence
