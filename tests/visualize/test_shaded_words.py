"""The picture of style "words": a text whose words are shaded."""

import pytest

from tests.support.markup import classes, drawn, notes, of_class, one, shown_text, text_of
from tests.support.pictures import made_doc


class TestWords:
    def test_keeps_the_text(self) -> None:
        doc = made_doc()
        assert shown_text(drawn(doc, "words")) == doc.text

    def test_keeps_spaces_and_breaks(self) -> None:
        words = ["She", ",", "\n\n\t", "Bob", "   ", "left"]
        doc = made_doc(words, [[1, 2, 3]], (5, 3), not_words=[",", "\n\n\t", "   "], spaces=[False] * 6)
        root = drawn(doc, "words")
        assert shown_text(root) == "She,\n\n\tBob   left"
        assert len(of_class(root, "trend-break")) == 2

    def test_shades_words_by_the_mean_over_the_rows(self) -> None:
        root = drawn(made_doc(), "words")
        shaded = [e for e in root.iter("span") if e.get("title")]
        assert [(text_of(e), e.get("title")) for e in shaded] == [
            ("I", "0.75"),
            ("want", "1.08"),
            ("an", "0.58"),
            ("apple", "0.42"),
        ]
        assert [classes(e) for e in shaded] == [["trend-6"], ["trend-9"], ["trend-5"], ["trend-3"]]
        assert "Shade: attention received, mean of 3 rows" in notes(root)
        assert "1.08, the highest value in this text" in notes(root)

    def test_labels_focus_and_related(self) -> None:
        root = drawn(made_doc(), "words")
        assert [text_of(end) for end in of_class(root, "trend-end")] == ["wantrelated", "anfocus"]
        assert [classes(end)[1] for end in of_class(root, "trend-end")] == ["trend-related", "trend-focus"]

    def test_has_an_arc_between_the_two(self) -> None:
        line = one(of_class(drawn(made_doc(), "words"), "trend-line"))
        kinds = [(classes(child) or ["text"])[0] for child in line]
        assert kinds == ["trend-arc", "text", "trend-end", "text", "trend-end", "text"]
        assert len(list(line.iter("path"))) == 1

    @pytest.mark.parametrize("pair", [(2, -1), (-1, -1)])
    def test_has_no_arc_if_there_is_no_pair(self, pair: tuple[int, int]) -> None:
        doc = made_doc(pair=pair)
        root = drawn(doc, "words")
        assert list(root.iter("svg")) == []
        assert shown_text(root) == doc.text
        assert [text_of(end) for end in of_class(root, "trend-end")] == (["an"] if pair[0] >= 0 else [])

    def test_of_one_row_speaks_of_no_mean(self) -> None:
        root = drawn(made_doc(attention=[[1, 2, 4, 3]], select={"@misc": "own.v1"}), "words")
        assert "mean" not in notes(root)
        assert "rows" not in notes(root)
