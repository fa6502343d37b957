"""Which windows of a padded batch to run together, so that little time goes into padding.

A batch is padded to its longest window. Cut into buckets of similar length, each run at its own length, it
costs less, unless the buckets are so small that calls cost more than the padding they save.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .segments import Ints


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
