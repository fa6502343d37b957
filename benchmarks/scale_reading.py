"""The work that one process of a run does for all, which limits how many processes are useful."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from report import markdown_table
from scale_numbers import keep, write_found
from scale_runs import Rows, ShardRows, seconds_of, workplace, write_texts

from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.input import Source, input_files, read_shards, scan_input
from spacy_trend.corpus.shards import ShardWriter

#: What one process does for all, by its name in the numbers that are kept.
SERIAL = {
    "surveyed": "checked and counted, before the work begins",
    "handed": "read again and made into tables",
    "staged": "with Ray: written for it, before the work begins",
    "taken": "with Ray: its files read and written again, after the work",
}


def reading(rows: Rows = 100_000, shard_rows: ShardRows = 10_000, width: int = 384) -> None:
    """Measure what one process does for all: read the texts twice and, with Ray, stage and rewrite them."""
    with workplace() as folder:
        read, tables = seconds_reading(folder, rows, shard_rows)
        times = {**read, **seconds_writing(folder, tables, shard_rows, width)}
    rates = {name: rows / seconds for name, seconds in times.items()}
    keep(**{f"{name}_rows_a_second": rate for name, rate in rates.items()})
    table = [[what, f"{rates[name]:,.0f}"] for name, what in SERIAL.items()]
    write_found(
        "Reading and writing, which one process does for all",
        f"{rows:,} texts, files of {shard_rows:,} rows, vectors of {width} random numbers; the "
        "last two repeat what `ShardWriter` does with such files.\n\n"
        + markdown_table(["what", "rows a second"], table),
    )


def seconds_reading(
    folder: Path, rows: int, shard_rows: int
) -> tuple[dict[str, float], list[tuple[int, pa.Table]]]:
    """Measure the first two of `SERIAL` with texts made here.

    Args:
        folder: for the texts.
        rows: how many texts.
        shard_rows: rows of a file.

    Returns:
        The seconds of each, and the shards' numbers and tables.
    """

    def refuse(number: int, row: Any) -> None:
        raise ValueError(f"The row {number} was not expected to have an error: {row}")

    files = input_files(Source(write_texts(folder / "texts.jsonl", rows)), OutputFolder(folder / "none"))
    surveyed, scan = seconds_of(lambda: scan_input(files, "text", refuse))
    wanted = set(range(-(-rows // shard_rows)))
    handed, tables = seconds_of(lambda: list(read_shards(scan, shard_rows, wanted)))
    return {"surveyed": surveyed, "handed": handed}, tables


def seconds_writing(
    folder: Path, tables: list[tuple[int, pa.Table]], shard_rows: int, width: int
) -> dict[str, float]:
    """Measure the last two of `SERIAL`.

    Args:
        folder: for the shards.
        tables: the shards, with their numbers.
        shard_rows: rows of a file.
        width: of the vectors.

    Returns:
        The seconds of each.
    """
    staged, _ = seconds_of(
        lambda: [pq.write_table(table, folder / f"{number}.parquet") for number, table in tables]
    )
    made = [table.append_column("trend_vector", made_vectors(len(table), width)) for _, table in tables]
    paths = [folder / f"made-{number}.parquet" for number in range(len(made))]
    for path, table in zip(paths, made, strict=True):
        pq.write_table(table, path)
    writer = ShardWriter(OutputFolder(folder), shard_rows, {})
    writer.folder.ours.mkdir(exist_ok=True)
    taken, _ = seconds_of(
        lambda: [writer.write(number, pq.read_table(path)) for number, path in enumerate(paths)]
    )
    return {"staged": staged, "taken": taken}


def made_vectors(rows: int, width: int) -> pa.Array:
    """Return vectors of random numbers: like those of an encoder, Parquet cannot compress them."""
    numbers = np.random.default_rng(0).standard_normal(rows * width, dtype=np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers), width)
