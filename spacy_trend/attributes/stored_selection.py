"""Selections out of records, for phrases of stored docs.

A record names a selection; whoever wrote the record chose that name. So nothing is looked up in spaCy's
registry because a record says so: our own selections stand in a table, and a user's own is used only if this
process made a component with it, or was told by `allow_selection`.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from inspect import signature
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import spacy

from ..method.interface import Select
from ..method.mutual_pairs import dependency_pair, joint_pair, mutual_pair
from ..method.selections import attended_words, changed_words, leading_pair
from .record import Record, describe

#: Our own selections by the names under which they are registered; each takes plain settings.
OWN: dict[str, Callable[..., Any]] = {
    "spacy-trend.attended_words.v1": attended_words,
    "spacy-trend.changed_words.v1": changed_words,
    "spacy-trend.dependency_pair.v1": dependency_pair,
    "spacy-trend.joint_pair.v1": joint_pair,
    "spacy-trend.leading_pair.v1": leading_pair,
    "spacy-trend.mutual_pair.v1": mutual_pair,
}
#: The other selections that components of this process were made with, by their config as JSON.
_USED: dict[str, Select] = {}
#: More brackets than settings need; what is nested deeper can neither be walked through nor printed.
MOST_NESTED = 100
#: Names that the user trusts.
_ALLOWED: set[str] = set()


def allow_selection(name: str) -> None:
    """Let docs that were stored elsewhere use a selection of your own, for their spans.

    Not needed if this process makes a component with the same settings of it, as `spacy.load` does. The
    selection is called with the settings that the stored doc holds, whoever wrote them: plain values alone.

    Args:
        name: under which it is registered in `@misc`, such as "my.select.v1"; it may be registered later.

    Raises:
        ValueError: for anything but a name.
    """
    if not isinstance(name, str) or not name:
        raise ValueError(
            f"allow_selection: got {name!r}, expected the name of a selection that is registered in @misc, "
            "such as 'my.select.v1'."
        )
    _ALLOWED.add(name)


def remember_selection(select: Select) -> None:
    """Let docs that were stored elsewhere use a selection that a component of this process was made with.

    Args:
        select: the selection.
    """
    config = describe(select)
    if json.loads(config)["@misc"] not in OWN:
        _USED[config] = select


def selection_of(record: Record) -> Select:
    """Return the selection that a record names.

    Args:
        record: of a doc, checked.

    Raises:
        ValueError: for a selection that is neither ours nor known here, or settings that it does not take.
    """
    config = record["select"]
    if config in _USED:
        return _USED[config]
    select = _make(config)
    if len(record["attention"]) == 0:
        raise ValueError(
            f"The record of a doc names the selection {config:.200} and has no row of attention. Expected "
            "one row or more. Run the pipeline on the text again."
        )
    return select


def config_of(record: Record) -> dict[str, Any]:
    """Return the config of the selection that a record names, to be shown; one of ours with all its settings.

    Args:
        record: of a doc, checked.

    Raises:
        ValueError: if it is no config, or for settings that one of our selections does not take.
    """
    config = _parse(record["select"])
    return _parse(describe(_make(record["select"]))) if config["@misc"] in OWN else config


@lru_cache(maxsize=64)
def _make(config: str) -> Select:
    settings = _parse(config)
    name = settings.pop("@misc")
    if name in OWN:
        _check_own(name, settings)
        own: Select = OWN[name](**settings)
        return own
    if name not in _ALLOWED:
        raise ValueError(
            f"The record of a doc names the selection {name!r:.100}, which is not used because a record says "
            "so: it is none of spacy_trend's, and no component of this process was made with it and the "
            f"settings {settings!r:.200}. If you trust the doc, load the pipeline that made it, or call "
            f"spacy_trend.allow_selection({name!r:.100})."
        )
    return _make_allowed(name, settings)


def _parse(config: str) -> dict[str, Any]:
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError):
        parsed = None
    if _depth(config) > MOST_NESTED:
        parsed = None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("@misc"), str):
        raise ValueError(
            f"The record of a doc names the selection {config:.200}. Expected the block of a config with the "
            "name of a selection, such as {'@misc': 'spacy-trend.leading_pair.v1'}. Run the pipeline on the "
            "text again."
        )
    return parsed


def _depth(config: str) -> int:
    # Of brackets in texts, too: nobody needs so many.
    return max(config.count("["), config.count("{"))


def _check_own(name: str, settings: dict[str, Any]) -> None:
    hints = get_type_hints(OWN[name])
    hints.pop("return")
    for setting, value in settings.items():
        if setting not in hints or not _fits(value, hints[setting]):
            raise ValueError(
                f"The record of a doc names the selection {name!r} with {setting!r:.60} = {value!r:.100}. "
                f"Expected only the settings {', '.join(hints)}, and plain values of their types. Run the "
                "pipeline on the text again."
            )


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value out of JSON is of the type that a parameter is declared with."""
    if get_origin(hint) is UnionType:
        return any(_fits(value, each) for each in get_args(hint))
    if get_origin(hint) is Sequence:
        return isinstance(value, list) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint in (int, float):
        # JSON knows one kind of number; those beyond float32 would overflow later.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and abs(value) <= float(np.finfo(np.float32).max)
    return isinstance(value, hint)


def _make_allowed(name: str, settings: dict[str, Any]) -> Select:
    if not _is_plain(settings):
        raise ValueError(
            f"The record of a doc names the selection {name!r} with the settings {settings!r:.200}. Expected "
            "plain values, and no block that names a function (a key that begins with '@'): such a block is "
            "made only by a component. Load the pipeline that made the doc."
        )
    if not spacy.registry.has("misc", name):
        raise ValueError(
            f"The record of a doc names the selection {name!r}, which is allowed but not registered here. "
            f"Expected it in @misc: import the module with @spacy.registry.misc({name!r})."
        )
    make = spacy.registry.get("misc", name)
    try:
        signature(make).bind(**settings)
    except TypeError as error:
        raise ValueError(
            f"The record of a doc names the selection {name!r} with the settings {settings!r:.200}, which it "
            f"does not take: {error}. Expected those of {signature(make)}. Run the pipeline on the text "
            "again."
        ) from error
    select: Select = make(**settings)
    if not callable(select):
        raise ValueError(
            f"The record of a doc names {name!r}, which is allowed and made {select!r:.100}, which is no "
            "selection. Expected a function that makes one, see spacy_trend.Select: allow no other name."
        )
    return select


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(not name.startswith("@") and _is_plain(item) for name, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)
