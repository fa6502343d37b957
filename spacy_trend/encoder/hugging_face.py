"""The observing shim of spacy-transformers: the encoder runs as always, and its forward pass is observed.

The shim is a subclass of that package's own and overrides nothing but `predict`, and `from_bytes` for the
sake of an error message. So saving, loading, pickling and training go on as before.
"""

from typing import Any
from weakref import WeakSet

import torch
from spacy_transformers.layers.hf_shim import HFShim
from thinc.types import ArgsKwargs
from torch import Tensor, nn
from transformers.file_utils import ModelOutput

from .attention import AttentionObserver
from .bfloat16 import as_float32
from .buckets import PADDED_DIMENSIONS, UnknownOutputError, run_cost, run_in_buckets, take_windows
from .calls import as_configured, call, hidden_states, output_of
from .packed_pass import run_packed
from .reported import check_reported, check_shares, put_back_level, refuse_again
from .requests import EncoderSize, Requests
from .shim import Observing
from .sizes import encoder_size

#: Encoders whose output has unknown fields: their batches are run whole.
_WHOLE: WeakSet[nn.Module] = WeakSet()
#: Encoders whose attention calls cannot be seen: they are asked for `output_attentions`.
_UNSEEN: WeakSet[nn.Module] = WeakSet()


class ObservingShim(Observing, HFShim):
    """A shim whose `predict` also gives the embedding output and the requested attention.

    Each request adds a field to the model's output, under its key: a tuple of tensors, see
    `Requests.answers`. A request for mutual
    attention adds another, under `mutual_key` of its key, float32 `(windows, wordpieces, wordpieces)`.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder in length buckets.

        Args:
            inputs: the arguments of the encoder's call.

        Returns:
            the encoder's output with the fields that the requests add.

        Raises:
            ValueError: if the encoder lacks a requested layer, or its attention cannot be observed.
        """
        asked = self.requests
        if not asked:
            return super().predict(inputs)
        requests = Requests(asked, self.size)
        put_back_level()
        return self.run_encoder(requests, lambda encoder: _run_in_buckets(encoder, inputs, requests))

    def from_bytes(self, bytes_data: bytes) -> "ObservingShim":
        """Load what was saved, and return the shim."""
        HFShim.from_bytes(self, bytes_data)
        self._expect_weights()
        return self

    def take_over_from(self, shim: HFShim) -> None:
        """Take over the state of the shim that this one replaces."""
        super().take_over_from(shim)
        self._expect_weights()

    @property
    def size(self) -> EncoderSize:
        """The size of the encoder; raises a ValueError if it is not loaded yet."""
        return size_of(self)

    @property
    def uses_output_attentions(self) -> bool:
        """Whether the encoder is asked for its attention, because an earlier pass could not be observed."""
        return self.run_encoder(self.requests_now(), lambda encoder: encoder in _UNSEEN)

    def _expect_weights(self) -> None:
        """Make a pipeline whose encoder is not loaded yet say so, instead of failing on None."""
        if self._hfmodel.transformer is None:
            self._hfmodel.tokenizer = NotInitialized()


