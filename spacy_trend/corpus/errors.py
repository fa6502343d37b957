"""The rows of a corpus that were left out, listed as JSON lines beside the output folder."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge

from ..messages import shorten_text, without_controls
from ..text_files import Row
from .folder import TEMPORARY, OutputFolder

#: Errors of the input, while a run is at work.
FOUND = f"errors{TEMPORARY}"
#: How many characters of an error are listed, besides its place.
LONGEST_ERROR = 1_000


class RowError(ValueError):
    """A row that the pipeline cannot embed.

    Args:
        row: its position in the input.
        error: what is wrong.
    """

    def __init__(self, row: int, error: str) -> None:
        super().__init__(row, error)
        self.row = row
        self.error = error

    def __str__(self) -> str:
        return f"Row {self.row} cannot be embedded ({self.error})."


@contextmanager
def error_writer(folder: OutputFolder, on_error: str) -> Iterator[Callable[[int, Row], None]]:
    """Get a function that handles a row of the input with an error.

    Args:
        folder: the output.
        on_error: "raise" to raise a ValueError, "skip" to keep the error for `publish_errors`.

    Yields:
        A function of the row's position in the input and the row.
    """

    def refuse(number: int, row: Row) -> None:
        raise ValueError(f"{row.error} Nothing was embedded. {how_to_skip(folder)}")

    if on_error == "raise":
        yield refuse
        return
    path = folder.ours / FOUND
    path.unlink(missing_ok=True)
    with path.open("x", encoding="utf8") as file:
        yield lambda number, row: print(_line(number, row.place, row.error), file=file)


def how_to_skip(folder: OutputFolder) -> str:
    """Return a sentence for messages."""
    return f"To skip such rows and list them in {without_controls(folder.errors)}, use --on-error skip."


def publish_errors(folder: OutputFolder, more: Iterable[tuple[int, str, str]]) -> None:
    """Write the list of errors; if there are none, remove an earlier run's.

    Args:
        folder: the output.
        more: position, place and error of each row that the pipeline could not embed, in order of position.
    """
    temporary = folder.errors.with_suffix(TEMPORARY)
    # What a link points to is not ours.
    temporary.unlink(missing_ok=True)
    others = (_line(*error) + "\n" for error in more)
    with temporary.open("x", encoding="utf8") as file:
        file.writelines(merge(_lines_of(folder), others, key=lambda line: json.loads(line)["row"]))
    if temporary.stat().st_size:
        os.replace(temporary, folder.errors)
        return
    for empty in (temporary, folder.errors):
        empty.unlink(missing_ok=True)


def _lines_of(folder: OutputFolder) -> Iterator[str]:
    found = folder.ours / FOUND
    if found.exists():
        with found.open(encoding="utf8") as file:
            yield from file


def _line(number: int, place: str, error: str | None) -> str:
    # The error begins with the place, which may be long itself.
    shown = None if error is None else shorten_text(error, len(place) + LONGEST_ERROR)
    return json.dumps({"row": number, "place": place, "error": shown})
