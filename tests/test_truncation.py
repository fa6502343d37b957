"""What is said of tokens that the encoder's limit cuts off."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin

from tests.support.changes import DIFFERENCE
from tests.support.long_texts import SENTENCE_AND_NEXT, WORDS, own_parts
from tests.support.windows import SENTENCES, WHOLE_TEXT, strided

LIMIT = 16
WARNING = r"tokens of the doc .* have no vector: the encoder takes 16 wordpieces"


@pytest.fixture(scope="module")
def make_limited(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Callable[..., Language]:
    """A function that gives a pipeline whose encoder takes few wordpieces of a window, the component new in
    it: transformers are kept from test to test, as making them takes most of the time."""
    made: dict[str, Language] = {}

    def make(get_spans: dict[str, Any] = WHOLE_TEXT, config: dict[str, Any] = DIFFERENCE) -> Language:
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


# Of 16 wordpieces the first is [CLS]. The last is [SEP], which is cut before any word is: 15 words fit.
ONE, THREE, FOUR, NONE = "apple", "我想要", "我想要一", "\u200b"


@pytest.mark.parametrize(
    ("get_spans", "words", "cut"),
    [
        (WHOLE_TEXT, [], []),
        (WHOLE_TEXT, [ONE], []),
        (WHOLE_TEXT, [ONE] * 14, []),
        (WHOLE_TEXT, [ONE] * 15, []),
        (WHOLE_TEXT, [ONE] * 16, [15]),
        (WHOLE_TEXT, [ONE] * 40, range(15, 40)),
        # What ends inside a word has a part of it; what ends just before one does not.
        (WHOLE_TEXT, [FOUR] * 4, []),
        (WHOLE_TEXT, [FOUR] * 5, [4]),
        (WHOLE_TEXT, [THREE] * 6, [5]),
        (WHOLE_TEXT, ["一" * 40], []),
        (WHOLE_TEXT, ["一" * 40, ONE, ONE], [1, 2]),
        # Punctuation counts, spaces do not.
        (WHOLE_TEXT, [ONE] * 15 + ["."], [15]),
        (WHOLE_TEXT, ["."] * 18, [15, 16, 17]),
        (WHOLE_TEXT, [ONE] * 15 + ["\n", "  "], []),
        (WHOLE_TEXT, [ONE] * 15 + ["\n", ONE, " ", ONE, "\n\n"], [16, 18]),
        (WHOLE_TEXT, ["\n"] + [ONE] * 7 + ["\t"] + [ONE] * 9, [17]),
        # What the tokenizer drops has no wordpiece for another reason.
        (WHOLE_TEXT, [ONE, NONE, ONE], []),
        (WHOLE_TEXT, [NONE] * 40, []),
        (WHOLE_TEXT, [ONE] * 14 + [NONE], []),
        (WHOLE_TEXT, [NONE] + [ONE] * 7 + [NONE] * 20 + [ONE] * 8, []),
        (WHOLE_TEXT, [NONE, NONE] + [ONE] * 16, [17]),
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
        (SENTENCES, [ONE] * 20 + ["."] + [ONE] * 5 + ["."] + [ONE] * 15 + ["."], [*range(15, 21), 42]),
        (SENTENCES, [ONE] * 5 + [".", "\n\n"] + [ONE] * 15 + ["!"], [22]),
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
        (WHOLE_TEXT, [ONE] * 15 + [NONE], 0),
        (WHOLE_TEXT, [ONE] * 15 + [NONE, ONE], 1),
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
    model = {"name": str(tiny_encoder), "get_spans": WHOLE_TEXT, "tokenizer_config": limited}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("trend_vector")
    nlp.initialize()
    with pytest.warns(UserWarning, match=rf"^2 {WARNING}"):
        doc = nlp("apple " * 17)
    assert doc._.trend_truncated == 2


def test_nothing_is_cut_off_of_the_bundled_encoders_windows(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE, WHOLE_TEXT)
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
    for get_spans in (WHOLE_TEXT, strided(30, 30)):
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
        text = " ".join(WORDS[number % 9] for number in range(words))
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
@pytest.mark.parametrize("get_spans", [WHOLE_TEXT, strided(18, 18)])
def test_settings_hold_if_something_is_cut_off(
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
    nlp = make_limited(WHOLE_TEXT, {**DIFFERENCE, "level": "sentence"})
    with pytest.warns(UserWarning, match=rf"^4 {WARNING}"):
        doc = nlp("The old house stands behind it. We were all where the hill was. Stop it now.")
    first, second, third = doc.sents
    assert (len(first), len(second), len(third)) == (7, 8, 4)
    assert not third._.trend_vector.any()
    assert third._.trend_focus is None
    mean = (first._.trend_vector + second._.trend_vector) / 2
    np.testing.assert_allclose(doc._.trend_vector, mean, atol=1e-5)


def test_the_count_is_none_if_the_component_did_not_run_and_is_stored_with_the_doc(
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
