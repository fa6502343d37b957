from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.method.changes import log_ratio
from spacy_trend.method.segments import weighted_sums
from spacy_trend.method.selections import LeadingPair, leading_pair
from spacy_trend.types import Floats, Ints
from tests.support.arrays import floats, ints, shifted
from tests.support.printed import APPLE, APPLE_TREND, ROWS, VECTOR, WANT, WANT_TREND
from tests.support.strategies import few, finite, focus_rules, moderate, segmented_attention


def pair_by_the_articles_steps(attention: Floats, rule: str) -> tuple[int, int]:
    """Focus and related word of one segment, one plain step after the other; -1 where there is none."""
    words = attention.shape[1]
    if words == 0:
        return -1, -1
    leaders = [int(np.argmax(row)) for row in attention]
    focus = leaders[-1] if rule == "last" else int(np.argmax(np.bincount(leaders)))
    if words == 1:
        return focus, -1
    led = [row for row, leader in zip(attention, leaders, strict=True) if leader == focus]
    followers = [int(np.argmax(np.delete(row, focus))) for row in led]
    related = int(np.argmax(np.bincount(followers)))
    return focus, related + (related >= focus)


def is_tied(votes: Ints) -> bool:
    counts = np.sort(np.bincount(votes))
    return len(counts) > 1 and counts[-1] == counts[-2]


