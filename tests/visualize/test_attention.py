"""The picture of style "attention": a table of attention received."""

from typing import Any

import numpy as np
import pytest

from spacy_trend.visualize.style_sheet import STYLE_SHEET
from tests.support.markup import (
    body_rows,
    caption,
    classes,
    drawn,
    leaders,
    notes,
    of_class,
    one,
    row_names,
    text_of,
)
from tests.support.pictures import LEADING_PAIR, made_doc


class TestAttention:
    def test_is_a_table_with_headers_and_a_caption(self) -> None:
        root = drawn(made_doc())
        table = one(root.iter("table"))
        assert text_of(one(table.iter("caption"))) == "Attention received by each word"
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

    def test_marks_one_leader_a_row(self) -> None:
        assert leaders(drawn(made_doc())) == [[1], [0], [2]]
        assert leaders(drawn(made_doc()), "trend-ties") == [[], [], []]

    def test_marks_words_that_lead_together_as_tied(self) -> None:
        root = drawn(made_doc(attention=[[1, 1, 1, 1], [0.5, 0.994, 1, 0.98]], pair=(2, 1)))
        assert leaders(root) == [[], []]
        assert leaders(root, "trend-ties") == [[0, 1, 2, 3], [1, 2]]
        cells = [text_of(cell) for cell in body_rows(root)[1].findall("td")]
        assert cells == ["0.50", "0.99= tied", "1.00= tied", "0.98"]
        assert (
            caption(root)[0] == "focus an (token 2), leader of head 1, tied with 1 more, the row that decides"
        )
        assert "= words that lead it together, less than 0.01 apart" in notes(root)

    def test_says_the_leader_without_colour(self) -> None:
        marked = of_class(drawn(made_doc()), "trend-leads")
        assert [text_of(cell) for cell in marked] == ["2.00* leader", "1.50* leader", "1.00* leader"]

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
        assert "Shade: 0  the highest value in the table." in notes(drawn(made_doc()))

    @pytest.mark.parametrize(
        ("select", "name"),
        [
            ({**LEADING_PAIR, "focus": "most"}, "head"),
            ({"@misc": "spacy-trend.changed_words.v1", "k": 2}, "row"),
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
        assert "not finite" not in notes(drawn(made_doc()))

    def test_shades_the_greatest_numbers_there_are(self) -> None:
        most = np.finfo(np.float32).max
        root = drawn(made_doc(attention=[[most, most / 2, 0.0, 1.0]], importance=[1, 0, 0, 0]))
        (row,) = body_rows(root)
        assert [classes(cell)[0] for cell in row.findall("td")] == [
            "trend-9",
            "trend-4",
            "trend-0",
            "trend-0",
        ]

    def test_draws_attention_that_is_all_zero(self) -> None:
        root = drawn(made_doc(attention=np.zeros((1, 4)), pair=(0, 1)))
        assert leaders(root, "trend-ties") == [[0, 1, 2, 3]]


#: Of "I want an apple.": "want" and "an" share most.
BAND = [[0.25, 0.5, 0.0], [1.5, 0.125, 0.0], [0.75, 0.0, 0.0], [0.0, 0.0, 0.0]]


OWN = {"@misc": "own.v1"}


def pair_doc(name: str, **settings: Any) -> Any:
    select = {"@misc": f"spacy-trend.{name}.v1", "layers": [0.5]}
    return made_doc(attention=[[0.5, 1, 2, 0.5]], pair=(2, 1), select=select, mutual=BAND, **settings)


class TestMutualAttention:
    @pytest.mark.parametrize(
        ("name", "decides", "said"),
        [
            (
                "mutual_pair",
                True,
                "The leader of the last layer is the focus, and that of this row the related",
            ),
            (
                "joint_pair",
                False,
                "The two were chosen together: important words that share more than chance",
            ),
            ("dependency_pair", False, "The focus is a root of the tree, and the related word its child"),
        ],
    )
    def test_with_the_focus_is_a_row_of_its_own(self, name: str, decides: bool, said: str) -> None:
        root = drawn(pair_doc(name))
        mark = " decides" if decides else ""
        assert row_names(root) == [f"last layer{mark}", f"shared with the focus{mark}"]
        cells = [text_of(cell) for cell in body_rows(root)[1].findall("td")]
        assert cells == ["0.50", "1.50* leader", "0.00", "0.75"]
        assert leaders(root) == [[2], [1]]
        assert said in notes(root)
        assert "2 is all" in notes(root)

    def test_is_shaded_apart(self) -> None:
        root = drawn(pair_doc("mutual_pair"))
        shades = [[classes(cell)[0] for cell in row.findall("td")] for row in body_rows(root)]
        assert shades[1] == ["trend-3", "trend-9", "trend-0", "trend-4"]
        assert shades[0][2] == "trend-9"
        assert "the highest value in the table; shared attention apart" in notes(root)

    def test_names_the_row_that_decides_the_focus(self) -> None:
        assert caption(drawn(pair_doc("mutual_pair")))[0] == (
            "focus an (token 2), leader of the last layer, the row that decides"
        )
        assert caption(drawn(pair_doc("joint_pair")))[0] == "focus an (token 2)"

    def test_of_a_phrase_is_that_of_its_words(self) -> None:
        root = drawn(pair_doc("mutual_pair")[1:3])
        assert [text_of(cell) for cell in body_rows(root)[1].findall("td")] == ["1.50* leader", "0.00"]

    def test_is_not_shown_without_a_focus(self) -> None:
        select = {"@misc": "spacy-trend.mutual_pair.v1", "layers": [0.5]}
        doc = made_doc(pair=(-1, -1), select=select, mutual=BAND)
        assert "shared" not in text_of(drawn(doc)).replace(STYLE_SHEET, "")


class TestManyRows:
    def test_144_heads_are_named_by_layer(self) -> None:
        doc = made_doc(attention=np.random.default_rng(0).uniform(0, 2, (144, 4)), select=OWN)
        root = drawn(doc, options={"heads": 12})
        assert len(row_names(root)) == 144
        assert row_names(root)[::65] == ["layer 0, head 0", "layer 5, head 5", "layer 10, head 10"]
        assert row_names(drawn(doc))[-1] == "row 143"

    @pytest.mark.parametrize(("select", "heads"), [(OWN, 2), (LEADING_PAIR, 3)])
    def test_refuses_heads_that_do_not_fit(self, select: dict[str, Any], heads: int) -> None:
        with pytest.raises(
            ValueError, match=rf"\['heads'\]={heads}, but the text 'I want an apple.' has 3 rows"
        ):
            drawn(made_doc(select=select), options={"heads": heads})

    def test_compact_shows_the_row_that_decides_and_the_mean_of_the_others(self) -> None:
        root = drawn(made_doc(), options={"compact": True})
        assert row_names(root) == ["mean of 2 others", "head 2 decides"]
        cells = [text_of(cell) for cell in body_rows(root)[0].findall("td")]
        assert cells == ["1.00", "1.25* leader", "0.38", "0.38"]
        assert list(root.iter("figcaption")) == []
        assert "Of the rows that do not decide, the mean is shown." in notes(root)

    def test_compact_without_a_row_that_decides_is_the_mean(self) -> None:
        root = drawn(made_doc(select=OWN), options={"compact": True})
        assert row_names(root) == ["mean of 3 rows"]

    def test_compact_leaves_few_rows_as_they_are(self) -> None:
        root = drawn(made_doc(attention=[[1, 2, 3, 4], [4, 3, 2, 1]], pair=(0, 1)), options={"compact": True})
        assert row_names(root) == ["head 0", "head 1 decides"]
        assert "the mean is shown" not in notes(root)

    def test_the_layers_of_weighed_words_are_named(self) -> None:
        select = {"@misc": "spacy-trend.attended_words.v1", "layer": 0.5, "residual": 1.0}
        root = drawn(made_doc(attention=[[1, 2, 3, 4], [4, 3, 2, 1]], pair=(0, 1), select=select))
        assert row_names(root) == ["weighing layer", "last layer decides"]
        assert "The first row is the layer that weighs the words." in notes(root)
