"""What is asked of an encoder, by all who read it, and the answers out of one forward pass (torch)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..settings import layer_numbers
from .attention import AttentionObserver


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
        return layer_numbers(self.layers, layers, encoder)

    def pair_layers(self, layers: int, encoder: str) -> list[int]:
        """The layers whose attention between words is wanted, as `layer_numbers`."""
        return layer_numbers(self.pairs, layers, encoder)

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


class Request(NamedTuple):
    """What one reader wants of an encoder.

    attention: the rows of attention, and the attention between words.
    bfloat16: have it run in bfloat16, where the device is made for it; all outputs are float32. It holds for
        all readers if one asks for it.
    """

    attention: AttentionRequest
    bfloat16: bool


class EncoderSize(NamedTuple):
    """What there is to know of an encoder.

    name: its class, and where it is from, for messages.
    layers, heads: how many it has, and how many heads a layer.
    width: the width of its embeddings.
    intermediate_width: the width of its widest activation.
    """

    name: str
    layers: int
    heads: int
    width: int
    intermediate_width: int


class Requests(NamedTuple):
    """All requests of one forward pass: they may change from one to the next, but not within.

    by_key: under a name of their own.
    size: of the encoder.
    """

    by_key: Mapping[str, Request]
    size: EncoderSize

    def observer(self, attention_mask: Tensor) -> AttentionObserver:
        """An observer of all that is asked for.

        attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
        RAISES: ValueError for a layer that the encoder lacks.
        """
        layers: set[int] = set()
        pair_layers: set[int] = set()
        for request in self.by_key.values():
            layers.update(request.attention.layer_numbers(self.size.layers, self.size.name))
            pair_layers.update(request.attention.pair_layers(self.size.layers, self.size.name))
        return AttentionObserver(layers, attention_mask, pair_layers)

    def answers(self, static: Tensor, attention: AttentionObserver) -> dict[str, tuple[Tensor, Tensor]]:
        """What each request gets of every wordpiece, under its key.

        static: the embedding output, `(windows, wordpieces, width)`.
        attention: after the pass.
        RETURNS: the embedding output and the rows, float32 `(windows, wordpieces, rows)`.
        RAISES: ValueError where a layer has not as many heads as the encoder's config says.
        """
        for received in attention.received.values():
            if received.shape[1] != self.size.heads:
                raise ValueError(
                    f"The attention of the encoder '{self.size.name}' has {received.shape[1]} heads, "
                    f"expected {self.size.heads}, as its config says. Take an encoder with standard "
                    "self-attention."
                )
        return {
            key: (
                static,
                request_rows(request.attention, self.size.layers, self.size.name, attention.received),
            )
            for key, request in self.by_key.items()
        }

    def pairs(self, attention: AttentionObserver) -> dict[str, Tensor]:
        """The attention between wordpieces, float32 `(windows, wordpieces, wordpieces)`, under the
        `pairs_key` of each request that wants it."""
        found = {
            pairs_key(key): request_pairs(
                request.attention, self.size.layers, self.size.name, attention.means
            )
            for key, request in self.by_key.items()
        }
        return {key: pairs for key, pairs in found.items() if pairs is not None}

    def pair_dimensions(self) -> dict[str, tuple[int, ...]]:
        """The dimensions of what `pairs` gives that are as long as the longest window."""
        return {pairs_key(key): (1, 2) for key in self.by_key}

    def columns(self) -> dict[str, int]:
        """How many rows of attention each request gets, by key."""
        layers, heads, name = self.size.layers, self.size.heads, self.size.name
        return {key: request.attention.row_count(layers, heads, name) for key, request in self.by_key.items()}


def pairs_key(key: str) -> str:
    """Under which the attention between wordpieces is handed on, for a request's own key."""
    return f"{key}_pairs"
