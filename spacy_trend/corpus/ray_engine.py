"""The Ray Data engine, on this machine or on a cluster that shares the output folder."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray
from ray.data import ActorPoolStrategy
from ray.exceptions import RayError

from ..embedder import Embedder
from .engines import RowsWritten, Task, cores
from .shards import MADE, Shards, ShardWriter

#: Cores that Ray's own reading and writing need beside the actors: without any, they wait for each other.
CORES_FOR_FILES = 2


def embed_with_ray(task: Task, writer: ShardWriter, shards: Shards) -> RowsWritten:
    """Embed shards with a pool of actors, each with a pipeline and its share of the cores.

    Each actor has a GPU if the cluster has one for each. What Ray writes is staged until a shard is complete.
    An actor that dies is replaced and its shard embedded again. If Ray is running already, it is used and
    left running. The machines of a cluster have this package and see the output folder under the same path.

    Args:
        task: what each actor does, and the address of the cluster.
        writer: writes the shards.
        shards: the texts; each shard has at least one row.

    Yields:
        How many rows each shard has.

    Raises:
        OSError: if an actor fails, or Ray did not write all shards. If no cluster answers, Ray itself raises
            a ConnectionError.
    """
    paths = writer.stage(shards)
    made = writer.folder.path / MADE
    if paths:
        _embed_staged(task, [str(path) for path in paths], str(made))
    taken = 0
    for rows in writer.take_over():
        taken += 1
        yield rows
    if taken < len(paths):
        raise OSError(
            f"Ray wrote {taken} of {len(paths)} shards completely to {made}. Expected all: check that every "
            "machine of the cluster has this folder under this path, and run the same command again."
        )


def _embed_staged(task: Task, paths: list[str], made: str) -> None:
    is_ours = not ray.is_initialized()
    if is_ours:
        _start_ray(task.processes, task.address)
    try:
        _embed_files(task, paths, made)
    except RayError as error:
        # For an error in the work itself, Ray's own message is the whole traceback.
        cause = getattr(error, "cause", None) or error
        raise OSError(
            f"Ray could not embed all shards ({type(cause).__name__}: {cause}). What it has written stays: "
            "fix the cause, and run the same command again to go on."
        ) from error
    finally:
        if is_ours:
            ray.shutdown()


def _start_ray(processes: int, address: str | None) -> None:
    if address is not None:
        ray.init(address=address)
        return
    # Otherwise Ray reports its use to its makers, and tokenizers, which has run here, warns of Ray's forks.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    num_cpus = max(cores(), processes) + CORES_FOR_FILES
    ray.init(address="local", num_cpus=num_cpus, include_dashboard=False)


def _embed_files(task: Task, paths: list[str], made: str) -> None:
    resources = ray.cluster_resources()
    largest = max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"])
    threads = max(1, int(min(largest, (resources["CPU"] - CORES_FOR_FILES) // task.processes)))
    has_gpus = resources.get("GPU", 0) >= task.processes
    choice = task.choice._replace(
        model=_absolute(task.choice.model),
        encoder=_absolute(task.choice.encoder),
        gpu_id=0 if has_gpus else -1,
    )
    # Not Ray's own reader: it may read all files in one task, which one actor would then embed.
    files = ray.data.from_items(paths, override_num_blocks=len(paths))
    texts = files.map_batches(_read, batch_size=1, num_cpus=1)
    embedded = texts.map_batches(
        Embedder,
        fn_constructor_args=(choice, task.text_field, task.batch_size, threads),
        batch_format="pyarrow",
        batch_size=None,
        num_cpus=threads,
        num_gpus=1 if has_gpus else 0,
        compute=ActorPoolStrategy(size=task.processes),
    )
    embedded.write_parquet(made)


def _absolute(name: str | None) -> str | None:
    # Actors run in another folder, so a path must be absolute; the name of a model stays as it is.
    return str(Path(name).absolute()) if name and Path(name).exists() else name


def _read(batch: dict[str, Any]) -> pa.Table:
    return pq.read_table(batch["item"][0])
