"""Selections, mutual attention and shares in arrays: answers known by hand, and plain steps as oracles."""

from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.encoder.requests import AttentionRequest
from spacy_trend.method.interface import Selection, pair_of, pairs_of, reads_heads
from spacy_trend.method.mutual_attention import as_band, between_words, mutual_with, stacked
from spacy_trend.method.segments import leaders_beside, segment_shares
from spacy_trend.method.selections import attended_words, dependency_pair, leading_pair, mutual_pair

from .test_trend import Floats, Ints, few, floats, ints, moderate, segmented_attention, shifted

NAN = float("nan")
properties = settings(deadline=None, max_examples=100)
not_negative = st.floats(0, 1000, width=32)


def band_of(*rows: list[float]) -> Floats:
    """A band by its words; short rows are filled with zeros."""
    reach = max((len(row) for row in rows), default=0)
    return np.array([row + [0.0] * (reach - len(row)) for row in rows], dtype=np.float32).reshape(-1, reach)


def squared(band: Floats) -> Floats:
    """A band as a symmetric matrix, `(words, words)`, zeros where it does not reach."""
    words, reach = band.shape
    square = np.zeros((words, words), dtype=np.float32)
    for distance in range(1, min(words, reach + 1)):
        first = np.arange(words - distance)
        square[first, first + distance] = square[first + distance, first] = band[first, distance - 1]
    return square


@st.composite
def segments_with_band(
    draw: st.DrawFn, elements: st.SearchStrategy[float]
) -> tuple[Floats, Ints, Floats, Ints]:
    """One row of attention, the lengths of its segments, a band over all words, and a head of each."""
    attention, lengths = draw(segmented_attention(elements))
    words = attention.shape[1]
    band = draw(hnp.arrays(np.float32, (words, draw(st.integers(0, 6))), elements=elements))
    heads = draw(st.lists(st.integers(-1, words - 1), min_size=words, max_size=words))
    return attention[:1], lengths, band, ints(*heads)


def first_of_most(words: list[int], values: Any) -> int:
    """The word with the greatest value, the first of equals; -1 among none."""
    best = -1
    for word in words:
        if best < 0 or values[word] > values[best]:
            best = word
    return best


def of_segments(lengths: Ints) -> list[list[int]]:
    ends = np.cumsum(lengths).tolist()
    return [list(range(end - length, end)) for end, length in zip(ends, lengths.tolist(), strict=True)]


def assert_is(selection: Selection, focus: list[int], related: list[int]) -> None:
    assert selection.focus.tolist() == focus
    assert selection.related.tolist() == related
    chosen = {word for word in focus + related if word >= 0}
    assert np.flatnonzero(selection.weights).tolist() == sorted(chosen)
    assert set(selection.weights.tolist()) <= {0.0, 1.0}
    assert selection.weights.dtype == np.float32
    assert selection.focus.dtype == selection.related.dtype == np.int64


class TestSegmentShares:
    def test_are_values_over_the_total_of_their_segment(self) -> None:
        shares = segment_shares(floats([1, 3, 5, 2, 2, 4])[0], ints(2, 1, 3))
        assert shares.tolist() == [0.25, 0.75, 1, 0.25, 0.25, 0.5]
        assert shares.dtype == np.float32

    def test_are_equal_where_the_total_is_zero(self) -> None:
        shares = segment_shares(floats([0, 0, 0, 0, 3, 0, 1])[0], ints(4, 0, 1, 2))
        assert shares.tolist() == [0.25, 0.25, 0.25, 0.25, 1, 0, 1]

    @pytest.mark.parametrize("lengths", [ints(), ints(0), ints(0, 0)])
    def test_of_no_word_are_none(self, lengths: Ints) -> None:
        shares = segment_shares(np.zeros(0, dtype=np.float32), lengths)
        assert (shares.dtype, shares.shape) == (np.float32, (0,))

    def test_show_a_nan_in_its_segment_only(self) -> None:
        shares = segment_shares(floats([1, NAN, 1, 3])[0], ints(2, 2))
        assert np.isnan(shares).tolist() == [True, True, False, False]
        assert shares[2:].tolist() == [0.25, 0.75]

    @properties
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


