from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from spacy_transformers.data_classes import TransformerData

import spacy_trend.alignment.words as words_of_docs
from spacy_trend.alignment.words import align_words
from tests.support.aligned_docs import ROWS, WIDTH, FakeSource, make_doc, observed_output


def test_embeddings_are_means_and_attention_sums_over_wordpieces() -> None:
    doc = make_doc(["a", "b"], [[1], [2, 3]], observed_output(1, 5))
    words = align_words([doc], FakeSource())
    assert words.tokens.tolist() == [0, 1]
    assert words.contextual.tolist() == [[2, 3], [5, 6]]
    assert words.static.tolist() == [[102, 103], [105, 106]]
    assert words.attention.tolist() == [[3, 6 + 9], [4, 7 + 10], [5, 8 + 11]]


def test_windows_that_overlap_are_averaged() -> None:
    doc = make_doc(["a", "b"], [[1], [2, 3, 5, 6]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.contextual[1].tolist() == [np.mean([4, 6, 10, 12]), np.mean([5, 7, 11, 13])]
    assert words.attention[0].tolist() == [3, (6 + 9 + 15 + 18) / 2]


def test_a_word_in_two_windows_with_unequal_parts_counts_windows_not_wordpieces() -> None:
    doc = make_doc(["a"], [[2, 3, 5]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.attention[:, 0].tolist() == [(6 + 9 + 15) / 2, (7 + 10 + 16) / 2, (8 + 11 + 17) / 2]


def test_neighbouring_words_of_different_windows_do_not_share_a_window() -> None:
    doc = make_doc(["a", "b", "c"], [[3], [5], [6]], observed_output(2, 4))
    words = align_words([doc], FakeSource())
    assert words.attention[0].tolist() == [9, 15, 18]


def test_punctuation_space_and_tokens_without_wordpieces_are_not_words() -> None:
    doc = make_doc(["a", "-", " ", "b", "c"], [[1], [2], [3], [], [4]], observed_output(1, 6))
    words = align_words([doc], FakeSource())
    assert words.tokens.tolist() == [0, 4]
    assert words.attention[0].tolist() == [3, 12]


def test_two_tokens_may_share_a_wordpiece() -> None:
    doc = make_doc(["ca", "nt"], [[1], [1]], observed_output(1, 3))
    words = align_words([doc], FakeSource())
    assert words.contextual.tolist() == [[2, 3], [2, 3]]


@pytest.mark.parametrize("words", [[], [".", "-"]])
def test_a_doc_without_words_has_arrays_of_the_right_shape(words: list[str]) -> None:
    doc = make_doc(words, [[1] for _ in words], observed_output(1, 3))
    if not words:
        doc._.trf_data = TransformerData.empty()
    aligned = align_words([doc], FakeSource())
    assert aligned.tokens.shape == (0,)
    assert aligned.static.shape == aligned.contextual.shape == (0, WIDTH)
    assert aligned.attention.shape == (ROWS, 0)


def test_half_precision_becomes_float32_before_it_is_summed() -> None:
    output = observed_output(1, 5)
    output["last_hidden_state"] = np.full((1, 5, WIDTH), 60000, dtype="float16")
    words = align_words([make_doc(["a"], [[1, 2]], output)], FakeSource())
    assert words.contextual.dtype == np.float32
    assert words.contextual.tolist() == [[60000, 60000]]


def test_words_of_several_docs_stand_one_after_another() -> None:
    one = make_doc(["a", "b"], [[1], [2, 3]], observed_output(1, 5))
    two = make_doc(["."], [[1]], observed_output(1, 3))
    three = make_doc(["c", "-", "d"], [[2, 3], [1], [4, 9]], observed_output(2, 6))
    docs = [one, two, three]
    words = align_words(docs, FakeSource())
    assert words.lengths.tolist() == [2, 0, 2]
    assert words.tokens.tolist() == [0, 1, 0, 2]
    for field in ("static", "contextual"):
        alone = [getattr(align_words([doc], FakeSource()), field) for doc in docs]
        np.testing.assert_array_equal(getattr(words, field), np.concatenate(alone))
    alone = [align_words([doc], FakeSource()).attention for doc in docs]
    np.testing.assert_array_equal(words.attention, np.concatenate(alone, axis=1))


@pytest.mark.parametrize("words_at_a_time", [1, 2, 3])
def test_a_long_doc_is_aligned_in_parts_without_a_difference(
    monkeypatch: pytest.MonkeyPatch, words_at_a_time: int
) -> None:
    alignment = [[1], [2, 3], [4, 9], [5, 6, 7], [8, 12]]
    whole, parts = (make_doc(["a", "b", "c", "d", "e"], alignment, observed_output(2, 7)) for _ in range(2))
    expected = align_words([whole], FakeSource())
    monkeypatch.setattr("spacy_trend.method.segments.WORDS_AT_A_TIME", words_at_a_time)
    found = align_words([parts], FakeSource())
    for name in set(expected._fields) - {"mutual"}:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for one, other in zip(found.mutual, expected.mutual, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_device_gathers_is_what_the_processor_does(monkeypatch: pytest.MonkeyPatch) -> None:
    docs = [
        make_doc(["a", "b"], [[1], [2, 3]], observed_output(1, 5)),
        make_doc(["."], [[1]], observed_output(1, 3)),
        make_doc(["c", "d"], [[2], [3, 6]], observed_output(2, 4)),
    ]
    expected = align_words(docs, FakeSource())
    monkeypatch.setattr(words_of_docs, "_gather", lambda places, *_: gather_on_device(places))
    found = align_words(docs, FakeSource())
    for name in ("static", "contextual", "attention", "tokens", "lengths"):
        assert (getattr(found, name) == getattr(expected, name)).all()


def gather_on_device(places: list[Any]) -> NDArray[np.float32]:
    filled = [(place.rows, place.tensors) for place in places if place.tensors and len(place.rows) > 0]
    return words_of_docs._gather_on_device(filled)
