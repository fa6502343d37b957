"""The component gives what the article's code gives, with the bundled encoder, on all sorts of texts.

`article.py` is the oracle. Two things are exact, the words and the pair; the others are floats of two ways to
compute the same. Their embeddings are compared strictly. A trend cannot be: near zero the logarithm makes
any error of an embedding large. It is compared within the bound that follows from the embeddings' error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc, Span

from spacy_trend import bundled_encoder
from spacy_trend.types import Floats
from tests.support.article import Article, Reading, Summary, rows_of_heads, rows_of_layers, summarize, trends
from tests.support.batches import Run, in_one_batch, one_by_one
from tests.support.changes import SIDE_BY_SIDE
from tests.support.texts import ARTICLE_TEXTS
from tests.support.values import of_tokens, positions
from tests.support.windows import OVERLAPPING, SENTENCES, WHOLE_TEXT

SOME_TEXTS = ARTICLE_TEXTS[:72:6]
SETTINGS = (
    {"rows": "layers"},
    {"focus": "most"},
    {"rows": "layers", "focus": "most"},
    {"layer": -1},
)
ATTENTION = {"rtol": 1e-5, "atol": 1e-5}
# Shares of the largest number in each dimension, about five and three times what was measured: the static
# embeddings differ by the mean over wordpieces alone, the contextual ones by all layers.
STATIC, CONTEXTUAL = 1e-6, 1e-5
# Of a logarithm, relative to 1 plus its size: ratio, logarithm and sum are rounded to float32.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Noise:
    """How far embeddings may be apart, `(width,)`. By dimension: three of the encoder's outputs are so small,
    down to 1e-32, that a bound for all would say nothing about them, and their trends are the largest."""

    static: Floats
    contextual: Floats


def texts_for(run: Run) -> tuple[str, ...]:
    """All texts in one batch, and every third of them by itself, which takes as long."""
    return ARTICLE_TEXTS if run is in_one_batch else ARTICLE_TEXTS[::3]


@pytest.fixture(scope="module")
def article() -> Article:
    return Article(bundled_encoder())


@pytest.fixture(
    scope="module",
    params=[WHOLE_TEXT, SENTENCES, OVERLAPPING],
    ids=["whole_text", "sentences", "overlapping"],
)
def windows(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The span getter."""
    return dict(request.param)


@pytest.fixture(params=[pytest.param(one_by_one, marks=pytest.mark.slow), in_one_batch])
def run(request: pytest.FixtureRequest) -> Run:
    """How the texts go through a pipeline."""
    way: Run = request.param
    return way


@pytest.fixture(scope="module")
def cut_docs(windows: dict[str, Any]) -> list[tuple[Doc, list[Span]]]:
    """The texts as docs that no transformer saw, each with its windows."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    get_spans = spacy.registry.resolve({"get_spans": windows})["get_spans"]
    docs = [nlp(text) for text in ARTICLE_TEXTS]
    return list(zip(docs, get_spans(docs), strict=True))


@pytest.fixture(scope="module")
def readings(article: Article, cut_docs: list[tuple[Doc, list[Span]]]) -> dict[str, Reading]:
    """What the article makes of each text."""
    return {doc.text: article.read(doc, spans) for doc, spans in cut_docs}


@pytest.fixture(scope="module")
def noise(readings: dict[str, Reading]) -> Noise:
    def largest(field: str) -> Floats:
        return np.abs(np.concatenate([getattr(reading, field) for reading in readings.values()])).max(axis=0)

    return Noise(STATIC * largest("static"), CONTEXTUAL * largest("contextual"))


@pytest.fixture(scope="module")
def pipeline(make_nlp: Callable[..., Language], windows: dict[str, Any]) -> Language:
    return make_nlp(bundled_encoder(), {}, windows)


@pytest.fixture(scope="module")
def docs_by_run(pipeline: Language) -> dict[Run, dict[str, Doc]]:
    return {run: run(pipeline, texts_for(run)) for run in (one_by_one, in_one_batch)}


@pytest.fixture
def docs(docs_by_run: dict[Run, dict[str, Doc]], run: Run) -> dict[str, Doc]:
    """The texts, each through the pipeline with default settings."""
    return docs_by_run[run]


@pytest.fixture(scope="module")
def embeddings_pipeline(make_nlp: Callable[..., Language], windows: dict[str, Any]) -> Language:
    return make_nlp(bundled_encoder(), SIDE_BY_SIDE, windows)


@pytest.fixture(scope="module")
def sentences_pipeline(make_nlp: Callable[..., Language], windows: dict[str, Any]) -> Language:
    return make_nlp(bundled_encoder(), {"level": "sentence"}, windows)


def on_tokens(reading: Reading, values: NDArray[Any], doc: Doc) -> NDArray[Any]:
    """Values of the words, `(words, any)`, as values of all tokens, zeros for what is not a word."""
    spread = np.zeros((len(doc), values.shape[1]), dtype=values.dtype)
    spread[reading.tokens] = values
    return spread


def margins(reading: Reading, noise: Noise) -> NDArray[np.float64]:
    """How far trends, `(words, width)`, may be apart if the embeddings are apart by no more than the noise.

    A logarithm that is 0 because the signs differ is 0 for both. Where the noise could turn a sign, anything
    may be, and the margin is infinite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        static = noise.static / np.abs(reading.static.astype(np.float64))
        contextual = noise.contextual / np.abs(reading.contextual.astype(np.float64))
        margin = -np.log1p(-static) - np.log1p(-contextual) + ROUNDING * (1 + np.abs(trends(reading)))
    margin[np.sign(reading.static) != np.sign(reading.contextual)] = 0
    margin[(static >= 1) | (contextual >= 1)] = np.inf
    return margin


