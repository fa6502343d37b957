"""Lines of files, decoded one at a time, whatever ends them; and how a file of texts is written."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO

from ..messages import shorten_text, without_controls

#: How many bytes at the beginning of a file tell its encoding and what ends its lines.
PEEKED = 1 << 16
#: What files of other encodings begin with. Longer marks first: one begins as another does.
_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
#: What "surrogateescape" makes of bytes that are not of the encoding.
_NOT_DECODED = re.compile("[\udc80-\udcff]")


class Row(NamedTuple):
    """A row of a file, or what is wrong with it.

    Attributes:
        value: of JSON lines the value, of CSV, TSV and Parquet a dictionary by column, of plain lines a
            dictionary with `text`; None if there is an error.
        place: file and line, or row, for messages.
        error: what is wrong, beginning with the place; None if nothing is.
    """

    value: Any
    place: str
    error: str | None = None


class Dialect(NamedTuple):
    """How files of texts are written.

    Attributes:
        encoding: as Python names it.
        delimiter: what stands between the values of CSV and TSV; None for a comma and a tab.
        header: whether a first line names the columns. Without one they are numbered, from "1" on, and a file
            that is neither CSV nor TSV may have two values in each line.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    header: bool = True


#: UTF-8, with a comma or a tab between values.
DEFAULT_DIALECT = Dialect()


def check_dialect(dialect: Dialect) -> None:
    """Refuse an encoding that is unknown, and a delimiter that cannot be one.

    Args:
        dialect: to check.

    Raises:
        ValueError: if one of them is wrong.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=dialect.encoding)
    except (LookupError, ValueError) as error:
        raise ValueError(
            f"The encoding {dialect.encoding!r} is unknown. Expected one of Python's, such as utf-8, utf-16, "
            "latin-1 or cp1252: name the one that the file was written with."
        ) from error
    try:
        csv.reader([], delimiter=dialect.delimiter or ",", strict=True)
        # In a table, a space would cut every text into words; in lines of two values, it ends the first.
        never = '"\r\n ' if dialect.header else '"\r\n'
        is_right = dialect.delimiter is None or dialect.delimiter not in never
    except (TypeError, ValueError):
        is_right = False
    if not is_right:
        raise ValueError(
            f"The delimiter {dialect.delimiter!r} cannot stand between values. Expected one character, "
            "such as ';' or a tab, but no quotation mark, and a space only with --no-header: name the one in "
            "the file."
        )


def decoded_lines(path: Path, encoding: str = "utf-8", name: str | None = None) -> Iterator[Row]:
    """Decode the lines of a file, without their ends; a line in another encoding has an error.

    Lines end with a line feed, also after a carriage return, or, if the beginning of the file has none, with
    a carriage return.

    Args:
        path: of the file; decompressed if the name ends in `.gz`.
        encoding: of the file.
        name: what messages call the file; None for its path.

    Yields:
        The lines; the value of each is its text.
    """
    name = name or without_controls(path)
    for number, line in enumerate(encoded_lines(path, encoding, name), start=1):
        place = f"{name}, line {number}"
        error = decoding_error(line, place, encoding)
        yield Row(None, place, error) if error else Row(line.rstrip("\r\n"), place)


def encoded_lines(path: Path, encoding: str, name: str, *, universal: bool = False) -> Iterator[str]:
    """Read the lines of a file with their ends; bytes of another encoding become halves of surrogate pairs.

    Args:
        path: of the file; decompressed if the name ends in `.gz`.
        encoding: of the file.
        name: what messages call the file.
        universal: take both line feeds and carriage returns for ends of lines.

    Yields:
        The lines, the first without a byte order mark.

    Raises:
        ValueError: if the file is compressed but not named so, or named so but is not or not wholly; if it is
            in an encoding with several bytes a character, or is not in the one that is named.
    """
    number = 0
    try:
        with _opened(path, encoding, name, universal) as file:
            for number, line in enumerate(file, start=1):
                yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeError as error:
        # Of most encodings, what is wrong is escaped instead. Those written in Python give no reason apart.
        reason = shorten_text(getattr(error, "reason", str(error)), 200)
        raise ValueError(
            f"{name}, after line {number}: is not {encoding.upper()} ({reason}). Convert the file, or name "
            "its encoding with --encoding."
        ) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(not_complete(name, error)) from error


def decoding_error(line: str, place: str, encoding: str) -> str | None:
    """Return what is wrong with a line, or a value, that is not in the encoding; None if it is.

    Args:
        line: as `encoded_lines` yields it.
        place: for the message.
        encoding: of the file.
    """
    if not _NOT_DECODED.search(line):
        return None
    try:
        line.encode(encoding, "surrogateescape").decode(encoding)
        reason = "invalid byte"
    except UnicodeError as error:
        reason = getattr(error, "reason", "invalid byte")
    return (
        f"{place}: is not {encoding.upper()} ({reason}). Convert the file, or name its encoding with "
        "--encoding."
    )


def not_complete(name: str, error: Exception) -> str:
    """Return a message: a file is cut short, or is not what its name says.

    Args:
        name: of the file.
        error: what reading it raised.
    """
    return (
        f"{name} cannot be read to its end ({shorten_text(str(error), 200)}). Expected a complete file in "
        "the format that its name says: make it again, or leave it out."
    )


@contextmanager
def _opened(path: Path, encoding: str, name: str, universal: bool) -> Iterator[TextIO]:
    is_compressed = path.suffix.lower() == ".gz"
    with path.open("rb", PEEKED) as opened:
        file: Any = gzip.GzipFile(fileobj=opened) if is_compressed else opened
        start: bytes = file.peek(PEEKED)[:PEEKED]
        _refuse_content(start, encoding, f"{name}, line 1")
        ends = "" if universal else _line_end(start, encoding)
        yield _text(file, encoding, ends)


def _text(file: IO[bytes], encoding: str, ends: str) -> TextIO:
    return io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline=ends)


def _line_end(start: bytes, encoding: str) -> str:
    text = start.decode(encoding, "ignore")
    return "\r" if "\r" in text and "\n" not in text else "\n"


def _refuse_content(start: bytes, encoding: str, place: str) -> None:
    if start.startswith(b"\x1f\x8b"):
        raise ValueError(
            f"{place}: is compressed by gzip. Expected a name that ends in .gz: rename the file, or "
            "decompress it."
        )
    found = _wide_encoding(start)
    # In an encoding of this kind, a character takes several bytes, a line feed, too.
    if found and "\n".encode(encoding) == b"\n":
        raise ValueError(
            f"{place}: is {found}, not {encoding.upper()}. Name its encoding with --encoding "
            f"{found.lower()}, or convert the file."
        )


def _wide_encoding(start: bytes) -> str | None:
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    # Without a mark: every second byte of Latin text is zero, and none of the others.
    for first in (0, 1):
        zeros, others = start[first::2], start[1 - first :: 2]
        if len(zeros) > 1 and 2 * zeros.count(0) > len(zeros) and not others.count(0):
            return "UTF-16-BE" if first == 0 else "UTF-16-LE"
    return None
