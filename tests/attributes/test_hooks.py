"""spaCy's own vectors and similarities, answered by the trend vector."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from spacy import Language
from spacy.tokens import Doc

TEXT = "I want an apple. She sold the old house! ..."


def test_vector_hooks_answer_for_doc_span_and_token(shared_nlp: Callable[..., Language]) -> None:
    nlp = shared_nlp({"vector_hooks": True})
    doc, other, empty = nlp.pipe([TEXT, "You need two pears.", "..."])
    for item in (doc, doc[2:4], doc[1]):
        np.testing.assert_array_equal(item.vector, item._.trend_vector)
        assert item.has_vector
        np.testing.assert_allclose(item.vector_norm, np.linalg.norm(item._.trend_vector), rtol=1e-6)
        cosine = np.dot(item.vector, other.vector) / (item.vector_norm * other.vector_norm)
        np.testing.assert_allclose(item.similarity(other), cosine, atol=1e-6)
        with pytest.warns(UserWarning, match="W008"):
            assert item.similarity(empty) == 0.0
    assert doc.similarity(doc) == pytest.approx(1.0)
    assert not empty.has_vector


def test_vector_hooks_without_word_vectors_answer_for_docs_alone(shared_nlp: Callable[..., Language]) -> None:
    doc = shared_nlp({"vector_hooks": True, "token_vectors": False})(TEXT)
    np.testing.assert_array_equal(doc.vector, doc._.trend_vector)
    assert not doc[0].has_vector
    assert not doc[0:2].has_vector


def test_vector_hooks_are_off_by_default(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert not doc.user_hooks
    assert not doc.user_span_hooks
    assert not doc.user_token_hooks


@pytest.mark.parametrize(
    "read", [lambda doc, other: doc.vector_norm, lambda doc, other: doc.similarity(other)]
)
def test_hooks_of_a_doc_without_values_say_so(
    shared_nlp: Callable[..., Language], read: Callable[[Doc, Doc], float]
) -> None:
    doc = shared_nlp({"vector_hooks": True})(TEXT)
    rebuilt = doc[2:4].as_doc()
    with pytest.raises(ValueError, match="trend_vector"):
        read(rebuilt, doc)


def test_hooks_are_carried_by_pickle(shared_nlp: Callable[..., Language]) -> None:
    doc = shared_nlp({"vector_hooks": True})(TEXT)
    carried = pickle.loads(pickle.dumps(doc))
    np.testing.assert_array_equal(carried.vector, doc._.trend_vector)
