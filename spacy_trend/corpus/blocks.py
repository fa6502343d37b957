"""Files of a corpus, read in blocks of rows: values of lines, or columns of Parquet, left as they are."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ..embedder import kept_rows
from ..messages import shorten, shorten_text
from ..text_files import Dialect, Row, format_of, read_rows, reads_header, rows_with_text
from ..text_files.lines import not_complete
from .parquet_files import open_parquet
from .partitions import Partition
from .schema import declared_schema
from .unification import cast_column, holds_texts


class InputFile(NamedTuple):
    """A file of the input, and how it is read.

    Attributes:
        path: of the file.
        name: what messages call it.
        dialect: how it is written, unless it is a Parquet file.
        partition: the columns that the names of its folders give.
    """

    path: Path
    name: str
    dialect: Dialect
    partition: Partition

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file."""
        return format_of(self.path) == ".parquet"


class Block(NamedTuple):
    """Some rows of a file, one after another.

    Attributes:
        size: how many there are.
        errors: those with an error, by their position in the block.
        good: the others: the rows of lines, or the columns of a Parquet file.
    """

    size: int
    errors: dict[int, Row]
    good: list[Row] | pa.Table


def read_blocks(file: InputFile, text_field: str, max_length: int | None, size: int) -> Iterator[Block]:
    """Read a file; a row without a text, or with one that is too long, has an error.

    Args:
        file: to read.
        text_field: the column that holds the texts.
        max_length: the most characters a text may have; None for no limit.
        size: how many rows a block may have.

    Yields:
        The blocks.

    Raises:
        ValueError: if the file cannot be read to its end, or as `read_rows`.
    """
    read = _blocks_of_columns if file.is_parquet else _blocks_of_lines
    try:
        yield from read(file, text_field, max_length, size)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(not_complete(file.name, error)) from error


def limited(blocks: Iterator[Block], rows: int | None) -> Iterator[Block]:
    """Return blocks up to a number of rows; what comes after them is not read.

    Args:
        blocks: of a file.
        rows: how many rows to keep; None for all.

    Yields:
        The blocks; the last may be the beginning of one.
    """
    left = rows
    for block in blocks:
        if left is None or block.size < left:
            yield block
            left = None if left is None else left - block.size
            continue
        errors = {number: row for number, row in block.errors.items() if number < left}
        good, kept = block.good, left - len(errors)
        yield Block(left, errors, good[:kept] if isinstance(good, list) else good.slice(0, kept))
        return


def as_table(block: Block, file: InputFile, first: int, schema: pa.Schema) -> pa.Table:
    """Return the rows of a block that have no error as a table.

    Args:
        block: of the file.
        file: for its partition, and for messages.
        first: the position of the block's first row in the input.
        schema: of the table; its first column is `row`, for the positions in the input.

    Raises:
        ValueError: if values do not fit the schema.
    """
    positions = pa.array(np.delete(np.arange(first, first + block.size), list(block.errors)))
    columns = schema.remove(0)
    if isinstance(block.good, list):
        try:
            table = pa.Table.from_pylist([row.value for row in block.good], schema=columns)
        except (OverflowError, pa.ArrowException) as error:
            raise ValueError(
                f"{block.good[0].place}, or soon after it: a value does not fit its column "
                f"({shorten_text(str(error), 200)}). Expected one type in a column: convert the values to "
                "one, or leave the column out."
            ) from error
    else:
        table = pa.Table.from_arrays([_column(block.good, file, field) for field in columns], schema=columns)
    return pa.Table.from_arrays([positions, *table.columns], schema=schema)


def check_fits(file: InputFile, schema: pa.Schema, size: int) -> None:
    """Refuse a Parquet file with values that do not fit the columns of the whole input.

    Args:
        file: a Parquet file.
        schema: of the whole input.
        size: how many rows to read at a time.

    Raises:
        ValueError: naming file and column.
    """
    declared = declared_schema(file.path)
    changed = [field.name for field in declared if field.type != schema.field(field.name).type]
    if not changed:
        return
    with open_parquet(file.path) as opened:
        for batch in opened.iter_batches(size, columns=changed):
            for name in changed:
                cast_column(batch.column(name), schema.field(name), file.name)


def _column(table: pa.Table, file: InputFile, field: pa.Field) -> Any:
    if field.name in table.column_names:
        return cast_column(table.column(field.name), field, file.name)
    value = pa.scalar(file.partition.get(field.name), field.type)
    return pa.repeat(value, table.num_rows) if value.is_valid else pa.nulls(table.num_rows, field.type)


def _blocks_of_lines(file: InputFile, text_field: str, max_length: int | None, size: int) -> Iterator[Block]:
    has_header = reads_header(file.path, file.dialect)
    rows = rows_with_text(_partitioned_rows(file), text_field, max_length, has_header=has_header)
    while chunk := list(islice(rows, size)):
        errors = {number: row for number, row in enumerate(chunk) if row.error}
        yield Block(len(chunk), errors, [row for row in chunk if not row.error] if errors else chunk)


def _partitioned_rows(file: InputFile) -> Iterator[Row]:
    rows = read_rows(file.path, file.dialect, file.name)
    if not file.partition:
        yield from rows
        return
    for row in rows:
        if not isinstance(row.value, dict):
            yield row
        elif twice := [name for name in file.partition if name in row.value]:
            error = (
                f"{row.place}: the name of a folder gives the column {shorten(twice[0])}, too. Rename one "
                "of them."
            )
            yield Row(None, row.place, error)
        else:
            yield row._replace(value={**row.value, **file.partition})


def _blocks_of_columns(
    file: InputFile, text_field: str, max_length: int | None, size: int
) -> Iterator[Block]:
    first = 0
    with open_parquet(file.path) as opened:
        for batch in opened.iter_batches(size):
            rows = rows_with_text(_rows_of_texts(batch, text_field, file, first), text_field, max_length)
            errors = {number: row for number, row in enumerate(rows) if row.error}
            good = pa.Table.from_batches([batch])
            if errors:
                good = kept_rows(good, np.delete(np.arange(batch.num_rows), list(errors)))
            yield Block(batch.num_rows, errors, good)
            first += batch.num_rows


def _rows_of_texts(batch: pa.RecordBatch, text_field: str, file: InputFile, first: int) -> Iterator[Row]:
    """Yield the texts alone as rows: other columns need not become Python's objects, and some cannot."""
    places = (f"{file.name}, row {number}" for number in range(first, first + batch.num_rows))
    if text_field not in batch.schema.names:
        # The names of folders may give it.
        yield from (Row({**dict.fromkeys(batch.schema.names), **file.partition}, place) for place in places)
        return
    texts = batch.column(text_field)
    if not holds_texts(texts.type) and not pa.types.is_null(texts.type):
        error = f"the column {text_field!r} holds {shorten_text(str(texts.type))}. Expected texts."
        yield from (Row(None, place, f"{place}: {error}") for place in places)
        return
    yield from (Row({text_field: text}, place) for text, place in zip(_texts(texts), places, strict=True))


def _texts(column: pa.Array) -> list[Any]:
    try:
        texts: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        # Parquet's readers and writers need not check that texts are UTF-8.
        texts = [_text_or_bytes(scalar) for scalar in column]
    return texts


def _text_or_bytes(scalar: Any) -> Any:
    scalar = getattr(scalar, "value", scalar) if isinstance(scalar, pa.DictionaryScalar) else scalar
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()