class TestBetweenWords:
    def test_of_single_wordpieces_is_what_both_give(self) -> None:
        pairs = floats([9, 1, 2], [3, 9, 4], [5, 6, 9])
        assert between_words(pairs, ints(1, 1, 1)).tolist() == [[18, 4, 7], [4, 18, 10], [7, 10, 18]]

    def test_a_word_gives_the_mean_and_gets_the_sum_of_its_wordpieces(self) -> None:
        # The first word has two wordpieces: it gives (1 + 3) / 2 and gets 5 + 8.
        pairs = floats([9, 9, 1], [9, 9, 3], [5, 8, 9])
        mutual = between_words(pairs, ints(2, 1))
        assert mutual[0, 1] == mutual[1, 0] == 2 + 13
        assert mutual.dtype == np.float32

    def test_does_not_change_what_it_is_given(self) -> None:
        pairs = floats([9, 9, 1], [9, 9, 3], [5, 8, 9])
        before = pairs.copy()
        between_words(pairs, ints(1, 2))
        between_words(pairs, ints(1, 1, 1))
        np.testing.assert_array_equal(pairs, before)

    def test_shows_a_nan_in_its_words_only(self) -> None:
        pairs = np.ones((4, 4), dtype=np.float32)
        pairs[0, 2] = NAN
        is_nan = np.isnan(between_words(pairs, ints(1, 1, 2)))
        assert np.argwhere(is_nan).tolist() == [[0, 2], [2, 0]]

    @properties
    @given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.data())
    def test_is_symmetric_and_as_plain_loops_say(self, counts: list[int], data: st.DataObject) -> None:
        pieces = sum(counts)
        pairs = data.draw(hnp.arrays(np.float32, (pieces, pieces), elements=st.floats(0, 1, width=32)))
        mutual = between_words(pairs, ints(*counts))
        np.testing.assert_array_equal(mutual, mutual.T)
        places = of_segments(ints(*counts))
        for first, gives in enumerate(places):
            for second, gets in enumerate(places):
                there = np.mean([sum(float(pairs[one, other]) for other in gets) for one in gives])
                back = np.mean([sum(float(pairs[other, one]) for one in gives) for other in gets])
                assert mutual[first, second] == pytest.approx(there + back, rel=1e-5, abs=1e-6)


def symmetric(*above: float, words: int) -> Floats:
    """A symmetric matrix by what stands above its diagonal, which means nothing and so is NaN."""
    matrix = np.full((words, words), NAN, dtype=np.float32)
    matrix[np.triu_indices(words, 1)] = above
    matrix.T[np.triu_indices(words, 1)] = above
    return matrix


