"""The factory of the component: its settings, and how a config becomes a component."""

from typing import Any

from spacy import Language

from .presets import resolve_preset
from .trend_vector import TrendVector

DEFAULT_CONFIG: dict[str, Any] = {
    "transformer": None,
    "level": "doc",
    "preset": "article",
    "select": None,
    "change": None,
    "token_vectors": True,
    "vector_hooks": False,
    "precision": "model",
}


@Language.factory(
    "trend_vector",
    default_config=DEFAULT_CONFIG,
    assigns=[
        "doc._.trend_vector",
        "doc._.trend_focus",
        "doc._.trend_related",
        "doc._.trend_truncated",
        "span._.trend_vector",
        "span._.trend_focus",
        "span._.trend_related",
        "token._.trend_vector",
        "token._.trend_attention",
    ],
    requires=["doc._.trf_data"],
)
def make_trend_vector(
    nlp: Language,
    name: str,
    transformer: str | None,
    level: str,
    preset: str,
    select: Any,
    change: Any,
    token_vectors: bool,
    vector_hooks: bool,
    precision: str,
) -> TrendVector:
    """The factory of `nlp.add_pipe("trend_vector")`; its settings are those of `TrendVector`, and `preset`.

    preset: the name of a selection and a change that go well together, see `presets`.
    select, change: None for the preset's.
    RETURNS: the component, attached to the transformer before it.
    RAISES: ValueError where there is no transformer, or a setting has an unknown value.
    """
    chosen, changed = resolve_preset(preset, select, change)
    component = TrendVector(
        name,
        select=chosen,
        change=changed,
        level=level,
        token_vectors=token_vectors,
        vector_hooks=vector_hooks,
        transformer=transformer,
        precision=precision,
    )
    component.attach(nlp)
    return component


def observe(nlp: Language) -> None:
    """Attach every trend vector of a pipeline to the transformer before it.

    The factory attaches by itself, to the last transformer that is there when it is called. Call this where
    that is another one: after a component was taken from another pipeline (`nlp.add_pipe(..., source=...)`),
    was put between transformers (`before=`, `after=`), or a transformer was replaced or moved.

    RAISES: ValueError where the pipeline has no trend vector, or one has no transformer before it.
    """
    components = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    if not components:
        raise ValueError(
            f"There is nothing to attach: got the components {nlp.component_names}, expected "
            "'trend_vector' among them. Call nlp.add_pipe('trend_vector') first."
        )
    for name, component in components:
        if component.encoder is not None and not component.encoder.is_of(nlp):
            # spaCy shares a component with the pipeline it is taken from: that one keeps it, here is another.
            config = {key: value for key, value in nlp.get_pipe_config(name).items() if key != "factory"}
            nlp.replace_pipe(name, "trend_vector", config=config)
    for name, pipe in nlp.components:
        if isinstance(pipe, TrendVector):
            pipe.attach(nlp, before=name)
