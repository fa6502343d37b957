"""Files of texts, read one line at a time: JSON lines, CSV, TSV and plain lines."""

import csv
import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import srsly

#: The limit on the length of a CSV field: as much as a C long holds everywhere.
LONGEST_FIELD = 2**31 - 1
#: What "surrogateescape" makes of bytes that are not UTF-8.
_NOT_DECODED = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A row of a file, or what is wrong with it.

    Attributes:
        value: of JSON lines the value, of CSV and TSV a dictionary by column, of plain lines a dictionary
            with `text`; None if there is an error.
        place: file and line, for messages.
        error: what is wrong, beginning with the place; None if nothing is.
    """

    value: Any
    place: str
    error: str | None = None


def read_rows(path: Path) -> Iterator[Row]:
    """Read the rows of a file, without empty lines; a line that cannot be read has an error.

    Args:
        path: `.jsonl`, with a JSON value in each line; `.csv` or `.tsv`, with a header; `.txt`, with a text
            in each line; any of them also with `.gz`; UTF-8.

    Yields:
        The rows.

    Raises:
        ValueError: for an unknown format, or a header that cannot be read.
    """
    formats: dict[str, Callable[[Path, IO[bytes]], Iterator[Row]]] = {
        ".jsonl": _json_rows,
        ".csv": _csv_rows,
        ".tsv": _csv_rows,
        ".txt": _plain_rows,
    }
    if format_of(path) not in formats:
        raise ValueError(
            f"{path}: the format is unknown. Expected a name that ends in .jsonl, .csv, .tsv or .txt, or in "
            "one of these followed by .gz."
        )
    with _open(path) as file:
        yield from formats[format_of(path)](path, file)


def read_texts(path: Path, text_field: str = "text") -> Iterator[str]:
    """Read the texts of a file.

    Args:
        path: as for `read_rows`.
        text_field: the column that holds the texts.

    Yields:
        The texts.

    Raises:
        ValueError: as `read_rows`; for a row without a text, naming file and line; if there is no row.
    """
    row = None
    for row in rows_with_text(read_rows(path), text_field):
        if row.error is not None:
            raise ValueError(row.error)
        yield row.value[text_field]
    if row is None:
        raise ValueError(f"There is no text in {path}. Expected at least one.")


def rows_with_text(rows: Iterable[Row], text_field: str, max_length: int | None = None) -> Iterator[Row]:
    """Check rows: one without a text, or with a text that is too long, has an error.

    Args:
        rows: as `read_rows` yields them.
        text_field: the column that holds the texts.
        max_length: the most characters a text may have; None for no limit.

    Yields:
        The rows; those that already have an error as they are.
    """
    for row in rows:
        error = None if row.error else _field_error(row.value, text_field, max_length)
        yield row if error is None else Row(None, row.place, f"{row.place}: {error}")


def _field_error(value: Any, text_field: str, max_length: int | None) -> str | None:
    if not isinstance(value, dict):
        return f"got {value!r}, expected an object with the field {text_field!r}."
    if text_field not in value:
        return f"the field {text_field!r} is missing: got {list(value)}. Name the one that holds the text."
    text = value[text_field]
    if not isinstance(text, str):
        return f"the field {text_field!r} holds {text!r}. Expected a text."
    for name, field in value.items():
        if not _holds_unicode([name, field]):
            return f"the field {name!r} holds half of a surrogate pair: {field!r:.40}."
    if max_length is not None and len(text) > max_length:
        return (
            f"the text has {len(text)} characters. Expected at most {max_length}, the pipeline's max_length: "
            "divide it, or raise nlp.max_length in a pipeline of your own."
        )
    return None


def _holds_unicode(value: Any) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, dict):
        return all(_holds_unicode(part) for pair in value.items() for part in pair)
    return not isinstance(value, list) or all(map(_holds_unicode, value))


def _open(path: Path) -> IO[bytes]:
    opened: Any = gzip.open if path.suffix.lower() == ".gz" else open
    file: IO[bytes] = opened(path, "rb")
    return file


def format_of(path: Path) -> str:
    """Return the suffix that names a file's format, in lower case, ignoring `.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded: JSON may hold half of a surrogate pair."""
    return _SURROGATE.search(text) is None