class TestAsBand:
    def test_holds_each_pair_once_by_its_first_word_and_distance(self) -> None:
        band = as_band([(ints(0, 1, 2), symmetric(1, 2, 3, words=3))], 3)
        assert band.tolist() == [[1, 2], [3, 0], [0, 0]]
        assert band.dtype == np.float32

    def test_is_the_mean_over_windows_that_hold_both(self) -> None:
        windows = [
            (ints(0, 1, 2), symmetric(1, 2, 3, words=3)),
            (ints(1, 2, 3), symmetric(5, 6, 7, words=3)),
        ]
        assert as_band(windows, 5).tolist() == [[1, 2], [4, 6], [7, 0], [0, 0], [0, 0]]

    def test_reaches_as_far_as_the_widest_window(self) -> None:
        windows = [(ints(0, 1), symmetric(1, words=2)), (ints(2, 5), symmetric(8, words=2))]
        assert as_band(windows, 7).shape == (7, 3)
        assert as_band(windows, 7)[2].tolist() == [0, 0, 8]

    @pytest.mark.parametrize("words", [0, 1, 3])
    @pytest.mark.parametrize("windows", [[], [(ints(), np.zeros((0, 0), dtype=np.float32))]])
    def test_without_pairs_reaches_nowhere(self, words: int, windows: list[tuple[Ints, Floats]]) -> None:
        assert as_band(windows, words).shape == (words, 0)

    def test_shows_a_nan_at_its_pair_only(self) -> None:
        band = as_band([(ints(0, 1, 2), symmetric(1, NAN, 3, words=3))], 3)
        assert np.argwhere(np.isnan(band)).tolist() == [[0, 1]]

    @properties
    @given(st.integers(1, 8), st.data())
    def test_is_the_mean_of_overlapping_windows(self, words: int, data: st.DataObject) -> None:
        windows, sums, counts = [], np.zeros((words, words)), np.zeros((words, words))
        for _ in range(data.draw(st.integers(0, 4))):
            numbers = ints(*sorted(data.draw(st.sets(st.integers(0, words - 1), max_size=5))))
            above = data.draw(hnp.arrays(np.float32, len(numbers) * (len(numbers) - 1) // 2, elements=few))
            mutual = symmetric(*above, words=len(numbers))
            windows.append((numbers, mutual))
            for first, one in enumerate(numbers):
                for second, other in enumerate(numbers):
                    if first != second:
                        sums[one, other] += mutual[first, second]
                        counts[one, other] += 1
        band = as_band(windows, words)
        np.testing.assert_allclose(squared(band), sums / np.maximum(counts, 1), rtol=1e-6)
        assert band.shape[1] <= words - 1


class TestStacked:
    def test_fills_shorter_bands_with_zeros(self) -> None:
        bands = [floats([1, 2], [3, 4]), np.zeros((1, 0), dtype=np.float32), floats([5, 6, 7])]
        assert stacked(bands).tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 0], [5, 6, 7]]

    def test_of_nothing_is_nothing(self) -> None:
        assert stacked([]).shape == (0, 0)
        assert stacked([np.zeros((0, 0), dtype=np.float32)] * 2).shape == (0, 0)


class TestMutualWith:
    BAND = band_of([1, 2], [3, 4], [5], [])

    @pytest.mark.parametrize(
        ("partner", "expected"),
        [(0, [0, 1, 2, 0]), (1, [1, 0, 3, 4]), (2, [2, 3, 0, 5]), (3, [0, 4, 5, 0]), (-1, [0, 0, 0, 0])],
    )
    def test_reads_both_directions(self, partner: int, expected: list[float]) -> None:
        mutual = mutual_with(np.full(4, partner), self.BAND)
        assert mutual.tolist() == expected
        assert mutual.dtype == np.float32

    def test_takes_a_partner_of_each_word(self) -> None:
        assert mutual_with(ints(1, 0, 3, -1), self.BAND).tolist() == [1, 1, 5, 0]

    def test_is_zero_where_the_band_does_not_reach(self) -> None:
        assert mutual_with(ints(2, 2, 2), np.zeros((3, 0), dtype=np.float32)).tolist() == [0, 0, 0]
        assert mutual_with(ints(), np.zeros((0, 4), dtype=np.float32)).tolist() == []

    def test_shows_a_nan(self) -> None:
        assert np.isnan(mutual_with(ints(1, 0, 0), band_of([NAN, 2], [3], []))).tolist() == [
            True,
            True,
            False,
        ]

    @properties
    @given(segments_with_band(moderate))
    def test_is_the_same_both_ways(self, drawn: tuple[Floats, Ints, Floats, Ints]) -> None:
        band = drawn[2]
        words = len(band)
        rows = [mutual_with(np.full(words, partner), band) for partner in range(words)]
        np.testing.assert_array_equal(np.array(rows).reshape(words, words), squared(band))


class TestPairOf:
    def test_weighs_what_is_there(self) -> None:
        assert_is(pair_of(ints(1, -1, 4), ints(2, -1, -1), 6), [1, -1, 4], [2, -1, -1])


