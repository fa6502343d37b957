"""What stands in the place of a transformer of spacy-transformers when it predicts: the encoder, observed.

A subclass of that package's shim whose `predict` alone does more, so that saving, loading, pickling and
training never notice.
"""

import os
from dataclasses import fields
from typing import Any, NamedTuple
from weakref import WeakSet

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from .attention import AttentionObserver
from .buckets import PADDED_DIMENSIONS, UnknownOutputError, as_float32, run_cost, run_in_buckets, take_windows
from .embedding_output import EmbeddingObserver
from .requests import EncoderSize, Requests
from .shim import Observing

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class ObservingShim(Observing, HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output, under the request's key: a tuple of the embedding
    output, `(windows, wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`. One that
    wants the attention between wordpieces adds another, under `mutual_key` of that key, float32
    `(windows, wordpieces, wordpieces)`.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output with a field more for each request.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        if not self.requests:
            return super().predict(inputs)
        requests = self.requests_now()
        with self.encoder_to_run(requests) as encoder:
            output = self._run_in_buckets(encoder, inputs, requests)
            # numpy, to which the output goes next, has no bfloat16.
            return as_float32(output) if encoder.dtype == torch.bfloat16 else output

    def from_bytes(self, bytes_data: bytes) -> "ObservingShim":
        """Load what was saved; RETURNS the shim."""
        HFShim.from_bytes(self, bytes_data)
        self._expect_weights()
        return self

    def take_over_from(self, shim: HFShim) -> None:
        """Take over the state of the shim in whose place this one is put."""
        super().take_over_from(shim)
        self._expect_weights()

    @property
    def size(self) -> EncoderSize:
        """What is known of the encoder. RAISES: ValueError where there is none yet."""
        return size_of(self)

    @property
    def uses_output_attentions(self) -> bool:
        """Whether the encoder is asked for its attention, as a forward pass did not let it be seen."""
        with self.encoder_to_run(self.requests_now()) as encoder:
            return uses_output_attentions(encoder)

    def _expect_weights(self) -> None:
        """Where no encoder is loaded yet, have its use say so instead of failing on None."""
        if self._hfmodel.transformer is None:
            self._hfmodel.tokenizer = NotInitialized()

    def _run_in_buckets(self, encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
        kind: list[type[Any]] = []

        def run(windows: Tensor, length: int) -> dict[str, Any]:
            taken = take_windows(inputs.kwargs, windows, length)
            part = _run(encoder, ArgsKwargs(inputs.args, taken), requests)
            kind.append(type(part))
            return part

        if encoder in _WHOLE:
            return _run(encoder, inputs, requests)
        known = PADDED_DIMENSIONS | dict.fromkeys(requests.by_key, (1,)) | requests.mutual_dimensions()
        cost = run_cost(requests.size.width, requests.size.intermediate_width, encoder.device, encoder.dtype)
        try:
            output = run_in_buckets(run, inputs.kwargs["attention_mask"], cost, known)
        except UnknownOutputError:
            _WHOLE.add(encoder)
            return _run(encoder, inputs, requests)
        return output if isinstance(output, ModelOutput) else output_of(kind[0], output)


def size_of(shim: HFShim) -> EncoderSize:
    """What is known of the encoder of a shim, observed or not.

    RAISES: ValueError where there is none yet.
    """
    encoder = shim._hfmodel.transformer
    if encoder is None:
        raise ValueError(NotInitialized.message)
    return encoder_size(encoder)


class NotInitialized:
    """Stands for the tokenizer of a transformer that has none yet, so that using it says what to do."""

    message = (
        "The transformer has no weights yet: got a pipeline that was not initialized. Expected "
        "nlp.initialize() to be called first, or a trained pipeline loaded with spacy.load()."
    )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse. RAISES: ValueError, whatever is asked."""
        raise ValueError(self.message)


def _run(encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
    attention = requests.observer(inputs.kwargs["attention_mask"])
    output, static = observed_pass(encoder, inputs, attention)
    for key, answer in requests.answers(static, attention).items():
        output[key] = answer
    for key, mutual in requests.mutual(attention).items():
        output[key] = mutual
    return output


#: Encoders whose attention calls cannot be seen: they are asked for `output_attentions` at once.
_UNSEEN: WeakSet[nn.Module] = WeakSet()


class Observed(NamedTuple):
    """What a forward pass gave.

    output: the encoder's own output, with the fields that it has when nobody observes it.
    static: the embedding output, `(windows, wordpieces, width)`.
    """

    output: ModelOutput
    static: Tensor


def observed_pass(encoder: Any, inputs: ArgsKwargs, attention: AttentionObserver) -> Observed:
    """Call an encoder and watch.

    inputs: what it is called with.
    attention: afterwards holds what it was made for.
    RAISES: ValueError where the encoder's attention is out of reach.
    """
    if encoder not in _UNSEEN:
        output, static = _watch(encoder, inputs, attention)
        if attention.calls != encoder.config.num_hidden_layers:
            _UNSEEN.add(encoder)
    if encoder in _UNSEEN:
        output, static = _ask(encoder, inputs, attention)
    return Observed(_as_configured(output, encoder.config), static)


def uses_output_attentions(encoder: Any) -> bool:
    """Whether an encoder is asked for `output_attentions`, as its attention could not be seen before."""
    return encoder in _UNSEEN


def max_positions(encoder: nn.Module) -> int | None:
    """How many wordpieces of a window an encoder has positions for, and fails beyond; None for any number."""
    tables = [
        part
        for name, part in encoder.named_modules()
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding)
    ]
    # RoBERTa and its kin count positions from behind that of padding.
    unused = [0 if table.padding_idx is None else table.padding_idx + 1 for table in tables]
    counts = [table.num_embeddings - less for table, less in zip(tables, unused, strict=True)]
    return min(counts, default=None)


def encoder_size(encoder: Any) -> EncoderSize:
    """What an encoder's config says of it. RAISES: ValueError where it has no attention."""
    config = encoder.config
    # spacy-transformers loads a saved encoder from a folder that is gone after that, another each time.
    is_gone = os.path.isabs(config.name_or_path) and not os.path.isdir(config.name_or_path)
    origin = config.model_type if is_gone else config.name_or_path or config.model_type
    name = f"{type(encoder).__name__} ({origin})"
    if getattr(config, "num_attention_heads", None) is None:
        raise ValueError(
            f"The encoder '{name}' has no attention heads: its config has no num_attention_heads. Expected "
            "an encoder with standard self-attention, such as BERT or RoBERTa."
        )
    return EncoderSize(
        name=name,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        width=config.hidden_size,
        intermediate_width=getattr(config, "intermediate_size", 4 * config.hidden_size),
    )


def output_of(kind: type[Any], values: dict[str, Any]) -> ModelOutput:
    """An output of a kind, with fields of that kind and others, which stand after them."""
    own = {field.name for field in fields(kind)}
    output: ModelOutput = kind(**{name: value for name, value in values.items() if name in own})
    for name, value in values.items():
        output[name] = value
    return output


def _watch(encoder: Any, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
    embedding = EmbeddingObserver(encoder, attention_began=lambda: attention.calls > 0)
    asked = embedding.needs_hidden_states
    with embedding.watching(), attention:
        output = _call(encoder, inputs, output_hidden_states=True) if asked else _call(encoder, inputs)
    static = embedding.learn(output.hidden_states) if asked else embedding.output
    if static is None:
        # The encoder was changed since: its output no longer passes the place where it stood.
        embedding.forget()
        output = _call(encoder, inputs, output_hidden_states=True)
        static = output.hidden_states[0]
    return output, static


def _ask(encoder: Any, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
    output = _call(encoder, inputs, output_hidden_states=True, output_attentions=True)
    attentions = output.get("attentions")
    size = encoder_size(encoder)
    windows, wordpieces = attention.queries.shape
    shape = (windows, size.heads, wordpieces, wordpieces)
    got = [None if layer is None else tuple(layer.shape) for layer in attentions or ()]
    if got != [shape] * size.layers or output.hidden_states[0].shape[:2] != (windows, wordpieces):
        raise ValueError(
            f"The attention of the encoder '{size.name}' could not be observed: a forward pass did not make "
            f"one attention call for each of its {size.layers} layers, and with output_attentions=True it "
            f"gave {len(got)} matrices of the shapes {sorted(set(got), key=str)}, expected {size.layers} of "
            f"{shape}. It may use compiled (TorchScript), flash or sparse attention. Load it with "
            'transformer_config = {"attn_implementation": "eager"}, or take an encoder with standard '
            "self-attention."
        )
    for layer in attention.layers | attention.mutual_layers:
        attention.take(layer, attentions[layer])
    return output, output.hidden_states[0]


def _call(encoder: Any, inputs: ArgsKwargs, **more: bool) -> Any:
    return encoder(*inputs.args, **{**inputs.kwargs, **more})


def _as_configured(output: ModelOutput, config: Any) -> ModelOutput:
    """The fields that an encoder gives when it is not asked for more."""
    extra = set()
    if not config.output_hidden_states:
        extra.add("hidden_states")
    if not config.output_attentions:
        extra.add("attentions")
    kept = {name: value for name, value in output.items() if name not in extra}
    return output_of(type(output), kept) if len(kept) < len(output) else output
