"""The picture of style "attention": a table of attention received."""

from typing import Any

import numpy as np
import pytest

from spacy_trend.visualize.style_sheet import STYLE_SHEET
from tests.support.markup import body_rows, caption, classes, drawn, leaders, notes, of_class, one, text_of
from tests.support.pictures import LEADING_PAIR, made_doc


class TestAttention:
    def test_is_a_table_with_headers_and_a_caption(self) -> None:
        root = drawn(made_doc())
        table = one(root.iter("table"))
        assert text_of(one(table.iter("caption"))) == "Attention received by each word in each head"
        columns = [cell for cell in table.iter("th") if cell.get("scope") == "col"]
        assert [text_of(one(cell.iter("bdi"))) for cell in columns] == ["I", "want", "an", "apple"]
        rows = [cell for cell in table.iter("th") if cell.get("scope") == "row"]
        assert [text_of(cell) for cell in rows] == ["head 0", "head 1", "head 2 decides"]

    def test_holds_every_number(self) -> None:
        rows = [[text_of(cell) for cell in row.findall("td")] for row in body_rows(drawn(made_doc()))]
        assert rows == [
            ["0.50", "2.00* leader", "0.25", "0.25"],
            ["1.50* leader", "0.50", "0.50", "0.50"],
            ["0.25", "0.75", "1.00* leader", "0.50"],
        ]

    def test_marks_one_leader_a_row_the_first_of_equals(self) -> None:
        assert leaders(drawn(made_doc())) == [[1], [0], [2]]
        assert leaders(drawn(made_doc(attention=np.ones((2, 4)), pair=(0, 1)))) == [[0], [0]]

    def test_says_the_leader_without_colour(self) -> None:
        marked = of_class(drawn(made_doc()), "trend-leads")
        assert [cell.get("title") for cell in marked] == [
            "leader of head 0: want",
            "leader of head 1: I",
            "leader of head 2: an",
        ]

    def test_names_the_pair_above_and_in_the_columns(self) -> None:
        root = drawn(made_doc())
        assert caption(root) == [
            "focus an (token 2), leader of head 2, the row that decides",
            "related want (token 1)",
        ]
        columns = [text_of(cell) for cell in one(root.iter("thead")).iter("th")]
        assert columns == ["I", "related want", "focus an", "apple"]

    def test_shades_in_proportion_to_the_most(self) -> None:
        shades = [
            [int(classes(cell)[0].removeprefix("trend-")) for cell in row.findall("td")]
            for row in body_rows(drawn(made_doc()))
        ]
        assert shades == [[2, 9, 1, 1], [7, 2, 2, 2], [1, 3, 4, 2]]
        assert "2.00, the highest value in this table" in notes(drawn(made_doc()))

    @pytest.mark.parametrize(
        ("select", "name"),
        [
            ({**LEADING_PAIR, "focus": "most"}, "head"),
            ({"@misc": "spacy-trend.mutual_pair.v1", "layers": [0.34]}, "row"),
            ({"@misc": "own.v1", "focus": "last", "rows": "heads"}, "row"),
        ],
    )
    def test_claims_no_deciding_row_if_none_is(self, select: dict[str, Any], name: str) -> None:
        root = drawn(made_doc(select=select))
        assert of_class(root, "trend-decides") == []
        assert "decides" not in text_of(root).replace(STYLE_SHEET, "")
        assert caption(root) == ["focus an (token 2)", "related want (token 1)"]
        assert text_of(one(body_rows(root)[0].findall("th"))) == f"{name} 0"

    def test_says_what_the_rows_are(self) -> None:
        def of(select: dict[str, Any]) -> str:
            return notes(drawn(made_doc(select=select)))

        assert "Each row is one head of layer -1." in of({**LEADING_PAIR, "layer": -1})
        layers = {**LEADING_PAIR, "rows": "layers"}
        assert "Each row is one layer, the mean of its heads." in of(layers)
        assert "spacy-trend.leading_pair.v1(focus='last', layer=0, rows='layers')" in of(layers)
        assert text_of(one(body_rows(drawn(made_doc(select=layers)))[2].findall("th"))) == "layer 2 decides"
        assert "The rows are those that the selection reads." in of({"@misc": "<own>.v1"})
        assert "<own>.v1()" in of({"@misc": "<own>.v1"})

    def test_shows_what_is_not_finite_as_it_is(self) -> None:
        root = drawn(made_doc(attention=[[0.5, np.nan, np.inf, 1.0]], pair=(1, 2)))
        (row,) = body_rows(root)
        assert [text_of(cell) for cell in row.findall("td")] == ["0.50", "nan* leader", "inf", "1.00"]
        assert [classes(cell)[0] for cell in row.findall("td")] == [
            "trend-4",
            "trend-0",
            "trend-0",
            "trend-9",
        ]
        assert "not finite" in notes(root)
        assert "1.00, the highest" in notes(root)
        assert "not finite" not in notes(drawn(made_doc()))

    def test_draws_attention_that_is_all_zero(self) -> None:
        assert leaders(drawn(made_doc(attention=np.zeros((1, 4)), pair=(0, 1)))) == [[0]]
