"""The attributes of docs, spans and tokens."""

from collections.abc import Callable

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc

from spacy_trend.attributes.extensions import install_extensions

TEXT = "I want an apple. She sold the old house! ..."


def test_a_doc_has_a_vector_and_the_words_it_came_from(nlp: Language) -> None:
    doc = nlp("I want an apple.")
    vector = doc._.trend_vector
    assert vector.shape == (384,)
    assert vector.dtype == np.float32
    assert doc._.trend_focus.text == "want"
    pair = doc._.trend_focus._.trend_vector + doc._.trend_related._.trend_vector
    np.testing.assert_array_equal(vector, pair)


def test_tokens_have_vectors_and_attention(nlp: Language) -> None:
    doc = nlp("I want an apple.")
    assert doc[1]._.trend_vector.shape == (384,)
    assert doc[1]._.trend_attention.shape == (12,)
    assert np.argmax([token._.trend_attention[-1] for token in doc]) == doc._.trend_focus.i
    assert not doc[4]._.trend_vector.any()
    assert not doc[4]._.trend_attention.any()


def test_a_span_makes_the_selection_among_its_words(nlp: Language) -> None:
    doc = nlp(TEXT)
    phrase = doc[2:4]
    assert {phrase._.trend_focus, phrase._.trend_related} == {doc[2], doc[3]}
    np.testing.assert_array_equal(phrase._.trend_vector, doc[2]._.trend_vector + doc[3]._.trend_vector)
    whole = doc[:]
    np.testing.assert_array_equal(whole._.trend_vector, doc._.trend_vector)
    assert (whole._.trend_focus, whole._.trend_related) == (doc._.trend_focus, doc._.trend_related)


def test_a_span_of_one_word_is_that_word_and_a_span_without_words_is_zeros(nlp: Language) -> None:
    doc = nlp(TEXT)
    np.testing.assert_array_equal(doc[3:4]._.trend_vector, doc[3]._.trend_vector)
    assert (doc[3:4]._.trend_focus, doc[3:4]._.trend_related) == (doc[3], None)
    for span in (doc[4:5], doc[2:2]):
        assert span._.trend_vector.shape == (384,)
        assert not span._.trend_vector.any()
        assert (span._.trend_focus, span._.trend_related) == (None, None)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "?! -"])
def test_a_doc_without_words_is_zeros(nlp: Language, text: str) -> None:
    doc = nlp(text)
    assert doc._.trend_vector.shape == (384,)
    assert not doc._.trend_vector.any()
    assert (doc._.trend_focus, doc._.trend_related) == (None, None)


def test_one_word_has_no_related_word(nlp: Language) -> None:
    doc = nlp("Stop!")
    assert (doc._.trend_focus, doc._.trend_related) == (doc[0], None)
    np.testing.assert_array_equal(doc._.trend_vector, doc[0]._.trend_vector)


def test_attributes_are_none_if_the_component_did_not_run() -> None:
    doc = Doc(spacy.blank("en").vocab, words=["a", "b"])
    for item in (doc, doc[0:1], doc[0]):
        assert item._.trend_vector is None
    assert doc._.trend_focus is doc[:]._.trend_related is doc[0]._.trend_attention is None


def test_returned_arrays_cannot_change_the_doc(nlp: Language) -> None:
    doc = nlp(TEXT)
    arrays = [doc._.trend_vector, doc[0]._.trend_vector, doc[0]._.trend_attention, doc[0:2]._.trend_vector]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_words_vectors_are_not_kept_without_token_vectors(shared_nlp: Callable[..., Language]) -> None:
    doc = shared_nlp({"token_vectors": False})(TEXT)
    with_vectors = shared_nlp({})(TEXT)
    np.testing.assert_array_equal(doc._.trend_vector, with_vectors._.trend_vector)
    assert doc[0]._.trend_attention.shape == (4,)
    assert doc[0:2]._.trend_focus is not None
    for item in (doc[0:2], doc[0]):
        with pytest.raises(ValueError, match=r"token_vectors=False.*Expected token_vectors=True"):
            item._.trend_vector  # noqa: B018


def test_tokens_merged_after_the_component_are_refused(tiny: Language) -> None:
    doc = tiny(TEXT)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
    for item in (doc, doc[0:2], doc[0]):
        with pytest.raises(ValueError, match=r"has 11 tokens, but had 12 when.*before the transformer"):
            item._.trend_vector  # noqa: B018


def test_an_attribute_of_the_same_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    extension = Doc.get_extension("trend_vector")
    Doc.set_extension("trend_vector", default=None, force=True)
    try:
        with pytest.raises(ValueError, match=r"Doc\._\.trend_vector is taken: got None, expected the getter"):
            install_extensions()
    finally:
        Doc.set_extension("trend_vector", getter=extension[2], force=True)
    install_extensions()
