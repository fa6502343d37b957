"""The sentence embeddings that are compared: presets, what they were chosen from, and the usual means.

All of them come out of one forward pass.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from one_pass import Means, batches, means, reader_of
from spacy import Language
from spacy.tokens import Doc
from tqdm import tqdm

from spacy_trend import PRESETS, TrendVector
from spacy_trend.attributes.record import RECORD
from spacy_trend.types import Floats

CLS, MEAN, BOTH = "[CLS]", "mean pooling", "both means side by side"
RANDOM_PAIR = "article, two random words"
ATTENDED = "spacy-trend.attended_words.v1"
#: So great a residual that all words weigh the same.
EQUAL = 1e6
Embedded = dict[str, Floats]


class Candidate(NamedTuple):
    """What a preset could be.

    Attributes:
        preset: the one that it is a variant of.
        residual: see `attended_words`.
        layers: the contextual layers, by parts of the encoder, whose vectors stand side by side.
    """

    preset: str
    residual: float
    layers: tuple[str, ...] = ("upper",)


CANDIDATES = {
    "upper half, residual 0": Candidate("classifier", 0.0),
    "upper half, residual 1": Candidate("classifier", 1.0),
    "upper half, equal weights": Candidate("classifier", EQUAL),
    "last layer, residual 1": Candidate("similarity", 1.0, ("last",)),
    "last layer, equal weights": Candidate("similarity", EQUAL, ("last",)),
    "static beside upper half, residual 1": Candidate("classifier_wide", 1.0),
    "static beside upper half, equal weights": Candidate("classifier_wide", EQUAL),
    "lower half beside upper half, residual 1": Candidate("classifier", 1.0, ("lower", "upper")),
    "lower half beside upper half, equal weights": Candidate("classifier", EQUAL, ("lower", "upper")),
}


def embed_all(texts: list[str], nlp: Language, seed: int = 0) -> Embedded:
    """Embed texts by all presets, by the usual means and, as a control, by two random words.

    Args:
        texts: none of them empty.
        nlp: a pipeline with a transformer.
        seed: of the random words.

    Returns:
        float32 `(texts, width)` by name.
    """
    rng = np.random.default_rng(seed)
    readers = {name: reader_of(nlp, name, keep=name == "article") for name in PRESETS}

    def pooled(doc: Doc) -> Embedded:
        return usual_means(means(doc, readers["article"]), means(doc, readers["classifier"]))

    def more(doc: Doc, name: str) -> Embedded:
        return {RANDOM_PAIR: random_pair(doc, rng)} if name == "article" else {}

    return embed(texts, nlp, readers, pooled, more)


def embed_candidates(texts: list[str], nlp: Language) -> Embedded:
    """Embed texts by all that presets could be, and by mean pooling.

    Args:
        texts: none of them empty.
        nlp: a pipeline with a transformer.

    Returns:
        float32 `(texts, width)` by name.
    """
    last = reader_of(nlp)
    encoder: Any = last.encoder
    parts: dict[str, Any] = {
        "upper": "upper_half",
        "last": (-1,),
        "lower": tuple(range(encoder.size.layers // 2)),
    }
    readers = {
        f"{name}/{part}": reader_of(
            nlp,
            candidate.preset,
            select={"@misc": ATTENDED, "layer": 0.5, "residual": candidate.residual},
            layers=parts[part],
        )
        for name, candidate in CANDIDATES.items()
        for part in candidate.layers
    }
    embedded = embed(texts, nlp, readers, lambda doc: {MEAN: means(doc, last).contextual})
    found = {
        name: np.concatenate([embedded[f"{name}/{part}"] for part in candidate.layers], axis=1)
        for name, candidate in CANDIDATES.items()
    }
    return {MEAN: embedded[MEAN], **found}


def embed(
    texts: list[str],
    nlp: Language,
    readers: dict[str, TrendVector],
    before: Callable[[Doc], Embedded],
    after: Callable[[Doc, str], Embedded] = lambda doc, name: {},
) -> Embedded:
    """Embed texts in one pass.

    Args:
        texts: the texts.
        nlp: a pipeline with a transformer.
        readers: by the names of their embeddings.
        before: returns the embeddings that must be read before a trend vector is.
        after: returns further embeddings out of what the reader of a name left on a doc.

    Returns:
        float32 `(texts, width)` by name.
    """
    collected: dict[str, list[Floats]] = {}
    for docs in batches(nlp, tqdm(texts, desc="Embedding", mininterval=5)):
        for doc in docs:
            collect(collected, before(doc))
        for name, reader in readers.items():
            for doc in reader.pipe(docs):
                collect(collected, {name: doc._.trend_vector, **after(doc, name)})
    return {name: np.stack(vectors) for name, vectors in collected.items()}


def collect(collected: dict[str, list[Floats]], vectors: Embedded) -> None:
    """Add the vectors of one text to those of the texts before."""
    for name, vector in vectors.items():
        collected.setdefault(name, []).append(vector)


def usual_means(last: Means, upper: Means) -> Embedded:
    """Return the usual embeddings of a text by name, from means of the last layer and of the upper half."""
    first_last: Floats = ((last.static + last.contextual) / 2).astype(np.float32)
    return {
        CLS: last.first,
        MEAN: last.contextual,
        "first-last mean": first_last,
        BOTH: np.concatenate([last.contextual, first_last]),
        "mean of static": last.static,
        "upper half mean": upper.contextual,
    }


def random_pair(doc: Doc, rng: np.random.Generator) -> Floats:
    """Return the sum of the vectors of two random words of a doc."""
    vectors: Floats = doc._.get(RECORD)["word_vectors"]
    pair: Floats = vectors[rng.permutation(len(vectors))[:2]].sum(axis=0)
    return pair
