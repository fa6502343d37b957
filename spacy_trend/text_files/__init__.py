"""Files of texts, read one row at a time: JSON lines, CSV, TSV, plain lines and Parquet.

pyarrow, which reads Parquet and comes with the extra `corpus`, is imported by `parquet` alone, when a file is
read.
"""

import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..messages import name_some, shorten, without_controls
from .delimited import delimited_rows, if_uncut, split_row
from .lines import DEFAULT_DIALECT, Dialect, Row, check_dialect, decoded_lines, encoded_lines
from .parquet import parquet_rows

__all__ = [
    "DEFAULT_DIALECT",
    "Dialect",
    "Row",
    "check_dialect",
    "decoded_lines",
    "effective_dialect",
    "format_of",
    "is_unicode",
    "missing_field",
    "read_rows",
    "read_texts",
    "reads_header",
    "rows_with_text",
]

#: How many lists and objects of a value may stand in one another.
DEEPEST = 100
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
#: Which option names the column of the texts.
TEXT_OPTION = "--text-field (in Python, text_field=...)"
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_rows(
    path: Path,
    dialect: Dialect = DEFAULT_DIALECT,
    name: str | None = None,
    columns: Sequence[str] = ("text",),
) -> Iterator[Row]:
    """Read the rows of a file, without empty lines; a line that cannot be read has an error.

    Args:
        path: `.jsonl`, with a JSON value in each line; `.csv` or `.tsv`, with a header; `.txt`, with a text
            in each line; any of them also with `.gz`. Or `.parquet`. If there is no header, files of all
            other names, and `.txt`, may have two values in each line.
        dialect: how the file is written.
        name: what messages call the file; None for its path.
        columns: those to read of Parquet; of other files all are read.

    Yields:
        The rows.

    Raises:
        ImportError: for Parquet, without the extra `corpus`.
        ValueError: for an unknown format, a header that cannot be read, an unknown encoding or delimiter, a
            file that is wholly in another encoding, or one that is cut short.
    """
    check_dialect(dialect)
    found = format_of(path)
    name = name or without_controls(path)
    if found == ".parquet":
        yield from parquet_rows(path, columns, name)
    elif found in _DELIMITERS:
        yield from _table_rows(path, dialect, name, dialect.delimiter or _DELIMITERS[found])
    else:
        yield from _line_rows(path, dialect, name, found)


def read_texts(path: Path, text_field: str = "text", dialect: Dialect = DEFAULT_DIALECT) -> Iterator[str]:
    """Read the texts of a file.

    Args:
        path: as for `read_rows`.
        text_field: the column that holds the texts.
        dialect: how the file is written.

    Yields:
        The texts.

    Raises:
        ValueError: as `read_rows`; for a row without a text, naming file and line; if there is no row.
    """
    row = None
    rows = read_rows(path, dialect, columns=[text_field])
    for row in rows_with_text(rows, text_field, has_header=reads_header(path, dialect)):
        if row.error is not None:
            raise ValueError(row.error)
        yield row.value[text_field]
    if row is None:
        raise ValueError(f"There is no text in {without_controls(path)}. Expected at least one.")


def rows_with_text(
    rows: Iterable[Row], text_field: str, max_length: int | None = None, *, has_header: bool = False
) -> Iterator[Row]:
    """Check rows: one without a text, or with a text that is too long, has an error.

    Args:
        rows: as `read_rows` yields them.
        text_field: the column that holds the texts.
        max_length: the most characters a text may have; None for no limit.
        has_header: see `missing_field`.

    Yields:
        The rows; those that already have an error as they are.
    """
    for row in rows:
        error = None if row.error else _field_error(row.value, text_field, max_length, has_header)
        yield row if error is None else Row(None, row.place, f"{row.place}: {error}")


def missing_field(
    field: str, got: Iterable[str], holds: str, option: str, *, has_header: bool = False
) -> str:
    """Return a message: a column is not there.

    Args:
        field: its name.
        got: the names of the columns that are there.
        holds: what it should hold, such as "texts".
        option: how to name another one.
        has_header: whether the names stood in the first line of a file, which may be none of names.
    """
    names = list(got)
    cut = if_uncut(names) if has_header else ""
    header = ", or, if the first line is not a header, add --no-header" if has_header else ""
    return (
        f"the field {field!r} is missing: got {name_some(names)}. Name the one that holds the {holds} with "
        f"{option}{header}.{cut}"
    )


def reads_header(path: Path, dialect: Dialect) -> bool:
    """Return whether the first line of a file is read as the names of its columns.

    Args:
        path: of the file.
        dialect: how it is written.
    """
    return format_of(path) in _DELIMITERS and dialect.header


