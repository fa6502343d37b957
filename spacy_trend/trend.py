"""The article in arrays: how a word changed, which words to take, and their sum.

Nothing here knows a `Doc`. The words of several texts stand one after another, in segments: see `segments`.

Sources: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task of semantic
context determining" (2022), with its code, below "the article".
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from .segments import (
    Floats,
    Ints,
    as_lengths,
    means_of_filled,
    most_frequent,
    only_filled,
    segment_leaders,
    weighted_sums,
)

#: From static and contextual embeddings, both float32 `(words, width)`, to the words' vectors, float32
#: `(words, any width)`. It must accept zero words: that is how its width is asked.
Change = Callable[[Floats, Floats], Floats]


class Selection(NamedTuple):
    """Weights over the words of all segments, and the words that stand for each segment.

    weights: float32 `(words,)`; a segment's vector is the sum of its words' vectors times these.
    focus: int64 `(segments,)`, position among the words of all segments, -1 where there is none.
    related: as `focus`.
    """

    weights: Floats
    focus: Ints
    related: Ints


class Select(Protocol):
    """What the setting `select` expects: a callable that says which attention it reads.

    It chooses words in every segment: attention, float32 `(rows, words)`, and lengths, int64 `(segments,)`,
    None for one segment of all words, to a `Selection`.
    """

    @property
    def rows(self) -> str:
        """What a row is: "heads" for one head of a layer, "layers" for one layer, the mean of its heads."""

    @property
    def layers(self) -> tuple[int, ...] | None:
        """The layers to read, from 0, negative ones counted from the last; None for all of them."""

    @property
    def config(self) -> dict[str, Any]:
        """How a pipeline's config names this selection, so that a stored doc can make it again."""

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        """Choose words in every segment."""


def log_ratio() -> Change:
    """The article's change: the elementwise `log(contextual / static)`, the word's trend.

    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, width)`.
        Where the two differ in sign, or one is exactly zero, there is no trend: 0, as the article's code
        does for signs. Infinities and NaN of the encoder are not covered by that rule and stay visible.
    """
    return _log_ratio


def _log_ratio(static: Floats, contextual: Floats) -> Floats:
    with np.errstate(all="ignore"):
        ratio = contextual / static
        trend: Floats = np.log(np.abs(ratio))
        trend *= ratio > 0
    trend += 0.0  # -0.0 becomes 0.0
    # What is left are factors that are zero or not finite, and ratios beyond float32's normal numbers.
    unusual = ~(np.abs(trend) < 87)
    if unusual.any():
        trend[unusual] = _log_ratio_of_unusual(static[unusual], contextual[unusual])
    return trend


def _log_ratio_of_unusual(static: Floats, contextual: Floats) -> Floats:
    # In float64 the ratio of two float32 numbers can neither overflow nor vanish.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(contextual, static, dtype=np.float64)
        finite = np.isfinite(static) & np.isfinite(contextual)
        ratio[finite & ((static == 0) | (ratio <= 0))] = 1.0
        trend: Floats = np.log(ratio).astype(np.float32)
    return trend


@dataclass(frozen=True)
class LeadingPair:
    """The article's two words: the focus, and the word that follows it where it leads. See `leading_pair`."""

    rows: str = "heads"
    layer: int = 0
    focus: str = "last"

    def __post_init__(self) -> None:
        check_choice("leading_pair", "rows", self.rows, ("heads", "layers"))
        check_choice("leading_pair", "focus", self.focus, ("last", "most"))
        if self.rows == "layers" and self.layer != 0:
            raise ValueError(
                f"leading_pair: layer={self.layer} has no meaning with rows='layers', where every layer is "
                "a row. Leave layer out, or set rows='heads' to read the heads of that layer."
            )

    @property
    def layers(self) -> tuple[int, ...] | None:
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
        weights = np.zeros(attention.shape[1], dtype=np.float32)
        weights[focus[focus >= 0]] = 1.0
        weights[related[related >= 0]] = 1.0
        return Selection(weights, focus, related)


def leading_pair(rows: str = "heads", layer: int = 0, focus: str = "last") -> LeadingPair:
    """The article's selection: the focus and the word related to it, each with weight 1.

    The related word is the most frequent leader of the rows the focus leads, once the focus's own column
    is taken out. All ties go to the first word. One word has no related word.

    rows: "heads": one row for each head of `layer`, which is what the article's code reads. "layers": one
        row for each layer, the mean of its heads, which is what its prose says.
    layer: the layer whose heads are the rows, from 0; negative numbers count from the last.
    focus: "last": the leader of the last row, as in the article's code. "most": the leader of most rows.
    RETURNS: a selection.
    RAISES: ValueError for an unknown value, or a layer where every layer is a row.
    """
    return LeadingPair(rows=rows, layer=layer, focus=focus)


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


def summarize(
    static: Floats,
    contextual: Floats,
    attention: Floats,
    *,
    select: Select,
    change: Change,
    lengths: Ints,
    segments: Ints,
) -> Trends:
    """The vectors of texts: a segment's is the weighted sum of its words' changes, a text's their mean.

    static, contextual: float32 `(words, width)`.
    attention: float32 `(rows, words)`, attention received.
    lengths: int64 `(segments,)`, how many words each segment has.
    segments: int64 `(texts,)`, how many segments each text has; those without words do not count.
    """
    selection = select(attention, lengths)
    word_vectors = change(static, contextual)
    of_segments = weighted_sums(word_vectors, selection.weights, lengths)
    return Trends(
        word_vectors,
        means_of_filled(of_segments, lengths, segments),
        only_filled(selection.focus, lengths, segments),
        only_filled(selection.related, lengths, segments),
    )


def check_choice(owner: str, setting: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that a setting does not know.

    owner: whose setting it is, for the message.
    RAISES: ValueError where the value is not among the choices.
    """
    if value not in choices:
        expected = " or ".join(repr(choice) for choice in choices)
        raise ValueError(
            f"{owner}: {setting}={value!r} is unknown. Expected {expected}: change it in the config."
        )
