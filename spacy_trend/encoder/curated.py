"""What stands in the place of a transformer of spacy-curated-transformers when it predicts.

Its model cuts docs into windows, runs the encoder on them and averages where they overlap. While the
component predicts, the last layer is made wider by what was observed, so that all this is done to it as well;
before anybody else sees the layer, the component takes it off again.
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

from .buckets import as_float32, run_cost, run_in_buckets
from .requests import EncoderSize, Requests
from .shim import Observing


class _Prediction(NamedTuple):
    """What an observed component's `predict` asks for, and for each window so far, by key, the attention
    between its wordpieces."""

    requests: Requests
    windows: list[dict[str, Any]]


#: None outside of such a `predict`, as in a frozen component's update: the encoder gives what it always did.
_PREDICTION: ContextVar[_Prediction | None] = ContextVar("prediction", default=None)


class ObservingCuratedShim(Observing, PyTorchShim):
    """A shim whose `predict` gives a last layer that is followed, in the same rows, by the answers.

    For each request in turn: the embedding output, then its rows of attention.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output, the last layer made wider.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        prediction = _PREDICTION.get()
        if prediction is None:
            return super().predict(inputs)
        (pieces,) = inputs.args
        requests = prediction.requests
        with self.encoder_to_run(requests) as encoder:
            mask = pieces != encoder.curated_encoder.padding_idx

            def run(windows: Tensor, length: int) -> dict[str, Any]:
                return _run(encoder, pieces[windows, :length], mask[windows, :length], requests)

            weight = next(encoder.parameters())
            cost = run_cost(
                requests.size.width, requests.size.intermediate_width, weight.device, weight.dtype
            )
            output = run_in_buckets(run, mask, cost, {"layers": (1,)} | requests.mutual_dimensions())
        layers = as_float32(output).pop("layers")
        for window, length in enumerate(mask.sum(dim=1).tolist()):
            inside = {key: pairs[window, :length, :length] for key, pairs in output.items()}
            prediction.windows.append({key: to_numpy(torch2xp(pairs)) for key, pairs in inside.items()})
        return PyTorchTransformerOutput(embedding_output=layers[0], layer_hidden_states=list(layers[1:]))

    @property
    def size(self) -> EncoderSize:
        """What is known of the encoder."""
        return size_of(self)


class ObservedOutput(TransformerModelOutput):
    """The stock output, and beside it what was observed.

    observed: for each doc, by key, the embedding output `(wordpieces, width)` and the rows of attention
        `(wordpieces, rows)`; by `mutual_key`, for each window its first wordpiece and the attention between
        its wordpieces, `(wordpieces of the window, the same)`.
    """

    observed: list[dict[str, Any]]


class ObservingCuratedTransformer(CuratedTransformer):
    """The component, with the observed tensors of each doc in `doc._.trf_data.observed`."""

    def predict(self, docs: Iterable[Doc]) -> ObservedOutput:
        """The output of the model; RETURNS it with what was observed beside it."""
        (shim,) = self.model.get_ref("transformer").shims
        prediction = _Prediction(shim.requests_now(), [])
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
                doc._.trf_data.observed = dict(observed)

    def _share_out(self, windows: list[dict[str, Any]], output: ObservedOutput) -> None:
        """Give each doc its windows, which the model cut one after another out of all its wordpieces."""
        stride = next(node.attrs["stride"] for node in self.model.walk() if "stride" in node.attrs)
        rest = iter(windows)
        for of_doc, (*_, last) in zip(output.observed, output.all_outputs, strict=True):
            # The special tokens at both ends are in the windows, but not in the output.
            for start in range(0, len(last.dataXd) + 2, stride):
                for key, pairs in next(rest).items():
                    of_doc.setdefault(key, []).append((start - 1, pairs))


def size_of(shim: PyTorchShim) -> EncoderSize:
    """What is known of the curated encoder of a shim, observed or not."""
    encoder = shim._model.curated_encoder
    attention = next(part for part in encoder.modules() if isinstance(part, BertSelfAttention))
    # ALBERT's groups are run several times.
    layers = getattr(encoder, "num_hidden_layers", None) or len(encoder.layers)
    widths = [part.out_features for part in encoder.modules() if isinstance(part, nn.Linear)]
    name = f"{type(encoder).__name__} (curated)"
    return EncoderSize(name, layers, attention.num_heads, attention.model_dim, max(widths))


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
    observed = [part for answer in requests.answers(layers[0], attention).values() for part in answer]
    widened = (*layers[:-1], torch.cat([layers[-1], *observed], dim=-1))
    return {"layers": widened, **requests.mutual(attention)}


def _take_apart(output: TransformerModelOutput, requests: Requests) -> ObservedOutput:
    width = requests.size.width
    stock, observed = [], []
    for *earlier, last in output.all_outputs:
        columns, of_doc, start = last.dataXd, {}, width
        if columns.shape[1] > width:
            for key, rows in requests.row_counts().items():
                middle, end = start + width, start + width + rows
                of_doc[key] = (columns[:, start:middle], columns[:, middle:end])
                start = end
            xp = get_array_module(columns)
            last = Ragged(xp.ascontiguousarray(columns[:, :width]), last.lengths)
        stock.append([*earlier, last])
        observed.append(of_doc)
    taken = ObservedOutput(outputs=stock, last_layer_only=output.last_layer_only)
    taken.observed = observed
    return taken
