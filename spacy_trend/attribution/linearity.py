"""Whether a function of vectors is linear but for a constant, found by trying it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .affine import Affine
from .interface import Parts

#: From float64 `(vectors, width)` to float64 `(vectors, outputs)`; a ValueError for vectors it does not take.
Function = Callable[[Parts], Parts]
#: On how many random vectors a function is tried.
_TRIED = 8
#: How far an output may be from linear, as a share of the greatest it has: some are computed in float32.
_TOLERANCE = 1e-4
#: The same, as a share of the greatest of all outputs: one that is always 0 may be computed as a little more.
_ROUNDING = 1e-12


class Linear(NamedTuple):
    """A function that is linear on random vectors.

    Attributes:
        affine: its outputs of its inputs.
        allowed: float64 `(outputs,)`, how far from these each may be.
    """

    affine: Affine
    allowed: Parts

    def holds(self, vector: Parts, output: Parts) -> bool:
        """Return whether a vector's output is what it is for all vectors.

        Args:
            vector: float64 `(width,)`.
            output: float64 `(outputs,)`.
        """
        expected = self.affine(vector)
        return _is_close(output, expected, np.maximum(self.allowed, _TOLERANCE * np.abs(expected)))


def linear_of(function: Function, like: Parts) -> Linear | None:
    """Return what a function does to all vectors; None if it is not linear on random ones.

    Args:
        function: to try.
        like: float64 `(width,)`, a vector; others are tried that are as long.
    """
    scale = _scale(like)
    try:
        # First on a few vectors: some functions have so many outputs that trying every dimension is costly.
        allowed = _allowed_between(function, _random_vectors(like))
        if allowed is None:
            return None
        shift = function(np.zeros((1, len(like))))[0]
        # As long as the vector: added to a shift that is greater by far, shorter ones would lose digits.
        columns = (function(scale * np.eye(len(like))) - shift) / scale
    except ValueError:
        # It takes the vector at hand, but not any: none below zero, for example.
        return None
    return Linear(Affine(columns.T, shift), allowed)


def scaling_of(function: Function, vector: Parts, output: Parts) -> float | None:
    """Return the number that a function multiplies all of a vector by, as `Normalizer` does; None if none.

    Args:
        function: that is not linear.
        vector: float64 `(width,)`.
        output: float64 `(outputs,)`, what it makes of the vector.
    """
    if output.shape != vector.shape:
        return None
    if vector.any():
        factor = float(vector @ output / (vector @ vector))
        return factor if _is_close(output, factor * vector, _TOLERANCE * np.abs(output).max()) else None
    # Of zeros, no number can be told, and any will do if other vectors have one.
    others = _random_vectors(vector)
    scales = not output.any() and all(
        scaling_of(function, one, function(one[None])[0]) is not None for one in others
    )
    return 1.0 if scales else None


def _scale(vector: Parts) -> float:
    return float(np.sqrt(np.mean(vector**2))) or 1.0


def _random_vectors(like: Parts) -> Parts:
    return np.random.default_rng(0).normal(scale=_scale(like), size=(_TRIED, len(like)))


def _allowed_between(function: Function, vectors: Parts) -> Parts | None:
    """Return how far from linear outputs may be, if the middles of vectors become those of their outputs."""
    ends = function(vectors)
    middles = function((vectors + np.roll(vectors, 1, axis=0)) / 2)
    greatest = np.abs(ends).max(axis=0)
    allowed: Parts = np.maximum(_TOLERANCE * greatest, _ROUNDING * greatest.max(initial=0))
    return allowed if _is_close(middles, (ends + np.roll(ends, 1, axis=0)) / 2, allowed) else None


def _is_close(outputs: Parts, expected: Parts, allowed: Parts) -> bool:
    with np.errstate(invalid="ignore"):
        # Of what is no number, nothing is close.
        return bool((np.abs(outputs - expected) <= allowed).all())
