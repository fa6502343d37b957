"""What stands in a transformer component's place when it predicts: the encoder runs as before, observed.

A subclass of spacy-transformers' shim whose `predict` alone does more, so that saving, loading, pickling and
training never notice.
"""

import warnings
from typing import Any, NamedTuple
from weakref import WeakSet

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from .attention import AttentionObserver, AttentionRequest, request_rows
from .buckets import length_buckets
from .device import bfloat16_obstacle, run_cost
from .embeddings import EmbeddingObserver
from .padding import PADDED_DIMENSIONS, LaidBack, as_float32, output_of, take_windows, window_lengths

#: Encoders whose attention calls cannot be seen: they are asked for `output_attentions` at once.
_UNSEEN: WeakSet[nn.Module] = WeakSet()

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class Request(NamedTuple):
    """What one reader wants of an encoder.

    attention: the rows of attention.
    bfloat16: have matrix products computed in bfloat16, where the device is made for it; all outputs are
        float32. It holds for all readers if one asks for it.
    """

    attention: AttentionRequest
    bfloat16: bool


class ObservingShim(HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output, under the request's key: a tuple of the embedding
    output, `(windows, wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`.
    """

    requests: dict[str, Request]
    has_warned: bool

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output with a field more for each request.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        if not self.requests:
            return super().predict(inputs)
        in_bfloat16 = self._can_use_bfloat16()
        if in_bfloat16:
            autocast = torch.autocast(self._model.device.type, dtype=torch.bfloat16)
        else:
            autocast = torch.autocast("cuda", enabled=self._mixed_precision)
        self._model.eval()
        try:
            with torch.no_grad(), autocast:
                output = self._run_in_buckets(inputs)
        finally:
            self._model.train()
        return as_float32(output) if in_bfloat16 else output

    def from_bytes(self, bytes_data: bytes) -> "ObservingShim":
        """Load what was saved; RETURNS the shim."""
        HFShim.from_bytes(self, bytes_data)
        self.stand_in_for_tokenizer()
        return self

    def stand_in_for_tokenizer(self) -> None:
        """Where no encoder is loaded yet, have its use say so instead of failing on None."""
        if self._hfmodel.transformer is None:
            self._hfmodel.tokenizer = NotInitialized()

    def _can_use_bfloat16(self) -> bool:
        """Whether somebody asks for bfloat16 and the device is made for it; says once where it is not."""
        if not any(request.bfloat16 for request in self.requests.values()):
            return False
        obstacle = bfloat16_obstacle(self._model.device)
        if obstacle is not None and not self.has_warned:
            self.has_warned = True
            warnings.warn(
                f"precision='bfloat16' is not used: {obstacle}. The encoder runs as its model is. Set "
                "precision='model', or run on a device made for bfloat16.",
                stacklevel=3,
            )
        return obstacle is None

    def _run_in_buckets(self, inputs: ArgsKwargs) -> ModelOutput:
        mask = inputs.kwargs["attention_mask"]
        lengths = None if self._model in _WHOLE else window_lengths(mask)
        if lengths is None:
            return self._run(inputs)
        laid_back = LaidBack(mask)
        for bucket in length_buckets(lengths.tolist(), run_cost(self._model)):
            windows = torch.from_numpy(bucket).to(mask.device)
            length = int(lengths[windows].max())
            part = self._run(ArgsKwargs(inputs.args, take_windows(inputs.kwargs, windows, length)))
            if len(windows) == len(mask) and bool((lengths == length).all()):
                return part
            if not set(part) <= {*PADDED_DIMENSIONS, *self.requests}:
                _WHOLE.add(self._model)
                return self._run(inputs)
            laid_back.fill(part, windows)
        return laid_back.as_output(type(part))

    def _run(self, inputs: ArgsKwargs) -> ModelOutput:
        encoder = self._model
        layers, name = encoder.config.num_hidden_layers, encoder_name(encoder)
        wanted = {n for asked in self.requests.values() for n in asked.attention.layer_numbers(layers, name)}
        attention = AttentionObserver(wanted, inputs.kwargs["attention_mask"])
        if encoder not in _UNSEEN:
            output, static = self._observe(inputs, attention)
            if attention.calls != layers:
                _UNSEEN.add(encoder)
        if encoder in _UNSEEN:
            output, static = self._ask(inputs, attention)
        for key, request in self.requests.items():
            output[key] = (static, request_rows(request.attention, layers, name, attention.received))
        return output

    def _observe(self, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
        embedding = EmbeddingObserver(self._model, attention_began=lambda: attention.calls > 0)
        asked = embedding.needs_hidden_states
        with embedding.watching(), attention:
            output = self._forward(_with(inputs, output_hidden_states=True) if asked else inputs)
        static = embedding.learn(output.hidden_states) if asked else embedding.output
        if static is None:
            # The encoder was changed since: its output no longer passes the place where it stood.
            embedding.forget()
            output = self._forward(_with(inputs, output_hidden_states=True))
            static = output.hidden_states[0]
        return self._as_configured(output), static

    def _ask(self, inputs: ArgsKwargs, attention: AttentionObserver) -> tuple[ModelOutput, Tensor]:
        output = self._forward(_with(inputs, output_hidden_states=True, output_attentions=True))
        attentions = output.get("attentions")
        layers = self._model.config.num_hidden_layers
        if not attentions or len(attentions) != layers or any(layer is None for layer in attentions):
            raise ValueError(
                f"The attention of the encoder '{encoder_name(self._model)}' could not be observed: a "
                f"forward pass did not make one attention call for each of its {layers} layers, and with "
                f"output_attentions=True it gave {len(attentions or ())} matrices, expected {layers}. It may "
                "use compiled (TorchScript) or flash attention. Load it with transformer_config = "
                '{"attn_implementation": "eager"}, or take an encoder with standard self-attention.'
            )
        attention.received = {n: attention.sums(attentions[n]) for n in attention.layers}
        return self._as_configured(output), output.hidden_states[0]

    def _forward(self, inputs: ArgsKwargs) -> Any:
        return self._model(*inputs.args, **inputs.kwargs)

    def _as_configured(self, output: ModelOutput) -> ModelOutput:
        """The fields that the encoder gives when nobody observes it."""
        config = self._model.config
        extra = set()
        if not config.output_hidden_states:
            extra.add("hidden_states")
        if not config.output_attentions:
            extra.add("attentions")
        kept = {name: value for name, value in output.items() if name not in extra}
        return output_of(type(output), kept) if len(kept) < len(output) else output


class NotInitialized:
    """Stands for the tokenizer of a transformer that has none yet, so that using it says what to do."""

    message = (
        "The transformer has no weights yet: got a pipeline that was not initialized. Expected "
        "nlp.initialize() to be called first, or a trained pipeline loaded with spacy.load()."
    )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse. RAISES: ValueError, whatever is asked."""
        raise ValueError(self.message)


def encoder_name(encoder: Any) -> str:
    """An encoder's class, and its name on the hub or its kind, for messages."""
    return f"{type(encoder).__name__} ({encoder.config.name_or_path or encoder.config.model_type})"


def _with(inputs: ArgsKwargs, **kwargs: Any) -> ArgsKwargs:
    return ArgsKwargs(args=inputs.args, kwargs={**inputs.kwargs, **kwargs})
