"""Selections: which words a text's vector is made of, from the attention they receive and give each other.

The words of several texts stand one after another, in segments: see `segments`.

Source of `leading_pair`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task
of semantic context determining" (2022), with its code; below, "the article".
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..settings import Layers, check_choice, check_layer
from ..types import Floats, Ints
from .interface import Selection, pair_of
from .mutual_attention import MutualAttention, mutual_with
from .segments import (
    as_lengths,
    leaders_beside,
    most_frequent,
    segment_leaders,
    segment_numbers,
    segment_shares,
)


@dataclass(frozen=True)
class LeadingPair:
    """The article's two words: the focus, and the word that follows it in the rows it leads.

    See `leading_pair` for the settings and the errors they raise.
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
                f"leading_pair: layer={self.layer} has no meaning with rows='layers': every layer is a row. "
                "Leave layer out, or set rows='heads' to read the heads of that layer."
            )

    @property
    def layers(self) -> Layers:
        """The layers whose attention is read; None for all."""
        return (self.layer,) if self.rows == "heads" else None

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.leading_pair.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Choose a focus and a related word in every segment, each with weight 1: see `interface.Select`."""
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
    """Return the article's selection: the focus and the word related to it, each with weight 1.

    The related word is the most frequent leader of the rows that the focus leads, once the focus's own column
    is taken out. All ties go to the first word. A text of one word has no related word.

    Args:
        rows: "heads": one row for each head of `layer`, which is what the article's code reads. "layers": one
            row for each layer, the mean of its heads, which is what its prose says.
        layer: the layer whose heads are the rows: a layer number, see `settings`.
        focus: "last": the leader of the last row, as in the article's code. "most": the leader of most rows.

    Raises:
        ValueError: for an unknown value, or a layer when every layer is a row.
    """
    return LeadingPair(rows=rows, layer=layer, focus=focus)


@dataclass(frozen=True)
class AttendedWords:
    """All words, weighted by the attention they receive.

    See `attended_words` for the settings and the errors they raise.
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
    def layers(self) -> Layers:
        """The layer whose attention is read."""
        return (self.layer,)

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.attended_words.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Weigh the words of every segment: see `interface.Select`.

        Returns:
            weights that add up to 1 in every segment with words; the word with most attention as focus, the
            next as related.
        """
        lengths = as_lengths(lengths, attention.shape[1])
        focus = segment_leaders(attention[-1:], lengths)[0]
        related = leaders_beside(focus, attention[-1], lengths)
        return Selection(segment_shares(attention[-1] + np.float32(self.residual), lengths), focus, related)


def attended_words(layer: int | float = 0.5, residual: float = 0.0) -> AttendedWords:
    """Return the selection of all words, each with its share of the attention received in one layer.

    The attention is the mean of the layer's heads. The focus is the word with most attention, the related
    word the next.

    Args:
        layer: a layer number, see `settings`.
        residual: what every word is given besides, in units of attention received: the greater, the more
            equal are the shares. 1 stands for the residual connection around the attention, by which a
            position also gives itself 1: Abnar & Zuidema, "Quantifying attention flow in transformers"
            (2020), section 3, add the identity to the attention matrix.

    Raises:
        ValueError: for a layer fraction outside (0, 1), or a negative residual.
    """
    return AttendedWords(layer=layer, residual=residual)


@dataclass(frozen=True)
class MutualPair:
    """The focus, and the word with which it shares most attention.

    See `mutual_pair` for the settings and the errors they raise.
    """

    mutual_layers: Layers = (0.34,)

    def __post_init__(self) -> None:
        owner = self.config["@misc"].split(".")[1]
        if self.mutual_layers is not None and not self.mutual_layers:
            raise ValueError(f"{owner}: layers is empty. Expected one layer or more, or null for all.")
        for layer in self.mutual_layers or ():
            check_layer(owner, layer)

    @property
    def rows(self) -> str:
        """One row: the last layer, the mean of its heads."""
        return "layers"

    @property
    def layers(self) -> Layers:
        """The layer whose leader is the focus: the last."""
        return (-1,)

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        layers = None if self.mutual_layers is None else list(self.mutual_layers)
        return {"@misc": "spacy-trend.mutual_pair.v1", "layers": layers}

    def __call__(
        self, attention: Floats, lengths: Ints | None = None, *, mutual: MutualAttention
    ) -> Selection:
        """Choose a focus and a related word in every segment, each with weight 1: see `interface.Select`."""
        lengths = as_lengths(lengths, attention.shape[1])
        focus = segment_leaders(attention[-1:], lengths)[0]
        with_focus = mutual_with(np.repeat(focus, lengths), mutual)
        related = leaders_beside(focus, with_focus, lengths)
        # Attention is never zero if a window holds both words.
        related[np.append(with_focus, 0)[related] == 0] = -1
        return pair_of(focus, related, attention.shape[1])


def mutual_pair(layers: Sequence[int | float] | None = (0.34,)) -> MutualPair:
    """Return the selection of the word with most attention and the word that shares most with it.

    Each has weight 1. The focus is the leader of the last layer (mean of its heads). The related word is the
    one with most mutual attention: what it gives to the focus and gets from it, in the mean of some layers
    and their heads, in the windows that hold both. If no window does, there is none.

    Args:
        layers: the layers in which mutual attention is read: layer numbers, see `settings`; None for all.

    Raises:
        ValueError: for no layer, or a layer fraction outside (0, 1).
    """
    return MutualPair(None if layers is None else tuple(layers))


@dataclass(frozen=True)
class DependencyPair(MutualPair):
    """A root, and its child with most mutual attention.

    See `dependency_pair` for the settings and the errors they raise.
    """

    @property
    def reads_heads(self) -> bool:
        """Whether the dependency tree is read."""
        return True

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {**super().config, "@misc": "spacy-trend.dependency_pair.v1"}

    def __call__(
        self,
        attention: Floats,
        lengths: Ints | None = None,
        *,
        mutual: MutualAttention,
        heads: Ints | None = None,
    ) -> Selection:
        """Choose a root and one of its children in every segment.

        Args:
            attention: float32 `(1, words)`, attention received.
            lengths: int `(segments,)`, words in each segment; None for one segment of all words.
            mutual: of all words.
            heads: int64 `(words,)`, the position of each word's head among all words; its own for a root, -1
                for a head that is not a word.

        Returns:
            weight 1 for the chosen words, 0 for the others.

        Raises:
            ValueError: without heads.
        """
        if heads is None:
            raise ValueError("dependency_pair: got no heads. Expected those of a dependency tree.")
        lengths = as_lengths(lengths, attention.shape[1])
        focus = _roots(heads, attention[-1], lengths)
        of_segment = np.repeat(focus, lengths)
        is_child = (heads == of_segment) & (np.arange(len(heads)) != of_segment)
        with_focus = np.where(is_child, mutual_with(of_segment, mutual), -np.inf)
        related = segment_leaders(with_focus[None].astype(np.float32), lengths)[0]
        has_child = np.bincount(segment_numbers(lengths)[is_child], minlength=len(lengths)) > 0
        related[~has_child] = -1
        return pair_of(focus, related, attention.shape[1])


def dependency_pair(layers: Sequence[int | float] | None = (0.34,)) -> DependencyPair:
    """Return the selection of the dependency tree's root and its child with most mutual attention.

    Each has weight 1. Of several roots, the focus is the one with most attention received in the last layer.
    The focus of a phrase without a root is a word whose head is outside. If no child of the root is a word,
    the root stands alone.

    Args:
        layers: as for `mutual_pair`.

    Raises:
        ValueError: for no layer, or a layer fraction outside (0, 1).
    """
    return DependencyPair(None if layers is None else tuple(layers))


def _roots(heads: Ints, attention: Floats, lengths: Ints) -> Ints:
    """Return each segment's root with most attention, or, without one, a word whose head is outside."""
    if len(heads) == 0:
        return np.full(len(lengths), -1, dtype=np.int64)
    numbers = segment_numbers(lengths)
    is_outside = (heads < 0) | (numbers[heads] != numbers)
    rank = 2 * (heads == np.arange(len(heads))) + is_outside
    highest = rank[segment_leaders(rank[None], lengths)[0]]
    received = np.where(rank == np.repeat(highest, lengths), attention, -np.inf)
    leaders: Ints = segment_leaders(received[None], lengths)[0]
    return leaders
