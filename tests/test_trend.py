from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.method.changes import log_ratio
from spacy_trend.method.segments import (
    as_lengths,
    means_of_filled,
    only_filled,
    segment_leaders,
    segment_sums,
    weighted_sums,
)
from spacy_trend.method.selections import LeadingPair, leading_pair
from spacy_trend.types import Floats, Ints

from .printed import APPLE_TREND, ATTENTION, LEADERS, VECTOR, WANT_TREND

ARTICLE = np.array(ATTENTION, dtype=np.float32)
WANT, APPLE = 1, 3

LEAST = np.float32(1e-45)  # the smallest subnormal
MOST = np.finfo(np.float32).max

properties = settings(deadline=None, max_examples=200)
finite = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=True)
moderate = st.floats(-1000, 1000, width=32)
# So few values that most rows and votes are tied.
few = st.integers(0, 2).map(float)
focus_rules = st.sampled_from(["last", "most"])


def floats(*rows: Any) -> Floats:
    return np.array(rows, dtype=np.float32)


def ints(*numbers: int) -> Ints:
    return np.array(numbers, dtype=np.int64)


def change(static: Any, contextual: Any) -> Floats:
    return log_ratio()(floats(static), floats(contextual))[0]


def embeddings() -> st.SearchStrategy[Floats]:
    """Static and contextual embeddings, `(2, words, width)`."""
    shape = st.tuples(st.just(2), st.integers(0, 4), st.integers(1, 6))
    return hnp.arrays(np.float32, shape, elements=finite)


@st.composite
def segmented_attention(draw: st.DrawFn, elements: st.SearchStrategy[float]) -> tuple[Floats, Ints]:
    """Attention `(rows, words)` and the lengths of its segments."""
    lengths = ints(*draw(st.lists(st.integers(0, 5), max_size=5)))
    shape = (draw(st.integers(1, 6)), int(lengths.sum()))
    return draw(hnp.arrays(np.float32, shape, elements=elements)), lengths


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


def shifted(word: int, by: int) -> int:
    return word + by if word >= 0 else -1


def is_tied(votes: Ints) -> bool:
    counts = np.sort(np.bincount(votes))
    return len(counts) > 1 and counts[-1] == counts[-2]


class TestLogRatio:
    def test_is_the_logarithm_of_contextual_over_static(self) -> None:
        trend = change([1, 2, -1, -4, 3], [np.e, 1, -(np.e**2), -1, 3])
        np.testing.assert_allclose(trend, [1, -np.log(2), 2, -np.log(4), 0], rtol=1e-6)

    def test_is_zero_where_the_signs_differ(self) -> None:
        assert change([1, -1, 1e30, -LEAST], [-1, 1, -LEAST, 1e30]).tolist() == [0, 0, 0, 0]

    def test_is_zero_where_either_is_exactly_zero(self) -> None:
        static = [0.0, 0.0, -0.0, -0.0, 1.0, -1.0, 1.0, -1.0, 0.0, -0.0, LEAST, 0.0]
        contextual = [1.0, -1.0, 1.0, -1.0, 0.0, 0.0, -0.0, -0.0, 0.0, 0.0, 0.0, LEAST]
        assert change(static, contextual).tolist() == [0.0] * len(static)

    def test_is_finite_at_the_ends_of_float32(self) -> None:
        trend = change([LEAST, MOST, -LEAST, LEAST, MOST], [MOST, LEAST, -MOST, LEAST, MOST])
        np.testing.assert_allclose(trend, [192.0017, -192.0017, 192.0017, 0, 0], rtol=1e-6)

    @pytest.mark.parametrize("other", [1.0, -1.0, 0.0, -0.0, np.inf, -np.inf, np.nan])
    @pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
    def test_does_not_mask_what_is_not_finite_in_the_embeddings(self, broken: float, other: float) -> None:
        trend = change([broken, other, 1], [other, broken, 1])
        assert np.isfinite(trend).tolist() == [False, False, True]

    def test_gives_float32_of_the_same_shape_and_leaves_its_arguments_alone(self) -> None:
        static, contextual = floats([0, 1, -1]), floats([1, 1, 1])
        trend = log_ratio()(static, contextual)
        assert (trend.dtype, trend.shape) == (np.float32, (1, 3))
        assert static.tolist() == [[0, 1, -1]]
        assert contextual.tolist() == [[1, 1, 1]]

    def test_accepts_no_word(self) -> None:
        none = np.zeros((0, 5), dtype=np.float32)
        trend = log_ratio()(none, none)
        assert (trend.dtype, trend.shape) == (np.float32, (0, 5))

    @properties
    @given(embeddings())
    def test_is_finite_for_finite_embeddings(self, both: Floats) -> None:
        trend = log_ratio()(*both)
        assert trend.dtype == np.float32
        assert np.isfinite(trend).all()

    @properties
    @given(embeddings())
    def test_changes_its_sign_when_static_and_contextual_are_swapped(self, both: Floats) -> None:
        static, contextual = both
        swapped = log_ratio()(contextual, static)
        # The ratio is rounded to float32, as in the article: an error of one unit in its last place.
        epsilon = np.finfo(np.float32).eps
        np.testing.assert_allclose(log_ratio()(static, contextual), -swapped, rtol=1e-6, atol=epsilon)


