"""What a pipeline is made of, and what of it is wrong: by looking, and by running a text through it."""

import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import srsly
from spacy import Language
from spacy.tokens import Doc

from ..attributes.record import RECORD, Record
from ..component.factory import DEFAULT_CONFIG, make_trend_vector
from ..component.trend_vector import TrendVector
from .component import (
    about_needs,
    about_placement,
    about_settings,
    about_similarity,
    read_by,
    transformers_of,
)
from .findings import FAILURES, Finding, error, fine, from_exception, has_errors, warning
from .machine import about_bfloat16, about_packages
from .transformer import ANOTHER_ENCODER, describe_transformer


def examine(nlp: Language) -> list[Finding]:
    """What a pipeline is made of, and what of it is wrong.

    A short text is run through it, up to its trend vectors. One that has none is tried with default settings;
    the component is not added to it.
    """
    findings = about_packages()
    if not transformers_of(nlp):
        text = f"There is no transformer in the pipeline: got the components {nlp.component_names}"
        fix = (
            "import spacy_trend; nlp = spacy_trend.from_encoder(), or take a pipeline that has one, such as "
            "en_core_web_trf (python -m spacy download en_core_web_trf)"
        )
        return [*findings, error("transformer", text, fix)]
    components = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    for name, component in components:
        placement = about_placement(nlp, name, component)
        found = [placement, about_settings(nlp, name), *about_similarity(nlp, name)]
        before = None if placement.status != "ok" else nlp.pipeline[: nlp.pipe_names.index(name)]
        findings += _examine_reading(nlp, name, component, found, before)
    return findings if components else [*findings, *_examine_without(nlp)]


def _examine_without(nlp: Language) -> list[Finding]:
    """Of a pipeline that has no trend vector."""
    name = "trend_vector"
    text = f"There is no '{name}' in the pipeline; one with the default settings is tried here"
    missing = warning("placement", text, f"nlp.add_pipe('{name}')")
    try:
        component = make_trend_vector(nlp, name, **DEFAULT_CONFIG)
    except ValueError as raised:
        return [missing, from_exception("attention", raised, ANOTHER_ENCODER)]
    return _examine_reading(nlp, name, component, [missing], nlp.pipeline)


def _examine_reading(
    nlp: Language,
    name: str,
    component: TrendVector,
    found: list[Finding],
    before: list[tuple[str, Any]] | None,
) -> list[Finding]:
    """Of a trend vector and the transformer that it reads.

    found: about the trend vector, so far.
    before: what a text has to run through first; None where it would be of no use.
    """
    reads = read_by(nlp, name, component)
    facts, findings = describe_transformer(reads, nlp.get_pipe_meta(reads).factory, nlp.get_pipe(reads))
    findings += found
    if facts is None:
        return findings
    if before is not None:
        findings += _try(nlp, name, component, before)
    return [*findings, about_bfloat16(facts.size, facts.device, component.precision)]


def _try(nlp: Language, name: str, component: TrendVector, before: list[tuple[str, Any]]) -> list[Finding]:
    """Run a text through a trend vector, after what stands before it."""
    reads = read_by(nlp, name, component)
    trial = run_trial(nlp.make_doc(TEXT), before)
    if trial.failed is not None:
        return [about_failure(trial.failed, reads)]
    findings = [about_attention(component, reads), *about_needs(nlp, name, component, trial.doc)]
    if has_errors(findings):
        return findings
    trial = run_trial(trial.doc, [(name, component)])
    return [*findings, *([about_failure(trial.failed, reads)] if trial.failed else about_record(trial.doc))]


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
    if component.encoder is not None and component.encoder.uses_output_attentions:
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
