"""What the package says while it works: records of the logger `spacy_trend`, and how far the work has got.

On a terminal, progress is a bar; elsewhere, lines that the logger is given. The logger's
`setLevel("WARNING")` hides both.
"""

import io
import logging
import sys
from collections.abc import Iterable, Sized
from typing import Any

from tqdm import tqdm

#: The logger of the package; it has no handler until a command, or a program of the user's, adds one.
LOGGER = logging.getLogger("spacy_trend")
#: How often a line tells of the work if there is no terminal, in seconds.
INTERVAL = 10.0
LINE = "{desc}: {n_fmt} of {total_fmt} {unit}s, {elapsed} so far, {remaining} left"
#: How a line ends before the first is done.
UNKNOWN = ", ? left"


class _Lines(io.StringIO):
    """A file whose lines become records of the logger."""

    last = ""

    def write(self, text: str) -> int:
        line = text.strip().removesuffix(UNKNOWN)
        # If the last of the work comes after a pause, it is told twice.
        if line and line != self.last:
            LOGGER.info("%s", line)
            self.last = line
        return len(text)


def progress(
    items: Iterable[Any] | None = None,
    *,
    doing: str,
    unit: str = "text",
    total: int | None = None,
    done: int = 0,
) -> Any:
    """Return a `tqdm` that shows how far the work has got.

    Args:
        items: what is worked on, to be iterated over; None to call `update`.
        doing: the work, such as "Embedding".
        unit: what is counted, in the singular.
        total: how many there are; None for the length of the items.
        done: how many were done before.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    is_hidden = LOGGER.level > logging.INFO
    if sys.stderr.isatty():
        return tqdm(items, desc=doing, unit=unit, total=total, initial=done, disable=is_hidden)
    return tqdm(
        items,
        desc=doing,
        unit=unit,
        total=total,
        initial=done,
        disable=is_hidden or not LOGGER.isEnabledFor(logging.INFO),
        file=_Lines(),
        mininterval=INTERVAL,
        maxinterval=INTERVAL,
        miniters=1,
        ascii=True,
        bar_format=LINE,
    )
