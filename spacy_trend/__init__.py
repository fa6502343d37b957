"""spacy_trend: a sentence vector for spaCy's transformer pipelines that says which words it came from."""

from .attachment import observe
from .component import TrendVector
from .extensions import install_extensions
from .factory import make_trend_vector
from .pipeline import bundled_encoder, from_encoder
from .visualize import render, serve

__version__ = "0.1.0"
__all__ = [
    "TrendVector",
    "bundled_encoder",
    "from_encoder",
    "install_extensions",
    "make_trend_vector",
    "observe",
    "render",
    "serve",
]

install_extensions()
