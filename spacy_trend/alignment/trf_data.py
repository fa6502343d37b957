"""The only file that knows `doc._.trf_data`: what a transformer, of either package, left on a doc."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from spacy.tokens import Doc
from thinc.api import get_array_module, to_numpy, torch2xp, xp2torch

from ..encoder.attention import AttentionObserver
from ..encoder.observed import DISORDER, beside, drop
from ..encoder.requests import AttentionRequest, EncoderSize, mutual_key
from ..settings import Layers, layer_numbers
from ..types import Ints

_NONE: Ints = np.zeros(0, dtype=np.int64)


class Source(Protocol):
    """Where the tensors of a doc come from: see `encoder.transformer.ObservedEncoder`."""

    key: str

    @property
    def request(self) -> AttentionRequest:
        """The attention asked for."""

    @property
    def contextual_layers(self) -> Layers | str:
        """The layers whose mean output is asked for, see `settings`."""

    @property
    def size(self) -> EncoderSize:
        """The size of the encoder."""

    @property
    def max_length(self) -> int | None:
        """How many wordpieces of a window are kept; None for all."""

    @property
    def has_special_tokens(self) -> bool:
        """Whether special tokens have rows in the tensors."""

    def has_wordpiece(self, text: str) -> bool:
        """Return whether a text alone has a wordpiece, special tokens not counted."""


class Wordpieces(NamedTuple):
    """The wordpieces of a doc.

    Attributes:
        counts: int `(tokens,)`, how many each token has, in all windows it stands in.
        rows: int `(sum of counts,)`, for each of them the row of the tensors in which it stands.
        row_length: the rows of each window.
        tensors: static, contextual `(rows, width)` and attention received `(rows, rows of attention)`, on the
            device they were computed on; None for a doc without tokens.
        mutual: for each window its first row and the attention between its wordpieces, which take the rows
            from there, `(wordpieces, wordpieces)`; empty if it was not asked for.
        mask: `(windows, row_length)`, 1 for a wordpiece or special token and 0 for padding; None if the rows
            hold neither padding nor special tokens.
    """

    counts: Ints
    rows: Ints
    row_length: int
    tensors: tuple[Any, Any, Any] | None
    mutual: Sequence[tuple[int, Any]] = ()
    mask: Any = None


def read_wordpieces(doc: Doc, source: Source, columns: tuple[int, int]) -> Wordpieces:
    """Read what the transformer left on a doc.

    Args:
        doc: the doc.
        source: says under which key the observed tensors stand.
        columns: the encoder's width and how many rows of attention were asked for.

    Returns:
        the wordpieces of the doc and the tensors they have rows in.

    Raises:
        ValueError: if the transformer did not run on the doc, was not observed, is another one, or ran on
            other tokens.
    """
    data = doc._.trf_data if Doc.has_extension("trf_data") else None
    if hasattr(data, "model_output"):
        wordpieces = _of_transformer_data(doc, data, source)
    elif hasattr(data, "all_outputs"):
        wordpieces = _of_curated_output(doc, data, source)
    else:
        raise ValueError(_no_output(doc, data))
    _check_alignment(doc, wordpieces)
    if wordpieces.tensors is not None:
        got = wordpieces.tensors[1].shape[1], wordpieces.tensors[2].shape[1]
        if got != columns:
            raise ValueError(
                f"The doc {start_of(doc)} was made by another encoder: got embeddings of width {got[0]} and "
                f"{got[1]} rows of attention, expected {columns[0]} and {columns[1]}. Run the pipeline's own "
                "transformer on it."
            )
    return wordpieces


def columns_of(source: Source) -> tuple[int, int]:
    """Return the encoder's width and how many rows of attention were asked for, for `read_wordpieces`.

    Args:
        source: where the tensors come from; its size is read once.
    """
    size = source.size
    return size.width, source.request.row_count(size)


def drop_observed(doc: Doc, key: str) -> None:
    """Forget the tensors that were observed beside `doc._.trf_data` for one reader.

    Args:
        doc: the doc.
        key: the key that the tensors stand under.
    """
    drop(doc._.trf_data, key)


def start_of(doc: Doc) -> str:
    """Return the first characters of a doc's text, quoted, for messages."""
    return repr(doc.text[:40])


def _check_alignment(doc: Doc, wordpieces: Wordpieces) -> None:
    counts, rows, tensors = wordpieces.counts, wordpieces.rows, wordpieces.tensors
    if len(counts) != len(doc):
        raise ValueError(
            f"The transformer's alignment covers {len(counts)} tokens, but the doc {start_of(doc)} has "
            f"{len(doc)}. Expected one entry for each token. Put components that merge or split tokens "
            "before the transformer, and use a span getter whose spans cover the whole doc."
        )
    if tensors is not None and len(rows) > 0 and not 0 <= rows.min() <= rows.max() < len(tensors[1]):
        raise ValueError(
            f"The transformer aligned the doc {start_of(doc)} to wordpieces that it does not have, as it "
            "does if the same doc stands twice in a batch. Expected every doc once: make another of its "
            "text, nlp.make_doc(doc.text)."
        )


