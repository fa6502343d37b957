"""The parts of a direction: by hand, for any numbers, and of real docs with every preset and level."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from spacy import Language
from spacy.tokens import Doc, DocBin

from spacy_trend import PRESETS, attribute_direction
from tests.support.attributions import assert_adds_up, weighted_doc
from tests.support.strategies import moderate

TEXTS = ["She sold the old house. Nobody knew why!", "I want an apple.", "Stop", "?!", "  "]
DIFFERENCE = "spacy-trend-tests.difference.v1"


def direction_for(doc: Doc) -> Any:
    return np.random.default_rng(1).normal(size=len(doc._.trend_vector))


def test_a_part_is_the_weighted_product_of_a_words_vector_and_the_direction() -> None:
    doc = weighted_doc([1, 2, 0.5], [[1, 0], [0, 3], [2, 2]], ["big", "red", "house"])
    found = attribute_direction(doc, [10, 1], bias=5)
    assert found.parts.tolist() == [10, 6, 11]
    assert (found.bias, found.score, found.delta) == (5, 32, 0)
    assert found.words.tolist() == [0, 1, 2]
    assert found.texts == ("big", "red", "house")
    assert (found.method, found.label, found.against) == ("exact", None, None)


def test_a_word_without_weight_has_no_part_whatever_its_vector() -> None:
    found = attribute_direction(weighted_doc([1, 0], [[1.0, 1.0], [np.nan, np.inf]]), [1, 1])
    assert found.parts.tolist() == [2, 0]


def test_numbers_that_are_none_are_not_hidden() -> None:
    found = attribute_direction(weighted_doc([1, 1], [[1.0], [np.nan]]), [1])
    assert found.parts[0] == 1
    assert np.isnan(found.parts[1])
    assert np.isnan(found.score)


@given(st.data())
def test_parts_and_bias_add_up_to_the_score(data: st.DataObject) -> None:
    words, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 5))
    weights = data.draw(hnp.arrays(np.float32, words, elements=moderate))
    vectors = data.draw(hnp.arrays(np.float32, (words, width), elements=moderate))
    direction = data.draw(hnp.arrays(np.float64, width, elements=st.floats(-1000, 1000)))
    found = attribute_direction(weighted_doc(weights.tolist(), vectors), direction, data.draw(moderate))
    products = np.abs(vectors.astype(np.float64) * weights[:, None] * direction).sum()
    assert abs(found.delta) <= 1e-5 * max(abs(found.score), products + abs(found.bias)) + 1e-30


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("level", ["doc", "sentence"])
def test_docs_and_spans_of_every_preset_and_level_add_up(
    shared_nlp: Callable[..., Language], preset: str, level: str
) -> None:
    for doc in shared_nlp({"preset": preset, "level": level}).pipe(TEXTS):
        direction = direction_for(doc)
        for item in (doc, *doc.sents, doc[1:3], doc[0:0]):
            found = attribute_direction(item, direction, 0.5)
            assert_adds_up(found)
            assert found.score == pytest.approx(item._.trend_vector.astype(np.float64) @ direction + 0.5)


def test_a_text_without_words_has_the_bias_for_its_score(steady: Language) -> None:
    for text in ("?!", ""):
        doc = steady(text)
        found = attribute_direction(doc, direction_for(doc), 0.25)
        assert (len(found.parts), found.score, found.bias) == (0, 0.25, 0.25)


def test_a_stored_doc_has_the_same_parts(steady: Language) -> None:
    doc = steady(TEXTS[0])
    stored = next(DocBin(docs=[doc], store_user_data=True).get_docs(steady.vocab))
    direction = direction_for(doc)
    for ours, theirs in ((doc, stored), (doc[2:5], stored[2:5])):
        np.testing.assert_array_equal(
            attribute_direction(ours, direction).parts, attribute_direction(theirs, direction).parts
        )


def test_a_doc_without_the_vectors_of_its_words_is_refused(shared_nlp: Callable[..., Language]) -> None:
    doc = shared_nlp({"token_vectors": False})(TEXTS[1])
    with pytest.raises(ValueError, match=r"vectors of words, phrases.*token_vectors=False"):
        attribute_direction(doc, direction_for(doc))


def test_a_doc_that_the_component_has_not_run_on_is_refused(steady: Language) -> None:
    with pytest.raises(ValueError, match=r"'I want an apple\.' has no trend vector.*Span\.as_doc"):
        attribute_direction(steady.make_doc(TEXTS[1]), [1.0])


@pytest.mark.parametrize("item", ["a text", None, [1, 2]])
def test_what_is_no_doc_is_refused(item: Any) -> None:
    with pytest.raises(ValueError, match=r"Expected a Doc or a Span: call nlp on the text"):
        attribute_direction(item, [1.0])


@pytest.mark.parametrize("direction", [[1, 2, 3], 1.0, [[1, 2]]])
def test_a_direction_of_another_shape_is_refused(direction: Any) -> None:
    with pytest.raises(ValueError, match=r"got a direction of shape .*, expected \(2,\)"):
        attribute_direction(weighted_doc([1], [[1, 2]]), direction)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match=r"method='lime' is unknown.*'exact' or 'leave_one_out'"):
        attribute_direction(weighted_doc([1], [[1, 2]]), [1, 2], method="lime")


@pytest.mark.parametrize(
    ("direction", "bias", "message"),
    [
        ("abc", 0, "direction='abc'.*Expected real numbers"),
        ([1j, 2], 0, "direction=.*Expected real numbers"),
        ([[1], [1, 2]], 0, "direction=.*Expected real numbers"),
        ([1, 2], "1", "bias='1'.*Expected real numbers"),
        ([1, 2], [1, 2], r"bias of shape \(2,\), expected one number"),
    ],
)
def test_what_is_no_number_is_refused(direction: Any, bias: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attribute_direction(weighted_doc([1], [[1, 2]]), direction, bias)


def test_a_classifiers_intercept_is_a_bias() -> None:
    found = attribute_direction(weighted_doc([1], [[1, 2]]), [1, 1], cast(Any, np.array([0.5])))
    assert (found.bias, found.score) == (0.5, 3.5)
