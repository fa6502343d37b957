"""The shards of a corpus on Ray Data: on this machine, or on a cluster that shares the output folder."""

import os
from pathlib import Path
from typing import Any
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from ray.data import ActorPoolStrategy
from ray.exceptions import RayError
from .engines import Shards, Task, Written, cores
from .shards import MADE
from .shards import stage, take_over
from ..embedder import Embedder


#: Cores that Ray's own reading and writing need beside the actors: with none, they wait for each other.
CORES_FOR_FILES = 2


def embed_with_ray(task: Task, shards: Shards, address: str | None) -> Written:
    """Embed shards with a pool of actors, each with a pipeline and its share of the cores, and a GPU where
    the cluster has one for each.

    What Ray writes lies aside until a shard is whole. An actor that dies is replaced and its shard embedded
    again. Where Ray has been started already, that one is used, and goes on.

    address: of a cluster, whose machines have this package and see the folder under the same path; None for
        a Ray of its own on this machine.
    YIELDS: how many rows a shard has.
    RAISES: ConnectionError where no cluster answers; OSError where an actor fails, or for shards that Ray
        did not write.
    """
    paths = stage(task.folder, shards)
    if not paths:
        return
    is_ours = not ray.is_initialized()
    if is_ours:
        _start_ray(task.processes, address)
    try:
        _embed_files(task, [str(path) for path in paths])
    except RayError as error:
        # Of an error of the work itself, Ray's own message is its whole traceback.
        cause = getattr(error, "cause", None) or error
        raise OSError(
            f"Ray could not embed all shards ({type(cause).__name__}: {cause}). What it has written stays: "
            "mend the cause, and run the same command again to go on."
        ) from error
    finally:
        if is_ours:
            ray.shutdown()
    taken = 0
    for rows in take_over(task):
        taken += 1
        yield rows
    if taken < len(paths):
        raise OSError(
            f"Ray wrote {taken} of {len(paths)} shards whole to {task.folder / MADE}. Expected all: see that "
            "every machine of the cluster has this folder under this path, and run the same command again."
        )


def _start_ray(processes: int, address: str | None) -> None:
    if address is not None:
        ray.init(address=address)
        return
    # Else Ray reports on its use to its makers, and tokenizers, which has run here, warns of Ray's forks.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    num_cpus = max(cores(), processes) + CORES_FOR_FILES
    ray.init(address="local", num_cpus=num_cpus, include_dashboard=False)


def _embed_files(task: Task, paths: list[str]) -> None:
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
    embedded.write_parquet(str(task.folder / MADE))


def _absolute(name: str | None) -> str | None:
    """A model's name as it is; its path as an actor, which is in another folder, finds it."""
    return str(Path(name).absolute()) if name and Path(name).exists() else name


def _read(batch: dict[str, Any]) -> pa.Table:
    return pq.read_table(batch["item"][0])
