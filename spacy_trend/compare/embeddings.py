"""All sentence embeddings that are compared, of many texts, out of one forward pass."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from thinc.api import to_numpy
from tqdm import tqdm

from ..alignment.trf_data import Source, Wordpieces, columns_of, read_wordpieces
from ..attributes.record import RECORD
from ..component.presets import PRESETS, resolve_preset
from ..component.trend_vector import TrendVector, trend_components
from ..pipelines import check_every_doc
from ..types import Floats, Ints

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
    own = [name for name, _ in trend_components(nlp)][-1:]
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


#: The last layer's output at the first position.
CLS = "[CLS]"


#: The mean of the last layer's output.
MEAN_POOLING = "mean pooling"


def pooled_embeddings(doc: Doc, source: Source) -> dict[str, Floats]:
    """The embeddings of a doc that an observed transformer ran on, before a trend vector read it.

    The means are over all positions of all windows, special tokens included and padding excluded. Mean
    pooling: Reimers & Gurevych, "Sentence-BERT" (2019), section 3. First-last: Su et al., "Whitening sentence
    representations for better semantics and faster retrieval" (2021), the embedding layer taken as the first.

    source: says under which key the observed tensors stand.
    RETURNS: float32 `(width,)` by name, the two means side by side `(2 * width,)`; zeros for a doc without
        tokens. [CLS], the mean over the windows, is missing where the output has no special tokens, as that
        of spacy-curated-transformers.
    RAISES: ValueError where the transformer did not run on the doc or was not observed.
    """
    columns = width, _ = columns_of(source)
    wordpieces = read_wordpieces(doc, source, columns)
    static, contextual, starts = _positions(wordpieces, width)
    last, first = _mean(contextual), _mean(static)
    first_last: Any = (first + last) / 2
    side_by_side: Any = np.concatenate([last, first_last])
    embeddings: dict[str, Floats] = {CLS: _mean(contextual[starts])} if source.has_special_tokens else {}
    return embeddings | {
        MEAN_POOLING: last,
        "first-last mean": first_last,
        "both means side by side": side_by_side,
        "mean of static": first,
    }


def _positions(wordpieces: Wordpieces, width: int) -> tuple[Floats, Floats, Ints]:
    """Static and contextual embeddings of all positions but padding, `(positions, width)`, and which of them
    are the first of their window, int64 `(windows,)`."""
    if wordpieces.tensors is None:
        none = np.zeros((0, width), dtype=np.float32)
        return none, none, np.zeros(0, dtype=np.int64)
    static, contextual = (to_numpy(tensor).astype(np.float32) for tensor in wordpieces.tensors[:2])
    if wordpieces.mask is None:
        return static, contextual, np.zeros(1, dtype=np.int64)
    mask = to_numpy(wordpieces.mask).astype(bool)
    lengths = mask.sum(axis=1)
    lengths = lengths[lengths > 0]
    inside = mask.reshape(-1)
    return static[inside], contextual[inside], np.cumsum(lengths) - lengths


def _mean(embeddings: Floats) -> Floats:
    if len(embeddings) == 0:
        return np.zeros(embeddings.shape[1], dtype=np.float32)
    mean: Floats = embeddings.mean(axis=0)
    return mean
