"""The rows of a corpus that were left out, listed as JSON lines beside the output folder."""

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import chain
from pathlib import Path

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


def check_list(folder: OutputFolder) -> None:
    """Refuse to list errors if the list cannot be written, before any work.

    Args:
        folder: the output, which exists.

    Raises:
        IsADirectoryError: if a folder has its name.
        OSError: if its name is too long.
        PermissionError: if the folder that it would stand in is not writable.
    """
    parent = folder.errors.parent
    try:
        in_the_way = [path for path in _own_files(folder) if _is_folder(path)]
    except OSError as error:
        raise OSError(_not_listed(folder, str(error))) from error
    if in_the_way:
        raise IsADirectoryError(_not_listed(folder, f"{in_the_way[0]} is a folder"))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(_not_listed(folder, f"permission denied in {parent}"))


def publish_errors(folder: OutputFolder, more: Iterable[tuple[int, str, str]]) -> None:
    """Write the list of errors; if there are none, remove an earlier run's.

    Without errors, nothing is written outside of the output folder, which may be all that one may write to.

    Args:
        folder: the output.
        more: position, place and error of each row that the pipeline could not embed, in order of position.

    Raises:
        OSError: if the list cannot be written or removed.
    """
    others = (_line(*error) + "\n" for error in more)
    lines = merge(_lines_of(folder), others, key=lambda line: json.loads(line)["row"])
    first = next(lines, None)
    temporary, errors = _own_files(folder)
    if first is None:
        _remove(folder, temporary, errors)
        return
    # What a link points to is not ours.
    _remove(folder, temporary)
    try:
        with temporary.open("x", encoding="utf8") as file:
            file.writelines(chain([first], lines))
        os.replace(temporary, errors)
    except OSError as error:
        raise OSError(_not_listed(folder, str(error))) from error


def _remove(folder: OutputFolder, *paths: Path) -> None:
    for path in paths:
        # False for a name that is too long. A folder of such a name is not ours.
        if os.path.lexists(path) and not _is_folder(path):
            try:
                path.unlink()
            except OSError as error:
                raise OSError(
                    f"{without_controls(path)}, which an earlier run left, cannot be removed "
                    f"({error.strerror or error}). Expected none beside {without_controls(folder.path)}: "
                    "remove it, or name another folder."
                ) from error


def _own_files(folder: OutputFolder) -> tuple[Path, Path]:
    return folder.errors.with_suffix(TEMPORARY), folder.errors


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _not_listed(folder: OutputFolder, why: str) -> str:
    return (
        f"The list of rows with errors, {without_controls(folder.errors)}, cannot be written "
        f"({shorten_text(why, 200)}). Expected, with --on-error skip, an output folder beside which files "
        "can be written: make it so, name another folder, such as one inside, or leave --on-error skip out."
    )


def _lines_of(folder: OutputFolder) -> Iterator[str]:
    found = folder.ours / FOUND
    if found.exists():
        with found.open(encoding="utf8") as file:
            yield from file


def _line(number: int, place: str, error: str | None) -> str:
    # The error begins with the place, which may be long itself.
    shown = None if error is None else shorten_text(error, len(place) + LONGEST_ERROR)
    return json.dumps({"row": number, "place": place, "error": shown})
