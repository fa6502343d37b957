"""Room in a pipeline for an encoder and a trend vector: whether there is any, where, and by which names."""

from typing import Any

from spacy import Language

from .trend_vector import TrendVector


def check_needs_encoder(nlp: Language) -> None:
    """Refuse a pipeline that has a transformer, a trend vector, or components that were trained with one.

    Args:
        nlp: the pipeline.

    Raises:
        ValueError: if it is refused; the message says what to do instead.
    """
    # Here, because transformers takes seconds to import and every pipeline imports this room.
    from ..encoder.components import listeners_in, transformers_of

    expected = "Expected one without. "
    transformers = list(transformers_of(nlp))
    present = [name for name, pipe in nlp.components if isinstance(pipe, TrendVector)]
    if transformers:
        got = f"add_to: the pipeline has the transformer {transformers[-1]!r} already. {expected}"
        add = "nlp.add_pipe('trend_vector', config={...})"
        if present:
            raise ValueError(
                f"{got}It has the trend vector {present[-1]!r}, too, so there is nothing to add. For other "
                f"settings, call nlp.remove_pipe({present[-1]!r}), then {add}."
            )
        raise ValueError(f"{got}Add the trend vector alone, which reads it: {add}.")
    if present:
        raise ValueError(
            f"add_to: the pipeline has the trend vector {present[-1]!r} already, but no transformer. "
            f"{expected}Call nlp.remove_pipe({present[-1]!r}) first."
        )
    listening = listeners_in(nlp)
    if listening:
        raise ValueError(
            f"add_to: got the component {listening[0]!r}, which was trained with a transformer that is not "
            "in the pipeline. Expected components that need none: with another encoder, this one would be "
            "wrong. Load the pipeline with its own transformer, without `exclude`, and call "
            f"nlp.add_pipe('trend_vector'); or call nlp.remove_pipe({listening[0]!r}) first."
        )


def before_readers(nlp: Language) -> dict[str, Any]:
    """Return where a transformer goes: first, but after all components that merge or split tokens.

    Args:
        nlp: the pipeline.

    Returns:
        arguments of `nlp.add_pipe`.
    """
    changing = [name for name in nlp.component_names if nlp.get_pipe_meta(name).retokenizes]
    return {"after": changing[-1]} if changing else {"first": True}


def free_name(nlp: Language, name: str) -> str:
    """Return a name that no component has: the one given, or with the first free number from 2 up.

    Args:
        nlp: the pipeline.
        name: of the new component.
    """
    numbered = (f"{name}_{number}" for number in range(2, len(nlp.component_names) + 3))
    return next(free for free in (name, *numbered) if free not in nlp.component_names)
