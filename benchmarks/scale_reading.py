"""What reading, writing and proving cost; what one process does for all limits how many are useful."""

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
from spacy_trend.corpus.shards import Shard, ShardWriter, column_settings

#: What one process does for all, by its name in the numbers that are kept.
SERIAL = {
    "surveyed": "checked and counted, before the work begins",
    "handed": "read again and made into tables",
    "staged": "with Ray: written for its actors, before the work begins",
    "proven": "compared with what is expected, byte by byte, when a run goes on",
}
#: What each process does for its own rows, named likewise.
OWN = {
    "written": "written as shards, with checksums, seal and sync",
    "unsealed": "the same by `pyarrow.parquet.write_table` alone",
}


def reading(rows: Rows = 100_000, shard_rows: ShardRows = 10_000, width: int = 384) -> None:
    """Measure what one process does for all, and what writing and proving shards cost."""
    with workplace() as folder:
        read, tables = seconds_reading(folder, rows, shard_rows)
        times = {**read, **seconds_writing(folder, tables, shard_rows, width)}
    rates = {name: rows / seconds for name, seconds in times.items()}
    keep(**{f"{name}_rows_a_second": rates[name] for name in SERIAL})
    table = [[what, f"{rates[name]:,.0f}"] for name, what in (SERIAL | OWN).items()]
    write_found(
        "Reading and writing, which one process does for all",
        f"{rows:,} texts, files of {shard_rows:,} rows, vectors of {width} random numbers. All but the "
        "last two is done by one process for all.\n\n" + markdown_table(["what", "rows a second"], table),
    )


def seconds_reading(
    folder: Path, rows: int, shard_rows: int
) -> tuple[dict[str, float], list[tuple[int, pa.Table]]]:
    """Measure checking, counting and reading texts made here.

    Args:
        folder: for the texts.
        rows: how many texts.
        shard_rows: rows of a file.

    Returns:
        The seconds of `surveyed` and `handed`, and the shards' numbers and tables.
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
    """Measure the others.

    Args:
        folder: for the shards.
        tables: the shards, with their numbers.
        shard_rows: rows of a file.
        width: of the vectors.

    Returns:
        The seconds of each.

    Raises:
        ValueError: if a shard is not proven to be the one that was written.
    """
    made = [
        (number, table.append_column("trend_vector", made_vectors(len(table), width)))
        for number, table in tables
    ]
    shards = [Shard(number, number * shard_rows, len(table), len(table)) for number, table in tables]
    writer = ShardWriter(OutputFolder(folder), shard_rows, {})
    writer.folder.ours.mkdir(exist_ok=True)
    staged, _ = seconds_of(lambda: writer.stage(tables))
    written, _ = seconds_of(lambda: [writer.write(number, table) for number, table in made])
    proven, (broken, _) = seconds_of(lambda: writer.remove_broken(shards))
    if broken:
        raise ValueError(f"Shards were expected to be as they were written, but got {broken}.")
    settings = column_settings(made[0][1].schema)
    unsealed, _ = seconds_of(
        lambda: [
            pq.write_table(table, folder / f"{number}.parquet", compression="zstd", **settings)
            for number, table in made
        ]
    )
    return {"staged": staged, "proven": proven, "written": written, "unsealed": unsealed}


def made_vectors(rows: int, width: int) -> pa.Array:
    """Return vectors of random numbers: like those of an encoder, Parquet cannot compress them."""
    numbers = np.random.default_rng(0).standard_normal(rows * width, dtype=np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(numbers), width)
