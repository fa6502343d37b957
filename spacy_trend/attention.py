"""Attention received, out of a running forward pass (torch).

While an `AttentionObserver` is active, every attention call of the current thread passes through it: the
call itself runs unchanged, and its softmax is computed again, in pieces, only for the layers asked for.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: Attention scores computed at a time: 2^20 float32 numbers stay in the cache of one core.
CHUNK_SCORES = 2**20

#: The score of what must not be attended to. Not -inf: padding that may attend to nothing would give NaN.
NEVER = torch.finfo(torch.float32).min

_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)


@dataclass(frozen=True)
class AttentionRequest:
    """The rows of attention that somebody wants.

    rows: "heads": one row for each head of each layer; "layers": one row a layer, the mean of its heads.
    layers: numbers of layers from 0, negative ones counted from the last; None for all.
    """

    rows: str
    layers: tuple[int, ...] | None

    def layer_numbers(self, layers: int, encoder: str) -> list[int]:
        """The layers wanted, of an encoder that has `layers` of them; 0 is the first.

        encoder: its name, for the message.
        RAISES: ValueError for a layer that the encoder does not have.
        """
        if self.layers is None:
            return list(range(layers))
        for layer in self.layers:
            if not -layers <= layer < layers:
                raise ValueError(
                    f"layer={layer} is out of range: the encoder '{encoder}' has {layers} layers. Expected "
                    f"a number from 0 to {layers - 1}, or from -{layers} to -1 counted from the last. "
                    "Change 'layer' in the setting 'select'."
                )
        return [layer % layers for layer in self.layers]

    def row_count(self, layers: int, heads: int, encoder: str) -> int:
        """How many rows the request gives on an encoder with so many layers and heads.

        encoder: its name, for the message.
        RAISES: ValueError for a layer that the encoder does not have.
        """
        return len(self.layer_numbers(layers, encoder)) * (heads if self.rows == "heads" else 1)


def request_rows(request: AttentionRequest, layers: int, encoder: str, received: dict[int, Tensor]) -> Tensor:
    """The rows of a request, out of the attention received in each layer.

    layers, encoder: how many layers the encoder has, and its name for the message.
    received: by layer, float32 `(windows, heads, wordpieces)`.
    RETURNS: float32 `(windows, wordpieces, rows)`.
    RAISES: ValueError for a layer that the encoder does not have.
    """
    wanted = [received[layer] for layer in request.layer_numbers(layers, encoder)]
    if request.rows == "layers":
        wanted = [layer.mean(dim=1, keepdim=True) for layer in wanted]
    return torch.cat(wanted, dim=1).transpose(1, 2).contiguous()


def column_sums(attention: Tensor, attention_mask: Tensor) -> Tensor:
    """Attention received, out of whole attention matrices, padding excluded.

    attention: `(windows, heads, wordpieces, wordpieces)`.
    attention_mask: float32 `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
    RETURNS: float32 `(windows, heads, wordpieces)`.
    """
    # Padding that may attend to nothing gives NaN, which a weight of 0 would not take out.
    is_padding = (attention_mask == 0)[:, None, :, None]
    with torch.autocast(attention.device.type, enabled=False):
        counted = attention.float()
        if is_padding.any():
            counted = counted.masked_fill(is_padding, 0.0)
        return (attention_mask[:, None, None, :] @ counted).squeeze(2)


class AttentionObserver(TorchFunctionMode):
    """Watches the attention of one forward pass; make one for each and use it as a context manager.

    layers: the layers whose attention received is wanted, as numbers from 0 in the order of the calls.
    attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding. Padding gives no
        attention, so that a text's result does not depend on its batch.

    After the pass, `calls` is the number of attention calls seen and `received` maps each wanted layer to
    float32 `(windows, heads, wordpieces)`.
    """

    def __init__(self, layers: Iterable[int], attention_mask: Tensor) -> None:
        super().__init__()
        self.layers = frozenset(layers)
        self.queries = attention_mask.to(torch.float32)
        self.calls = 0
        self.received: dict[int, Tensor] = {}

    def sums(self, attention: Tensor) -> Tensor:
        """The column sums of this pass's attention matrices: see `column_sums`."""
        return column_sums(attention, self.queries)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            self._see_scaled_dot_product(*args, **kwargs)
        elif func in _SOFTMAXES and self._is_attention(result):
            self._see(lambda: self.sums(result))
        return result

    def _see_scaled_dot_product(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> None:
        windows, wordpieces = self.queries.shape
        if query.dim() == 4 and query.shape == key.shape and query.shape[0::2] == (windows, wordpieces):
            self._see(lambda: attention_received(query, key, self.queries, attn_mask, is_causal, scale))

    def _is_attention(self, result: Tensor) -> bool:
        windows, wordpieces = self.queries.shape
        return result.dim() == 4 and (result.shape[0], *result.shape[2:]) == (windows, wordpieces, wordpieces)

    def _see(self, received: Callable[[], Tensor]) -> None:
        if self.calls in self.layers:
            self.received[self.calls] = received()
        self.calls += 1


def attention_received(
    query: Tensor,
    key: Tensor,
    weights: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """The column sums of scaled dot-product attention (Vaswani et al. 2017, equation 1).

    query, key: `(windows, heads, wordpieces, head width)`.
    weights: float32 `(windows, wordpieces)`, how much each query counts: 0 for padding.
    mask: bool (True: attend) or float (added to the scores), broadcast to
        `(windows, heads, wordpieces, wordpieces)`.
    is_causal: a query attends to itself and what is before it only.
    scale: what the scores are multiplied by; None for `1 / sqrt(head width)`.
    RETURNS: float32 `(windows, heads, wordpieces)`. Never more than `CHUNK_SCORES` scores, or one row of
        them, exist at a time.
    """
    windows, heads, length, width = query.shape
    if is_causal:
        mask = torch.ones(length, length, dtype=torch.bool, device=query.device).tril()
    if mask is not None:
        mask = mask if mask.dtype == torch.bool else mask.float().clamp(min=NEVER)
        mask = mask.expand(windows, heads, length, length)
    scale = width**-0.5 if scale is None else scale
    received = torch.zeros(windows, heads, length, dtype=torch.float32, device=query.device)
    # Sums of attention are compared with each other: in half precision many would be equal.
    with torch.autocast(query.device.type, enabled=False):
        for window, head, queries in _chunks(windows, heads, length):
            asking = query[window, head, queries].float()
            scores = asking @ key[window, head].float().transpose(-1, -2) * scale
            scores = scores if mask is None else _masked(scores, mask[window, head, queries])
            given = weights[window, None, None, queries] @ scores.softmax(dim=-1)
            received[window, head] += given.squeeze(2)
    return received


def _chunks(windows: int, heads: int, length: int) -> Iterator[tuple[slice, slice, slice]]:
    """Windows, heads and queries that together have at most `CHUNK_SCORES` scores, or one query's."""
    queries_a_time = max(1, min(length, CHUNK_SCORES // length))
    heads_a_time = max(1, min(heads, CHUNK_SCORES // (length * queries_a_time)))
    windows_a_time = max(1, min(windows, CHUNK_SCORES // (length * queries_a_time * heads_a_time)))
    for window in range(0, windows, windows_a_time):
        for head in range(0, heads, heads_a_time):
            for query in range(0, length, queries_a_time):
                yield (
                    slice(window, window + windows_a_time),
                    slice(head, head + heads_a_time),
                    slice(query, query + queries_a_time),
                )


def _masked(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.masked_fill(~mask, NEVER) if mask.dtype == torch.bool else scores + mask
