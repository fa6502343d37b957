"""Fingerprints of pipelines, which tell later whether results come from the same one."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from spacy import Language
from spacy_transformers import Transformer

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
