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
from .forward import encoder_size, observed_pass, output_of
from .observing import EncoderSize, Observing
from .padding import PADDED_DIMENSIONS, UnknownOutputError, as_float32, run_in_buckets, take_windows

#: Encoders with outputs that are not known to be a window's own: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()


class ObservingShim(Observing, HFShim):
    """A shim whose `predict` also gives the embedding output and the attention that is asked for.

    Each request adds one field to the model's output, under the request's key: a tuple of the embedding
    output, `(windows, wordpieces, width)`, and the rows, float32 `(windows, wordpieces, rows)`.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output with a field more for each request.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        if not self.requests:
            return super().predict(inputs)
        with self.encoder_to_run() as encoder:
            output = self._run_in_buckets(encoder, inputs)
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
        encoder = self._hfmodel.transformer
        if encoder is None:
            raise ValueError(NotInitialized.message)
        return encoder_size(encoder)

    def _expect_weights(self) -> None:
        """Where no encoder is loaded yet, have its use say so instead of failing on None."""
        if self._hfmodel.transformer is None:
            self._hfmodel.tokenizer = NotInitialized()

    def _run_in_buckets(self, encoder: Any, inputs: ArgsKwargs) -> ModelOutput:
        kind: list[type[Any]] = []

        def run(windows: Tensor, length: int) -> dict[str, Any]:
            part = self._run(encoder, ArgsKwargs(inputs.args, take_windows(inputs.kwargs, windows, length)))
            kind.append(type(part))
            return part

        if encoder in _WHOLE:
            return self._run(encoder, inputs)
        known = {*PADDED_DIMENSIONS, *self.requests}
        size = encoder_size(encoder)
        cost = run_cost(size.width, size.inner, encoder.device, encoder.dtype)
        try:
            output = run_in_buckets(run, inputs.kwargs["attention_mask"], cost, known)
        except UnknownOutputError:
            _WHOLE.add(encoder)
            return self._run(encoder, inputs)
        return output if isinstance(output, ModelOutput) else output_of(kind[0], output)

    def _run(self, encoder: Any, inputs: ArgsKwargs) -> ModelOutput:
        size = encoder_size(encoder)
        output, static, received = observed_pass(encoder, inputs, self.layers_wanted(size))
        for key, answer in self.answers(size, static, received).items():
            output[key] = answer
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
