"""The only file that knows `doc._.trf_data`: wordpieces become words.

A word is a token with at least one wordpiece that is neither punctuation nor space.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import to_numpy


class Words(NamedTuple):
    """The words of one or more docs, one after another.

    tokens: int64 `(words,)`, each word's position among the tokens of its doc.
    static: float32 `(words, width)`, the embedding layer's output, mean over the word's wordpieces.
    contextual: float32 `(words, width)`, the last layer's output, likewise.
    attention: float32 `(rows, words)`, attention received: the sum over the word's wordpieces, the mean over
        the windows it stands in.
    """

    tokens: NDArray[np.int64]
    static: NDArray[np.float32]
    contextual: NDArray[np.float32]
    attention: NDArray[np.float32]


class Source(Protocol):
    """Where the tensors of a doc come from: see `encoder.ObservedEncoder`."""

    key: str
    request: Any

    @property
    def width(self) -> int:
        """The width of the encoder's embeddings."""

    @property
    def row_count(self) -> int:
        """The number of rows of attention."""


def align_words(doc: Doc, source: Source) -> Words:
    """The words of a doc, from what the transformer left in `doc._.trf_data`.

    source: says under which key the observed tensors stand and, where a doc has none, how wide they are.
    RAISES: ValueError where the transformer did not run on the doc, was not observed, or ran on other tokens.
    """
    data = _transformer_data(doc)
    aligned = np.asarray(data.align.lengths)
    if len(aligned) == 0 or len(data.model_output) == 0:
        return _no_words(source)
    if len(aligned) != len(doc):
        raise ValueError(
            f"The transformer's alignment covers {len(aligned)} tokens, but the doc {_start_of(doc)} has "
            f"{len(doc)}. Expected one entry for each token. Put components that merge or split tokens "
            "before the transformer, and use a span getter whose spans cover the whole doc."
        )
    flags = doc.to_array(["IS_PUNCT", "IS_SPACE"])
    is_word = (aligned > 0) & ~flags.any(axis=1)
    tokens = np.flatnonzero(is_word)
    if len(tokens) == 0:
        return _no_words(source)
    static, contextual, attention = _wordpiece_arrays(doc, data, source)
    wordpieces = np.asarray(data.align.dataXd)[np.repeat(is_word, aligned)]
    counts = aligned[is_word]
    starts = np.cumsum(counts) - counts
    per_wordpiece = (1 / counts)[:, None].astype(np.float32)
    windows = _window_counts(wordpieces // data.wordpieces.input_ids.shape[1], starts)
    return Words(
        tokens,
        np.add.reduceat(_flat(static)[wordpieces], starts, axis=0) * per_wordpiece,
        np.add.reduceat(_flat(contextual)[wordpieces], starts, axis=0) * per_wordpiece,
        (np.add.reduceat(_flat(attention)[wordpieces], starts, axis=0) / windows[:, None]).T,
    )


def join_words(docs_words: Sequence[Words]) -> Words:
    """The words of several docs in one; at least one doc."""
    tokens, static, contextual, attention = zip(*docs_words, strict=True)
    return Words(
        np.concatenate(tokens),
        np.concatenate(static),
        np.concatenate(contextual),
        np.concatenate(attention, axis=1),
    )


def sentence_lengths(doc: Doc, tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many words each sentence of a doc has.

    tokens: int64 `(words,)`, as in `Words`.
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
    output = doc._.trf_data.model_output
    if key in output:
        stock = {field: value for field, value in output.items() if field != key}
        doc._.trf_data.model_output = type(output)(stock)


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


def _wordpiece_arrays(doc: Doc, data: Any, source: Source) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
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
            "are several transformers, name the one to read in the setting 'transformer'; a doc made "
            "elsewhere needs the fields 'hidden_states' and 'attentions'."
        )
    return to_numpy(static), to_numpy(output["last_hidden_state"]), to_numpy(attention)


def _received(attentions: Sequence[Any], mask: Any, request: Any) -> NDArray[np.float32]:
    """The rows asked for, `(windows, wordpieces, rows)`, from whole attention matrices by layer."""
    queries = np.asarray(to_numpy(mask), dtype=np.float32)[:, None, None, :]
    rows = []
    for layer in request.layer_numbers(len(attentions), "that made the doc"):
        received = (queries @ np.asarray(to_numpy(attentions[layer]), dtype=np.float32)).squeeze(2)
        rows.append(received if request.rows == "heads" else received.mean(axis=1, keepdims=True))
    return np.concatenate(rows, axis=1).transpose(0, 2, 1)


def _window_counts(windows: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[Any]:
    """In how many windows each word stands; `windows` of its wordpieces, in ascending order."""
    is_new = np.diff(windows, prepend=-1) != 0
    is_new[starts] = True
    counts: NDArray[Any] = np.add.reduceat(is_new, starts, dtype=np.float32)
    return counts


def _flat(array: NDArray[Any]) -> NDArray[np.float32]:
    return array.reshape(-1, array.shape[-1]).astype(np.float32, copy=False)


def _no_words(source: Source) -> Words:
    none = np.zeros((0, source.width), dtype=np.float32)
    attention = np.zeros((source.row_count, 0), dtype=np.float32)
    return Words(np.zeros(0, dtype=np.int64), none, none, attention)


def _start_of(doc: Doc) -> str:
    return repr(doc.text[:40])
