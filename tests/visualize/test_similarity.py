"""The picture of style "similarity": two texts side by side, and the pairs that make them alike."""

from typing import Any

import numpy as np
import pytest

from spacy_trend import render
from tests.support.markup import body_rows, caption, drawn, notes, of_class, one, row_names, shaded, text_of
from tests.support.pictures import made_attribution, made_doc, made_similarity, words_of

MINUS = "\N{MINUS SIGN}"
#: Words of "I want an apple." by those of "Pears please."
PARTS = [[0.0, 0.125], [0.0, -0.0625], [0.0, 0.0], [0.5, 0.0625]]


def pears() -> Any:
    return made_doc(["Pears", "please", "."], [[1, 2]], (1, 0))


def similar(*, options: Any = None, page: bool = False) -> Any:
    docs = made_doc(), pears()
    return drawn(docs, "similarity", attribution=made_similarity(*docs, PARTS), options=options, page=page)


class TestSimilarity:
    def test_shades_each_word_by_its_sum_in_proportion_to_its_text(self) -> None:
        assert shaded(similar()) == [
            ("I", "p2", "+0.1250"),
            ("want", "n1", f"{MINUS}0.0625"),
            ("an", "p0", "+0.0000"),
            ("apple", "p9", "+0.5625"),
            ("Pears", "p9", "+0.5000"),
            ("please", "p2", "+0.1250"),
        ]

    def test_stands_side_by_side(self) -> None:
        assert len(one(of_class(similar(), "trend-sides"))) == 2

    def test_names_the_strongest_pairs_and_the_rest(self) -> None:
        root = similar(options={"top": 2})
        assert row_names(root) == ["1. apple, Pears", "2. I, please", "6 other pairs", "cosine"]
        assert [text_of(row[1]) for row in body_rows(root)] == ["+0.5000", "+0.1250", "+0.0000", "+0.6250"]
        assert caption(root) == ["cosine +0.6250, the sum of 8 pairs of words"]
        assert "The parts of all pairs add up to the cosine." in notes(root)

    def test_numbers_the_words_of_the_strongest_pairs(self) -> None:
        root = similar(options={"top": 4})
        labels = [
            [text_of(label).strip() for word in flow for label in word]
            for flow in of_class(root, "trend-flow")
        ]
        assert labels == [["2", "3", "1,4"], ["1", "2,3,4"]]
        assert "Numbers behind words" in notes(root)

    def test_of_all_pairs_has_no_rest(self) -> None:
        docs = made_doc(), pears()
        attribution = made_similarity(*docs, [[1.0, -1.0]] * 4)
        all_pairs = drawn(docs, "similarity", attribution=attribution, options={"top": 8})
        assert row_names(all_pairs)[-2:] == ["8. apple, please", "cosine"]
        but_one = drawn(docs, "similarity", attribution=attribution, options={"top": 7})
        assert row_names(but_one)[-2] == "1 other pair"

    def test_compact_has_no_table(self) -> None:
        assert list(similar(options={"compact": True}).iter("table")) == []

    def test_of_several_pairs_is_several_pictures(self) -> None:
        docs = made_doc(), pears()
        attribution = made_similarity(*docs, PARTS)
        root = drawn([docs, docs], "similarity", attribution=[attribution] * 2, page=True)
        assert len(list(root.iter("figure"))) == 2
        assert [text_of(line) for line in root.iter("li")] == ["I want an apple. | Pears please."] * 2

    def test_of_a_text_without_words_says_so(self) -> None:
        docs = made_doc(), made_doc(["."], np.zeros((1, 0)), (-1, -1))
        root = drawn(docs, "similarity", attribution=made_similarity(*docs, np.zeros((4, 0))))
        assert "No words, so nothing to show. The text is '.'" in text_of(root)
        assert list(root.iter("table")) == []

    def test_is_computed_if_it_is_not_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        docs = made_doc(), pears()
        asked = []

        def attribute(one: Any, other: Any) -> Any:
            asked.append((one, other))
            return made_similarity(one, other, PARTS)

        monkeypatch.setattr("spacy_trend.attribution.attribute_similarity", attribute, raising=False)
        assert render(docs, "similarity") == render(
            docs, "similarity", attribution=made_similarity(*docs, PARTS)
        )
        assert asked == [docs]


class TestRefusals:
    @pytest.mark.parametrize("texts", [1, 3])
    def test_of_other_than_two_texts(self, texts: int) -> None:
        with pytest.raises(
            ValueError, match=rf"got {texts} texts? for the style 'similarity'. Expected two docs"
        ):
            render([made_doc()] * texts, "similarity")

    def test_of_a_single_doc(self) -> None:
        for docs in (made_doc(), "a text", None):
            with pytest.raises(ValueError, match="got 1 text for the style 'similarity'"):
                render(docs, "similarity")

    def test_names_no_pairs_that_add_nothing(self) -> None:
        docs = made_doc(), pears()
        none = np.zeros((len(words_of(docs[0])[1]), len(words_of(docs[1])[1])))
        root = drawn(docs, "similarity", attribution=made_similarity(*docs, none))
        assert of_class(root, "trend-parts") == []
        assert list(one(of_class(root, "trend-sides")).iter("small")) == []

    def test_of_what_is_no_doc(self) -> None:
        pair: Any = ("a text", made_doc())
        with pytest.raises(ValueError, match=r"got 'a text' of type str\. Expected a Doc or a Span"):
            render(pair, "similarity")

    def test_of_the_attribution_of_one_text(self) -> None:
        docs = made_doc(), pears()
        with pytest.raises(ValueError, match=r"for two texts\. Expected a SimilarityAttribution"):
            render(docs, "similarity", attribution=made_attribution(docs[0]))

    def test_of_other_words(self) -> None:
        docs = made_doc(), pears()
        attribution = made_similarity(*docs, PARTS)
        with pytest.raises(ValueError, match="got an attribution of the words"):
            render((docs[1], docs[0]), "similarity", attribution=attribution)
        with pytest.raises(ValueError, match="got an attribution of the words"):
            render((docs[0], docs[0]), "similarity", attribution=attribution)
