"""Requests to an encoder, and the answers to them from one forward pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..settings import Layers, layer_numbers
from .attention import AttentionObserver
from .packs import Pack, PackedAttention


class EncoderSize(NamedTuple):
    """The size of an encoder, and its name for messages.

    Attributes:
        name: its class and origin.
        layers: the number of its layers.
        heads: the number of attention heads in each layer.
        width: the width of its embeddings.
        intermediate_width: the width of its widest activation.
    """

    name: str
    layers: int
    heads: int
    width: int
    intermediate_width: int


@dataclass(frozen=True)
class AttentionRequest:
    """The attention that one reader asks for: rows of attention received, and mutual attention.

    Layers are given as in a setting; `spacy_trend.settings` explains layer numbers.

    Attributes:
        rows: "heads" for one row for each head of each layer; "layers" for one row for each layer, the mean
            of its heads.
        layers: the layers of the rows; None for all.
        mutual_layers: the layers whose mean is the mutual attention; None for all, empty for no mutual
            attention.
    """

    rows: str
    layers: Layers
    mutual_layers: Layers = ()

    def row_layers(self, size: EncoderSize) -> list[int]:
        """Return the layers of the rows, each as a number from 0.

        Args:
            size: the size of the encoder.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        return layer_numbers(self.layers, size.layers, size.name)

    def mutual_layer_numbers(self, size: EncoderSize) -> list[int]:
        """Return the layers of the mutual attention, each as a number from 0.

        Args:
            size: the size of the encoder.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        return layer_numbers(self.mutual_layers, size.layers, size.name)

    def row_count(self, size: EncoderSize) -> int:
        """Return the number of rows that an encoder of this size gives.

        Args:
            size: the size of the encoder.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        return len(self.row_layers(size)) * (size.heads if self.rows == "heads" else 1)

    def received_rows(self, size: EncoderSize, received: dict[int, Tensor]) -> Tensor:
        """Select the requested rows from the attention received in each layer.

        Args:
            size: the size of the encoder.
            received: by layer, float32 `(windows, heads, wordpieces)`.

        Returns:
            float32 `(windows, wordpieces, rows)`.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        wanted = [received[layer] for layer in self.row_layers(size)]
        if self.rows == "layers":
            wanted = [layer.mean(dim=1, keepdim=True) for layer in wanted]
        return torch.cat(wanted, dim=1).transpose(1, 2).contiguous()

    def mutual(self, size: EncoderSize, mutual: dict[int, Tensor]) -> Tensor | None:
        """Average the attention between wordpieces over the requested layers.

        Args:
            size: the size of the encoder.
            mutual: by layer, float32 `(windows, wordpieces, wordpieces)`, the mean of the heads.

        Returns:
            float32 `(windows, wordpieces, wordpieces)`, what each wordpiece (second dimension) gives to each
            (third); None if no mutual attention is requested.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        wanted = [mutual[layer] for layer in self.mutual_layer_numbers(size)]
        return torch.stack(wanted).mean(dim=0) if wanted else None


