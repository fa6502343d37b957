"""Pipelines of a transformer and a trend vector."""

from pathlib import Path
from typing import Any

import spacy
from spacy import Language

from tests.support.windows import STRIDED


def make_pipeline(
    encoder: str | Path,
    config: dict[str, Any] | None,
    get_spans: dict[str, Any] = STRIDED,
    transformer_config: dict[str, Any] | None = None,
) -> Language:
    """A pipeline with weights: sentencizer, transformer and, unless its config is None, trend_vector."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    model = {"name": str(encoder), "get_spans": get_spans, "transformer_config": transformer_config or {}}
    nlp.add_pipe("transformer", config={"model": model})
    if config is not None:
        nlp.add_pipe("trend_vector", config=config)
    nlp.initialize()
    return nlp


def encoder_of(nlp: Language) -> Any:
    """The Hugging Face encoder of a pipeline."""
    return nlp.get_pipe("transformer").model.transformer
