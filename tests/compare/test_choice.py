"""Texts drawn for a trial, and labels that are left out because they are rare."""

import logging

import pytest

from spacy_trend.compare.choice import draw, leave_out_rare
from tests.support.labelled_texts import labelled, many, pairs_of


class TestDraw:
    def test_gives_so_many_in_order_by_the_seed(self) -> None:
        texts = many(x=50, y=50)
        drawn = draw(texts, 10, 3)
        assert len(drawn) == 10
        assert drawn == sorted(drawn, key=texts.index)
        assert drawn == draw(texts, 10, 3) != draw(texts, 10, 4)
        # Not the first ones, which all have one label.
        assert {text.label for text in drawn} == {"x", "y"}

    @pytest.mark.parametrize("limit", [None, 4, 5])
    def test_leaves_fewer_texts_as_they_are(self, limit: int | None) -> None:
        texts = many(x=4)
        assert draw(texts, limit, 0) == texts

    @pytest.mark.parametrize("limit", [0, -1])
    def test_refuses_none(self, limit: int) -> None:
        with pytest.raises(ValueError, match=rf"Got limit={limit}\. Expected 1 or more: how many texts to u"):
            draw(many(x=4), limit, 0)


class TestRareLabels:
    def test_are_left_out_of_both_parts_and_counted(self, caplog: pytest.LogCaptureFixture) -> None:
        texts, others = many(a=3, b=1, c=2, d=1), many("other", a=1, b=2)
        with caplog.at_level(logging.INFO, "spacy_trend"):
            kept, kept_others, rare = leave_out_rare(texts, others, 2)
        assert pairs_of(kept) == [pair for pair in pairs_of(texts) if pair[1] in "ac"]
        assert pairs_of(kept_others or []) == [("other a 0", "a")]
        assert rare == 4
        assert caplog.messages == ["Left out 4 texts of 2 labels with fewer than 2 texts: ['b', 'd']"]

    def test_are_those_with_fewer_texts_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        texts = many(a=3, b=2)
        with caplog.at_level(logging.INFO, "spacy_trend"):
            assert leave_out_rare(texts, None, 2) == (texts, None, 0)
            assert leave_out_rare(texts) == (texts, None, 0)
        assert caplog.messages == []

    def test_are_those_that_only_the_other_part_has_too(self) -> None:
        texts, others = many(a=2, b=2), labelled(("One", "z"), ("Two", "a"))
        assert leave_out_rare(texts, others, 2) == (texts, others[1:], 1)
        assert leave_out_rare(texts, others) == (texts, others, 0)

    def test_are_not_all_of_the_other_part(self) -> None:
        others = labelled(("One", "b"), ("Two", "z"), name="test")
        message = (
            r"^test, item 1: all texts of this part have rare labels, with fewer than 2 texts in the other "
            r"part\. Expected texts of other labels, too: give a smaller number as --drop-rare"
        )
        with pytest.raises(ValueError, match=message):
            leave_out_rare(many(a=2, b=1), others, 2)

    def test_are_not_all(self) -> None:
        message = r"No label has 4 texts: got \['a', 'b'\]\. .* a smaller number as --drop-rare"
        with pytest.raises(ValueError, match=message):
            leave_out_rare(many(a=3, b=2), None, 4)

    def test_are_of_a_number(self) -> None:
        with pytest.raises(ValueError, match=r"Got drop_rare=-1\. Expected 0 or more"):
            leave_out_rare(many(a=3), None, -1)
