"""Presets: a selection and a change that go well together, by name, for the setting `preset`."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import spacy

from ..method.interface import Change, Select
from ..settings import check_choice


class Preset(NamedTuple):
    """A selection and a change, each as a config names it."""

    select: dict[str, Any]
    change: dict[str, Any]


_LEADING_PAIR = {"@misc": "spacy-trend.leading_pair.v1"}
_MUTUAL_PAIR = {"@misc": "spacy-trend.mutual_pair.v1"}
_ALL_WORDS = {"@misc": "spacy-trend.attended_words.v1", "residual": 1.0}
_SIGNED_LOG = {"@misc": "spacy-trend.signed_log.v1"}
#: "article" is what was published. The others were chosen on training parts alone, see benchmarks/RESULTS.md.
PRESETS: dict[str, Preset] = {
    "article": Preset(_LEADING_PAIR, {"@misc": "spacy-trend.log_ratio.v1"}),
    "signed_pair": Preset(_LEADING_PAIR, _SIGNED_LOG),
    "related_pair": Preset(_MUTUAL_PAIR, _SIGNED_LOG),
    "all_words": Preset(_ALL_WORDS, {"@misc": "spacy-trend.first_last_mean.v1"}),
    "all_words_wide": Preset(_ALL_WORDS, {"@misc": "spacy-trend.static_and_contextual.v1"}),
    "similarity": Preset(_ALL_WORDS, {"@misc": "spacy-trend.contextual.v1"}),
}


def resolve_preset(name: str, select: Any = None, change: Any = None) -> tuple[Select, Change]:
    """Return the selection and the change of a preset, unless others are given.

    Args:
        name: of the preset.
        select: None for the preset's own; a block of a config for the function that it names or, if it names
            none, such as `{"layer": 1}`, for the preset's own with these arguments; anything else is taken as
            it is.
        change: likewise.

    Raises:
        ValueError: for an unknown preset, arguments that its function does not take, or a value that is
            neither a block nor can be called.
    """
    check_choice("trend_vector", "preset", name, tuple(PRESETS))
    preset = PRESETS[name]
    return _resolve("select", preset.select, select), _resolve("change", preset.change, change)


def _resolve(setting: str, block: dict[str, Any], given: Any) -> Any:
    if given is not None and not isinstance(given, Mapping):
        if not callable(given):
            raise ValueError(
                f"The setting '{setting}' got {given!r}. Expected the block of a config that makes it, such "
                f"as {block}, or null for the preset's."
            )
        return given
    arguments = given or {}
    names_another = "@misc" in arguments
    return spacy.registry.resolve({setting: {**({} if names_another else block), **arguments}})[setting]
