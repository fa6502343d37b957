"""Selections, mutual attention and shares in arrays: answers known by hand, and plain steps as oracles."""

import re
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.method.interface import Selection, mutual_layers_of, pair_of, reads_distances, reads_heads
from spacy_trend.method.mutual_pairs import dependency_pair, joint_pair, mutual_pair
from spacy_trend.method.selections import attended_words, changed_words, leading_pair
from spacy_trend.types import Floats, Ints
from tests.support.arrays import NAN, floats, ints, mutual_of, of_segments, shifted
from tests.support.choices import assert_is, first_of_most
from tests.support.strategies import not_negative, segmented_attention


class TestPairOf:
    def test_weighs_what_is_there(self) -> None:
        importance = floats(1, 0, 0, 1, 1, 0)
        selection = pair_of(ints(1, -1, 4), ints(2, -1, -1), importance)
        assert_is(selection, [1, -1, 4], [2, -1, -1])
        assert selection.importance is importance


class TestAttendedWords:
    def test_weighs_every_word_by_its_share(self) -> None:
        weights, focus, related, _ = attended_words()(floats([1, 4, 3]))
        assert weights.tolist() == [0.125, 0.5, 0.375]
        assert (focus.tolist(), related.tolist()) == ([1], [2])
        assert weights.dtype == np.float32
        assert focus.dtype == related.dtype == np.int64

    def test_does_so_in_every_segment(self) -> None:
        weights, focus, related, _ = attended_words()(floats([1, 3, 5, 2, 2]), ints(2, 0, 1, 2))
        assert weights.tolist() == [0.25, 0.75, 1, 0.5, 0.5]
        assert focus.tolist() == [1, -1, 2, 3]
        assert related.tolist() == [0, -1, -1, 4]

    def test_equals_lead_in_their_order(self) -> None:
        selection = attended_words()(floats([2, 2, 2, 2]))
        assert (selection.focus.tolist(), selection.related.tolist()) == ([0], [1])

    def test_attention_that_is_zero_is_shared_equally(self) -> None:
        weights, focus, related, _ = attended_words()(floats([0, 0]))
        assert weights.tolist() == [0.5, 0.5]
        assert (focus.tolist(), related.tolist()) == ([0], [1])

    def test_a_residual_is_given_to_every_word_besides(self) -> None:
        weights, focus, related, _ = attended_words(residual=1)(floats([0, 2, 4, 1]), ints(3, 1))
        np.testing.assert_allclose(weights, [1 / 9, 3 / 9, 5 / 9, 1], rtol=1e-6)
        assert weights.dtype == np.float32
        assert (focus.tolist(), related.tolist()) == ([2, 3], [1, -1])

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

    def test_weights_are_of_the_first_row_and_importance_of_the_last(self) -> None:
        attention = floats([1, 3, 4, 2], [6, 1, 1, 5])
        weights, focus, related, importance = attended_words()(attention, ints(3, 1))
        np.testing.assert_allclose(weights, [1 / 8, 3 / 8, 4 / 8, 1])
        assert importance is not None
        np.testing.assert_allclose(importance, [6 / 8, 1 / 8, 1 / 8, 1])
        assert (focus.tolist(), related.tolist()) == ([0, 3], [1, -1])

    @pytest.mark.parametrize("residual", [-1, -0.5, np.nan, np.inf, 1e7, 1e38])
    def test_refuses_a_residual_that_is_negative_or_too_large(self, residual: float) -> None:
        with pytest.raises(
            ValueError, match=re.escape(f"attended_words: residual={residual!r} is out of range")
        ):
            attended_words(residual=residual)

    def test_one_word_has_all(self) -> None:
        weights, focus, related, _ = attended_words()(floats([3]))
        assert (weights.tolist(), focus.tolist(), related.tolist()) == ([1], [0], [-1])

    def test_no_word_has_nothing(self) -> None:
        weights, focus, related, _ = attended_words()(np.zeros((1, 0), dtype=np.float32))
        assert (weights.tolist(), focus.tolist(), related.tolist()) == ([], [-1], [-1])

    def test_shows_a_nan(self) -> None:
        weights, focus, *_ = attended_words()(floats([1, NAN, 1, 3]), ints(2, 2))
        assert np.isnan(weights).tolist() == [True, True, False, False]
        assert focus.tolist() == [1, 3]

    @given(segmented_attention(not_negative))
    def test_weights_add_up_to_one_in_every_segment(self, segmented: tuple[Floats, Ints]) -> None:
        attention, lengths = segmented
        weights = attended_words()(attention[:1], lengths).weights
        for words in of_segments(lengths):
            assert len(words) == 0 or weights[words].sum() == pytest.approx(1, abs=1e-6)

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


