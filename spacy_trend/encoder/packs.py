"""Packs: the windows of a batch one after another as a single window, so that nothing goes into padding.

The layers of an encoder but attention treat each wordpiece by itself, so they need not know where a window
ends; attention is answered for windows of each length together, on views of the packed tensors.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..types import Ints
from .attention import AttentionObserver, scores_at_once
from .buckets import to_device


class CannotPackError(ValueError):
    """An encoder computes its attention in a way that cannot be answered for a pack."""


class Group(NamedTuple):
    """The windows of one length in a pack.

    Attributes:
        windows: which of the pack's windows.
        wordpieces: which of the pack's wordpieces.
        length: of each window.
    """

    windows: slice
    wordpieces: slice
    length: int


class Pack(NamedTuple):
    """Windows of a batch, in the order of their lengths, one after another.

    Attributes:
        groups: the windows of each length.
        windows: int64 `(windows,)`, their positions in the batch.
        places: int64 `(wordpieces,)`, the position of each wordpiece in the flattened batch.
        positions: int64 `(wordpieces,)`, its position in its window, from 0.
    """

    groups: list[Group]
    windows: Tensor
    places: Tensor
    positions: Tensor


def packs_of(lengths: Ints, wordpieces: int, most: int, device: torch.device) -> list[Pack]:
    """Cut the windows of a batch into packs.

    Args:
        lengths: int64 `(windows,)`, the wordpieces of each window, one or more.
        wordpieces: those of the padded batch, in each window.
        most: how many wordpieces a pack should have at most; a window is never cut.
        device: where the tensors shall be.

    Returns:
        packs of about the same number of wordpieces, those of short windows first.
    """
    order = np.argsort(lengths, kind="stable")
    ends = np.cumsum(lengths[order])
    pieces = max(1, -(-int(ends[-1]) // most))
    # A window belongs to the pack that holds its middle.
    numbers = (ends - lengths[order] / 2) * pieces // ends[-1]
    return [_pack(order[numbers == number], lengths, wordpieces, device) for number in np.unique(numbers)]


def _pack(windows: Ints, lengths: Ints, wordpieces: int, device: torch.device) -> Pack:
    of_windows = lengths[windows]
    distinct, counts = np.unique(of_windows, return_counts=True)
    groups, window, wordpiece = [], 0, 0
    for length, count in zip(distinct.tolist(), counts.tolist(), strict=True):
        size = length * count
        groups.append(Group(slice(window, window + count), slice(wordpiece, wordpiece + size), length))
        window, wordpiece = window + count, wordpiece + size
    starts = np.cumsum(of_windows) - of_windows
    positions = np.arange(of_windows.sum()) - np.repeat(starts, of_windows)
    places = np.repeat(windows * wordpieces, of_windows) + positions
    tensors = (to_device(array, device) for array in (windows, places, positions))
    return Pack(groups, *tensors)


class PackedAttention(AttentionObserver):
    """An observer that answers the attention calls of a pass over a pack.

    A layer that is wanted is computed once, for its output and its sums.

    Args:
        layers: as for `AttentionObserver`.
        pack: the pack.
        longest: wordpieces of the padded batch, in each window.
        mutual_layers: as for `AttentionObserver`.

    Attributes:
        received: for each wanted layer, float32 `(1, heads, wordpieces of the pack)`.
        mutual: for each of `mutual_layers`, float32 `(windows of the pack, longest, longest)`.
    """

    def __init__(
        self, layers: Iterable[int], pack: Pack, longest: int, mutual_layers: Iterable[int] = frozenset()
    ) -> None:
        super().__init__(layers, torch.ones(1, len(pack.places), device=pack.places.device), mutual_layers)
        self.pack = pack
        self.longest = longest

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self.is_over or func is not F.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        return self._answer(*args, **(kwargs or {}))

    def _answer(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        expected = (1, query.shape[1], len(self.pack.places), query.shape[-1])
        if not query.shape == key.shape == value.shape == expected or attn_mask is not None or is_causal:
            raise CannotPackError(f"Got attention of {tuple(query.shape)}, expected {expected} and no mask.")
        _, heads, wordpieces, width = expected
        # As the encoder reads it afterwards: the heads of a wordpiece side by side.
        output = query.new_empty(1, wordpieces, heads, width).transpose(1, 2)
        is_wanted = self._is_wanted(self.calls)
        if is_wanted:
            self._start(self.calls, heads)
        for group in self.pack.groups:
            asks, is_asked, gives = (_windows(tensor, group) for tensor in (query, key, value))
            if is_wanted:
                answer = self._attend(asks, is_asked, gives, group, scale)
            else:
                answer = F.scaled_dot_product_attention(asks, is_asked, gives, scale=scale)
            _windows(output, group).copy_(answer)
        self.calls += 1
        return output

    def _start(self, layer: int, heads: int) -> None:
        wordpieces, windows = len(self.pack.places), len(self.pack.windows)
        self.received[layer] = self.queries.new_empty(1, heads, wordpieces)
        if layer in self.mutual_layers:
            self.mutual[layer] = self.queries.new_zeros(windows, self.longest, self.longest)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, group: Group, scale: float | None) -> Tensor:
        """Return the attention of the windows of a group, and keep its sums.

        Args:
            query: `(windows, heads, length, head width)`.
            key: likewise.
            value: likewise.
            group: the group.
            scale: the factor of the scores; None for `1 / sqrt(head width)`.
        """
        windows, heads, length, width = query.shape
        received = _windows(self.received[self.calls][..., None], group)[..., 0]
        factor = width**-0.5 if scale is None else scale
        answers = []
        everyone = self.queries.new_ones(1, length)
        at_a_time = max(1, scores_at_once(query.device) // (heads * length * length))
        for first in range(0, windows, at_a_time):
            part = slice(first, first + at_a_time)
            scores = query[part].float() @ key[part].float().transpose(-1, -2) * factor
            attention = scores.softmax(dim=-1)
            # As a product, which is rounded less than a sum along a dimension.
            received[part] = (everyone @ attention).squeeze(2)
            if self.calls in self.mutual_layers:
                start = group.windows.start + first
                mean = attention.mean(dim=1)
                self.mutual[self.calls][start : start + len(mean), :length, :length] = mean
            answers.append(attention.to(value.dtype) @ value[part])
        return torch.cat(answers)


def _windows(tensor: Tensor, group: Group) -> Tensor:
    """Return the windows of a group out of a packed tensor, as a view.

    Args:
        tensor: `(1, heads, wordpieces of the pack, width)`.
        group: the group.

    Returns:
        `(windows, heads, length, width)`.
    """
    packed = tensor[0, :, group.wordpieces]
    heads, _, width = packed.shape
    return packed.view(heads, -1, group.length, width).transpose(0, 1)
