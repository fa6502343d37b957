from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_trend.encoder.buckets import RunCost, length_buckets

NO_LIMIT = 10**9
lengths_of_windows = st.lists(st.integers(1, 12), min_size=1, max_size=30)


def cost_of(buckets: list[list[int]], cost: RunCost) -> int:
    return sum(cost.call + max(cost.least, len(lengths) * max(lengths)) for lengths in buckets)


def cheapest(lengths: list[int], cost: RunCost) -> int:
    """The lowest cost of all ways to cut the windows at changes of length, each tried."""
    ordered = sorted(lengths)
    changes = [at for at in range(1, len(ordered)) if ordered[at] != ordered[at - 1]]
    costs = []
    for number in range(len(changes) + 1):
        for cuts in combinations(changes, number):
            edges = [0, *cuts, len(ordered)]
            costs.append(cost_of([ordered[a:b] for a, b in pairwise(edges)], cost))
    return min(costs)


@settings(deadline=None)
@given(lengths_of_windows, st.integers(0, 40), st.integers(1, 40))
def test_no_cut_costs_less(lengths: list[int], call: int, least: int) -> None:
    cost = RunCost(call, least, NO_LIMIT)
    buckets = length_buckets(lengths, cost)
    assert cost_of([[lengths[i] for i in bucket] for bucket in buckets], cost) == cheapest(lengths, cost)


@settings(deadline=None)
@given(lengths_of_windows, st.integers(0, 40), st.integers(1, 40), st.integers(1, 60))
def test_each_window_is_in_one_bucket_and_short_ones_come_first(
    lengths: list[int], call: int, least: int, most: int
) -> None:
    buckets = length_buckets(lengths, RunCost(call, least, most))
    assert sorted(np.concatenate(buckets).tolist()) == list(range(len(lengths)))
    for before, after in pairwise(buckets):
        assert max(lengths[i] for i in before) <= min(lengths[i] for i in after)
    for bucket in buckets:
        assert bucket.tolist() == sorted(bucket)
        assert len(bucket) == 1 or len(bucket) * max(lengths[i] for i in bucket) <= most + max(lengths)


def test_windows_of_one_length_stay_together() -> None:
    (bucket,) = length_buckets([7] * 100, RunCost(call=1, least=1, most=NO_LIMIT))
    assert bucket.tolist() == list(range(100))


def test_padding_that_costs_more_than_a_call_is_cut_off() -> None:
    buckets = length_buckets([10, 200, 10, 10], RunCost(call=50, least=1, most=NO_LIMIT))
    assert [bucket.tolist() for bucket in buckets] == [[0, 2, 3], [1]]


def test_padding_that_costs_less_than_a_call_stays() -> None:
    buckets = length_buckets([10, 12, 10, 11], RunCost(call=50, least=1, most=NO_LIMIT))
    assert [bucket.tolist() for bucket in buckets] == [[0, 1, 2, 3]]


def test_a_device_that_is_not_filled_runs_all_at_once() -> None:
    buckets = length_buckets([10, 200, 10, 10], RunCost(call=0, least=1000, most=NO_LIMIT))
    assert len(buckets) == 1


def test_buckets_beyond_the_caches_are_cut_in_equal_parts() -> None:
    buckets = length_buckets([100] * 5, RunCost(call=50, least=1, most=200))
    assert [bucket.tolist() for bucket in buckets] == [[0, 1], [2, 3], [4]]


def test_a_window_longer_than_the_caches_hold_is_run_alone() -> None:
    buckets = length_buckets([500, 500], RunCost(call=50, least=1, most=200))
    assert [bucket.tolist() for bucket in buckets] == [[0], [1]]


@pytest.mark.parametrize("lengths", [[], np.zeros(0, dtype=np.int64)])
def test_no_windows_are_no_buckets(lengths: list[int]) -> None:
    assert length_buckets(lengths, RunCost(1, 1, 1)) == []
