import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from hypothesis import settings
from spacy import Language

from spacy_trend import bundled_encoder
from spacy_trend.reports import scores
from tests.support import changes
from tests.support.encoders import save_bert
from tests.support.pipelines import make_pipeline

# Registers the functions that configs of tests name.
assert changes

settings.register_profile("default", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Draw few examples unless the slow tests run, or the environment names another profile."""
    runs_slow = "not slow" not in str(config.getoption("markexpr"))
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if runs_slow else "default"))
    if not runs_slow:
        # Small encoders compute faster so, and what has to be shown with more threads is not shown by them.
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random BERT of 2 layers, 4 heads and width 32, with the bundled encoder's tokenizer."""
    return save_bert(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="session")
def make_nlp() -> Callable[..., Language]:
    """A function that makes a pipeline: sentencizer, transformer and, unless None is given, trend_vector."""
    return make_pipeline


@pytest.fixture(scope="session")
def shared_nlp(tiny_encoder: Path) -> Iterator[Callable[..., Language]]:
    """A function that gives a pipeline of the tiny encoder, each made once; a test may not change it."""
    made: dict[str, tuple[Language, list[str]]] = {}

    def share(config: dict[str, Any] | None, *args: Any, **settings: Any) -> Language:
        key = json.dumps([config, args, settings], sort_keys=True)
        if key not in made:
            nlp = make_pipeline(tiny_encoder, config, *args, **settings)
            made[key] = nlp, list(nlp.pipe_names)
        return made[key][0]

    yield share
    for nlp, names in made.values():
        assert nlp.pipe_names == names


@pytest.fixture(scope="session")
def nlp() -> Iterator[Language]:
    """The bundled encoder with default settings; not to be changed by a test."""
    nlp = make_pipeline(bundled_encoder(), {})
    names = list(nlp.component_names)
    yield nlp
    assert nlp.component_names == names


@pytest.fixture(scope="session")
def default(shared_nlp: Callable[..., Language]) -> Language:
    """The tiny encoder with default settings; not to be changed by a test."""
    return shared_nlp({})


@pytest.fixture(scope="session")
def steady(shared_nlp: Callable[..., Language]) -> Language:
    """As `default`, but its vectors can be compared from one forward pass to another."""
    return shared_nlp(changes.DIFFERENCE)


@pytest.fixture
def tiny(tiny_encoder: Path) -> Language:
    """A fresh pipeline with the tiny encoder and default settings."""
    return make_pipeline(tiny_encoder, {})


@pytest.fixture
def with_stock_shims(tiny_encoder: Path) -> Language:
    """A pipeline with a trend vector, whose transformer got the shims back that it had before."""
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.initialize()
    nodes = list(nlp.get_pipe("transformer").model.walk())
    stock = [list(node.shims) for node in nodes]
    nlp.add_pipe("trend_vector")
    for node, shims in zip(nodes, stock, strict=True):
        node.shims[:] = shims
    return nlp


@pytest.fixture(scope="module")
def few_resamples() -> Iterator[None]:
    """Intervals are tested in test_scores.py; elsewhere they would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "RESAMPLES", 100)
        yield
