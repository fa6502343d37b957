from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from spacy import Language

from spacy_trend.encoder.buckets import NEVER_TOO_MANY, RunCost, length_buckets, run_cost


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
    assert cost.least == 132 * 128 * 128 // 384
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
