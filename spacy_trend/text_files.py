"""Files of texts, a line each: JSON lines, CSV and TSV."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import srsly


def read_rows(path: Path) -> Iterator[tuple[Any, str]]:
    """What each line of a file holds, and where it stands.

    path: `.jsonl`, with a JSON value in each line; `.csv` or `.tsv`, with a header; UTF-8.
    YIELDS: the value, of CSV and TSV a dictionary by column, and its place, for messages.
    RAISES: ValueError, naming file and line, for an unknown format, or a line that is not of it.
    """
    formats = {".jsonl": _json_rows, ".csv": _csv_rows, ".tsv": _csv_rows}
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise ValueError(f"{path}: the format is unknown. Expected a name that ends in .jsonl, .csv or .tsv.")
    return formats[suffix](path, decoded(path, "utf-8-sig"))


def decoded(path: Path, encoding: str) -> str:
    """The text of a file. RAISES: ValueError that names the line which is in another encoding."""
    content = path.read_bytes()
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        # Not of the file's content: a mark of the byte order is not counted in error.start.
        line = error.object.count(b"\n", 0, error.start) + 1
        name = encoding.removesuffix("-sig").upper()
        raise ValueError(f"{path}, line {line}: is not {name} ({error.reason}). Convert the file.") from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            place = f"{path}, line {number}"
            try:
                yield srsly.json_loads(line), place
            except ValueError as error:
                raise ValueError(f"{place}: is not JSON ({error}). Expected one object in a line.") from error


def _csv_rows(path: Path, text: str) -> Iterator[tuple[Any, str]]:
    delimiter, name = ("\t", "tab") if path.suffix.lower() == ".tsv" else (",", "comma")
    lines = _csv_lines(path, text, delimiter)
    header, place = next(lines, ([], ""))
    if len(set(header)) < len(header):
        raise ValueError(f"{place}: two columns have one name: got {header}. Rename one or take it out.")
    for values, place in lines:
        if len(values) != len(header):
            raise ValueError(
                f"{place}: got {len(values)} values, expected {len(header)}, as many as the first line has "
                f"({header}). A text with a {name} needs quotation marks around it."
            )
        yield dict(zip(header, values, strict=True)), place


def _csv_lines(path: Path, text: str, delimiter: str) -> Iterator[tuple[list[str], str]]:
    """The values of each line that is not empty, and its place; a field may have any length."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        place = f"{path}, line {reader.line_num + 1}"
        limit = csv.field_size_limit(max(len(text), 1))
        try:
            values = next(reader, None)
        except csv.Error as error:
            raise ValueError(
                f"{place}: is not well formed ({error}). Expected a field that begins with a quotation mark "
                "to end with one, and the quotation marks inside to be doubled."
            ) from error
        finally:
            csv.field_size_limit(limit)
        if values is None:
            return
        if values:
            yield values, place