class NotInitialized:
    """A stand-in for the tokenizer of a transformer without weights, whose use raises a helpful error."""

    message = (
        "The transformer has no weights yet: got one that was added to the pipeline, but not loaded. "
        "Expected one with weights. Take out 'trend_vector' and the transformer with nlp.remove_pipe(...), "
        "then call spacy_trend.add_to(nlp, encoder=...): it adds both, with the encoder's weights, and "
        "leaves all other components as they are. If nothing in the pipeline is trained yet, "
        "nlp.initialize() loads the weights as well."
    )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse with a ValueError."""
        raise ValueError(self.message)


def size_of(shim: HFShim) -> EncoderSize:
    """Return the size of the encoder of a shim, observing or not.

    Args:
        shim: the shim.

    Raises:
        ValueError: if the encoder is not loaded yet, or has no attention heads.
    """
    encoder = shim._hfmodel.transformer
    if encoder is None:
        raise ValueError(NotInitialized.message)
    return encoder_size(encoder)


def _run_in_buckets(encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
    output = _whole_output(encoder, inputs, requests)
    for key in requests.mutual_dimensions().keys() & output.keys():
        # Pairs of words are chosen on the CPU: one copy for the batch instead of one for each window.
        output[key] = output[key].cpu()
    # numpy, to which the output goes next, has no bfloat16.
    return as_float32(output) if encoder.dtype == torch.bfloat16 else output


def _whole_output(encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
    if encoder in _WHOLE:
        return _run(encoder, inputs, requests)
    return run_packed(encoder, inputs, requests, lambda: _bucket_output(encoder, inputs, requests))


def _bucket_output(encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
    kind: list[type[Any]] = []

    def run(windows: Tensor, length: int) -> dict[str, Any]:
        taken = take_windows(inputs.kwargs, windows, length)
        part = _run(encoder, ArgsKwargs(inputs.args, taken), requests)
        kind.append(type(part))
        return part

    known = PADDED_DIMENSIONS | dict.fromkeys(requests.by_key, (1,)) | requests.mutual_dimensions()
    cost = run_cost(requests.size.width, requests.size.intermediate_width, encoder.device, encoder.dtype)
    try:
        output = run_in_buckets(run, inputs.kwargs["attention_mask"], cost, known)
    except UnknownOutputError:
        _WHOLE.add(encoder)
        return _run(encoder, inputs, requests)
    return output if isinstance(output, ModelOutput) else output_of(kind[0], output)


def _run(encoder: Any, inputs: ArgsKwargs, requests: Requests) -> ModelOutput:
    attention = requests.observer(inputs.kwargs["attention_mask"])
    output, (static, *layers) = _observe(encoder, inputs, attention)
    output = as_configured(output, encoder.config)
    for key, answer in requests.answers(static, layers, attention).items():
        output[key] = answer
    for key, mutual in requests.mutual(attention).items():
        output[key] = mutual
    return output


def _observe(
    encoder: Any, inputs: ArgsKwargs, attention: AttentionObserver
) -> tuple[ModelOutput, tuple[Tensor, ...]]:
    """Call an encoder; `attention` then has the sums.

    Returns:
        its output and the embedding output, followed by the outputs of all layers.
    """
    refuse_again(encoder)
    if encoder not in _UNSEEN:
        # A call only keeps references to the states of its layers, which costs nothing that can be measured.
        with attention:
            output = call(encoder, inputs, output_hidden_states=True)
        states = hidden_states(encoder, output)
        if attention.calls == encoder_size(encoder).layers:
            check_reported(encoder, inputs)
            return output, states
        _UNSEEN.add(encoder)
    return _ask(encoder, inputs, attention)


def _ask(
    encoder: Any, inputs: ArgsKwargs, attention: AttentionObserver
) -> tuple[ModelOutput, tuple[Tensor, ...]]:
    output = call(encoder, inputs, output_hidden_states=True, output_attentions=True)
    attentions = output.get("attentions")
    size = encoder_size(encoder)
    windows, wordpieces = attention.queries.shape
    shape = (windows, size.heads, wordpieces, wordpieces)
    got = [tuple(layer.shape) if isinstance(layer, Tensor) else None for layer in attentions or ()]
    states = hidden_states(encoder, output)
    if got != [shape] * size.layers or states[0].shape[:2] != (windows, wordpieces):
        raise ValueError(
            f"The attention of the encoder '{size.name}' could not be observed: a forward pass did not make "
            f"one attention call for each of its {size.layers} layers, and with output_attentions=True it "
            f"gave {len(got)} matrices of the shapes {sorted(set(got), key=str)}, expected {size.layers} of "
            f"{shape}. It may use compiled (TorchScript), flash or sparse attention. Load it with "
            'transformer_config = {"attn_implementation": "eager"}, or use an encoder with standard '
            "self-attention."
        )
    check_shares(encoder, attentions, attention.queries)
    for layer in attention.layers | attention.mutual_layers:
        attention.take(layer, attentions[layer])
    return output, states
