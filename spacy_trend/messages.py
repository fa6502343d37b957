"""Values in messages, short and harmless: a message says what is wrong, and does not show all of the data."""

import re
from collections.abc import Iterable
from itertools import islice
from reprlib import repr as repr_shortly
from typing import Any

#: Characters that a terminal obeys instead of showing them: controls, ends of lines, directions of writing.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff]")


def without_controls(value: Any) -> str:
    """Return a value as text, with escapes in place of the characters that a terminal obeys.

    Whatever comes from outside may hold such characters, names of files and columns too.

    Args:
        value: a text, or anything else that `str` writes, such as a path.
    """
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], str(value))


def shorten(value: Any, length: int = 60) -> str:
    """Return how Python writes a value, cut off if it is long.

    Args:
        value: any value.
        length: the most characters to keep.
    """
    # A string is cut first: written out, it may be ten times as long.
    short = value[: length + 1] if isinstance(value, str) else value
    try:
        written = repr(short)
    except RecursionError:
        # Of JSON, values may stand in one another as deep as Python can just read.
        written = repr_shortly(short)
    return shorten_text(written, length)


def shorten_text(text: str, length: int = 60) -> str:
    """Return a text on one line, without characters that a terminal obeys, cut off if it is long.

    Args:
        text: any text.
        length: the most characters to keep.
    """
    # The escapes are made last: a long text is not worth as many.
    line = without_controls(" ".join(text.split())[: length + 1])
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
