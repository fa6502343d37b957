"""The observing shim and component of spacy-curated-transformers.

Their model cuts docs into windows, runs the encoder on them, and averages the output over overlaps. While the
component predicts, the shim appends what it observed to the last layer as further columns, so that they go
through the same steps; the component then cuts them off, before anybody else sees the layer.
"""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from curated_transformers.models.bert.layer import BertSelfAttention
from curated_transformers.models.output import PyTorchTransformerOutput
from spacy.tokens import Doc
from spacy_curated_transformers.models.output import TransformerModelOutput
from spacy_curated_transformers.pipeline.transformer import CuratedTransformer
from thinc.api import PyTorchShim, get_array_module, to_numpy, torch2xp
from thinc.types import ArgsKwargs, Ragged
from torch import Tensor, nn

from .bfloat16 import as_float32
from .buckets import run_cost, run_in_buckets
from .observed import put_beside
from .requests import EncoderSize, Requests
from .shim import Observing
from .sizes import no_layers


class _Prediction(NamedTuple):
    """One call of an observed component's `predict`.

    Attributes:
        requests: what is asked of it.
        windows: for each window so far, by key, the mutual attention, `(wordpieces, wordpieces)`.
        lengths: how many wordpieces each window has of those that the encoder is about to be given.
    """

    requests: Requests
    windows: list[dict[str, Any]]
    lengths: list[int]


#: None outside such a call, as in a frozen component's update: then the encoder's output is the stock one.
_PREDICTION: ContextVar[_Prediction | None] = ContextVar("prediction", default=None)


class ObservingCuratedShim(Observing, PyTorchShim):
    """A shim whose `predict` appends columns to the last layer.

    For each request in turn these are its answer: see `Requests.answers`.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder in length buckets.

        Args:
            inputs: the arguments of the encoder's call.

        Returns:
            the encoder's output, its last layer with the columns that the requests add.

        Raises:
            ValueError: if the encoder lacks a requested layer, or its attention cannot be observed.
        """
        prediction = _PREDICTION.get()
        if prediction is None:
            return super().predict(inputs)
        (pieces,) = inputs.args
        requests = prediction.requests
        # Not by their numbers: a text may have the wordpiece of padding.
        lengths = torch.tensor(prediction.lengths, device=pieces.device)
        mask = torch.arange(pieces.shape[1], device=pieces.device) < lengths[:, None]
        output = self.run_encoder(requests, lambda encoder: _run_in_buckets(encoder, pieces, mask, requests))
        layers = as_float32(output).pop("layers")
        mutual = {key: to_numpy(torch2xp(of_batch)) for key, of_batch in output.items()}
        for window, length in enumerate(prediction.lengths):
            prediction.windows.append({key: mutual[key][window, :length, :length] for key in mutual})
        return PyTorchTransformerOutput(embedding_output=layers[0], layer_hidden_states=list(layers[1:]))

    @property
    def size(self) -> EncoderSize:
        """The size of the encoder."""
        return size_of(self)


class NotedLengths:
    """The function that pads windows for the encoder, which also notes how long they were.

    Args:
        stock: the one of the component's model.
    """

    def __init__(self, stock: Any) -> None:
        self.stock = stock

    def __call__(self, model: Any, windows: Sequence[Any], is_train: bool) -> Any:
        """Pad windows as the component's model does.

        Args:
            model: the layer that runs the encoder.
            windows: for each, int `(wordpieces,)`.
            is_train: whether it is trained.

        Returns:
            the arguments of the encoder's call, and the function that takes gradients back.
        """
        prediction = _PREDICTION.get()
        if prediction is not None:
            prediction.lengths[:] = [len(window) for window in windows]
        return self.stock(model, windows, is_train)


class ObservedOutput(TransformerModelOutput):
    """The stock output, with what was observed beside it.

    Attributes:
        observed: for each doc, by key, the parts of the answer to a request, `(wordpieces, their width)`, see
            `Requests.answers`; by `mutual_key`, for each window the position of its first wordpiece and the
            mutual attention, `(wordpieces of the window, wordpieces of the window)`.
    """

    observed: list[dict[str, Any]]