def chosen_with(select: Any, attention: Floats, lengths: Ints) -> Selection:
    """A selection's choice, given all that any of them reads."""
    words = attention.shape[1]
    evidence: dict[str, Any] = {}
    if mutual_layers_of(select) != ():
        evidence["mutual"] = mutual_of(*[[]] * words)
    if reads_heads(select):
        evidence["heads"] = np.arange(words)
    if reads_distances(select):
        evidence["distances"] = np.zeros(words, dtype=np.float32)
    selection: Selection = select(attention, lengths, **evidence)
    return selection


MAKERS = [attended_words(), changed_words(), mutual_pair(), joint_pair(), dependency_pair()]


@pytest.mark.parametrize("select", MAKERS, ids=lambda select: type(select).__name__)
def test_lengths_that_do_not_add_up_are_refused(select: Any) -> None:
    with pytest.raises(ValueError, match="add up to 5, but there are 2 words"):
        chosen_with(select, floats([1, 2]), ints(2, 3))


@pytest.mark.parametrize("select", [leading_pair(), leading_pair(focus="most"), *MAKERS], ids=repr)
@given(segmented_attention(not_negative))
def test_importance_adds_up_to_one_in_every_segment(select: Any, segmented: tuple[Floats, Ints]) -> None:
    attention, lengths = segmented
    importance = chosen_with(select, attention, lengths).importance
    assert importance is not None
    assert importance.dtype == np.float32
    for words in of_segments(lengths):
        assert len(words) == 0 or importance[words].sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("select", [leading_pair(), *MAKERS], ids=repr)
def test_importance_is_the_share_of_attention_in_the_last_row(select: Any) -> None:
    importance = chosen_with(select, floats([9, 1, 1], [1, 2, 5]), ints(2, 1)).importance
    np.testing.assert_allclose(importance, [1 / 3, 2 / 3, 1])


def test_importance_of_the_leader_of_most_rows_is_the_mean_of_rows() -> None:
    importance = leading_pair(focus="most")(floats([9, 1, 2], [1, 2, 5])).importance
    np.testing.assert_allclose(importance, [10 / 20, 3 / 20, 7 / 20])


