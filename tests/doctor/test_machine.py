"""Whether bfloat16 pays on this machine."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from spacy import Language

from spacy_trend.doctor import examine
from spacy_trend.encoder.bfloat16 import bfloat16_time
from tests.support.findings import about


@pytest.mark.filterwarnings("ignore:precision='bfloat16' is not used")
@pytest.mark.parametrize(
    ("precision", "obstacle", "share", "status", "text"),
    [
        ("model", None, 0.25, "ok", "pays on this device (cpu): a matrix product"),
        ("bfloat16", None, 0.25, "ok", "It is used"),
        (
            "model",
            "no such units",
            0.25,
            "ok",
            "does not pay on this device (cpu): no such units. It is not used",
        ),
        ("bfloat16", "no such units", 0.25, "warning", "does not pay on this device (cpu): no such units"),
        ("bfloat16", None, 1.5, "warning", "takes 1.50 of the time of float32"),
    ],
)
def test_bfloat16(
    make: Callable[..., Language],
    monkeypatch: pytest.MonkeyPatch,
    timed: dict[str, Any],
    precision: str,
    obstacle: str | None,
    share: float,
    status: str,
    text: str,
) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: obstacle)
    timed.update(obstacle=obstacle, share=share)
    found = about("bfloat16", examine(make({"precision": precision})))
    assert found.status == status
    assert text in found.text


def test_bfloat16_is_measured() -> None:
    assert 0.01 < bfloat16_time(torch.device("cpu"), 64, 128) < 1000
