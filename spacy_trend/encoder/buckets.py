"""Which windows of a padded batch to run together, so that little time goes into padding.

A batch is padded to its longest window. Cut into buckets of similar length, each run at its own length, it
costs less, unless the buckets are so small that calls cost more than the padding they save.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from ..types import Ints


class RunCost(NamedTuple):
    """What a forward pass costs beside its wordpieces, all counted in wordpieces.

    call: what a call costs whatever is in it.
    least: below this many, a call takes no less time, because the device is not filled.
    most: above this many, a wordpiece takes more time, because activations outgrow caches.
    """

    call: int
    least: int
    most: int


def length_buckets(lengths: Sequence[int] | Ints, cost: RunCost) -> list[Ints]:
    """Cut windows into buckets such that running them one bucket after another costs least.

    lengths: int `(windows,)`, wordpieces in each window.
    RETURNS: for each bucket the positions of its windows, int64, ascending; buckets of short windows first.
        Of all ways to cut the windows in order of length at changes of length, none has a lower total of
        `call + max(least, windows in the bucket * their greatest length)`; after that, buckets beyond `most`
        are cut in equal parts.
    """
    order = np.argsort(lengths, kind="stable")
    distinct, counts = np.unique(lengths, return_counts=True)
    ends = np.cumsum(counts)
    starts = np.concatenate([[0], ends])
    best = np.zeros(len(distinct) + 1)
    cut_before = np.zeros(len(distinct) + 1, dtype=np.int64)
    for last, length in enumerate(distinct):
        padded = (ends[last] - starts[: last + 1]) * length
        totals = best[: last + 1] + cost.call + np.maximum(cost.least, padded)
        cut_before[last + 1] = np.argmin(totals)
        best[last + 1] = totals.min()
    buckets: list[Ints] = []
    last = len(distinct)
    while last > 0:
        first = cut_before[last]
        windows = order[starts[first] : ends[last - 1]]
        pieces = min(len(windows), -(-len(windows) * int(distinct[last - 1]) // cost.most))
        buckets[:0] = [np.sort(piece) for piece in np.array_split(windows, pieces)]
        last = first
    return buckets


#: More wordpieces than any batch has.
NEVER_TOO_MANY = 2**40


def run_cost(width: int, intermediate_width: int, device: torch.device, dtype: torch.dtype) -> RunCost:
    """What a forward pass of an encoder costs, beside its wordpieces, on the device it is on.

    width, intermediate_width: the width of its embeddings, and of its widest activation.
    dtype: of its weights.

    On a CPU, measured with all-MiniLM-L6-v2 (6 layers, width 384) on two cores: a call costs as much as 54
    wordpieces, 2 * 10^8 operations a layer, and in half precision, where operations are faster, as 10^9; a
    wordpiece costs least where the widest activation is at most 4 MB a thread, and 15% more at 12 MB. On a
    GPU, not measured: launching the kernels of a layer takes as long as 5 * 10^9 operations, and a device is
    filled when each multiprocessor has a tile of 128 by 128 of every matrix product.
    """
    operations = 4 * width * (2 * width + intermediate_width)
    if device.type == "cpu":
        is_half = dtype.itemsize == 2
        most = max(1, torch.get_num_threads() * 2**22 // (dtype.itemsize * intermediate_width))
        return RunCost(call=(10**9 if is_half else 2 * 10**8) // operations, least=1, most=most)
    if device.type == "cuda":
        processors = torch.cuda.get_device_properties(device).multi_processor_count
        least = processors * 128 * 128 // width
        return RunCost(call=5 * 10**9 // operations, least=least, most=NEVER_TOO_MANY)
    return RunCost(call=0, least=NEVER_TOO_MANY, most=NEVER_TOO_MANY)


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
    laid_back = BatchOutput(attention_mask, known)
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


class BatchOutput:
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
