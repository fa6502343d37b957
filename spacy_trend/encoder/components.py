"""The components of a pipeline that are transformers of either package, or listen to one."""

import sys
from typing import Any

from spacy import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy_transformers import Transformer
from thinc.api import Model


def find_transformer(nlp: Language, name: str | None, before: str | None = None) -> Any:
    """Find the transformer component that a trend vector reads.

    Args:
        nlp: the pipeline.
        name: the name of the component; None for the nearest one.
        before: the name of the component that reads it, if it is already in the pipeline.

    Returns:
        the transformer component.

    Raises:
        ValueError: if there is none, or the component of that name is not a transformer.
    """
    names = nlp.component_names
    upstream = dict(nlp.components[: names.index(before)] if before in names else nlp.components)
    if name is not None:
        found = upstream.get(name)
        if is_transformer(found):
            return found
        got = f"no component of that name among {list(upstream)}" if found is None else f"a {type(found)}"
        raise ValueError(
            f"The setting 'transformer' names '{name}', but got {got}. Expected a transformer component, of "
            "spacy-transformers or spacy-curated-transformers, before 'trend_vector'. Correct the name, or "
            "leave the setting out to read the nearest one."
        )
    transformers = [pipe for pipe in upstream.values() if is_transformer(pipe)]
    if not transformers:
        raise ValueError(_no_transformer(nlp, before))
    return transformers[-1]


def is_transformer(pipe: Any) -> bool:
    """Return whether a component is a transformer of spacy-transformers or spacy-curated-transformers."""
    # Importing the package would take time: a pipeline with a curated transformer has imported it already.
    curated = sys.modules.get("spacy_curated_transformers.pipeline.transformer")
    return isinstance(pipe, Transformer) or (
        curated is not None and isinstance(pipe, curated.CuratedTransformer)
    )


def transformers_of(nlp: Language) -> dict[str, Any]:
    """Return the transformers of a pipeline by name in order, disabled ones included.

    Args:
        nlp: the pipeline.
    """
    return {name: pipe for name, pipe in nlp.components if is_transformer(pipe)}


def listeners_in(nlp: Language) -> list[str]:
    """Return the names of the components that were made to read a transformer's output while they learn.

    Args:
        nlp: the pipeline.
    """
    return [name for name, pipe in nlp.components if _listens(getattr(pipe, "model", None))]


def _no_transformer(nlp: Language, reader: str | None) -> str:
    """Return what to say of a pipeline in which no transformer stands where a trend vector could read it."""
    names, later, listening = nlp.component_names, list(transformers_of(nlp)), listeners_in(nlp)
    got = (
        f"There is no transformer for 'trend_vector' to read: got the components {names}, expected one of "
        "spacy-transformers or spacy-curated-transformers before it. "
    )
    if later:
        return (
            f"{got}Move it: nlp.remove_pipe({reader!r}), then nlp.add_pipe('trend_vector', "
            f"after={later[0]!r})."
        )
    if listening:
        return (
            f"{got}The component {listening[0]!r} was trained with one: do not exclude it when the pipeline "
            "is loaded."
        )
    return (
        f"{got}A pipeline without one gets an encoder and a trend vector from spacy_trend.add_to(nlp), "
        "which leaves its other components as they are; for a command, save the result with "
        "nlp.to_disk(FOLDER) and give --model FOLDER. If the pipeline was saved with a transformer, do not "
        "exclude it when the pipeline is loaded."
    )


def _listens(model: Any) -> bool:
    nodes = model.walk() if isinstance(model, Model) else ()
    # The listeners of the two packages share no class; those of spaCy's own tok2vec have the attribute, too.
    return any(hasattr(node, "upstream_name") and not isinstance(node, Tok2VecListener) for node in nodes)
