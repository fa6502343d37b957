"""Span getters whose spans are not in the order of the doc's tokens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

from tests.support.changes import DIFFERENCE

TEXTS = ["I want an apple and she sold the old house", "Stop it now"]
Spans = list[list[Any]]


def cut(doc: Doc, *bounds: tuple[int, int]) -> list[Any]:
    return [doc[start:end] for start, end in bounds]


GETTERS: dict[str, Callable[[list[Doc]], Spans]] = {
    "from the last to the first": lambda docs: [cut(doc, (2, len(doc)), (0, 2)) for doc in docs],
    "the middle last": lambda docs: [cut(doc, (0, 1), (2, len(doc)), (1, 2)) for doc in docs],
    "docs from the last to the first": lambda docs: [[doc[:]] for doc in reversed(docs)],
    "starts before the first": lambda docs: [cut(doc, (1, 2), (0, len(doc))) for doc in docs],
}


def pipeline(encoder: Path, get_spans: Callable[[list[Doc]], Spans]) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(encoder)}})
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    nlp.initialize()
    nlp.get_pipe("transformer").model.attrs["get_spans"] = get_spans
    return nlp


@pytest.mark.parametrize("getter", GETTERS)
def test_spans_out_of_order_are_refused(getter: str, tiny_encoder: Path) -> None:
    nlp = pipeline(tiny_encoder, GETTERS[getter])
    with pytest.raises(ValueError, match=r"windows of the doc 'I want.* out of order.*Sort them"):
        list(nlp.pipe(TEXTS))


def test_spans_that_repeat_what_others_cover_are_not(tiny_encoder: Path) -> None:
    nlp = pipeline(
        tiny_encoder, lambda docs: [cut(doc, (0, 2), (0, 3), (1, 3), (0, len(doc))) for doc in docs]
    )
    plain = pipeline(tiny_encoder, lambda docs: [cut(doc, (0, 2), (2, len(doc))) for doc in docs])
    for doc, other in zip(nlp.pipe(TEXTS), plain.pipe(TEXTS), strict=True):
        assert [bool(token._.trend_vector.any()) for token in doc] == [
            bool(token._.trend_vector.any()) for token in other
        ]
        assert np.isfinite(doc._.trend_vector).all()


def test_spans_out_of_order_without_a_trend_vector_are_left_to_others(tiny_encoder: Path) -> None:
    nlp = pipeline(tiny_encoder, GETTERS["from the last to the first"])
    nlp.remove_pipe("trend_vector")
    assert len(list(nlp.pipe(TEXTS))) == 2
