from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import Language

from spacy_trend.console import msg


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the processor is said to be good for: `obstacle` and `share`."""
    said = {"obstacle": None, "share": 0.25}
    monkeypatch.setattr("spacy_trend.doctor.machine.bfloat16_obstacle", lambda device: said["obstacle"])
    monkeypatch.setattr("spacy_trend.doctor.machine.bfloat16_time", lambda *args: said["share"])
    return said


@pytest.fixture(autouse=True)
def in_one_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msg, "show_color", False)


@pytest.fixture
def make(tiny_encoder: Path) -> Callable[..., Language]:
    """A function that makes a pipeline of a transformer and, unless None is given, trend_vector."""

    def make_nlp(config: dict[str, Any] | None, encoder: Path = tiny_encoder, **model: Any) -> Language:
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(encoder), **model}})
        if config is not None:
            nlp.add_pipe("trend_vector", config=config)
        nlp.initialize()
        return nlp

    return make_nlp
