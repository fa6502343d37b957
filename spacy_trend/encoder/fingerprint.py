"""What a pipeline is, as a digest, so that what it made before is known to be of the same one."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from spacy import Language
from spacy_transformers import Transformer

from .transformer import has_weights, shim_of


def fingerprint(nlp: Language) -> str:
    """A digest of a pipeline's settings and weights (SHA-256), the same in every process and wherever the
    pipeline was loaded from. spaCy's version is no part of it."""
    digest = sha256(nlp.config.to_bytes())
    with _without_origin(nlp):
        # One after another: `nlp.to_bytes` holds all of them at once, several times.
        for name, part in [("tokenizer", nlp.tokenizer), *nlp.components]:
            if hasattr(part, "to_bytes"):
                digest.update(name.encode())
                digest.update(part.to_bytes(exclude=["vocab"]))
    return digest.hexdigest()


@contextmanager
def _without_origin(nlp: Language) -> Iterator[None]:
    """Leave out of what is saved which folder each encoder is from: that of a saved pipeline is a temporary
    one, another each time it is loaded."""
    models = [
        shim_of(pipe)._model
        for _, pipe in nlp.components
        if isinstance(pipe, Transformer) and has_weights(pipe)
    ]
    origins = [model.config.name_or_path for model in models]
    try:
        for model in models:
            model.config.name_or_path = ""
        yield
    finally:
        for model, origin in zip(models, origins, strict=True):
            model.config.name_or_path = origin
