"""Anything may come as input: a pipeline with us refuses what it refuses without us, and nothing else."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

from spacy_trend import from_encoder
from tests.support.changes import DIFFERENCE
from tests.support.odd_texts import (
    LONG_WORDS,
    LONG_WORDS_OF_MANY_WORDPIECES,
    WITH_WORDS,
    WITHOUT_WORDS,
    check_invariants,
    check_same,
    word_positions,
)

TEXT = "I want an apple. She sold the old house!"


@pytest.mark.parametrize("text", WITHOUT_WORDS.values(), ids=WITHOUT_WORDS.keys())
def test_a_text_without_words_has_zeros(default: Language, text: str) -> None:
    doc = default(text)
    check_invariants(doc, 32)
    assert not doc._.trend_vector.any()
    assert doc._.trend_focus is doc._.trend_related is None


@pytest.mark.parametrize("text", WITH_WORDS.values(), ids=WITH_WORDS.keys())
def test_an_odd_text_with_words_has_a_vector(default: Language, text: str) -> None:
    doc = default(text)
    check_invariants(doc, 32)
    assert doc._.trend_vector.any()
    assert doc._.trend_focus is not None


@pytest.mark.parametrize("text", ["", " \n", "?!...", "\u200b", "我想要一个苹果。", "שלום עולם", "👨‍👩‍👧"])
def test_odd_texts_with_the_bundled_encoder(nlp: Language, text: str) -> None:
    check_invariants(nlp(text), 384)


@pytest.mark.parametrize(
    ("config", "get_spans"),
    [
        ({"token_vectors": False}, {"@span_getters": "spacy-transformers.sent_spans.v1"}),
        ({"level": "sentence"}, {"@span_getters": "spacy-transformers.sent_spans.v1"}),
        (
            {"level": "sentence"},
            {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 6},
        ),
    ],
)
def test_odd_texts_in_one_batch_with_other_settings(
    shared_nlp: Callable[..., Language],
    config: dict[str, Any],
    get_spans: dict[str, Any],
) -> None:
    nlp = shared_nlp({**DIFFERENCE, "vector_hooks": True, **config}, get_spans)
    texts = [*WITHOUT_WORDS.values(), *WITH_WORDS.values()]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        assert doc.text == text
        assert doc._.trend_vector.shape == doc.vector.shape == (32,)
        np.testing.assert_allclose(doc._.trend_vector, nlp(text)._.trend_vector, atol=1e-4)


def test_odd_texts_in_one_batch_are_as_they_are_alone(steady: Language) -> None:
    texts = [*WITHOUT_WORDS.values(), *WITH_WORDS.values()]
    random.Random(0).shuffle(texts)
    for text, doc in zip(texts, steady.pipe(texts), strict=True):
        check_same(doc, steady(text))


@pytest.mark.parametrize(
    "texts",
    [
        ["", TEXT, "Stop!"],
        [TEXT, "", "Stop!"],
        [TEXT, "Stop!", ""],
        ["", "", TEXT, "", "", "Stop!", "", ""],
        ["", "", ""],
        [" ", TEXT, "\n\n", "Stop!", "\t"],
        [" ", "", "\n", ""],
        [],
    ],
)
@pytest.mark.parametrize("batch_size", [1, 2, 128])
def test_blank_docs_may_stand_anywhere_in_a_batch(
    steady: Language, texts: list[str], batch_size: int
) -> None:
    docs = list(steady.pipe(texts, batch_size=batch_size))
    assert [doc.text for doc in docs] == texts
    for text, doc in zip(texts, docs, strict=True):
        check_same(doc, steady(text))


def test_characters_that_the_encoder_drops_change_nothing(steady: Language) -> None:
    plain = steady("an apple there")
    for text in (
        "an ap\u200bple there",
        "an apple\ufeff there",
        "an apple\x01 there",
        "an a\u0301pple there",
    ):
        doc = steady(text)
        assert len(doc) == 3
        np.testing.assert_allclose(doc._.trend_vector, plain._.trend_vector, atol=1e-5)


@pytest.mark.parametrize(
    ("lang", "text", "words"),
    [
        ("en", "שלום עולם!", ["שלום", "עולם"]),
        ("he", "שלום, עולם!", ["שלום", "עולם"]),
        ("ar", "مرحبا بالعالم؟", ["مرحبا", "بالعالم"]),
        ("en", "我想要苹果。", ["我想要苹果"]),
        ("zh", "我想要苹果。", ["我", "想", "要", "苹", "果"]),
        ("xx", "я хочу «яблоко»…", ["я", "хочу", "яблоко"]),
    ],
)
def test_words_of_other_scripts_are_those_of_the_language(
    tiny_encoder: Path, lang: str, text: str, words: list[str]
) -> None:
    doc = from_encoder(tiny_encoder, lang=lang)(text)
    check_invariants(doc, 32)
    assert [doc[word].text for word in word_positions(doc)] == words


@pytest.mark.parametrize("word", LONG_WORDS.values(), ids=LONG_WORDS.keys())
def test_a_word_of_ten_thousand_characters(steady: Language, word: str) -> None:
    assert len(word) == 10_000
    alone, among = steady.pipe([word, f"I want {word} now."])
    check_invariants(alone, 32)
    check_invariants(among, 32)
    assert among._.trend_focus is not None
    check_same(steady(alone.text), alone)


@pytest.mark.parametrize(
    "word", LONG_WORDS_OF_MANY_WORDPIECES.values(), ids=LONG_WORDS_OF_MANY_WORDPIECES.keys()
)
def test_a_word_of_ten_thousand_wordpieces(tiny: Language, word: str) -> None:
    alone = tiny(word)
    assert len(alone) == 1
    check_invariants(alone, 32)
    with pytest.warns(UserWarning, match=r"^2 tokens of the doc 'I want .*takes 512 wordpieces"):
        among = tiny(f"I want {word} now.")
    assert among._.trend_truncated == 2
    assert set(word_positions(among)) <= {0, 1, 2}
    assert among._.trend_focus.i in word_positions(among)
    assert np.isfinite(among._.trend_vector).all()


@pytest.mark.parametrize(("unit", "tokens"), [("a ", 10_000), ("苹 ", 10_000), ("👍", 1_000), ("!", 1_000)])
def test_many_tokens_of_one_character(steady: Language, unit: str, tokens: int) -> None:
    doc = steady(unit * tokens)
    assert len(doc) == tokens
    assert np.isfinite(doc._.trend_vector).all()
    assert word_positions(doc) == ([] if unit == "!" else list(range(tokens)))


@pytest.mark.parametrize(
    "value",
    ["\ud800", "apple \udc00 pear", "\ude00\ud83d", None, 3, b"bytes", ["a", "b"]],
    ids=["high", "low", "wrong order", "none", "number", "bytes", "list"],
)
@pytest.mark.parametrize("run", [lambda nlp, it: nlp(it), lambda nlp, it: list(nlp.pipe(["a", it]))])
def test_what_spacy_refuses_is_refused_as_without_us(
    default: Language, value: Any, run: Callable[[Language, Any], Any]
) -> None:
    with pytest.raises(Exception) as without_us:  # noqa: PT011 - whatever it is
        run(spacy.blank("en"), value)
    with pytest.raises(type(without_us.value)) as with_us:
        run(default, value)
    assert str(with_us.value) == str(without_us.value)
    check_invariants(default(TEXT), 32)


def test_surrogates_that_are_a_pair_in_other_strings_are_one_character_here(steady: Language) -> None:
    joined = "\ud83d\ude00 face".encode("utf-16", "surrogatepass").decode("utf-16")
    assert joined == "😀 face"
    check_same(steady(joined), steady("😀 face"))