class Request(NamedTuple):
    """Everything that one reader asks of an encoder.

    Attributes:
        attention: the attention to hand on.
        contextual_layers: the layers whose mean output is wanted, see `settings`; the last alone is handed on
            anyway.
        bfloat16: run the encoder in bfloat16 if the device is made for it. One reader that asks decides for
            all; the outputs are float32 either way.
    """

    attention: AttentionRequest
    bfloat16: bool
    contextual_layers: Layers | str = (-1,)

    def averaged_layers(self, size: EncoderSize) -> list[int]:
        """Return the layers whose mean output is wanted, each as a number from 0; none for the last alone.

        Args:
            size: the size of the encoder.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        numbers = layer_numbers(self.contextual_layers, size.layers, size.name, "contextual_layers")
        return [] if set(numbers) == {size.layers - 1} else sorted(set(numbers))


class Requests(NamedTuple):
    """All requests that one forward pass answers.

    Requests come and go between passes; this is a snapshot, so that they cannot change during one.

    Attributes:
        by_key: each request under a key of its own.
        size: the size of the encoder.
    """

    by_key: Mapping[str, Request]
    size: EncoderSize

    def observer(self, attention_mask: Tensor) -> AttentionObserver:
        """Make an observer of all requested attention.

        Args:
            attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.

        Returns:
            an observer for one forward pass.

        Raises:
            ValueError: if the encoder lacks one of the layers.
        """
        layers, mutual_layers = self._observed_layers()
        return AttentionObserver(layers, attention_mask, mutual_layers)

    def packed_observer(self, pack: Pack, longest: int) -> PackedAttention:
        """Make an observer of all requested attention in a pack, as `observer` does.

        Args:
            pack: the windows.
            longest: the wordpieces of the padded batch, in each window.

        Returns:
            an observer for one forward pass.
        """
        layers, mutual_layers = self._observed_layers()
        return PackedAttention(layers, pack, longest, mutual_layers)

    def _observed_layers(self) -> tuple[set[int], set[int]]:
        layers: set[int] = set()
        mutual_layers: set[int] = set()
        for request in self.by_key.values():
            layers.update(request.attention.row_layers(self.size))
            mutual_layers.update(request.attention.mutual_layer_numbers(self.size))
        return layers, mutual_layers

    def answers(
        self, static: Tensor, outputs: Sequence[Tensor], attention: AttentionObserver
    ) -> dict[str, tuple[Tensor, ...]]:
        """Get the embedding output, the rows of attention and the mean of layers for each request.

        Args:
            static: the embedding output, `(windows, wordpieces, width)`.
            outputs: those of all layers, each `(windows, wordpieces, width)`.
            attention: the observer, after the pass.

        Returns:
            by key, the embedding output, the rows, float32 `(windows, wordpieces, rows)`, and, unless the
            last layer alone is wanted, the mean of the outputs of the layers that are.

        Raises:
            ValueError: if the number of heads in a layer is not the one in the encoder's config.
        """
        for received in attention.received.values():
            if received.shape[1] != self.size.heads:
                raise ValueError(
                    f"The attention of the encoder '{self.size.name}' has {received.shape[1]} heads, but its "
                    f"config says {self.size.heads}. Use an encoder with standard self-attention."
                )
        answers: dict[str, tuple[Tensor, ...]] = {}
        for key, request in self.by_key.items():
            averaged = [outputs[layer] for layer in request.averaged_layers(self.size)]
            rows = request.attention.received_rows(self.size, attention.received)
            answers[key] = (static, rows, mean_of(averaged)) if averaged else (static, rows)
        return answers

    def mutual(self, attention: AttentionObserver) -> dict[str, Tensor]:
        """Get the mutual attention for each request that asks for it.

        Args:
            attention: the observer, after the pass.

        Returns:
            by `mutual_key` of the request's key, float32 `(windows, wordpieces, wordpieces)`, see
            `AttentionRequest.mutual`.
        """
        found = {
            mutual_key(key): request.attention.mutual(self.size, attention.mutual)
            for key, request in self.by_key.items()
        }
        return {key: mutual for key, mutual in found.items() if mutual is not None}

    def mutual_dimensions(self) -> dict[str, tuple[int, ...]]:
        """Return which dimensions of the tensors of `mutual` are as long as the longest window, by key."""
        return {mutual_key(key): (1, 2) for key in self.by_key}

    def answer_widths(self) -> dict[str, list[int]]:
        """Return how wide each part of the answer to each request is, by key."""
        return {
            key: [
                self.size.width,
                request.attention.row_count(self.size),
                *([self.size.width] if request.averaged_layers(self.size) else []),
            ]
            for key, request in self.by_key.items()
        }


def mean_of(tensors: Sequence[Tensor]) -> Tensor:
    """Return the mean of tensors of one shape, in float32.

    Args:
        tensors: one or more, `(windows, wordpieces, width)` or any other shape; their sum runs, so that no
            copy of all of them is made.
    """
    total = tensors[0].to(torch.float32, copy=True)
    for tensor in tensors[1:]:
        total += tensor
    return total.div_(len(tensors))


def mutual_key(key: str) -> str:
    """Return the key of the mutual attention that belongs to a request's key."""
    return f"{key}_mutual"
