"""The input of a corpus: find its files, scan them for errors and columns, then read them again in shards."""

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ..text_files import Row, format_of, read_rows, rows_with_text
from .folder import SPOOL, OutputFolder
from .schema import Columns

FORMATS = (".jsonl", ".csv", ".tsv", ".txt", ".parquet")
#: Columns that are added to those of the input.
ADDED = ("row", "trend_vector", "trend_focus", "trend_related", "trend_truncated")
#: How many rows to check at a time.
CHUNK = 10_000


class FileState(NamedTuple):
    """What the system says of a file; if it differs later, the file was changed.

    Attributes:
        file: the path.
        size: in bytes.
        changed_ns: the time of the last change, in nanoseconds.
    """

    file: Path
    size: int
    changed_ns: int


class InputScan(NamedTuple):
    """What a scan of the input found.

    Attributes:
        files: in the order they are read.
        text_field: the column that holds the texts.
        max_length: the most characters a text may have; None for no limit.
        rows: how many rows there are, including those with errors.
        errors: how many rows have an error.
        schema: of the input's columns.
        digest: of the files' contents and of how they are read.
        states: of the files before they were read.
    """

    files: list[Path]
    text_field: str
    max_length: int | None
    rows: int
    errors: int
    schema: pa.Schema
    digest: str
    states: list[FileState]


def input_files(source: Path | str, output: OutputFolder) -> list[Path]:
    """Find the files of an input, sorted by name; in a folder, skip hidden files and the output folder.

    Args:
        source: a file, a folder of files, or "-" for JSON lines on the standard input.
        output: the output folder, which keeps the standard input, as it is read more than once.

    Returns:
        The files, at least one.

    Raises:
        ValueError: if no file has a known format, or a file of the input would be overwritten.
        FileNotFoundError: if the source does not exist.
    """
    if source == "-":
        with output.spool.open("wb") as file:
            for block in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
                file.write(block)
        return [output.spool]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}. Expected an input: check the path.")
    files = _files_in(path, output) if path.is_dir() else [path]
    overwritten = [file for file in files if output.would_overwrite(file)]
    if overwritten:
        raise ValueError(
            f"{overwritten[0]} is in the output folder and has the name of a file that is written there. "
            "Expected the output in another folder: name one."
        )
    known = [file for file in files if format_of(file) in FORMATS]
    if not known:
        raise ValueError(
            f"{path}: got no file of a known format outside of the output folder. Expected names that end in "
            f"{', '.join(FORMATS)}, or in one of the first four followed by .gz."
        )
    return known


@contextmanager
def spool_removed(source: Path | str, output: OutputFolder) -> Iterator[None]:
    """Remove the copy of the standard input, if that is the source, when the block ends."""
    try:
        yield
    finally:
        if source == "-":
            output.spool.unlink(missing_ok=True)


def scan_input(
    files: list[Path],
    text_field: str,
    on_error: Callable[[int, Row], None],
    max_length: int | None = None,
) -> InputScan:
    """Read an input once, so that its errors are known before the work begins.

    Args:
        files: of the input, in the order to read them.
        text_field: the column that holds the texts.
        on_error: called with the position and the row of each row with an error.
        max_length: the most characters a text may have; None for no limit.

    Returns:
        What was found.

    Raises:
        ValueError: as `Columns`; if a column has the name of one that is added; if every row has an error,
            unless `on_error` raises first; if a file changes while it is read.
    """
    states = [file_state(file) for file in files]
    columns = Columns()
    rows = errors = 0
    first_error = None
    for file in files:
        is_parquet = format_of(file) == ".parquet"
        if is_parquet:
            columns.declare(file)
        file_rows = _read_file(file, text_field, max_length)
        while chunk := list(islice(file_rows, CHUNK)):
            good = [row for row in chunk if row.error is None]
            for number, row in enumerate(chunk, start=rows):
                if row.error:
                    errors += 1
                    first_error = first_error or row.error
                    on_error(number, row)
            rows += len(chunk)
            if good and not is_parquet:
                columns.find(good)
    if rows == errors:
        names = ", ".join(map(_display_name, files))
        raise ValueError(first_error or f"There is no text in {names}. Expected at least one.")
    schema = columns.schema()
    taken = [name for name in schema.names if name in ADDED]
    if taken:
        raise ValueError(
            f"The input has the columns {taken}, which are added to the output. Rename or drop them first."
        )
    digest = digest_of(files)
    check_unchanged(states)
    return InputScan(files, text_field, max_length, rows, errors, schema, digest, states)


