"""Files of texts, read a line at a time: JSON lines, CSV, TSV and plain lines."""

import csv
import gzip
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import srsly

#: What "surrogateescape" makes of bytes that are not UTF-8.
_NOT_DECODED = re.compile("[\udc80-\udcff]")


_SURROGATE = re.compile("[\ud800-\udfff]")


#: A field of a CSV file may be as long as the C library allows.
LONGEST_FIELD = 2**31 - 1


class Row(NamedTuple):
    """What a line of a file holds.

    value: of JSON lines the value, of CSV and TSV a dictionary by column, of plain lines one with `text`;
        None where there is an error.
    place: file and line, for messages.
    error: what is wrong with it, its place first; None where nothing is.
    """

    value: Any
    place: str
    error: str | None = None


def read_rows(path: Path) -> Iterator[Row]:
    """What the lines of a file hold, without those that are empty; a line that cannot be read has an error.

    path: `.jsonl`, with a JSON value in each line; `.csv` or `.tsv`, with a header; `.txt`, a text in each
        line; any of them also with `.gz`; UTF-8.
    RAISES: ValueError for an unknown format, or a header that cannot be read.
    """
    formats: dict[str, Callable[[Path, IO[bytes]], Iterator[Row]]] = {
        ".jsonl": _json_rows,
        ".csv": _csv_rows,
        ".tsv": _csv_rows,
        ".txt": _plain_rows,
    }
    if format_of(path) not in formats:
        raise ValueError(
            f"{path}: the format is unknown. Expected a name that ends in .jsonl, .csv, .tsv or .txt, or one "
            "of these and .gz."
        )
    with _open(path) as file:
        yield from formats[format_of(path)](path, file)


def read_texts(path: Path, text_field: str = "text") -> Iterator[str]:
    """The texts of a file: see `read_rows`.

    text_field: the column that holds them.
    RAISES: as `read_rows`, and ValueError for a row without a text, naming file and line, or no row at all.
    """
    row = None
    for row in rows_with_text(read_rows(path), text_field):
        if row.error is not None:
            raise ValueError(row.error)
        yield row.value[text_field]
    if row is None:
        raise ValueError(f"There is no text in {path}.")


def rows_with_text(rows: Iterable[Row], text_field: str, longest: int | None = None) -> Iterator[Row]:
    """Rows as they are, but one without a text, or with one that is too long, has an error.

    text_field: the column that holds the texts.
    longest: how many characters a text may have; None for any number.
    """
    for row in rows:
        error = None if row.error else _field_error(row.value, text_field, longest)
        yield row if error is None else Row(None, row.place, f"{row.place}: {error}")


def _field_error(value: Any, text_field: str, longest: int | None) -> str | None:
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
    if longest is not None and len(text) > longest:
        return (
            f"the text has {len(text)} characters. Expected at most {longest}, the pipeline's max_length: "
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
    """The ending of a file's name that says what it holds, in lower case, `.gz` left out."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded: JSON may name half of a surrogate pair."""
    return _SURROGATE.search(text) is None


def decoded_lines(path: Path, file: IO[bytes], encoding: str = "utf-8") -> Iterator[Row]:
    """The lines of a file as text, without their ends; one in another encoding has an error.

    encoding: one in which the end of a line is a byte of its own, so not UTF-16.
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
        raise ValueError(f"{line.place}: two columns have one name: got {header}. Rename one or take it out.")
    return header


def _csv_lines(path: Path, file: IO[bytes], delimiter: str) -> Iterator[Row]:
    """The values of each record that is not empty."""
    # What is not UTF-8 becomes half a surrogate pair, so that the reader goes on and finds the record's end.
    lines = (line.decode("utf-8", "surrogateescape") for line in _without_mark(file))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        place = f"{path}, line {reader.line_num + 1}"
        # The limit is one for all readers of the process.
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
