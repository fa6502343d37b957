"""A text run through a pipeline, and the findings about what came of it: attention, record, numbers."""

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import srsly
from spacy.tokens import Doc

from .about_transformer import ANOTHER_ENCODER
from .component import TrendVector
from .findings import FAILURES, Finding, error, fine, from_exception, warning
from .record import RECORD, Record

#: 25 words.
TEXT = (
    "The river flooded the village in the night, and the water stood in the streets of the old town for a "
    "week before it went."
)


class Trial(NamedTuple):
    """What came of running a text.

    doc: as the last component that did its work left it.
    failed: the name of the component that did not, and what it raised; None where all did.
    """

    doc: Doc
    failed: tuple[str, Exception] | None


def run_trial(doc: Doc, pipes: Iterable[tuple[str, Any]]) -> Trial:
    """Run a doc through components, up to the first that fails.

    What they would warn of is said by findings.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, pipe in pipes:
            try:
                doc = pipe(doc)
            except FAILURES as raised:
                return Trial(doc, (name, raised))
    return Trial(doc, None)


def about_failure(failed: tuple[str, Exception], transformer: str) -> Finding:
    """What went wrong where a component failed.

    failed: as in `Trial`.
    transformer: the name of the one that is read.
    """
    name, raised = failed
    about, fix = "trial", f"Mend the component '{name}', or take it out: nlp.remove_pipe({name!r})"
    if "[E030]" in str(raised):
        about, fix = "sentences", f"nlp.add_pipe('sentencizer', before={name!r})"
    elif name == transformer and isinstance(raised, ValueError):
        about, fix = "attention", ANOTHER_ENCODER
    return from_exception(about, raised, fix, where=f"'{name}' failed on a text: ")


def about_attention(component: TrendVector, transformer: str) -> Finding:
    """How the attention of a transformer that ran came to be known.

    transformer: its name.
    """
    if component.encoder is not None and component.encoder.is_asked:
        return warning(
            "attention",
            "Attention is asked for (output_attentions), as it could not be observed in the running forward "
            "pass: the values are the same, but it takes more time and memory",
            f"Set components.{transformer}.model.transformer_config in the config to "
            '{"attn_implementation": "sdpa"}; if it is that already, leave it, or take another encoder',
        )
    return fine("attention", "Attention is observed in the running forward pass")


def about_record(doc: Doc) -> list[Finding]:
    """The size of the record of a doc that a trend vector ran on, and whether its numbers are finite."""
    record: Record = doc._.get(RECORD)
    rows, words = record["attention"].shape
    width = len(record["vector"])
    word_vectors = np.zeros((words, width), dtype=np.float32)
    sizes = [_stored_size(record, vectors) / 1000 for vectors in (word_vectors, None)]
    text = (
        f"The record of a doc has {rows} rows of attention and a vector of width {width}; stored, for "
        f"{words} words, it takes {sizes[0]:.1f} kB with token_vectors and {sizes[1]:.1f} kB without"
    )
    found = [fine("record", text)]
    numbers = (record["attention"], record["vector"], record["word_vectors"])
    if not all(np.isfinite(values).all() for values in numbers if values is not None):
        text = "The vector or the attention of a plain text has NaN or infinite numbers"
        fix = "Check the encoder's weights, and run it in float32: half precision may overflow"
        found.append(error("numbers", text, fix))
    return found


def _stored_size(record: Record, word_vectors: Any) -> int:
    """How many bytes a record takes in a stored doc, with such vectors of words."""
    return len(srsly.msgpack_dumps({**record, "word_vectors": word_vectors}))
