"""The shards of a corpus: each is complete or absent, written here or taken over from another engine."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .folder import TEMPORARY, OutputFolder, sync

#: Numbers of shards and their rows.
Shards = Iterable[tuple[int, pa.Table]]
#: Folders inside the output folder: shards that another engine is to embed, and the files it makes of them.
STAGED, MADE = ".staged", ".made"
#: The Parquet path of the column that holds the numbers of the vectors.
VECTOR_NUMBERS = "trend_vector.list.element"
#: The key of the manifest in the metadata of every shard's schema.
METADATA = b"spacy_trend"


@dataclass(frozen=True)
class ShardWriter:
    """Writes the shards of a corpus; plain data, so other processes can be given it.

    Attributes:
        folder: the output folder.
        shard_rows: how many positions of the input a shard covers.
        manifest: what the shards are made with; stored in the metadata of each.
    """

    folder: OutputFolder
    shard_rows: int
    manifest: dict[str, Any]

    def write(self, number: int, table: pa.Table) -> int:
        """Write a shard to a temporary file, and rename it once it is on the disk.

        Args:
            number: of the shard.
            table: the rows, with their vectors.

        Returns:
            How many rows the shard has.

        Raises:
            OSError: if the shard cannot be written; the message says what to do.
        """
        path = self.folder.shard_path(number)
        # Named after the process: one that outlived its run may be writing the same shard.
        temporary = path.with_suffix(f".{os.getpid()}{TEMPORARY}")
        described = table.replace_schema_metadata({METADATA: json.dumps(self.manifest).encode()})
        try:
            pq.write_table(described, temporary, compression="zstd", **_column_settings(table.schema))
            sync(temporary)
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OSError(
                f"{path} could not be written ({error}). All shards that are complete stay: fix the cause, "
                "such as a full disk, and run the same command again to go on."
            ) from error
        return int(table.num_rows)

    def remove_broken(self, rows: list[int]) -> None:
        """Remove shards that cannot be read or have the wrong number of rows.

        Args:
            rows: how many rows each shard should have, by its number.
        """
        for number, expected in enumerate(rows):
            path = self.folder.shard_path(number)
            if path.exists() and _count_rows(path) != expected:
                path.unlink()

    def stage(self, shards: Shards) -> list[Path]:
        """Write shards of texts for another engine to embed.

        Args:
            shards: the texts.

        Returns:
            The paths of the files, one for each shard.
        """
        self.clear_staging()
        (self.folder.path / STAGED).mkdir()
        paths = []
        for number, table in shards:
            paths.append(self._staged_path(number))
            pq.write_table(table, paths[-1])
        return paths

    def take_over(self) -> Iterator[int]:
        """Move complete shards from another engine's files to their place.

        Those files may hold parts of shards, hold rows twice, or be cut short if the engine was killed. Rows
        are taken once; shards that are not complete stay where they are.

        Yields:
            How many rows each shard has.
        """
        parts: dict[int, list[pa.Table]] = {}
        for path in sorted((self.folder.path / MADE).glob("*.parquet")):
            try:
                table = pq.read_table(path)
            except pa.ArrowInvalid:
                continue
            numbers = table["row"].to_numpy() // self.shard_rows
            for number in np.unique(numbers).tolist():
                if self.folder.shard_path(number).exists():
                    continue
                parts.setdefault(number, []).append(table.filter(pa.array(numbers == number)))
                together = pa.concat_tables(parts[number])
                _, once = np.unique(together["row"].to_numpy(), return_index=True)
                staged = self._staged_path(number)
                if staged.exists() and len(once) == pq.read_metadata(staged).num_rows:
                    yield self.write(number, together.take(once))
                    del parts[number]

    def clear_staging(self) -> None:
        """Remove the shards staged for another engine and the files it made of them."""
        # In this order: what was made can only be taken over beside what was staged.
        for name in (MADE, STAGED):
            shutil.rmtree(self.folder.path / name, ignore_errors=True)

    def _staged_path(self, number: int) -> Path:
        return self.folder.path / STAGED / self.folder.shard_path(number).name


def _column_settings(schema: pa.Schema) -> dict[str, Any]:
    """Return the encodings of the columns, as arguments of `pyarrow.parquet.write_table`."""
    paths = _column_paths(schema)
    # A column of the input may have the same path, and pyarrow knows columns by their paths alone.
    is_ambiguous = paths.count(VECTOR_NUMBERS) > 1
    return {
        "use_dictionary": [path for path in paths if path != VECTOR_NUMBERS],
        # Puts bytes that are alike, such as exponents, side by side: a third less.
        "column_encoding": None if is_ambiguous else {VECTOR_NUMBERS: "BYTE_STREAM_SPLIT"},
    }


def _column_paths(schema: pa.Schema) -> list[str]:
    # To Parquet, each field of an object is a column of its own.
    buffer = pa.BufferOutputStream()
    pq.ParquetWriter(buffer, schema).close()
    columns = pq.read_metadata(pa.BufferReader(buffer.getvalue())).schema
    return [columns.column(number).path for number in range(len(columns))]


def _count_rows(path: Path) -> int | None:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return None


def _sync_folder(folder: Path) -> None:
    # Windows and some file systems cannot.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
