"""Pairs by mutual attention and by dependencies: answers known by hand, and plain steps as oracles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.method.mutual_attention import MutualAttention, part_of
from spacy_trend.method.mutual_pairs import dependency_pair, joint_pair, mutual_pair
from spacy_trend.types import Floats, Ints
from tests.support.arrays import NAN, as_slice, floats, ints, mutual_of, of_segments, shifted, squared
from tests.support.choices import assert_is, first_of_most
from tests.support.strategies import few, moderate, segments_with_mutual

#: Between words 0 and 1, 0 and 2, and so on; word 3 has much, but not with word 1.
MUTUAL = mutual_of([1, 2, 9], [4, 3], [9], [])


class TestMutualPair:
    def test_relates_the_leader_to_the_word_it_shares_most_with(self) -> None:
        assert_is(mutual_pair()(floats([1, 9, 2, 3]), mutual=MUTUAL), [1], [2])
        assert_is(mutual_pair()(floats([1, 2, 9, 3]), mutual=MUTUAL), [2], [3])

    def test_the_focus_is_the_leader_of_the_last_row(self) -> None:
        assert_is(mutual_pair()(floats([9, 1, 1, 1], [1, 9, 1, 1]), mutual=MUTUAL), [1], [2])

    def test_chooses_within_every_segment(self) -> None:
        # Word 3 stands alone, so that word 2 cannot have it.
        attention = floats([1, 2, 9, 3])
        assert_is(mutual_pair()(attention, ints(3, 0, 1), mutual=MUTUAL), [2, -1, 3], [1, -1, -1])
        assert_is(mutual_pair()(attention, ints(2, 2), mutual=MUTUAL), [1, 2], [0, 3])

    def test_ties_go_to_the_first_word(self) -> None:
        mutual = mutual_of([5, 5], [5], [])
        assert_is(mutual_pair()(floats([7, 7, 7]), mutual=mutual), [0], [1])
        assert_is(mutual_pair()(floats([1, 1, 7]), mutual=mutual), [2], [0])

    def test_a_word_that_no_window_holds_with_the_focus_is_not_related(self) -> None:
        none = mutual_of([], [], [])
        assert_is(mutual_pair()(floats([9, 1, 2]), mutual=none), [0], [-1])
        assert_is(mutual_pair()(floats([1, 1, 9]), mutual=none), [2], [-1])

    def test_words_with_the_wordpieces_of_the_focus_are_not_related(self) -> None:
        shared = mutual_of([5], [], places=ints(0, 0, 1))
        assert_is(mutual_pair()(floats([9, 9, 1]), mutual=shared), [0], [2])
        assert_is(mutual_pair()(floats([1, 1, 9]), mutual=shared), [2], [0])
        assert_is(mutual_pair()(floats([9, 9]), mutual=mutual_of([], places=ints(0, 0))), [0], [-1])

    def test_one_word_stands_alone(self) -> None:
        assert_is(mutual_pair()(floats([1]), mutual=mutual_of([0, 0, 0])), [0], [-1])

    @pytest.mark.parametrize(
        ("lengths", "none"), [(None, [-1]), (ints(), []), (ints(0), [-1]), (ints(0, 0), [-1] * 2)]
    )
    def test_no_word_gives_no_pair(self, lengths: Ints | None, none: list[int]) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        assert_is(mutual_pair()(nothing, lengths, mutual=mutual_of()), none, none)

    def test_a_nan_is_chosen_and_so_not_hidden(self) -> None:
        assert_is(mutual_pair()(floats([1, NAN, 2, 3]), mutual=MUTUAL), [1], [2])
        assert_is(mutual_pair()(floats([1, 9, 2, 3]), mutual=mutual_of([1], [4, NAN], [9], [])), [1], [3])

    def test_leaves_its_arguments_alone(self) -> None:
        attention, mutual = floats([1, 9, 2, 3]), MutualAttention(*(each.copy() for each in MUTUAL))
        mutual_pair()(attention, mutual=mutual)
        assert attention.tolist() == [[1, 9, 2, 3]]
        np.testing.assert_array_equal(mutual.band, MUTUAL.band)
        np.testing.assert_array_equal(mutual.places, MUTUAL.places)

    @given(segments_with_mutual(few))
    def test_agrees_with_plain_steps_whatever_is_tied(
        self, drawn: tuple[Floats, Ints, MutualAttention, Ints]
    ) -> None:
        attention, lengths, mutual, _ = drawn
        square = squared(mutual)
        focus, related = [], []
        for words in of_segments(lengths):
            focus.append(first_of_most(words, attention[0]))
            others = [word for word in words if word != focus[-1] and square[focus[-1]][word] > 0]
            related.append(first_of_most(others, square[focus[-1]] if words else None))
        assert_is(mutual_pair()(attention, lengths, mutual=mutual), focus, related)

    @given(segments_with_mutual(moderate))
    def test_segments_together_equal_each_alone(
        self, drawn: tuple[Floats, Ints, MutualAttention, Ints]
    ) -> None:
        attention, lengths, mutual, _ = drawn
        together = mutual_pair()(attention, lengths, mutual=mutual)
        for segment, words in enumerate(of_segments(lengths)):
            alone = mutual_pair()(attention[:, words], mutual=part_of(mutual, as_slice(words)))
            first = words[0] if words else 0
            assert together.weights[words].tolist() == alone.weights.tolist()
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)


def joint_by_plain_steps(words: list[int], square: Floats, received: Floats) -> tuple[int, int]:
    """The pair with the greatest score by the formula alone; of equals the first."""
    pairs = [(one, other) for one in words for other in words if one < other and square[one, other] != 0]
    with_all = {one: sum(float(square[one, other]) for other in words) for one in words}
    total = sum(with_all.values())
    best, chosen = -np.inf, (-1, -1)
    for one, other in pairs:
        beyond = float(square[one, other]) - with_all[one] * with_all[other] / total
        score = beyond * float(received[one] * received[other]) ** 0.5
        if score > best + 1e-9:
            best, chosen = score, (one, other)
    return chosen


class TestJointPair:
    def test_chooses_the_pair_that_shares_most_for_what_each_shares_with_all(self) -> None:
        # Sums of rows: 12, 8, 19 and 27, together 66. Words 2 and 3: 14 - 19 * 27 / 66 = 6.2.
        mutual = mutual_of([1, 2, 9], [3, 4], [14], [])
        square = squared(mutual)
        received = floats(1, 1, 1, 1)
        expected = joint_by_plain_steps([0, 1, 2, 3], square, received)
        assert expected == (2, 3)
        assert_is(joint_pair()(received[None], mutual=mutual), [2], [3])

    def test_a_word_that_shares_with_all_alike_is_not_preferred(self) -> None:
        # Word 0 shares 4 with each: 4 - 16 * 7 / 44 = 1.5. Words 1 and 2 share 3: 3 - 7 * 7 / 44 = 1.9.
        mutual = mutual_of([4, 4, 4, 4], [3, 0, 0], [0, 0], [3], [])
        assert_is(joint_pair()(floats([1, 1, 1, 1, 1]), mutual=mutual), [1], [2])
        assert_is(mutual_pair()(floats([9, 1, 1, 1, 1]), mutual=mutual), [0], [1])

    def test_prefers_important_words(self) -> None:
        mutual = mutual_of([5, 0, 0], [0, 0], [5], [])
        assert_is(joint_pair()(floats([2, 2, 1, 1]), mutual=mutual), [0], [1])
        assert_is(joint_pair()(floats([1, 1, 2, 2]), mutual=mutual), [2], [3])

    def test_the_focus_is_the_one_with_more_attention_and_the_first_of_equals(self) -> None:
        mutual = mutual_of([5], [])
        assert_is(joint_pair()(floats([1, 2]), mutual=mutual), [1], [0])
        assert_is(joint_pair()(floats([2, 1]), mutual=mutual), [0], [1])
        assert_is(joint_pair()(floats([2, 2]), mutual=mutual), [0], [1])

    def test_chooses_within_every_segment(self) -> None:
        attention = floats([1, 2, 9, 3])
        assert_is(joint_pair()(attention, ints(2, 0, 2), mutual=MUTUAL), [1, -1, 2], [0, -1, 3])
        assert_is(joint_pair()(attention, ints(3, 1), mutual=mutual_of([5, 1], [1], [], [])), [1, 3], [0, -1])

    def test_words_that_no_window_holds_together_are_no_pair(self) -> None:
        assert_is(joint_pair()(floats([1, 9, 2]), mutual=mutual_of([], [], [])), [1], [-1])
        assert_is(joint_pair()(floats([1, 9, 2]), mutual=mutual_of([0, 0], [0], [])), [1], [-1])

    def test_words_with_the_same_wordpieces_are_no_pair_and_count_once(self) -> None:
        mutual = mutual_of([5], [], places=ints(0, 0, 1))
        assert_is(joint_pair()(floats([1, 1, 9]), mutual=mutual), [2], [0])
        assert_is(joint_pair()(floats([1, 1]), mutual=mutual_of([], places=ints(0, 0))), [0], [-1])

    @pytest.mark.parametrize(
        ("lengths", "none"), [(None, [-1]), (ints(), []), (ints(0), [-1]), (ints(0, 0), [-1] * 2)]
    )
    def test_no_word_gives_no_pair(self, lengths: Ints | None, none: list[int]) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        assert_is(joint_pair()(nothing, lengths, mutual=mutual_of()), none, none)

    def test_a_nan_is_chosen_and_so_not_hidden(self) -> None:
        assert_is(
            joint_pair()(floats([1, 1, NAN, 1]), mutual=mutual_of([5, 1, 5], [1, 1], [1], [])), [0], [2]
        )

    @given(segments_with_mutual(st.integers(0, 3).map(float)))
    def test_agrees_with_the_formula(self, drawn: tuple[Floats, Ints, MutualAttention, Ints]) -> None:
        attention, lengths, mutual, _ = drawn
        attention = np.abs(attention) + 1
        square = squared(mutual)
        selection = joint_pair()(attention, lengths, mutual=mutual)
        for segment, words in enumerate(of_segments(lengths)):
            # The first word of each place, as words of one place count once.
            firsts = [
                word
                for at, word in enumerate(words)
                if not at or mutual.places[word] != mutual.places[word - 1]
            ]
            one, other = joint_by_plain_steps(firsts, square, attention[0])
            if one < 0:
                assert selection.focus[segment] == first_of_most(words, attention[0])
                assert selection.related[segment] == -1
                continue
            chosen = {int(selection.focus[segment]), int(selection.related[segment])}
            if chosen != {one, other}:
                # Equal to rounding.
                pairs = [sorted(chosen), [one, other]]
                scores = [score_of(pair, firsts, square, attention[0]) for pair in pairs]
                assert scores[0] == pytest.approx(scores[1], abs=1e-9)
            focus, related = selection.focus[segment], selection.related[segment]
            assert attention[0, focus] >= attention[0, related]

    @given(segments_with_mutual(st.integers(0, 3).map(float)))
    def test_segments_together_equal_each_alone(
        self, drawn: tuple[Floats, Ints, MutualAttention, Ints]
    ) -> None:
        attention, lengths, mutual, _ = drawn
        attention = np.abs(attention)
        together = joint_pair()(attention, lengths, mutual=mutual)
        for segment, words in enumerate(of_segments(lengths)):
            alone = joint_pair()(attention[:, words], mutual=part_of(mutual, as_slice(words)))
            first = words[0] if words else 0
            assert together.weights[words].tolist() == alone.weights.tolist()
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)


def score_of(pair: list[int], words: list[int], square: Floats, received: Floats) -> float:
    one, other = pair
    total = float(square[np.ix_(words, words)].sum())
    chance = float(square[one, words].sum()) * float(square[other, words].sum()) / total
    return (float(square[one, other]) - chance) * float(received[one] * received[other]) ** 0.5


class TestDependencyPair:
    def test_is_the_root_and_its_child_with_most_mutual_attention(self) -> None:
        # Word 1 is the root, of 0 and 3; word 2 shares more with it, but is a child of word 3.
        attention = floats([9, 1, 9, 9])
        assert_is(dependency_pair()(attention, mutual=MUTUAL, heads=ints(1, 1, 3, 1)), [1], [3])
        assert_is(dependency_pair()(attention, mutual=MUTUAL, heads=ints(1, 1, 1, 2)), [1], [2])

    def test_of_several_roots_the_one_that_draws_most_attention(self) -> None:
        heads = ints(0, 0, 3, 3)
        assert_is(dependency_pair()(floats([1, 9, 9, 2]), mutual=MUTUAL, heads=heads), [3], [2])
        assert_is(dependency_pair()(floats([2, 9, 9, 1]), mutual=MUTUAL, heads=heads), [0], [1])
        assert_is(dependency_pair()(floats([2, 9, 9, 2]), mutual=MUTUAL, heads=heads), [0], [1])

    def test_of_several_roots_in_a_long_text_too(self) -> None:
        words = 20000
        attention = np.ones((1, words), dtype=np.float32)
        heads = np.zeros(words, dtype=np.int64)
        heads[-2:] = words - 1
        attention[0, -1] = 1.001
        selection = dependency_pair()(attention, mutual=mutual_of(*[[]] * words), heads=heads)
        assert_is(selection, [words - 1], [words - 2])

    def test_a_root_without_a_child_that_is_a_word_stands_alone(self) -> None:
        assert_is(
            dependency_pair()(floats([1, 2, 3]), mutual=part_of(MUTUAL, slice(0, 3)), heads=ints(0, 2, 1)),
            [0],
            [-1],
        )

    def test_a_phrase_without_a_root_has_a_word_whose_head_is_outside(self) -> None:
        heads = ints(1, -1, 1, -1)
        assert_is(dependency_pair()(floats([9, 2, 9, 1]), mutual=MUTUAL, heads=heads), [1], [2])
        assert_is(dependency_pair()(floats([9, 1, 9, 2]), mutual=MUTUAL, heads=heads), [3], [-1])

    def test_a_root_goes_before_a_word_whose_head_is_outside(self) -> None:
        assert_is(
            dependency_pair()(floats([9, 0, 0]), mutual=part_of(MUTUAL, slice(0, 3)), heads=ints(-1, 1, 1)),
            [1],
            [2],
        )

    def test_a_head_in_another_segment_is_outside(self) -> None:
        # The second segment's root is in the first.
        heads = ints(1, 1, 1, 2)
        assert_is(
            dependency_pair()(floats([1, 2, 3, 9]), ints(2, 0, 2), mutual=MUTUAL, heads=heads),
            [1, -1, 2],
            [0, -1, 3],
        )

    def test_ties_go_to_the_first_child(self) -> None:
        mutual = mutual_of([5, 5], [5], [])
        assert_is(dependency_pair()(floats([1, 1, 1]), mutual=mutual, heads=ints(2, 2, 2)), [2], [0])
        assert_is(dependency_pair()(floats([1, 1, 1]), mutual=mutual, heads=ints(0, 0, 0)), [0], [1])

    def test_a_child_that_no_window_holds_with_the_root_is_a_child_still(self) -> None:
        mutual = mutual_of([5], [5], [5], [])
        assert_is(dependency_pair()(floats([1, 1, 1, 1]), mutual=mutual, heads=ints(0, 2, 3, 0)), [0], [3])

    def test_one_word_stands_alone(self) -> None:
        none = mutual_of([])
        assert_is(dependency_pair()(floats([1]), mutual=none, heads=ints(0)), [0], [-1])
        assert_is(dependency_pair()(floats([1]), mutual=none, heads=ints(-1)), [0], [-1])

    @pytest.mark.parametrize(("lengths", "none"), [(None, [-1]), (ints(), []), (ints(0, 0), [-1, -1])])
    def test_no_word_gives_no_pair(self, lengths: Ints | None, none: list[int]) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        assert_is(dependency_pair()(nothing, lengths, mutual=mutual_of(), heads=ints()), none, none)

    def test_a_nan_among_the_children_is_chosen_and_so_not_hidden(self) -> None:
        mutual = mutual_of([1], [4, NAN], [9], [])
        assert_is(dependency_pair()(floats([1, 9, 2, 3]), mutual=mutual, heads=ints(1, 1, 1, 1)), [1], [3])

    def test_is_refused_without_heads(self) -> None:
        message = "dependency_pair: got no heads. Expected those of a dependency tree"
        with pytest.raises(ValueError, match=message):
            dependency_pair()(floats([1, 2]), mutual=part_of(MUTUAL, slice(0, 2)))

    @given(segments_with_mutual(few))
    def test_agrees_with_plain_steps_whatever_is_tied(
        self, drawn: tuple[Floats, Ints, MutualAttention, Ints]
    ) -> None:
        attention, lengths, mutual, heads = drawn
        square = squared(mutual)
        focus, related = [], []
        for words in of_segments(lengths):
            roots = [word for word in words if heads[word] == word]
            outside = [word for word in words if heads[word] not in words]
            focus.append(first_of_most(roots or outside or words, attention[0]))
            children = [word for word in words if heads[word] == focus[-1] != word]
            related.append(first_of_most(children, square[focus[-1]] if words else None))
        assert_is(dependency_pair()(attention, lengths, mutual=mutual, heads=heads), focus, related)

    @given(segments_with_mutual(few))
    def test_segments_together_equal_each_alone(
        self, drawn: tuple[Floats, Ints, MutualAttention, Ints]
    ) -> None:
        attention, lengths, mutual, heads = drawn
        together = dependency_pair()(attention, lengths, mutual=mutual, heads=heads)
        for segment, words in enumerate(of_segments(lengths)):
            first = words[0] if words else 0
            own = ints(*(head - first if head in words else -1 for head in heads[words]))
            alone = dependency_pair()(attention[:, words], mutual=part_of(mutual, as_slice(words)), heads=own)
            assert together.weights[words].tolist() == alone.weights.tolist()
            assert together.focus[segment] == shifted(int(alone.focus[0]), first)
            assert together.related[segment] == shifted(int(alone.related[0]), first)
