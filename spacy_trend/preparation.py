"""What must be known and there before components after the trend vector can train."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from spacy import Language
from spacy_transformers import Transformer

from .architectures import tell_width
from .changes import changed_width
from .component import TrendVector
from .encoder import has_weights
from .pipeline import BUNDLED_ENCODER, ENCODER_PACKAGE


def prepare(nlp: Language, component: TrendVector) -> None:
    """Load the encoder of a frozen transformer, and tell models that read the vector how wide it is.

    nlp: the pipeline.
    component: one of its trend vectors.
    RAISES: ValueError where a model was made for vectors of another width.
    """
    if component.encoder is None:
        return
    _load(component.encoder.transformer, nlp)
    width = changed_width(component.change, component.encoder.width)
    pipes = [pipe for _, pipe in nlp.components]
    after = pipes[pipes.index(component) + 1 :]
    # What stands after the next trend vector reads that one.
    for pipe in takewhile(lambda pipe: not isinstance(pipe, TrendVector), after):
        tell_width(getattr(pipe, "model", None), width)


def load_transformers() -> Callable[[Language], None]:
    """A callback for `initialize.before_init`: loads the encoders of all transformers that have none yet.

    spaCy does not initialize frozen components, so a transformer that is built by the config and frozen would
    have no weights. Where there is a trend vector, it does this by itself. A frozen transformer of
    spacy-curated-transformers is left alone: have the config source it from a saved pipeline. Registered as
    `spacy-trend.load_transformers.v1`.
    """

    def load(nlp: Language) -> None:
        for _, pipe in nlp.components:
            _load(pipe, nlp)

    return load


def _load(pipe: Any, nlp: Language) -> None:
    _require_bundled_encoder(nlp)
    if isinstance(pipe, Transformer) and not has_weights(pipe):
        pipe.initialize(lambda: [], nlp=nlp)
        # As it is disabled while the others are initialized, it does not find its listeners by itself.
        for _, other in nlp.components:
            pipe.find_listeners(other)


def _require_bundled_encoder(nlp: Language) -> None:
    """Where a config names the bundled encoder, have `spacy package` name the package that it is in."""
    models = [block.get("model") for block in nlp.config["components"].values()]
    if any(isinstance(model, dict) and model.get("name") == {"@misc": BUNDLED_ENCODER} for model in models):
        requirements = nlp.meta.setdefault("requirements", [])
        if ENCODER_PACKAGE not in requirements:
            requirements.append(ENCODER_PACKAGE)
