from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy import Language
from transformers.modeling_outputs import BaseModelOutputWithPoolingAndCrossAttentions

from spacy_trend.encoder.buckets import (
    NEVER_TOO_MANY,
    PADDED_DIMENSIONS,
    BatchOutput,
    RunCost,
    length_buckets,
    run_cost,
    take_windows,
    window_lengths,
)
from spacy_trend.encoder.hugging_face import output_of

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


@given(lengths_of_windows, st.integers(0, 40), st.integers(1, 40))
def test_no_cut_costs_less(lengths: list[int], call: int, least: int) -> None:
    cost = RunCost(call, least, NO_LIMIT)
    buckets = length_buckets(lengths, cost)
    assert cost_of([[lengths[i] for i in bucket] for bucket in buckets], cost) == cheapest(lengths, cost)


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


def test_lengths_are_counted_if_padding_is_at_the_end() -> None:
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    lengths = window_lengths(mask)
    assert lengths is not None
    assert lengths.tolist() == [3, 1, 0]


@pytest.mark.parametrize("window", [[0, 1, 1], [1, 0, 1]])
def test_other_padding_has_no_lengths(window: list[int]) -> None:
    assert window_lengths(torch.tensor([[1.0, 1.0, 1.0], window])) is None


def test_windows_are_taken_and_cut() -> None:
    ids = torch.arange(12).reshape(3, 4)
    taken = take_windows({"input_ids": ids, "return_dict": True}, torch.tensor([2, 0]), 2)
    assert taken["input_ids"].tolist() == [[8, 9], [0, 1]]
    assert taken["return_dict"] is True


def test_outputs_are_laid_back_with_zeros_for_padding() -> None:
    lengths = np.array([2, 2, 3])
    laid_back = BatchOutput(3, 4, {**PADDED_DIMENSIONS, "observed": (1,)})
    for windows, length in (([1], 2), ([2, 0], 3)):
        here = torch.tensor(windows)
        number = (here + 1).float()
        states = number[:, None, None].expand(-1, length, 2)
        output = {
            "last_hidden_state": states,
            "pooler_output": number[:, None].expand(-1, 5),
            "hidden_states": (states * 10, states * 100),
            "attentions": (number[:, None, None, None].expand(-1, 6, length, length),),
            "observed": (states * 2, number[:, None, None].expand(-1, length, 7)),
        }
        laid_back.fill(output, here, lengths[windows])
    whole = output_of(BaseModelOutputWithPoolingAndCrossAttentions, laid_back.fields)
    assert list(whole)[:2] == ["last_hidden_state", "pooler_output"]
    by_position = [[1, 1, 0, 0], [2, 2, 0, 0], [3, 3, 3, 0]]
    assert whole.last_hidden_state[..., 1].tolist() == by_position
    assert whole.pooler_output[:, 4].tolist() == [1, 2, 3]
    assert whole.hidden_states[1][..., 0].tolist() == [[value * 100 for value in row] for row in by_position]
    assert whole["observed"][0].shape == (3, 4, 2)
    assert whole["observed"][1][..., 6].tolist() == by_position
    (attention,) = whole.attentions
    assert attention.shape == (3, 6, 4, 4)
    assert attention[0, 0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0] * 4, [0] * 4]
    assert attention[2, 5].tolist() == [[3, 3, 3, 0], [3, 3, 3, 0], [3, 3, 3, 0], [0] * 4]


def cost_on(device: str, width: int = 384, dtype: torch.dtype = torch.float32) -> RunCost:
    return run_cost(width, 4 * width, torch.device(device), dtype)


def test_on_a_processor_the_bounds_follow_from_width_and_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    small, large = cost_on("cpu"), cost_on("cpu", width=768)
    assert (small.call, small.least, small.most) == (56, 1, 1365)
    assert (large.call, large.least, large.most) == (14, 1, 682)
    assert cost_on("cpu", dtype=torch.bfloat16) == RunCost(282, 1, 2730)


def test_a_gpu_that_is_not_filled_gets_its_batch_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = SimpleNamespace(multi_processor_count=132)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    cost = cost_on("cuda")
    # Of width 384, a multiprocessor's tile of 128 by 128 holds 42 wordpieces and two thirds.
    assert cost.least == 5632
    assert cost.most == NEVER_TOO_MANY
    lengths = np.random.default_rng(0).integers(5, 60, size=60)
    assert len(length_buckets(lengths, cost)) == 1


def test_other_devices_get_their_batch_whole() -> None:
    assert len(length_buckets([5, 500], cost_on("meta"))) == 1


def test_outputs_of_an_unknown_kind_have_the_batch_run_whole(
    make_nlp: Callable[..., Language], tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # For so small an encoder a call costs more than any padding.
    monkeypatch.setattr("spacy_trend.encoder.hugging_face.run_cost", lambda *_: RunCost(1, 1, NEVER_TOO_MANY))
    nlp = make_nlp(tiny_encoder, {})
    texts = ["Stop!", "She sold the old house in the village by the river. " * 4]
    encoder = nlp.get_pipe("transformer").model.transformer
    forward, shapes = encoder.forward, []

    def with_more(*args: Any, **kwargs: Any) -> Any:
        # Not the short passes in which the encoder is compared with its own report.
        if kwargs.get("output_hidden_states"):
            shapes.append(tuple(kwargs["input_ids"].shape))
        output = forward(*args, **kwargs)
        output["of_the_batch"] = torch.ones(1)
        return output

    monkeypatch.setattr(encoder, "forward", with_more)
    for _ in range(2):
        short, _ = nlp.pipe(texts)
    # Once in vain to learn what the outputs are, then each batch at once.
    assert [windows for windows, _ in shapes] == [1, 2, 2]
    assert short._.trend_focus.text == "Stop"
