"""What a pipeline is made of, and what of it is wrong: by looking, and by running a text through it."""

from typing import Any

from spacy import Language

from .about_component import (
    about_needs,
    about_placement,
    about_settings,
    about_similarity,
    read_by,
    transformers_of,
)
from .about_machine import about_bfloat16, about_packages
from .about_transformer import ANOTHER_ENCODER, look_at
from .component import TrendVector
from .factory import DEFAULT_CONFIG, make_trend_vector
from .findings import Finding, error, from_exception, has_errors, warning
from .trial import TEXT, about_attention, about_failure, about_record, run_trial


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
    facts, findings = look_at(reads, nlp.get_pipe_meta(reads).factory, nlp.get_pipe(reads))
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
