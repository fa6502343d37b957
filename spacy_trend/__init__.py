"""spacy_trend: a sentence vector for spaCy's transformer pipelines that says which words it came from."""

from .attributes.arrays import importances, span_vectors, vectors, word_vectors
from .attributes.extensions import install_extensions
from .attributes.hooks import install_hooks
from .attributes.stored_selection import allow_selection
from .attribution import attribute_direction, attribute_prediction, attribute_similarity
from .bundled import bundled_encoder
from .component.factory import make_trend_vector, observe
from .component.presets import PRESETS
from .component.trend_vector import TrendVector
from .method.interface import Change, Select, Selection
from .pipelines import add_to, from_encoder
from .visualize import render, serve

__version__ = "0.1.0"
__all__ = [
    "PRESETS",
    "Change",
    "Select",
    "Selection",
    "TrendVector",
    "add_to",
    "allow_selection",
    "attribute_direction",
    "attribute_prediction",
    "attribute_similarity",
    "bundled_encoder",
    "from_encoder",
    "importances",
    "install_extensions",
    "install_hooks",
    "make_trend_vector",
    "observe",
    "render",
    "serve",
    "span_vectors",
    "vectors",
    "word_vectors",
]

install_extensions()


def __dir__() -> list[str]:
    """Return the public names alone, so that they are not lost among the modules."""
    return [*__all__, "__version__"]
