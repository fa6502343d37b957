"""Reading in batches gives what `._` gives, item by item."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import PRESETS, importances, span_vectors, vectors, word_vectors
from tests.support.attributions import weighted_doc
from tests.support.trees import parsed, run

TEXTS = ["She sold the old house. Nobody knew why!", "I want an apple.", "?!", "Stop", "👩‍👩‍👧 are here."]
SELECTIONS: dict[str, dict[str, Any]] = {
    **{preset: {"preset": preset} for preset in PRESETS},
    **{
        name: {"select": {"@misc": f"spacy-trend.{name}.v1"}}
        for name in ("mutual_pair", "changed_words", "attended_words")
    },
}


def spans_of(docs: list[Doc]) -> list[Any]:
    spans = [span for doc in docs for span in (*doc.sents, doc[1:3], doc[0:0], doc[:])]
    # Not by doc.
    return spans[::2] + spans[1::2]


@pytest.mark.parametrize("config", SELECTIONS.values(), ids=SELECTIONS)
def test_they_are_those_of_each_item(shared_nlp: Callable[..., Language], config: dict[str, Any]) -> None:
    docs = list(shared_nlp(config).pipe(TEXTS))
    np.testing.assert_array_equal(vectors(docs), np.stack([doc._.trend_vector for doc in docs]))
    spans = spans_of(docs)
    np.testing.assert_array_equal(span_vectors(spans), np.stack([span._.trend_vector for span in spans]))
    for item in (*docs, docs[0][2:6], docs[0][0:0]):
        expected = np.zeros((len(item), docs[0]._.trend_vector.size), dtype=np.float32)
        for row, token in zip(expected, item, strict=True):
            row[:] = token._.trend_vector
        np.testing.assert_array_equal(word_vectors(item), expected)
        np.testing.assert_array_equal(importances(item), [token._.trend_importance for token in item])


def test_docs_of_several_settings_are_read_together(shared_nlp: Callable[..., Language]) -> None:
    docs = [
        shared_nlp(config)(TEXTS[0])
        for config in SELECTIONS.values()
        if config != {"preset": "classifier_wide"}
    ]
    spans = [span for doc in docs for span in doc.sents]
    np.testing.assert_array_equal(span_vectors(spans), np.stack([span._.trend_vector for span in spans]))


def test_heads_are_those_inside_each_span(shared_nlp: Callable[..., Language]) -> None:
    nlp = shared_nlp({"select": {"@misc": "spacy-trend.dependency_pair.v1"}})
    docs = [run(nlp, parsed(nlp, name)) for name in ("one sentence", "two sentences")]
    spans = spans_of(docs)
    np.testing.assert_array_equal(span_vectors(spans), np.stack([span._.trend_vector for span in spans]))


def test_docs_may_come_from_a_generator(steady: Language) -> None:
    assert vectors(steady.pipe(TEXTS)).shape == (len(TEXTS), 32)


def test_none_of_them_have_no_width() -> None:
    for empty in (vectors([]), span_vectors(iter(()))):
        assert (empty.shape, empty.dtype) == ((0, 0), np.float32)


def test_weights_without_vectors_of_words_are_enough_for_docs_alone(
    shared_nlp: Callable[..., Language],
) -> None:
    doc = shared_nlp({"token_vectors": False})(TEXTS[0])
    assert vectors([doc]).shape == (1, 32)
    assert importances(doc).sum() == pytest.approx(1)
    for read in (word_vectors, lambda doc: span_vectors(doc.sents)):
        with pytest.raises(ValueError, match=r"vectors of words, phrases.*token_vectors=False"):
            read(doc)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda item: vectors([item]), "a Doc:"),
        (word_vectors, "a Doc or Span:"),
        (importances, "a Doc or Span:"),
        (lambda item: span_vectors([item]), "a Span:"),
    ],
)
def test_what_is_of_another_kind_is_refused(
    read: Callable[[Any], Any], expected: str, steady: Language
) -> None:
    for item in ("a text", steady(TEXTS[0])[0]):
        with pytest.raises(ValueError, match=rf"^Got .* of type (str|Token), expected {expected}"):
            read(item)


def test_a_doc_without_a_vector_is_refused(steady: Language) -> None:
    doc = steady.make_doc(TEXTS[0])
    for read in (lambda: vectors([doc]), lambda: word_vectors(doc[0:2]), lambda: span_vectors([doc[0:2]])):
        with pytest.raises(ValueError, match=r"'She sold.* has no trend vector"):
            read()


def test_vectors_of_several_widths_are_refused() -> None:
    docs = [weighted_doc([1], [[1, 2]]), weighted_doc([1], [[1, 2, 3]])]
    with pytest.raises(ValueError, match=r"'w0' has width 3, those before it 2\. Expected one width"):
        vectors(docs)
    with pytest.raises(ValueError, match=r"'w0' has width 3, those before it 2\. Expected one width"):
        span_vectors([doc[:] for doc in docs])


@pytest.mark.parametrize("read", [vectors, span_vectors])
def test_a_doc_in_place_of_a_list_is_refused(read: Callable[[Any], Any], steady: Language) -> None:
    with pytest.raises(ValueError, match=r"of type Token, expected a (Doc|Span): give a list of them"):
        read(steady(TEXTS[0]))