class TestAttendedWords:
    def test_weighs_every_word_by_its_share(self) -> None:
        weights, focus, related = attended_words()(floats([1, 4, 3]))
        assert weights.tolist() == [0.125, 0.5, 0.375]
        assert (focus.tolist(), related.tolist()) == ([1], [2])
        assert weights.dtype == np.float32
        assert focus.dtype == related.dtype == np.int64

    def test_does_so_in_every_segment(self) -> None:
        weights, focus, related = attended_words()(floats([1, 3, 5, 2, 2]), ints(2, 0, 1, 2))
        assert weights.tolist() == [0.25, 0.75, 1, 0.5, 0.5]
        assert focus.tolist() == [1, -1, 2, 3]
        assert related.tolist() == [0, -1, -1, 4]

    def test_equals_lead_in_their_order(self) -> None:
        selection = attended_words()(floats([2, 2, 2, 2]))
        assert (selection.focus.tolist(), selection.related.tolist()) == ([0], [1])

    def test_attention_that_is_zero_is_shared_equally(self) -> None:
        weights, focus, related = attended_words()(floats([0, 0]))
        assert weights.tolist() == [0.5, 0.5]
        assert (focus.tolist(), related.tolist()) == ([0], [1])

    def test_a_residual_is_given_to_every_word_besides(self) -> None:
        weights, focus, related = attended_words(residual=1)(floats([0, 2, 4, 1]), ints(3, 1))
        np.testing.assert_allclose(weights, [1 / 9, 3 / 9, 5 / 9, 1], rtol=1e-6)
        assert weights.dtype == np.float32
        assert (focus.tolist(), related.tolist()) == ([2, 3], [1, -1])

    @properties
    @given(segmented_attention(not_negative), st.floats(0, 100, width=32), st.floats(0, 100, width=32))
    def test_a_greater_residual_leaves_the_shares_more_equal(
        self, segmented: tuple[Floats, Ints], one: float, other: float
    ) -> None:
        attention, lengths = segmented
        less, more = (
            attended_words(residual=residual)(attention[:1], lengths).weights
            for residual in sorted([one, other])
        )
        for words in of_segments(lengths):
            if words and attention[0, words].any():
                assert np.ptp(more[words]) <= np.ptp(less[words]) + 1e-5

    @pytest.mark.parametrize("residual", [-1, -0.5, np.nan, np.inf])
    def test_refuses_a_residual_that_is_negative_or_not_finite(self, residual: float) -> None:
        with pytest.raises(ValueError, match=rf"attended_words: residual={residual!r} is out of range"):
            attended_words(residual=residual)

    def test_one_word_has_all(self) -> None:
        weights, focus, related = attended_words()(floats([3]))
        assert (weights.tolist(), focus.tolist(), related.tolist()) == ([1], [0], [-1])

    def test_no_word_has_nothing(self) -> None:
        weights, focus, related = attended_words()(np.zeros((1, 0), dtype=np.float32))
        assert (weights.tolist(), focus.tolist(), related.tolist()) == ([], [-1], [-1])

    def test_shows_a_nan(self) -> None:
        weights, focus, _ = attended_words()(floats([1, NAN, 1, 3]), ints(2, 2))
        assert np.isnan(weights).tolist() == [True, True, False, False]
        assert focus.tolist() == [1, 3]

    @properties
    @given(segmented_attention(not_negative))
    def test_weights_add_up_to_one_in_every_segment(self, segmented: tuple[Floats, Ints]) -> None:
        attention, lengths = segmented
        weights = attended_words()(attention[:1], lengths).weights
        for words in of_segments(lengths):
            assert len(words) == 0 or weights[words].sum() == pytest.approx(1, abs=1e-6)

    @properties
    @given(segmented_attention(st.integers(0, 5).map(float)))
    def test_segments_together_equal_each_alone(self, segmented: tuple[Floats, Ints]) -> None:
        attention, lengths = segmented
        together = attended_words()(attention[:1], lengths)
        for segment, words in enumerate(of_segments(lengths)):
            alone = attended_words()(attention[:1, words])
            first = words[0] if words else 0
            np.testing.assert_array_equal(together.weights[words], alone.weights)
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)
            if words:
                focus = first_of_most(words, attention[0])
                others = [word for word in words if word != focus]
                assert together.focus[segment] == focus
                assert together.related[segment] == first_of_most(others, attention[0])


#: Between words 0 and 1, 0 and 2, and so on; word 3 has much, but not with word 1.
BAND = band_of([1, 2, 9], [4, 3], [9], [])


