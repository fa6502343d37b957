"""The factory `trend_vector`: its settings, how a config becomes a component, and attaching by hand."""

from collections.abc import Sequence
from inspect import signature
from typing import Any

from spacy import Language

from ..attributes.extensions import ATTRIBUTES
from .config_blocks import FACTORY
from .presets import find_preset, resolve_preset
from .trend_vector import TrendVector

#: The component's own settings as its class has them, and the preset that says how words are selected.
DEFAULT_CONFIG: dict[str, Any] = {
    "preset": "article",
    "select": None,
    "change": None,
    **{
        name: parameter.default
        for name, parameter in signature(TrendVector).parameters.items()
        if parameter.default is not parameter.empty
    },
    # The preset's.
    "contextual_layers": None,
}


@Language.factory(
    FACTORY,
    default_config=DEFAULT_CONFIG,
    assigns=ATTRIBUTES,
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
    contextual_layers: Sequence[int | float] | str | None,
    token_vectors: bool,
    vector_hooks: bool,
    precision: str,
) -> TrendVector:
    """Make the component of `nlp.add_pipe("trend_vector")`, attached to the transformer before it.

    Args:
        nlp: the pipeline.
        name: the component's name in it.
        transformer: see `TrendVector`, as `level`, `token_vectors`, `vector_hooks` and `precision`.
        level: see there.
        preset: the name of settings that go well together, see `presets`.
        select: a selection; None for the preset's.
        change: a change; None for the preset's.
        contextual_layers: see `TrendVector`; None for the preset's.
        token_vectors: see there.
        vector_hooks: see there.
        precision: see there.

    Returns:
        the component.

    Raises:
        ValueError: if there is no transformer, or a setting has an unknown value.
    """
    chosen, changed = resolve_preset(preset, select, change)
    layers = find_preset(preset).contextual_layers if contextual_layers is None else contextual_layers
    component = TrendVector(
        name,
        select=chosen,
        change=changed,
        contextual_layers=layers,
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

    The factory attaches by itself, to the last transformer that is there when it is called. Call this if that
    is not the right one: after a component was put between transformers (`before=`, `after=`), or a
    transformer was replaced or moved. Call it, too, whenever one of them was taken from another pipeline
    (`nlp.add_pipe(..., source=...)`, or `source` in a config): otherwise the component goes by that one's
    names and by whether it is enabled there.

    Args:
        nlp: the pipeline.

    Raises:
        ValueError: if the pipeline has no trend vector, or one has no transformer before it.
    """
    components = [(name, pipe) for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    if not components:
        raise ValueError(
            f"There is nothing to attach: got the components {nlp.component_names}, expected "
            "'trend_vector' among them. Call nlp.add_pipe('trend_vector') first."
        )
    for name, component in components:
        if component.encoder is not None and not component.encoder.is_of(nlp):
            # spaCy shares a component with the pipeline it is taken from: that one keeps it.
            config = {key: value for key, value in nlp.get_pipe_config(name).items() if key != "factory"}
            nlp.replace_pipe(name, "trend_vector", config=config)
    for name, pipe in nlp.components:
        if isinstance(pipe, TrendVector):
            pipe.attach(nlp, before=name)
