"""Scores that are pulled back through steps, in arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.attribution.affine import Affine, before, before_layer_norm, before_scale, layer_norm
from spacy_trend.attribution.interface import Parts

numbers = st.floats(-100, 100)
widths = st.integers(1, 5)


def vectors(width: int) -> st.SearchStrategy[Parts]:
    return hnp.arrays(np.float64, width, elements=numbers)


def affines(inputs: int, outputs: int) -> st.SearchStrategy[Affine]:
    matrix = hnp.arrays(np.float64, (outputs, inputs), elements=numbers)
    return st.builds(Affine, matrix, vectors(outputs))


def assert_equal(found: Parts, expected: Parts, scores: Affine, given_to_them: Parts) -> None:
    size = 1 + np.abs(scores.matrix).sum() * (1 + np.abs(given_to_them).max()) + np.abs(scores.shift).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * size)


def test_scores_are_products_and_a_shift() -> None:
    scores = Affine(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([10.0, 20.0]))
    assert scores(np.array([3.0, 4.0])).tolist() == [21, 16]


@given(st.data())
def test_scores_of_what_a_step_returns_are_scores_of_what_it_is_given(data: st.DataObject) -> None:
    inputs, between = data.draw(widths), data.draw(widths)
    step, scores = data.draw(affines(inputs, between)), data.draw(affines(between, 2))
    vector = data.draw(vectors(inputs))
    assert_equal(before(scores, step)(vector), scores(step(vector)), scores, np.abs(step(vector)) + 1e4)


@given(st.data())
def test_scores_of_a_multiple_are_scores_of_the_vector(data: st.DataObject) -> None:
    width = data.draw(widths)
    scores, vector = data.draw(affines(width, 2)), data.draw(vectors(width))
    for scale in (data.draw(numbers), data.draw(vectors(width))):
        assert_equal(before_scale(scores, scale)(vector), scores(vector * scale), scores, vector * scale)


def test_a_layer_normalisation_subtracts_the_mean_and_divides_by_the_deviation() -> None:
    normal = layer_norm(np.array([1.0, 3.0]), np.array([10.0, 2.0]), np.array([0.5, 0.0]))
    np.testing.assert_allclose(normal, [-9.5, 2], rtol=1e-7)


@given(st.data())
def test_scores_behind_a_layer_normalisation_are_scores_of_the_vector_at_hand(data: st.DataObject) -> None:
    width = data.draw(widths)
    scores, vector = data.draw(affines(width, 3)), data.draw(vectors(width))
    gain, shift = data.draw(vectors(width)), data.draw(vectors(width))
    normal = layer_norm(vector, gain, shift)
    found = before_layer_norm(scores, vector, gain, shift)
    # The smaller the deviation of a vector, the greater what it is multiplied by.
    size = np.abs(normal) + np.abs(found.matrix).max() * 1e3
    assert_equal(found(vector), scores(normal), scores, size)
    # Whatever is added to all numbers, it says nothing of the text.
    np.testing.assert_allclose(found.matrix.sum(axis=1), 0, atol=1e-9 * (1 + np.abs(found.matrix).max()))