class TestMutualPair:
    def test_relates_the_leader_to_the_word_it_shares_most_with(self) -> None:
        assert_is(mutual_pair()(floats([1, 9, 2, 3]), mutual=BAND), [1], [2])
        assert_is(mutual_pair()(floats([1, 2, 9, 3]), mutual=BAND), [2], [3])

    def test_the_focus_is_the_leader_of_the_last_row(self) -> None:
        assert_is(mutual_pair()(floats([9, 1, 1, 1], [1, 9, 1, 1]), mutual=BAND), [1], [2])

    def test_chooses_within_every_segment(self) -> None:
        # Word 3 stands alone, so that word 2 cannot have it.
        attention = floats([1, 2, 9, 3])
        assert_is(mutual_pair()(attention, ints(3, 0, 1), mutual=BAND), [2, -1, 3], [1, -1, -1])
        assert_is(mutual_pair()(attention, ints(2, 2), mutual=BAND), [1, 2], [0, 3])

    def test_ties_go_to_the_first_word(self) -> None:
        band = band_of([5, 5], [5], [])
        assert_is(mutual_pair()(floats([7, 7, 7]), mutual=band), [0], [1])
        assert_is(mutual_pair()(floats([1, 1, 7]), mutual=band), [2], [0])

    def test_a_word_that_no_window_holds_with_the_focus_is_not_related(self) -> None:
        none = np.zeros((3, 0), dtype=np.float32)
        assert_is(mutual_pair()(floats([9, 1, 2]), mutual=none), [0], [-1])
        assert_is(mutual_pair()(floats([1, 1, 9]), mutual=none), [2], [-1])

    def test_one_word_stands_alone(self) -> None:
        assert_is(mutual_pair()(floats([1]), mutual=np.zeros((1, 3), dtype=np.float32)), [0], [-1])

    @pytest.mark.parametrize(
        ("lengths", "none"), [(None, [-1]), (ints(), []), (ints(0), [-1]), (ints(0, 0), [-1] * 2)]
    )
    def test_no_word_gives_no_pair(self, lengths: Ints | None, none: list[int]) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        assert_is(mutual_pair()(nothing, lengths, mutual=nothing.T), none, none)

    def test_a_nan_is_chosen_and_so_not_hidden(self) -> None:
        assert_is(mutual_pair()(floats([1, NAN, 2, 3]), mutual=BAND), [1], [2])
        assert_is(mutual_pair()(floats([1, 9, 2, 3]), mutual=band_of([1], [4, NAN], [9], [])), [1], [3])

    def test_leaves_its_arguments_alone(self) -> None:
        attention, band = floats([1, 9, 2, 3]), BAND.copy()
        mutual_pair()(attention, mutual=band)
        assert attention.tolist() == [[1, 9, 2, 3]]
        np.testing.assert_array_equal(band, BAND)

    @properties
    @given(segments_with_band(few))
    def test_agrees_with_plain_steps_whatever_is_tied(self, drawn: tuple[Floats, Ints, Floats, Ints]) -> None:
        attention, lengths, band, _ = drawn
        square = squared(band)
        focus, related = [], []
        for words in of_segments(lengths):
            focus.append(first_of_most(words, attention[0]))
            others = [word for word in words if word != focus[-1] and square[focus[-1]][word] > 0]
            related.append(first_of_most(others, square[focus[-1]] if words else None))
        assert_is(mutual_pair()(attention, lengths, mutual=band), focus, related)

    @properties
    @given(segments_with_band(moderate))
    def test_segments_together_equal_each_alone(self, drawn: tuple[Floats, Ints, Floats, Ints]) -> None:
        attention, lengths, band, _ = drawn
        together = mutual_pair()(attention, lengths, mutual=band)
        for segment, words in enumerate(of_segments(lengths)):
            alone = mutual_pair()(attention[:, words], mutual=band[words])
            first = words[0] if words else 0
            assert together.weights[words].tolist() == alone.weights.tolist()
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)


