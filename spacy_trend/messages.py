"""Values in messages, kept short: a message says what is wrong, and does not show all of the data."""

from collections.abc import Iterable
from itertools import islice
from typing import Any


def shorten(value: Any, length: int = 60) -> str:
    """Return how Python writes a value, cut off if it is long.

    Args:
        value: any value.
        length: the most characters to keep.
    """
    # A string is cut first: written out, it may be ten times as long.
    written = repr(value[: length + 1] if isinstance(value, str) else value)
    return shorten_text(written, length)


def shorten_text(text: str, length: int = 60) -> str:
    """Return a text on one line, cut off if it is long.

    Args:
        text: any text.
        length: the most characters to keep.
    """
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def name_some(values: Iterable[Any], most: int = 5) -> str:
    """Return the first of some values as Python writes them, and how many more there are.

    Args:
        values: any values.
        most: how many to name.
    """
    rest = iter(values)
    named = f"[{', '.join(map(shorten, islice(rest, most)))}]"
    others = sum(1 for _ in rest)
    return f"{named} and {others:,} more" if others else named
