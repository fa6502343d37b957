"""An examination: look at each part of a pipeline, then run a text through it."""

import warnings
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import srsly
from spacy import Language
from spacy.tokens import Doc

from ..attributes.record import RECORD, Record
from ..component.factory import DEFAULT_CONFIG, make_trend_vector
from ..component.trend_vector import TrendVector
from ..encoder.components import transformers_of
from .component import (
    about_needs,
    about_placement,
    about_settings,
    about_similarity,
    how_to_get_transformer,
    transformer_read_by,
)
from .findings import (
    Failure,
    Finding,
    attempt,
    error,
    examined,
    fine,
    from_failure,
    has_errors,
    warning,
)
from .machine import about_bfloat16, about_packages
from .transformer import ANOTHER_ENCODER, describe_transformer

#: The text of the trial; 25 words.
TEXT = (
    "The river flooded the village in the night, and the water stood in the streets of the old town for a "
    "week before it went."
)


class Trial(NamedTuple):
    """The result of running a text through components.

    Attributes:
        doc: the doc, as the last component that worked left it.
        failed: the name of the component that failed, and how; None if all worked.
    """

    doc: Doc
    failed: tuple[str, Failure] | None


def examine_pipeline(nlp: Language) -> list[Finding]:
    """Return what a pipeline consists of and what is wrong with it: see `spacy_trend.doctor.examine`.

    Args:
        nlp: the pipeline; it is not changed.
    """
    findings = examined("versions", "the installation", about_packages)
    return findings + examined("pipeline", "the pipeline", lambda: _examine_components(nlp))


def _examine_components(nlp: Language) -> list[Finding]:
    """Return findings on the transformers and the trend vectors of a pipeline."""
    findings: list[Finding] = []
    if not transformers_of(nlp):
        text = f"There is no transformer in the pipeline: got the components {nlp.component_names}"
        return [*findings, error("transformer", text, how_to_get_transformer(nlp))]
    components = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    for name, component in components:
        findings += examined("placement", f"'{name}'", partial(_examine_present, nlp, name, component))
    if not components:
        findings += examined("placement", "the transformer", lambda: _examine_default(nlp))
    return findings


def _examine_present(nlp: Language, name: str, component: TrendVector) -> list[Finding]:
    """Return findings on a trend vector of the pipeline and the transformer that it reads."""
    placement = about_placement(nlp, name, component)
    settings = examined("settings", f"the settings of '{name}'", lambda: [about_settings(nlp, name)])
    found = [placement, *settings, *about_similarity(nlp, name)]
    before = None if placement.status != "ok" else nlp.pipeline[: nlp.pipe_names.index(name)]
    return _examine_component(nlp, name, component, found, before)


def _examine_default(nlp: Language) -> list[Finding]:
    """Return findings on a pipeline without a trend vector, out of trying one with the default settings."""
    name = "trend_vector"
    text = f"There is no '{name}' in the pipeline; one with the default settings is tried here"
    missing = warning("placement", text, f"nlp.add_pipe('{name}')")
    component = attempt(lambda: make_trend_vector(nlp, name, **DEFAULT_CONFIG))
    if isinstance(component, Failure):
        return [missing, from_failure("attention", component, ANOTHER_ENCODER)]
    return _examine_component(nlp, name, component, [missing], nlp.pipeline)


def _examine_component(
    nlp: Language,
    name: str,
    component: TrendVector,
    found: list[Finding],
    before: list[tuple[str, Any]] | None,
) -> list[Finding]:
    """Return findings on a trend vector and the transformer that it reads.

    Args:
        nlp: the pipeline.
        name: the trend vector's name.
        component: the trend vector.
        found: the findings about the trend vector so far.
        before: the components to run before it; None if running a text is pointless.
    """
    reads = transformer_read_by(nlp, name, component)
    facts, findings = describe_transformer(reads, nlp.get_pipe_meta(reads).factory, nlp.get_pipe(reads))
    findings += found
    if facts is None:
        return findings
    if before is not None:
        findings += examined("trial", f"'{name}'", lambda: _try_component(nlp, name, component, before))
    size, device = facts.size, facts.device
    precision = component.precision
    return [
        *findings,
        *examined("bfloat16", "the device", lambda: [about_bfloat16(size, device, precision)]),
    ]


