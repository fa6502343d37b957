"""Texts of many windows, and what is said of tokens that the encoder's limit cuts off."""

import random
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin, Span
from spacy_transformers.util import registry

from spacy_trend import bundled_encoder

from .conftest import DIFFERENCE

LIMIT = 16
WARNING = r"tokens of the doc .* have no vector: the encoder takes 16 wordpieces"

VOCABULARY = [
    "the",
    "old",
    "house",
    "behind",
    "green",
    "hills",
    "where",
    "we",
    "were",
    "mistakenly",
    "unbuttoning",
]


@registry.span_getters("spacy-trend-tests.sentence_and_next.v1")
def sentence_and_next() -> Callable[[Sequence[Doc]], list[list[Span]]]:
    """A user's own getter: windows of two sentences, each sentence in two of them."""

    def get_spans(docs: Sequence[Doc]) -> list[list[Span]]:
        windows = []
        for doc in docs:
            sentences = list(doc.sents)
            ends = [sentence.end for sentence in [*sentences[1:], *sentences[-1:]]]
            pairs = zip(sentences, ends, strict=True)
            windows.append([doc[sentence.start : end] for sentence, end in pairs])
        return windows

    return get_spans


@registry.span_getters("spacy-trend-tests.parts.v1")
def parts(bounds: list[list[int]]) -> Callable[[Sequence[Doc]], list[list[Span]]]:
    """A user's own getter: the same windows in every doc; they may leave tokens out."""

    def get_spans(docs: Sequence[Doc]) -> list[list[Span]]:
        return [[doc[start:end] for start, end in bounds if start < len(doc)] for doc in docs]

    return get_spans


DOC_SPANS = {"@span_getters": "spacy-transformers.doc_spans.v1"}
SENT_SPANS = {"@span_getters": "spacy-transformers.sent_spans.v1"}
SENTENCE_AND_NEXT = {"@span_getters": "spacy-trend-tests.sentence_and_next.v1"}


def strided(window: int, stride: int) -> dict[str, Any]:
    return {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": stride}


def own_parts(*bounds: tuple[int, int]) -> dict[str, Any]:
    return {"@span_getters": "spacy-trend-tests.parts.v1", "bounds": [list(bound) for bound in bounds]}


def long_text(sentences: int, seed: int = 0) -> str:
    """Sentences of 5 to 15 words, some of several wordpieces."""
    chance = random.Random(seed)
    words = (chance.choices(VOCABULARY, k=chance.randint(5, 15)) for _ in range(sentences))
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in words)


@pytest.fixture(scope="module")
def make_limited(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Callable[..., Language]:
    """A function that gives a pipeline whose encoder takes few wordpieces of a window, the component new in
    it: transformers are kept from test to test, as making them takes most of the time."""
    made: dict[str, Language] = {}

    def make(get_spans: dict[str, Any] = DOC_SPANS, config: dict[str, Any] = DIFFERENCE) -> Language:
        key = str(get_spans)
        if key not in made:
            made[key] = make_nlp(tiny_encoder, None, get_spans)
        nlp = made[key]
        if nlp.has_pipe("trend_vector"):
            nlp.remove_pipe("trend_vector")
        nlp.add_pipe("trend_vector", config=config)
        nlp.get_pipe("transformer").model.tokenizer.model_max_length = LIMIT
        return nlp

    return make


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
        (DOC_SPANS, {1}),
        (SENT_SPANS, {1}),
        (strided(20, 20), {1}),
        (strided(7, 7), {1}),
        (strided(20, 15), {1, 2}),
        (strided(20, 6), {1, 2, 3, 4}),
        (SENTENCE_AND_NEXT, {1, 2}),
    ],
)
def test_a_word_is_the_mean_of_what_its_windows_give_alone(
    make_nlp: Callable[..., Language], tiny_encoder: Path, get_spans: dict[str, Any], times: set[int]
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE, get_spans)
    one_window = make_nlp(tiny_encoder, DIFFERENCE, DOC_SPANS)
    doc = nlp(long_text(30))
    windows = windows_of(nlp, doc)
    assert len(windows) == 1 if get_spans is DOC_SPANS else len(windows) >= 15
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