class TestDependencyPair:
    def test_is_the_root_and_its_child_with_most_mutual_attention(self) -> None:
        # Word 1 is the root, of 0 and 3; word 2 shares more with it, but is a child of word 3.
        attention = floats([9, 1, 9, 9])
        assert_is(dependency_pair()(attention, mutual=BAND, heads=ints(1, 1, 3, 1)), [1], [3])
        assert_is(dependency_pair()(attention, mutual=BAND, heads=ints(1, 1, 1, 2)), [1], [2])

    def test_of_several_roots_the_one_that_draws_most_attention(self) -> None:
        heads = ints(0, 0, 3, 3)
        assert_is(dependency_pair()(floats([1, 9, 9, 2]), mutual=BAND, heads=heads), [3], [2])
        assert_is(dependency_pair()(floats([2, 9, 9, 1]), mutual=BAND, heads=heads), [0], [1])
        assert_is(dependency_pair()(floats([2, 9, 9, 2]), mutual=BAND, heads=heads), [0], [1])

    def test_of_several_roots_in_a_long_text_too(self) -> None:
        words = 20000
        attention = np.ones((1, words), dtype=np.float32)
        heads = np.zeros(words, dtype=np.int64)
        heads[-2:] = words - 1
        attention[0, -1] = 1.001
        selection = dependency_pair()(attention, mutual=np.zeros((words, 0), dtype=np.float32), heads=heads)
        assert_is(selection, [words - 1], [words - 2])

    def test_a_root_without_a_child_that_is_a_word_stands_alone(self) -> None:
        assert_is(dependency_pair()(floats([1, 2, 3]), mutual=BAND[:3], heads=ints(0, 2, 1)), [0], [-1])

    def test_a_phrase_without_a_root_has_a_word_whose_head_is_outside(self) -> None:
        heads = ints(1, -1, 1, -1)
        assert_is(dependency_pair()(floats([9, 2, 9, 1]), mutual=BAND, heads=heads), [1], [2])
        assert_is(dependency_pair()(floats([9, 1, 9, 2]), mutual=BAND, heads=heads), [3], [-1])

    def test_a_root_goes_before_a_word_whose_head_is_outside(self) -> None:
        assert_is(dependency_pair()(floats([9, 0, 0]), mutual=BAND[:3], heads=ints(-1, 1, 1)), [1], [2])

    def test_a_head_in_another_segment_is_outside(self) -> None:
        # The second segment's root is in the first.
        heads = ints(1, 1, 1, 2)
        assert_is(
            dependency_pair()(floats([1, 2, 3, 9]), ints(2, 0, 2), mutual=BAND, heads=heads),
            [1, -1, 2],
            [0, -1, 3],
        )

    def test_ties_go_to_the_first_child(self) -> None:
        band = band_of([5, 5], [5], [])
        assert_is(dependency_pair()(floats([1, 1, 1]), mutual=band, heads=ints(2, 2, 2)), [2], [0])
        assert_is(dependency_pair()(floats([1, 1, 1]), mutual=band, heads=ints(0, 0, 0)), [0], [1])

    def test_a_child_that_no_window_holds_with_the_root_is_a_child_still(self) -> None:
        band = band_of([5], [5], [5], [])
        assert_is(dependency_pair()(floats([1, 1, 1, 1]), mutual=band, heads=ints(0, 2, 3, 0)), [0], [3])

    def test_one_word_stands_alone(self) -> None:
        none = np.zeros((1, 0), dtype=np.float32)
        assert_is(dependency_pair()(floats([1]), mutual=none, heads=ints(0)), [0], [-1])
        assert_is(dependency_pair()(floats([1]), mutual=none, heads=ints(-1)), [0], [-1])

    @pytest.mark.parametrize(("lengths", "none"), [(None, [-1]), (ints(), []), (ints(0, 0), [-1, -1])])
    def test_no_word_gives_no_pair(self, lengths: Ints | None, none: list[int]) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        assert_is(dependency_pair()(nothing, lengths, mutual=nothing.T, heads=ints()), none, none)

    def test_a_nan_among_the_children_is_chosen_and_so_not_hidden(self) -> None:
        band = band_of([1], [4, NAN], [9], [])
        assert_is(dependency_pair()(floats([1, 9, 2, 3]), mutual=band, heads=ints(1, 1, 1, 1)), [1], [3])

    def test_is_refused_without_heads(self) -> None:
        message = "dependency_pair: got no heads. Expected those of a dependency tree"
        with pytest.raises(ValueError, match=message):
            dependency_pair()(floats([1, 2]), mutual=BAND[:2])

    @properties
    @given(segments_with_band(few))
    def test_agrees_with_plain_steps_whatever_is_tied(self, drawn: tuple[Floats, Ints, Floats, Ints]) -> None:
        attention, lengths, band, heads = drawn
        square = squared(band)
        focus, related = [], []
        for words in of_segments(lengths):
            roots = [word for word in words if heads[word] == word]
            outside = [word for word in words if heads[word] not in words]
            focus.append(first_of_most(roots or outside or words, attention[0]))
            children = [word for word in words if heads[word] == focus[-1] != word]
            related.append(first_of_most(children, square[focus[-1]] if words else None))
        assert_is(dependency_pair()(attention, lengths, mutual=band, heads=heads), focus, related)

    @properties
    @given(segments_with_band(few))
    def test_segments_together_equal_each_alone(self, drawn: tuple[Floats, Ints, Floats, Ints]) -> None:
        attention, lengths, band, heads = drawn
        together = dependency_pair()(attention, lengths, mutual=band, heads=heads)
        for segment, words in enumerate(of_segments(lengths)):
            first = words[0] if words else 0
            own = ints(*(head - first if head in words else -1 for head in heads[words]))
            alone = dependency_pair()(attention[:, words], mutual=band[words], heads=own)
            assert together.weights[words].tolist() == alone.weights.tolist()
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)


