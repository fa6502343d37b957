"""What stands in a transformer component's place when it predicts: the encoder runs as before, observed.

A subclass of spacy-transformers' shim that overrides `predict` alone, so that saving, loading, pickling and
training never notice.
"""

import warnings
from typing import Any
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
from .padding import PADDED_DIMENSIONS, LaidBack, as_float32, take_windows, window_lengths

#: Encoders whose attention calls cannot be seen: they are asked for `output_attentions` at once.
_UNSEEN: WeakSet[nn.Module] = WeakSet()

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class ObservingShim(HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output: a tuple of the embedding output, `(windows,
    wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`.

    requests: the attention wanted, by the name of the field.
    bfloat16: compute matrix products in bfloat16, where the device is made for it; all outputs are float32.
    """

    requests: dict[str, AttentionRequest]
    bfloat16: bool

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output with a field more for each request.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        if not self.requests:
            return super().predict(inputs)
        self._model.eval()
        try:
            with torch.no_grad(), self._autocast():
                output = self._run_in_buckets(inputs)
        finally:
            self._model.train()
        return as_float32(output) if self.bfloat16 else output

    def _autocast(self) -> Any:
        if self.bfloat16:
            obstacle = bfloat16_obstacle(self._model.device)
            if obstacle is None:
                return torch.autocast(self._model.device.type, dtype=torch.bfloat16)
            warnings.warn(
                f"precision='bfloat16' is not used: {obstacle}. The encoder runs as its model is. Set "
                "precision='model', or run on a device made for bfloat16.",
                stacklevel=2,
            )
            self.bfloat16 = False
        return torch.autocast("cuda", enabled=self._mixed_precision)

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
        wanted = {n for request in self.requests.values() for n in request.layer_numbers(layers, name)}
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
                f"The attention of the encoder '{encoder_name(self._model)}' could not be observed: during a "
                f"forward pass {attention.calls} attention calls were seen, expected {layers}, one for each "
                f"layer; and with output_attentions=True it gave {len(attentions or ())} matrices. It may "
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
        return _without(output, extra)


def encoder_name(encoder: Any) -> str:
    """An encoder's class, and its name on the hub or its kind, for messages."""
    return f"{type(encoder).__name__} ({encoder.config.name_or_path or encoder.config.model_type})"


def _with(inputs: ArgsKwargs, **kwargs: Any) -> ArgsKwargs:
    return ArgsKwargs(args=inputs.args, kwargs={**inputs.kwargs, **kwargs})


def _without(output: ModelOutput, fields: set[str]) -> ModelOutput:
    kept = {key: value for key, value in output.items() if key not in fields}
    return type(output)(**kept)
