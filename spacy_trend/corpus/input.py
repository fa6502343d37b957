"""The input of a corpus: find its files, scan them for errors and columns, then read them again in shards."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ..messages import name_some, without_controls
from ..text_files import DEFAULT_DIALECT, Dialect, Row, format_of
from .blocks import InputFile, as_table, check_fits, limited, read_blocks
from .file_states import FileState, check_unchanged, digest_of, file_state
from .folder import OutputFolder
from .partitions import partitions_of
from .schema import Columns
from .tree import check_is_file, paths_below

FORMATS = (".jsonl", ".csv", ".tsv", ".txt", ".parquet")
#: Columns that are added to those of the input.
ADDED = ("row", "trend_vector", "trend_focus", "trend_related", "trend_truncated")
#: How many rows to check at a time.
CHUNK = 10_000


class Source(NamedTuple):
    """An input as the user names it.

    Attributes:
        path: a file, a folder of files, or "-" for JSON lines on the standard input.
        dialect: how files that are not Parquet are written.
        limit: how many rows to read, the first ones; None for all.
    """

    path: Path | str
    dialect: Dialect = DEFAULT_DIALECT
    limit: int | None = None


class InputScan(NamedTuple):
    """What a scan of the input found.

    Attributes:
        files: in the order they are read; those that come after the last row to read are left out.
        text_field: the column that holds the texts.
        max_length: the most characters a text may have; None for no limit.
        rows: how many rows there are to read, including those with errors.
        errors: how many rows have an error.
        schema: of the input's columns.
        digest: of the files' contents and of how they are read.
        states: of the files before they were read.
    """

    files: list[InputFile]
    text_field: str
    max_length: int | None
    rows: int
    errors: int
    schema: pa.Schema
    digest: str
    states: list[FileState]


def input_files(source: Source, output: OutputFolder) -> list[InputFile]:
    """Find the files of an input, sorted by name.

    In a folder, names that begin with a dot or an underscore are skipped, as is the output folder.

    Args:
        source: the input.
        output: the output folder, which keeps the standard input, as it is read more than once.

    Returns:
        The files, at least one.

    Raises:
        ValueError: if no file has a known format, one is a pipe or a device, or a file of the input would be
            overwritten; as `partitions_of`.
        FileNotFoundError: if the source does not exist.
        OSError: if a folder cannot be read, or a link leads nowhere.
    """
    if source.path == "-":
        with output.spool.open("wb") as file:
            for block in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
                file.write(block)
        # The user does not know the file.
        return [InputFile(output.spool, "the standard input", source.dialect, {})]
    path = Path(source.path)
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file or folder {without_controls(path)}. Expected an input: check the path."
        )
    files = _files_in(path, output) if path.is_dir() else [path]
    overwritten = [file for file in files if output.would_overwrite(file)]
    if overwritten:
        raise ValueError(
            f"{without_controls(overwritten[0])} is in the output folder and has the name of a file that is "
            "written there. Expected the output in another folder: name one."
        )
    known = [file for file in files if format_of(file) in FORMATS]
    if not known:
        raise ValueError(
            f"{without_controls(path)}: got no file of a known format outside of the output folder. "
            f"Expected names that end in {', '.join(FORMATS)}, or in one of the first four followed by .gz, "
            "and in a folder none that begins with a dot or an underscore."
        )
    for each in known:
        check_is_file(each)
    partitions = partitions_of(known, path) if path.is_dir() else [{} for _ in known]
    return [
        InputFile(file, without_controls(file), source.dialect, partition)
        for file, partition in zip(known, partitions, strict=True)
    ]


@contextmanager
def spool_removed(source: Source, output: OutputFolder) -> Iterator[None]:
    """Remove the copy of the standard input, if that is the source, when the block ends."""
    try:
        yield
    finally:
        if source.path == "-":
            output.spool.unlink(missing_ok=True)


def scan_input(
    files: list[InputFile],
    text_field: str,
    on_error: Callable[[int, Row], None],
    max_length: int | None = None,
    limit: int | None = None,
) -> InputScan:
    """Read an input once, so that its errors are known before the work begins.

    Args:
        files: of the input, in the order to read them.
        text_field: the column that holds the texts.
        on_error: called with the position and the row of each row with an error.
        max_length: the most characters a text may have; None for no limit.
        limit: how many rows to read, the first ones; None for all.

    Returns:
        What was found.

    Raises:
        ValueError: as `Columns`, `read_blocks` and `check_fits`; if a column has the name of one that is
            added; if every row has an error, unless `on_error` raises first; if a file changes while it is
            read.
    """
    states = [file_state(file.path) for file in files]
    columns = Columns()
    rows = errors = 0
    first_error = None
    for number_of_files, file in enumerate(files, start=1):
        if file.is_parquet:
            columns.declare(file.path, file.partition)
        left = None if limit is None else limit - rows
        for block in limited(read_blocks(file, text_field, max_length, CHUNK), left):
            for number, row in block.errors.items():
                first_error = first_error or row.error
                on_error(rows + number, row)
            rows += block.size
            errors += len(block.errors)
            if block.good and isinstance(block.good, list):
                columns.find(block.good)
        if rows == limit:
            files, states = files[:number_of_files], states[:number_of_files]
            break
    if rows == errors:
        raise ValueError(first_error or _no_text(files))
    schema = columns.schema()
    _refuse_taken(schema)
    for file in files:
        if file.is_parquet:
            check_fits(file, schema, CHUNK)
    digest = digest_of(files)
    check_unchanged(states)
    return InputScan(files, text_field, max_length, rows, errors, schema, digest, states)


def _refuse_taken(schema: pa.Schema) -> None:
    taken = [name for name in schema.names if name in ADDED]
    if taken:
        raise ValueError(
            f"The input has the columns {name_some(taken)}, which are added to the output. Rename or drop "
            "them first."
        )


def _no_text(files: list[InputFile]) -> str:
    others = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return f"There is no text in {files[0].name}{others}. Expected at least one."


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
    parts: list[pa.Table] = []
    number = 0
    for part, is_last in _parts(scan, schema, shard_rows, wanted):
        parts += [] if part is None else [part]
        if is_last:
            check_unchanged(scan.states)
            if number in wanted:
                yield number, pa.concat_tables(parts)
            parts.clear()
            number += 1
            # What comes after the last wanted shard need not be read.
            if number > max(wanted, default=-1):
                return
    check_unchanged(scan.states)
    if number in wanted:
        yield number, pa.concat_tables(parts)


def _parts(
    scan: InputScan, schema: pa.Schema, shard_rows: int, wanted: set[int]
) -> Iterator[tuple[pa.Table | None, bool]]:
    """Yield parts of shards, None for those that are not wanted, and whether they end their shard."""
    first = 0
    for file in scan.files:
        blocks = read_blocks(file, scan.text_field, scan.max_length, min(CHUNK, shard_rows))
        for block in limited(blocks, scan.rows - first):
            end = first + block.size
            numbers = range(first // shard_rows, (end - 1) // shard_rows + 1)
            table = as_table(block, file, first, schema) if wanted.intersection(numbers) else None
            for number in numbers:
                limits = (number * shard_rows, (number + 1) * shard_rows)
                yield _between(table, *limits) if number in wanted else None, end >= limits[1]
            first = end


def _between(table: pa.Table, first: int, end: int) -> pa.Table:
    start, stop = np.searchsorted(table.column("row").to_numpy(), (first, end)).tolist()
    return table.slice(start, stop - start)


def _files_in(folder: Path, output: OutputFolder) -> list[Path]:
    def is_input(path: Path) -> bool:
        # As in pyarrow and Spark: what others are still writing, and what they note beside their files.
        return not path.name.startswith((".", "_")) and not output.is_at(path)

    return sorted(
        path for path in paths_below(folder, is_input) if not path.is_dir() and not output.contains(path)
    )
