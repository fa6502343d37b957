"""The picture of style "words": a text whose words are shaded by importance."""

import numpy as np
import pytest

from tests.support.markup import caption, classes, drawn, notes, of_class, one, shaded, shown_text, text_of
from tests.support.pictures import made_doc


class TestWords:
    def test_keeps_the_text(self) -> None:
        doc = made_doc()
        assert shown_text(one(of_class(drawn(doc, "words"), "trend-flow"))) == doc.text

    def test_keeps_spaces_and_breaks(self) -> None:
        words = ["She", ",", "\n\n\t", "Bob", "   ", "left"]
        doc = made_doc(words, [[1, 2, 3]], (5, 3), not_words=[",", "\n\n\t", "   "], spaces=[False] * 6)
        assert shown_text(drawn(doc, "words")) == "She,\n\n\tBob   left"

    def test_shades_words_by_importance_from_least_to_most(self) -> None:
        root = drawn(made_doc(importance=[0.2, 0.5, 0.1, 0.2]), "words")
        assert shaded(root) == [
            ("I", "2", "0.200"),
            ("want", "9", "0.500"),
            ("an", "0", "0.100"),
            ("apple", "2", "0.200"),
        ]
        assert "Shade: importance, a word's share of the attention received in the text, from least" in notes(
            root
        )

    def test_shades_words_that_matter_alike_alike(self) -> None:
        root = drawn(made_doc(importance=[0.25] * 4), "words")
        assert [shade for _, shade, _ in shaded(root)] == ["5"] * 4
        assert [shade for _, shade, _ in shaded(drawn(made_doc()[3:4], "words"))] == ["5"]

    def test_shows_importance_that_is_not_finite_as_it_is(self) -> None:
        root = drawn(made_doc(importance=[np.nan, 0.5, 0.1, 0.2]), "words")
        assert shaded(root)[0] == ("I", "0", "nan")
        assert [shade for _, shade, _ in shaded(root)] == ["0", "9", "0", "2"]
        assert "not finite" in notes(root)
        assert [number for *_, number in shaded(drawn(made_doc(importance=[np.nan] * 4), "words"))] == [
            "nan"
        ] * 4

    def test_underlines_and_labels_focus_and_related(self) -> None:
        root = drawn(made_doc(), "words")
        ends = of_class(root, "trend-end")
        assert [text_of(end) for end in ends] == [
            "want\N{NO-BREAK SPACE}related",
            "an\N{NO-BREAK SPACE}focus",
        ]
        assert [classes(end)[-1] for end in ends] == ["trend-related", "trend-focus"]
        assert list(root.iter("svg")) == []

    @pytest.mark.parametrize("pair", [(2, -1), (-1, -1)])
    def test_labels_no_word_if_there_is_no_pair(self, pair: tuple[int, int]) -> None:
        root = drawn(made_doc(pair=pair), "words")
        assert [shown_text(end) for end in of_class(root, "trend-end")] == (["an"] if pair[0] >= 0 else [])

    def test_names_the_most_important_words(self) -> None:
        doc = made_doc(importance=[0.2, 0.5, 0.1, 0.2])
        assert caption(drawn(doc, "words"))[2] == (
            "most important: want (token 1) 0.500, I (token 0) 0.200, apple (token 3) 0.200"
        )
        root = drawn(doc, "words", options={"top": 1})
        assert caption(root)[2] == "most important: want (token 1) 0.500"

    def test_compact_leaves_out_the_lines_above(self) -> None:
        root = drawn(made_doc(), "words", options={"compact": True})
        assert list(root.iter("figcaption")) == []
        assert len(of_class(root, "trend-end")) == 2
