"""The only file that knows transformer components: find one, attach a shim to it, ask what it is."""

from typing import Any
from uuid import uuid4
from weakref import finalize

from spacy import Language
from spacy_transformers import Transformer
from spacy_transformers.layers.hf_shim import HFShim

from .attention import AttentionRequest
from .forward import encoder_name
from .shim import NotInitialized, ObservingShim, Request


class ObservedEncoder:
    """A transformer component as the trend vector sees it: what it is asked for and what it gives.

    transformer: the component.
    key: the field of `doc._.trf_data.model_output` in which the tensors are handed on, one of its own.
    request: the attention wanted.
    """

    def __init__(self, transformer: Transformer, key: str, request: AttentionRequest) -> None:
        self.transformer = transformer
        self.key = key
        self.request = request

    def is_of(self, nlp: Language) -> bool:
        """Whether the component is one of a pipeline's."""
        return any(pipe is self.transformer for _, pipe in nlp.components)

    @property
    def width(self) -> int:
        """The width of the encoder's embeddings."""
        return int(self._encoder.config.hidden_size)

    @property
    def row_count(self) -> int:
        """The number of rows of attention that the request gives on this encoder."""
        config = self._encoder.config
        name = encoder_name(self._encoder)
        return self.request.row_count(config.num_hidden_layers, config.num_attention_heads, name)

    @property
    def _encoder(self) -> Any:
        encoder = _shim(self.transformer)._hfmodel.transformer
        if encoder is None:
            raise ValueError(NotInitialized.message)
        return encoder


def attach(transformer: Transformer, request: Request) -> ObservedEncoder:
    """Have a transformer component hand on its embedding output and attention from now on.

    transformer: a component of spacy-transformers; its config, weights and saved form stay as they are.
    request: what is wanted.
    RETURNS: the component as observed; once nothing holds this object, the request is forgotten.
    RAISES: ValueError where the component has no Hugging Face encoder, or for a layer that the encoder lacks.
    """
    shim = _shim(transformer)
    if not isinstance(shim, ObservingShim):
        observing = ObservingShim.__new__(ObservingShim)
        observing.__dict__ = {**shim.__dict__, "requests": {}, "has_warned": False}
        shims = _wrapper(transformer).shims
        shims[shims.index(shim)] = observing
        shim = observing
    shim.stand_in_for_tokenizer()
    observed = ObservedEncoder(transformer, f"observed_{uuid4().hex}", request.attention)
    if shim._hfmodel.transformer is not None:
        observed.row_count  # noqa: B018 - raises for a layer that does not exist
    shim.requests[observed.key] = request
    finalize(observed, shim.requests.pop, observed.key, None).atexit = False
    return observed


def find_transformer(nlp: Language, name: str | None, before: str | None = None) -> Transformer:
    """The transformer component that a trend vector reads.

    name: its name in the pipeline; None for the nearest.
    before: the component that reads it, where it is already in the pipeline.
    RAISES: ValueError where there is none.
    """
    names = nlp.component_names
    upstream = dict(nlp.components[: names.index(before)] if before in names else nlp.components)
    if name is not None:
        found = upstream.get(name)
        if isinstance(found, Transformer):
            return found
        got = f"no component of that name among {list(upstream)}" if found is None else f"a {type(found)}"
        raise ValueError(
            f"The setting 'transformer' names '{name}', but got {got}. Expected a transformer component of "
            "spacy-transformers before 'trend_vector'. Correct the name, or leave the setting out to read "
            "the nearest one."
        )
    transformers = [pipe for _, pipe in upstream.items() if isinstance(pipe, Transformer)]
    if not transformers:
        raise ValueError(
            f"There is no transformer for 'trend_vector' to read: got the components {names}, expected one "
            "of spacy-transformers before it. Add one first, nlp.add_pipe('transformer'), and do not "
            "exclude it when the pipeline is loaded."
        )
    return transformers[-1]


def _wrapper(transformer: Transformer) -> Any:
    for node in transformer.model.walk():
        if any(isinstance(shim, HFShim) for shim in node.shims):
            return node
    raise ValueError(
        f"The transformer component '{transformer.name}' has the model '{transformer.model.name}', in which "
        "no Hugging Face encoder was found. Expected the architecture "
        "'spacy-transformers.TransformerModel.v3'."
    )


def _shim(transformer: Transformer) -> HFShim:
    return next(shim for shim in _wrapper(transformer).shims if isinstance(shim, HFShim))
