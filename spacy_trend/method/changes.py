"""Changes: from a word's static and contextual embedding to its vector.

Source of `log_ratio`: Y. Vasiliev, "Discovering trends in BERT embeddings of different levels for the task of
semantic context determining" (2022), with its code, below "the article". The others are this project's.
"""

import numpy as np

from ..types import Floats
from .interface import Change


def log_ratio() -> Change:
    """The article's change: the elementwise `log(contextual / static)`, the word's trend.

    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, width)`.
        Where the two differ in sign, or one is exactly zero, there is no trend: 0, as the article's code
        does for signs. Infinities and NaN of the encoder are not covered by that rule and stay visible.
    """
    return _log_ratio


def _log_ratio(static: Floats, contextual: Floats) -> Floats:
    with np.errstate(all="ignore"):
        ratio = contextual / static
        trend: Floats = np.log(np.abs(ratio))
        trend *= ratio > 0
    trend += 0.0  # -0.0 becomes 0.0
    # What is left are factors that are zero or not finite, and ratios beyond float32's normal numbers.
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
    """A logarithm that keeps signs: `asinh(contextual / scale) - asinh(static / scale)`.

    Where both are large against `scale` and of one sign, this is the article's log-ratio, times that sign:
    asinh(x) tends to sign(x) * log(2 |x|). Where one flipped its sign, or is zero, it is finite and says so.

    scale: what counts as small, in units of the embeddings. Greater than 0.
    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, width)`.
    RAISES: ValueError for a scale that is not greater than 0.
    """
    if not scale > 0:
        raise ValueError(f"signed_log: scale={scale!r} is out of range. Expected a number greater than 0.")

    return lambda static, contextual: _asinh(contextual, scale) - _asinh(static, scale)


def difference() -> Change:
    """What the encoder adds to a word: `contextual - static`.

    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, width)`.
    """
    return _difference


def static_and_contextual() -> Change:
    """Both embeddings side by side, from which every change can be computed: nothing is lost.

    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, 2 * width)`.
    """
    return _side_by_side


def first_last_mean() -> Change:
    """The mean of both embeddings, as in the sentence embedding "first-last-avg" (Su et al., "Whitening
    sentence representations for better semantics and faster retrieval", 2021), the embedding layer taken as
    the first.

    RETURNS: a function of static and contextual, both `(words, width)`, to float32 `(words, width)`.
    """
    return _first_last_mean


def contextual() -> Change:
    """What a word is in its context, without what it was before.

    RETURNS: a function of static and contextual, both `(words, width)`, to the latter.
    """
    return _contextual


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
    # Halved before they are added: their sum may be beyond float32 where their mean is not.
    return static * np.float32(0.5) + contextual * np.float32(0.5)


def _contextual(static: Floats, contextual: Floats) -> Floats:
    return contextual.copy()
