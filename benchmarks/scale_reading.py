"""What one process does for all others of a run, and so the limit of how many of them are of use."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from report import markdown_table
from scale_numbers import keep, write_found
from scale_runs import Rows, ShardRows, seconds_of, workplace, write_texts

from spacy_trend.corpus.input import input_files, scan_input, shards
from spacy_trend.corpus.shards import write_shard

#: What one process does for all, by the name it has among the numbers that are kept.
SERIAL = {
    "surveyed": "checked and counted, before the work begins",
    "handed": "read again and made into tables",
    "staged": "with Ray: written for it, before the work begins",
    "taken": "with Ray: its files read and written again, after the work",
}


def reading(rows: Rows = 100_000, shard_rows: ShardRows = 10_000, width: int = 384) -> None:
    """What one process does for all: read the texts before the work, and again to hand them out; with Ray,
    also write them for it and rewrite the vectors."""
    with workplace() as folder:
        read, tables = seconds_reading(folder, rows, shard_rows)
        times = {**read, **seconds_writing(folder, tables, width)}
    rates = {name: rows / seconds for name, seconds in times.items()}
    keep(**{f"{name}_rows_a_second": rate for name, rate in rates.items()})
    table = [[what, f"{rates[name]:,.0f}"] for name, what in SERIAL.items()]
    write_found(
        "Reading and writing, which one process does for all",
        f"{rows:,} texts, files of {shard_rows:,} rows, vectors of {width} random numbers; the "
        "last two repeat what `corpus_staging` does with such files.\n\n"
        + markdown_table(["what", "rows a second"], table),
    )


def seconds_reading(
    folder: Path, rows: int, shard_rows: int
) -> tuple[dict[str, float], list[tuple[int, pa.Table]]]:
    """How long the first two of `SERIAL` take for texts made here; and the shards' numbers and tables."""

    def refuse(number: int, row: Any) -> None:
        raise ValueError(f"The row {number} was not expected to have an error: {row}")

    files = input_files(write_texts(folder / "texts.jsonl", rows), folder / "none")
    surveyed, found = seconds_of(lambda: scan_input(files, "text", refuse))
    wanted = set(range(-(-rows // shard_rows)))
    handed, tables = seconds_of(lambda: list(shards(found, shard_rows, wanted)))
    return {"surveyed": surveyed, "handed": handed}, tables


def seconds_writing(folder: Path, tables: list[tuple[int, pa.Table]], width: int) -> dict[str, float]:
    """How long the last two of `SERIAL` take.

    tables: the shards, with their numbers.
    width: of the vectors.
    """
    staged, _ = seconds_of(
        lambda: [pq.write_table(table, folder / f"{number}.parquet") for number, table in tables]
    )
    made = [table.append_column("trend_vector", made_vectors(len(table), width)) for _, table in tables]
    paths = [folder / f"made-{number}.parquet" for number in range(len(made))]
    for path, table in zip(paths, made, strict=True):
        pq.write_table(table, path)
    taken, _ = seconds_of(
        lambda: [write_shard(folder, number, pq.read_table(path), {}) for number, path in enumerate(paths)]
    )
    return {"staged": staged, "taken": taken}


def made_vectors(rows: int, width: int) -> pa.Array:
    """Vectors of random numbers, which Parquet can make no smaller, as it cannot those of an encoder."""
    numbers = np.random.default_rng(0).standard_normal(rows * width, dtype=np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers), width)
