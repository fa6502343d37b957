"""What stands in the place of a transformer of spacy-transformers when it predicts: the encoder, observed.

A subclass of that package's shim whose `predict` alone does more, so that saving, loading, pickling and
training never notice.
"""

from typing import Any
from weakref import WeakSet

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from .device import run_cost
from .encoder_requests import EncoderSize, Requests
from .forward import encoder_size, is_asked, observed_pass, output_of
from .observing import Observing
from .padding import PADDED_DIMENSIONS, UnknownOutputError, as_float32, run_in_buckets, take_windows

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class ObservingShim(Observing, HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output, under the request's key: a tuple of the embedding
    output, `(windows, wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`. One that
    wants the attention between wordpieces adds another, under `pairs_key` of that key, float32
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

    def stand_in_for(self, shim: HFShim) -> None:
        """Take over the state of the shim in whose place this one is put."""
        super().stand_in_for(shim)
        self._expect_weights()

    @property
    def size(self) -> EncoderSize:
        """What is known of the encoder. RAISES: ValueError where there is none yet."""
        return size_of(self)

    @property
    def is_asked(self) -> bool:
        """Whether the encoder is asked for its attention, as a forward pass did not let it be seen."""
        with self.encoder_to_run(self.requests_now()) as encoder:
            return is_asked(encoder)

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
        known = PADDED_DIMENSIONS | dict.fromkeys(requests.by_key, (1,)) | requests.pair_dimensions()
        cost = run_cost(requests.size.width, requests.size.inner, encoder.device, encoder.dtype)
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
    for key, pairs in requests.pairs(attention).items():
        output[key] = pairs
    return output
