"""Segments of words in arrays: leaders, sums, means, shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.method.changes import log_ratio
from spacy_trend.method.segments import (
    as_lengths,
    leaders_beside,
    means_of_filled,
    only_filled,
    segment_leaders,
    segment_shares,
    segment_sums,
    weighted_sums,
)
from spacy_trend.method.selections import leading_pair
from spacy_trend.types import Floats, Ints
from tests.support.arrays import NAN, floats, ints, of_segments
from tests.support.printed import LEADERS, ROWS, WANT
from tests.support.strategies import finite, focus_rules, moderate, not_negative, segmented_attention


class TestSegmentLeaders:
    def test_are_the_articles_over_its_matrix(self) -> None:
        assert segment_leaders(ROWS, ints(4))[:, 0].tolist() == LEADERS

    def test_are_the_articles_without_the_focus_if_it_leads(self) -> None:
        led = ROWS[np.array(LEADERS) == WANT]
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
    def test_is_one_segment_of_all_words_if_none_are_given(self) -> None:
        assert as_lengths(None, 5).tolist() == [5]

    def test_gives_int64(self) -> None:
        lengths = as_lengths(np.array([2, 0, 3], dtype=np.int32), 5)
        assert lengths.dtype == np.int64
        assert lengths.tolist() == [2, 0, 3]

    @pytest.mark.parametrize("lengths", [ints(2, 2), ints(2, 4), ints()])
    def test_raises_if_they_do_not_add_up(self, lengths: Ints) -> None:
        with pytest.raises(ValueError, match=rf"add up to {lengths.sum()}, but there are 5 words. Expected"):
            as_lengths(lengths, 5)


class TestVector:
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

    def test_is_one_sum_if_no_lengths_are_given(self) -> None:
        sums = weighted_sums(self.vectors, floats(1, 0, 2, -0.5))
        assert sums.dtype == np.float32
        assert sums.tolist() == [[5, 50]]

    def test_is_a_sum_for_each_segment_and_zeros_without_words(self) -> None:
        sums = weighted_sums(self.vectors, floats(1, 1, 0.5, 2), ints(0, 2, 0, 1, 1, 0))
        assert sums.tolist() == [[0, 0], [3, 30], [0, 0], [1.5, 15], [8, 80], [0, 0]]

    def test_is_zeros_if_all_weights_of_a_segment_are_zero(self) -> None:
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

    def test_raises_if_lengths_do_not_add_up(self) -> None:
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


class TestOnlyFilled:
    def test_is_the_value_of_the_one_segment_with_words(self) -> None:
        lengths = ints(0, 3, 2, 1, 0, 4, 0)
        values = ints(10, 11, 12, 13, 14, 15, 16)
        groups = ints(2, 2, 0, 3)
        assert only_filled(values, lengths, groups).tolist() == [11, -1, -1, 15]

    def test_no_segments_have_none(self) -> None:
        assert only_filled(ints(), ints(), ints(0, 0)).tolist() == [-1, -1]


class TestSegmentShares:
    def test_are_values_over_the_total_of_their_segment(self) -> None:
        shares = segment_shares(floats([1, 3, 5, 2, 2, 4])[0], ints(2, 1, 3))
        assert shares.tolist() == [0.25, 0.75, 1, 0.25, 0.25, 0.5]
        assert shares.dtype == np.float32

    def test_are_equal_if_the_total_is_zero(self) -> None:
        shares = segment_shares(floats([0, 0, 0, 0, 3, 0, 1])[0], ints(4, 0, 1, 2))
        assert shares.tolist() == [0.25, 0.25, 0.25, 0.25, 1, 0, 1]

    @pytest.mark.parametrize("lengths", [ints(), ints(0), ints(0, 0)])
    def test_of_no_word_are_none(self, lengths: Ints) -> None:
        shares = segment_shares(np.zeros(0, dtype=np.float32), lengths)
        assert (shares.dtype, shares.shape) == (np.float32, (0,))

    def test_are_those_of_numbers_whose_total_is_more_than_float32_holds(self) -> None:
        shares = segment_shares(floats([3e38, 3e38, 1e38, 3e38])[0], ints(2, 2))
        np.testing.assert_allclose(shares, [0.5, 0.5, 0.25, 0.75])

    def test_show_a_nan_in_its_segment_only(self) -> None:
        shares = segment_shares(floats([1, NAN, 1, 3])[0], ints(2, 2))
        assert np.isnan(shares).tolist() == [True, True, False, False]
        assert shares[2:].tolist() == [0.25, 0.75]

    @given(segmented_attention(not_negative))
    def test_add_up_to_one_in_every_segment(self, segmented: tuple[Floats, Ints]) -> None:
        attention, lengths = segmented
        shares = segment_shares(attention[0], lengths)
        assert (shares >= 0).all()
        for words in of_segments(lengths):
            assert len(words) == 0 or shares[words].sum() == pytest.approx(1, abs=1e-6)


class TestLeadersBeside:
    @pytest.mark.parametrize(
        ("focus", "lengths", "expected"),
        [
            (ints(2), ints(5), [3]),
            (ints(3), ints(5), [2]),
            (ints(0), ints(5), [2]),
            (ints(0, 3), ints(2, 3), [1, 2]),
            (ints(0, 2), ints(1, 4), [-1, 3]),
            (ints(-1, 0, -1, 2), ints(0, 2, 0, 3), [-1, 1, -1, 3]),
        ],
    )
    def test_are_the_greatest_of_the_other_words(
        self, focus: Ints, lengths: Ints, expected: list[int]
    ) -> None:
        values = floats([1, 2, 9, 9, 3])[0]
        assert leaders_beside(focus, values, lengths).tolist() == expected
        assert values.tolist() == [1, 2, 9, 9, 3]

    def test_are_the_first_of_equals_even_if_all_are_zero_or_less(self) -> None:
        assert leaders_beside(ints(0), floats([0, 0, 0])[0], ints(3)).tolist() == [1]
        assert leaders_beside(ints(1), floats([-2, 5, -2])[0], ints(3)).tolist() == [0]

    def test_a_nan_leads(self) -> None:
        assert leaders_beside(ints(0), floats([1, 2, NAN, 3])[0], ints(4)).tolist() == [2]
