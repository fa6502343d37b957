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
from torch import nn
from transformers.file_utils import ModelOutput

from .attention import AttentionRequest, request_rows
from .bfloat16 import bfloat16_copy, bfloat16_obstacle
from .buckets import length_buckets
from .device import run_cost
from .forward import encoder_name, observed_pass
from .padding import PADDED_DIMENSIONS, LaidBack, as_float32, take_windows, window_lengths

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class Request(NamedTuple):
    """What one reader wants of an encoder.

    attention: the rows of attention.
    bfloat16: have it run in bfloat16, where the device is made for it; all outputs are float32. It holds for
        all readers if one asks for it.
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
        if self._can_use_bfloat16():
            with torch.no_grad():
                return as_float32(self._run_in_buckets(bfloat16_copy(self._model), inputs))
        self._model.eval()
        try:
            with torch.no_grad(), torch.autocast("cuda", enabled=self._mixed_precision):
                return self._run_in_buckets(self._model, inputs)
        finally:
            self._model.train()

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

    def _run_in_buckets(self, encoder: Any, inputs: ArgsKwargs) -> ModelOutput:
        mask = inputs.kwargs["attention_mask"]
        lengths = None if encoder in _WHOLE else window_lengths(mask)
        if lengths is None:
            return self._run(encoder, inputs)
        laid_back = LaidBack(mask)
        for bucket in length_buckets(lengths.tolist(), run_cost(encoder)):
            windows = torch.from_numpy(bucket).to(mask.device)
            length = int(lengths[windows].max())
            part = self._run(encoder, ArgsKwargs(inputs.args, take_windows(inputs.kwargs, windows, length)))
            if len(windows) == len(mask) and bool((lengths == length).all()):
                return part
            if not set(part) <= {*PADDED_DIMENSIONS, *self.requests}:
                _WHOLE.add(encoder)
                return self._run(encoder, inputs)
            laid_back.fill(part, windows)
        return laid_back.as_output(type(part))

    def _run(self, encoder: Any, inputs: ArgsKwargs) -> ModelOutput:
        layers, name = encoder.config.num_hidden_layers, encoder_name(encoder)
        wanted = {n for asked in self.requests.values() for n in asked.attention.layer_numbers(layers, name)}
        output, static, received = observed_pass(encoder, inputs, wanted)
        for key, request in self.requests.items():
            output[key] = (static, request_rows(request.attention, layers, name, received))
        return output


class NotInitialized:
    """Stands for the tokenizer of a transformer that has none yet, so that using it says what to do."""

    message = (
        "The transformer has no weights yet: got a pipeline that was not initialized. Expected "
        "nlp.initialize() to be called first, or a trained pipeline loaded with spacy.load()."
    )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse. RAISES: ValueError, whatever is asked."""
        raise ValueError(self.message)
