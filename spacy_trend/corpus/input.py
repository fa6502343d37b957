"""Which files a corpus is read from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from .shards import SPOOL, is_ours
from ..text_files import format_of
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple
import pyarrow as pa
import pyarrow.parquet as pq
from .shards import SPOOL
from .schema import Columns
from ..text_files import Row, format_of, read_rows, rows_with_text
import hashlib
from pathlib import Path
from typing import NamedTuple


FORMATS = (".jsonl", ".csv", ".tsv", ".txt", ".parquet")


def input_files(source: Path | str, output: Path) -> list[Path]:
    """The files of an input, sorted by name; of a folder, without those that are hidden or in the output.

    source: a file, a folder of files, or "-" for JSON lines on the standard input.
    output: the folder of the output, where the standard input is kept, as it is read more than once.
    RAISES: ValueError where there is none of a known format, or the input would be written over;
        FileNotFoundError.
    """
    if source == "-":
        spool = output / SPOOL
        with spool.open("wb") as file:
            for block in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
                file.write(block)
        return [spool]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    files = _files_in(path, output) if path.is_dir() else [path]
    taken = [file for file in files if file.resolve().parent == output.resolve() and is_ours(file)]
    if taken:
        raise ValueError(
            f"{taken[0]} has the name of a file that is written there. Expected the output in another folder."
        )
    known = [file for file in files if format_of(file) in FORMATS]
    if not known:
        raise ValueError(
            f"{path}: got no file of a known format outside of the output folder. Expected names that end in "
            f"{', '.join(FORMATS)}, or one of the first four and .gz."
        )
    return known


@contextmanager
def spool_cleared(source: Path | str, output: Path) -> Iterator[None]:
    """Have the standard input, where that is the source, no longer kept once the block ends."""
    try:
        yield
    finally:
        if source == "-":
            (output / SPOOL).unlink(missing_ok=True)


def _files_in(folder: Path, output: Path) -> list[Path]:
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return [
        file
        for file in found
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and output.resolve() not in file.resolve().parents
    ]


#: Columns that are added to those of the input.
ADDED = ("row", "trend_vector", "trend_focus", "trend_related", "trend_truncated")


#: How many rows are looked at together.
CHUNK = 10_000


class Stamp(NamedTuple):
    """A file as the system knows it; another one has other contents."""

    file: Path
    size: int
    changed_ns: int


class Survey(NamedTuple):
    """What an input is, as found by reading it.

    files: in the order they are read.
    text_field: the column that holds the texts.
    longest: how many characters a text has at most; None for any number.
    rows: how many rows there are, those with errors included.
    errors: how many have one.
    schema: of the input's columns.
    digest: of the files' contents and of how they are read.
    stamps: of the files before they were read.
    """

    files: list[Path]
    text_field: str
    longest: int | None
    rows: int
    errors: int
    schema: pa.Schema
    digest: str
    stamps: list[Stamp]


def survey(
    files: list[Path],
    text_field: str,
    on_error: Callable[[int, Row], None],
    longest: int | None = None,
) -> Survey:
    """Read an input, so that its errors are known before the work begins.

    text_field: the column that holds the texts.
    on_error: is called with the position and what was read of each row with an error.
    longest: how many characters a text may have; None for any number.
    RAISES: ValueError for columns as `Columns` says, or that have the name of one that is added, or where no
        row is without an error; what `on_error` raises.
    """
    stamps = [stamp_of(file) for file in files]
    columns = Columns()
    rows = errors = 0
    first_error = None
    for file in files:
        is_parquet = format_of(file) == ".parquet"
        if is_parquet:
            columns.declare(file)
        read = checked_rows(file, text_field, longest)
        while chunk := list(islice(read, CHUNK)):
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
        raise ValueError(first_error or f"There is no text in {', '.join(map(_shown, files))}.")
    schema = columns.schema()
    taken = [name for name in schema.names if name in ADDED]
    if taken:
        raise ValueError(
            f"The input has the columns {taken}, which are added to the output. Rename or drop them first."
        )
    digest = digest_of(files)
    check_unchanged(stamps)
    return Survey(files, text_field, longest, rows, errors, schema, digest, stamps)


def checked_rows(file: Path, text_field: str, longest: int | None) -> Iterator[Row]:
    """All rows of a file; one without a text, or with one that is too long, has an error.

    RAISES: ValueError that names the file where it cannot be read to its end.
    """
    try:
        rows = _parquet_rows(file) if format_of(file) == ".parquet" else read_rows(file)
        yield from rows_with_text(_placed(rows, file), text_field, longest)
    except (EOFError, OSError, pa.ArrowException, zlib.error) as error:
        raise ValueError(
            f"{file} cannot be read to its end ({error}). Expected what its name says, whole: make it again, "
            "or leave it out."
        ) from error


def _shown(file: Path) -> str:
    """What the user calls a file."""
    return "the standard input" if file.name == SPOOL else str(file)


def _placed(rows: Iterator[Row], file: Path) -> Iterator[Row]:
    if file.name != SPOOL:
        yield from rows
        return
    for row in rows:
        place = row.place.replace(str(file), _shown(file))
        yield Row(row.value, place, row.error and row.error.replace(row.place, place))


def shards(survey: Survey, shard_rows: int, wanted: set[int]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of an input in tables, with their positions in the column `row`.

    shard_rows: how many positions a shard has; rows with errors are left out of it.
    wanted: the numbers of the shards to give.
    YIELDS: the number and the table of each.
    RAISES: ValueError where the input is not what was surveyed any more.
    """
    schema = pa.schema([pa.field("row", pa.int64()), *survey.schema])
    rows = (row for file in survey.files for row in checked_rows(file, survey.text_field, survey.longest))
    read = enumerate(rows)
    # What comes after the last that is wanted need not be read.
    for number in range(max(wanted, default=-1) + 1):
        chunk = list(islice(read, shard_rows))
        check_unchanged(survey.stamps)
        if number in wanted:
            good = [{"row": position, **row.value} for position, row in chunk if row.error is None]
            yield number, pa.Table.from_pylist(good, schema=schema)


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    for batch in pq.ParquetFile(path).iter_batches(CHUNK):
        for value in batch.to_pylist():
            yield Row(value, f"{path}, row {number}")
            number += 1


def check_unchanged(stamps: list[Stamp]) -> None:
    """Refuse files that are not what they were. RAISES: ValueError."""
    changed = [stamp.file for stamp in stamps if stamp_of(stamp.file) != stamp]
    if changed:
        raise ValueError(
            f"{changed[0]} was changed while it was read. Expected it to stay as it is until the end: run "
            "the same command again with what it was, or with --overwrite."
        )


def stamp_of(file: Path) -> Stamp:
    """What the system knows of a file now."""
    status = file.stat()
    return Stamp(file, status.st_size, status.st_mtime_ns)


def digest_of(files: list[Path]) -> str:
    """Of the contents of files, and of how they are read (SHA-256)."""
    digest = hashlib.sha256()
    for file in files:
        # The name's end says how it is read.
        digest.update(f"{''.join(file.suffixes).lower()} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()