class ObservingCuratedTransformer(CuratedTransformer):
    """A `CuratedTransformer` that keeps each doc's observed tensors beside `doc._.trf_data`."""

    def predict(self, docs: Iterable[Doc]) -> ObservedOutput:
        """Run the model on docs, and return its output with what was observed beside it."""
        (shim,) = self.model.get_ref("transformer").shims
        prediction = _Prediction(shim.requests_now(), [], [])
        token = _PREDICTION.set(prediction if prediction.requests.by_key else None)
        try:
            output = super().predict(docs)
        finally:
            _PREDICTION.reset(token)
        taken = _take_apart(output, prediction.requests)
        if any(prediction.windows):
            self._share_out(prediction.windows, taken)
        return taken

    def set_annotations(self, docs: Sequence[Doc], trf_output: TransformerModelOutput) -> None:
        """Put the output on the docs, and what was observed beside it."""
        super().set_annotations(docs, trf_output)
        if isinstance(trf_output, ObservedOutput):
            for doc, observed in zip(docs, trf_output.observed, strict=True):
                if observed:
                    put_beside(doc._.trf_data, dict(observed))

    def _share_out(self, windows: list[dict[str, Any]], output: ObservedOutput) -> None:
        """Give each doc its windows, in the order in which the model cut them from its wordpieces."""
        stride = next(node.attrs["stride"] for node in self.model.walk() if "stride" in node.attrs)
        rest = iter(windows)
        for of_doc, (*_, last) in zip(output.observed, output.all_outputs, strict=True):
            # The windows include the special tokens at both ends; the output does not.
            for start in range(0, len(last.dataXd) + 2, stride):
                for key, mutual in next(rest).items():
                    of_doc.setdefault(key, []).append((start - 1, mutual))


def size_of(shim: PyTorchShim) -> EncoderSize:
    """Return the size of the curated encoder of a shim, observing or not.

    Args:
        shim: the shim.

    Raises:
        ValueError: if the encoder has no layers.
    """
    encoder = shim._model.curated_encoder
    name = f"{type(encoder).__name__} (curated)"
    attention = next((part for part in encoder.modules() if isinstance(part, BertSelfAttention)), None)
    # ALBERT runs each of its groups of layers several times.
    layers = getattr(encoder, "num_hidden_layers", None)
    layers = len(encoder.layers) if layers is None else layers
    if attention is None or layers < 1:
        raise ValueError(no_layers(name, f"{layers} layers"))
    widths = [part.out_features for part in encoder.modules() if isinstance(part, nn.Linear)]
    return EncoderSize(name, layers, attention.num_heads, attention.model_dim, max(widths))


def _run_in_buckets(encoder: Any, pieces: Tensor, mask: Tensor, requests: Requests) -> dict[str, Any]:
    def run(windows: Tensor, length: int) -> dict[str, Any]:
        return _run(encoder, pieces[windows, :length], mask[windows, :length], requests)

    weight = next(encoder.parameters())
    cost = run_cost(requests.size.width, requests.size.intermediate_width, weight.device, weight.dtype)
    return run_in_buckets(run, mask, cost, {"layers": (1,)} | requests.mutual_dimensions())


def _run(encoder: Any, pieces: Tensor, mask: Tensor, requests: Requests) -> dict[str, Any]:
    attention = requests.observer(mask)
    with attention:
        layers = encoder(pieces).all_outputs
    if attention.calls != requests.size.layers:
        raise ValueError(
            f"The attention of the encoder '{requests.size.name}' could not be observed: a forward pass made "
            f"{attention.calls} attention calls, expected one for each of its {requests.size.layers} layers. "
            "Build the transformer with torchscript = false."
        )
    observed = [
        part for answer in requests.answers(layers[0], layers[1:], attention).values() for part in answer
    ]
    appended = (*layers[:-1], torch.cat([layers[-1], *observed], dim=-1))
    return {"layers": appended, **requests.mutual(attention)}


def _take_apart(output: TransformerModelOutput, requests: Requests) -> ObservedOutput:
    """Cut the columns that the shim appended off the last layer."""
    width = requests.size.width
    stock, observed = [], []
    for *earlier, last in output.all_outputs:
        columns, of_doc, start = last.dataXd, {}, width
        if columns.shape[1] > width:
            for key, widths in requests.answer_widths().items():
                ends = [start + sum(widths[: part + 1]) for part in range(len(widths))]
                starts, start = [start, *ends[:-1]], ends[-1]
                of_doc[key] = tuple(columns[:, first:end] for first, end in zip(starts, ends, strict=True))
            xp = get_array_module(columns)
            last = Ragged(xp.ascontiguousarray(columns[:, :width]), last.lengths)
        stock.append([*earlier, last])
        observed.append(of_doc)
    taken = ObservedOutput(outputs=stock, last_layer_only=output.last_layer_only)
    taken.observed = observed
    return taken
