"""Rows of Parquet files, of the columns that are asked for alone; pyarrow is imported when a file is read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..dependencies import check_extra
from ..messages import name_some, shorten
from .lines import Row, not_complete

#: How many rows to read at a time.
BATCH = 1_000


def parquet_rows(path: Path, columns: Sequence[str], name: str) -> Iterator[Row]:
    """Read the rows of a Parquet file.

    Args:
        path: of the file.
        columns: those to read; the others keep their names in the rows if one of these is missing, for the
            message, but are never read, as there may be some that Python cannot hold.
        name: what messages call the file.

    Yields:
        The rows, counted from 0; their values are dictionaries by column.

    Raises:
        ImportError: without the extra `corpus`.
        OSError: if there is no such file.
        ValueError: if it is no whole Parquet file, has a column twice, texts that are not UTF-8, or times
            that Python cannot hold.
    """
    check_extra("corpus", "pyarrow")
    # Here, because the extra may not be installed.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as opened:
            names = opened.schema_arrow.names
            wanted = [column for column in dict.fromkeys(columns) if column in names]
            _check_unique(wanted, names, name)
            others = dict.fromkeys(names) if len(wanted) < len(set(columns)) else {}
            first = 0
            for batch in opened.iter_batches(BATCH, columns=wanted):
                values = [_values(batch.column(column), column, name) for column in wanted]
                for number in range(batch.num_rows):
                    found = zip(wanted, (value[number] for value in values), strict=True)
                    yield Row({**others, **dict(found)}, f"{name}, row {first + number}")
                first += batch.num_rows
    except pa.ArrowException as error:
        raise ValueError(not_complete(name, error)) from error
    except OSError as error:
        # Errors of the system have a number, those of a broken file have none.
        if error.errno is None:
            raise ValueError(not_complete(name, error)) from error
        raise


def _check_unique(wanted: list[str], names: list[str], name: str) -> None:
    twice = [column for column in wanted if names.count(column) > 1]
    if twice:
        raise ValueError(
            f"{name}: two columns have the same name: got {name_some(twice)} more than once. Rename one, or "
            "remove it."
        )


def _values(column: Any, called: str, name: str) -> list[Any]:
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError as error:
        # Parquet's readers and writers need not check it.
        raise ValueError(
            f"{name}: the column {shorten(called)} holds texts that are not UTF-8 ({error.reason}). Expected "
            "UTF-8, as Parquet's texts are: write the file again."
        ) from error
    except OverflowError as error:
        raise ValueError(
            f"{name}: the column {shorten(called)} holds {column.type} that Python cannot hold ({error}). "
            "Expected texts, or numbers as labels: name another column, or write the file with texts in it."
        ) from error
    return values
