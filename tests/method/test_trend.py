"""Vectors of texts: the sum in each segment, a text's mean of them, and its pair: answers known by hand."""

from typing import Any

import numpy as np
import pytest

from spacy_trend.method.changes import difference, static_and_contextual
from spacy_trend.method.interface import Selection
from spacy_trend.method.mutual_pairs import dependency_pair
from spacy_trend.method.segments import as_lengths
from spacy_trend.method.selections import leading_pair
from spacy_trend.method.trend import Trends, compute_trends
from spacy_trend.types import Floats, Ints
from tests.support.arrays import floats, ints, mutual_of

#: Six words, of which each changes by a number of its own: 1, 2, 4, 8, 16 and 32, and ten times that.
STATIC = floats(*[[0, 1]] * 6)
CONTEXTUAL = floats([1, 11], [2, 21], [4, 41], [8, 81], [16, 161], [32, 321])
CHANGES = [[1, 10], [2, 20], [4, 40], [8, 80], [16, 160], [32, 320]]
#: The later a word stands, the more attention it draws, but for the first.
ATTENTION = floats([9, 1, 2, 3, 4, 5])


class FirstOfSegment:
    """A selection of one's own: the first word of each segment, twice; no related word."""

    rows = "layers"
    layers = (0,)

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.config = {"@misc": "spacy-trend-tests.none.v1"}

    def __call__(self, attention: Floats, lengths: Ints | None = None, **evidence: Any) -> Selection:
        self.given = evidence
        lengths = as_lengths(lengths, attention.shape[1])
        first = np.where(lengths > 0, np.cumsum(lengths) - lengths, -1)
        weights = np.zeros(attention.shape[1], dtype=np.float32)
        weights[first[first >= 0]] = 2.0
        return Selection(weights, first, np.full(len(lengths), -1))


def trends(lengths: Ints, segments: Ints, select: Any = None, **changes: Any) -> Trends:
    """Of as many of the six words as the lengths have."""
    words = int(lengths.sum())
    settings: dict[str, Any] = {"select": select or leading_pair(), "change": difference(), **changes}
    return compute_trends(
        STATIC[:words],
        CONTEXTUAL[:words],
        ATTENTION[:, :words],
        lengths=lengths,
        segments=segments,
        **settings,
    )


class TestOneText:
    def test_is_the_sum_of_its_pairs_changes(self) -> None:
        made = trends(ints(6), ints(1))
        # The first word leads, the last comes next.
        assert made.vectors.tolist() == [[1 + 32, 10 + 320]]
        assert (made.focus.tolist(), made.related.tolist()) == ([0], [5])

    def test_has_the_changes_of_all_words_beside(self) -> None:
        assert trends(ints(6), ints(1)).word_vectors.tolist() == CHANGES

    def test_of_one_word_is_that_word(self) -> None:
        made = trends(ints(1), ints(1))
        assert made.vectors.tolist() == [[1, 10]]
        assert (made.focus.tolist(), made.related.tolist()) == ([0], [-1])

    def test_without_words_is_zeros_and_has_no_pair(self) -> None:
        for lengths, segments in [(ints(0), ints(1)), (ints(), ints(0)), (ints(0, 0), ints(2))]:
            made = trends(lengths, segments)
            assert made.word_vectors.shape == (0, 2)
            assert made.vectors.tolist() == [[0, 0]]
            assert (made.focus.tolist(), made.related.tolist()) == ([-1], [-1])

    def test_of_several_segments_is_their_mean_and_has_no_pair(self) -> None:
        made = trends(ints(2, 4), ints(2))
        # Words 0 and 1, and words 5 and 4: (3 + 48) / 2.
        assert made.vectors.tolist() == [[25.5, 255]]
        assert (made.focus.tolist(), made.related.tolist()) == ([-1], [-1])

    def test_counts_no_segment_without_words(self) -> None:
        made = trends(ints(0, 2, 0, 4, 0), ints(5))
        assert made.vectors.tolist() == [[25.5, 255]]

    def test_has_the_pair_of_its_only_segment_with_words(self) -> None:
        made = trends(ints(0, 6, 0), ints(3))
        assert made.vectors.tolist() == [[33, 330]]
        assert (made.focus.tolist(), made.related.tolist()) == ([0], [5])


class TestWeightsAndImportance:
    @pytest.mark.parametrize(
        ("lengths", "segments"),
        [
            (ints(6), ints(1)),
            (ints(2, 4), ints(2)),
            (ints(0, 2, 0, 1, 3, 0), ints(3, 0, 3)),
            (ints(), ints(0)),
        ],
    )
    def test_a_vector_is_the_sum_of_its_words_vectors_times_their_weights(
        self, lengths: Ints, segments: Ints
    ) -> None:
        made = trends(lengths, segments)
        texts = np.repeat(np.repeat(np.arange(len(segments)), segments), lengths)
        for text, vector in enumerate(made.vectors):
            words = texts == text
            np.testing.assert_allclose(vector, made.weights[words] @ made.word_vectors[words], rtol=1e-6)
            if words.any():
                assert made.importance[words].sum() == pytest.approx(1)
        assert made.weights.dtype == made.importance.dtype == np.float32

    def test_a_selection_that_gives_no_importance_has_that_of_the_last_row(self) -> None:
        made = trends(ints(6), ints(1), FirstOfSegment())
        given = trends(ints(6), ints(1), leading_pair())
        np.testing.assert_array_equal(made.importance, given.importance)


