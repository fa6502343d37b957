"""The only file that knows `doc._.trf_data`: wordpieces become words.

A word is a token with at least one wordpiece that is neither punctuation nor space.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import get_array_module, to_numpy, torch2xp, xp2torch

from .attention import AttentionRequest, column_sums, request_rows
from .segments import Ints


class Words(NamedTuple):
    """The words of some docs, one after another.

    lengths: int64 `(docs,)`, how many words each doc has.
    tokens: int64 `(words,)`, each word's position among the tokens of its doc.
    static: float32 `(words, width)`, the embedding layer's output, mean over the word's wordpieces.
    contextual: float32 `(words, width)`, the last layer's output, likewise.
    attention: float32 `(rows, words)`, attention received: the sum over the word's wordpieces, the mean over
        the windows it stands in.
    """

    lengths: Ints
    tokens: Ints
    static: NDArray[np.float32]
    contextual: NDArray[np.float32]
    attention: NDArray[np.float32]


class Source(Protocol):
    """Where the tensors of a doc come from: see `encoder.ObservedEncoder`."""

    key: str
    request: AttentionRequest

    @property
    def width(self) -> int:
        """The width of the encoder's embeddings."""

    @property
    def row_count(self) -> int:
        """The number of rows of attention."""


class _Place(NamedTuple):
    """Where the words of a doc stand in its windows.

    data: what the transformer left on the doc.
    tokens, counts: `(words,)`, each word's token and how many wordpieces it has.
    wordpieces: positions in the flattened `(windows, wordpieces)`, word by word.
    windows: `(wordpieces,)`, the window of each of these.
    """

    data: Any
    tokens: Ints
    counts: Ints
    wordpieces: Ints
    windows: Ints


def align_words(docs: Sequence[Doc], source: Source) -> Words:
    """The words of docs, from what the transformer left in `doc._.trf_data`.

    docs: at least one.
    source: says under which key the observed tensors stand and, where no doc has a word, how wide they are.
    RAISES: ValueError where the transformer did not run on a doc, was not observed, or ran on other tokens.
    """
    places = [_place_words(doc) for doc in docs]
    width = source.width
    gathered = _gather(docs, places, source, width, source.row_count)
    counts = np.concatenate([place.counts for place in places])
    windows = np.concatenate([place.windows for place in places])
    values = _by_word(gathered, counts, windows, 2 * width)
    return Words(
        np.array([len(place.tokens) for place in places]),
        np.concatenate([place.tokens for place in places]),
        values[:, :width],
        values[:, width : 2 * width],
        np.ascontiguousarray(values[:, 2 * width :].T),
    )


def sentence_lengths(doc: Doc, tokens: Ints) -> Ints:
    """How many words each sentence of a doc has.

    tokens: int64 `(words,)`, the doc's, as in `Words`.
    RETURNS: int64 `(sentences,)`.
    RAISES: ValueError where nothing set sentence boundaries.
    """
    if not doc.has_annotation("SENT_START"):
        raise ValueError(
            f"level='sentence' needs sentence boundaries, but the doc {_start_of(doc)} has none. Expected a "
            "component that sets them before 'trend_vector': add one with nlp.add_pipe('sentencizer'), or "
            "set level='doc'."
        )
    ends = np.array([sent.end for sent in doc.sents], dtype=np.int64)
    return np.diff(np.searchsorted(tokens, ends), prepend=0)


def drop_observed(doc: Doc, key: str) -> None:
    """Take the observed tensors out of `doc._.trf_data`, which then holds what it would without us."""
    data = doc._.trf_data
    output = data.model_output
    if key in output:
        stock = {field: value for field, value in output.items() if field != key}
        data.model_output = type(output)(stock)


def _place_words(doc: Doc) -> _Place:
    data = _transformer_data(doc)
    aligned = np.asarray(data.align.lengths)
    if len(aligned) == 0 or len(data.model_output) == 0:
        none = np.zeros(0, dtype=np.int64)
        return _Place(data, none, none, none, none)
    if len(aligned) != len(doc):
        raise ValueError(
            f"The transformer's alignment covers {len(aligned)} tokens, but the doc {_start_of(doc)} has "
            f"{len(doc)}. Expected one entry for each token. Put components that merge or split tokens "
            "before the transformer, and use a span getter whose spans cover the whole doc."
        )
    flags = doc.to_array(["IS_PUNCT", "IS_SPACE"])
    is_word = (aligned > 0) & ~flags.any(axis=1)
    wordpieces = np.asarray(data.align.dataXd)[np.repeat(is_word, aligned)]
    windows = wordpieces // data.wordpieces.input_ids.shape[1]
    return _Place(data, np.flatnonzero(is_word), aligned[is_word], wordpieces, windows)


def _transformer_data(doc: Doc) -> Any:
    data = doc._.trf_data if Doc.has_extension("trf_data") else None
    if data is None:
        raise ValueError(
            f"The doc {_start_of(doc)} has no transformer output: got doc._.trf_data = None. Expected the "
            "transformer to have run on it before 'trend_vector'. Check nlp.pipe_names: if the transformer "
            "stands after 'trend_vector', add it before; if it is disabled or excluded, enable it or "
            "disable 'trend_vector' as well."
        )
    if not hasattr(data, "model_output"):
        raise ValueError(
            f"doc._.trf_data of the doc {_start_of(doc)} is of type {type(data)}. Expected the "
            "TransformerData of spacy-transformers. Use its component 'transformer'."
        )
    return data