def read_shards(scan: InputScan, shard_rows: int, wanted: set[int]) -> Iterator[tuple[int, pa.Table]]:
    """Read an input again as tables, with the position of each row in the column `row`.

    Args:
        scan: of the input.
        shard_rows: how many positions a shard covers; its rows with errors are left out.
        wanted: the numbers of the shards to read.

    Yields:
        The number and the table of each shard.

    Raises:
        ValueError: if the input was changed since the scan.
    """
    schema = pa.schema([pa.field("row", pa.int64()), *scan.schema])
    rows = (row for file in scan.files for row in _read_file(file, scan.text_field, scan.max_length))
    numbered = enumerate(rows)
    # What comes after the last wanted shard need not be read.
    for number in range(max(wanted, default=-1) + 1):
        chunk = list(islice(numbered, shard_rows))
        check_unchanged(scan.states)
        if number in wanted:
            good = [{"row": position, **row.value} for position, row in chunk if row.error is None]
            yield number, pa.Table.from_pylist(good, schema=schema)


def check_unchanged(states: list[FileState]) -> None:
    """Refuse input files that were changed.

    Args:
        states: of the files, as they were before.

    Raises:
        ValueError: if a file differs from its state.
    """
    changed = [state.file for state in states if file_state(state.file) != state]
    if changed:
        raise ValueError(
            f"{changed[0]} was changed while it was read. Expected it to stay the same until the run ends: "
            "restore it and run the same command again, or start again with --overwrite."
        )


def file_state(file: Path) -> FileState:
    """Return what the system says of a file now."""
    status = file.stat()
    return FileState(file, status.st_size, status.st_mtime_ns)


def digest_of(files: list[Path]) -> str:
    """Return the SHA-256 of the files' contents and of how they are read."""
    digest = hashlib.sha256()
    for file in files:
        # The suffixes say how a file is read.
        digest.update(f"{''.join(file.suffixes).lower()} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()


def _files_in(folder: Path, output: OutputFolder) -> list[Path]:
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return [
        file
        for file in found
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not output.contains(file)
    ]


def _read_file(file: Path, text_field: str, max_length: int | None) -> Iterator[Row]:
    # All rows: one without a text, or with one that is too long, has an error.
    try:
        rows = _parquet_rows(file) if format_of(file) == ".parquet" else read_rows(file)
        yield from rows_with_text(_with_display_names(rows, file), text_field, max_length)
    except (EOFError, OSError, pa.ArrowException, zlib.error) as error:
        raise ValueError(
            f"{file} cannot be read to its end ({error}). Expected a complete file in the format that its "
            "name says: make it again, or leave it out."
        ) from error


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(CHUNK):
        for value in batch.to_pylist():
            yield Row(value, f"{path}, row {number}")
            number += 1


def _display_name(file: Path) -> str:
    # The user does not know the file that keeps the standard input.
    return "the standard input" if file.name == SPOOL else str(file)


def _with_display_names(rows: Iterator[Row], file: Path) -> Iterator[Row]:
    if file.name != SPOOL:
        yield from rows
        return
    for row in rows:
        place = row.place.replace(str(file), _display_name(file))
        yield Row(row.value, place, row.error and row.error.replace(row.place, place))
