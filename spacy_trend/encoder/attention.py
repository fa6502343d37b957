"""Attention observed in a running forward pass.

While an `AttentionObserver` is active, it sees every attention call of its thread. The call itself runs
unchanged; for the layers that are wanted, the softmax is computed a second time, in chunks, and only its sums
are kept.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
import torch.overrides
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: How many attention scores to compute at once on a CPU: in float32 they fit into the cache of one core.
CPU_SCORES = 2**20
#: Elsewhere: 256 MB of float32, so that a batch of texts takes one chunk.
DEVICE_SCORES = 2**26
#: The score of a position that must not be attended to. With -inf, padding that attends to nothing gives NaN.
NEVER = torch.finfo(torch.float32).min
#: Without types.
_MODES: Any = torch.overrides
_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)


class AttentionSums(NamedTuple):
    """The sums kept of one layer's attention, without what padding gives.

    Attributes:
        received: float32 `(windows, heads, wordpieces)`, the column sums of each head.
        mutual: float32 `(windows, wordpieces, wordpieces)`, the mean of the heads: what each wordpiece
            (second dimension) gives to each (third); None if it was not asked for.
    """

    received: Tensor
    mutual: Tensor | None


class AttentionObserver(TorchFunctionMode):
    """A context manager that observes the attention of one forward pass.

    Args:
        layers: the layers whose attention received is wanted, as numbers from 0 in the order of the calls.
        attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding. What padding gives is
            left out, so that the result for a text does not depend on its batch.
        mutual_layers: the layers whose attention between wordpieces is wanted.

    Attributes:
        calls: the number of attention calls seen.
        received: for each wanted layer, float32 `(windows, heads, wordpieces)`.
        mutual: for each of `mutual_layers`, float32 `(windows, wordpieces, wordpieces)`.
        queries: the attention mask in float32.
        is_over: whether it has observed its pass; from then on it sees nothing.
    """

    def __init__(
        self, layers: Iterable[int], attention_mask: Tensor, mutual_layers: Iterable[int] = frozenset()
    ) -> None:
        super().__init__()
        self.layers = frozenset(layers)
        self.mutual_layers = frozenset(mutual_layers)
        self.queries = attention_mask.to(torch.float32)
        self.calls = 0
        self.is_over = False
        self.received: dict[int, Tensor] = {}
        self.mutual: dict[int, Tensor] = {}

    def take(self, layer: int, attention: Tensor) -> None:
        """Keep the sums of one layer's attention matrices.

        Args:
            layer: its number, from 0.
            attention: `(windows, heads, wordpieces, wordpieces)`.
        """
        self._keep(layer, sums_of_matrices(attention, self.queries, layer in self.mutual_layers))

    def __exit__(self, *error: object) -> None:
        # An interrupt may find it off torch's stack, from which torch takes a mode while it calls it.
        take_off([self])

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if self.is_over:
            return result
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
                with_mutual = self.calls in self.mutual_layers
                sums = sums_of_queries(query, key, self.queries, attn_mask, is_causal, scale, with_mutual)
                self._keep(self.calls, sums)
            self.calls += 1

    def _is_attention(self, result: Tensor) -> bool:
        windows, wordpieces = self.queries.shape
        return result.dim() == 4 and (result.shape[0], *result.shape[2:]) == (windows, wordpieces, wordpieces)

    def _is_wanted(self, layer: int) -> bool:
        return layer in self.layers or layer in self.mutual_layers

    def _keep(self, layer: int, sums: AttentionSums) -> None:
        self.received[layer] = sums.received
        if sums.mutual is not None:
            self.mutual[layer] = sums.mutual


def observers() -> list[AttentionObserver]:
    """Return the observers that are active in this thread."""
    return [mode for mode in _MODES._get_current_function_mode_stack() if isinstance(mode, AttentionObserver)]


def take_off(unwanted: Iterable[AttentionObserver]) -> None:
    """End observers of this thread, those that an interrupt left active, too; other modes stay.

    Args:
        unwanted: the observers, active or not.
    """
    numbers = set()
    for observer in unwanted:
        # After an interrupt, torch may put it on its stack again, as soon as the error's traceback is gone.
        observer.is_over = True
        numbers.add(id(observer))
    above: list[Any] = []
    while any(id(mode) in numbers for mode in _MODES._get_current_function_mode_stack()):
        above.append(_MODES._pop_mode())
    for mode in reversed(above):
        if id(mode) not in numbers:
            _MODES._push_mode(mode)


def sums_of_matrices(attention: Tensor, attention_mask: Tensor, with_mutual: bool = False) -> AttentionSums:
    """Return the sums of whole attention matrices.

    Args:
        attention: `(windows, heads, wordpieces, wordpieces)`.
        attention_mask: float32 `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
        with_mutual: also return the mean of the heads.
    """
    # Padding that attends to nothing gives NaN, which a weight of 0 would not remove.
    is_padding = (attention_mask == 0)[:, None, :, None]
    kind = attention.device.type
    # As in `sums_of_queries`.
    autocast = torch.is_autocast_enabled(kind)
    try:
        torch.set_autocast_enabled(kind, False)
        counted = attention.float()
        # On a CPU it is faster to look first; elsewhere it would be to wait for the device.
        if kind != "cpu" or is_padding.any():
            counted = counted.masked_fill(is_padding, 0.0)
        received = (attention_mask[:, None, None, :] @ counted).squeeze(2)
        return AttentionSums(received, counted.mean(dim=1) if with_mutual else None)
    finally:
        torch.set_autocast_enabled(kind, autocast)


def sums_of_queries(
    query: Tensor,
    key: Tensor,
    weights: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    with_mutual: bool = False,
) -> AttentionSums:
    """Return the sums of scaled dot-product attention (Vaswani et al. 2017, equation 1).

    At most `scores_at_once` scores, or the scores of one query, exist at a time.

    Args:
        query: `(windows, heads, wordpieces, head width)`.
        key: `(windows, heads, wordpieces, head width)`.
        weights: float32 `(windows, wordpieces)`, how much each query counts: 0 for padding.
        mask: bool (True: attend) or float (added to the scores), broadcast to
            `(windows, heads, wordpieces, wordpieces)`.
        is_causal: let a query attend only to itself and what stands before it.
        scale: the factor of the scores; None for `1 / sqrt(head width)`.
        with_mutual: also return the mean of the heads.
    """
    windows, heads, length, width = query.shape
    if is_causal:
        mask = torch.ones(length, length, dtype=torch.bool, device=query.device).tril()
    if mask is not None:
        mask = mask if mask.dtype == torch.bool else mask.float().clamp(min=NEVER)
        mask = mask.expand(windows, heads, length, length)
    scale = width**-0.5 if scale is None else scale
    received = torch.zeros(windows, heads, length, dtype=torch.float32, device=query.device)
    mutual = received.new_zeros(windows, length, length) if with_mutual else None
    # Sums of attention are compared with each other: in half precision many would be equal. Not by
    # torch.autocast, which after an interrupt never clears its cache again.
    kind = query.device.type
    autocast = torch.is_autocast_enabled(kind)
    try:
        torch.set_autocast_enabled(kind, False)
        for window, head, queries in _chunks(windows, heads, length, scores_at_once(query.device)):
            asking = query[window, head, queries].float()
            scores = asking @ key[window, head].float().transpose(-1, -2) * scale
            scores = scores if mask is None else _masked(scores, mask[window, head, queries])
            attention = scores.softmax(dim=-1)
            counted = weights[window, None, None, queries]
            received[window, head] += (counted @ attention).squeeze(2)
            if mutual is not None:
                mutual[window, queries] += attention.sum(dim=1) / heads * counted[:, 0].transpose(-1, -2)
    finally:
        torch.set_autocast_enabled(kind, autocast)
    return AttentionSums(received, mutual)


def scores_at_once(device: torch.device) -> int:
    """Return how many attention scores to compute at once on a device."""
    return CPU_SCORES if device.type == "cpu" else DEVICE_SCORES


def _chunks(windows: int, heads: int, length: int, scores: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cut windows, heads and queries into chunks of at most so many scores, or of one query."""
    queries_a_time = max(1, min(length, scores // length))
    heads_a_time = max(1, min(heads, scores // (length * queries_a_time)))
    windows_a_time = max(1, min(windows, scores // (length * queries_a_time * heads_a_time)))
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