def test_the_selection_is_made_among_the_words_of_all_windows(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    doc = make_nlp(tiny_encoder, DIFFERENCE, strided(10, 10))(long_text(30))
    most = max(doc, key=lambda token: token._.trend_attention[-1])
    assert doc._.trend_focus == most
    phrase = doc[8:13]
    pair = phrase._.trend_focus._.trend_vector + phrase._.trend_related._.trend_vector
    np.testing.assert_allclose(phrase._.trend_vector, pair, rtol=1e-5)


@pytest.mark.parametrize("get_spans", [SENT_SPANS, strided(20, 20), strided(20, 15), SENTENCE_AND_NEXT])
def test_long_and_short_docs_in_one_batch_are_as_they_are_alone(
    make_nlp: Callable[..., Language], tiny_encoder: Path, get_spans: dict[str, Any]
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE, get_spans)
    texts = [long_text(40), "Stop!", "", long_text(1), " ", long_text(300, seed=1), "...", long_text(8)]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        other = nlp(text)
        np.testing.assert_allclose(doc._.trend_vector, other._.trend_vector, atol=1e-4)
        for name in ("trend_vector", "trend_attention"):
            ours, theirs = ([token._.get(name) for token in each] for each in (doc, other))
            np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("level", ["doc", "sentence"])
def test_a_doc_of_thousands_of_tokens(
    make_nlp: Callable[..., Language], tiny_encoder: Path, level: str
) -> None:
    nlp = make_nlp(tiny_encoder, {"level": level})
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
    one_window = make_nlp(bundled_encoder(), DIFFERENCE, DOC_SPANS)
    doc = overlapping(long_text(30))
    first, second = windows_of(overlapping, doc)[:2]
    for token in doc[30:60]:
        windows = [alone(one_window, first)[token.i], alone(one_window, second)[token.i - 30]]
        for name in ("trend_vector", "trend_attention"):
            mean = np.mean([each._.get(name) for each in windows], axis=0)
            np.testing.assert_allclose(token._.get(name), mean, atol=1e-4)


# Of 16 wordpieces the first is [CLS]. The last is [SEP], which is cut before any word is: 15 words fit.
ONE, THREE, FOUR, NONE = "apple", "我想要", "我想要一", "\u200b"


@pytest.mark.parametrize(
    ("get_spans", "words", "cut"),
    [
        (DOC_SPANS, [], []),
        (DOC_SPANS, [ONE], []),
        (DOC_SPANS, [ONE] * 14, []),
        (DOC_SPANS, [ONE] * 15, []),
        (DOC_SPANS, [ONE] * 16, [15]),
        (DOC_SPANS, [ONE] * 40, range(15, 40)),
        # What ends inside a word has a part of it; what ends just before one does not.
        (DOC_SPANS, [FOUR] * 4, []),
        (DOC_SPANS, [FOUR] * 5, [4]),
        (DOC_SPANS, [THREE] * 6, [5]),
        (DOC_SPANS, ["一" * 40], []),
        (DOC_SPANS, ["一" * 40, ONE, ONE], [1, 2]),
        # Punctuation counts, spaces do not.
        (DOC_SPANS, [ONE] * 15 + ["."], [15]),
        (DOC_SPANS, ["."] * 18, [15, 16, 17]),
        (DOC_SPANS, [ONE] * 15 + ["\n", "  "], []),
        (DOC_SPANS, [ONE] * 15 + ["\n", ONE, " ", ONE, "\n\n"], [16, 18]),
        (DOC_SPANS, ["\n"] + [ONE] * 7 + ["\t"] + [ONE] * 9, [17]),
        # What the tokenizer drops has no wordpiece for another reason.
        (DOC_SPANS, [ONE, NONE, ONE], []),
        (DOC_SPANS, [NONE] * 40, []),
        (DOC_SPANS, [ONE] * 14 + [NONE], []),
        (DOC_SPANS, [NONE] + [ONE] * 7 + [NONE] * 20 + [ONE] * 8, []),
        (DOC_SPANS, [NONE, NONE] + [ONE] * 16, [17]),
        # Every window that is too long, and no other.
        (strided(20, 20), [ONE] * 50, [*range(15, 20), *range(35, 40)]),
        (strided(10, 10), [ONE] * 50, []),
        (strided(10, 10), [ONE] * 10 + [THREE] * 10 + [ONE] * 10, range(15, 20)),
        (strided(10, 10), [ONE] * 10 + [FOUR] * 10 + [ONE] * 10, range(14, 20)),
        (strided(10, 10), [ONE] * 10 + [NONE] * 10 + [ONE] * 10, []),
        (strided(15, 15), [ONE] * 45, []),
        # What the next window has is not cut off.
        (strided(20, 15), [ONE] * 45, []),
        (strided(20, 12), [ONE] * 39, []),
        (strided(20, 12), [ONE] * 40, [39]),
        (strided(20, 18), [ONE] * 33, [15, 16, 17]),
        (strided(20, 18), [ONE] * 38, [15, 16, 17, *range(33, 38)]),
        (strided(10, 5), [THREE] * 15, range(10, 15)),
        (strided(10, 5), [THREE] * 20, range(15, 20)),
        (strided(10, 5), [FOUR] * 20, [4, 9, *range(14, 20)]),
        # The second window is cut where the third, which is whole, begins.
        (strided(10, 5), [FOUR] * 10 + [ONE] * 10, [4, 9]),
        (SENT_SPANS, [ONE] * 20 + ["."] + [ONE] * 5 + ["."] + [ONE] * 15 + ["."], [*range(15, 21), 42]),
        (SENT_SPANS, [ONE] * 5 + [".", "\n\n"] + [ONE] * 15 + ["!"], [22]),
        (SENTENCE_AND_NEXT, ([ONE] * 7 + ["."]) * 3, []),
        (SENTENCE_AND_NEXT, ([ONE] * 17 + ["."]) * 2, [15, 16, 17, 33, 34, 35]),
        (own_parts((0, 10), (10, 30), (30, 60)), [ONE] * 40, range(25, 30)),
        (own_parts((0, 10), (20, 30)), [ONE] * 30, []),
    ],
)
def test_the_tokens_cut_off_are_those_without_wordpiece_because_of_the_limit(
    make_limited: Callable[..., Language], get_spans: dict[str, Any], words: list[str], cut: Sequence[int]
) -> None:
    nlp = make_limited(get_spans)
    doc = Doc(nlp.vocab, words=words)
    if cut:
        with pytest.warns(UserWarning, match=rf"^{len(cut)} {WARNING}"):
            nlp(doc)
    else:
        nlp(doc)
    assert doc._.trend_truncated == len(cut)
    for token in cut:
        assert not doc[token]._.trend_vector.any()
        assert not doc[token]._.trend_attention.any()
    for token in doc:
        if token.i not in cut and token.text in {ONE, THREE, FOUR} and "parts" not in str(get_spans):
            assert token._.trend_vector.any()
            assert np.isfinite(token._.trend_vector).all()


@pytest.mark.parametrize(
    ("get_spans", "words", "cut"),
    [
        # The window is full, of which only [SEP] was cut, and what stands behind has no wordpiece anyway.
        (DOC_SPANS, [ONE] * 15 + [NONE], 0),
        (DOC_SPANS, [ONE] * 15 + [NONE, ONE], 1),
        # It stands in the next window, of which nothing was cut.
        (strided(15, 15), [ONE] * 15 + [NONE] + [ONE] * 5, 0),
        # The user's windows leave them out: it is not known why they have no wordpiece.
        (own_parts((0, 15), (20, 30)), [ONE] * 30, 5),
        # A window inside the rest of one that was cut.
        (own_parts((0, 20), (16, 18), (20, 25)), [ONE] * 25, 3),
    ],
)
def test_behind_a_full_window_only_what_was_cut_off_is_counted(
    make_limited: Callable[..., Language], get_spans: dict[str, Any], words: list[str], cut: int
) -> None:
    nlp = make_limited(get_spans)
    doc = Doc(nlp.vocab, words=words)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nlp(doc)
    assert len(caught) == min(cut, 1)
    assert doc._.trend_truncated == cut


def test_the_limit_may_stand_in_the_transformers_config(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    limited = {"model_max_length": LIMIT}
    model = {"name": str(tiny_encoder), "get_spans": DOC_SPANS, "tokenizer_config": limited}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("trend_vector")
    nlp.initialize()
    with pytest.warns(UserWarning, match=rf"^2 {WARNING}"):
        doc = nlp("apple " * 17)
    assert doc._.trend_truncated == 2


def test_nothing_is_cut_off_of_the_bundled_encoders_windows(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE, DOC_SPANS)
    assert nlp("apple " * 511)._.trend_truncated == 0
    with pytest.warns(UserWarning, match=r"^1 tokens of the doc .* takes 512 wordpieces"):
        assert nlp("apple " * 512)._.trend_truncated == 1


def test_it_is_said_once_a_pipeline_and_counted_in_every_doc(make_limited: Callable[..., Language]) -> None:
    nlp = make_limited()
    texts = ["apple " * words for words in (3, 20, 15, 16, 40)]
    with pytest.warns(UserWarning, match=WARNING) as caught:
        docs = list(nlp.pipe(texts, batch_size=2))
    assert [doc._.trend_truncated for doc in docs] == [0, 5, 0, 1, 25]
    (warning,) = caught
    assert str(warning.message).startswith("5 tokens of the doc 'apple apple ")
    # Warnings are errors here: these would raise.
    assert nlp("apple " * 18)._.trend_truncated == 3
    assert [doc._.trend_truncated for doc in nlp.pipe(texts)] == [0, 5, 0, 1, 25]


def test_it_is_said_once_in_a_batch_and_names_the_first_doc_that_was_cut(
    make_limited: Callable[..., Language],
) -> None:
    nlp = make_limited()
    with pytest.warns(UserWarning, match=rf"^1 {WARNING}") as caught:
        list(nlp.pipe(["Stop!", "Start " + "apple " * 15, "apple " * 30]))
    (warning,) = caught
    assert "the doc 'Start apple" in str(warning.message)
    for advice in ("strided_spans.v1", "sent_spans.v1", "Doc._.trend_truncated"):
        assert advice in str(warning.message)


def test_another_pipeline_says_it_again(make_limited: Callable[..., Language]) -> None:
    for get_spans in (DOC_SPANS, strided(30, 30)):
        nlp = make_limited(get_spans)
        with pytest.warns(UserWarning, match=WARNING):
            nlp("apple " * 20)


@pytest.mark.parametrize("neighbour", ["Stop!", "apple " * 15, "apple " * 40])
def test_what_is_cut_off_does_not_depend_on_the_batch(
    make_limited: Callable[..., Language], neighbour: str
) -> None:
    nlp = make_limited()
    with pytest.warns(UserWarning, match=WARNING):
        nlp("apple " * 20)
    for words in (3, 14, 15, 16):
        text = " ".join(VOCABULARY[number % 9] for number in range(words))
        _, doc, _ = nlp.pipe([neighbour, text, neighbour])
        assert doc._.trend_truncated == max(0, words - 15)
        # With [SEP] cut in one batch alone, the words' numbers would be others.
        np.testing.assert_allclose(doc._.trend_vector, nlp(text)._.trend_vector, atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        {"level": "sentence"},
        {"token_vectors": False},
        {"vector_hooks": True},
        {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}},
        {},
    ],
)
@pytest.mark.parametrize("get_spans", [DOC_SPANS, strided(18, 18)])
def test_settings_hold_where_something_is_cut_off(
    make_limited: Callable[..., Language], config: dict[str, Any], get_spans: dict[str, Any]
) -> None:
    nlp = make_limited(get_spans, config)
    with pytest.warns(UserWarning, match=WARNING):
        doc = nlp("The old house stands behind the hill. " + "apple " * 20 + ". Stop now!")
    assert doc._.trend_truncated > 0
    assert doc._.trend_vector.shape == (32,)
    assert doc._.trend_vector.any()
    assert np.isfinite(doc._.trend_vector).all()


def test_sentences_that_are_cut_off_do_not_count_in_the_mean_of_sentences(
    make_limited: Callable[..., Language],
) -> None:
    nlp = make_limited(DOC_SPANS, {**DIFFERENCE, "level": "sentence"})
    with pytest.warns(UserWarning, match=rf"^4 {WARNING}"):
        doc = nlp("The old house stands behind it. We were all where the hill was. Stop it now.")
    first, second, third = doc.sents
    assert (len(first), len(second), len(third)) == (7, 8, 4)
    assert not third._.trend_vector.any()
    assert third._.trend_focus is None
    mean = (first._.trend_vector + second._.trend_vector) / 2
    np.testing.assert_allclose(doc._.trend_vector, mean, atol=1e-5)


def test_the_count_is_none_where_the_component_did_not_run_and_is_stored_with_the_doc(
    make_limited: Callable[..., Language],
) -> None:
    nlp = make_limited()
    assert nlp.make_doc("apple")._.trend_truncated is None
    with pytest.warns(UserWarning, match=WARNING):
        doc = nlp("apple " * 20)
    doc._.trf_data = None
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (loaded,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    assert loaded._.trend_truncated == 5
    assert type(loaded._.trend_truncated) is int
