"""All sentence embeddings that are compared, of many texts, out of one forward pass."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from tqdm import tqdm

from .baselines import pooled_embeddings
from .component import TrendVector, trend_vectors
from .pipeline import check_every_doc
from .presets import PRESETS, resolve_preset
from .record import RECORD
from .segments import Floats

#: A control: the article's trends, of two words that chance chose.
RANDOM_PAIR = "article, two random words"
#: How the name of the pipeline's own trend vector begins.
OWN = "pipeline's"


class SentenceEmbeddings(NamedTuple):
    """Embeddings of some texts.

    encoder: the class of the encoder, and where it is from.
    by_name: float32 `(texts, width)` each.
    """

    encoder: str
    by_name: dict[str, Floats]


def embed_texts(texts: Sequence[str], nlp: Language, *, seed: int = 0) -> SentenceEmbeddings:
    """The trend vector of every preset, and the embeddings to compare it with.

    texts: at least one.
    nlp: a pipeline with a transformer. Where it has a trend vector, that one's result is there as well, under
        `OWN` and its name; it stays as it is.
    seed: of the control's random words.
    RETURNS: the presets, `baselines.pooled_embeddings` and the control, by name.
    RAISES: ValueError where there is no transformer, or the pipeline lost a text.
    """
    rng = np.random.default_rng(seed)
    own = [name for name, _ in trend_vectors(nlp)][-1:]
    components = {name: _component(nlp, name) for name in PRESETS}
    source: Any = components["article"].encoder
    columns: dict[str, list[Floats]] = {}
    for docs in minibatch(tqdm(nlp.pipe(texts), total=len(texts), desc="Embedding", disable=None), 128):
        for doc in docs:
            found = {f"{OWN} {name}": doc._.trend_vector for name in own}
            # First, because each trend vector takes what it was handed on out of the transformer's output.
            found |= pooled_embeddings(doc, source)
            _append(columns, found)
        for name, component in components.items():
            for doc in component.pipe(docs):
                _append(columns, {name: doc._.trend_vector})
                if name == "article":
                    _append(columns, {RANDOM_PAIR: _random_pair(doc, rng)})
    embedded = {name: np.stack(vectors) for name, vectors in columns.items()}
    check_every_doc(len(embedded[RANDOM_PAIR]) if embedded else 0, len(texts))
    return SentenceEmbeddings(source.name, embedded)


def _component(nlp: Language, preset: str) -> TrendVector:
    """A component that reads the pipeline's transformer, but is not in the pipeline."""
    select, change = resolve_preset(preset)
    component = TrendVector(preset, select=select, change=change)
    component.attach(nlp)
    # Once is enough: the article's says it.
    component.has_warned_of_truncation = preset != "article"
    return component


def _append(columns: dict[str, list[Floats]], vectors: dict[str, Floats]) -> None:
    for name, vector in vectors.items():
        columns.setdefault(name, []).append(vector)


def _random_pair(doc: Doc, rng: np.random.Generator) -> Floats:
    vectors: Floats = doc._.get(RECORD)["word_vectors"]
    words = rng.permutation(len(vectors))[:2]
    pair: Floats = vectors[words].sum(axis=0)
    return pair
