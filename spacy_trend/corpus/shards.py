"""The shards of a corpus: each is complete or absent, and proves what it holds."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..embedder import Embedder
from ..messages import shorten_text, without_controls
from .errors import RowError
from .folder import STAGED, TEMPORARY, OutputFolder
from .manifest import described, differing, left_out_in, manifest_in
from .seals import BrokenFileError, open_sealed, write_sealed

#: Numbers of shards and their rows.
Shards = Iterable[tuple[int, pa.Table]]
#: The Parquet path of the column that holds the numbers of the vectors.
VECTOR_NUMBERS = "trend_vector.list.element"
#: How many rows to check at a time.
CHUNK = 10_000


class Shard(NamedTuple):
    """What a shard has to hold.

    Attributes:
        number: of the shard.
        first: the position of its first row in the input.
        size: how many positions it covers.
        good: how many of these hold a text.
    """

    number: int
    first: int
    size: int
    good: int


@dataclass(frozen=True)
class ShardWriter:
    """Writes the shards of a corpus; plain data, so other processes can be given it.

    Attributes:
        folder: the output folder.
        shard_rows: how many positions of the input a shard covers.
        manifest: what the shards are made with; stored in the metadata of each.
        skips_errors: whether rows that the pipeline cannot embed are left out.
    """

    folder: OutputFolder
    shard_rows: int
    manifest: dict[str, Any]
    skips_errors: bool = False

    def embed(self, embedder: Embedder, number: int, table: pa.Table) -> int:
        """Embed and write a shard.

        Args:
            embedder: adds the vectors.
            number: of the shard.
            table: the texts, with their positions in the column `row`.

        Returns:
            How many rows the shard was given.

        Raises:
            RowError: for the first row that cannot be embedded, unless such rows are left out.
            OSError: as `write`.
        """
        errors: dict[int, str] = {}

        def leave_out(index: int, error: str) -> None:
            row = table["row"][index].as_py()
            if not self.skips_errors:
                raise RowError(row, error)
            errors[row] = error

        self.write(number, embedder(table, leave_out), errors)
        return int(table.num_rows)

    def write(self, number: int, table: pa.Table, errors: dict[int, str] | None = None) -> int:
        """Write a shard to a temporary file, and rename it once it is on the disk.

        Args:
            number: of the shard.
            table: the rows, with their vectors.
            errors: positions and errors of the rows that were left out; None if there are none.

        Returns:
            How many rows the shard has.

        Raises:
            OSError: if the shard cannot be written; the message says what to do.
        """
        path = self.folder.shard_path(number)
        # A name of its own: a process that outlived its run may be writing the same shard.
        temporary = self.folder.ours / f"{path.name}.{uuid4().hex}{TEMPORARY}"
        schema = described(table.schema, self.manifest, errors)
        try:
            sealed = table.replace_schema_metadata(schema.metadata)
            write_sealed(sealed, temporary, compression="zstd", **column_settings(table.schema))
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise OSError(
                f"{without_controls(path)} could not be written ({error}). All shards that are complete "
                "stay: fix the cause, such as a full disk, and run the same command again to go on."
            ) from error
        return int(table.num_rows)

    def remove_broken(self, shards: Iterable[Shard], schema: pa.Schema) -> tuple[list[str], dict[int, str]]:
        """Remove files in the place of shards that are not proven to be these shards.

        Args:
            shards: all that the corpus has.
            schema: of each.

        Returns:
            The name of each file that was removed, with what was wrong; positions and errors of the rows that
            the other shards left out.
        """
        broken: list[str] = []
        left_out: dict[int, str] = {}
        schema = _as_stored(schema)
        for shard in shards:
            path = self.folder.shard_path(shard.number)
            # A link without a target is no file, and in the way of none.
            if not path.exists():
                continue
            try:
                left_out |= self._check(path, shard, schema)
            except (BrokenFileError, OSError, pa.ArrowException) as error:
                broken.append(f"{path.name} {shorten_text(str(error), 200)}")
                path.unlink()
        return broken, left_out

    def left_out(self, number: int) -> dict[int, str]:
        """Return positions and errors of the rows that a complete shard left out."""
        return left_out_in(pq.read_schema(self.folder.shard_path(number)))

    def stage(self, shards: Shards) -> list[int]:
        """Write shards of texts for another engine to embed.

        Args:
            shards: the texts.

        Returns:
            The numbers of the shards.
        """
        (self.folder.ours / STAGED).mkdir()
        numbers = []
        for number, table in shards:
            write_sealed(table, self._staged_path(number))
            numbers.append(number)
        return numbers

    def read_staged(self, number: int) -> pa.Table:
        """Read a shard of texts.

        Args:
            number: of the shard.

        Returns:
            The texts.

        Raises:
            OSError: if its file is not as it was written.
        """
        path = self._staged_path(number)
        try:
            with open_sealed(path) as file:
                return file.read()
        except BrokenFileError as error:
            raise OSError(
                f"{without_controls(path)} {error}. Run the same command again: it is written anew."
            ) from error

    def _check(self, path: Path, shard: Shard, schema: pa.Schema) -> dict[int, str]:
        """Read all of a shard, and return the rows that it left out.

        Args:
            path: of the file.
            shard: what it has to hold.
            schema: that it has to have.

        Returns:
            Positions and errors.

        Raises:
            BrokenFileError: if it is another file than the one expected.
        """
        with open_sealed(path) as file:
            changed = differing(manifest_in(file.schema_arrow), self.manifest)
            if changed:
                raise BrokenFileError(f"was made with something else ({', '.join(changed)})")
            if not file.schema_arrow.equals(schema):
                raise BrokenFileError("has other columns than the input gives")
            left_out = left_out_in(file.schema_arrow)
            batches = [batch.column("row").to_numpy() for batch in file.iter_batches(CHUNK)]
        rows = np.concatenate([np.empty(0, np.int64), *batches])
        inside = np.arange(shard.first, shard.first + shard.size)
        together = np.sort(np.concatenate([rows, np.array(list(left_out), np.int64)]))
        is_whole = len(together) == shard.good and np.isin(together, inside).all()
        if not is_whole or (np.diff(together) <= 0).any() or (np.diff(rows) <= 0).any():
            raise BrokenFileError(
                f"holds other rows than the {shard.good} expected between {inside[0]} and {inside[-1]}"
            )
        return left_out

    def _staged_path(self, number: int) -> Path:
        return self.folder.ours / STAGED / self.folder.shard_path(number).name


def column_settings(schema: pa.Schema) -> dict[str, Any]:
    """Return the encodings of the columns, as arguments of `pyarrow.parquet.write_table`.

    Args:
        schema: of a shard.
    """
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
    columns = pq.read_metadata(pa.BufferReader(_empty_file(schema))).schema
    return [columns.column(number).path for number in range(len(columns))]


def _as_stored(schema: pa.Schema) -> pa.Schema:
    return pq.read_schema(pa.BufferReader(_empty_file(schema))).remove_metadata()


def _empty_file(schema: pa.Schema) -> pa.Buffer:
    buffer = pa.BufferOutputStream()
    pq.ParquetWriter(buffer, schema).close()
    return buffer.getvalue()


def _sync_folder(folder: Path) -> None:
    # Windows and some file systems cannot.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
