"""Selections: which words a text's vector is made of, from the attention they receive.

Nothing here knows a `Doc`. The words of several texts stand one after another, in segments: see `segments`.

Source of `leading_pair`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task
of semantic context determining" (2022), with its code, below "the article".
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from .segments import Floats, Ints, as_lengths, leaders_beside, most_frequent, segment_leaders, segment_shares
from .settings import check_choice, check_layer


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


@dataclass(frozen=True)
class LeadingPair:
    """The article's two words: the focus, and the word that follows it where it leads. See `leading_pair`.

    RAISES: ValueError, as `leading_pair`.
    """

    rows: str = "heads"
    layer: int | float = 0
    focus: str = "last"

    def __post_init__(self) -> None:
        check_layer("leading_pair", self.layer)
        check_choice("leading_pair", "rows", self.rows, ("heads", "layers"))
        check_choice("leading_pair", "focus", self.focus, ("last", "most"))
        if self.rows == "layers" and self.layer != 0:
            raise ValueError(
                f"leading_pair: layer={self.layer} has no meaning with rows='layers', where every layer is "
                "a row. Leave layer out, or set rows='heads' to read the heads of that layer."
            )

    @property
    def layers(self) -> tuple[int | float, ...] | None:
        """The layers whose attention is read; None for all."""
        return (self.layer,) if self.rows == "heads" else None

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.leading_pair.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Choose a focus and a related word in every segment.

        attention: float32 `(rows, words)`, attention received.
        lengths: int `(segments,)`, words in each segment; None for one segment of all words.
        RETURNS: weight 1 for the chosen words, 0 for the others.
        """
        lengths = as_lengths(lengths, attention.shape[1])
        leaders = segment_leaders(attention, lengths)
        if self.focus == "last":
            focus = leaders[-1]
        else:
            focus = most_frequent(leaders, np.ones(leaders.shape, dtype=bool), lengths)
        others = np.array(attention, dtype=np.float32)
        others[:, focus[focus >= 0]] = -np.inf
        followers = segment_leaders(others, lengths)
        related = most_frequent(followers, leaders == focus, lengths)
        related[lengths < 2] = -1
        return pair_of(focus, related, attention.shape[1])


def leading_pair(rows: str = "heads", layer: int | float = 0, focus: str = "last") -> LeadingPair:
    """The article's selection: the focus and the word related to it, each with weight 1.

    The related word is the most frequent leader of the rows the focus leads, once the focus's own column
    is taken out. All ties go to the first word. One word has no related word.

    rows: "heads": one row for each head of `layer`, which is what the article's code reads. "layers": one
        row for each layer, the mean of its heads, which is what its prose says.
    layer: the layer whose heads are the rows, from 0; negative numbers count from the last, a fraction
        between 0 and 1 is a part of the way up.
    focus: "last": the leader of the last row, as in the article's code. "most": the leader of most rows.
    RETURNS: a selection.
    RAISES: ValueError for an unknown value, or a layer where every layer is a row.
    """
    return LeadingPair(rows=rows, layer=layer, focus=focus)


@dataclass(frozen=True)
class AttendedWords:
    """All words, weighted by the attention they receive. See `attended_words`.

    RAISES: ValueError, as `attended_words`.
    """

    layer: int | float = 0.5
    residual: float = 0.0

    def __post_init__(self) -> None:
        check_layer("attended_words", self.layer)
        if not 0 <= self.residual < np.inf:
            raise ValueError(
                f"attended_words: residual={self.residual!r} is out of range. Expected a number that is not "
                "negative, in units of attention received: change it in the config."
            )

    @property
    def rows(self) -> str:
        """One row: the layer, the mean of its heads."""
        return "layers"

    @property
    def layers(self) -> tuple[int | float, ...]:
        """The layer whose attention is read."""
        return (self.layer,)

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.attended_words.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Weigh the words of every segment.

        attention: float32 `(1, words)`, attention received.
        lengths: int `(segments,)`, words in each segment; None for one segment of all words.
        RETURNS: weights that add up to 1 in every segment with words; the word with most attention as focus,
            the next as related.
        """
        lengths = as_lengths(lengths, attention.shape[1])
        focus = segment_leaders(attention[-1:], lengths)[0]
        related = leaders_beside(focus, attention[-1], lengths)
        return Selection(segment_shares(attention[-1] + np.float32(self.residual), lengths), focus, related)


def attended_words(layer: int | float = 0.5, residual: float = 0.0) -> AttendedWords:
    """All words of a text, each with the share of attention it receives in one layer (mean of its heads).

    The focus is the word with most attention, the related word the one after it.

    layer: a whole number counts layers from 0, or from -1 backwards; a fraction between 0 and 1 is a part of
        the way up: 0.5 is layer 3 of 6, 6 of 12.
    residual: what every word is given besides, in units of attention received; the shares become the more
        equal the greater it is. 1 stands for the residual connection around the attention, by which a
        position also gives itself 1: Abnar & Zuidema, "Quantifying attention flow in transformers" (2020),
        section 3, add the identity to the attention matrix.
    RETURNS: a selection.
    RAISES: ValueError for a fraction that is not between 0 and 1, or a negative residual.
    """
    return AttendedWords(layer=layer, residual=residual)
