"""Partitioned folders, as Hive and Spark write them: `label=spam` gives its files the column `label`."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from ..messages import shorten, without_controls

#: The columns of a file that the names of its folders give.
Partition = dict[str, str | int | None]
#: What stands for null in a folder's name.
_NULL = "__HIVE_DEFAULT_PARTITION__"


def partitions_of(files: Iterable[Path], folder: Path) -> list[Partition]:
    """Return the columns that the names of folders give.

    Args:
        files: inside the folder.
        folder: the input; its own name gives no column.

    Returns:
        A dictionary by column for each file. A column holds int64 if all its values are written as whole
        numbers are, so not `007`; otherwise texts.

    Raises:
        ValueError: if two folders in one another give the same column, or a name that gives one is not UTF-8.
    """
    partitions = [_partition(file.parent, folder) for file in files]
    names = {name for partition in partitions for name in partition}
    numbers = {name for name in names if _are_numbers(partition.get(name) for partition in partitions)}
    return [
        {
            name: int(value) if name in numbers and value is not None else value
            for name, value in partition.items()
        }
        for partition in partitions
    ]


def _partition(place: Path, folder: Path) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for part in place.relative_to(folder).parts:
        name, equals, value = part.partition("=")
        if not (name and equals):
            continue
        name = _decoded(name, place)
        if name in values:
            raise ValueError(
                f"The folder {without_controls(place)} gives the column {shorten(name)} twice. "
                "Expected folders in one another "
                "that give different columns: rename one of them."
            )
        values[name] = None if value == _NULL else _decoded(value, place)
    return values


def _decoded(quoted: str, place: Path) -> str:
    try:
        # What the system cannot decode is half of a surrogate pair, and cannot be encoded.
        return unquote(quoted.encode().decode(), errors="strict")
    except (UnicodeEncodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"The name of the folder {str(place)!r} gives a column, but {quoted!r} is not UTF-8 "
            f"({error.reason}). Expected UTF-8, also of bytes that are written as %20 is: rename the folder."
        ) from error


def _are_numbers(values: Iterable[str | None]) -> bool:
    return all(_is_number(value) for value in values if value is not None)


def _is_number(value: str) -> bool:
    digits = value.removeprefix("-")
    # 18 digits fit int64, whatever they are.
    return digits.isascii() and digits.isdigit() and len(digits) <= 18 and str(int(value)) == value
