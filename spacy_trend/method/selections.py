"""Selections: which words a text's vector is made of, from the attention they receive or how they changed.

The words of several texts stand one after another, in segments: see `segments`.

Source of `leading_pair`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task
of semantic context determining" (2022), with its code; below, "the article".
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..settings import Layers, check_choice, check_layer
from ..types import Floats, Ints
from .interface import OfLastLayer, Selection, pair_of
from .segments import (
    as_lengths,
    leaders_beside,
    most_frequent,
    segment_leaders,
    segment_numbers,
    segment_shares,
    starts,
)

#: More would leave nothing of the attention in float32, and the sum over a text might be beyond it.
MOST_RESIDUAL = 1e6


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
        decisive = attention[-1] if self.focus == "last" else attention.mean(axis=0, dtype=np.float64)
        return pair_of(focus, related, segment_shares(decisive, lengths))


def leading_pair(rows: str = "heads", layer: int | float = 0, focus: str = "last") -> LeadingPair:
    """Return the article's selection: the focus and the word related to it, each with weight 1.

    The related word is the most frequent leader of the rows that the focus leads, once the focus's own column
    is taken out. All ties go to the first word. A text of one word has no related word. Importance is read in
    the row that decides: the last, or the mean of all if the leader of most rows is the focus.

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
        if not 0 <= self.residual <= MOST_RESIDUAL:
            raise ValueError(
                f"attended_words: residual={self.residual!r} is out of range. Expected a number from 0 to "
                f"{MOST_RESIDUAL:g}, in units of attention received: change it in the config."
            )

    @property
    def rows(self) -> str:
        """Two rows, each a layer, the mean of its heads."""
        return "layers"

    @property
    def layers(self) -> Layers:
        """The layer that weighs the words, and the last, whose attention is their importance."""
        return (self.layer, -1)

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.attended_words.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Weigh the words of every segment: see `interface.Select`.

        Returns:
            weights that add up to 1 in every segment with words; the most important word as focus, the next
            as related.
        """
        lengths = as_lengths(lengths, attention.shape[1])
        focus = segment_leaders(attention[-1:], lengths)[0]
        related = leaders_beside(focus, attention[-1], lengths)
        weights = segment_shares(attention[0] + np.float32(self.residual), lengths)
        return Selection(weights, focus, related, segment_shares(attention[-1], lengths))


def attended_words(layer: int | float = 0.5, residual: float = 0.0) -> AttendedWords:
    """Return the selection of all words, each with its share of the attention received in one layer.

    The attention is the mean of the layer's heads. Importance is the share of the attention in the last
    layer: the focus is the word with most, the related word the next.

    Args:
        layer: the layer of the weights: a layer number, see `settings`.
        residual: what every word is given besides, in units of attention received: the greater, the more
            equal are the shares. 1 stands for the residual connection around the attention, by which a
            position also gives itself 1: Abnar & Zuidema, "Quantifying attention flow in transformers"
            (2020), section 3, add the identity to the attention matrix.

    Raises:
        ValueError: for a layer fraction outside (0, 1), or a residual outside 0 to 1,000,000.
    """
    return AttendedWords(layer=layer, residual=residual)


@dataclass(frozen=True)
class ChangedWords(OfLastLayer):
    """The words that the encoder turned farthest from what they were.

    See `changed_words` for the settings and the errors they raise.
    """

    k: int = 2

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise ValueError(
                f"changed_words: k={self.k!r} is out of range. Expected a whole number of words, at least 1: "
                "change it in the config."
            )

    @property
    def reads_distances(self) -> bool:
        """Whether the distances between static and contextual embeddings are read."""
        return True

    @property
    def config(self) -> dict[str, Any]:
        """The block of a config that makes this selection again."""
        return {"@misc": "spacy-trend.changed_words.v1", **asdict(self)}

    def __call__(self, attention: Floats, lengths: Ints | None = None, *, distances: Floats) -> Selection:
        """Choose words in every segment, each with weight 1: see `interface.Select`."""
        lengths = as_lengths(lengths, attention.shape[1])
        numbers = segment_numbers(lengths)
        # A NaN goes first, so that it is seen; of equals the first goes first.
        order = np.lexsort((np.where(np.isnan(distances), -np.inf, -distances), numbers))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order)) - np.repeat(starts(lengths), lengths)
        ranked = np.append(order, -1)
        focus = np.where(lengths > 0, ranked[np.minimum(starts(lengths), len(order))], -1)
        related = np.where(
            (lengths > 1) & (self.k > 1), ranked[np.minimum(starts(lengths) + 1, len(order))], -1
        )
        weights = (rank < self.k).astype(np.float32)
        return Selection(weights, focus, related, segment_shares(attention[-1], lengths))


def changed_words(k: int = 2) -> ChangedWords:
    """Return the selection of the words whose contextual embedding turned farthest from the static one.

    Each has weight 1. The distance is 1 less the cosine of both embeddings; the focus is the word with the
    greatest, the related word the next. Good for a vector, but no explanation: they are often words such as
    "of", which mean little by themselves. Importance is the share of the attention in the last layer.

    Args:
        k: how many words; a shorter text has all of its own.

    Raises:
        ValueError: unless `k` is a whole number of at least 1.
    """
    return ChangedWords(k=k)