def chosen_with(select: Any, attention: Floats, lengths: Ints) -> Selection:
    """A selection's choice, given all that any of them reads."""
    words = attention.shape[1]
    evidence: dict[str, Any] = {}
    if pairs_of(select) != ():
        evidence["mutual"] = np.zeros((words, 0), dtype=np.float32)
    if reads_heads(select):
        evidence["heads"] = np.arange(words)
    selection: Selection = select(attention, lengths, **evidence)
    return selection


MAKERS = [attended_words(), mutual_pair(), dependency_pair()]


@pytest.mark.parametrize("select", MAKERS, ids=lambda select: type(select).__name__)
def test_lengths_that_do_not_add_up_are_refused(select: Any) -> None:
    with pytest.raises(ValueError, match="add up to 5, but there are 2 words"):
        chosen_with(select, floats([1, 2]), ints(2, 3))


@pytest.mark.parametrize(
    ("select", "layers", "pairs", "heads"),
    [
        (leading_pair(), (0,), (), False),
        (attended_words(), (0.5,), (), False),
        (attended_words(layer=-2), (-2,), (), False),
        (mutual_pair(), (-1,), (0.34,), False),
        (mutual_pair([0, 0.5, -1]), (-1,), (0, 0.5, -1), False),
        (mutual_pair(None), (-1,), None, False),
        (dependency_pair(), (-1,), (0.34,), True),
        (dependency_pair(None), (-1,), None, True),
    ],
)
def test_a_selection_says_what_it_reads(
    select: Any, layers: tuple[float, ...], pairs: tuple[float, ...] | None, heads: bool
) -> None:
    assert select.layers == layers
    assert pairs_of(select) == pairs
    assert reads_heads(select) == heads
    if not isinstance(select, type(leading_pair())):
        assert select.rows == "layers"


@pytest.mark.parametrize(
    ("name", "settings", "select"),
    [
        ("attended_words", {}, attended_words(0.5)),
        ("attended_words", {"layer": 0.5}, attended_words(0.5)),
        ("attended_words", {"layer": 0.99}, attended_words(0.99)),
        ("attended_words", {"layer": 3}, attended_words(3)),
        ("attended_words", {"residual": 0.5}, attended_words(residual=0.5)),
        ("attended_words", {"layer": -1}, attended_words(-1)),
        ("leading_pair", {"layer": 0.5}, leading_pair(layer=0.5)),
        ("mutual_pair", {}, mutual_pair((0.34,))),
        ("mutual_pair", {"layers_between": [0.34]}, mutual_pair([0.34])),
        ("mutual_pair", {"layers_between": [0, 0.5, -1]}, mutual_pair([0, 0.5, -1])),
        ("mutual_pair", {"layers_between": None}, mutual_pair(None)),
        ("dependency_pair", {}, dependency_pair((0.34,))),
        ("dependency_pair", {"layers_between": [1, 2]}, dependency_pair([1, 2])),
        ("dependency_pair", {"layers_between": None}, dependency_pair(None)),
    ],
)
def test_a_config_makes_a_selection_and_a_selection_its_config(
    name: str, settings: dict[str, Any], select: Any
) -> None:
    block = {"@misc": f"spacy-trend.{name}.v1", **settings}
    made = spacy.registry.resolve({"select": block})["select"]
    assert type(made) is type(select)
    assert made == select
    # A fraction must not become a whole number on the way.
    assert made.config == select.config
    assert repr(made) == repr(select)
    assert spacy.registry.resolve({"select": select.config})["select"] == select
    assert select.config["@misc"] == block["@misc"]


