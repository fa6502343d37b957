"""All that is to be read of a doc, and whether two docs have the same of it."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from spacy_trend.types import Floats

ATTRIBUTES = {
    "Doc": ("trend_vector", "trend_focus", "trend_related", "trend_truncated", "trend_words"),
    "Span": ("trend_vector", "trend_focus", "trend_related", "trend_words"),
    "Token": ("trend_vector", "trend_attention", "trend_weight", "trend_importance"),
}


def items_of(doc: Doc, spans: Iterable[slice] = ()) -> Iterator[Doc | Span | Token]:
    """A doc, some of its spans, and its tokens."""
    yield doc
    for span in spans:
        yield doc[span]
    yield from doc


def spans_of(doc: Doc) -> list[slice]:
    """The sentences of a doc, the whole, nothing, and two phrases."""
    return [*(slice(sent.start, sent.end) for sent in doc.sents), *map(slice, (0, 0, 2, 1), (None, 0, 4, 6))]


def values_of(item: Doc | Span | Token) -> dict[str, Any]:
    """What an item's attributes say, words as their positions."""
    read = {name: item._.get(name) for name in ATTRIBUTES[type(item).__name__]}
    return {name: _as_positions(value) for name, value in read.items()}


def _as_positions(value: Any) -> Any:
    if isinstance(value, list):
        return [token.i for token in value]
    return value.i if isinstance(value, Token) else value


def positions(*words: Token | None) -> list[int]:
    return [-1 if word is None else word.i for word in words]


def pair_of(item: Doc | Span) -> list[int]:
    """The positions of focus and related word, -1 for none."""
    return positions(item._.trend_focus, item._.trend_related)


def of_tokens(doc: Doc, attribute: str, width: int | None = None) -> Floats:
    """What the tokens say of an attribute, `(tokens, width)`; `(0,)` without tokens, if no width is given."""
    values: Floats = np.array([token._.get(attribute) for token in doc], dtype=np.float32)
    return values if width is None else values.reshape(len(doc), width)


def assert_same_values(
    doc: Doc,
    other: Doc,
    noise: float = 0.0,
    *,
    relative: float = 0.0,
    summed: float = 1.0,
    spans: Iterable[slice] = (),
) -> None:
    """Two docs have the same tokens, the same words for a pair, and the same numbers.

    noise, relative: how far numbers may be apart, by themselves and as a share of the second doc's.
    summed: how often as far the vectors of docs and spans, which are sums, may be apart.
    spans: of which the values are compared, too.
    """
    assert [token.text_with_ws for token in doc] == [token.text_with_ws for token in other]
    for one, same in zip(items_of(doc, spans), items_of(other, spans), strict=True):
        if isinstance(one, Token):
            break
        for name, value in values_of(one).items():
            expected = values_of(same)[name]
            if value is None or expected is None or not name.endswith("vector"):
                assert value == expected, f"{name} of {one.text!r}"
            else:
                assert_near(value, expected, summed * noise, summed * relative, f"{name} of {one.text!r}")
    for name in ATTRIBUTES["Token"]:
        values, expected = ([token._.get(name) for token in each] for each in (doc, other))
        has_none = [value is None for value in values]
        assert has_none == [value is None for value in expected]
        if not any(has_none):
            assert_near(values, expected, noise, relative, f"{name} of the tokens of {doc.text!r}")


def _as_array(values: Any) -> Any:
    # Weights and importance are Python's floats.
    are_floats = isinstance(values, list) and all(isinstance(value, float) for value in values)
    return np.array(values, dtype=np.float32 if are_floats else None)


def assert_near(values: Any, expected: Any, noise: float, relative: float, about: str) -> None:
    values, expected = (_as_array(each) for each in (values, expected))
    if values.size or expected.size:
        assert values.dtype == expected.dtype == np.float32, about
    assert values.shape == expected.shape, about
    np.testing.assert_allclose(values, expected, rtol=relative, atol=noise, err_msg=about)
