"""Rows of CSV and TSV files, whose records may take several lines."""

import csv
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from ..messages import name_some
from .lines import Row, decoding_error

#: The limit on the length of a field: as much as a C long holds everywhere.
LONGEST_FIELD = 2**31 - 1
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", " ": "space"}


class _Record(NamedTuple):
    """A record: a row whose value is the list of its values, and the lines that it takes."""

    row: Row
    lines: list[str]


def delimited_rows(
    lines: Iterable[str], name: str, delimiter: str, encoding: str, *, has_header: bool = True
) -> Iterator[Row]:
    """Read the rows of a table; one that cannot be read has an error.

    Args:
        lines: with their ends, as `encoded_lines` yields them.
        name: what messages call the file.
        delimiter: what stands between the values.
        encoding: of the file, for messages.
        has_header: whether the first row names the columns; if not, they are numbered, from "1" on.

    Yields:
        The rows; their values are dictionaries by column, without the columns that have no name.
    """
    header: list[str] = []
    for row, taken in _records(lines, name, delimiter, encoding):
        if not header:
            header = _header(row) if has_header else _numbers(row)
            if has_header:
                continue
        error = row.error or _shape_error(row.value, taken, header, delimiter)
        if error:
            yield Row(None, row.place, error if row.error else f"{row.place}: {error}")
        else:
            values = zip(header, row.value, strict=True)
            yield Row({column: value for column, value in values if column}, row.place)


def split_row(line: Row, delimiter: str) -> Row:
    """Return the two values of a line: the second is the rest, whatever stands in it.

    Args:
        line: as `decoded_lines` yields it, without an error.
        delimiter: what ends the first value.

    Returns:
        The row, of the columns "1" and "2", without spaces around the values; or with an error.
    """
    first, found, rest = line.value.partition(delimiter)
    if not found:
        name = _NAMES.get(delimiter, repr(delimiter))
        error = f"{line.place}: has no {name}. Expected one between the two values of the line: correct it."
        return Row(None, line.place, error)
    return Row({"1": first.strip(), "2": rest.strip()}, line.place)


def _numbers(row: Row) -> list[str]:
    """Return numbers as names of columns, as many as the first row has values."""
    if row.error:
        raise ValueError(row.error)
    return [str(number) for number in range(1, len(row.value) + 1)]


def _header(row: Row) -> list[str]:
    if row.error:
        raise ValueError(row.error)
    header: list[str] = row.value
    named = [column for column in header if column]
    if not named:
        raise ValueError(
            f"{row.place}: no column has a name: got {name_some(header)}. Expected a header: write the "
            "columns' names there, at least the one of the text."
        )
    twice = [column for column, count in Counter(named).items() if count > 1]
    if twice:
        raise ValueError(
            f"{row.place}: two columns have the same name: got {name_some(twice)} more than once. Rename "
            "one, or remove it."
        )
    if len(named) < len(header):
        numbers = [number for number, column in enumerate(header, start=1) if not column]
        warnings.warn(
            f"{row.place}: columns without a name are left out, counted from 1: {name_some(numbers)}. Name "
            "those to keep.",
            stacklevel=2,
        )
    return header


def if_uncut(header: list[str]) -> str:
    """Return a sentence for messages if a header seems to be cut at the wrong character, or not at all.

    Args:
        header: the columns' names.
    """
    is_uncut = len(header) == 1 and any(mark in header[0] for mark in ",;|\t")
    return " If it is several columns, name what stands between them with --delimiter." if is_uncut else ""


def _shape_error(values: list[str], lines: list[str], header: list[str], delimiter: str) -> str | None:
    """Return what is wrong with the number of values or of lines; None if nothing is."""
    if len(values) != len(header):
        name = _NAMES.get(delimiter, repr(delimiter))
        return (
            f"got {len(values)} values, expected {len(header)}, as many as the first line has "
            f"({name_some(header)}). A text with a {name} needs quotation marks around it.{if_uncut(header)}"
        )
    if _are_rows(lines, len(header), delimiter):
        return (
            f"a quotation mark makes one row of {len(lines)} lines, each of which would be a row of its own. "
            "Expected a mark within a text to be doubled: double or remove it, or, if these lines are one "
            "text, write the file as JSON lines."
        )
    return None


def _are_rows(lines: list[str], count: int, delimiter: str) -> bool:
    """Return whether lines that marks make one record look like a record each.

    Each has as many values as the header. At the end of all but the last, and the beginning of all but the
    first, stands a value, and no value begins with a space, as after a comma in a sentence.
    """
    if len(lines) < 2 or count < 2:
        return False
    rows = [line.rstrip("\r\n").split(delimiter) for line in lines]
    return all(len(row) == count for row in rows) and all(
        before[-1] and after[0] and not any(value[:1].isspace() for value in (*before[1:], *after[1:]))
        for before, after in pairwise(rows)
    )


def _records(lines: Iterable[str], name: str, delimiter: str, encoding: str) -> Iterator[_Record]:
    taken: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(remembered(), delimiter=delimiter, strict=True)
    while True:
        place = f"{name}, line {reader.line_num + 1}"
        taken.clear()
        # All readers of the process share one limit.
        limit = csv.field_size_limit(LONGEST_FIELD)
        try:
            values = next(reader, None)
        except csv.Error as error:
            until = f", up to line {reader.line_num}" if len(taken) > 1 else ""
            message = (
                f"{place}: is not well formed ({error}{until}). Expected a field that begins with a "
                "quotation mark to end with one, and the quotation marks inside to be doubled."
            )
            yield _Record(Row(None, place, message), [])
            continue
        finally:
            csv.field_size_limit(limit)
        if values is None:
            return
        # Where the record ends: the bytes stand on one of its lines.
        wrong = decoding_error("".join(values), f"{name}, line {reader.line_num}", encoding)
        if wrong:
            yield _Record(Row(None, place, wrong), [])
        elif values:
            yield _Record(Row(values, place), taken)