class TestSeveralTexts:
    def test_have_each_its_own_pair_among_all_words(self) -> None:
        made = trends(ints(3, 3), ints(1, 1))
        assert made.vectors.tolist() == [[1 + 4, 10 + 40], [32 + 16, 320 + 160]]
        assert (made.focus.tolist(), made.related.tolist()) == ([0, 5], [2, 4])

    def test_may_have_no_words_or_segments_in_between(self) -> None:
        made = trends(ints(0, 3, 0, 1, 2), ints(1, 1, 0, 3))
        # The last has the segments without a word, of word 3 and of words 5 and 4: (8 + 48) / 2.
        assert made.vectors.tolist() == [[0, 0], [5, 50], [0, 0], [28, 280]]
        assert made.focus.tolist() == [-1, 0, -1, -1]
        assert made.related.tolist() == [-1, 2, -1, -1]

    def test_together_are_as_each_alone(self) -> None:
        together = trends(ints(2, 1, 3), ints(2, 1))
        alone = trends(ints(2, 1), ints(2))
        assert together.vectors[:1].tolist() == alone.vectors.tolist()

    def test_of_none_there_are_none(self) -> None:
        made = trends(ints(), ints())
        assert [array.shape for array in made] == [(0, 2), (0, 2), (0,), (0,), (0,), (0,)]


class TestSelection:
    def test_gives_every_word_its_weight(self) -> None:
        made = trends(ints(2, 0, 4), ints(1, 1, 1), FirstOfSegment())
        assert made.vectors.tolist() == [[2, 20], [0, 0], [8, 80]]
        assert made.focus.tolist() == [0, -1, 2]
        assert made.related.tolist() == [-1, -1, -1]

    def test_is_given_all_evidence_and_no_other(self) -> None:
        select = FirstOfSegment()
        heads, mutual = ints(0, 0), mutual_of([1], [])
        trends(ints(2), ints(1), select, heads=heads, mutual=mutual)
        assert select.given == {"heads": heads, "mutual": mutual}
        trends(ints(2), ints(1), select)
        assert select.given == {}

    def test_may_read_evidence(self) -> None:
        heads, mutual = ints(1, 1, 1, 1, 1, 1), mutual_of(*[[]] * 6)
        made = trends(ints(6), ints(1), dependency_pair(), heads=heads, mutual=mutual)
        # Word 1 is the root; of its children, none shares attention with it, so the first.
        assert (made.focus.tolist(), made.related.tolist()) == ([1], [0])
        assert made.vectors.tolist() == [[3, 30]]


class TestChange:
    def test_says_how_wide_vectors_are(self) -> None:
        made = trends(ints(1, 0), ints(1, 1), change=static_and_contextual())
        assert made.word_vectors.tolist() == [[0, 1, 1, 11]]
        assert made.vectors.tolist() == [[0, 1, 1, 11], [0, 0, 0, 0]]

    def test_may_give_numbers_that_are_not_finite(self) -> None:
        def broken(static: Floats, contextual: Floats) -> Floats:
            return np.where(contextual > 100, np.nan, contextual).astype(np.float32)

        made = trends(ints(2, 4), ints(1, 1), change=broken)
        assert np.isfinite(made.vectors).tolist() == [[True, True], [True, False]]


def test_types_are_float32_and_int64() -> None:
    made = trends(ints(2, 0, 4), ints(2, 1))
    assert made.word_vectors.dtype == made.vectors.dtype == np.float32
    assert made.focus.dtype == made.related.dtype == np.int64


def test_arguments_are_left_alone() -> None:
    before = [array.copy() for array in (STATIC, CONTEXTUAL, ATTENTION)]
    trends(ints(6), ints(1))
    for array, copy in zip((STATIC, CONTEXTUAL, ATTENTION), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_lengths_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 5, but there are 6 words"):
        compute_trends(
            STATIC,
            CONTEXTUAL,
            ATTENTION,
            select=leading_pair(),
            change=difference(),
            lengths=ints(2, 3),
            segments=ints(2),
        )


def test_a_long_text_is_computed_in_parts_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    static, contextual = rng.normal(size=(2, 11, 4)).astype(np.float32)
    settings: Any = {
        "select": leading_pair(),
        "change": difference(),
        "lengths": ints(7, 4),
        "segments": ints(1, 1),
    }
    attention = rng.random((3, 11), dtype=np.float32)
    whole = compute_trends(static, contextual, attention, **settings)
    monkeypatch.setattr("spacy_trend.method.segments.WORDS_AT_A_TIME", 3)
    parts = compute_trends(static, contextual, attention, **settings)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
