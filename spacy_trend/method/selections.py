"""Selections: which words a text's vector is made of, from the attention they receive.

Nothing here knows a `Doc`. The words of several texts stand one after another, in segments: see `segments`.

Source of `leading_pair`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task
of semantic context determining" (2022), with its code, below "the article".
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..settings import check_choice, check_layer
from ..types import Floats, Ints
from .interface import Selection, pair_of
from .mutual_attention import mutual_with
from .segments import as_lengths, leaders_beside, most_frequent, segment_leaders, segment_shares


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


@dataclass(frozen=True)
class MutualPair:
    """The focus, and the word with which it shares most attention. See `mutual_pair`.

    RAISES: ValueError, as `mutual_pair`.
    """

    layers_between: tuple[int | float, ...] | None = (0.34,)

    def __post_init__(self) -> None:
        _check_layers(self.config["@misc"].split(".")[1], self.layers_between)

    @property
    def rows(self) -> str:
        """One row: the last layer, the mean of its heads."""
        return "layers"

    @property
    def layers(self) -> tuple[int | float, ...]:
        """The layer whose leader is the focus: the last."""
        return (-1,)

    @property
    def pairs(self) -> tuple[int | float, ...] | None:
        """The layers whose attention between words is read; None for all."""
        return self.layers_between

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        between = None if self.layers_between is None else list(self.layers_between)
        return {"@misc": "spacy-trend.mutual_pair.v1", "layers_between": between}

    def __call__(self, attention: Floats, lengths: Ints | None = None, *, mutual: Floats) -> Selection:
        """Choose a focus and a related word in every segment.

        attention: float32 `(1, words)`, attention received.
        lengths: int `(segments,)`, words in each segment; None for one segment of all words.
        mutual: float32 `(words, reach)`, a band of mutual attention.
        RETURNS: weight 1 for the chosen words, 0 for the others.
        """
        lengths = as_lengths(lengths, attention.shape[1])
        focus = segment_leaders(attention[-1:], lengths)[0]
        with_focus = mutual_with(np.repeat(focus, lengths), mutual)
        related = leaders_beside(focus, with_focus, lengths)
        # Attention is never zero where a window holds both words.
        related[np.append(with_focus, 0)[related] == 0] = -1
        return pair_of(focus, related, attention.shape[1])


def mutual_pair(layers_between: Sequence[int | float] | None = (0.34,)) -> MutualPair:
    """The word that draws most attention, and the word with which it shares most, each with weight 1.

    The focus is the leader of the last layer (mean of its heads). The related word is the one with most
    mutual attention: what it gives to the focus and gets from it, in the mean of some layers and their heads,
    in the windows that hold both; there is none where no window does.

    layers_between: the layers in which mutual attention is read: whole numbers count from 0, or from -1
        backwards, fractions between 0 and 1 are a part of the way up: 0.34 is layer 2 of 6, 4 of 12; None for
        all.
    RETURNS: a selection.
    RAISES: ValueError for no layer, or a fraction that is not between 0 and 1.
    """
    return MutualPair(None if layers_between is None else tuple(layers_between))


@dataclass(frozen=True)
class DependencyPair(MutualPair):
    """A root and its child with most mutual attention. See `dependency_pair`."""

    @property
    def reads_heads(self) -> bool:
        """Whether the dependency tree is read."""
        return True

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {**super().config, "@misc": "spacy-trend.dependency_pair.v1"}

    def __call__(
        self, attention: Floats, lengths: Ints | None = None, *, mutual: Floats, heads: Ints | None = None
    ) -> Selection:
        """Choose a root and one of its children in every segment.

        attention: float32 `(1, words)`, attention received.
        lengths: int `(segments,)`, words in each segment; None for one segment of all words.
        mutual: float32 `(words, reach)`, a band of mutual attention.
        heads: int64 `(words,)`, the position of each word's head among all words, its own for a root, -1 for
            a head that is no word.
        RETURNS: weight 1 for the chosen words, 0 for the others.
        RAISES: ValueError without heads.
        """
        if heads is None:
            raise ValueError("dependency_pair: got no heads. Expected those of a dependency tree.")
        lengths = as_lengths(lengths, attention.shape[1])
        segment = np.repeat(np.arange(len(lengths)), lengths)
        is_outside = (heads < 0) | (segment[heads] != segment) if len(heads) > 0 else heads < 0
        # A phrase has no root of its own where the tree's is elsewhere: then words whose head is outside.
        rank = 2 * (heads == np.arange(len(heads))) + is_outside
        highest = rank[segment_leaders(rank[None], lengths)[0]] if len(heads) > 0 else lengths
        received = np.where(rank == np.repeat(highest, lengths), attention[-1], -np.inf)
        focus = segment_leaders(received[None], lengths)[0]
        of_segment = np.repeat(focus, lengths)
        is_child = (heads == of_segment) & (np.arange(len(heads)) != of_segment)
        with_focus = np.where(is_child, mutual_with(of_segment, mutual), -np.inf)
        related = segment_leaders(with_focus[None].astype(np.float32), lengths)[0]
        has_child = np.bincount(segment[is_child], minlength=len(lengths)) > 0
        related[~has_child] = -1
        return pair_of(focus, related, attention.shape[1])


def dependency_pair(layers_between: Sequence[int | float] | None = (0.34,)) -> DependencyPair:
    """The root of the dependency tree, and its child with most mutual attention, each with weight 1.

    Of several roots, the one with most attention received in the last layer. A phrase without a root has as
    its focus a word whose head is outside. A root without children that are words stands alone.

    layers_between: as for `mutual_pair`.
    RETURNS: a selection, for docs that a parser ran on.
    RAISES: ValueError for no layer, or a fraction that is not between 0 and 1.
    """
    return DependencyPair(None if layers_between is None else tuple(layers_between))


def _check_layers(owner: str, layers: tuple[int | float, ...] | None) -> None:
    if layers == ():
        raise ValueError(f"{owner}: layers_between=[] names no layer. Expected one or more, or null for all.")
    for layer in layers or ():
        check_layer(owner, layer)
