"""The only file that knows transformer components: find one, attach to it, ask what it is."""

from typing import Any

from spacy import Language
from spacy_transformers import Transformer
from spacy_transformers.layers.hf_shim import HFShim

from .attention import AttentionRequest
from .shim import ObservingShim, encoder_name


class ObservedEncoder:
    """A transformer component as the trend vector sees it: what it is asked for and what it gives.

    transformer: the component.
    key: the field of `doc._.trf_data.model_output` in which the tensors are handed on.
    request: the attention wanted.
    """

    def __init__(self, transformer: Transformer, key: str, request: AttentionRequest) -> None:
        self.transformer = transformer
        self.key = key
        self.request = request

    @property
    def width(self) -> int:
        """The width of the encoder's embeddings."""
        return int(self._config.hidden_size)

    @property
    def row_count(self) -> int:
        """The number of rows of attention that the request gives on this encoder."""
        encoder = _shim(self.transformer)._hfmodel.transformer
        return self.request.row_count(
            self._config.num_hidden_layers, self._config.num_attention_heads, encoder_name(encoder)
        )

    @property
    def _config(self) -> Any:
        encoder = _shim(self.transformer)._hfmodel.transformer
        if encoder is None:
            raise ValueError(_not_initialized())
        return encoder.config


class _NotInitialized:
    """Stands for the tokenizer of a transformer that has none yet, so that using it says what to do."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(_not_initialized())


def attach(
    transformer: Transformer, key: str, request: AttentionRequest, bfloat16: bool = False
) -> ObservedEncoder:
    """Have a transformer component hand on its embedding output and attention from now on.

    transformer: a component of spacy-transformers; its config, weights and saved form stay as they are.
    key: under which name; a second call with the same one replaces the first.
    request: the attention wanted.
    bfloat16: have the encoder predict in bfloat16; it does if anybody who reads it asks for it.
    RETURNS: the component as observed.
    RAISES: ValueError for a layer that the encoder lacks, where it is already loaded.
    """
    stock = _shim(transformer)
    if not isinstance(stock, ObservingShim):
        observing = ObservingShim.__new__(ObservingShim)
        observing.__dict__ = {**stock.__dict__, "requests": {}, "bfloat16": False}
        shims = _wrapper(transformer).shims
        shims[shims.index(stock)] = observing
        stock = observing
    observed = ObservedEncoder(transformer, key, request)
    if stock._hfmodel.transformer is None:
        stock._hfmodel.tokenizer = _NotInitialized()
    else:
        observed.row_count  # noqa: B018 - raises for a layer that does not exist
    stock.requests[key] = request
    stock.bfloat16 = stock.bfloat16 or bfloat16
    return observed


def detach(nlp: Language) -> None:
    """Forget what was asked of the transformers of a pipeline; they then run as they would without us."""
    for _, pipe in nlp.components:
        if isinstance(pipe, Transformer):
            shim = _shim(pipe)
            if isinstance(shim, ObservingShim):
                shim.requests.clear()
                shim.bfloat16 = False


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


def _not_initialized() -> str:
    return (
        "The transformer has no weights yet: got a pipeline that was not initialized. Expected "
        "nlp.initialize() to be called first, or a trained pipeline loaded with spacy.load()."
    )
