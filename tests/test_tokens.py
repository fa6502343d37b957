"""Tokens that are merged, split, made by hand or flagged otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy import Language
from spacy.attrs import IS_PUNCT, IS_SPACE
from spacy.tokens import Doc

from tests.support.changes import DIFFERENCE
from tests.support.odd_texts import check_invariants, check_same, word_positions

TEXT = "I want an apple. She sold the old house!"


@Language.component("spacy_trend_tests_merge")
def merge(doc: Doc) -> Doc:
    if len(doc) > 3:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[2:4])
    return doc


@Language.component("spacy_trend_tests_split")
def split(doc: Doc) -> Doc:
    if len(doc) > 3:
        with doc.retokenize() as retokenizer:
            retokenizer.split(doc[3], ["app", "le"], heads=[doc[1], (doc[3], 0)])
    return doc


@pytest.mark.parametrize(
    ("component", "tokens"),
    [
        ("merge", ["I", "want", "an apple", "now", "."]),
        ("split", ["I", "want", "an", "app", "le", "now", "."]),
    ],
)
@pytest.mark.parametrize("place", [{"first": True}, {"before": "transformer"}])
def test_tokens_may_be_merged_or_split_before_the_transformer(
    make_nlp: Callable[..., Language],
    tiny_encoder: Path,
    steady: Language,
    component: str,
    tokens: list[str],
    place: dict[str, Any],
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    nlp.add_pipe(f"spacy_trend_tests_{component}", **place)
    text = "I want an apple now."
    docs = list(nlp.pipe(["", text, "Stop!"]))
    doc, plain = docs[1], steady(text)
    assert [token.text for token in doc] == tokens
    assert word_positions(doc) == list(range(len(tokens) - 1))
    for each in docs:
        check_invariants(each, 32)
    # The encoder reads the same text: what did not change has the same numbers.
    for here, there in ((0, 0), (1, 1), (-2, -2)):
        np.testing.assert_allclose(doc[here]._.trend_vector, plain[there]._.trend_vector, atol=1e-5)
        np.testing.assert_allclose(doc[here]._.trend_attention, plain[there]._.trend_attention, atol=1e-5)
    if component == "merge":
        mean = (plain[2]._.trend_vector + plain[3]._.trend_vector) / 2
        total = plain[2]._.trend_attention + plain[3]._.trend_attention
        np.testing.assert_allclose(doc[2]._.trend_vector, mean, atol=1e-5)
        np.testing.assert_allclose(doc[2]._.trend_attention, total, atol=1e-5)
    else:
        # Both parts share the one wordpiece of "apple".
        for part in (3, 4):
            np.testing.assert_allclose(doc[part]._.trend_vector, plain[3]._.trend_vector, atol=1e-5)


@pytest.mark.parametrize(("component", "got"), [("merge", 5), ("split", 7)])
def test_tokens_merged_or_split_between_transformer_and_component_are_refused(
    tiny: Language, component: str, got: int
) -> None:
    tiny.add_pipe(f"spacy_trend_tests_{component}", after="transformer")
    message = rf"covers 6 tokens, but the doc 'I want an apple now\.' has {got}.*before the transformer"
    with pytest.raises(ValueError, match=message):
        tiny("I want an apple now.")
    check_invariants(tiny("Stop!"), 32)


@pytest.mark.parametrize(
    ("words", "spaces", "expected"),
    [
        (["I", "want", "an", "apple", "."], [True, True, True, False, False], [0, 1, 2, 3]),
        (["I", "want", "an", "apple", "."], None, [0, 1, 2, 3]),
        (["ca", "nt", "see"], [False, True, False], [0, 1, 2]),
        (["New York", "is", "big"], None, [0, 1, 2]),
        (["a", " ", "b"], [False, False, False], [0, 2]),
        ([" ", "a", "\n"], [True, True, True], [1]),
        (["a", "\u200b", "b"], None, [0, 2]),
        (["x" * 10_000, "a"], None, [0, 1]),
        (["e", "\u0301", "a"], [False, False, False], [0, 1, 2]),
        ([], [], []),
    ],
)
def test_docs_made_of_words_and_spaces(
    steady: Language, words: list[str], spaces: list[bool] | None, expected: list[int]
) -> None:
    doc = Doc(steady.vocab, words=words, spaces=spaces)
    among = [Doc(steady.vocab, words=words, spaces=spaces), steady.make_doc(TEXT)]
    alone = steady(doc)
    assert alone is doc
    check_invariants(alone, 32)
    assert word_positions(alone) == expected
    check_same(next(iter(steady.pipe(among))), alone)


def test_a_doc_made_of_words_is_as_that_of_its_text(steady: Language) -> None:
    made = Doc(steady.vocab, words=["I", "want", "an", "apple", "."], spaces=[True, True, True, False, False])
    check_same(steady(made), steady("I want an apple."))


def test_flags_of_the_vocab_decide_what_a_word_is(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    text = "I want an apple . Now @ home"
    before = nlp(text)
    assert word_positions(before) == [0, 1, 2, 3, 5, 7]
    nlp.vocab["apple"].set_flag(IS_PUNCT, True)
    nlp.vocab["want"].is_punct = True
    nlp.vocab["an"].set_flag(IS_SPACE, True)
    nlp.vocab["."].is_punct = False
    nlp.vocab["@"].is_punct = False
    after = nlp(text)
    assert word_positions(after) == [0, 4, 5, 6, 7]
    check_invariants(after, 32)
    # Only what counts as a word changed, not what the encoder says of it.
    for word in (0, 5, 7):
        np.testing.assert_allclose(after[word]._.trend_vector, before[word]._.trend_vector, atol=1e-5)
    nlp.vocab["Stop"].is_punct = True
    assert not nlp("Stop !")._.trend_vector.any()
