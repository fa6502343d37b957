"""Sentence embeddings to compare, all of them from one forward pass."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from thinc.api import to_numpy

from ..alignment.trf_data import Source, Wordpieces, columns_of, read_wordpieces
from ..attributes.record import RECORD
from ..component.presets import PRESETS, find_preset, resolve_preset
from ..component.trend_vector import TrendVector, trend_components
from ..lost_docs import check_every_doc
from ..progress import progress
from ..types import Floats, Ints

#: The last layer's output at the first position.
CLS = "[CLS]"
#: The mean of the last layer's output.
MEAN_POOLING = "mean pooling"
#: The mean of the embedding layer's and the last layer's output.
FIRST_LAST = "first-last mean"
#: The mean of the last layer's output beside the one before.
BOTH_MEANS = "both means side by side"
#: The mean of the embedding layer's output.
STATIC_MEAN = "mean of static"
#: The mean output of the upper half of the layers.
UPPER_HALF_MEAN = "upper half mean"
#: The mean of the word vectors that the pipeline's vocab has.
WORD_VECTORS = "word vectors"
#: Of the texts' words and pairs of words, see `classifier`: no encoder runs.
TFIDF = "TF-IDF"
#: What anybody would try first, without this package: the best of these is what the others must beat.
PLAIN = (
    CLS,
    MEAN_POOLING,
    FIRST_LAST,
    BOTH_MEANS,
    STATIC_MEAN,
    UPPER_HALF_MEAN,
    WORD_VECTORS,
    TFIDF,
)
#: A control: the article's trends, of two random words.
RANDOM_PAIR = "article, two random words"
#: The pipeline's own trend vector goes by this and its name in the pipeline.
OWN_PREFIX = "pipeline's"


class SentenceEmbeddings(NamedTuple):
    """Embeddings of some texts.

    Attributes:
        encoder: the class of the encoder, and where it is from.
        by_name: float32 `(texts, width)` each.
    """

    encoder: str
    by_name: dict[str, Floats]


def embed_texts(texts: Sequence[str], nlp: Language, *, seed: int = 0) -> SentenceEmbeddings:
    """Embed texts in every way that is compared: all presets, the plain embeddings and the control.

    Args:
        texts: at least one.
        nlp: a pipeline with a transformer, which stays as it is. If it has a trend vector, the last one's
            result is included, under `OWN_PREFIX` and its name; if its vocab has word vectors, their mean.
        seed: of the control's random words.

    Returns:
        the vectors of `PRESETS`, `pooled_embeddings`, `UPPER_HALF_MEAN`, `RANDOM_PAIR` and perhaps
        `WORD_VECTORS`, by name.

    Raises:
        ValueError: if there is no transformer, or the pipeline lost a text.
    """
    rng = np.random.default_rng(seed)
    own = [name for name, _ in trend_components(nlp)][-1:]
    components = {name: _preset_component(nlp, name) for name in PRESETS}
    last: Any = components["article"].encoder
    upper_half: Any = components["classifier"].encoder
    last_columns, upper_columns = columns_of(last), columns_of(upper_half)
    collected: dict[str, list[Floats]] = {}
    for docs in minibatch(progress(nlp.pipe(texts), doing="Embedding", total=len(texts)), 128):
        for doc in docs:
            _collect(collected, {f"{OWN_PREFIX} {name}": doc._.trend_vector for name in own})
            # Before any preset: a trend vector removes what it has read from the transformer's output.
            _collect(collected, pooled_embeddings(doc, last, last_columns))
            _collect(collected, {UPPER_HALF_MEAN: mean_of_layers(doc, upper_half, upper_columns)})
            if nlp.vocab.vectors.size:
                _collect(collected, {WORD_VECTORS: mean_of_word_vectors(doc)})
        for name, component in components.items():
            for doc in component.pipe(docs):
                _collect(collected, {name: doc._.trend_vector})
                if name == "article":
                    _collect(collected, {RANDOM_PAIR: _random_pair(doc, rng)})
    by_name = {name: np.stack(vectors) for name, vectors in collected.items()}
    check_every_doc(len(by_name[RANDOM_PAIR]) if by_name else 0, len(texts))
    return SentenceEmbeddings(last.size.name, by_name)


def pooled_embeddings(doc: Doc, source: Source, columns: tuple[int, int]) -> dict[str, Floats]:
    """Return the embeddings that pool the encoder's output: [CLS] and several means.

    The means are over all positions of all windows, special tokens included and padding excluded. Mean
    pooling: Reimers & Gurevych, "Sentence-BERT" (2019), section 3. First-last: Su et al., "Whitening sentence
    representations for better semantics and faster retrieval" (2021), with the embedding layer as the first.

    Args:
        doc: one that an observed transformer ran on, and no trend vector since.
        source: says under which key the observed tensors stand.
        columns: the encoder's width and how many rows of attention were asked for.

    Returns:
        float32 `(width,)` by name, the two means side by side `(2 * width,)`; zeros for a doc without tokens.
        [CLS], the mean over the windows, is missing if the output has no special tokens, as with
        spacy-curated-transformers.

    Raises:
        ValueError: if the transformer did not run on the doc or was not observed.
    """
    wordpieces = read_wordpieces(doc, source, columns)
    static, contextual, starts = _positions(wordpieces, columns[0])
    last, first = _mean(contextual), _mean(static)
    first_last: Any = (first + last) / 2
    side_by_side: Any = np.concatenate([last, first_last])
    embeddings: dict[str, Floats] = {CLS: _mean(contextual[starts])} if source.has_special_tokens else {}
    return embeddings | {
        MEAN_POOLING: last,
        FIRST_LAST: first_last,
        BOTH_MEANS: side_by_side,
        STATIC_MEAN: first,
    }


def mean_of_layers(doc: Doc, source: Source, columns: tuple[int, int]) -> Floats:
    """Return the mean output of the layers that a reader asks for, unweighted, over all positions.

    Args:
        doc: as for `pooled_embeddings`.
        source: likewise; its contextual layers are those of the mean.
        columns: likewise.

    Returns:
        float32 `(width,)`; zeros for a doc without tokens.

    Raises:
        ValueError: as `pooled_embeddings`.
    """
    _, contextual, _ = _positions(read_wordpieces(doc, source, columns), columns[0])
    return _mean(contextual)


def mean_of_word_vectors(doc: Doc) -> Floats:
    """Return the mean of the word vectors of a doc's tokens, without punctuation and space.

    The vectors are the vocab's: what hooks answer in their place is not read.

    Args:
        doc: one whose vocab has vectors.

    Returns:
        float32 `(width,)`; zeros if no token has a vector.
    """
    vocab = doc.vocab
    keys = [token.orth for token in doc if not (token.is_punct or token.is_space)]
    vectors = [to_numpy(vocab.get_vector(key)) for key in keys if vocab.has_vector(key)]
    return _mean(np.array(vectors, dtype=np.float32).reshape(-1, vocab.vectors_length))


def _preset_component(nlp: Language, preset: str) -> TrendVector:
    """Return a component that reads the pipeline's transformer, but is not in the pipeline."""
    select, change = resolve_preset(preset)
    layers = find_preset(preset).contextual_layers
    component = TrendVector(preset, select=select, change=change, contextual_layers=layers)
    component.attach(nlp)
    # The warning of the article's component is enough.
    component.has_warned_of_truncation = preset != "article"
    return component


def _collect(collected: dict[str, list[Floats]], vectors: dict[str, Floats]) -> None:
    for name, vector in vectors.items():
        collected.setdefault(name, []).append(vector)


def _random_pair(doc: Doc, rng: np.random.Generator) -> Floats:
    vectors: Floats = doc._.get(RECORD)["word_vectors"]
    words = rng.permutation(len(vectors))[:2]
    pair: Floats = vectors[words].sum(axis=0)
    return pair


def _positions(wordpieces: Wordpieces, width: int) -> tuple[Floats, Floats, Ints]:
    """Return the embeddings of all positions but padding, and where windows start.

    Returns:
        static and contextual embeddings, float32 `(positions, width)` each, and the first position of each
        window, int64 `(windows,)`.
    """
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
