"""Changes: from a word's static and contextual embedding to its vector.

Each function returns a change: a function of static and contextual embeddings, both float32 `(words, width)`,
to the words' vectors, float32. Source of `log_ratio`: Y. Vasiliev, "Discovering trends in BERT embeddings of
different levels for the task of semantic context determining" (2022), with its code; below, "the article".
The others are this project's.
"""

from dataclasses import dataclass

import numpy as np

from ..types import Floats
from .interface import Change


def log_ratio() -> Change:
    """Return the article's change: the elementwise `log(contextual / static)`, the word's trend.

    If the two differ in sign, or one is exactly zero, there is no trend: 0, as the article's code does for
    signs. Infinities and NaN of the encoder are not covered by that rule and stay visible.

    Returns:
        a change to float32 `(words, width)`.
    """
    return _log_ratio


def _log_ratio(static: Floats, contextual: Floats) -> Floats:
    with np.errstate(all="ignore"):
        ratio = contextual / static
        trend: Floats = np.log(np.abs(ratio))
        trend *= ratio > 0
    trend += 0.0  # -0.0 becomes 0.0
    # Zeros, factors that are not finite, and ratios beyond float32's normal numbers.
    unusual = ~(np.abs(trend) < 87)
    if unusual.any():
        trend[unusual] = _log_ratio_of_unusual(static[unusual], contextual[unusual])
    return trend


def _log_ratio_of_unusual(static: Floats, contextual: Floats) -> Floats:
    # In float64 the ratio of two float32 numbers can neither overflow nor vanish.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(contextual, static, dtype=np.float64)
        finite = np.isfinite(static) & np.isfinite(contextual)
        ratio[finite & ((static == 0) | (ratio <= 0))] = 1.0
        trend: Floats = np.log(ratio).astype(np.float32)
    return trend


def signed_log(scale: float = 0.1) -> Change:
    """Return a logarithm that keeps signs: `asinh(contextual / scale) - asinh(static / scale)`.

    If both are large compared with `scale` and of one sign, this is the article's log-ratio times that sign:
    asinh(x) tends to sign(x) * log(2 |x|). If one flipped its sign, or is zero, it is finite and shows it.

    Args:
        scale: what counts as small, in units of the embeddings; greater than 0.

    Returns:
        a change to float32 `(words, width)`.

    Raises:
        ValueError: for a scale that is not greater than 0.
    """
    if not scale > 0:
        raise ValueError(f"signed_log: scale={scale!r} is out of range. Expected a number greater than 0.")

    return SignedLog(scale)


@dataclass(frozen=True)
class SignedLog:
    """The change that `signed_log` returns.

    Attributes:
        scale: what counts as small, in units of the embeddings.
    """

    scale: float

    def __call__(self, static: Floats, contextual: Floats) -> Floats:
        """Return the difference of both logarithms, float32 `(words, width)`.

        Args:
            static: float32 `(words, width)`.
            contextual: float32 `(words, width)`.
        """
        return _asinh(contextual, self.scale) - _asinh(static, self.scale)


def difference() -> Change:
    """Return what the encoder adds to a word: `contextual - static`.

    Returns:
        a change to float32 `(words, width)`.
    """
    return _difference


def static_and_contextual() -> Change:
    """Return both embeddings side by side: every change can be computed from them.

    Returns:
        a change to float32 `(words, 2 * width)`.
    """
    return _side_by_side


def first_last_mean() -> Change:
    """Return the mean of both embeddings.

    As in the sentence embedding "first-last-avg" (Su et al., "Whitening sentence representations for better
    semantics and faster retrieval", 2021), with the embedding layer as the first.

    Returns:
        a change to float32 `(words, width)`.
    """
    return _first_last_mean


def contextual() -> Change:
    """Return what a word is in its context, without what it was before.

    Returns:
        a change to float32 `(words, width)`, the contextual embeddings.
    """
    return _contextual


def cosine_distances(static: Floats, contextual: Floats) -> Floats:
    """Return how far the encoder turned each word: 1 less the cosine of both embeddings.

    Args:
        static: float32 `(words, width)`.
        contextual: float32 `(words, width)`.

    Returns:
        float32 `(words,)`, from 0 to 2; 1 if one of both embeddings is zero, whose cosine counts as 0.
    """
    one, other = static.astype(np.float64), contextual.astype(np.float64)
    products = np.einsum("ij,ij->i", one, other)
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    distances: Floats = (1 - products / np.where(norms == 0, 1, norms)).astype(np.float32)
    return distances


def _asinh(embeddings: Floats, scale: float) -> Floats:
    with np.errstate(all="ignore"):
        scaled = embeddings / np.float32(scale)
        values: Floats = np.arcsinh(scaled)
    beyond = ~np.isfinite(scaled) & np.isfinite(embeddings)
    if beyond.any():
        values[beyond] = np.arcsinh(embeddings[beyond].astype(np.float64) / scale)
    return values


def _difference(static: Floats, contextual: Floats) -> Floats:
    return contextual - static


def _side_by_side(static: Floats, contextual: Floats) -> Floats:
    return np.concatenate([static, contextual], axis=1)


def _first_last_mean(static: Floats, contextual: Floats) -> Floats:
    # Halved before they are added: their sum may be beyond float32 although their mean is not.
    return static * np.float32(0.5) + contextual * np.float32(0.5)


def _contextual(static: Floats, contextual: Floats) -> Floats:
    return contextual.copy()
