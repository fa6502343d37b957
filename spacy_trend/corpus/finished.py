"""A folder as search finds it: what it was made with, and the shards that are complete.

A shard gets its name when it is complete, so what has the name and says it is of this corpus is read.
That every byte is as it was written is not proven: all files would have to be read twice at each query.
`embed` proves it when it is called again.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ..messages import name_some, shorten, shorten_text, without_controls
from .folder import OURS, OutputFolder
from .manifest import differing, manifest_in
from .seals import BrokenFileError, open_sealed
from .unification import holds_texts

#: The column with the rows' positions in the input, and that with the vectors.
ROW, VECTOR = "row", "trend_vector"


class Finished(NamedTuple):
    """The complete shards of a folder.

    Attributes:
        folder: that they are in.
        manifest: what they are made with.
        schema: of each.
        rows: how many rows each has, by its number, ascending.
        missing: how many shards are not there yet.
    """

    folder: OutputFolder
    manifest: dict[str, Any]
    schema: pa.Schema
    rows: dict[int, int]
    missing: int

    @property
    def paths(self) -> list[Path]:
        """The files of the shards."""
        return [self.folder.shard_path(number) for number in self.rows]

    def path_of(self, row: int) -> Path:
        """Return the file that holds a row.

        Args:
            row: the row's position in the input.
        """
        return self.folder.shard_path(row // self.manifest["shard_rows"])


def finished_shards(folder: OutputFolder) -> Finished:
    """Find the complete shards of a folder.

    Args:
        folder: that `embed` wrote.

    Returns:
        The shards.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if `embed` did not write it, it has no shards, or one is broken or of something else.
    """
    if not folder.path.is_dir():
        raise FileNotFoundError(
            f"There is no folder {without_controls(folder.path)}. Expected one that embed wrote: "
            "python -m spacy trend embed INPUT FOLDER."
        )
    manifest = folder.read_manifest()
    if manifest is None:
        raise ValueError(
            f"{without_controls(folder.path)} was not written by embed, or by a run that was stopped before "
            f"its first file: it has no {OURS}/manifest.parquet. Expected a folder of embed: "
            "python -m spacy trend embed INPUT FOLDER."
        )
    expected = -(-manifest["input"]["rows"] // manifest["shard_rows"])
    numbers = [number for number in range(expected) if folder.shard_path(number).exists()]
    if not numbers:
        raise ValueError(
            f"{without_controls(folder.path)} has no vectors: embed has written none of its files yet. "
            "Expected at least one complete file: run embed again."
        )
    schema, rows = None, {}
    for number in numbers:
        schema, rows[number] = _read_footer(folder.shard_path(number), manifest, schema)
    _check_describes(manifest, schema, folder)
    if not any(rows.values()):
        raise ValueError(
            f"{without_controls(folder.path)} has no vectors: all rows of its files were left out. Expected "
            "at least one text: see the list of errors beside the folder."
        )
    return Finished(folder, manifest, schema, rows, expected - len(rows))


def text_column(finished: Finished, wanted: str | None) -> str:
    """Return the name of the column to show as the text.

    Args:
        finished: the shards.
        wanted: the column; None for the one whose texts were embedded.

    Raises:
        ValueError: if there is no such column, or it holds something else than texts.
    """
    if wanted is None:
        return str(finished.manifest["text_field"])
    texts = [field.name for field in finished.schema if holds_texts(field.type)]
    if wanted not in texts:
        raise ValueError(
            f"{without_controls(finished.folder.path)} has no column {shorten(wanted)} of texts. Expected "
            f"one of {name_some(texts, 20)}: choose one of them with --text-field, or leave the option out."
        )
    return wanted


def _read_footer(path: Path, manifest: dict[str, Any], schema: pa.Schema | None) -> tuple[pa.Schema, int]:
    try:
        with open_sealed(path, prove=False) as file:
            if changed := differing(manifest_in(file.schema_arrow), manifest):
                raise BrokenFileError(f"was made with something else ({', '.join(changed)})")
            if schema is not None and not file.schema_arrow.equals(schema):
                raise BrokenFileError("has other columns than the files before it")
            return file.schema_arrow, int(file.metadata.num_rows)
    except (BrokenFileError, OSError, pa.ArrowException) as error:
        raise ValueError(
            f"{without_controls(path)} {shorten_text(str(error), 200)}. Expected a complete file of its "
            "folder's corpus: run embed again, which makes such files anew."
        ) from error


def _check_describes(manifest: dict[str, Any], schema: pa.Schema, folder: OutputFolder) -> None:
    """Refuse a manifest that lacks what search needs: anybody can make one."""
    width, text_field = manifest.get("width"), manifest.get("text_field")
    is_whole = isinstance(width, int) and width > 0 and isinstance(manifest.get("pipeline"), str)
    expected = {ROW: pa.int64(), VECTOR: pa.list_(pa.float32(), width)} if is_whole else {}
    found = {name: schema.field(name).type for name in expected if name in schema.names}
    if not is_whole or text_field not in schema.names or found != expected:
        raise ValueError(
            f"The files of {without_controls(folder.path)} do not say which pipeline and which column of "
            f"texts they are made with, or lack the columns {ROW!r} and {VECTOR!r}. Expected a folder as "
            "embed writes it: embed the texts again, into another folder."
        )
