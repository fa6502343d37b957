"""The Ray Data engine, on this machine or on a cluster that shares the output folder."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, NoReturn

import psutil  # Ray brings its own.
import ray
from ray._private import ray_constants
from ray.data import ActorPoolStrategy
from ray.exceptions import RayError

from ..embedder import Embedder, PipelineChoice
from .engines import RowsWritten, Task, cores
from .errors import RowError
from .shards import Shards, ShardWriter

#: Whether Ray may span machines; if not, it listens on 127.0.0.1 alone. Despite its name, on Linux too.
SPANS_MACHINES = ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR
#: Cores that Ray's own reading and writing need beside the actors: without any, they wait for each other.
CORES_FOR_FILES = 2


class ShardEmbedder:
    """An actor: embeds shards that are staged, and writes them.

    Args:
        choice: the pipeline.
        task: of the run.
        threads: how many threads torch uses.
        writer: writes the shards.
    """

    def __init__(self, choice: PipelineChoice, task: Task, threads: int, writer: ShardWriter) -> None:
        self.embedder = Embedder(choice, task.text_field, task.batch_size, threads)
        self.writer = writer

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Embed and write one shard.

        Args:
            batch: the number of the shard, as `item`.

        Returns:
            How many rows it was given; the position and error of a row that stopped it, or -1 and "".
        """
        number = int(batch["item"][0])
        try:
            rows = self.writer.embed(self.embedder, number, self.writer.read_staged(number))
        except RowError as error:
            return {"rows": [0], "failed": [error.row], "error": [error.error]}
        return {"rows": [rows], "failed": [-1], "error": [""]}


def embed_with_ray(task: Task, writer: ShardWriter, shards: Shards) -> RowsWritten:
    """Embed shards with a pool of actors, each with a pipeline and its share of the cores.

    Each actor has a GPU if the cluster has one for each. Actors read the texts from the output folder and
    write the shards there. One that dies is replaced and its shard embedded again. If Ray is running already,
    it is used and left running. The machines of a cluster have this package and see the output folder under
    the same path.

    Args:
        task: what each actor does, and the address of the cluster.
        writer: writes the shards.
        shards: the texts.

    Yields:
        How many rows each shard has, as they are written.

    Raises:
        RowError: for a row that cannot be embedded, unless such rows are left out.
        OSError: if an actor fails, or Ray did not write all shards. If no cluster answers, Ray itself raises
            a ConnectionError.
    """
    numbers = writer.stage(shards)
    if numbers:
        yield from _embed_staged(task, writer, numbers)
    written = sum(writer.folder.shard_path(number).exists() for number in numbers)
    if written < len(numbers):
        raise OSError(
            f"Ray wrote {written} of {len(numbers)} shards to {writer.folder.path}. Expected all: check that "
            "every machine of the cluster has this folder under this path, and run the same command again."
        )


def _embed_staged(task: Task, writer: ShardWriter, numbers: list[int]) -> Iterator[int]:
    try:
        with _ray(task.processes, task.address):
            for done in _embed_shards(task, writer, numbers).iter_rows():
                if done["failed"] >= 0:
                    raise RowError(done["failed"], done["error"])
                yield done["rows"]
    except RayError as error:
        # For an error in the work itself, Ray's own message is the whole traceback.
        cause = getattr(error, "cause", None) or error
        raise OSError(
            f"Ray could not embed all shards ({type(cause).__name__}: {cause}). What it has written stays: "
            "fix the cause, and run the same command again to go on."
        ) from error


@contextmanager
def _ray(processes: int, address: str | None) -> Iterator[None]:
    """Start Ray unless it is running, and end what was started, also if the user ends this process."""
    if ray.is_initialized():
        yield
        return
    with _handlers_kept() as exits:
        try:
            _start_ray(processes, address)
            # Only now: Ray sets its own, which abort this process and leave the actors.
            for number in exits:
                signal.signal(number, _exit)
            yield
        finally:
            _end_ray()


def _end_ray() -> None:
    # Ray leaves processes that are still importing packages, which may take long.
    started = psutil.Process().children(recursive=True) if ray.is_initialized() else []
    ray.shutdown()
    for process in started:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@contextmanager
def _handlers_kept() -> Iterator[list[signal.Signals]]:
    """Set the handlers of signals as they were when the block ends.

    Yields:
        Those signals that would end this process at once.
    """
    # Other threads cannot set handlers. Windows has no SIGHUP.
    names = ("SIGTERM", "SIGHUP") if current_thread() is main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield [number for number, handler in before.items() if handler is signal.SIG_DFL]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    # As a shell tells of a process that a signal has ended.
    raise SystemExit(128 + number)


def _start_ray(processes: int, address: str | None) -> None:
    if address is not None:
        ray.init(address=address)
        return
    # Otherwise Ray reports its use to its makers, and tokenizers, which has run here, warns of Ray's forks.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    num_cpus = max(cores(), processes) + CORES_FOR_FILES
    with _on_this_machine_alone():
        ray.init(address="local", num_cpus=num_cpus, include_dashboard=False)


@contextmanager
def _on_this_machine_alone() -> Iterator[None]:
    # Ray has no public setting: it replaces 127.0.0.1 as the address of a node. It reads the variable when it
    # is imported, which may be over; the processes that it starts read it too.
    constant, variable = ray_constants.ENABLE_RAY_CLUSTER, os.environ.get(SPANS_MACHINES)
    ray_constants.ENABLE_RAY_CLUSTER, os.environ[SPANS_MACHINES] = False, "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = constant
        if variable is None:
            del os.environ[SPANS_MACHINES]
        else:
            os.environ[SPANS_MACHINES] = variable


def _embed_shards(task: Task, writer: ShardWriter, numbers: list[int]) -> ray.data.Dataset:
    resources = ray.cluster_resources()
    largest = max(node["Resources"].get("CPU", 1) for node in ray.nodes() if node["Alive"])
    threads = max(1, int(min(largest, (resources["CPU"] - CORES_FOR_FILES) // task.processes)))
    has_gpus = resources.get("GPU", 0) >= task.processes
    choice = task.choice._replace(
        model=_absolute(task.choice.model),
        encoder=_absolute(task.choice.encoder),
        gpu_id=0 if has_gpus else -1,
    )
    # By number: Ray's own reader may read all files in one task, which one actor would then embed.
    staged = ray.data.from_items(numbers, override_num_blocks=len(numbers))
    return staged.map_batches(
        ShardEmbedder,
        fn_constructor_args=(choice, task, threads, writer),
        batch_size=1,
        num_cpus=threads,
        num_gpus=1 if has_gpus else 0,
        compute=ActorPoolStrategy(size=task.processes),
    )


def _absolute(name: str | None) -> str | None:
    # Actors run in another folder, so a path must be absolute; the name of a model stays as it is.
    return str(Path(name).absolute()) if name and Path(name).exists() else name