class TestChangedWords:
    def test_chooses_the_words_that_turned_farthest(self) -> None:
        select = changed_words()
        assert_is(select(floats([1, 1, 1, 1]), distances=floats(0.1, 0.9, 0.2, 0.5)), [1], [3])

    def test_chooses_within_every_segment(self) -> None:
        distances = floats(0.1, 0.9, 0.2, 0.5)
        selection = changed_words()(floats([1] * 4), ints(3, 0, 1), distances=distances)
        assert_is(selection, [1, -1, 3], [2, -1, -1])

    @pytest.mark.parametrize(
        ("k", "weights"), [(1, [0, 1, 0, 0]), (2, [0, 1, 0, 1]), (3, [0, 1, 1, 1]), (9, [1, 1, 1, 1])]
    )
    def test_weighs_as_many_as_are_asked_for(self, k: int, weights: list[float]) -> None:
        selection = changed_words(k)(floats([1] * 4), distances=floats(0.1, 0.9, 0.2, 0.5))
        assert selection.weights.tolist() == weights
        assert selection.related.tolist() == ([-1] if k == 1 else [3])

    def test_ties_go_to_the_first_word(self) -> None:
        assert_is(changed_words()(floats([1, 2, 3]), distances=floats(1, 1, 1)), [0], [1])

    def test_a_nan_is_chosen_and_so_not_hidden(self) -> None:
        assert_is(changed_words()(floats([1, 2, 3]), distances=floats(1, NAN, 2)), [1], [2])

    @pytest.mark.parametrize("lengths", [None, ints(), ints(0), ints(0, 0)])
    def test_no_word_gives_no_pair(self, lengths: Ints | None) -> None:
        nothing = np.zeros((1, 0), dtype=np.float32)
        none = [-1] * (1 if lengths is None else len(lengths))
        assert_is(changed_words()(nothing, lengths, distances=nothing[0]), none, none)

    @given(segmented_attention(st.integers(0, 3).map(float)), st.integers(1, 4))
    def test_agrees_with_plain_steps_whatever_is_tied(self, segmented: tuple[Floats, Ints], k: int) -> None:
        distances, lengths = segmented[0][0], segmented[1]
        selection = changed_words(k)(segmented[0][:1], lengths, distances=distances)
        for segment, words in enumerate(of_segments(lengths)):
            order = [*sorted(words, key=lambda word: -distances[word]), -1, -1]
            assert [word for word in words if selection.weights[word]] == sorted(order[: min(k, len(words))])
            assert selection.focus[segment] == order[0]
            assert selection.related[segment] == (order[1] if k > 1 else -1)

    @pytest.mark.parametrize("k", [0, -1, 1.5, True, None])
    def test_refuses_what_is_no_number_of_words(self, k: Any) -> None:
        with pytest.raises(
            ValueError, match=rf"changed_words: k={k!r} is out of range. Expected a whole number"
        ):
            changed_words(k)


@pytest.mark.parametrize(
    ("select", "layers", "pairs", "heads"),
    [
        (leading_pair(), (0,), (), False),
        (attended_words(), (0.5, -1), (), False),
        (attended_words(layer=-2), (-2, -1), (), False),
        (changed_words(), (-1,), (), False),
        (mutual_pair(), (-1,), (0.34, 0.5), False),
        (joint_pair(), (-1,), (0.34, 0.5), False),
        (mutual_pair([0, 0.5, -1]), (-1,), (0, 0.5, -1), False),
        (mutual_pair(None), (-1,), None, False),
        (dependency_pair(), (-1,), (0.34, 0.5), True),
        (dependency_pair(None), (-1,), None, True),
    ],
)
def test_a_selection_says_what_it_reads(
    select: Any, layers: tuple[float, ...], pairs: tuple[float, ...] | None, heads: bool
) -> None:
    assert select.layers == layers
    assert mutual_layers_of(select) == pairs
    assert reads_heads(select) == heads
    assert reads_distances(select) == isinstance(select, type(changed_words()))
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
        ("mutual_pair", {}, mutual_pair((0.34, 0.5))),
        ("joint_pair", {}, joint_pair((0.34, 0.5))),
        ("joint_pair", {"layers": [1]}, joint_pair([1])),
        ("changed_words", {}, changed_words(2)),
        ("changed_words", {"k": 3}, changed_words(3)),
        ("mutual_pair", {"layers": [0.34]}, mutual_pair([0.34])),
        ("mutual_pair", {"layers": [0, 0.5, -1]}, mutual_pair([0, 0.5, -1])),
        ("mutual_pair", {"layers": None}, mutual_pair(None)),
        ("dependency_pair", {}, dependency_pair((0.34, 0.5))),
        ("dependency_pair", {"layers": [1, 2]}, dependency_pair([1, 2])),
        ("dependency_pair", {"layers": None}, dependency_pair(None)),
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
        ("joint_pair", lambda layer: joint_pair([layer])),
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


@pytest.mark.parametrize("make", [mutual_pair, joint_pair, dependency_pair])
def test_no_layer_between_is_refused(make: Any) -> None:
    message = r"layers is empty. Expected one layer or more, or null for all"
    for none in [], ():
        with pytest.raises(ValueError, match=message):
            make(none)
