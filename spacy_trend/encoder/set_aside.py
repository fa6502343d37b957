"""The place of spacy-transformers' component in which what was observed goes off its output."""

from collections.abc import Callable, Sequence
from typing import Any

from spacy.tokens import Doc, Span

from .hugging_face import output_of
from .observed import DISORDER, PREFIX, beside


class SetAside:
    """A `set_extra_annotations` that first moves what was observed beside the docs' outputs.

    Args:
        stock: the component's own, which then sees the outputs as they are without us.
    """

    def __init__(self, stock: Callable[[Sequence[Doc], Any], None]) -> None:
        self.stock = stock

    def __call__(self, docs: Sequence[Doc], batch: Any) -> None:
        """Move what was observed off the docs and the batch, and call the component's own function.

        Args:
            docs: the docs, on which the component has put its output.
            batch: a `FullTransformerBatch`.
        """
        output = batch.model_output
        stock = {name: value for name, value in output.items() if not name.startswith(PREFIX)}
        if len(stock) < len(output):
            batch.model_output = output_of(type(output), stock)
            for doc, spans in zip(docs, batch.spans, strict=True):
                observed = beside(doc._.trf_data)
                if observed and not _are_in_order(doc, spans):
                    observed[DISORDER] = True
        self.stock(docs, batch)


def _are_in_order(doc: Doc, spans: Sequence[Span]) -> bool:
    """Return whether spans are a doc's own, and each token first stands in one after those before it.

    Only then the alignment, which has tokens in the order in which spans name them, is that of the doc.
    """
    # Between these two, every token stands in a span already.
    low = high = 0
    for span in spans:
        if span.doc is not doc or span.start < low:
            return False
        low = span.start if span.start > high else low
        high = max(high, span.end)
    return True
