"""The component gives what the article's code gives, with the bundled encoder, on all sorts of texts.

`article.py` is the oracle. Two things are exact, the words and the pair; the others are floats of two ways to
compute the same. Their embeddings are compared strictly. A trend cannot be: near zero the logarithm makes
any error of an embedding large. It is compared within the bound that follows from the embeddings' error.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc, Span, Token

from spacy_trend import bundled_encoder

from .article import Article, Floats, Reading, Summary, rows_of_heads, rows_of_layers, summarize, trends

SCENES = (
    "The harbour at {place} woke before {name} did, and the gulls knew it.",
    "Nobody had told {name} that the ferry to {place} ran only on Thursdays!",
    "{name} paid {number}.50 for a ticket, folded the receipt, and sat by the window.",
    "Was the lighthouse of {place} still manned, or had they automated it {number} years ago?",
    "{name}'s neighbour on the bench was peeling an orange, quite slowly.",
    '"You won\'t need a map of {place}," he said; "there\'s one road and it\'s a circle, {name}."',
    "Rain came sideways for {number} minutes, then stopped as if {place} had paid for it.",
    "By noon the well-known cliffs were so bright that they hurt {name}'s eyes.",
)
CHAPTERS = (("Miriam", "Ardglass", 14), ("Tomasz", "Split", 31), ("Aroha", "Kaikoura", 7))


def story(*chapters: tuple[str, str, int], scenes: tuple[str, ...] = SCENES) -> str:
    """Varied sentences, none of them twice: equal sentences would be equal windows, and so equal leaders."""
    return " ".join(
        scene.format(name=name, place=place, number=number)
        for name, place, number in chapters
        for scene in scenes
    )


# No pair of these hangs on words whose attention is within float noise of each other's (3e-5), unless they
# share their only wordpiece, as emoji do: then it is the same number, and the first word leads.
TEXTS = (
    "I want an apple.",
    "I want an orange.",
    "I want an adventure.",
    "The quick brown fox jumps over the lazy dog.",
    "Where is the nearest mailbox?",
    "We're going to send her a card. Where is the nearest mailbox?",
    "I can't believe they'd've said that; it isn't what you're used to.",
    "Y'all shouldn't, mustn't and won't go.",
    "rock'n'roll ain't dead, 'cause it's o'clock somewhere",
    "A state-of-the-art, well-thought-out mother-in-law suite.",
    "Pre- and post-war re-election e-mails -- or so - they say.",
    "It cost $1,234.56 on 2023-11-05 at 17:45, about 3.5% more than in Q4.",
    "Call +44 20 7946 0958 ext. 12, or 0x1F times 6.02e23.",
    "1 2 3 4 5",
    "See https://example.org/a/b?c=d&e=f#g and http://localhost:8080/index.html for more.",
    "www.example.com",
    "Write to jane.doe+spam@mail.example.co.uk or bob_smith@example.org today.",
    "Great job 😀👍🏽 see you 🇫🇷 soon ❤️",
    "👨‍👩‍👧‍👦 family trip 🚀🚀🚀",
    "😀",
    "我想要一个苹果。",
    "今日は天気がいいですね、散歩に行きましょう。",
    "나는 사과를 먹고 싶다.",
    "أريد تفاحة واحدة من السوق.",
    "אני רוצה תפוח אחד.",
    "Я хочу яблоко, а ты — апельсин.",
    "ฉันอยากได้แอปเปิ้ลหนึ่งลูก",
    "मुझे एक सेब चाहिए।",
    "Θέλω ένα κόκκινο μήλο, παρακαλώ.",
    "The word 苹果 means apple, and яблоко means apple too.",
    "Crème brûlée at the café naïve, déjà vu!",
    "cafe\u0301 written with a combining accent, re\u0301sume\u0301",
    "Straße, Ærøskøbing and İstanbul are spelled so.",
    "\"Quoted,\" she said, 'and nested “curly” quotes' — «guillemets» too.",
    "(parentheses [and {nested} brackets] too)",
    "Wait... what?! No way!!!",
    "runs   of    spaces     between   words",
    "   leading spaces",
    "trailing spaces   ",
    "  both   sides  ",
    "line one\nline two\n\nline four",
    "tab\tseparated\tvalues\there",
    "\n\tmixed \r\n white\u00a0space \u3000 here\n",
    "zero\u200bwidth and \u200b alone",
    "soft\u00adhyphen and \ufeff marks",
    "Hello",
    "Hello!",
    "antidisestablishmentarianism",
    "x",
    ".",
    "?! ... -- ,,, ()",
    "",
    " ",
    " \n\t ",
    "one two",
    "the the the the",
    "Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.",
    "SHOUTING IN CAPITALS IS RUDE, MixedCase iPhone McDonald.",
    "#hashtag @mention & ampersand, 50% off/on, a+b=c, x_y, C++ and C#",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "First sentence. Second one! Is this the third? ... !!! Fourth.",
    "!!! ... !!! Words come late here. ???",
    "No full stop at the end. and a lower-case start",
    "Dr. Smith met Mr. Jones at 5 p.m. in St. Louis, U.S.A.",
    "The [MASK] token, a [SEP] in the text and [UNK] too.",
    "hello [PAD] world",
    "I saw the man with the telescope on the hill while the dog that chased the cat barked at the moon.",
    "Keep the lamp lit: whoever comes up the path tonight will be cold, 'tis certain.",
    "Pneumonoultramicroscopicsilicovolcanoconiosis frightens hippopotomonstrosesquippedaliophobics.",
    story(CHAPTERS[0]),
    story(*CHAPTERS[:2]),
    "\n\n".join(story(chapter, scenes=SCENES[:5]) for chapter in CHAPTERS) + " In short: I don't know why.",
    story(*CHAPTERS[1:]).replace(". ", " ").replace("! ", " ").replace("? ", " ").lower(),
)
SOME_TEXTS = TEXTS[:72:6]

WHOLE_TEXT = {"@span_getters": "spacy-transformers.doc_spans.v1"}
SENTENCES = {"@span_getters": "spacy-transformers.sent_spans.v1"}
OVERLAPPING = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 16, "stride": 10}

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


@spacy.registry.misc("spacy-trend-tests.side_by_side.v1")
def side_by_side() -> Callable[[Floats, Floats], Floats]:
    """A change that keeps the embeddings themselves, so that a token's vector shows them."""
    return lambda static, contextual: np.concatenate([static, contextual], axis=1)