class TestLeadingPair:
    def test_chooses_the_articles_pair(self) -> None:
        selection = leading_pair()(ROWS)
        assert selection.focus.tolist() == [WANT]
        assert selection.related.tolist() == [APPLE]
        assert selection.weights.tolist() == [0, 1, 0, 1]
        assert selection.weights.dtype == np.float32
        assert selection.focus.dtype == selection.related.dtype == np.int64

    def test_the_articles_trends_add_up_to_its_vector(self) -> None:
        trends = np.full((4, 10), 1000, dtype=np.float32)
        trends[APPLE], trends[WANT] = APPLE_TREND, WANT_TREND
        vector = weighted_sums(trends, leading_pair()(ROWS).weights)
        np.testing.assert_allclose(vector, [VECTOR], rtol=1e-6)

    def test_takes_the_focus_from_the_last_row_or_from_most_rows(self) -> None:
        attention = floats([9, 1, 2], [9, 2, 1], [1, 2, 9])
        assert leading_pair(focus="last")(attention).focus.tolist() == [2]
        assert leading_pair(focus="most")(attention).focus.tolist() == [0]

    def test_finds_the_related_word_only_in_rows_that_the_focus_leads(self) -> None:
        attention = floats([8, 9, 1], [8, 9, 1], [1, 2, 3])
        selection = leading_pair()(attention)
        assert (selection.focus.tolist(), selection.related.tolist()) == ([2], [1])

    def test_a_tie_in_the_last_row_goes_to_the_first_word(self) -> None:
        assert leading_pair()(floats([1, 2, 9], [1, 7, 7])).focus.tolist() == [1]

    def test_a_tie_of_rows_led_goes_to_the_first_word(self) -> None:
        attention = floats([1, 2, 9], [9, 2, 1], [1, 2, 9], [9, 2, 1])
        assert leading_pair(focus="most")(attention).focus.tolist() == [0]

    def test_a_tie_within_a_row_that_the_focus_leads_goes_to_the_first_word(self) -> None:
        assert leading_pair()(floats([4, 9, 1, 4])).related.tolist() == [0]

    def test_a_tie_of_rows_followed_goes_to_the_first_word(self) -> None:
        assert leading_pair()(floats([9, 1, 4], [9, 4, 1])).related.tolist() == [1]

    def test_equal_attention_everywhere_gives_the_first_two_words(self) -> None:
        selection = leading_pair()(np.ones((3, 4), dtype=np.float32))
        assert (selection.focus.tolist(), selection.related.tolist()) == ([0], [1])

    @pytest.mark.parametrize("focus", ["last", "most"])
    def test_one_word_stands_alone(self, focus: str) -> None:
        selection = leading_pair(focus=focus)(floats([3], [2]))
        assert selection.focus.tolist() == [0]
        assert selection.related.tolist() == [-1]
        assert selection.weights.tolist() == [1]

    @pytest.mark.parametrize("focus", ["last", "most"])
    def test_no_word_gives_no_pair(self, focus: str) -> None:
        selection = leading_pair(focus=focus)(np.zeros((2, 0), dtype=np.float32))
        assert selection.focus.tolist() == [-1]
        assert selection.related.tolist() == [-1]
        assert selection.weights.shape == (0,)

    def test_no_segment_gives_nothing(self) -> None:
        selection = leading_pair()(np.zeros((2, 0), dtype=np.float32), ints())
        assert [array.shape for array in selection] == [(0,), (0,), (0,), (0,)]

    @pytest.mark.parametrize(
        ("lengths", "focus", "related"),
        [
            (ints(4, 1, 2), [1, 4, 6], [3, -1, 5]),
            (ints(0, 4, 1, 2), [-1, 1, 4, 6], [-1, 3, -1, 5]),
            (ints(4, 0, 0, 1, 2), [1, -1, -1, 4, 6], [3, -1, -1, -1, 5]),
            (ints(4, 1, 2, 0), [1, 4, 6, -1], [3, -1, 5, -1]),
        ],
    )
    def test_chooses_in_every_segment(self, lengths: Ints, focus: list[int], related: list[int]) -> None:
        one = np.full((12, 1), 50, dtype=np.float32)
        two = np.tile(floats([30, 40]), (12, 1))
        selection = leading_pair()(np.concatenate([ROWS, one, two], axis=1), lengths)
        assert selection.focus.tolist() == focus
        assert selection.related.tolist() == related
        assert selection.weights.tolist() == [0, 1, 0, 1, 1, 1, 1]

    def test_leaves_the_attention_alone(self) -> None:
        attention = ROWS.copy()
        leading_pair()(attention)
        np.testing.assert_array_equal(attention, ROWS)

    def test_raises_if_lengths_do_not_add_up(self) -> None:
        with pytest.raises(ValueError, match="add up to 5, but there are 4 words"):
            leading_pair()(ROWS, ints(3, 2))

    def test_raises_for_unknown_rows(self) -> None:
        message = "leading_pair: rows='words' is unknown. Expected 'heads' or 'layers'"
        with pytest.raises(ValueError, match=message):
            leading_pair(rows="words")

    def test_raises_for_an_unknown_focus(self) -> None:
        message = "leading_pair: focus='first' is unknown. Expected 'last' or 'most'"
        with pytest.raises(ValueError, match=message):
            leading_pair(focus="first")

    def test_raises_for_a_layer_if_every_layer_is_a_row(self) -> None:
        message = "layer=2 has no meaning with rows='layers'.*Leave layer out, or set rows='heads'"
        with pytest.raises(ValueError, match=message):
            leading_pair(rows="layers", layer=2)

    @pytest.mark.parametrize(
        ("select", "rows", "layers"),
        [
            (leading_pair(), "heads", (0,)),
            (leading_pair(layer=-1), "heads", (-1,)),
            (leading_pair(rows="layers"), "layers", None),
        ],
    )
    def test_says_which_attention_it_reads(
        self, select: LeadingPair, rows: str, layers: tuple[int, ...] | None
    ) -> None:
        assert select.rows == rows
        assert select.layers == layers

    @pytest.mark.parametrize(
        "select", [leading_pair(), leading_pair(layer=-2, focus="most"), leading_pair(rows="layers")]
    )
    def test_its_config_makes_it_again(self, select: LeadingPair) -> None:
        block = {"rows": select.rows, "layer": select.layer, "focus": select.focus}
        assert select.config == {"@misc": "spacy-trend.leading_pair.v1", **block}
        assert spacy.registry.resolve({"select": select.config})["select"] == select

    @given(segmented_attention(few), focus_rules)
    def test_agrees_with_the_articles_steps_whatever_is_tied(
        self, segmented: tuple[Floats, Ints], rule: str
    ) -> None:
        attention, lengths = segmented
        selection = leading_pair(focus=rule)(attention, lengths)
        ends = np.cumsum(lengths)
        for segment, (first, last) in enumerate(zip(ends - lengths, ends, strict=True)):
            focus, related = pair_by_the_articles_steps(attention[:, first:last], rule)
            assert selection.focus[segment] == shifted(focus, first)
            assert selection.related[segment] == shifted(related, first)

    @given(segmented_attention(finite), focus_rules)
    def test_segments_together_equal_each_alone(self, segmented: tuple[Floats, Ints], rule: str) -> None:
        attention, lengths = segmented
        select = leading_pair(focus=rule)
        together = select(attention, lengths)
        ends = np.cumsum(lengths)
        for segment, (first, last) in enumerate(zip(ends - lengths, ends, strict=True)):
            alone = select(attention[:, first:last])
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)
            assert together.weights[first:last].tolist() == alone.weights.tolist()

    @given(st.data(), st.integers(1, 5), st.integers(1, 5), focus_rules)
    def test_follows_its_words_if_nothing_is_tied(
        self, data: st.DataObject, rows: int, words: int, rule: str
    ) -> None:
        ranks = data.draw(st.permutations(range(rows * words)), label="ranks")
        attention = np.array(ranks, dtype=np.float32).reshape(rows, words)
        leaders = attention.argmax(axis=1)
        assume(rule == "last" or not is_tied(leaders))
        select = leading_pair(focus=rule)
        selection = select(attention)
        if words > 1:
            assume(not is_tied(attention[leaders == selection.focus].argsort(axis=1)[:, -2]))
        order = np.array(data.draw(st.permutations(range(words)), label="order"))
        vectors = data.draw(hnp.arrays(np.float32, (words, 3), elements=moderate), label="vectors")
        moved = select(attention[:, order])
        assert order[moved.focus] == selection.focus
        assert np.where(moved.related < 0, -1, order[moved.related]) == selection.related
        np.testing.assert_array_equal(
            weighted_sums(vectors[order], moved.weights), weighted_sums(vectors, selection.weights)
        )

    @given(st.data(), segmented_attention(st.integers(0, 100).map(float)), focus_rules)
    def test_scaling_a_row_changes_nothing(
        self, data: st.DataObject, segmented: tuple[Floats, Ints], rule: str
    ) -> None:
        attention, lengths = segmented
        # Whole numbers up to 100 differ by more than rounding can blur, and nothing underflows.
        scale = st.floats(2**-20, 2**20, width=32)
        scales = data.draw(hnp.arrays(np.float32, (len(attention), 1), elements=scale), label="scales")
        select = leading_pair(focus=rule)
        scaled, unscaled = select(attention * scales, lengths), select(attention, lengths)
        for field in "weights", "focus", "related":
            np.testing.assert_array_equal(getattr(scaled, field), getattr(unscaled, field))


@pytest.mark.parametrize(
    ("name", "function"),
    [("spacy-trend.leading_pair.v1", leading_pair), ("spacy-trend.log_ratio.v1", log_ratio)],
)
def test_functions_are_registered(name: str, function: Any) -> None:
    assert spacy.registry.misc.get(name) is function
