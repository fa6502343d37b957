"""spacy_trend: a sentence vector for spaCy's transformer pipelines that says which words it came from.

A pipeline with a transformer gets it by `nlp.add_pipe("trend_vector", config={"preset": "classifier"})`,
which needs no import; one without a transformer gets both by `add_to(nlp, preset="classifier")`;
`from_encoder()` makes a new pipeline. `PRESETS` has the presets.

`vectors(nlp.pipe(texts))` is an array with a row for each text, as `encode(texts)` returns it in
sentence-transformers. `word_vectors`, `span_vectors` and `importances` read the words of a doc;
`attribute_prediction`, `attribute_similarity` and `attribute_direction` split a score into words; `render`
and `serve` draw it.

More is in modules, most of which need an extra:

    spacy_trend.sklearn    TrendVectorizer and report, for scikit-learn
    spacy_trend.compare    compare: which embedding suits labelled texts
    spacy_trend.corpus     embed_corpus and search
    spacy_trend.embedder   Embedder: from a table of texts to one with vectors
    spacy_trend.doctor     examine: what is wrong with a pipeline
"""

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

__version__ = "0.2.0"
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
