"""Shards that another engine embeds and writes: handed over as files, and taken over once they are whole."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .corpus_engines import Task
from .corpus_output import shard_path, write_shard

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


def take_over(task: Task) -> Iterator[int]:
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
