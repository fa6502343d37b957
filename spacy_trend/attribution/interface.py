"""What an attribution is: a score in parts, one for each word, and the similarity of two texts in pairs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Span

from ..messages import shorten
from ..types import Ints

#: Arrays of float64: sums of many parts of both signs would lose digits in float32.
Parts = NDArray[np.float64]
#: What a classifier decides for: of spaCy a text, of scikit-learn a number, too.
Label = str | int | float


class WordPart(NamedTuple):
    """A word and its part of a score.

    Attributes:
        token: its position among the doc's tokens.
        text: the word.
        part: what it adds to the score.
    """

    token: int
    text: str
    part: float


class SpanPart(NamedTuple):
    """A phrase or sentence and the sum of its words' parts.

    Attributes:
        start: the position of its first token.
        end: the position behind its last token.
        text: the phrase.
        part: what its words add to the score.
    """

    start: int
    end: int
    text: str
    part: float


class PairPart(NamedTuple):
    """A word of one text and a word of the other, and their part of the texts' similarity.

    Attributes:
        token: the word's position among the tokens of the first doc.
        text: the word.
        other_token: the other word's position among the tokens of the second doc.
        other_text: the other word.
        part: what the pair adds to the similarity.
    """

    token: int
    text: str
    other_token: int
    other_text: str
    part: float


class WordData(TypedDict):
    """A word as plain data.

    Attributes:
        i: its position among the doc's tokens.
        text: the word.
        part: what it adds to the score.
    """

    i: int
    text: str
    part: float


class AttributionData(TypedDict):
    """An attribution as plain data: see `Attribution`."""

    words: list[WordData]
    bias: float
    score: float
    delta: float
    method: str
    label: Label | None
    against: Label | None


class SimilarityData(TypedDict):
    """The attribution of a similarity as plain data: see `SimilarityAttribution`."""

    words: list[WordData]
    other_words: list[WordData]
    parts: list[list[float]]
    score: float
    delta: float


@dataclass(frozen=True)
class Attribution:
    """A score of a text in parts, one for each word.

    Attributes:
        words: int64 `(words,)`, the words' positions among the doc's tokens, ascending.
        texts: the words.
        parts: float64 `(words,)`. By the method "exact", they and the bias add up to the score. By
            "leave_one_out", each is what the score loses when the text is encoded without the word.
        bias: what the score is for a vector of zeros; 0 by "leave_one_out".
        score: the score of the whole text.
        method: "exact" or "leave_one_out".
        label: the label that the score speaks for, or None.
        against: the label that it speaks against, or None.
    """

    words: Ints
    texts: tuple[str, ...]
    parts: Parts
    bias: float
    score: float
    method: str = "exact"
    label: Label | None = None
    against: Label | None = None

    @property
    def delta(self) -> float:
        """What parts and bias leave unexplained: Captum's convergence delta, 0 by the method "exact"."""
        return self.score - self.bias - float(self.parts.sum())

    def top(self, k: int | None = None) -> list[WordPart]:
        """Return the words with the greatest parts, of either sign, greatest first; of equals the first.

        Args:
            k: how many; None for all.
        """
        order = np.argsort(-np.abs(self.parts), kind="stable")[:k].tolist()
        return [WordPart(int(self.words[n]), self.texts[n], float(self.parts[n])) for n in order]

    def by(self, spans: Iterable[Span]) -> list[SpanPart]:
        """Return the sums of the parts in phrases, such as `doc.sents`, `doc.ents` or `doc.noun_chunks`.

        Args:
            spans: of the doc. What they share is counted in each; what stands in none, in none.

        Raises:
            ValueError: for what is no span.
        """
        return [self._sum(span) for span in spans]

    def to_dict(self) -> AttributionData:
        """Return the attribution as plain data.

        Returns:
            `words`, a list of dictionaries with the token index `i`, `text` and `part`; `bias`, `score`,
            `delta`, `method`, `label` and `against`.
        """
        words = zip(self.words.tolist(), self.texts, self.parts.tolist(), strict=True)
        return {
            "words": [{"i": i, "text": text, "part": part} for i, text, part in words],
            "bias": self.bias,
            "score": self.score,
            "delta": self.delta,
            "method": self.method,
            "label": self.label,
            "against": self.against,
        }

    def _sum(self, span: Span) -> SpanPart:
        if not isinstance(span, Span):
            raise ValueError(
                f"Got {shorten(span, 40)} of type {type(span).__name__} among the spans. Expected spans of "
                "the doc: doc.sents, doc.ents, or a list such as [doc[0:3]]."
            )
        first, last = np.searchsorted(self.words, [span.start, span.end]).tolist()
        return SpanPart(span.start, span.end, span.text, float(self.parts[first:last].sum()))


@dataclass(frozen=True)
class SimilarityAttribution:
    """The cosine of two texts' vectors in parts, one for each pair of words.

    Attributes:
        words: int64 `(words,)`, the positions of the first text's words among its doc's tokens, ascending.
        texts: these words.
        other_words: int64 `(other words,)`, of the second text.
        other_texts: these words.
        parts: float64 `(words, other words)`, which add up to the score.
        score: the cosine, -1 to 1.
    """

    words: Ints
    texts: tuple[str, ...]
    other_words: Ints
    other_texts: tuple[str, ...]
    parts: Parts
    score: float

    @property
    def rows(self) -> Parts:
        """What each word of the first text adds to the similarity, float64 `(words,)`."""
        rows: Parts = self.parts.sum(axis=1)
        return rows

    @property
    def columns(self) -> Parts:
        """What each word of the second text adds to the similarity, float64 `(other words,)`."""
        columns: Parts = self.parts.sum(axis=0)
        return columns

    @property
    def delta(self) -> float:
        """What the parts leave unexplained: 0, but for rounding."""
        return self.score - float(self.parts.sum())

    def top(self, k: int | None = None) -> list[PairPart]:
        """Return the pairs with the greatest parts, of either sign, greatest first; of equals the first.

        Args:
            k: how many; None for all.
        """
        order = np.argsort(-np.abs(self.parts), axis=None, kind="stable")[:k]
        rows, columns = np.unravel_index(order, self.parts.shape)
        return [self._pair(row, column) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]

    def to_dict(self) -> SimilarityData:
        """Return the attribution as plain data.

        Returns:
            `words` and `other_words`, lists of dictionaries with the token index `i`, `text` and `part`, the
            sum of the word's parts; `parts`, a list for each word of the first text; `score` and `delta`.
        """
        return {
            "words": _words(self.words, self.texts, self.rows),
            "other_words": _words(self.other_words, self.other_texts, self.columns),
            "parts": self.parts.tolist(),
            "score": self.score,
            "delta": self.delta,
        }

    def _pair(self, row: int, column: int) -> PairPart:
        return PairPart(
            int(self.words[row]),
            self.texts[row],
            int(self.other_words[column]),
            self.other_texts[column],
            float(self.parts[row, column]),
        )


def _words(words: Ints, texts: tuple[str, ...], parts: Parts) -> list[WordData]:
    numbered = zip(words.tolist(), texts, parts.tolist(), strict=True)
    return [{"i": i, "text": text, "part": part} for i, text, part in numbered]
