"""Scores that are linear in a vector, but for a constant, in arrays."""

from typing import NamedTuple

import numpy as np

from .interface import Parts

#: Added to the variance by thinc's layer normalisation.
_LEAST_VARIANCE = 1e-8


class Affine(NamedTuple):
    """Scores of a vector: `matrix @ vector + shift`.

    Attributes:
        matrix: float64 `(scores, width)`.
        shift: float64 `(scores,)`.
    """

    matrix: Parts
    shift: Parts

    def __call__(self, vector: Parts) -> Parts:
        """Return the scores of a vector, float64 `(scores,)`.

        Args:
            vector: float64 `(width,)`.
        """
        scores: Parts = self.matrix @ vector + self.shift
        return scores


def before(scores: Affine, step: Affine) -> Affine:
    """Return the scores as those of what a step is given, if they are scores of what the step returns.

    Args:
        scores: of the step's outputs.
        step: its outputs, of its inputs.
    """
    return Affine(scores.matrix @ step.matrix, scores.shift + scores.matrix @ step.shift)


def before_scale(scores: Affine, scale: Parts | float) -> Affine:
    """Return the scores as those of what is multiplied by a scale.

    Args:
        scores: of the products.
        scale: a number, or float64 `(width,)`.
    """
    return Affine(scores.matrix * scale, scores.shift)


def layer_norm(vector: Parts, gain: Parts, shift: Parts) -> Parts:
    """Return what a layer normalisation makes of a vector, float64 `(width,)`.

    It subtracts the mean of the vector's numbers and divides by their standard deviation (Ba, Kiros and
    Hinton 2016, equation 4).

    Args:
        vector: float64 `(width,)`.
        gain: float64 `(width,)`, its learned factors.
        shift: float64 `(width,)`, what it adds.
    """
    normal: Parts = (vector - vector.mean()) / _deviation(vector)
    return normal * gain + shift


def before_layer_norm(scores: Affine, vector: Parts, gain: Parts, shift: Parts) -> Affine:
    """Return the scores as those of what a layer normalisation is given, exact for the vector at hand.

    To subtract a mean is linear; the standard deviation is a constant of this vector.

    Args:
        scores: of the layer's outputs.
        vector: as for `layer_norm`.
        gain: likewise.
        shift: likewise.
    """
    scaled = scores.matrix * (gain / _deviation(vector))
    # To subtract its mean from the vector, or from a row that it is multiplied by, gives the same product.
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    return Affine(centred, scores.shift + scores.matrix @ shift)


def _deviation(vector: Parts) -> float:
    return float(np.sqrt(vector.var() + _LEAST_VARIANCE))
