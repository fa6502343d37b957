"""Windows taken out of a padded batch, and what an encoder makes of them laid back in place (torch)."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from .buckets import RunCost, length_buckets

Output = TypeVar("Output", bound=dict[str, Any])

#: Of an encoder's outputs, all with windows first, the dimensions that are as long as the longest window.
PADDED_DIMENSIONS: dict[str, tuple[int, ...]] = {
    "last_hidden_state": (1,),
    "pooler_output": (),
    "hidden_states": (1,),
    "attentions": (2, 3),
}


def as_float32(output: Output) -> Output:
    """The same output with its tensors, and tuples of tensors, in float32."""
    for name, value in output.items():
        if isinstance(value, Tensor):
            output[name] = value.float()
        elif all(isinstance(part, Tensor) for part in value):
            output[name] = tuple(part.float() for part in value)
    return output


def window_lengths(attention_mask: Tensor) -> Tensor | None:
    """How many wordpieces each window has, int64 `(windows,)`; None unless all padding is at the end.

    attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
    """
    lengths = attention_mask.sum(dim=1).long()
    positions = torch.arange(attention_mask.shape[1], device=attention_mask.device)
    is_wordpiece = positions < lengths[:, None]
    return lengths if bool((attention_mask.bool() == is_wordpiece).all()) else None


def take_windows(inputs: dict[str, Any], windows: Tensor, length: int) -> dict[str, Any]:
    """The inputs of some windows, cut to a length.

    inputs: what an encoder is called with; tensors are `(windows, wordpieces)`.
    windows: int64 `(windows wanted,)`, their positions.
    length: wordpieces to keep of each.
    RETURNS: as `inputs`, tensors `(windows wanted, length)`.
    """
    return {
        name: value[windows, :length] if isinstance(value, Tensor) else value
        for name, value in inputs.items()
    }


class UnknownOutputError(ValueError):
    """An encoder has outputs of which it is not known how they stand to its windows."""


def run_in_buckets(
    run: Callable[[Tensor, int], dict[str, Any]],
    attention_mask: Tensor,
    cost: RunCost,
    known: dict[str, tuple[int, ...]],
) -> dict[str, Any]:
    """Run an encoder over the windows of a padded batch, those of similar length together.

    run: is given int64 positions of windows and a length to cut them to, and gives the outputs.
    attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
    known: the outputs that can be laid back, as `PADDED_DIMENSIONS`.
    RETURNS: the outputs of the whole batch: as `run` gives them where that is called once, else a dict.
    RAISES: UnknownOutputError where there are others, and the batch was not run whole.
    """
    lengths = window_lengths(attention_mask)
    device, (windows, wordpieces) = attention_mask.device, attention_mask.shape
    if lengths is None:
        return run(torch.arange(windows, device=device), wordpieces)
    laid_back = LaidBack(attention_mask, known)
    for bucket in length_buckets(lengths.tolist(), cost):
        at = torch.from_numpy(bucket).to(device)
        length = int(lengths[at].max())
        part = run(at, length)
        if len(bucket) == windows and length == wordpieces and bool((lengths == length).all()):
            return part
        if not set(part) <= set(known):
            raise UnknownOutputError(f"Got the outputs {list(part)}, expected none but {sorted(known)}.")
        laid_back.fill(part, at)
    return laid_back.fields


class LaidBack:
    """The outputs of a whole batch, filled in window by window; zeros where there is padding.

    attention_mask: `(windows, wordpieces)` of the whole batch, 1 for a wordpiece and 0 for padding.
    dimensions: of each output, as `PADDED_DIMENSIONS`.
    """

    def __init__(self, attention_mask: Tensor, dimensions: dict[str, tuple[int, ...]]) -> None:
        self.is_padding = attention_mask == 0
        self.dimensions = dimensions
        self.fields: dict[str, Any] = {}

    def fill(self, output: dict[str, Any], windows: Tensor) -> None:
        """Put the outputs of some windows in their places.

        output: tensors, or tuples of tensors, with those windows first.
        windows: int64 `(those windows,)`, their positions in the whole batch.
        """
        for name, value in output.items():
            padded = self.dimensions[name]
            parts = (value,) if isinstance(value, Tensor) else value
            if name not in self.fields:
                room = tuple(self._room_for(part, padded) for part in parts)
                self.fields[name] = room[0] if isinstance(value, Tensor) else room
            wholes = (self.fields[name],) if isinstance(value, Tensor) else self.fields[name]
            for whole, part in zip(wholes, parts, strict=True):
                self._put(whole, part, windows, padded)

    def _room_for(self, part: Tensor, padded: tuple[int, ...]) -> Tensor:
        windows, wordpieces = self.is_padding.shape
        shape = [windows, *part.shape[1:]]
        for dimension in padded:
            shape[dimension] = wordpieces
        return part.new_zeros(shape)

    def _put(self, whole: Tensor, part: Tensor, windows: Tensor, padded: tuple[int, ...]) -> None:
        for dimension in padded:
            is_padding = self.is_padding[windows, : part.shape[dimension]]
            if is_padding.any():
                shape = [len(windows)] + [1] * (part.dim() - 1)
                shape[dimension] = part.shape[dimension]
                part = part.masked_fill(is_padding.view(shape), 0.0)
        at: tuple[Any, ...] = (windows, *(slice(size) for size in part.shape[1:]))
        whole[at] = part