def _try_component(
    nlp: Language, name: str, component: TrendVector, before: list[tuple[str, Any]]
) -> list[Finding]:
    """Return findings from running a text through a trend vector and the components before it."""
    reads = transformer_read_by(nlp, name, component)
    trial = _run(nlp.make_doc(TEXT), before)
    if trial.failed is not None:
        return [_about_failure(trial.failed, reads)]
    findings = [_about_attention(component, reads), *about_needs(nlp, name, component, trial.doc)]
    if has_errors(findings):
        return findings
    trial = _run(trial.doc, [(name, component)])
    if trial.failed is not None:
        return [*findings, _about_failure(trial.failed, reads)]
    return [*findings, *_about_record(trial.doc)]


def _run(doc: Doc, pipes: Iterable[tuple[str, Any]]) -> Trial:
    """Return the result of running a doc through components, up to the first that fails."""
    with warnings.catch_warnings():
        # The findings say what these warnings would.
        warnings.simplefilter("ignore")
        for name, pipe in pipes:
            result = attempt(partial(pipe, doc))
            if isinstance(result, Failure):
                return Trial(doc, (name, result))
            doc = result
    return Trial(doc, None)


def _about_failure(failed: tuple[str, Failure], transformer: str) -> Finding:
    """Return a finding on a component that failed.

    Args:
        failed: as in `Trial`.
        transformer: the name of the transformer that the trend vector reads.
    """
    name, failure = failed
    about, fix = "trial", f"Correct the component '{name}', or remove it: nlp.remove_pipe({name!r})"
    if "[E030]" in failure.message:
        about, fix = "sentences", f"nlp.add_pipe('sentencizer', before={name!r})"
    elif name == transformer and isinstance(failure.raised, ValueError):
        about, fix = "attention", ANOTHER_ENCODER
    return from_failure(about, failure, fix, prefix=f"'{name}' failed on a text: ")


def _about_attention(component: TrendVector, transformer: str) -> Finding:
    """Return a finding on how attention was obtained from a transformer that has run."""
    if component.encoder is not None and component.encoder.uses_output_attentions:
        return warning(
            "attention",
            "Attention could not be observed in the forward pass, so the encoder is asked for it "
            "(output_attentions): the values are the same, but it takes more time and memory",
            f"Set components.{transformer}.model.transformer_config in the config to "
            '{"attn_implementation": "sdpa"}; if it is set already, leave it so, or use another encoder',
        )
    return fine("attention", "Attention is observed in the forward pass")


def _about_record(doc: Doc) -> list[Finding]:
    """Return findings on the size of a doc's record, and on numbers that are not finite."""
    record: Record = doc._.get(RECORD)
    rows, words = record["attention"].shape
    width = len(record["vector"])
    word_vectors = np.zeros((words, width), dtype=np.float32)
    sizes = [_stored_size(record, vectors) / 1000 for vectors in (word_vectors, None)]
    text = (
        f"The record of a doc has {rows} rows of attention and a vector of width {width}; for {words} words, "
        f"it takes {sizes[0]:.1f} kB when stored with token_vectors and {sizes[1]:.1f} kB without"
    )
    found = [fine("record", text)]
    numbers = (record["attention"], record["vector"], record["word_vectors"])
    if not all(np.isfinite(values).all() for values in numbers if values is not None):
        text = "The vector or the attention of a plain text has NaN or infinite numbers"
        fix = "Check the encoder's weights, and run it in float32: half precision may overflow"
        found.append(error("numbers", text, fix))
    return found


def _stored_size(record: Record, word_vectors: Any) -> int:
    """Return how many bytes a record takes in a stored doc, with these vectors of words."""
    return len(srsly.msgpack_dumps({**record, "word_vectors": word_vectors}))