def _gather(
    docs: Sequence[Doc], places: Sequence[_Place], source: Source, width: int, rows: int
) -> NDArray[np.float32]:
    """Static, contextual and attention of the words' wordpieces side by side, on the CPU.

    RETURNS: float32 `(wordpieces, 2 * width + rows)`.
    """
    shape = (sum(len(place.wordpieces) for place in places), 2 * width + rows)
    gathered: Any = np.empty(shape, dtype=np.float32)
    end = 0
    for doc, place in zip(docs, places, strict=True):
        if len(place.wordpieces) == 0:
            continue
        static, contextual, attention = _wordpiece_arrays(doc, place.data, source)
        _check_widths(doc, (contextual.shape[-1], attention.shape[-1]), (width, rows))
        xp = get_array_module(contextual)
        if end == 0:
            # On the device of the tensors: all that is wanted leaves it in one copy.
            gathered = xp.empty(shape, dtype="float32")
        start, end = end, end + len(place.wordpieces)
        wordpieces = xp.asarray(place.wordpieces)
        gathered[start:end, :width] = _flat(static)[wordpieces]
        gathered[start:end, width : 2 * width] = _flat(contextual)[wordpieces]
        gathered[start:end, 2 * width :] = _flat(attention)[wordpieces]
    return np.asarray(to_numpy(gathered))


def _wordpiece_arrays(doc: Doc, data: Any, source: Source) -> tuple[Any, Any, Any]:
    """Static, contextual, attention received: `(windows, wordpieces, width)`, twice, and `(.., rows)`."""
    output = data.model_output
    if source.key in output:
        static, attention = output[source.key]
    elif output.get("hidden_states") and output.get("attentions"):
        static = output["hidden_states"][0]
        attention = _received(output["attentions"], data.wordpieces.attention_mask, source.request)
    else:
        raise ValueError(
            f"The transformer of the doc {_start_of(doc)} was not observed: its output has the fields "
            f"{list(output)}. Expected the attention of its forward pass. If 'trend_vector' or the "
            "transformer came from another pipeline or was replaced, call spacy_trend.observe(nlp); if there "
            "are several transformers, only the last one before it can be read; a doc made elsewhere needs "
            "the fields 'hidden_states' and 'attentions'."
        )
    contextual = output["last_hidden_state"] if "last_hidden_state" in output else output["hidden_states"][-1]
    return static, contextual, attention


def _check_widths(doc: Doc, got: tuple[int, int], expected: tuple[int, int]) -> None:
    if got != expected:
        raise ValueError(
            f"The doc {_start_of(doc)} was made by another encoder: got embeddings of width {got[0]} and "
            f"{got[1]} rows of attention, expected {expected[0]} and {expected[1]}. Run the pipeline's own "
            "transformer on it."
        )


def _received(attentions: Sequence[Any], mask: Any, request: AttentionRequest) -> Any:
    """The rows asked for, `(windows, wordpieces, rows)`, from whole attention matrices by layer."""
    name = "of a doc made elsewhere"
    xp = get_array_module(attentions[0])
    # Copies: the arrays of a doc that was stored are read-only, which torch does not take.
    queries = xp2torch(xp.array(mask, dtype="float32"))
    received = {
        layer: column_sums(xp2torch(xp.array(attentions[layer], dtype="float32")), queries)
        for layer in request.layer_numbers(len(attentions), name)
    }
    return torch2xp(request_rows(request, len(attentions), name, received))


def _by_word(values: NDArray[np.float32], counts: Ints, windows: Ints, embedded: int) -> NDArray[np.float32]:
    """One row a word, out of one a wordpiece; most words have one and are copied as they are.

    values: `(wordpieces, columns)`, of which the first `embedded` are embeddings, the others attention.
    counts: `(words,)`, wordpieces of each word.
    windows: `(wordpieces,)`, the window of each.
    RETURNS: `(words, columns)`, mean embeddings; the mean over windows of the sum of attention.
    """
    starts = np.cumsum(counts) - counts
    several = np.flatnonzero(counts > 1)
    if len(several) == 0:
        return values
    by_word: NDArray[np.float32] = values[starts]
    sums, longer = by_word[several], np.arange(len(several))
    # Piece by piece, which is faster than `numpy.add.reduceat`.
    for piece in range(1, counts.max()):
        longer = longer[counts[several[longer]] > piece]
        sums[longer] += values[starts[several[longer]] + piece]
    sums[:, :embedded] *= (1 / counts[several])[:, None]
    sums[:, embedded:] *= (1 / _window_counts(windows, starts)[several])[:, None]
    by_word[several] = sums
    return by_word


def _window_counts(windows: Ints, starts: Ints) -> NDArray[Any]:
    """In how many windows each word stands; `windows` of its wordpieces, in ascending order."""
    is_new = np.diff(windows, prepend=-1) != 0
    is_new[starts] = True
    counts: NDArray[Any] = np.add.reduceat(is_new, starts, dtype=np.float32)
    return counts


def _flat(array: Any) -> Any:
    return array.reshape(-1, array.shape[-1])


def _start_of(doc: Doc) -> str:
    return repr(doc.text[:40])
