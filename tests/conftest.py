from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy import Language
from transformers import AutoTokenizer, BertConfig, BertModel

from spacy_trend import bundled_encoder

STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}


#: For a Python of its own, as pytest has it here: see `filterwarnings` in pyproject.toml.
WARNINGS_ARE_ERRORS = [
    *("-W", "error"),
    *("-W", "ignore:`torch.jit.script` is deprecated:DeprecationWarning"),
]

#: A change without a logarithm, which would amplify the noise between one forward pass and another.
DIFFERENCE = {"change": {"@misc": "spacy-trend-tests.difference.v1"}}


@spacy.registry.misc("spacy-trend-tests.difference.v1")
def difference() -> Callable[[Any, Any], Any]:
    return subtract


def subtract(static: Any, contextual: Any) -> Any:
    return contextual - static


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random BERT of 2 layers, 4 heads and width 32, with the bundled encoder's tokenizer."""
    path = tmp_path_factory.mktemp("tiny-bert")
    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    BertModel(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def make_nlp() -> Callable[..., Language]:
    """A function that makes a pipeline: sentencizer, transformer and, unless None is given, trend_vector."""

    def make(
        encoder: str | Path,
        config: dict[str, Any] | None,
        get_spans: dict[str, Any] = STRIDED,
        transformer_config: dict[str, Any] | None = None,
    ) -> Language:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        model = {
            "name": str(encoder),
            "get_spans": get_spans,
            "transformer_config": transformer_config or {},
        }
        nlp.add_pipe("transformer", config={"model": model})
        if config is not None:
            nlp.add_pipe("trend_vector", config=config)
        nlp.initialize()
        return nlp

    return make


@pytest.fixture(scope="session")
def nlp(make_nlp: Callable[..., Language]) -> Iterator[Language]:
    """The bundled encoder with default settings; not to be changed by a test."""
    nlp = make_nlp(bundled_encoder(), {})
    names = list(nlp.component_names)
    yield nlp
    assert nlp.component_names == names


@pytest.fixture
def tiny(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    """A fresh pipeline with the tiny encoder and default settings."""
    return make_nlp(tiny_encoder, {})


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
