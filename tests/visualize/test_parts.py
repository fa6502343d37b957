"""The picture of an attribution: a text shaded by parts of a score, and their sum."""

from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_trend import render
from tests.support.markup import (
    body_rows,
    caption,
    drawn,
    notes,
    of_class,
    one,
    row_names,
    shaded,
    shown_text,
    text_of,
)
from tests.support.pictures import made_attribution, made_doc, made_similarity

MINUS = "\N{MINUS SIGN}"


def parts(doc: Any = None, *, options: Any = None, **settings: Any) -> Any:
    doc = doc or made_doc()
    return drawn(doc, attribution=made_attribution(doc, **settings), options=options)


def table(root: Any) -> list[tuple[str, str]]:
    return [(name, text_of(row[1])) for name, row in zip(row_names(root), body_rows(root), strict=True)]


class TestParts:
    def test_shade_the_text_by_size_and_sign(self) -> None:
        root = parts()
        assert shaded(root) == [
            ("I", "p2", "+0.500"),
            ("want", "n9", f"{MINUS}2.000"),
            ("an", "p0", "+0.000"),
            ("apple", "p4", "+1.000"),
        ]
        assert shown_text(one(of_class(root, "trend-flow"))) == "I want an apple."

    def test_are_written_behind_the_words_that_have_most(self) -> None:
        root = parts(options={"top": 2})
        labels = [text_of(label).strip() for word in one(of_class(root, "trend-flow")) for label in word]
        assert labels == [f"{MINUS}2.000", "+1.000"]

    def test_add_up_to_the_score_in_words_and_in_a_table(self) -> None:
        root = parts(options={"top": 2})
        assert text_of(one(of_class(root, "trend-sum"))) == (
            f"bias +0.250 + parts {MINUS}0.500 = score {MINUS}0.250"
        )
        assert table(root) == [
            ("want (token 1)", f"{MINUS}2.000"),
            ("apple (token 3)", "+1.000"),
            ("2 other words", "+0.500"),
            ("bias", "+0.250"),
            ("score", f"{MINUS}0.250"),
        ]
        assert "Bias and parts add up to the score." in notes(root)

    def test_of_one_other_word_are_named_so(self) -> None:
        assert table(parts(options={"top": 3}))[3] == ("1 other word", "+0.000")
        assert [name for name, _ in table(parts())][3:] == ["an (token 2)", "bias", "score"]

    def test_that_leave_something_unexplained_say_so(self) -> None:
        root = parts(score=1.0)
        assert text_of(one(of_class(root, "trend-sum"))) == (
            f"bias +0.250 + parts {MINUS}0.500 + unexplained +1.250 = score +1.000"
        )

    def test_of_leaving_words_out_do_not_claim_to_add_up(self) -> None:
        root = parts(method="leave_one_out", bias=0.0, score=3.0)
        assert text_of(one(of_class(root, "trend-sum"))) == "score +3.000; the parts do not add up to it."
        assert [name for name, _ in table(root)] == [
            "want (token 1)",
            "apple (token 3)",
            "I (token 0)",
            "an (token 2)",
        ]
        assert "what the score loses when the text is encoded without the word" in notes(root)
        assert "add up to the score." not in notes(root)

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({}, "score"),
            ({"label": "spam"}, "score for spam"),
            ({"label": 1, "against": 0}, "score for 1 against 0"),
            ({"label": "<b>", "against": "&amp;"}, "score for <b> against &amp;"),
        ],
    )
    def test_name_the_labels(self, settings: dict[str, Any], said: str) -> None:
        assert caption(parts(**settings)) == [f"{said}: {MINUS}0.250"]

    @pytest.mark.parametrize(
        ("scale", "shown"),
        [
            (1e-4, "+0.0001000"),
            (1e4, "+10000"),
            (0.0, "+0.000"),
            (1e-30, f"+1.00e{MINUS}30"),
            (5e-324, f"+4.94e{MINUS}324"),
            (1e9, "+1.00e+09"),
            (1.7e308, "+1.70e+308"),
        ],
    )
    def test_are_shown_with_the_digits_that_they_need(self, scale: float, shown: str) -> None:
        root = parts(parts=[scale, 0, 0, 0], bias=0.0)
        assert shaded(root)[0][2] == shown

    def test_that_are_not_finite_are_shown_as_they_are(self) -> None:
        root = parts(parts=[np.nan, np.inf, -1.0, 0.5])
        assert [(shade, number) for _, shade, number in shaded(root)] == [
            ("p0", "nan"),
            ("p0", "+inf"),
            ("n9", f"{MINUS}1.000"),
            ("p4", "+0.500"),
        ]
        assert "Values that are not finite get the lightest shade." in notes(root)
        assert "not finite" not in notes(parts())

    @pytest.mark.parametrize("most", [1.7e308, 5e-324])
    @pytest.mark.filterwarnings("error")
    def test_are_shaded_whatever_their_size(self, most: float) -> None:
        root = parts(parts=[most, -most, 0.0, 0.0], bias=0.0)
        assert [shade for _, shade, _ in shaded(root)] == ["p9", "n9", "p0", "p0"]

    def test_that_add_nothing_are_not_written_behind_words(self) -> None:
        root = parts(parts=[1.0, 0.0, -1e-9, 0.0])
        assert [text_of(label).strip() for label in one(of_class(root, "trend-flow")).iter("small")] == [
            "+1.000"
        ]

    @pytest.mark.parametrize(
        ("label", "shown"), [("", "(empty)"), (" \n", "(blank)"), (False, "False"), (0, "0"), ("0", "0")]
    )
    def test_name_any_label(self, label: Any, shown: str) -> None:
        assert caption(parts(label=label, against="x")) == [f"score for {shown} against x: {MINUS}0.250"]

    @pytest.mark.parametrize(
        ("words", "ends"),
        [
            (["I", "\u05d1\u05d9\u05ea", "1"], ["", "\u200f", ""]),
            (["\u05d1\u05d9\u05ea", "I", "1"], ["", "\u200e", ""]),
        ],
        ids=["ltr", "rtl"],
    )
    def test_stay_behind_words_of_another_direction(self, words: list[str], ends: list[str]) -> None:
        root = parts(made_doc(words, [[1, 1, 1]], (-1, -1)), parts=[1.0, 2.0, 3.0])
        assert [one(word).tail or "" for word in one(of_class(root, "trend-flow"))] == ends

    def test_of_a_phrase_are_drawn_on_the_phrase(self) -> None:
        root = parts(made_doc()[1:3], parts=[1.0, -1.0])
        assert [word for word, *_ in shaded(root)] == ["want", "an"]

    def test_of_several_are_drawn_with_one_legend(self) -> None:
        docs = [made_doc(), made_doc()]
        attributions = [made_attribution(doc, label=label) for doc, label in zip(docs, "ab", strict=True)]
        root = drawn(docs, attribution=attributions, page=True)
        assert len(list(root.iter("figure"))) == 2
        assert notes(root).count("Bias and parts add up") == 1
        assert text_of(one(root.iter("h1"))) == "Which words the score came from"

    def test_of_no_words_are_the_bias(self) -> None:
        doc = made_doc(["."], np.zeros((1, 0)), (-1, -1))
        root = parts(doc, parts=[])
        assert "No words" in text_of(root)
        assert text_of(one(of_class(root, "trend-sum"))) == "bias +0.2500 + parts +0.0000 = score +0.2500"

    def test_compact_have_no_table(self) -> None:
        root = parts(options={"compact": True})
        assert list(root.iter("table")) == []
        assert len(of_class(root, "trend-sum")) == 1

    @pytest.mark.parametrize("style", ["attention", "words"])
    def test_are_drawn_whatever_the_style(self, style: str) -> None:
        doc = made_doc()
        attribution = made_attribution(doc)
        assert render(doc, style, attribution=attribution) == render(doc, attribution=attribution)


