"""The options of pictures, in the manner of displaCy: colours, how much is shown, and what is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..messages import shorten

#: What a picture with an attribution knows beside the styles.
PARTS = "parts"
#: The options that each style knows.
KNOWN = {
    "attention": ("colors", "compact", "heads"),
    "words": ("colors", "compact", "top"),
    PARTS: ("colors", "compact", "top"),
    "similarity": ("colors", "compact", "top"),
}
#: What has a colour of its own.
COLOURED = ("shade", "positive", "negative")
#: From so many pictures on, they are compact if the options do not say.
MANY = 20


@dataclass(frozen=True)
class Options:
    """The options of pictures, checked.

    Attributes:
        colors: colours such as "#6ea8dc" by what they are for: `COLOURED`.
        compact: whether less is shown of each text; None to do so from `MANY` texts on.
        top: how many words or pairs are named; None for as many as the style names.
        heads: how many heads a layer has, if rows are the heads of several layers; None if they are not.
    """

    colors: Mapping[str, str] = field(default_factory=dict)
    compact: bool | None = None
    top: int | None = None
    heads: int | None = None

    def is_compact(self, pictures: int) -> bool:
        """Return whether less is shown of each of some pictures."""
        return pictures >= MANY if self.compact is None else self.compact


def read_options(options: Mapping[str, Any] | None, style: str) -> Options:
    """Return options, checked.

    Args:
        options: as a user gives them; None for none.
        style: a style, or `PARTS`.

    Raises:
        ValueError: for what is no mapping, an option that the style does not know, or a value of another
            kind.
    """
    if options is None:
        return Options()
    if not isinstance(options, Mapping):
        raise ValueError(_wrong("options", options, "a dictionary such as {'compact': True}"))
    for name in options:
        if name not in KNOWN[style]:
            expected = ", ".join(map(repr, KNOWN[style]))
            what = "pictures of an attribution" if style == PARTS else f"the style {style!r}"
            raise ValueError(
                f"render: the option {shorten(name)} is unknown to {what}. Expected one of {expected}."
            )
    compact = options.get("compact")
    if compact is not None and not isinstance(compact, bool):
        raise ValueError(_wrong("options['compact']", compact, "True or False"))
    return Options(
        _colors(options.get("colors")), compact, _number(options, "top"), _number(options, "heads")
    )


def _number(options: Mapping[str, Any], name: str) -> int | None:
    number = options.get(name)
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(_wrong(f"options[{name!r}]", number, "a whole number from 1"))
    return number


def _colors(colors: Any) -> dict[str, str]:
    if colors is None:
        return {}
    if not isinstance(colors, Mapping) or not set(colors) <= set(COLOURED):
        expected = " or ".join(map(repr, COLOURED))
        raise ValueError(
            _wrong("options['colors']", colors, f"a dictionary of colours with the keys {expected}")
        )
    for colour in colors.values():
        # What else CSS takes for a colour could hold the end of a rule, and another.
        if not isinstance(colour, str) or not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError(
                _wrong("options['colors']", colour, "colours as red, green and blue, such as '#6ea8dc'")
            )
    return {name: colour.lower() for name, colour in colors.items()}


def _wrong(name: str, got: Any, expected: str) -> str:
    return f"render: got {name}={shorten(got)}. Expected {expected}."