OUT_OF_RANGE = [1.5, -0.5, 100.25, float("inf"), float("-inf"), NAN]


@pytest.mark.parametrize("layer", OUT_OF_RANGE)
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("leading_pair", lambda layer: leading_pair(layer=layer)),
        ("attended_words", lambda layer: attended_words(layer=layer)),
        ("mutual_pair", lambda layer: mutual_pair([layer])),
        ("mutual_pair", lambda layer: mutual_pair([0, 0.5, layer])),
        # It is a setting of another function, of which the message should give the name.
        pytest.param(
            "dependency_pair",
            lambda layer: dependency_pair([layer]),
        ),
    ],
)
def test_a_layer_that_is_no_part_of_the_way_up_is_refused(name: str, make: Any, layer: float) -> None:
    message = rf"^{name}: layer={layer} is out of range. Expected a whole number.*a fraction between 0 and 1"
    with pytest.raises(ValueError, match=message):
        make(layer)


@pytest.mark.parametrize("make", [mutual_pair, dependency_pair])
def test_no_layer_between_is_refused(make: Any) -> None:
    message = r"layers_between=\[\] names no layer. Expected one or more, or null for all"
    for none in [], ():
        with pytest.raises(ValueError, match=message):
            make(none)


@pytest.mark.parametrize("layer", [0.0, 1.0, 3.0, -1.0, -6.0])
def test_a_whole_number_may_be_written_as_a_fraction(layer: float) -> None:
    for select in attended_words(layer), mutual_pair([layer]):
        request = AttentionRequest(select.rows, (layer,), (layer,))
        assert request.layer_numbers(6, "encoder") == request.pair_layers(6, "encoder") == [layer % 6]


@pytest.mark.parametrize(
    ("fraction", "layers", "number"),
    [(0.5, 6, 3), (0.34, 6, 2), (0.34, 12, 4), (0.34, 2, 0), (0.99, 6, 5), (0.01, 12, 0), (0.5, 1, 0)],
)
def test_a_fraction_is_a_part_of_the_way_up(fraction: float, layers: int, number: int) -> None:
    request = AttentionRequest("layers", (fraction,), (fraction, -1))
    assert request.layer_numbers(layers, "encoder") == [number]
    assert request.pair_layers(layers, "encoder") == [number, layers - 1]


@pytest.mark.parametrize("layers", [1, 2, 3, 6, 12, 24, 32, 48])
def test_a_part_of_the_way_that_is_a_layers_own_is_that_layer(layers: int) -> None:
    for layer in range(1, layers):
        request = AttentionRequest("layers", (layer / layers,))
        assert request.layer_numbers(layers, "encoder") == [layer]


def test_all_layers_are_none() -> None:
    assert AttentionRequest("layers", (0,), None).pair_layers(3, "encoder") == [0, 1, 2]
    assert AttentionRequest("layers", (0,)).pair_layers(3, "encoder") == []


@pytest.mark.parametrize("layer", [6, -7])
def test_a_layer_between_that_the_encoder_lacks_is_refused(layer: int) -> None:
    with pytest.raises(ValueError, match=rf"layer={layer} is out of range: the encoder 'mine' has 6 layers"):
        AttentionRequest("layers", (0,), (0, layer)).pair_layers(6, "mine")
