"""What stands in the place of a transformer of spacy-curated-transformers when it predicts.

Its model cuts docs into windows, runs the encoder on them and averages where they overlap. While the
component predicts, the last layer is made wider by what was observed, so that all this is done to it as well;
before anybody else sees the layer, the component takes it off again.
"""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import torch
from curated_transformers.models.bert.layer import BertSelfAttention
from curated_transformers.models.output import PyTorchTransformerOutput
from spacy.tokens import Doc
from spacy_curated_transformers.models.output import TransformerModelOutput
from spacy_curated_transformers.pipeline.transformer import CuratedTransformer
from thinc.api import PyTorchShim, get_array_module
from thinc.types import ArgsKwargs, Ragged
from torch import Tensor, nn

from .attention import AttentionObserver
from .device import run_cost
from .observing import EncoderSize, Observing
from .padding import as_float32, run_in_buckets

#: Whether this thread is inside an observed component's `predict`. Elsewhere, as in a frozen component's
#: update, the encoder gives what it always did.
_IS_PREDICTING: ContextVar[bool] = ContextVar("is_predicting", default=False)


class ObservingCuratedShim(Observing, PyTorchShim):
    """A shim whose `predict` gives a last layer that is followed, in the same rows, by the answers.

    For each request in turn: the embedding output, then its rows of attention.
    """

    def predict(self, inputs: ArgsKwargs) -> Any:
        """Run the encoder, in length buckets; RETURNS its output, the last layer made wider.

        RAISES: ValueError for a layer that the encoder lacks, or where its attention is out of reach.
        """
        if not (self.requests and _IS_PREDICTING.get()):
            return super().predict(inputs)
        (pieces,) = inputs.args
        size = self.size
        with self.encoder_to_run() as encoder:
            mask = pieces != encoder.curated_encoder.padding_idx

            def run(windows: Tensor, length: int) -> dict[str, Any]:
                return self._run(encoder, size, pieces[windows, :length], mask[windows, :length])

            weight = next(encoder.parameters())
            cost = run_cost(size.width, size.inner, weight.device, weight.dtype)
            output = run_in_buckets(run, mask, cost, {"layers"})
        layers = as_float32(output)["layers"]
        return PyTorchTransformerOutput(embedding_output=layers[0], layer_hidden_states=list(layers[1:]))

    @property
    def size(self) -> EncoderSize:
        """What is known of the encoder."""
        encoder = self._model.curated_encoder
        attention = next(part for part in encoder.modules() if isinstance(part, BertSelfAttention))
        # ALBERT's groups are run several times.
        layers = getattr(encoder, "num_hidden_layers", None) or len(encoder.layers)
        widths = [part.out_features for part in encoder.modules() if isinstance(part, nn.Linear)]
        name = f"{type(encoder).__name__} (curated)"
        return EncoderSize(name, layers, attention.num_heads, attention.model_dim, max(widths))

    def _run(self, encoder: Any, size: EncoderSize, pieces: Tensor, mask: Tensor) -> dict[str, Any]:
        attention = AttentionObserver(self.layers_wanted(size), mask)
        with attention:
            layers = encoder(pieces).all_outputs
        if attention.calls != size.layers:
            raise ValueError(
                f"The attention of the encoder '{size.name}' could not be observed: a forward pass made "
                f"{attention.calls} attention calls, expected one for each of its {size.layers} layers. "
                "Build the transformer with torchscript = false."
            )
        answers = self.answers(size, layers[0], attention.received).values()
        observed = [part for answer in answers for part in answer]
        return {"layers": (*layers[:-1], torch.cat([layers[-1], *observed], dim=-1))}


class ObservedOutput(TransformerModelOutput):
    """The stock output, and beside it what was observed.

    observed: for each doc, by key, the embedding output `(wordpieces, width)` and the rows of attention
        `(wordpieces, rows)`; None where no doc of the batch has tokens.
    """

    observed: list[dict[str, tuple[Any, Any]]] | None


class ObservingCuratedTransformer(CuratedTransformer):
    """The component, with the observed tensors of each doc in `doc._.trf_data.observed`."""

    def predict(self, docs: Iterable[Doc]) -> ObservedOutput:
        """The output of the model; RETURNS it with what was observed beside it."""
        token = _IS_PREDICTING.set(True)
        try:
            output = super().predict(docs)
        finally:
            _IS_PREDICTING.reset(token)
        return self._take_apart(output)

    def set_annotations(self, docs: Sequence[Doc], trf_output: TransformerModelOutput) -> None:
        """Put the output on the docs, and what was observed beside it."""
        super().set_annotations(docs, trf_output)
        for doc, observed in zip(docs, getattr(trf_output, "observed", None) or (), strict=False):
            doc._.trf_data.observed = observed

    def _take_apart(self, output: TransformerModelOutput) -> ObservedOutput:
        (shim,) = self.model.get_ref("transformer").shims
        size = shim.size
        parts = [
            (key, (size.width, request.attention.row_count(size.layers, size.heads, size.name)))
            for key, request in shim.requests.items()
        ]
        stock, observed = [], []
        for *earlier, last in output.all_outputs:
            columns, of_doc, start = last.dataXd, {}, size.width
            if columns.shape[1] > size.width:
                for key, (width, rows) in parts:
                    middle, end = start + width, start + width + rows
                    of_doc[key] = (columns[:, start:middle], columns[:, middle:end])
                    start = end
                xp = get_array_module(columns)
                last = Ragged(xp.ascontiguousarray(columns[:, : size.width]), last.lengths)
            stock.append([*earlier, last])
            observed.append(of_doc)
        taken = ObservedOutput(outputs=stock, last_layer_only=output.last_layer_only)
        taken.observed = observed
        return taken
