"""The options of pictures: what they do to all styles, and what is refused."""

from itertools import product
from typing import Any

import pytest

from spacy_trend import render
from spacy_trend.visualize.options import MANY
from spacy_trend.visualize.style_sheet import ENDS, SCHEMES, colours_between, contrast, readable
from tests.support.markup import classes, drawn, of_class, one, text_of
from tests.support.pictures import made_attribution, made_doc


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (
                {"offset_x": 5},
                r"the option 'offset_x' is unknown to the style 'words'. Expected one of 'colors', 'c",
            ),
            ({"heads": 12}, "the option 'heads' is unknown to the style 'words'"),
            ({"top": 0}, r"options\['top'\]=0. Expected a whole number from 1"),
            ({"top": True}, r"options\['top'\]=True. Expected a whole number"),
            ({"top": 2.0}, r"options\['top'\]=2.0. Expected a whole number"),
            ({"compact": "yes"}, r"options\['compact'\]='yes'. Expected True or False"),
            (
                {"colors": {"ORG": "#ff0000"}},
                r"Expected a dictionary of colours with the keys 'shade' or 'positive'",
            ),
            ({"colors": "red"}, r"options\['colors'\]='red'. Expected a dictionary of colours"),
            (
                {"colors": {"shade": "red"}},
                r"got options\['colors'\]='red'. Expected colours as red, green and",
            ),
            ({"colors": {"shade": "#fff"}}, "such as '#6ea8dc'"),
            ({"colors": {"shade": "#ffffff}*{color:red"}}, "such as '#6ea8dc'"),
            ({"colors": {"shade": None}}, "such as '#6ea8dc'"),
            ([("top", 5)], r"got options=.* Expected a dictionary"),
        ],
    )
    def test_says_what_is_wrong(self, options: Any, expected: str) -> None:
        with pytest.raises(ValueError, match=expected):
            render(made_doc(), "words", options=options)

    def test_names_the_options_of_pictures_of_an_attribution(self) -> None:
        doc = made_doc()
        with pytest.raises(ValueError, match="'heads' is unknown to pictures of an attribution"):
            render(doc, attribution=made_attribution(doc), options={"heads": 3})

    def test_of_the_style_attention_knows_no_top(self) -> None:
        with pytest.raises(ValueError, match=r"'top' is unknown to the style 'attention'.*'heads'"):
            render(made_doc(), options={"top": 3})


class TestCompact:
    def test_is_chosen_for_many_texts(self) -> None:
        doc = made_doc()
        few, many = [doc] * (MANY - 1), [doc] * MANY
        assert render(few, "words") == render(few, "words", options={"compact": False})
        assert render(many, "words") == render(many, "words", options={"compact": True})
        assert render(many, "words") != render(many, "words", options={"compact": False})


class TestColors:
    def test_hold_for_one_fragment_alone(self) -> None:
        root = drawn(made_doc(), "words", options={"colors": {"shade": "#00FF00"}})
        assert classes(root[0]) == ["spacy-trend", "trend-00ff00"]
        sheet = text_of(one(root.iter("style")))
        assert ".spacy-trend.trend-00ff00{" in sheet
        assert "--9:#00ff00" in sheet
        assert classes(drawn(made_doc())[0]) == ["spacy-trend"]

    def test_of_parts_are_theirs(self) -> None:
        doc = made_doc()
        colors = {"positive": "#00ff00", "negative": "#ff00ff"}
        root = drawn(doc, attribution=made_attribution(doc), options={"colors": colors}, page=True)
        assert classes(one(root.iter("body"))) == ["spacy-trend", "trend-nff00ff-p00ff00", "trend-page"]
        assert len(of_class(root, "trend-n9")) > 0

    @pytest.mark.parametrize(("scheme", "kind"), list(product(SCHEMES, ENDS["light"])))
    def test_text_can_be_read_on_every_shade(self, scheme: str, kind: str) -> None:
        _, ink = SCHEMES[scheme]
        assert min(contrast(shade, ink) for shade in colours_between(*ENDS[scheme][kind])) >= 4.5

    @pytest.mark.parametrize(
        ("scheme", "colour"), list(product(SCHEMES, ("#000000", "#ffffff", "#0000ff", "#ff0000")))
    )
    def test_of_any_kind_are_mixed_until_text_can_be_read(self, scheme: str, colour: str) -> None:
        paper, ink = SCHEMES[scheme]
        assert contrast(readable(paper, colour, ink), ink) >= 4.5

    def test_that_text_can_be_read_on_stay(self) -> None:
        assert readable("#ffffff", "#ffd700", "#1c2024") == "#ffd700"

    def test_contrast_is_that_of_the_guidelines(self) -> None:
        assert contrast("#000000", "#ffffff") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
