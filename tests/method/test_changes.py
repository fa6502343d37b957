"""Changes beside the article's logarithm: by answers known by hand, and by what must hold for all numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_trend.method.changes import (
    contextual,
    difference,
    first_last_mean,
    log_ratio,
    signed_log,
    static_and_contextual,
)
from spacy_trend.method.interface import Change
from spacy_trend.types import Floats
from tests.support.arrays import LEAST, MOST, floats
from tests.support.strategies import embeddings, finite

scales = st.floats(2.0**-10, 2.0**10, width=32)
large = st.floats(100, 10000, width=32)
CHANGES = [signed_log(), difference(), static_and_contextual(), first_last_mean(), contextual()]
NAMES = ["signed_log", "difference", "static_and_contextual", "first_last_mean", "contextual"]
# asinh of more than float32 holds after it was divided by the scale is another matter: see below.
within_reach = st.floats(-(2.0**100), 2.0**100, width=32)


class TestSignedLog:
    @pytest.mark.parametrize(
        ("scale", "static", "contextual", "expected"),
        [
            (1.0, 0.0, 0.0, 0.0),
            (1.0, 0.0, np.sinh(1), 1.0),
            (1.0, 0.0, -np.sinh(1), -1.0),
            (1.0, np.sinh(1), np.sinh(3), 2.0),
            (1.0, np.sinh(2), -np.sinh(2), -4.0),
            (1.0, -np.sinh(3), -np.sinh(1), 2.0),
            (0.1, 0.1 * np.sinh(1), 0.1 * np.sinh(2), 1.0),
            (20.0, 20 * np.sinh(2), 20 * np.sinh(-1), -3.0),
        ],
    )
    def test_is_the_difference_of_two_inverse_hyperbolic_sines(
        self, scale: float, static: float, contextual: float, expected: float
    ) -> None:
        changed = signed_log(scale)(floats([static]), floats([contextual]))
        np.testing.assert_allclose(changed, [[expected]], rtol=1e-6)

    def test_has_a_scale_of_a_tenth_if_none_is_given(self) -> None:
        static, contextual = floats([1, -2, 0.3]), floats([-3, 0.01, 0])
        np.testing.assert_array_equal(
            signed_log()(static, contextual), signed_log(scale=0.1)(static, contextual)
        )

    def test_is_not_zero_if_a_sign_flipped_as_the_logarithm_is(self) -> None:
        static, contextual = floats([1, -1, 0]), floats([-1, 1, 1])
        assert log_ratio()(static, contextual).tolist() == [[0, 0, 0]]
        assert np.sign(signed_log()(static, contextual)).tolist() == [[-1, 1, 1]]

    @pytest.mark.parametrize("scale", [0, 0.0, -0.0, -0.1, -1, -np.inf, np.nan])
    def test_refuses_a_scale_that_is_not_greater_than_zero(self, scale: float) -> None:
        message = rf"signed_log: scale={scale!r} is out of range. Expected a number greater than 0"
        with pytest.raises(ValueError, match=message):
            signed_log(scale)

    def test_is_refused_in_a_config_likewise(self) -> None:
        block = {"@misc": "spacy-trend.signed_log.v1", "scale": -1.0}
        with pytest.raises(ValueError, match=r"signed_log: scale=-1\.0 is out of range"):
            spacy.registry.resolve({"change": block})

    @given(embeddings(within_reach), scales)
    def test_is_finite_for_finite_embeddings(self, both: Floats, scale: float) -> None:
        assert np.isfinite(signed_log(scale)(*both)).all()

    @given(embeddings())
    @example(np.full((2, 1, 1), MOST))
    def test_is_finite_for_finite_embeddings_however_large(self, both: Floats) -> None:
        assert np.isfinite(signed_log()(*both)).all()

    @pytest.mark.parametrize("scale", [1e-50, 1e-40, 1e50])
    def test_is_finite_for_any_scale(self, scale: float) -> None:
        assert np.isfinite(signed_log(scale)(floats([0, 1, -2]), floats([0, -1, 1]))).all()

    @given(embeddings(within_reach), scales)
    def test_changes_its_sign_when_static_and_contextual_are_swapped(
        self, both: Floats, scale: float
    ) -> None:
        static, contextual = both
        change = signed_log(scale)
        np.testing.assert_array_equal(change(static, contextual), -change(contextual, static))

    @given(embeddings(within_reach), scales)
    def test_changes_its_sign_when_both_embeddings_do(self, both: Floats, scale: float) -> None:
        change = signed_log(scale)
        np.testing.assert_allclose(change(*-both), -change(*both), rtol=1e-6, atol=1e-5)

    @given(embeddings(within_reach), scales)
    def test_is_zero_if_both_are_equal(self, both: Floats, scale: float) -> None:
        assert not signed_log(scale)(both[0], both[0]).any()

    @given(embeddings(within_reach), scales)
    def test_has_the_sign_of_the_difference(self, both: Floats, scale: float) -> None:
        static, contextual = both
        changed = signed_log(scale)(static, contextual)
        # Two numbers may be so near each other that their logarithms are equal or differ by rounding.
        is_clear = np.abs(changed) > 1e-5 * (1 + np.abs(np.arcsinh(static / scale)))
        assert (np.sign(changed) == np.sign(contextual - static))[is_clear].all()

    @given(embeddings(large), st.sampled_from([-1, 1]))
    def test_tends_to_the_articles_logarithm_times_the_sign_for_large_numbers(
        self, both: Floats, sign: int
    ) -> None:
        scale = 0.1
        changed = signed_log(scale)(*(sign * both))
        # asinh(x) is log(2 x) + 1 / (4 x^2) and less; the rest is rounding of numbers of about 12.
        bound = (scale / 100) ** 2 / 4 + 1e-5
        np.testing.assert_allclose(changed, sign * log_ratio()(*both), rtol=0, atol=bound)

    @given(embeddings(st.floats(-(2.0**-10), 2.0**-10, width=32)))
    def test_tends_to_the_difference_in_units_of_the_scale_for_small_numbers(self, both: Floats) -> None:
        np.testing.assert_allclose(signed_log(100.0)(*both), (both[1] - both[0]) / 100, rtol=1e-5, atol=1e-9)

    @pytest.mark.parametrize("scale", [0.1, np.float64(0.1), 1])
    def test_gives_float32_whatever_number_the_scale_is(self, scale: float) -> None:
        assert signed_log(scale)(floats([1, 2]), floats([2, 1])).dtype == np.float32


class TestDifference:
    def test_is_contextual_minus_static(self) -> None:
        changed = difference()(floats([1, 2, -3], [0, 0.5, 1]), floats([4, 2, 3], [-1, 0, 1]))
        assert changed.tolist() == [[3, 0, 6], [-1, -0.5, 0]]

    @given(embeddings(st.floats(-(2.0**126), 2.0**126, width=32)))
    def test_changes_its_sign_when_static_and_contextual_are_swapped(self, both: Floats) -> None:
        static, contextual = both
        np.testing.assert_array_equal(difference()(static, contextual), -difference()(contextual, static))

    @given(embeddings(st.integers(-1000, 1000).map(float)))
    def test_is_what_static_lacks_to_be_contextual(self, both: Floats) -> None:
        static, contextual = both
        np.testing.assert_array_equal(static + difference()(static, contextual), contextual)


class TestStaticAndContextual:
    def test_puts_static_before_contextual(self) -> None:
        changed = static_and_contextual()(floats([1, 2], [3, 4]), floats([5, 6], [7, 8]))
        assert changed.tolist() == [[1, 2, 5, 6], [3, 4, 7, 8]]

    @given(embeddings())
    def test_loses_nothing(self, both: Floats) -> None:
        static, contextual = np.split(static_and_contextual()(*both), 2, axis=1)
        np.testing.assert_array_equal(static, both[0])
        np.testing.assert_array_equal(contextual, both[1])


class TestFirstLastMean:
    def test_is_the_mean_of_both(self) -> None:
        changed = first_last_mean()(floats([1, 2, -3], [0, 0.5, 1]), floats([4, 2, 3], [-1, 0, 1]))
        assert changed.tolist() == [[2.5, 2, 0], [-0.5, 0.25, 1]]

    def test_is_finite_if_the_sum_is_not(self) -> None:
        assert first_last_mean()(floats([MOST]), floats([MOST])).tolist() == [[MOST]]

    @given(embeddings(finite))
    def test_is_the_same_when_static_and_contextual_are_swapped(self, both: Floats) -> None:
        static, contextual = both
        np.testing.assert_array_equal(
            first_last_mean()(static, contextual), first_last_mean()(contextual, static)
        )


class TestContextual:
    @given(embeddings())
    def test_is_the_contextual_embedding(self, both: Floats) -> None:
        np.testing.assert_array_equal(contextual()(*both), both[1])

    def test_shows_what_is_not_finite_in_it(self) -> None:
        assert np.isnan(contextual()(floats([1, 1]), floats([np.nan, 1]))).tolist() == [[True, False]]


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
class TestEveryChange:
    def test_accepts_no_word(self, change: Change) -> None:
        none = np.zeros((0, 5), dtype=np.float32)
        changed = change(none, none)
        assert changed.dtype == np.float32
        assert changed.shape == (0, 10 if change is static_and_contextual() else 5)

    def test_leaves_its_arguments_alone(self, change: Change) -> None:
        static, contextual = floats([0, 1, -1]), floats([1, 1, 1])
        changed = change(static, contextual)
        changed += 1
        assert static.tolist() == [[0, 1, -1]]
        assert contextual.tolist() == [[1, 1, 1]]

    def test_takes_read_only_embeddings(self, change: Change) -> None:
        static, contextual = floats([LEAST, 1]), floats([1, -1])
        static.flags.writeable = contextual.flags.writeable = False
        assert np.isfinite(change(static, contextual)).all()

    @pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
    def test_does_not_mask_what_is_not_finite(self, change: Change, broken: float) -> None:
        if change is contextual():
            pytest.skip("it does not look at static embeddings, see above")
        for both in ([broken, 1, 2], [1, 1, 2]), ([1, 1, 2], [broken, 1, 2]):
            is_finite = np.isfinite(change(*map(floats, both)))[0]
            assert not is_finite[[0, -3]].all()
            assert is_finite[[1, 2, -2, -1]].all()

    @given(st.data())
    def test_changes_every_word_by_itself(self, change: Change, data: st.DataObject) -> None:
        static, contextual = data.draw(embeddings(within_reach))
        together = change(static, contextual)
        for word in range(len(static)):
            alone = change(static[word : word + 1], contextual[word : word + 1])
            # Vectorized and scalar loops of numpy may round differently.
            np.testing.assert_allclose(alone[0], together[word], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "settings", "change"),
    [
        ("signed_log", {}, signed_log()),
        ("signed_log", {"scale": 0.5}, signed_log(0.5)),
        ("signed_log", {"scale": 2}, signed_log(2)),
        ("difference", {}, difference()),
        ("static_and_contextual", {}, static_and_contextual()),
        ("first_last_mean", {}, first_last_mean()),
        ("contextual", {}, contextual()),
        ("log_ratio", {}, log_ratio()),
    ],
)
def test_a_config_names_every_change(name: str, settings: dict[str, Any], change: Change) -> None:
    block = {"@misc": f"spacy-trend.{name}.v1", **settings}
    made: Callable[..., Any] = spacy.registry.resolve({"change": block})["change"]
    static, contextual = floats([0.3, -1, 2]), floats([0.1, 1, 4])
    np.testing.assert_array_equal(made(static, contextual), change(static, contextual))


@given(st.lists(finite, min_size=1, max_size=4))
def test_side_by_side_and_difference_need_no_scale(values: list[float]) -> None:
    same = floats(values)
    assert not difference()(same, same).any()
    assert static_and_contextual()(same, same).tolist() == [[*same[0].tolist(), *same[0].tolist()]]


def change(static: Any, contextual: Any) -> Floats:
    return log_ratio()(floats(static), floats(contextual))[0]


class TestLogRatio:
    def test_is_the_logarithm_of_contextual_over_static(self) -> None:
        trend = change([1, 2, -1, -4, 3], [np.e, 1, -(np.e**2), -1, 3])
        np.testing.assert_allclose(trend, [1, -np.log(2), 2, -np.log(4), 0], rtol=1e-6)

    def test_is_zero_if_the_signs_differ(self) -> None:
        assert change([1, -1, 1e30, -LEAST], [-1, 1, -LEAST, 1e30]).tolist() == [0, 0, 0, 0]

    def test_is_zero_if_either_is_exactly_zero(self) -> None:
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

    @given(embeddings())
    def test_is_finite_for_finite_embeddings(self, both: Floats) -> None:
        trend = log_ratio()(*both)
        assert trend.dtype == np.float32
        assert np.isfinite(trend).all()

    @given(embeddings())
    def test_changes_its_sign_when_static_and_contextual_are_swapped(self, both: Floats) -> None:
        static, contextual = both
        swapped = log_ratio()(contextual, static)
        # The ratio is rounded to float32, as in the article: an error of one unit in its last place.
        epsilon = np.finfo(np.float32).eps
        np.testing.assert_allclose(log_ratio()(static, contextual), -swapped, rtol=1e-6, atol=epsilon)