class TestSegmentLeaders:
    def test_are_the_articles_over_its_matrix(self) -> None:
        assert segment_leaders(ARTICLE, ints(4))[:, 0].tolist() == LEADERS

    def test_are_the_articles_without_the_focus_where_it_leads(self) -> None:
        led = ARTICLE[np.array(LEADERS) == WANT]
        # The article numbers the words that remain: i, an, apple.
        assert segment_leaders(np.delete(led, WANT, axis=1), ints(3))[:, 0].tolist() == [0, 2, 2, 2, 0]

    def test_are_the_first_of_equals(self) -> None:
        attention = floats([2, 5, 5, 1, 1, 1], [0, 0, 0, -3, -2, -2])
        assert segment_leaders(attention, ints(3, 3)).tolist() == [[1, 3], [0, 4]]

    def test_are_numbered_among_all_words_and_minus_one_without_words(self) -> None:
        attention = floats([9, 1, 2, 3, 4], [1, 9, 7, 6, 5])
        leaders = segment_leaders(attention, ints(0, 2, 0, 0, 3, 0))
        assert leaders.dtype == np.int64
        assert leaders.tolist() == [[-1, 0, -1, -1, 4, -1], [-1, 1, -1, -1, 2, -1]]

    def test_nan_leads_its_own_segment_only(self) -> None:
        attention = floats([1, np.nan, np.nan, 5, 6])
        assert segment_leaders(attention, ints(3, 2)).tolist() == [[1, 4]]


class TestAsLengths:
    def test_is_one_segment_of_all_words_where_none_are_given(self) -> None:
        assert as_lengths(None, 5).tolist() == [5]

    def test_gives_int64(self) -> None:
        lengths = as_lengths(np.array([2, 0, 3], dtype=np.int32), 5)
        assert lengths.dtype == np.int64
        assert lengths.tolist() == [2, 0, 3]

    @pytest.mark.parametrize("lengths", [ints(2, 2), ints(2, 4), ints()])
    def test_raises_where_they_do_not_add_up(self, lengths: Ints) -> None:
        with pytest.raises(ValueError, match=rf"add up to {lengths.sum()}, but there are 5 words. Expected"):
            as_lengths(lengths, 5)


