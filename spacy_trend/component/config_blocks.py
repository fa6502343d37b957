"""The functions of a component as its config names them, so that the component can be pickled.

What a registered function returns may be a closure, which cannot be pickled. The block that made it can, and
makes it again.

A component that a factory of the user's own made is pickled as it is, because only that factory knows what
its settings mean. This is a limit: what such a factory gives a `TrendVector` must be a function of a module
or an object of a class of one, and no closure.
"""

from typing import Any

from spacy import Language
from spacy.pipeline import Pipe

FACTORY = "trend_vector"
#: The settings out of which `presets.resolve_preset` makes the functions.
_SETTINGS = ("preset", "select", "change")


def find_blocks(nlp: Language, component: Pipe) -> dict[str, Any] | None:
    """Return the settings `preset`, `select` and `change` of a component as the pipeline's config has them.

    Args:
        nlp: the pipeline.
        component: the component.

    Returns:
        the settings; None if the component is not in the pipeline, or was made by another factory.
    """
    for name, pipe in nlp.components:
        if pipe is component and nlp.get_pipe_meta(name).factory == FACTORY:
            config = nlp.get_pipe_config(name)
            if "${" in str(config):
                # Variables, whose values stand elsewhere in the config.
                config = nlp.config.interpolate()["components"][name]
            return {setting: config[setting] for setting in _SETTINGS}
    return None