def decoded_lines(path: Path, file: IO[bytes], encoding: str = "utf-8") -> Iterator[Row]:
    """Decode the lines of a file, without their ends; a line in another encoding has an error.

    Args:
        path: of the file, for messages.
        file: opened for reading bytes.
        encoding: one in which the end of a line is a byte of its own, so not UTF-16.

    Yields:
        The lines; the value of each is its text.
    """
    for number, content in enumerate(_without_mark(file), start=1):
        place = f"{path}, line {number}"
        try:
            yield Row(content.decode(encoding).rstrip("\r\n"), place)
        except UnicodeDecodeError as error:
            yield Row(None, place, _not_decoded(place, encoding, error.reason))


def _json_rows(path: Path, file: IO[bytes]) -> Iterator[Row]:
    for line in decoded_lines(path, file):
        if line.error:
            yield line
            continue
        if not line.value.strip():
            continue
        try:
            yield Row(srsly.json_loads(line.value), line.place)
        except ValueError as error:
            message = f"{line.place}: is not JSON ({error}). Expected one object in a line."
            yield Row(None, line.place, message)


def _plain_rows(path: Path, file: IO[bytes]) -> Iterator[Row]:
    for line in decoded_lines(path, file):
        if line.error:
            yield line
        elif line.value.strip():
            yield Row({"text": line.value}, line.place)


def _csv_rows(path: Path, file: IO[bytes]) -> Iterator[Row]:
    delimiter, name = ("\t", "tab") if format_of(path) == ".tsv" else (",", "comma")
    header: list[str] = []
    for line in _csv_lines(path, file, delimiter):
        if not header:
            header = _header(line)
        elif line.error:
            yield line
        elif len(line.value) != len(header):
            message = (
                f"{line.place}: got {len(line.value)} values, expected {len(header)}, as many as the first "
                f"line has ({header}). A text with a {name} needs quotation marks around it."
            )
            yield Row(None, line.place, message)
        else:
            yield Row(dict(zip(header, line.value, strict=True)), line.place)


def _header(line: Row) -> list[str]:
    if line.error:
        raise ValueError(line.error)
    header: list[str] = line.value
    if len(set(header)) < len(header):
        raise ValueError(
            f"{line.place}: two columns have the same name: got {header}. Rename one, or remove it."
        )
    return header


def _csv_lines(path: Path, file: IO[bytes], delimiter: str) -> Iterator[Row]:
    # Bytes that are not UTF-8 become halves of surrogate pairs, so the reader still finds the record's end.
    lines = (line.decode("utf-8", "surrogateescape") for line in _without_mark(file))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        place = f"{path}, line {reader.line_num + 1}"
        # All readers of the process share one limit.
        limit = csv.field_size_limit(LONGEST_FIELD)
        try:
            values = next(reader, None)
        except csv.Error as error:
            message = (
                f"{place}: is not well formed ({error}). Expected a field that begins with a quotation mark "
                "to end with one, and the quotation marks inside to be doubled."
            )
            yield Row(None, place, message)
            continue
        finally:
            csv.field_size_limit(limit)
        if values is None:
            return
        if any(map(_NOT_DECODED.search, values)):
            yield Row(None, place, _not_decoded(f"{path}, line {reader.line_num}", "utf-8", "invalid byte"))
        elif values:
            yield Row(values, place)


def _without_mark(file: IO[bytes]) -> Iterator[bytes]:
    for number, line in enumerate(file):
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line


def _not_decoded(place: str, encoding: str, reason: str) -> str:
    return f"{place}: is not {encoding.upper()} ({reason}). Convert the file."