class TestRefusals:
    def test_of_other_words(self) -> None:
        doc = made_doc()
        other = made_doc(["I", "want", "two", "apples", "."])
        for attribution in (made_attribution(other), made_attribution(doc[1:4], [1.0, 2.0, 3.0])):
            with pytest.raises(
                ValueError, match=r"got an attribution of the words .* but the text has the words"
            ):
                render(doc, attribution=attribution)
        with pytest.raises(ValueError, match="of the very doc or span"):
            render(doc[1:3], attribution=made_attribution(doc))

    @pytest.mark.parametrize("kind", ["number", "similarity"])
    def test_of_what_is_no_attribution(self, kind: str) -> None:
        doc = made_doc()
        attribution: Any = 5 if kind == "number" else made_similarity(doc, doc, np.eye(4))
        with pytest.raises(ValueError, match=r"for the text 'I want an apple\.'\. Expected an Attribution"):
            render(doc, attribution=attribution)

    def test_of_more_or_fewer_attributions_than_docs(self) -> None:
        doc = made_doc()
        attribution = made_attribution(doc)
        with pytest.raises(ValueError, match="got 1 attribution for 2 pictures"):
            render([doc, doc], attribution=attribution)
        with pytest.raises(ValueError, match=r"got 2 attributions for 1 picture\."):
            render(doc, attribution=[attribution, attribution])

    def test_of_a_doc_that_was_not_run_on(self) -> None:
        with pytest.raises(ValueError, match="without a trend vector"):
            render(Doc(spacy.blank("en").vocab, ["Hi"]), attribution=made_attribution(made_doc()))