#: A way to put texts through a pipeline.
Run = Callable[[Language, Iterable[str]], dict[str, Doc]]


def one_by_one(nlp: Language, texts: Iterable[str]) -> dict[str, Doc]:
    return {text: nlp(text) for text in texts}


def in_one_batch(nlp: Language, texts: Iterable[str]) -> dict[str, Doc]:
    """All lengths mixed; not the empty text where windows are whole texts, which ends in spaCy's E1002."""
    get_spans = nlp.config["components"]["transformer"]["model"]["get_spans"]
    texts = [text for text in texts if text or get_spans != WHOLE_TEXT]
    Random(0).shuffle(texts)
    return dict(zip(texts, nlp.pipe(texts, batch_size=len(texts) + 1), strict=True))


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


@pytest.fixture(params=[one_by_one, in_one_batch])
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
    docs = [nlp(text) for text in TEXTS]
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
    return {run: run(pipeline, TEXTS) for run in (one_by_one, in_one_batch)}


@pytest.fixture
def docs(docs_by_run: dict[Run, dict[str, Doc]], run: Run) -> dict[str, Doc]:
    """The texts, each through the pipeline with default settings."""
    return docs_by_run[run]


@pytest.fixture(scope="module")
def embeddings_pipeline(make_nlp: Callable[..., Language], windows: dict[str, Any]) -> Language:
    return make_nlp(bundled_encoder(), {"change": {"@misc": "spacy-trend-tests.side_by_side.v1"}}, windows)


@pytest.fixture(scope="module")
def sentences_pipeline(make_nlp: Callable[..., Language], windows: dict[str, Any]) -> Language:
    return make_nlp(bundled_encoder(), {"level": "sentence"}, windows)


def on_tokens(reading: Reading, values: NDArray[Any], doc: Doc) -> NDArray[Any]:
    """Values of the words, `(words, any)`, as values of all tokens, zeros for what is not a word."""
    spread = np.zeros((len(doc), values.shape[1]), dtype=values.dtype)
    spread[reading.tokens] = values
    return spread


def of_tokens(doc: Doc, attribute: str, width: int) -> Floats:
    values = np.array([token._.get(attribute) for token in doc], dtype=np.float32)
    return values.reshape(len(doc), width)


def positions(*tokens: Token | None) -> list[int]:
    return [-1 if token is None else token.i for token in tokens]


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
    assert len(TEXTS) == len(set(TEXTS)) >= 60
    assert windows == WHOLE_TEXT or sum(len(spans) > 1 for _, spans in cut_docs) >= 10


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
    for text, doc in run(embeddings_pipeline, TEXTS).items():
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
    for text, doc in run(sentences_pipeline, TEXTS).items():
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
