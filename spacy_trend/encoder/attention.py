"""Attention out of a running forward pass (torch).

While an `AttentionObserver` is active, every attention call of the current thread passes through it: the
call itself runs unchanged, and its softmax is computed again, in pieces, only for the layers asked for.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)

#: Attention scores computed at a time: 2^20 float32 numbers stay in the cache of one core.
CHUNK_SCORES = 2**20


#: The score of what must not be attended to. Not -inf: padding that may attend to nothing would give NaN.
NEVER = torch.finfo(torch.float32).min


class AttentionSums(NamedTuple):
    """What is kept of one layer's attention, padding excluded.

    received: the column sums of each head, float32 `(windows, heads, wordpieces)`.
    mean: the mean of the heads, float32 `(windows, wordpieces, wordpieces)`, what each wordpiece (second
        dimension) gives to each (third); None where it was not asked for.
    """

    received: Tensor
    mean: Tensor | None


def sums_of_matrices(attention: Tensor, attention_mask: Tensor, with_mean: bool = False) -> AttentionSums:
    """The sums of whole attention matrices.

    attention: `(windows, heads, wordpieces, wordpieces)`.
    attention_mask: float32 `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
    with_mean: whether the mean of the heads is wanted.
    """
    # Padding that may attend to nothing gives NaN, which a weight of 0 would not take out.
    is_padding = (attention_mask == 0)[:, None, :, None]
    with torch.autocast(attention.device.type, enabled=False):
        counted = attention.float()
        if is_padding.any():
            counted = counted.masked_fill(is_padding, 0.0)
        received = (attention_mask[:, None, None, :] @ counted).squeeze(2)
        return AttentionSums(received, counted.mean(dim=1) if with_mean else None)


def sums_of_queries(
    query: Tensor,
    key: Tensor,
    weights: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    with_mean: bool = False,
) -> AttentionSums:
    """The sums of scaled dot-product attention (Vaswani et al. 2017, equation 1).

    query, key: `(windows, heads, wordpieces, head width)`.
    weights: float32 `(windows, wordpieces)`, how much each query counts: 0 for padding.
    mask: bool (True: attend) or float (added to the scores), broadcast to
        `(windows, heads, wordpieces, wordpieces)`.
    is_causal: a query attends to itself and what is before it only.
    scale: what the scores are multiplied by; None for `1 / sqrt(head width)`.
    with_mean: whether the mean of the heads is wanted.
    RETURNS: the sums. Never more than `CHUNK_SCORES` scores, or one row of them, exist at a time.
    """
    windows, heads, length, width = query.shape
    if is_causal:
        mask = torch.ones(length, length, dtype=torch.bool, device=query.device).tril()
    if mask is not None:
        mask = mask if mask.dtype == torch.bool else mask.float().clamp(min=NEVER)
        mask = mask.expand(windows, heads, length, length)
    scale = width**-0.5 if scale is None else scale
    received = torch.zeros(windows, heads, length, dtype=torch.float32, device=query.device)
    mean = received.new_zeros(windows, length, length) if with_mean else None
    # Sums of attention are compared with each other: in half precision many would be equal.
    with torch.autocast(query.device.type, enabled=False):
        for window, head, queries in _chunks(windows, heads, length):
            asking = query[window, head, queries].float()
            scores = asking @ key[window, head].float().transpose(-1, -2) * scale
            scores = scores if mask is None else _masked(scores, mask[window, head, queries])
            attention = scores.softmax(dim=-1)
            counted = weights[window, None, None, queries]
            received[window, head] += (counted @ attention).squeeze(2)
            if mean is not None:
                mean[window, queries] += attention.sum(dim=1) / heads * counted[:, 0].transpose(-1, -2)
    return AttentionSums(received, mean)


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


class AttentionObserver(TorchFunctionMode):
    """Watches the attention of one forward pass; make one for each and use it as a context manager.

    layers: the layers whose attention received is wanted, as numbers from 0 in the order of the calls.
    attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding. Padding gives no
        attention, so that a text's result does not depend on its batch.
    pair_layers: the layers of which the mean of the heads is wanted.

    After the pass, `calls` is the number of attention calls seen, `received` maps each wanted layer to
    float32 `(windows, heads, wordpieces)`, and `means` each wanted one to float32
    `(windows, wordpieces, wordpieces)`.
    """

    def __init__(
        self, layers: Iterable[int], attention_mask: Tensor, pair_layers: Iterable[int] = frozenset()
    ) -> None:
        super().__init__()
        self.layers = frozenset(layers)
        self.pair_layers = frozenset(pair_layers)
        self.queries = attention_mask.to(torch.float32)
        self.calls = 0
        self.received: dict[int, Tensor] = {}
        self.means: dict[int, Tensor] = {}

    def take(self, layer: int, attention: Tensor) -> None:
        """Keep what is wanted of a layer, out of its attention matrices.

        layer: its number, from 0.
        attention: `(windows, heads, wordpieces, wordpieces)`.
        """
        self._keep(layer, sums_of_matrices(attention, self.queries, layer in self.pair_layers))

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            self._see_scaled_dot_product(*args, **kwargs)
        elif func in _SOFTMAXES and self._is_attention(result):
            if self._is_wanted(self.calls):
                self.take(self.calls, result)
            self.calls += 1
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
            if self._is_wanted(self.calls):
                is_paired = self.calls in self.pair_layers
                sums = sums_of_queries(query, key, self.queries, attn_mask, is_causal, scale, is_paired)
                self._keep(self.calls, sums)
            self.calls += 1

    def _is_attention(self, result: Tensor) -> bool:
        windows, wordpieces = self.queries.shape
        return result.dim() == 4 and (result.shape[0], *result.shape[2:]) == (windows, wordpieces, wordpieces)

    def _is_wanted(self, layer: int) -> bool:
        return layer in self.layers or layer in self.pair_layers

    def _keep(self, layer: int, sums: AttentionSums) -> None:
        self.received[layer] = sums.received
        if sums.mean is not None:
            self.means[layer] = sums.mean
