"""The files of an embedded corpus: what they are called, and shards that are whole or not there."""

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
import pyarrow as pa
import pyarrow.parquet as pq
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from .engines import Task


#: The underscore keeps it from readers of Parquet folders.
MANIFEST = "_manifest.json"


ERRORS = "errors.jsonl"


LOCK = ".lock"


#: Where the standard input is kept while a run reads it.
SPOOL = ".input.jsonl"


#: How names end while a file is being written.
ASIDE = ".writing"


#: What Parquet calls the numbers of the vectors.
VECTORS = "trend_vector.list.element"


_SHARD = re.compile(r"part-\d{6,}\.parquet")


#: The key of the manifest in the metadata of every shard's schema.
METADATA = b"spacy_trend"


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard stands when it is complete."""
    return folder / f"part-{number:06d}.parquet"


def clear_broken(folder: Path, rows: list[int]) -> None:
    """Take away the shards that cannot be read, or have not as many rows as they are to have.

    rows: how many those are, by the number of the shard.
    """
    for number, expected in enumerate(rows):
        path = shard_path(folder, number)
        if path.exists() and _rows_of(path) != expected:
            path.unlink()


def _rows_of(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return None


def write_shard(folder: Path, number: int, table: pa.Table, manifest: dict[str, Any]) -> int:
    """Write a shard aside, and give it its name once it is on the disk.

    manifest: goes into the schema's metadata.
    RETURNS: how many rows it has.
    RAISES: OSError where it cannot be written, with what to do.
    """
    path = shard_path(folder, number)
    # A name of its own: a process that outlived its run may be writing the same shard.
    aside = path.with_suffix(f".{os.getpid()}{ASIDE}")
    described = table.replace_schema_metadata({METADATA: json.dumps(manifest).encode()})
    try:
        pq.write_table(
            described,
            aside,
            compression="zstd",
            use_dictionary=[leaf for leaf in _leaves(table.schema) if leaf != VECTORS],
            # The bytes of floats that are alike, such as their exponents, side by side: a third less.
            column_encoding=None if VECTORS in table.column_names else {VECTORS: "BYTE_STREAM_SPLIT"},
        )
        sync(aside)
        os.replace(aside, path)
        _sync_folder(folder)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(
            f"{path} could not be written ({error}). All shards that are complete stay: mend the cause, such "
            "as a full disk, and run the same command again to go on."
        ) from error
    return int(table.num_rows)


def _leaves(schema: pa.Schema) -> list[str]:
    """What Parquet calls the columns, each field of an object being one of its own."""
    buffer = pa.BufferOutputStream()
    pq.ParquetWriter(buffer, schema).close()
    columns = pq.read_metadata(pa.BufferReader(buffer.getvalue())).schema
    return [columns.column(number).path for number in range(len(columns))]


def is_ours(path: Path) -> bool:
    """Whether a file has the name of one that runs write into their folder."""
    return path.name in (MANIFEST, ERRORS, SPOOL) or _SHARD.fullmatch(path.name) is not None


def shards_in(folder: Path) -> list[Path]:
    """The shards that stand in a folder."""
    return [path for path in folder.glob("part-*.parquet") if _SHARD.fullmatch(path.name)]


def clear_unfinished(folder: Path) -> None:
    """Take away what a killed run left unfinished."""
    for path in folder.glob(f"*{ASIDE}"):
        path.unlink()


def sync(path: Path) -> None:
    """Have what was written to a file on the disk itself."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # Windows and some file systems have no such thing.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


#: Inside the output folder: shards to embed, and what was written of them.
STAGED, MADE = ".staged", ".made"


def stage(folder: Path, shards: Iterable[tuple[int, pa.Table]]) -> list[Path]:
    """Write shards of texts for another engine to read; RETURNS their files, one a shard."""
    clear_staging(folder)
    (folder / STAGED).mkdir()
    paths = []
    for number, table in shards:
        paths.append(shard_path(folder / STAGED, number))
        pq.write_table(table, paths[-1])
    return paths


def take_over(task: "Task") -> Iterator[int]:
    """Give the shards that another engine has written whole their place; rows that it wrote twice once.

    The engine's files may hold parts of shards, or be cut short where it was killed: what is not whole stays
    where it is.

    task: what the engine was to do.
    YIELDS: how many rows a shard has.
    """
    parts: dict[int, list[pa.Table]] = {}
    for path in sorted((task.folder / MADE).glob("*.parquet")):
        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid:
            continue
        numbers = table["row"].to_numpy() // task.shard_rows
        for number in np.unique(numbers).tolist():
            if shard_path(task.folder, number).exists():
                continue
            parts.setdefault(number, []).append(table.filter(pa.array(numbers == number)))
            together = pa.concat_tables(parts[number])
            _, once = np.unique(together["row"].to_numpy(), return_index=True)
            staged = shard_path(task.folder / STAGED, number)
            if staged.exists() and len(once) == pq.read_metadata(staged).num_rows:
                yield write_shard(task.folder, number, together.take(once), task.manifest)
                del parts[number]


def clear_staging(folder: Path) -> None:
    """Take away what was handed over, and what was made of it."""
    # In this order: what was made can only be taken over beside what was handed over.
    for name in (MADE, STAGED):
        shutil.rmtree(folder / name, ignore_errors=True)
