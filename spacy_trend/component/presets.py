"""Presets: settings that go well together, by what they are for, for the setting `preset`."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import spacy

from ..method.interface import Change, Select
from ..settings import UPPER_HALF, check_choice


class Preset(NamedTuple):
    """A selection, a change and contextual layers, each as a config names it.

    Attributes:
        purpose: what it is for.
        select: the block of the selection.
        change: the block of the change.
        contextual_layers: layer numbers, or "upper_half": see `settings`.
    """

    purpose: str
    select: dict[str, Any]
    change: dict[str, Any]
    contextual_layers: Sequence[int | float] | str = (-1,)


_ALL_WORDS = {"@misc": "spacy-trend.attended_words.v1", "layer": 0.5, "residual": 1.0}
_CONTEXTUAL = {"@misc": "spacy-trend.contextual.v1"}
#: "article" is what was published. The others were chosen on training parts alone, see benchmarks/RESULTS.md.
PRESETS: dict[str, Preset] = {
    "article": Preset(
        "the method exactly as published: two words, their trends added",
        {"@misc": "spacy-trend.leading_pair.v1"},
        {"@misc": "spacy-trend.log_ratio.v1"},
    ),
    "related_pair": Preset(
        "two words that belong together, the why rather than the vector",
        {"@misc": "spacy-trend.joint_pair.v1"},
        _CONTEXTUAL,
    ),
    "classifier": Preset(
        "input of a classifier, and exact reasons; not for cosines", _ALL_WORDS, _CONTEXTUAL, UPPER_HALF
    ),
    "classifier_wide": Preset(
        "the same at twice the width, with what words were before",
        _ALL_WORDS,
        {"@misc": "spacy-trend.static_and_contextual.v1"},
        UPPER_HALF,
    ),
    "similarity": Preset("cosines between texts, such as search", _ALL_WORDS, _CONTEXTUAL),
}
#: What was measured of presets, and its number, as in the table of the section "Presets" of
#: benchmarks/RESULTS.md; nothing is here that is not there.
MEASURED: dict[str, dict[str, str]] = {
    "article": {"TREC, %": "64.0", "SST-2, %": "59.3", "SMS, %": "96.1", "STS-B dev": "0.166"},
    "related_pair": {"TREC, %": "67.6", "SST-2, %": "71.9", "SMS, %": "96.3", "STS-B dev": "0.614"},
    "classifier": {"TREC, %": "92.6", "SST-2, %": "83.5", "SMS, %": "98.8", "STS-B dev": "0.832"},
    "classifier_wide": {"TREC, %": "92.8", "SST-2, %": "84.0", "SMS, %": "99.0", "STS-B dev": "0.810"},
    "similarity": {"TREC, %": "91.6", "SST-2, %": "81.6", "SMS, %": "98.3", "STS-B dev": "0.864"},
}
#: What presets of before are called now.
_BEFORE = {
    "all_words": "classifier",
    "all_words_wide": "classifier_wide",
    "signed_pair": "related_pair",
}


def resolve_preset(name: str, select: Any = None, change: Any = None) -> tuple[Select, Change]:
    """Return the selection and the change of a preset, unless others are given.

    Args:
        name: of the preset.
        select: None for the preset's own; a block of a config for the function that it names. A block without
            `@misc`, such as `{"layer": 1}`, only changes that argument of the preset's own function. Anything
            else is taken as it is.
        change: likewise.

    Raises:
        ValueError: for an unknown preset, arguments that its function does not take, or a value that is
            neither a block nor can be called.
    """
    preset = find_preset(name)
    return _resolve("select", preset.select, select), _resolve("change", preset.change, change)


def find_preset(name: str) -> Preset:
    """Return the preset of a name.

    Args:
        name: of the preset.

    Raises:
        ValueError: for an unknown name; for one of before, naming what took its place.
    """
    if name in _BEFORE:
        raise ValueError(
            f"trend_vector: preset={name!r} is gone. Expected one of {', '.join(PRESETS)}: use "
            f"{_BEFORE[name]!r}, and see `python -m spacy trend presets` for what each is for."
        )
    check_choice("trend_vector", "preset", name, tuple(PRESETS))
    return PRESETS[name]


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