class TestLeadingPair:
    def test_chooses_the_articles_pair(self) -> None:
        selection = leading_pair()(ARTICLE)
        assert selection.focus.tolist() == [WANT]
        assert selection.related.tolist() == [APPLE]
        assert selection.weights.tolist() == [0, 1, 0, 1]
        assert selection.weights.dtype == np.float32
        assert selection.focus.dtype == selection.related.dtype == np.int64

    def test_the_articles_trends_add_up_to_its_vector(self) -> None:
        trends = np.full((4, 10), 1000, dtype=np.float32)
        trends[APPLE], trends[WANT] = APPLE_TREND, WANT_TREND
        vector = weighted_sums(trends, leading_pair()(ARTICLE).weights)
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
        assert [array.shape for array in selection] == [(0,), (0,), (0,)]

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
        selection = leading_pair()(np.concatenate([ARTICLE, one, two], axis=1), lengths)
        assert selection.focus.tolist() == focus
        assert selection.related.tolist() == related
        assert selection.weights.tolist() == [0, 1, 0, 1, 1, 1, 1]

    def test_leaves_the_attention_alone(self) -> None:
        attention = ARTICLE.copy()
        leading_pair()(attention)
        np.testing.assert_array_equal(attention, ARTICLE)

    def test_raises_where_lengths_do_not_add_up(self) -> None:
        with pytest.raises(ValueError, match="add up to 5, but there are 4 words"):
            leading_pair()(ARTICLE, ints(3, 2))

    def test_raises_for_unknown_rows(self) -> None:
        message = "leading_pair: rows='words' is unknown. Expected 'heads' or 'layers'"
        with pytest.raises(ValueError, match=message):
            leading_pair(rows="words")

    def test_raises_for_an_unknown_focus(self) -> None:
        message = "leading_pair: focus='first' is unknown. Expected 'last' or 'most'"
        with pytest.raises(ValueError, match=message):
            leading_pair(focus="first")

    def test_raises_for_a_layer_where_every_layer_is_a_row(self) -> None:
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

    @properties
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

    @properties
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

    @properties
    @given(st.data(), st.integers(1, 5), st.integers(1, 5), focus_rules)
    def test_follows_its_words_where_nothing_is_tied(
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

    @properties
    @given(st.data(), segmented_attention(st.integers(0, 100).map(float)), focus_rules)
    def test_scaling_a_row_changes_nothing(
        self, data: st.DataObject, segmented: tuple[Floats, Ints], rule: str
    ) -> None:
        attention, lengths = segmented
        # Whole numbers up to 100 differ by more than rounding can blur, and nothing underflows.
        scale = st.floats(2**-20, 2**20, width=32)
        scales = data.draw(hnp.arrays(np.float32, (len(attention), 1), elements=scale), label="scales")
        select = leading_pair(focus=rule)
        for scaled, unscaled in zip(
            select(attention * scales, lengths), select(attention, lengths), strict=True
        ):
            np.testing.assert_array_equal(scaled, unscaled)


class TestVector:
    @properties
    @given(st.data(), segmented_attention(finite), focus_rules)
    def test_is_the_sum_of_the_pairs_vectors_and_of_nothing_else(
        self, data: st.DataObject, segmented: tuple[Floats, Ints], rule: str
    ) -> None:
        attention, lengths = segmented
        shape = (attention.shape[1], 3)
        vectors = data.draw(hnp.arrays(np.float32, shape, elements=moderate), label="vectors")
        selection = leading_pair(focus=rule)(attention, lengths)
        sums = weighted_sums(vectors, selection.weights, lengths)
        pairs = np.stack([selection.focus, selection.related], axis=1)
        for vector, pair in zip(sums, pairs, strict=True):
            np.testing.assert_array_equal(vector, vectors[pair[pair >= 0]].sum(axis=0))
        chosen = np.zeros(attention.shape[1], dtype=bool)
        chosen[pairs[pairs >= 0]] = True
        assert selection.weights.tolist() == chosen.astype(float).tolist()

    @properties
    @given(st.data(), segmented_attention(finite), focus_rules)
    def test_is_finite_for_finite_inputs(
        self, data: st.DataObject, segmented: tuple[Floats, Ints], rule: str
    ) -> None:
        attention, lengths = segmented
        shape = (2, attention.shape[1], 3)
        static, contextual = data.draw(hnp.arrays(np.float32, shape, elements=finite), label="embeddings")
        weights = leading_pair(focus=rule)(attention, lengths).weights
        vectors = weighted_sums(log_ratio()(static, contextual), weights, lengths)
        assert (vectors.dtype, vectors.shape) == (np.float32, (len(lengths), 3))
        assert np.isfinite(vectors).all()


class TestWeightedSums:
    vectors = floats([1, 10], [2, 20], [3, 30], [4, 40])

    def test_is_one_sum_where_no_lengths_are_given(self) -> None:
        sums = weighted_sums(self.vectors, floats(1, 0, 2, -0.5))
        assert sums.dtype == np.float32
        assert sums.tolist() == [[5, 50]]

    def test_is_a_sum_for_each_segment_and_zeros_without_words(self) -> None:
        sums = weighted_sums(self.vectors, floats(1, 1, 0.5, 2), ints(0, 2, 0, 1, 1, 0))
        assert sums.tolist() == [[0, 0], [3, 30], [0, 0], [1.5, 15], [8, 80], [0, 0]]

    def test_is_zeros_where_all_weights_of_a_segment_are_zero(self) -> None:
        sums = weighted_sums(self.vectors, floats(0, 0, 1, 0), ints(2, 2))
        assert sums.tolist() == [[0, 0], [3, 30]]

    def test_does_not_look_at_words_of_weight_zero(self) -> None:
        assert weighted_sums(floats([np.nan], [2]), floats(0, 1)).tolist() == [[2]]

    def test_nan_in_a_chosen_word_stays_visible(self) -> None:
        sums = weighted_sums(floats([np.nan, 1], [2, 1]), floats(1, 1))
        np.testing.assert_array_equal(sums, floats([np.nan, 2]))

    def test_no_word_gives_zeros(self) -> None:
        none = np.zeros((0, 3), dtype=np.float32)
        assert weighted_sums(none, none[:, 0]).tolist() == [[0, 0, 0]]

    def test_raises_where_lengths_do_not_add_up(self) -> None:
        with pytest.raises(ValueError, match="add up to 3, but there are 4 words"):
            weighted_sums(self.vectors, floats(1, 1, 1, 1), ints(1, 2))


class TestSegmentSums:
    def test_is_a_sum_for_each_segment_and_zeros_without_words(self) -> None:
        sums = segment_sums(floats([1, 10], [2, 20], [3, 30]), ints(0, 1, 0, 2, 0))
        assert sums.dtype == np.float32
        assert sums.tolist() == [[0, 0], [1, 10], [0, 0], [5, 50], [0, 0]]

    def test_no_word_gives_zeros(self) -> None:
        assert segment_sums(np.zeros((0, 2), dtype=np.float32), ints(0, 0)).tolist() == [[0, 0], [0, 0]]


class TestMeansOfFilled:
    def test_is_the_mean_of_segments_that_have_words(self) -> None:
        vectors = floats([2, 20], [99, 99], [4, 40], [7, 70], [99, 99])
        means = means_of_filled(vectors, ints(3, 0, 1, 2, 0), ints(3, 1, 1))
        assert means.dtype == np.float32
        assert means.tolist() == [[3, 30], [7, 70], [0, 0]]

    def test_counts_each_segment_once_however_many_words_it_has(self) -> None:
        assert means_of_filled(floats([1], [5]), ints(100, 1), ints(2)).tolist() == [[3]]

    def test_a_group_without_segments_gives_zeros(self) -> None:
        means = means_of_filled(floats([1], [2]), ints(1, 1), ints(0, 1, 0, 1, 0))
        assert means.tolist() == [[0], [1], [0], [2], [0]]

    def test_nothing_gives_nothing(self) -> None:
        assert means_of_filled(np.zeros((0, 3), dtype=np.float32), ints(), ints()).shape == (0, 3)


@pytest.mark.parametrize(
    ("name", "function"),
    [("spacy-trend.leading_pair.v1", leading_pair), ("spacy-trend.log_ratio.v1", log_ratio)],
)
def test_functions_are_registered(name: str, function: Any) -> None:
    assert spacy.registry.misc.get(name) is function


class TestOnlyFilled:
    def test_is_the_value_of_the_one_segment_with_words(self) -> None:
        lengths = ints(0, 3, 2, 1, 0, 4, 0)
        values = ints(10, 11, 12, 13, 14, 15, 16)
        groups = ints(2, 2, 0, 3)
        assert only_filled(values, lengths, groups).tolist() == [11, -1, -1, 15]

    def test_no_segments_have_none(self) -> None:
        assert only_filled(ints(), ints(), ints(0, 0)).tolist() == [-1, -1]
