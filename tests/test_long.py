"""Texts of many windows, and what is said of tokens that the encoder's limit cuts off."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc, Span

from spacy_trend import bundled_encoder
from tests.support.changes import DIFFERENCE
from tests.support.long_texts import SENTENCE_AND_NEXT, long_text
from tests.support.values import assert_same_values
from tests.support.windows import SENTENCES, WHOLE_TEXT

pytestmark = pytest.mark.slow


def strided(window: int, stride: int) -> dict[str, Any]:
    return {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": stride}


def windows_of(nlp: Language, doc: Doc) -> list[Span]:
    """The windows that a pipeline's encoder saw of a doc."""
    (windows,) = nlp.get_pipe("transformer").model.attrs["get_spans"]([doc])
    return list(windows)


def alone(nlp: Language, window: Span) -> Doc:
    """A window as a doc of its own."""
    spaces = [bool(token.whitespace_) for token in window]
    return nlp(Doc(nlp.vocab, words=[token.text for token in window], spaces=spaces))


@pytest.mark.parametrize(
    ("get_spans", "times"),
    [
        (WHOLE_TEXT, {1}),
        (SENTENCES, {1}),
        (strided(20, 20), {1}),
        (strided(7, 7), {1}),
        (strided(20, 15), {1, 2}),
        (strided(20, 6), {1, 2, 3, 4}),
        (SENTENCE_AND_NEXT, {1, 2}),
    ],
)
def test_a_word_is_the_mean_of_what_its_windows_give_alone(
    shared_nlp: Callable[..., Language], get_spans: dict[str, Any], times: set[int]
) -> None:
    nlp = shared_nlp(DIFFERENCE, get_spans)
    one_window = shared_nlp(DIFFERENCE, WHOLE_TEXT)
    doc = nlp(long_text(30))
    windows = windows_of(nlp, doc)
    assert len(windows) == 1 if get_spans is WHOLE_TEXT else len(windows) >= 15
    vectors: list[list[Any]] = [[] for _ in doc]
    attention: list[list[Any]] = [[] for _ in doc]
    for window in windows:
        for token, by_itself in zip(window, alone(one_window, window), strict=True):
            vectors[token.i].append(by_itself._.trend_vector)
            attention[token.i].append(by_itself._.trend_attention)
    assert {len(given) for given in vectors} == times
    for token in doc:
        np.testing.assert_allclose(token._.trend_vector, np.mean(vectors[token.i], axis=0), atol=1e-4)
        np.testing.assert_allclose(token._.trend_attention, np.mean(attention[token.i], axis=0), atol=1e-4)
    pair = doc._.trend_focus._.trend_vector + doc._.trend_related._.trend_vector
    np.testing.assert_allclose(doc._.trend_vector, pair, rtol=1e-5)
    assert doc._.trend_truncated == 0


def test_the_selection_is_made_among_the_words_of_all_windows(shared_nlp: Callable[..., Language]) -> None:
    doc = shared_nlp(DIFFERENCE, strided(10, 10))(long_text(30))
    most = max(doc, key=lambda token: token._.trend_attention[-1])
    assert doc._.trend_focus == most
    phrase = doc[8:13]
    pair = phrase._.trend_focus._.trend_vector + phrase._.trend_related._.trend_vector
    np.testing.assert_allclose(phrase._.trend_vector, pair, rtol=1e-5)


@pytest.mark.parametrize("get_spans", [SENTENCES, strided(20, 20), strided(20, 15), SENTENCE_AND_NEXT])
def test_long_and_short_docs_in_one_batch_are_as_they_are_alone(
    shared_nlp: Callable[..., Language], get_spans: dict[str, Any]
) -> None:
    nlp = shared_nlp(DIFFERENCE, get_spans)
    texts = [long_text(40), "Stop!", "", long_text(1), " ", long_text(300, seed=1), "...", long_text(8)]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        assert_same_values(doc, nlp(text), 1e-4)


@pytest.mark.parametrize("level", ["doc", "sentence"])
def test_a_doc_of_thousands_of_tokens(shared_nlp: Callable[..., Language], level: str) -> None:
    nlp = shared_nlp({"level": level})
    doc, after = nlp.pipe([long_text(800), "Stop!"])
    assert len(doc) > 6_000
    vectors = np.array([token._.trend_vector for token in doc])
    assert np.isfinite(vectors).all()
    assert doc._.trend_vector.any()
    assert after._.trend_focus.text == "Stop"
    if level == "sentence":
        mean = np.mean([sentence._.trend_vector for sentence in doc.sents], axis=0)
        np.testing.assert_allclose(doc._.trend_vector, mean, atol=1e-4)


@pytest.mark.slow
def test_many_windows_of_the_bundled_encoder(nlp: Language, make_nlp: Callable[..., Language]) -> None:
    doc = nlp(long_text(200))
    assert len(windows_of(nlp, doc)) > 15
    assert doc._.trend_truncated == 0
    assert np.isfinite([token._.trend_vector for token in doc]).all()
    overlapping = make_nlp(bundled_encoder(), DIFFERENCE, strided(60, 30))
    one_window = make_nlp(bundled_encoder(), DIFFERENCE, WHOLE_TEXT)
    doc = overlapping(long_text(30))
    first, second = windows_of(overlapping, doc)[:2]
    for token in doc[30:60]:
        windows = [alone(one_window, first)[token.i], alone(one_window, second)[token.i - 30]]
        for name in ("trend_vector", "trend_attention"):
            mean = np.mean([each._.get(name) for each in windows], axis=0)
            np.testing.assert_allclose(token._.get(name), mean, atol=1e-4)
