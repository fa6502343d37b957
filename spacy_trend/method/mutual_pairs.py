"""Selections of two words that belong together, by the attention they give each other or by a tree.

The words of several texts stand one after another, in segments: see `segments`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..settings import Layers, check_layer
from ..types import Floats, Ints
from .interface import OfLastLayer, Selection, pair_of
from .mutual_attention import MutualAttention, joint_leaders, mutual_with
from .segments import as_lengths, leaders_beside, segment_leaders, segment_numbers, segment_shares

#: A third and half of the way up: there related words attend to each other most, see benchmarks/RESULTS.md.
RELATING = (0.34, 0.5)


@dataclass(frozen=True)
class MutualPair(OfLastLayer):
    """The focus, and the word with which it shares most attention.

    See `mutual_pair` for the settings and the errors they raise.
    """

    mutual_layers: Layers = RELATING

    def __post_init__(self) -> None:
        owner = self.config["@misc"].split(".")[1]
        if self.mutual_layers is not None and not self.mutual_layers:
            raise ValueError(f"{owner}: layers is empty. Expected one layer or more, or null for all.")
        for layer in self.mutual_layers or ():
            check_layer(owner, layer)

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
        return pair_of(focus, related, segment_shares(attention[-1], lengths))


def mutual_pair(layers: Sequence[int | float] | None = RELATING) -> MutualPair:
    """Return the selection of the word with most attention and the word that shares most with it.

    Each has weight 1. The focus is the leader of the last layer (mean of its heads). The related word is the
    one with most mutual attention: what it gives to the focus and gets from it, in the mean of some layers
    and their heads, in the windows that hold both. If no window does, there is none.

    Args:
        layers: the layers in which mutual attention is read, their mean: layer numbers, see `settings`; None
            for all.

    Raises:
        ValueError: for no layer, or a layer fraction outside (0, 1).
    """
    return MutualPair(None if layers is None else tuple(layers))


@dataclass(frozen=True)
class JointPair(MutualPair):
    """Two words chosen together: important ones that share more than their attention to all words explains.

    See `joint_pair` for the settings and the errors they raise.
    """

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {**super().config, "@misc": "spacy-trend.joint_pair.v1"}

    def __call__(
        self, attention: Floats, lengths: Ints | None = None, *, mutual: MutualAttention
    ) -> Selection:
        """Choose two words in every segment, each with weight 1: see `interface.Select`."""
        lengths = as_lengths(lengths, attention.shape[1])
        received = attention[-1]
        one, other = joint_leaders(mutual, received, lengths)
        is_pair = one >= 0
        is_swapped = is_pair & (np.append(received, 0)[other] > np.append(received, 0)[one])
        alone = segment_leaders(attention[-1:], lengths)[0]
        focus = np.where(is_pair, np.where(is_swapped, other, one), alone)
        related = np.where(is_swapped, one, other)
        return pair_of(focus, related, segment_shares(received, lengths))


def joint_pair(layers: Sequence[int | float] | None = RELATING) -> JointPair:
    """Return the selection of the two words that share most, for how much each shares with all.

    Each has weight 1. The pair i, j has the greatest `(M_ij - r_i * r_j / sum(r)) * sqrt(a_i * a_j)`: M is
    the mutual attention of the segment's words, r the sums of its rows, and a the attention received in the
    last layer. The first factor is what a pair shares beyond what chance would give words that share so much
    with all (the modularity of Newman, "Finding community structure in networks using the eigenvectors of
    matrices", 2006, equation 2); the second prefers important words. The focus is the one of the two with
    more attention. If no window holds two words, the word with most attention stands alone.

    Args:
        layers: as for `mutual_pair`.

    Raises:
        ValueError: for no layer, or a layer fraction outside (0, 1).
    """
    return JointPair(None if layers is None else tuple(layers))


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
        return pair_of(focus, related, segment_shares(attention[-1], lengths))


def dependency_pair(layers: Sequence[int | float] | None = RELATING) -> DependencyPair:
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
