"""The texts of a corpus: files, checked and counted before any work is done, then read in shards."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from .text_files import Row, field_error, format_of, read_rows

FORMATS = (".jsonl", ".csv", ".tsv", ".txt", ".parquet")
#: Columns that are added to those of the input.
ADDED = ("row", "trend_vector", "trend_focus", "trend_related", "trend_truncated")
#: How many rows are looked at together.
CHUNK = 10_000


class Survey(NamedTuple):
    """What an input is, as found by reading it once.

    files: in the order they are read.
    rows: how many rows there are, those with errors included.
    errors: how many have one.
    schema: of the input's columns.
    digest: of the files' contents.
    """

    files: list[Path]
    rows: int
    errors: int
    schema: pa.Schema
    digest: str


def input_files(source: Path | str, spool: Path) -> list[Path]:
    """The files of an input, sorted by name.

    source: a file, a folder of files, or "-" for JSON lines on the standard input.
    spool: where the standard input is kept, as it is read more than once.
    RAISES: ValueError where there is none of a known format, FileNotFoundError.
    """
    if source == "-":
        with spool.open("wb") as file:
            for block in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
                file.write(block)
        return [spool]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    known = [file for file in files if format_of(file) in FORMATS]
    if not known:
        raise ValueError(
            f"{path}: got no file of a known format. Expected names that end in {', '.join(FORMATS)}, or one "
            "of the first four and .gz."
        )
    return known


def survey(files: list[Path], text_field: str, on_error: Callable[[int, Row], None]) -> Survey:
    """Read an input once, so that its errors are known before the work begins.

    text_field: the column that holds the texts.
    on_error: is called with the position and what was read of each row with an error.
    RAISES: ValueError for a column whose values have several types, or that has the name of one that is
        added; what `on_error` raises.
    """
    schemas: list[pa.Schema] = []
    rows = errors = 0
    read = enumerate(checked_rows(files, text_field))
    while chunk := list(islice(read, CHUNK)):
        good = []
        for number, row in chunk:
            rows += 1
            if row.error:
                errors += 1
                on_error(number, row)
            else:
                good.append(row)
        if good:
            schemas = [_together(schemas, _schema_of(good), good[0].place)]
    if not schemas:
        raise ValueError(f"There is no text in {', '.join(map(str, files))}.")
    taken = [name for name in schemas[0].names if name in ADDED]
    if taken:
        raise ValueError(
            f"The input has the columns {taken}, which are added to the output. Rename or drop them first."
        )
    return Survey(files, rows, errors, schemas[0], _digest(files))


def checked_rows(files: list[Path], text_field: str) -> Iterator[Row]:
    """All rows; one without a text has an error."""
    for file in files:
        for row in _parquet_rows(file) if format_of(file) == ".parquet" else read_rows(file):
            error = row.error or field_error(row.value, text_field)
            yield row if error is None or row.error else Row(None, row.place, f"{row.place}: {error}")


def shards(
    survey: Survey, text_field: str, shard_rows: int, wanted: set[int]
) -> Iterator[tuple[int, pa.Table]]:
    """The rows of an input in tables, with their positions in the column `row`.

    shard_rows: how many positions a shard has; rows with errors are left out of it.
    wanted: the numbers of the shards to give.
    YIELDS: the number and the table of each.
    """
    schema = pa.schema([pa.field("row", pa.int64()), *survey.schema])
    read = enumerate(checked_rows(survey.files, text_field))
    # What comes after the last that is wanted need not be read.
    for number in range(max(wanted, default=-1) + 1):
        chunk = list(islice(read, shard_rows))
        if number in wanted:
            rows = [{"row": position, **row.value} for position, row in chunk if row.error is None]
            yield number, pa.Table.from_pylist(rows, schema=schema)


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(CHUNK):
        for value in batch.to_pylist():
            yield Row(value, f"{path}, row {number}")
            number += 1


def _schema_of(rows: list[Row]) -> pa.Schema:
    names = dict.fromkeys(name for row in rows for name in row.value)
    return pa.schema([pa.field(name, _type_of(name, rows)) for name in names])


def _type_of(name: str, rows: list[Row]) -> pa.DataType:
    try:
        return pa.array([row.value.get(name) for row in rows]).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        found = pa.null()
        for row in rows:
            schema = pa.schema([pa.field(name, found)])
            one = pa.schema([pa.field(name, pa.array([row.value.get(name)]).type)])
            found = _together([schema], one, row.place).field(0).type
        return found


def _together(schemas: list[pa.Schema], schema: pa.Schema, place: str) -> pa.Schema:
    try:
        return pa.unify_schemas([*schemas, schema], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(
            f"{place}, or soon after it: a column has values of another type than before ({error}). Expected "
            "one type in a column: make them one, or leave the column out."
        ) from error


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
        digest.update(str(file.stat().st_size).encode())
    return digest.hexdigest()