def assert_within(actual: Floats, expected: Floats, margin: NDArray[np.float64], text: str) -> None:
    assert actual.shape == expected.shape, text
    outside = ~(np.abs(actual.astype(np.float64) - expected) <= margin)
    examples = list(zip(actual[outside][:3], expected[outside][:3], margin[outside][:3], strict=True))
    assert not outside.any(), f"{text!r}: {outside.sum()} numbers, as (got, expected, margin): {examples}"


def assert_vector_is_the_articles(
    vector: Floats, summary: Summary, reading: Reading, noise: Noise, text: str
) -> None:
    margin = margins(reading, noise)[summary.pair].sum(axis=0)
    assert_within(vector, summary.vector, margin, text)


def summaries_of_sentences(reading: Reading, doc: Doc) -> list[Summary]:
    """Of the sentences that have words; where none has, the empty summary of a text without words."""
    rows = rows_of_heads(reading)
    summaries = [summarize(reading, rows, reading.among(sent.start, sent.end)) for sent in doc.sents]
    return [summary for summary in summaries if summary.pair] or [summarize(reading, rows, [])]


def spans_of(doc: Doc) -> list[Span]:
    return [doc[:], doc[1:-1], doc[: (len(doc) + 1) // 2], doc[-1:], *doc.sents]


def test_texts_are_many_and_many_have_several_windows(
    cut_docs: list[tuple[Doc, list[Span]]], windows: dict[str, Any]
) -> None:
    assert len(ARTICLE_TEXTS) == len(set(ARTICLE_TEXTS)) >= 60
    assert windows == WHOLE_TEXT or sum(len(spans) > 1 for _, spans in cut_docs) >= 10


@pytest.mark.slow
def test_error_bounds_of_trends_are_narrow(readings: dict[str, Reading], noise: Noise) -> None:
    margin = np.concatenate([margins(reading, noise) for reading in readings.values()])
    assert np.isinf(margin).mean() < 1e-4
    assert np.median(margin) < 1e-4
    assert np.quantile(margin, 0.9) < 5e-4


def test_pair_is_the_articles(docs: dict[str, Doc], readings: dict[str, Reading]) -> None:
    different = []
    for text, doc in docs.items():
        summary = summarize(readings[text], rows_of_heads(readings[text]))
        pair = positions(doc._.trend_focus, doc._.trend_related)
        if pair != [summary.focus, summary.related]:
            different.append((text, pair, [summary.focus, summary.related]))
    assert different == []


def test_attention_received_is_the_articles(docs: dict[str, Doc], readings: dict[str, Reading]) -> None:
    for text, doc in docs.items():
        rows = rows_of_heads(readings[text])
        attention = of_tokens(doc, "trend_attention", len(rows))
        expected = on_tokens(readings[text], rows.T, doc)
        np.testing.assert_allclose(attention, expected, **ATTENTION, err_msg=text)
        assert np.flatnonzero(attention.any(axis=1)).tolist() == readings[text].tokens, text


def test_embeddings_are_the_articles(
    embeddings_pipeline: Language, run: Run, readings: dict[str, Reading], noise: Noise
) -> None:
    bound = np.concatenate([noise.static, noise.contextual]).astype(np.float64)
    for text, doc in run(embeddings_pipeline, texts_for(run)).items():
        reading = readings[text]
        embeddings = np.concatenate([reading.static, reading.contextual], axis=1)
        expected = on_tokens(reading, embeddings, doc)
        actual = of_tokens(doc, "trend_vector", expected.shape[1])
        assert_within(actual, expected, np.broadcast_to(bound, expected.shape), text)


def test_token_vectors_are_the_articles(
    docs: dict[str, Doc], readings: dict[str, Reading], noise: Noise
) -> None:
    for text, doc in docs.items():
        expected = on_tokens(readings[text], trends(readings[text]), doc)
        margin = on_tokens(readings[text], margins(readings[text], noise), doc)
        assert_within(of_tokens(doc, "trend_vector", expected.shape[1]), expected, margin, text)


def test_doc_vector_is_the_articles(docs: dict[str, Doc], readings: dict[str, Reading], noise: Noise) -> None:
    for text, doc in docs.items():
        summary = summarize(readings[text], rows_of_heads(readings[text]))
        assert_vector_is_the_articles(doc._.trend_vector, summary, readings[text], noise, text)


def test_span_is_summarized_among_its_words(
    docs: dict[str, Doc], readings: dict[str, Reading], noise: Noise
) -> None:
    different = []
    for text, doc in docs.items():
        rows = rows_of_heads(readings[text])
        for span in spans_of(doc):
            summary = summarize(readings[text], rows, readings[text].among(span.start, span.end))
            pair = positions(span._.trend_focus, span._.trend_related)
            if pair != [summary.focus, summary.related]:
                different.append((span.text, pair, [summary.focus, summary.related]))
            else:
                assert_vector_is_the_articles(span._.trend_vector, summary, readings[text], noise, span.text)
    assert different == []


def test_sentence_level_is_the_mean_of_the_articles_sentences(
    sentences_pipeline: Language, run: Run, readings: dict[str, Reading], noise: Noise
) -> None:
    for text, doc in run(sentences_pipeline, texts_for(run)).items():
        summaries = summaries_of_sentences(readings[text], doc)
        margin = margins(readings[text], noise)
        expected = np.mean([summary.vector for summary in summaries], axis=0)
        allowed = np.mean([margin[summary.pair].sum(axis=0) for summary in summaries], axis=0)
        assert_within(doc._.trend_vector, expected, allowed, text)
        pair = [summaries[0].focus, summaries[0].related] if len(summaries) == 1 else [-1, -1]
        assert positions(doc._.trend_focus, doc._.trend_related) == pair, text


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_other_rows_and_focus_are_as_in_plain_loops(
    make_nlp: Callable[..., Language],
    windows: dict[str, Any],
    setting: dict[str, Any],
    readings: dict[str, Reading],
    noise: Noise,
) -> None:
    select = {"@misc": "spacy-trend.leading_pair.v1", **setting}
    nlp = make_nlp(bundled_encoder(), {"select": select}, windows)
    for text, doc in in_one_batch(nlp, SOME_TEXTS).items():
        reading = readings[text]
        by_layer = setting.get("rows") == "layers"
        rows = rows_of_layers(reading) if by_layer else rows_of_heads(reading, setting.get("layer", 0))
        attention = of_tokens(doc, "trend_attention", len(rows))
        np.testing.assert_allclose(attention, on_tokens(reading, rows.T, doc), **ATTENTION, err_msg=text)
        summary = summarize(reading, rows, focus=setting.get("focus", "last"))
        pair = positions(doc._.trend_focus, doc._.trend_related)
        assert pair == [summary.focus, summary.related], text
        assert_vector_is_the_articles(doc._.trend_vector, summary, reading, noise, text)