def _field_error(value: Any, text_field: str, max_length: int | None, has_header: bool) -> str | None:
    if not isinstance(value, dict):
        return f"got {shorten(value, 80)}, expected an object with the field {text_field!r}."
    if text_field not in value:
        return missing_field(text_field, value, "texts", TEXT_OPTION, has_header=has_header)
    text = value[text_field]
    if not isinstance(text, str):
        return f"the field {text_field!r} holds {shorten(text)}. Expected a text."
    for name, field in value.items():
        if flaw := _flaw([name, field]):
            return f"the field {shorten(name)} holds {flaw}: {shorten(field)}."
    if max_length is not None and len(text) > max_length:
        return (
            f"the text has {len(text)} characters. Expected at most {max_length}, the pipeline's max_length: "
            "divide it, or raise nlp.max_length in a pipeline of your own."
        )
    return None


def _flaw(value: Any, depth: int = 0) -> str | None:
    """Return what of a value no column can hold; None if there is nothing."""
    if isinstance(value, str):
        return None if is_unicode(value) else "half of a surrogate pair"
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**64 else "a whole number that takes more than 64 bits"
    if not isinstance(value, (dict, list)):
        return None
    if depth > DEEPEST:
        return f"lists or objects more than {DEEPEST} deep in one another"
    parts = value if isinstance(value, list) else [part for pair in value.items() for part in pair]
    return next(filter(None, (_flaw(part, depth + 1) for part in parts)), None)


def format_of(path: Path) -> str:
    """Return the suffix that names a file's format, in lower case, ignoring `.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


def effective_dialect(path: Path, dialect: Dialect) -> Dialect:
    """Return how a file is read, written in one way: `utf8` is `utf-8`, and a comma the default of `.csv`.

    Args:
        path: of the file.
        dialect: as the user names it, which `check_dialect` accepts.
    """
    found = format_of(path)
    encoding = codecs.lookup(dialect.encoding).name
    if found in _DELIMITERS:
        return Dialect(encoding, dialect.delimiter or _DELIMITERS[found], dialect.header)
    return (
        Dialect(encoding, dialect.delimiter, header=False) if _has_two(found, dialect) else Dialect(encoding)
    )


def is_unicode(text: str) -> bool:
    """Return whether a text can be encoded: JSON may hold half of a surrogate pair."""
    return _SURROGATE.search(text) is None


def _has_two(found: str, dialect: Dialect) -> bool:
    """Return whether the lines of a file of a format have two values each."""
    return found not in (".jsonl", ".parquet") and not dialect.header and dialect.delimiter is not None


def _table_rows(path: Path, dialect: Dialect, name: str, delimiter: str) -> Iterator[Row]:
    if delimiter == " ":
        raise ValueError(
            f"{name}: a space cannot stand between the values of CSV and TSV. Expected another --delimiter; "
            "or, for lines of a word and a text, a file of another name, such as .txt."
        )
    lines = encoded_lines(path, dialect.encoding, name, universal=True)
    yield from delimited_rows(lines, name, delimiter, dialect.encoding, has_header=dialect.header)


def _line_rows(path: Path, dialect: Dialect, name: str, found: str) -> Iterator[Row]:
    has_two = _has_two(found, dialect)
    if found not in (".jsonl", ".txt") and not has_two:
        raise ValueError(
            f"{without_controls(path)}: the format is unknown. Expected a name that ends in .jsonl, .csv, "
            ".tsv or .txt, or in one of these followed by .gz, or in .parquet. If each line is a label and a "
            "text, give --no-header, and what stands between them with --delimiter."
        )
    for line in decoded_lines(path, dialect.encoding, name):
        if line.error:
            yield line
        elif line.value.strip() and has_two:
            yield split_row(line, dialect.delimiter or "")
        elif line.value.strip():
            yield _json_row(line) if found == ".jsonl" else _plain_row(line)


def _plain_row(line: Row) -> Row:
    return Row({"text": line.value}, line.place)


def _json_row(line: Row) -> Row:
    try:
        return Row(_JSON.decode(line.value), line.place)
    except RecursionError:
        why = "lists or objects too deep in one another"
    except ValueError as error:
        why = str(error)
    return Row(None, line.place, f"{line.place}: is not JSON ({why}). Expected one object in a line.")


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise ValueError(f"the number {written:.40} is beyond what a float holds")
    return number


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON, which has null for a number that is missing")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, count),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(
            f"the name {shorten(name)} stands {count} times in one object, which keeps one value"
        )
    return found


#: The standard library's, as it reads every number as it was written; ujson, which spaCy uses, does not.
_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number, object_pairs_hook=_object)
