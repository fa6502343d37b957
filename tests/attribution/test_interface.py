"""What attributions answer, by hand."""

import json
from typing import Any, cast

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_trend.attribution.interface import Attribution, PairPart, SimilarityAttribution, SpanPart, WordPart

#: Of "I want , an apple": the comma is no word.
WORDS = np.array([0, 1, 3, 4])
TEXTS = ("I", "want", "an", "apple")
ATTRIBUTION = Attribution(WORDS, TEXTS, np.array([1.0, -3.0, 0.5, 3.0]), 2.0, 3.5, label="a", against="b")
SIMILARITY = SimilarityAttribution(
    WORDS[:2],
    TEXTS[:2],
    np.array([0, 5, 7]),
    ("a", "b", "c"),
    np.array([[0.1, 0, -0.2], [0.4, 0.1, 0.2]]),
    0.6,
)


def test_the_greatest_parts_of_either_sign_come_first_and_of_equals_the_first() -> None:
    assert ATTRIBUTION.top(3) == [WordPart(1, "want", -3), WordPart(4, "apple", 3), WordPart(0, "I", 1)]
    assert [part.token for part in ATTRIBUTION.top()] == [1, 4, 0, 3]
    assert ATTRIBUTION.top(0) == []


def test_spans_add_up_the_parts_of_their_words() -> None:
    doc = Doc(Vocab(), words=["I", "want", ",", "an", "apple"])
    spans = [doc[0:3], doc[2:3], doc[3:5], doc[:]]
    assert ATTRIBUTION.by(spans) == [
        SpanPart(0, 3, "I want ,", -2),
        SpanPart(2, 3, ",", 0),
        SpanPart(3, 5, "an apple", 3.5),
        SpanPart(0, 5, "I want , an apple", 1.5),
    ]


def test_what_is_no_span_is_not_added_up() -> None:
    found = Attribution(np.array([0]), ("a",), np.ones(1), 0.0, 1.0)
    for spans in (Doc(Vocab(), ["a"]), ["a"]):
        with pytest.raises(ValueError, match=r"among the spans\. Expected spans of the doc"):
            found.by(cast(Any, spans))


def test_what_is_left_unexplained_is_the_delta() -> None:
    assert ATTRIBUTION.delta == pytest.approx(0)
    assert Attribution(WORDS, TEXTS, np.ones(4), 0.0, 10.0).delta == pytest.approx(6)
    assert SIMILARITY.delta == pytest.approx(0)


def test_an_attribution_is_plain_data() -> None:
    data = ATTRIBUTION.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["words"][1] == {"i": 1, "text": "want", "part": -3.0}
    assert {name: data[name] for name in data if name != "words"} == {
        "bias": 2.0,
        "score": 3.5,
        "delta": 0.0,
        "method": "exact",
        "label": "a",
        "against": "b",
    }


def test_the_sums_of_pairs_are_those_of_each_word() -> None:
    np.testing.assert_allclose(SIMILARITY.rows, [-0.1, 0.7])
    np.testing.assert_allclose(SIMILARITY.columns, [0.5, 0.1, 0])


def test_the_greatest_pairs_come_first() -> None:
    assert SIMILARITY.top(2) == [PairPart(1, "want", 0, "a", 0.4), PairPart(0, "I", 7, "c", -0.2)]
    assert len(SIMILARITY.top()) == 6


def test_a_similarity_is_plain_data() -> None:
    data = SIMILARITY.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["parts"] == SIMILARITY.parts.tolist()
    assert [word["text"] for word in data["other_words"]] == ["a", "b", "c"]
    assert data["words"][1]["part"] == pytest.approx(0.7)
