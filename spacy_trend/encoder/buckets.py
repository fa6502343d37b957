"""Length buckets: a padded batch run in parts of similar length, so that little time goes into padding.

A batch is padded to its longest window. Cut into buckets, each run at its own length, it takes less time,
unless the buckets are so small that their calls cost more than the padding they save.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..types import Ints

#: The dimensions of each output that are as long as the longest window; the first is always that of windows.
PADDED_DIMENSIONS: dict[str, tuple[int, ...]] = {
    "last_hidden_state": (1,),
    "pooler_output": (),
    "hidden_states": (1,),
    "attentions": (2, 3),
}
#: More wordpieces than any batch has.
NEVER_TOO_MANY = 2**40


class UnknownOutputError(ValueError):
    """An encoder's output has fields that cannot be put together from buckets."""


class RunCost(NamedTuple):
    """The cost of a forward pass beside its wordpieces, all counted in wordpieces.

    Attributes:
        call: the fixed cost of a call.
        least: a call with fewer wordpieces takes as long as one with this many: the device is not filled.
        most: with more wordpieces in a call, each takes longer: activations outgrow the caches.
    """

    call: int
    least: int
    most: int


def run_in_buckets(
    run: Callable[[Tensor, int], dict[str, Any]],
    attention_mask: Tensor,
    cost: RunCost,
    known: dict[str, tuple[int, ...]],
) -> dict[str, Any]:
    """Run an encoder over a padded batch, windows of similar length together.

    Args:
        run: takes int64 positions of windows and the length to cut them to, and returns the encoder's output.
        attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.
        cost: the cost of a call.
        known: the dimensions of the outputs that can be put together, as `PADDED_DIMENSIONS`.

    Returns:
        the output for the whole batch: what `run` returns if it is called once for all, else a dict.

    Raises:
        UnknownOutputError: if the output has other fields and the batch was not run whole.
    """
    lengths = window_lengths(attention_mask)
    device, (windows, wordpieces) = attention_mask.device, attention_mask.shape
    if lengths is None:
        return run(torch.arange(windows, device=device), wordpieces)
    whole = BatchOutput(windows, wordpieces, known)
    for bucket in length_buckets(lengths, cost):
        of_bucket = lengths[bucket]
        at = to_device(bucket, device)
        part = run(at, int(of_bucket.max()))
        if len(bucket) == windows and of_bucket.min() == wordpieces:
            return part
        if not set(part) <= set(known):
            raise UnknownOutputError(f"Got the outputs {list(part)}, expected only {sorted(known)}.")
        whole.fill(part, at, of_bucket)
    return whole.fields


def window_lengths(attention_mask: Tensor) -> Ints | None:
    """Count the wordpieces of each window, with a single wait for the device.

    Args:
        attention_mask: `(windows, wordpieces)`, 1 for a wordpiece and 0 for padding.

    Returns:
        int64 `(windows,)`; None if there is padding before or between wordpieces.
    """
    is_wordpiece = attention_mask.bool().cpu().numpy()
    lengths: Ints = is_wordpiece.sum(axis=1, dtype=np.int64)
    starts_with_all = np.arange(is_wordpiece.shape[1]) < lengths[:, None]
    return lengths if (is_wordpiece == starts_with_all).all() else None


def to_device(numbers: Ints, device: torch.device) -> Tensor:
    """Copy numbers to a device without waiting for it.

    Args:
        numbers: int64, of any shape.
        device: where to.

    Returns:
        a tensor of the same.
    """
    return torch.from_numpy(numbers).to(device, non_blocking=True)


