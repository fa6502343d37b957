"""Whether functions of vectors are linear, found by trying them."""

from typing import Any

import numpy as np
import pytest

from spacy_trend.attribution.linearity import linear_of, scaling_of

VECTOR = np.array([1.0, -2.0, 0.5])
MATRIX = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
#: Greater by far than the other outputs.
HUGE = 1e9


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_a_linear_function_is_found_whatever_the_scale_of_vectors(scale: float) -> None:
    found = linear_of(lambda vectors: vectors @ MATRIX.T / scale + 5, VECTOR * scale)
    assert found is not None
    np.testing.assert_allclose(found.affine.matrix * scale, MATRIX, atol=1e-12)
    np.testing.assert_allclose(found.affine.shift, 5)
    assert found.holds(VECTOR * scale, MATRIX @ VECTOR + 5)
    assert not found.holds(VECTOR * scale, MATRIX @ VECTOR + 5.1)


def test_a_huge_output_does_not_hide_that_another_is_not_linear() -> None:
    assert linear_of(lambda of: np.stack([HUGE * of[:, 0], of[:, 1] ** 2], axis=1), VECTOR) is None
    clipped = linear_of(lambda of: np.stack([HUGE * of[:, 0], np.clip(of[:, 1], -9, 9)], axis=1), VECTOR)
    assert clipped is not None
    assert not clipped.holds(np.array([1.0, 20.0, 0.0]), np.array([HUGE, 9.0]))


def test_a_function_that_does_not_take_all_vectors_is_not_linear() -> None:
    def only_positive(vectors: Any) -> Any:
        if (vectors < 0).any():
            raise ValueError("negative")
        return vectors

    assert linear_of(only_positive, np.ones(3)) is None


def unit(vectors: Any) -> Any:
    """As `Normalizer` does, which leaves zeros as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def test_a_function_may_scale_each_vector_by_a_number_of_its_own() -> None:
    assert scaling_of(unit, VECTOR, unit(VECTOR[None])[0]) == pytest.approx(1 / np.linalg.norm(VECTOR))
    assert scaling_of(unit, np.zeros(3), np.zeros(3)) == 1
    # Of zeros, squares are zeros, too.
    assert scaling_of(np.square, np.zeros(3), np.zeros(3)) is None
    assert scaling_of(np.square, VECTOR, VECTOR**2) is None
    assert scaling_of(unit, VECTOR, np.zeros(2)) is None
