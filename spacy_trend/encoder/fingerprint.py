"""Fingerprints of pipelines, which tell later whether results come from the same one."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import torch
from spacy import Language
from spacy_transformers import Transformer

from .components import transformers_of
from .transformer import shim_of


def fingerprint(nlp: Language) -> str:
    """Compute a SHA-256 digest of a pipeline's settings and weights.

    It is the same in every process, wherever the pipeline was loaded from. spaCy's version is no part of it.

    Args:
        nlp: the pipeline.

    Returns:
        the digest in hexadecimal.
    """
    digest = sha256(nlp.config.to_bytes())
    with _without_origin(nlp):
        # One part after another: `nlp.to_bytes` holds all of them at once, several times.
        for name, part in [("tokenizer", nlp.tokenizer), *nlp.components]:
            if hasattr(part, "to_bytes"):
                digest.update(name.encode())
                digest.update(part.to_bytes(exclude=["vocab"]))
    return digest.hexdigest()


def glance(nlp: Language) -> tuple[Any, ...]:
    """Return what differs if components came or went, or weights were trained; far faster than a fingerprint.

    Of each weight of the encoders, it sees one number: training changes them all. It does not see changes of
    the tokenizer, of span getters, or of other components' settings.

    Args:
        nlp: the pipeline.

    Returns:
        names and numbers.
    """
    models = [shim_of(pipe)._model for pipe in transformers_of(nlp).values()]
    weights = [weight.detach() for model in models if model is not None for weight in model.parameters()]
    sampled = [weight.reshape(-1)[weight.numel() // 2].float() for weight in weights if weight.numel()]
    numbers = torch.stack(sampled).tolist() if sampled else []
    return (*nlp.pipe_names, *numbers)


@contextmanager
def _without_origin(nlp: Language) -> Iterator[None]:
    """Hide the folder that each encoder was loaded from: that of a saved pipeline is temporary."""
    models = [shim_of(pipe)._model for _, pipe in nlp.components if isinstance(pipe, Transformer)]
    loaded = [model for model in models if model is not None]
    origins = [model.config.name_or_path for model in loaded]
    try:
        for model in loaded:
            model.config.name_or_path = ""
        yield
    finally:
        for model, origin in zip(loaded, origins, strict=True):
            model.config.name_or_path = origin
