"""Changes that only tests have, each registered once, and the settings that name them."""

from collections.abc import Callable

import numpy as np
import spacy

from spacy_trend.types import Floats

#: A change without a logarithm, which would amplify the noise between one forward pass and another.
DIFFERENCE = {"change": {"@misc": "spacy-trend-tests.difference.v1"}}
#: A change that keeps the embeddings themselves, so that a token's vector shows them.
SIDE_BY_SIDE = {"change": {"@misc": "spacy-trend-tests.side_by_side.v1"}}


@spacy.registry.misc("spacy-trend-tests.difference.v1")
def difference() -> Callable[[Floats, Floats], Floats]:
    return subtract


def subtract(static: Floats, contextual: Floats) -> Floats:
    """Of a module, not of a function, so that it can be pickled."""
    return contextual - static


@spacy.registry.misc("spacy-trend-tests.side_by_side.v1")
def side_by_side() -> Callable[[Floats, Floats], Floats]:
    return lambda static, contextual: np.concatenate([static, contextual], axis=1)
