"""Attention out of a running forward pass (torch).

While an `AttentionObserver` is active, every attention call of the current thread passes through it: the
call itself runs unchanged, and its softmax is computed again, in pieces, only for the layers asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .attention_sums import AttentionSums, sums_of_matrices, sums_of_queries

_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)


@dataclass(frozen=True)
class AttentionRequest:
    """The attention that somebody wants: received, in rows, and between words.

    rows: "heads": one row for each head of each layer; "layers": one row a layer, the mean of its heads.
    layers: numbers of layers from 0, negative ones counted from the last; a fraction between 0 and 1 is a
        part of the way up, 0.5 is layer 3 of 6; None for all.
    pairs: the layers, likewise, whose mean is the attention between words; empty for none.
    """

    rows: str
    layers: tuple[int | float, ...] | None
    pairs: tuple[int | float, ...] | None = ()

    def layer_numbers(self, layers: int, encoder: str) -> list[int]:
        """The layers of the rows, of an encoder that has `layers` of them; 0 is the first.

        encoder: its name, for the message.
        RAISES: ValueError for a layer that the encoder does not have.
        """
        return _layer_numbers(self.layers, layers, encoder)

    def pair_layers(self, layers: int, encoder: str) -> list[int]:
        """The layers whose attention between words is wanted, as `layer_numbers`."""
        return _layer_numbers(self.pairs, layers, encoder)

    def row_count(self, layers: int, heads: int, encoder: str) -> int:
        """How many rows the request gives on an encoder with so many layers and heads.

        encoder: its name, for the message.
        RAISES: ValueError for a layer that the encoder does not have.
        """
        return len(self.layer_numbers(layers, encoder)) * (heads if self.rows == "heads" else 1)


def _layer_numbers(wanted: tuple[int | float, ...] | None, layers: int, encoder: str) -> list[int]:
    if wanted is None:
        return list(range(layers))
    # Without the small sum, 0.58 of 50 would be 28, as floating-point numbers have it.
    numbers = [int(layer * layers + 1e-9) if 0 < layer < 1 else int(layer) for layer in wanted]
    for layer in numbers:
        if not -layers <= layer < layers:
            raise ValueError(
                f"layer={layer} is out of range: the encoder '{encoder}' has {layers} layers. Expected "
                f"a number from 0 to {layers - 1}, or from -{layers} to -1 counted from the last. "
                "Change the layer in the setting 'select'."
            )
    return [layer % layers for layer in numbers]


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


def request_pairs(
    request: AttentionRequest, layers: int, encoder: str, means: dict[int, Tensor]
) -> Tensor | None:
    """The attention between wordpieces that a request wants: the mean of heads and layers.

    means: by layer, float32 `(windows, wordpieces, wordpieces)`.
    RETURNS: the same shape, what each wordpiece (second dimension) gives to each (third); None for none.
    RAISES: ValueError for a layer that the encoder does not have.
    """
    wanted = [means[layer] for layer in request.pair_layers(layers, encoder)]
    return torch.stack(wanted).mean(dim=0) if wanted else None


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
