"""The shards of a corpus on Ray Data: on this machine, or on a cluster that shares the output folder."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import ray

from .corpus_output import shard_path, write_shard
from .embedder import Embedder, PipelineChoice

#: Inside the output folder: shards to embed, and what Ray wrote of them.
STAGED, MADE = ".staged", ".made"


def embed_with_ray(
    choice: PipelineChoice,
    text_field: str,
    batch_size: int | None,
    shards: Iterable[tuple[int, pa.Table]],
    folder: Path,
    manifest: dict[str, Any],
    processes: int,
    address: str | None,
) -> None:
    """Embed and write shards with a pool of actors, each with a pipeline and its share of the cores.

    What Ray writes lies aside until a shard is whole; a run after one that was killed takes over what is.

    address: of a cluster, whose machines see the folder under the same path; None for a Ray of its own on this
        machine.
    """
    staged, made = folder / STAGED, folder / MADE
    _take_over(made, folder, manifest)
    shutil.rmtree(staged, ignore_errors=True)
    shutil.rmtree(made, ignore_errors=True)
    staged.mkdir()
    paths = []
    for number, table in shards:
        if not shard_path(folder, number).exists():
            paths.append(str(staged / f"part-{number:06d}.parquet"))
            pq.write_table(table, paths[-1])
    if paths:
        threads = max(1, (os.cpu_count() or 1) // processes)
        if address is None:
            # Two more than the actors take: tasks that read and write wait for one, too.
            ray.init(num_cpus=threads * processes + 2, include_dashboard=False)
        else:
            ray.init(address=address)
        try:
            texts = ray.data.read_parquet(paths, override_num_blocks=len(paths))
            embedded = texts.map_batches(
                Embedder,
                fn_constructor_args=(choice, text_field, batch_size, threads),
                batch_format="pyarrow",
                batch_size=None,
                num_cpus=threads,
                num_gpus=1 if ray.cluster_resources().get("GPU") else 0,
                compute=ray.data.ActorPoolStrategy(size=processes),
            )
            embedded.write_parquet(str(made))
        finally:
            ray.shutdown()
        _take_over(made, folder, manifest)
    shutil.rmtree(staged, ignore_errors=True)
    shutil.rmtree(made, ignore_errors=True)


def _take_over(made: Path, folder: Path, manifest: dict[str, Any]) -> None:
    """Give the shards that Ray has written whole their place."""
    staged = folder / STAGED
    shard_rows = manifest["shard_rows"]
    waiting: dict[int, list[pa.Table]] = {}
    for path in sorted(made.glob("*.parquet")):
        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid:
            # Cut short when its writer was killed.
            continue
        shards = pc.divide(table["row"], pa.scalar(shard_rows, pa.int64()))
        for number in pc.unique(shards).to_pylist():
            parts = waiting.setdefault(number, [])
            parts.append(table.filter(pc.equal(shards, number)))
            expected = pq.read_metadata(staged / f"part-{number:06d}.parquet").num_rows
            whole = pa.concat_tables(parts).sort_by("row")
            if whole.num_rows == expected:
                write_shard(folder, number, whole, manifest)
                del waiting[number]
