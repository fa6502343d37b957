"""Findings about a trend vector in its pipeline: its place, its settings, and what it reads and needs."""

from typing import Any

from spacy import Language
from spacy.tokens import Doc

from ..bundled import ENCODER_LANGUAGES, MULTILINGUAL_ENCODER
from ..component.factory import DEFAULT_CONFIG
from ..component.trend_vector import TrendVector
from ..encoder.components import find_transformer, listeners_in, transformers_of
from ..method.interface import reads_heads
from .findings import Failure, Finding, error, fine, from_failure, warning

_OBSERVE = "import spacy_trend; spacy_trend.observe(nlp)"


def transformer_read_by(nlp: Language, name: str, component: TrendVector) -> str:
    """Return the name of the transformer that a trend vector reads; if it can read none, that of the first.

    Args:
        nlp: a pipeline with a transformer.
        name: the trend vector's name; it need not be in the pipeline.
        component: the trend vector.
    """
    transformers = transformers_of(nlp)
    try:
        wanted = find_transformer(nlp, component.transformer_in(nlp), before=name)
    except ValueError:
        return next(iter(transformers))
    return next(other for other, pipe in transformers.items() if pipe is wanted)


def how_to_get_transformer(nlp: Language) -> str:
    """Return how a pipeline without a transformer gets one: as code, unless it was left out.

    Args:
        nlp: the pipeline.
    """
    listening = listeners_in(nlp)
    if listening:
        return f"Load the pipeline without `exclude`: {listening[0]!r} was trained with a transformer"
    encoder = {} if nlp.lang in ENCODER_LANGUAGES else {"encoder": MULTILINGUAL_ENCODER}
    present = [name for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    remove = "".join(f"nlp.remove_pipe({name!r}); " for name in present)
    settings = encoder | (_changed_settings(nlp, present[-1]) if present else {})
    # The encoder that is added is another one than that it names.
    settings.pop("transformer", None)
    given = "".join(f", {name}={value!r}" for name, value in settings.items())
    return f"import spacy_trend; {remove}spacy_trend.add_to(nlp{given})"


def about_placement(nlp: Language, name: str, component: TrendVector) -> Finding:
    """Return a finding on whether a trend vector stands after its transformer and is attached to it.

    Args:
        nlp: the pipeline.
        name: the trend vector's name in the pipeline.
        component: the trend vector.
    """
    try:
        wanted = find_transformer(nlp, component.transformer_in(nlp), before=name)
    except ValueError as raised:
        later = [other for other in transformers_of(nlp) if component.transformer_in(nlp) in (None, other)]
        if not later:
            return from_failure(
                "placement", Failure(raised, str(raised)), "Correct the setting 'transformer'"
            )
        text = f"'{name}' stands before the transformer '{later[0]}', and cannot read it"
        return error("placement", text, _how_to_move(nlp, name, later[0]))
    reads = transformer_read_by(nlp, name, component)
    if name in nlp.disabled:
        return warning("placement", f"'{name}' is disabled: docs get no vector", f"nlp.enable_pipe({name!r})")
    if reads in nlp.disabled:
        text = f"The transformer '{reads}' is disabled, so '{name}' has nothing to read"
        return error("placement", text, f"nlp.enable_pipe({reads!r})")
    if component.encoder is None:
        return error("placement", f"'{name}' is not attached to a transformer", _OBSERVE)
    if component.encoder.transformer is not wanted:
        attached = [other for other, pipe in nlp.components if pipe is component.encoder.transformer]
        other = f"'{attached[0]}'" if attached else "a transformer outside this pipeline"
        text = f"'{name}' should read the transformer '{reads}', but is attached to {other}"
        return error("placement", text, _OBSERVE)
    if not component.encoder.is_observed:
        return error("placement", f"The transformer '{reads}' is no longer observed", _OBSERVE)
    return fine("placement", f"'{name}' stands after the transformer '{reads}' and is attached to it")


def about_settings(nlp: Language, name: str) -> Finding:
    """Return a finding that lists the preset of a trend vector and its changed settings.

    Args:
        nlp: the pipeline.
        name: the trend vector's name in the pipeline.
    """
    settings = {"preset": DEFAULT_CONFIG["preset"], **_changed_settings(nlp, name)}
    listed = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return fine("settings", f"Settings of '{name}': {listed}; all others are the defaults")


def about_similarity(nlp: Language, name: str) -> list[Finding]:
    """Return a finding that the preset for similarity does not change `doc.similarity` by itself.

    Args:
        nlp: the pipeline.
        name: the trend vector's name in the pipeline.

    Returns:
        the finding; none for other presets, or with `vector_hooks`.
    """
    settings = _changed_settings(nlp, name)
    if settings.get("preset") != "similarity" or "vector_hooks" in settings:
        return []
    # Not a warning: a search reads the vectors themselves.
    text = (
        f"doc.similarity is spaCy's own and does not use the vectors of '{name}'; to have it use them, add "
        '"vector_hooks": True to the config'
    )
    return [fine("similarity", text)]


def about_needs(nlp: Language, name: str, component: TrendVector, doc: Doc) -> list[Finding]:
    """Return findings on the sentences and the dependency tree, if the settings of a trend vector need them.

    Args:
        nlp: the pipeline.
        name: the trend vector's name in the pipeline.
        component: the trend vector.
        doc: a doc that the components before it ran on.
    """
    findings = []
    if component.level == "sentence":
        if doc.has_annotation("SENT_START"):
            findings.append(fine("sentences", "level='sentence' has the sentence boundaries that it needs"))
        else:
            add = f"nlp.add_pipe('sentencizer', before={name!r})"
            text = f"level='sentence' needs sentence boundaries, and nothing before '{name}' sets them"
            findings.append(error("sentences", text, _how_to_set(nlp, name, "token.is_sent_start", add)))
    if reads_heads(component.select):
        if doc.has_annotation("DEP"):
            findings.append(fine("parser", "The selection has the dependency tree that it needs"))
        else:
            add = (
                "Use a pipeline that has a parser, or a selection that needs none: in the settings, "
                'select = {"@misc": "spacy-trend.mutual_pair.v1"}'
            )
            text = f"The selection needs a dependency tree, and no parser stands before '{name}'"
            findings.append(error("parser", text, _how_to_set(nlp, name, "token.dep", add)))
    return findings


def _changed_settings(nlp: Language, name: str) -> dict[str, Any]:
    """Return the settings of a trend vector that differ from the defaults.

    Args:
        nlp: the pipeline.
        name: the trend vector's name in the pipeline.
    """
    config = nlp.get_pipe_config(name)
    return {key: config[key] for key, value in DEFAULT_CONFIG.items() if config.get(key, value) != value}


def _how_to_set(nlp: Language, name: str, attribute: str, add: str) -> str:
    """Return how to get an attribute set: by a component of the pipeline, or else by adding one."""
    setters = [other for other in nlp.component_names if attribute in nlp.get_pipe_meta(other).assigns]
    later = nlp.component_names[nlp.component_names.index(name) :]
    for setter in setters:
        if setter in later:
            return _how_to_move(nlp, name, setter)
    disabled = [setter for setter in setters if setter in nlp.disabled]
    return f"nlp.enable_pipe({disabled[0]!r})" if disabled else add


def _how_to_move(nlp: Language, name: str, other: str) -> str:
    """Return how to move a trend vector behind another component, with its settings."""
    settings = _changed_settings(nlp, name)
    named = "" if name == "trend_vector" else f", name={name!r}"
    config = f", config={settings!r}" if settings else ""
    add = f"nlp.add_pipe('trend_vector'{named}, after={other!r}{config})"
    return f"nlp.remove_pipe({name!r}); {add}"