def length_buckets(lengths: Sequence[int] | Ints, cost: RunCost) -> list[Ints]:
    """Cut windows into the buckets that cost least when run one after another.

    Of all ways to sort the windows by length and cut them where the length changes, none has a lower total of
    `call + max(least, windows in the bucket * their greatest length)`. After that, buckets beyond `most` are
    cut into equal parts.

    Args:
        lengths: int `(windows,)`, the wordpieces of each window.
        cost: the cost of a call.

    Returns:
        for each bucket the positions of its windows, int64, ascending; buckets of short windows first.
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


def run_cost(width: int, intermediate_width: int, device: torch.device, dtype: torch.dtype) -> RunCost:
    """Estimate the cost of an encoder's forward pass on a device.

    On a CPU, measured with all-MiniLM-L6-v2 (6 layers, width 384) on two cores: a call costs as much as 54
    wordpieces, which is 2 * 10^8 operations a layer, or 10^9 in half precision, because operations are faster
    there; a wordpiece costs least while the widest activation takes at most 4 MB a thread, and 15% more at
    12 MB.

    On a GPU, measured with the same encoder on an H100: launching the kernels of a layer takes as long as
    13 * 10^9 operations, and the device is filled when each multiprocessor has a tile of 128 by 128 of every
    matrix product.

    Args:
        width: the width of the encoder's embeddings.
        intermediate_width: the width of its widest activation.
        device: where it is.
        dtype: the type of its weights.

    Returns:
        the cost, counted in wordpieces.
    """
    operations = 4 * width * (2 * width + intermediate_width)
    if device.type == "cpu":
        is_half = dtype.itemsize == 2
        most = max(1, torch.get_num_threads() * 2**22 // (dtype.itemsize * intermediate_width))
        return RunCost(call=(10**9 if is_half else 2 * 10**8) // operations, least=1, most=most)
    if device.type == "cuda":
        processors = torch.cuda.get_device_properties(device).multi_processor_count
        least = processors * 128 * 128 // width
        return RunCost(call=13 * 10**9 // operations, least=least, most=NEVER_TOO_MANY)
    return RunCost(call=0, least=NEVER_TOO_MANY, most=NEVER_TOO_MANY)


def take_windows(inputs: dict[str, Any], windows: Tensor, length: int) -> dict[str, Any]:
    """Take the inputs of some windows, cut to a length.

    Args:
        inputs: the arguments of an encoder's call; tensors are `(windows, wordpieces)`.
        windows: int64 `(windows wanted,)`, their positions.
        length: how many wordpieces of each to keep.

    Returns:
        the same arguments, tensors `(windows wanted, length)`.
    """
    return {
        name: value[windows, :length] if isinstance(value, Tensor) else value
        for name, value in inputs.items()
    }


class BatchOutput:
    """The output for a whole batch, filled in bucket by bucket; padding is zero.

    Args:
        windows: how many the batch has.
        wordpieces: of its longest window.
        dimensions: the padded dimensions of each field, as `PADDED_DIMENSIONS`.

    Attributes:
        fields: what was filled in so far: tensors, or tuples of tensors, by name.
    """

    def __init__(self, windows: int, wordpieces: int, dimensions: dict[str, tuple[int, ...]]) -> None:
        self.windows = windows
        self.wordpieces = wordpieces
        self.dimensions = dimensions
        self.fields: dict[str, Any] = {}

    def fill(self, output: dict[str, Any], windows: Tensor, lengths: Ints) -> None:
        """Put the output for some windows in its place.

        Args:
            output: tensors, or tuples of tensors, with those windows first.
            windows: int64 `(those windows,)`, their positions in the whole batch.
            lengths: int64 `(those windows,)`, the wordpieces of each.
        """
        is_padding = None
        if lengths.min() < lengths.max():
            is_padding = to_device(lengths, windows.device)[:, None] <= torch.arange(
                int(lengths.max()), device=windows.device
            )
        for name, value in output.items():
            padded = self.dimensions[name]
            parts = (value,) if isinstance(value, Tensor) else value
            if name not in self.fields:
                empty = tuple(self._empty(part, padded) for part in parts)
                self.fields[name] = empty[0] if isinstance(value, Tensor) else empty
            wholes = (self.fields[name],) if isinstance(value, Tensor) else self.fields[name]
            for whole, part in zip(wholes, parts, strict=True):
                _put(whole, part, windows, padded, is_padding)

    def _empty(self, part: Tensor, padded: tuple[int, ...]) -> Tensor:
        shape = [self.windows, *part.shape[1:]]
        for dimension in padded:
            shape[dimension] = self.wordpieces
        return part.new_zeros(shape)


def _put(
    whole: Tensor, part: Tensor, windows: Tensor, padded: tuple[int, ...], is_padding: Tensor | None
) -> None:
    """Put a bucket's part of a tensor in its place.

    Args:
        whole: the tensor of the batch.
        part: its part.
        windows: int64 `(windows of the bucket,)`, their positions.
        padded: the dimensions that are padded.
        is_padding: bool `(windows of the bucket, wordpieces of the longest)`; None if there is no padding.
    """
    if is_padding is not None:
        for dimension in padded:
            shape = [len(windows)] + [1] * (part.dim() - 1)
            shape[dimension] = part.shape[dimension]
            part = part.masked_fill(is_padding.view(shape), 0.0)
    at: tuple[Any, ...] = (windows, *(slice(size) for size in part.shape[1:]))
    whole[at] = part