def _of_transformer_data(doc: Doc, data: Any, source: Source) -> Wordpieces:
    """Read the output of spacy-transformers: windows, with their special tokens and padding."""
    counts = np.asarray(data.align.lengths)
    observed = beside(data)
    output = data.model_output
    if observed.get(DISORDER) or (len(counts) == 0 < len(doc) and len(output) > 0):
        raise ValueError(_out_of_order(doc))
    if len(counts) == 0 or len(output) == 0:
        return Wordpieces(np.zeros(len(doc), dtype=np.int64), _NONE, 1, None)
    if source.key in observed:
        static, attention, *contextual = observed[source.key]
        mutual = observed.get(mutual_key(source.key))
    elif output.get("hidden_states") and output.get("attentions"):
        static, *outputs = output["hidden_states"]
        contextual = _averaged(outputs, source)
        attention, mutual = _sums(output["attentions"], data.wordpieces.attention_mask, source.request)
    else:
        raise ValueError(_not_observed(doc, list(output)))
    last = output["last_hidden_state"] if "last_hidden_state" in output else output["hidden_states"][-1]
    tensors = _flat(static), _flat(contextual[0] if contextual else last), _flat(attention)
    length = last.shape[1]
    windows = [] if mutual is None else [(n * length, to_numpy(window)) for n, window in enumerate(mutual)]
    mask = data.wordpieces.attention_mask
    return Wordpieces(counts, np.asarray(data.align.dataXd), length, tensors, windows, mask)


def _of_curated_output(doc: Doc, data: Any, source: Source) -> Wordpieces:
    """Read the output of spacy-curated-transformers: windows already averaged."""
    last = data.all_outputs[-1]
    counts = np.asarray(to_numpy(last.lengths), dtype=np.int64)
    if len(doc) == 0 or len(counts) == 0:
        return Wordpieces(np.zeros(len(doc), dtype=np.int64), _NONE, 1, None)
    observed = beside(data)
    if source.key not in observed:
        raise ValueError(_not_observed(doc, ["all_outputs"]))
    static, attention, *contextual = observed[source.key]
    rows = np.arange(len(last.dataXd))
    tensors = static, contextual[0] if contextual else last.dataXd, attention
    return Wordpieces(counts, rows, max(1, len(rows)), tensors, observed.get(mutual_key(source.key), ()))


def _averaged(outputs: Sequence[Any], source: Source) -> list[Any]:
    """Return the mean of the layers' outputs that are wanted, in a list; an empty one for the last alone."""
    layers, name = source.contextual_layers, "of a doc made elsewhere"
    wanted = set(layer_numbers(layers, len(outputs), name, "contextual_layers"))
    if wanted == {len(outputs) - 1}:
        return []
    return [sum(outputs[layer] for layer in sorted(wanted)) / len(wanted)]


def _sums(attentions: Sequence[Any], mask: Any, request: AttentionRequest) -> tuple[Any, Any]:
    """Return the rows asked for, `(windows, wordpieces, rows)`, and the attention between wordpieces.

    Args:
        attentions: whole attention matrices, `(windows, heads, wordpieces, wordpieces)` of each layer.
        mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
        request: the attention asked for.
    """
    xp = get_array_module(attentions[0])
    heads = attentions[0].shape[1]
    # The widths are not known here, nor read from it.
    size = EncoderSize("of a doc made elsewhere", len(attentions), heads, width=0, intermediate_width=0)
    # Copies: the arrays of a doc that was stored are read-only, which torch does not take.
    queries = xp2torch(xp.array(mask, dtype="float32"))
    observer = AttentionObserver(request.row_layers(size), queries, request.mutual_layer_numbers(size))
    for layer in observer.layers | observer.mutual_layers:
        observer.take(layer, xp2torch(xp.array(attentions[layer], dtype="float32")))
    rows = torch2xp(request.received_rows(size, observer.received))
    mutual = request.mutual(size, observer.mutual)
    return rows, None if mutual is None else torch2xp(mutual)


def _no_output(doc: Doc, data: Any) -> str:
    if data is None:
        return (
            f"The doc {start_of(doc)} has no transformer output: got doc._.trf_data = None. Expected the "
            "transformer to have run on it before 'trend_vector'. Check nlp.pipe_names: if the transformer "
            "stands after 'trend_vector', add it before; if it is disabled or excluded, enable it or "
            "disable 'trend_vector' as well."
        )
    return (
        f"doc._.trf_data of the doc {start_of(doc)} is of type {type(data)}. Expected the TransformerData of "
        "spacy-transformers, or the DocTransformerOutput of spacy-curated-transformers. Use a component "
        "'transformer' or 'curated_transformer'."
    )


def _out_of_order(doc: Doc) -> str:
    return (
        f"The span getter of the transformer gave the windows of the doc {start_of(doc)} out of order, or "
        "those of another doc: which wordpieces belong to which tokens is not known. Expected for each doc "
        "its own spans, by their start. Sort them in the span getter."
    )


def _not_observed(doc: Doc, fields: list[str]) -> str:
    return (
        f"The transformer of the doc {start_of(doc)} was not observed: its output has the fields "
        f"{fields}. Expected the attention of its forward pass. If 'trend_vector' or the "
        "transformer came from another pipeline or was replaced, call spacy_trend.observe(nlp); if there "
        "are several transformers, only the last one before it can be read; a component between the two must "
        "hand on the doc itself, because a copy, as of doc.copy(), has nothing of what was observed; a doc "
        "made elsewhere needs the fields 'hidden_states' and 'attentions'."
    )


def _flat(array: Any) -> Any:
    return array.reshape(-1, array.shape[-1])
