"""Mutual attention by Hugging Face alone and plain loops, and docs compared with it and one another."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc, Span

from spacy_trend.attributes.record import RECORD, mutual_of
from spacy_trend.method.mutual_attention import MutualAttention
from tests.support.arrays import squared
from tests.support.article import Article, may_be_word, pieces_of_tokens
from tests.support.values import assert_same_values


class Oracle:
    """What Hugging Face makes of a doc.

    tokens: the words' positions among its tokens.
    received: `(layers, words)`, attention received, the mean of heads.
    windows: of each window, what each word gives to each other, `(layers, words, words)`, the mean of heads.
    change: `(words, width)`, contextual minus static.
    """

    def __init__(self, article: Article, doc: Doc, windows: Sequence[Span]) -> None:
        reading = article.read(doc, windows)
        self.tokens = reading.tokens
        self.received = reading.received.mean(axis=1)
        self.change = reading.contextual - reading.static
        self.windows: list[NDArray[np.float64]] = []
        for window in windows:
            if len(window) == 0:
                continue
            encoding = article.tokenizer(window.text, return_offsets_mapping=True, return_tensors="pt")
            pieces = pieces_of_tokens(window, encoding.pop("offset_mapping")[0].tolist())
            attentions = [layer[0].detach().numpy() for layer in article.model(**encoding).attentions]
            means = np.array([np.mean(list(layer), axis=0) for layer in attentions], dtype=np.float64)
            given = np.full((len(means), len(self.tokens), len(self.tokens)), np.nan)
            for one, first in enumerate(self.tokens):
                for other, second in enumerate(self.tokens):
                    if first != second and first in pieces and second in pieces:
                        of_pieces = [means[:, at][:, pieces[second]].sum(axis=1) for at in pieces[first]]
                        given[:, one, other] = np.mean(of_pieces, axis=0)
            self.windows.append(given)
        assert all(may_be_word(doc[token]) for token in self.tokens)

    def between(self, layers: Sequence[float] | None) -> NDArray[np.float64]:
        """The mutual attention in the mean of some layers, `(words, words)`, the mean over windows."""
        count = len(self.received)
        if layers is None:
            layers = range(count)
        numbers = [int(layer * count) if isinstance(layer, float) else layer for layer in layers]
        sums, counts = np.zeros((2, len(self.tokens), len(self.tokens)))
        for window in self.windows:
            mean = np.mean([window[number] for number in numbers], axis=0)
            for one in range(len(mean)):
                for other in range(len(mean)):
                    if not np.isnan(mean[one, other]):
                        there = mean[one, other] / np.nansum(mean[one])
                        sums[one, other] += there + mean[other, one] / np.nansum(mean[other])
                        counts[one, other] += 1
        mutual: NDArray[np.float64] = sums / np.maximum(counts, 1)
        return mutual

    def pair(self, layers: Sequence[float] | None, start: int = 0, end: int = 10**6) -> list[int]:
        """Focus and related word among the tokens from start to before end, -1 for none."""
        words = [word for word, token in enumerate(self.tokens) if start <= token < end]
        if not words:
            return [-1, -1]
        focus = max(words, key=lambda word: self.received[-1, word])
        others = [word for word in words if word != focus]
        if not others:
            return [self.tokens[focus], -1]
        mutual = self.between(layers)
        related = max(others, key=lambda word: mutual[focus, word])
        return [self.tokens[focus], self.tokens[related]]


NEAR = {"rtol": 2e-4, "atol": 1e-5}
WITHOUT_LOGARITHM = {"@misc": "spacy-trend.difference.v1"}


def selection(name: str, **settings: Any) -> dict[str, Any]:
    """A config of trend_vector, with a change that does not amplify noise."""
    return {"select": {"@misc": f"spacy-trend.{name}.v1", **settings}, "change": WITHOUT_LOGARITHM}


def assert_same(doc: Doc, other: Doc) -> None:
    """Two docs of one text, with all that is stored, and all that is computed of spans."""
    parts = [slice(part.start, part.end) for part in parts_of(doc)]
    assert_same_values(doc, other, NEAR["atol"], relative=NEAR["rtol"], spans=parts)
    mutual, expected = (squared(recorded_mutual(each)) for each in (doc, other))
    np.testing.assert_allclose(mutual, expected, **NEAR)


def recorded_mutual(doc: Doc) -> MutualAttention:
    """The mutual attention of a doc's words."""
    record = doc._.get(RECORD)
    return mutual_of(record, slice(0, len(record["tokens"])))


def parts_of(doc: Doc) -> list[Span]:
    return [doc[:], doc[1:-1], doc[: (len(doc) + 1) // 2], doc[-1:]]


Make = Callable[..., Language]
