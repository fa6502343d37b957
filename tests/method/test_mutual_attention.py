"""Mutual attention of words, and bands of it: answers known by hand, and plain loops as oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.method.mutual_attention import (
    NOT_ASKED,
    MutualAttention,
    as_band,
    between_words,
    mutual_with,
    part_of,
    stacked,
)
from spacy_trend.types import Floats, Ints
from tests.support.arrays import NAN, as_slice, floats, ints, mutual_of, of_segments, squared
from tests.support.strategies import few, moderate, segments_with_mutual


class TestBetweenWords:
    def test_each_gets_its_share_of_what_is_given_to_the_others(self) -> None:
        # The diagonal is left out: the first word gives 1 and 3 of 4, the second 1 of 2 to each.
        given = floats([9, 1, 3], [5, 9, 5], [2, 6, 9])
        mutual = between_words(given, ints(1, 1, 1))
        assert mutual.tolist() == [[0, 0.75, 1], [0.75, 0, 1.25], [1, 1.25, 0]]
        assert mutual.dtype == np.float32

    def test_a_word_gives_the_mean_and_gets_the_sum_of_its_wordpieces(self) -> None:
        # The first word has two wordpieces: of the third it gets 5 + 8, and of the last 7 go elsewhere.
        given = floats([9, 9, 1, 3], [9, 9, 3, 1], [5, 8, 9, 7], [4, 0, 4, 9])
        mutual = between_words(given, ints(2, 1, 1))
        np.testing.assert_allclose(mutual[0, 1], 2 / 4 + 13 / 20, rtol=1e-6)
        np.testing.assert_allclose(mutual[0, 2], 2 / 4 + 4 / 8, rtol=1e-6)

    def test_two_words_share_all(self) -> None:
        assert between_words(floats([9, 1e-30], [0.5, 9]), ints(1, 1)).tolist() == [[0, 2], [2, 0]]

    def test_a_word_that_gives_nothing_has_what_the_others_give(self) -> None:
        mutual = between_words(floats([9, 0, 0], [1, 9, 3], [0, 0, 9]), ints(1, 1, 1))
        assert mutual.tolist() == [[0, 0.25, 0], [0.25, 0, 0.75], [0, 0.75, 0]]

    @pytest.mark.parametrize("words", [0, 1])
    def test_of_fewer_than_two_words_is_zero(self, words: int) -> None:
        assert between_words(np.ones((words, words), dtype=np.float32), ints(*[1] * words)).sum() == 0

    def test_does_not_change_what_it_is_given(self) -> None:
        given = floats([9, 9, 1], [9, 9, 3], [5, 8, 9])
        before = given.copy()
        between_words(given, ints(1, 2))
        between_words(given, ints(1, 1, 1))
        np.testing.assert_array_equal(given, before)

    def test_shows_a_nan_in_all_that_its_word_gives(self) -> None:
        given = np.ones((5, 5), dtype=np.float32)
        given[0, 2] = NAN
        is_nan = np.isnan(between_words(given, ints(1, 1, 2, 1)))
        np.fill_diagonal(is_nan, False)
        assert is_nan.tolist() == [
            [False, True, True, True],
            [True, False, False, False],
            [True, False, False, False],
            [True, False, False, False],
        ]

    @given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.data())
    def test_is_symmetric_and_as_plain_loops_say(self, counts: list[int], data: st.DataObject) -> None:
        pieces = sum(counts)
        elements = st.floats(0.0078125, 1, width=32)
        pairs = data.draw(hnp.arrays(np.float32, (pieces, pieces), elements=elements))
        mutual = between_words(pairs, ints(*counts))
        np.testing.assert_array_equal(mutual, mutual.T)
        places = of_segments(ints(*counts))
        given = [
            [np.mean([sum(float(pairs[one, other]) for other in gets) for one in gives]) for gets in places]
            for gives in places
        ]
        for one in range(len(counts)):
            for other in range(len(counts)):
                if one == other:
                    continue
                shares = [
                    given[gives][gets]
                    / sum(share for word, share in enumerate(given[gives]) if word != gives)
                    for gives, gets in ((one, other), (other, one))
                ]
                assert mutual[one, other] == pytest.approx(sum(shares), rel=1e-5)


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
        np.testing.assert_allclose(
            squared(MutualAttention(band, np.arange(words))), sums / np.maximum(counts, 1), rtol=1e-6
        )
        assert band.shape[1] <= words - 1


class TestStacked:
    def test_fills_shorter_bands_with_zeros(self) -> None:
        texts = [mutual_of([1, 2], [3, 4]), mutual_of([]), mutual_of([5, 6, 7])]
        band, places = stacked(texts)
        assert band.tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 0], [5, 6, 7]]
        assert places.tolist() == [0, 1, 2, 3]

    def test_gives_each_text_its_own_places(self) -> None:
        texts = [mutual_of([1], [], places=ints(0, 0, 1)), mutual_of([], places=ints(0, 0)), mutual_of([])]
        assert stacked(texts).places.tolist() == [0, 0, 1, 2, 2, 3]

    def test_of_nothing_is_nothing(self) -> None:
        for texts in [], [NOT_ASKED, NOT_ASKED]:
            band, places = stacked(texts)
            assert (band.shape, places.shape) == ((0, 0), (0,))


class TestPartOf:
    MUTUAL = mutual_of([1, 2], [3, 4], [5], [], places=ints(0, 1, 1, 2, 3))

    def test_is_of_these_words_alone(self) -> None:
        band, places = part_of(self.MUTUAL, slice(1, 4))
        assert band.tolist() == [[3], [5]]
        assert places.tolist() == [0, 0, 1]

    def test_of_words_in_one_place_reaches_nowhere(self) -> None:
        band, places = part_of(self.MUTUAL, slice(1, 3))
        assert (band.shape, places.tolist()) == ((1, 0), [0, 0])

    @pytest.mark.parametrize("mutual", [MUTUAL, NOT_ASKED])
    def test_of_no_words_is_nothing(self, mutual: MutualAttention) -> None:
        band, places = part_of(mutual, slice(2, 2))
        assert (band.shape, places.shape) == ((0, 0), (0,))

    def test_of_all_is_all(self) -> None:
        band, places = part_of(self.MUTUAL, slice(0, 5))
        assert band.tolist() == self.MUTUAL.band.tolist()
        assert places.tolist() == self.MUTUAL.places.tolist()

    @given(segments_with_mutual(moderate))
    def test_keeps_what_its_words_share(self, drawn: tuple[Floats, Ints, MutualAttention, Ints]) -> None:
        _, lengths, mutual, _ = drawn
        for words in of_segments(lengths):
            part = part_of(mutual, as_slice(words))
            np.testing.assert_array_equal(squared(part), squared(mutual)[np.ix_(words, words)])


class TestMutualWith:
    MUTUAL = mutual_of([1, 2], [3, 4], [5], [])

    @pytest.mark.parametrize(
        ("partner", "expected"),
        [(0, [0, 1, 2, 0]), (1, [1, 0, 3, 4]), (2, [2, 3, 0, 5]), (3, [0, 4, 5, 0]), (-1, [0, 0, 0, 0])],
    )
    def test_reads_both_directions(self, partner: int, expected: list[float]) -> None:
        mutual = mutual_with(np.full(4, partner), self.MUTUAL)
        assert mutual.tolist() == expected
        assert mutual.dtype == np.float32

    def test_takes_a_partner_of_each_word(self) -> None:
        assert mutual_with(ints(1, 0, 3, -1), self.MUTUAL).tolist() == [1, 1, 5, 0]

    def test_is_zero_if_the_band_does_not_reach(self) -> None:
        assert mutual_with(ints(2, 2, 2), mutual_of([], [], [])).tolist() == [0, 0, 0]
        assert mutual_with(ints(), mutual_of()).tolist() == []

    def test_is_zero_between_words_with_the_same_wordpieces(self) -> None:
        shared = mutual_of([7], [], places=ints(0, 0, 1))
        assert mutual_with(ints(1, 0, 1), shared).tolist() == [0, 0, 7]
        assert mutual_with(ints(2, 2, 0), shared).tolist() == [7, 7, 7]

    def test_shows_a_nan(self) -> None:
        assert np.isnan(mutual_with(ints(1, 0, 0), mutual_of([NAN, 2], [3], []))).tolist() == [
            True,
            True,
            False,
        ]

    @given(segments_with_mutual(moderate))
    def test_is_the_same_both_ways(self, drawn: tuple[Floats, Ints, MutualAttention, Ints]) -> None:
        mutual = drawn[2]
        words = len(mutual.places)
        rows = [mutual_with(np.full(words, partner), mutual) for partner in range(words)]
        np.testing.assert_array_equal(np.array(rows).reshape(words, words), squared(mutual))
