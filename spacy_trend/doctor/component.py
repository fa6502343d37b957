"""Findings about a trend vector in its pipeline: where it stands, what it reads and needs, its settings."""

from typing import Any

from spacy import Language
from spacy.tokens import Doc

from ..component.factory import DEFAULT_CONFIG
from ..component.trend_vector import TrendVector
from ..encoder.transformer import find_transformer, is_transformer
from ..method.interface import reads_heads
from .findings import Finding, error, fine, from_exception, warning

OBSERVE = "import spacy_trend; spacy_trend.observe(nlp)"


def transformers_of(nlp: Language) -> dict[str, Any]:
    """The transformers of a pipeline by name, those that are disabled too."""
    return {name: pipe for name, pipe in nlp.components if is_transformer(pipe)}


def read_by(nlp: Language, name: str, component: TrendVector) -> str:
    """The name of the transformer that a trend vector reads, or, where it cannot, the one it might.

    name: the component's; it need not be in the pipeline.
    """
    transformers = transformers_of(nlp)
    try:
        wanted = find_transformer(nlp, component.transformer, before=name)
    except ValueError:
        return next(iter(transformers))
    return next(other for other, pipe in transformers.items() if pipe is wanted)


def about_placement(nlp: Language, name: str, component: TrendVector) -> Finding:
    """Whether a trend vector stands after the transformer it reads, and is attached to it.

    name: the component's in the pipeline.
    """
    try:
        wanted = find_transformer(nlp, component.transformer, before=name)
    except ValueError as raised:
        behind = [other for other in transformers_of(nlp) if component.transformer in (None, other)]
        if not behind:
            return from_exception("placement", raised, "Correct the setting 'transformer'")
        text = f"'{name}' stands before the transformer '{behind[0]}', and cannot read it"
        return error("placement", text, _placed_after(nlp, name, behind[0]))
    reads = read_by(nlp, name, component)
    if name in nlp.disabled:
        return warning("placement", f"'{name}' is disabled: docs get no vector", f"nlp.enable_pipe({name!r})")
    if reads in nlp.disabled:
        text = f"The transformer '{reads}' is disabled, and '{name}' has nothing to read"
        return error("placement", text, f"nlp.enable_pipe({reads!r})")
    if component.encoder is None:
        return error("placement", f"'{name}' is not attached to a transformer", OBSERVE)
    if component.encoder.transformer is not wanted:
        attached = [other for other, pipe in nlp.components if pipe is component.encoder.transformer]
        other = f"'{attached[0]}'" if attached else "one that is not in this pipeline"
        text = f"'{name}' should read the transformer '{reads}', but is attached to {other}"
        return error("placement", text, OBSERVE)
    if not component.encoder.is_observed:
        return error("placement", f"The transformer '{reads}' is not observed any more", OBSERVE)
    return fine("placement", f"'{name}' stands after the transformer '{reads}' and is attached to it")


def about_settings(nlp: Language, name: str) -> Finding:
    """The preset of a trend vector, and its settings that are not the defaults."""
    settings = {"preset": DEFAULT_CONFIG["preset"], **own_settings(nlp, name)}
    listed = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return fine("settings", f"Settings of '{name}': {listed}; all others are the defaults")


def about_similarity(nlp: Language, name: str) -> list[Finding]:
    """Whose similarity docs have, of a trend vector with the preset that is made for it."""
    settings = own_settings(nlp, name)
    if settings.get("preset") != "similarity" or "vector_hooks" in settings:
        return []
    # Nothing wrong: a search reads the vectors themselves.
    text = (
        f"doc.similarity is spaCy's own, not of the vectors of '{name}'; for theirs, add to its config "
        '"vector_hooks": True'
    )
    return [fine("similarity", text)]


def about_needs(nlp: Language, name: str, component: TrendVector, doc: Doc) -> list[Finding]:
    """Whether a trend vector has the sentences and the dependency tree that its settings need.

    doc: one that the components before it ran on.
    """
    findings = []
    if component.level == "sentence":
        if doc.has_annotation("SENT_START"):
            findings.append(fine("sentences", "level='sentence' has the sentence boundaries that it needs"))
        else:
            add = f"nlp.add_pipe('sentencizer', before={name!r})"
            text = f"level='sentence' needs sentence boundaries, and nothing before '{name}' sets them"
            findings.append(error("sentences", text, _set_before(nlp, name, "token.is_sent_start", add)))
    if reads_heads(component.select):
        if doc.has_annotation("DEP"):
            findings.append(fine("parser", "The selection has the dependency tree that it needs"))
        else:
            add = (
                "Take a pipeline that has a parser, or in the settings "
                'select = {"@misc": "spacy-trend.mutual_pair.v1"}, which needs none'
            )
            text = f"The selection needs a dependency tree, and no parser stands before '{name}'"
            findings.append(error("parser", text, _set_before(nlp, name, "token.dep", add)))
    return findings


def own_settings(nlp: Language, name: str) -> dict[str, Any]:
    """The settings of a trend vector that are not the defaults."""
    config = nlp.get_pipe_config(name)
    return {key: config[key] for key, value in DEFAULT_CONFIG.items() if config.get(key, value) != value}


def _set_before(nlp: Language, name: str, attribute: str, add: str) -> str:
    """How to have an attribute set before a component: by one that is there, or as `add` says."""
    setters = [other for other in nlp.component_names if attribute in nlp.get_pipe_meta(other).assigns]
    behind = nlp.component_names[nlp.component_names.index(name) :]
    for setter in setters:
        if setter in behind:
            return _placed_after(nlp, name, setter)
    disabled = [setter for setter in setters if setter in nlp.disabled]
    return f"nlp.enable_pipe({disabled[0]!r})" if disabled else add


def _placed_after(nlp: Language, name: str, other: str) -> str:
    """How to move a component behind another; its settings stay."""
    settings = own_settings(nlp, name)
    named = "" if name == "trend_vector" else f", name={name!r}"
    config = f", config={settings!r}" if settings else ""
    add = f"nlp.add_pipe('trend_vector'{named}, after={other!r}{config})"
    return f"nlp.remove_pipe({name!r}); {add}"
