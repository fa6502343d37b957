"""The parts of a cosine: by hand, for any numbers, and of real docs and spans."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from spacy import Language

from spacy_trend import attribute_similarity
from tests.support.attributions import weighted_doc
from tests.support.strategies import moderate


def test_a_part_is_the_product_of_two_weighted_vectors_over_both_lengths() -> None:
    one = weighted_doc([1, 1], [[3, 0], [0, 4]], ["red", "house"])
    other = weighted_doc([2], [[0, 5]], ["villa"])
    found = attribute_similarity(one, other)
    np.testing.assert_allclose(found.parts, [[0], [0.8]])
    assert found.score == pytest.approx(0.8)
    assert found.top(1)[0][:4] == (1, "house", 0, "villa")


def test_an_item_is_like_itself(steady: Language) -> None:
    doc = steady("She sold the old house.")
    found = attribute_similarity(doc, doc)
    assert found.score == pytest.approx(1)
    np.testing.assert_allclose(found.rows, found.columns, atol=1e-9)


@given(st.data())
def test_parts_add_up_to_the_cosine(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 4))
    docs = []
    for _ in range(2):
        words = data.draw(st.integers(1, 4))
        weights = data.draw(hnp.arrays(np.float32, words, elements=st.floats(0.125, 8, width=32)))
        vectors = data.draw(hnp.arrays(np.float32, (words, width), elements=moderate))
        docs.append(weighted_doc(weights.tolist(), vectors))
    # Sums of the least numbers that float32 has are rounded by as much as they are.
    greatest = [np.abs(doc._.trend_vector).max() for doc in docs]
    assume(all(number == 0 or number > 1e-30 for number in greatest))
    found = attribute_similarity(*docs)
    assert found.parts.shape == (len(docs[0]), len(docs[1]))
    assert abs(found.delta) <= 1e-5 * max(1.0, np.abs(found.parts).sum())
    if all(doc._.trend_vector.any() for doc in docs):
        assert found.score == pytest.approx(docs[0]._.trend_similarity(docs[1]), abs=1e-6)


def test_spans_and_docs_are_compared(steady: Language) -> None:
    doc, other = steady("She sold the old house."), steady("They bought a new car!")
    for ours, theirs in ((doc, other), (doc[2:5], other), (doc[0:2], doc[3:5])):
        found = attribute_similarity(ours, theirs)
        assert found.score == pytest.approx(ours._.trend_similarity(theirs), abs=1e-6)
        assert found.delta == pytest.approx(0, abs=1e-6)


def test_a_text_without_words_is_like_nothing(steady: Language) -> None:
    found = attribute_similarity(steady("She sold it."), steady("?!"))
    assert found.parts.shape == (3, 0)
    assert found.score == 0
    assert found.top() == []


def test_no_cosine_is_beyond_that_of_equal_directions() -> None:
    doc = weighted_doc([1], [[3e38, 3e38, 1]])
    assert attribute_similarity(doc, weighted_doc([1], [[1e-40, 1e-40, 0]])).score == 1


def test_vectors_of_different_widths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes \(1,\) and \(2,\), expected one width"):
        attribute_similarity(weighted_doc([1], [[1]]), weighted_doc([1], [[1, 2]]))
