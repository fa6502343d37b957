"""Facts about a transformer component of either package: its encoder, its windows, their limits."""

from functools import partial
from typing import Any, NamedTuple

import torch
from spacy_transformers import Transformer
from spacy_transformers.span_getters import get_doc_spans, get_sent_spans, get_strided_spans
from transformers.tokenization_utils_base import LARGE_INTEGER

from .requests import EncoderSize
from .sizes import max_positions
from .transformer import shim_of, size_of_encoder

_GETTERS = {
    get_doc_spans: "spacy-transformers.doc_spans.v1",
    get_sent_spans: "spacy-transformers.sent_spans.v1",
    get_strided_spans: "spacy-transformers.strided_spans.v1",
}


class Windows(NamedTuple):
    """The way a transformer cuts docs into windows.

    Attributes:
        getter: the registered name of the function that cuts them.
        size: the greatest length of a window; None if it depends on the doc.
        stride: the distance from the start of a window to that of the next; None if it depends on the doc.
        unit: what size and stride count, "tokens" or "wordpieces".
    """

    getter: str
    size: int | None
    stride: int | None
    unit: str


class TransformerFacts(NamedTuple):
    """Facts about a transformer component.

    Attributes:
        size: the size of its encoder.
        attention: the implementation of attention that Hugging Face's library chose, such as "sdpa" or
            "eager"; None for an encoder of another library.
        device: where the encoder is.
        windows: how docs are cut into windows.
        cut_at: how many wordpieces of a window are kept, special tokens included; None if windows are never
            cut off.
        positions: the most wordpieces in a window with which the encoder does not fail; None for any number.
        special: how many special tokens a window gets beside what `windows` counts.
    """

    size: EncoderSize
    attention: str | None
    device: torch.device
    windows: Windows
    cut_at: int | None
    positions: int | None
    special: int


def facts_of(transformer: Any) -> TransformerFacts:
    """Collect the facts about a transformer component, observed or not.

    Args:
        transformer: a component of spacy-transformers or spacy-curated-transformers.

    Returns:
        the facts.

    Raises:
        ValueError: if the component has no encoder that can be observed, or none is loaded yet.
    """
    size = size_of_encoder(transformer)
    model = shim_of(transformer)._model
    device = next(model.parameters()).device
    if not isinstance(transformer, Transformer):
        # Here windows are cut from wordpieces that already include the special tokens.
        most = getattr(model.curated_encoder, "max_seq_len", None)
        return TransformerFacts(size, None, device, _curated_windows(transformer), None, most, 0)
    stock: Any = transformer.model
    tokenizer = stock.tokenizer
    # For a tokenizer without a limit, transformers gives a huge one.
    cut_at = int(tokenizer.model_max_length) if tokenizer.model_max_length < LARGE_INTEGER else None
    return TransformerFacts(
        size,
        attention=getattr(model.config, "_attn_implementation", None),
        device=device,
        windows=_windows(stock.attrs["get_spans"]),
        cut_at=cut_at,
        positions=max_positions(model),
        special=tokenizer.num_special_tokens_to_add(),
    )


def _windows(get_spans: Any) -> Windows:
    function = get_spans.func if isinstance(get_spans, partial) else get_spans
    settings = get_spans.keywords if isinstance(get_spans, partial) else {}
    own = getattr(function, "__name__", type(function).__name__)
    return Windows(_GETTERS.get(function, own), settings.get("window"), settings.get("stride"), "tokens")


def _curated_windows(transformer: Any) -> Windows:
    attributes = next(node.attrs for node in transformer.model.walk() if "stride" in node.attrs)
    name = "spacy-curated-transformers.WithStridedSpans.v1"
    return Windows(name, attributes["window"], attributes["stride"], "wordpieces")
