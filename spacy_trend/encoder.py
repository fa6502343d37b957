"""The only file that knows transformer components: attach to one, run it, hand on the small tensors.

Where it stands: a subclass of spacy-transformers' shim that overrides `predict` alone takes the place of
the component's own, with its `__dict__`. Saving, loading, pickling and training never notice.
"""

from typing import Any
from weakref import WeakSet

from spacy import Language
from spacy_transformers import Transformer
from spacy_transformers.layers.hf_shim import HFShim
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from .attention import AttentionObserver, AttentionRequest, request_rows
from .embeddings import EmbeddingObserver

#: Encoders whose attention calls cannot be seen: they are asked for `output_attentions` at once.
_UNSEEN: WeakSet[nn.Module] = WeakSet()


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
            self._config.num_hidden_layers, self._config.num_attention_heads, _name(encoder)
        )

    @property
    def _config(self) -> Any:
        encoder = _shim(self.transformer)._hfmodel.transformer
        if encoder is None:
            raise ValueError(_not_initialized())
        return encoder.config


class ObservingShim(HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output: a tuple of the embedding output, `(windows,
    wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`.
    """

    requests: dict[str, AttentionRequest]

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder; RETURNS its output with a field more for each request.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        encoder = self._model
        layers, name = encoder.config.num_hidden_layers, _name(encoder)
        wanted = {n for request in self.requests.values() for n in request.layer_numbers(layers, name)}
        if not self.requests:
            return super().predict(inputs)
        attention = AttentionObserver(wanted, inputs.kwargs["attention_mask"])
        if encoder not in _UNSEEN:
            output, static = self._observe(inputs, attention)
            if attention.calls != layers:
                _UNSEEN.add(encoder)
        if encoder in _UNSEEN:
            output, static = self._ask(inputs, attention)
        for key, request in self.requests.items():
            output[key] = (static, request_rows(request, layers, name, attention.received))
        return output

    def _observe(self, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
        embedding = EmbeddingObserver(self._model, settled=lambda: attention.calls > 0)
        if embedding.needs_hidden_states:
            inputs = _with(inputs, output_hidden_states=True)
        with embedding.watching(), attention:
            output = super().predict(inputs)
        static = embedding.output
        if static is None:
            static = embedding.learn(output.hidden_states)
        return self._as_configured(output), static

    def _ask(self, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
        output = super().predict(_with(inputs, output_hidden_states=True, output_attentions=True))
        attentions = output.get("attentions")
        layers = self._model.config.num_hidden_layers
        if not attentions or len(attentions) != layers or any(layer is None for layer in attentions):
            raise ValueError(
                f"The attention of the encoder '{_name(self._model)}' could not be observed: during a "
                f"forward pass {attention.calls} attention calls were seen, expected {layers}, one for each "
                f"layer; and with output_attentions=True it gave {len(attentions or ())} matrices. It may "
                "use compiled (TorchScript) or flash attention. Load it with transformer_config = "
                '{"attn_implementation": "eager"}, or take an encoder with standard self-attention.'
            )
        attention.received = {n: attention.sums(attentions[n]) for n in attention.layers}
        return self._as_configured(output), output.hidden_states[0]

    def _as_configured(self, output: ModelOutput) -> ModelOutput:
        """The fields that the encoder gives when nobody observes it."""
        config = self._model.config
        extra = set()
        if not config.output_hidden_states:
            extra.add("hidden_states")
        if not config.output_attentions:
            extra.add("attentions")
        return _without(output, extra)


class _NotInitialized:
    """Stands for the tokenizer of a transformer that has none yet, so that using it says what to do."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(_not_initialized())


def attach(transformer: Transformer, key: str, request: AttentionRequest) -> ObservedEncoder:
    """Have a transformer component hand on its embedding output and attention from now on.

    transformer: a component of spacy-transformers; its config, weights and saved form stay as they are.
    key: under which name; a second call with the same one replaces the first.
    request: the attention wanted.
    RETURNS: the component as observed.
    RAISES: ValueError for a layer that the encoder lacks, where it is already loaded.
    """
    stock = _shim(transformer)
    if not isinstance(stock, ObservingShim):
        observing = ObservingShim.__new__(ObservingShim)
        observing.__dict__ = {**stock.__dict__, "requests": {}}
        shims = _wrapper(transformer).shims
        shims[shims.index(stock)] = observing
        stock = observing
    observed = ObservedEncoder(transformer, key, request)
    if stock._hfmodel.transformer is None:
        stock._hfmodel.tokenizer = _NotInitialized()
    else:
        observed.row_count  # noqa: B018 - raises for a layer that does not exist
    stock.requests[key] = request
    return observed


def detach(nlp: Language) -> None:
    """Forget what was asked of the transformers of a pipeline; they then run as they would without us."""
    for _, pipe in nlp.components:
        if isinstance(pipe, Transformer):
            shim = _shim(pipe)
            if isinstance(shim, ObservingShim):
                shim.requests.clear()


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


def _name(encoder: Any) -> str:
    return f"{type(encoder).__name__} ({encoder.config.name_or_path or encoder.config.model_type})"


def _with(inputs: ArgsKwargs, **kwargs: Any) -> ArgsKwargs:
    return ArgsKwargs(args=inputs.args, kwargs={**inputs.kwargs, **kwargs})


def _without(output: ModelOutput, fields: set[str]) -> ModelOutput:
    kept = {key: value for key, value in output.items() if key not in fields}
    return type(output)(**kept)


def _not_initialized() -> str:
    return (
        "The transformer has no weights yet: got a pipeline that was not initialized. Expected "
        "nlp.initialize() to be called first, or a trained pipeline loaded with spacy.load()."
    )
