"""Who embeds the shards of a corpus: this process, or several on this machine."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pyarrow as pa

from .corpus_output import write_shard
from .embedder import Embedder, PipelineChoice

Shards = Iterable[tuple[int, pa.Table]]


class Task(NamedTuple):
    """What an engine is to do; as plain data, since it goes to other processes.

    choice, text_field, batch_size: see `Embedder`.
    folder: where the shards go.
    shard_rows: how many positions of the input a shard has.
    processes: how many.
    manifest: goes into the shards' metadata.
    """

    choice: PipelineChoice
    text_field: str
    batch_size: int | None
    folder: Path
    shard_rows: int
    processes: int
    manifest: dict[str, Any]


def embed_here(embedder: Embedder, task: Task, shards: Shards) -> Iterator[int]:
    """Embed and write shards one after another; YIELDS how many rows each has."""
    for number, table in shards:
        yield write_shard(task.folder, number, embedder(table), task.manifest)


def embed_in_processes(task: Task, shards: Shards) -> Iterator[int]:
    """Embed and write shards in processes of their own, each with a pipeline and its share of the cores.

    YIELDS: how many rows a shard has, as they are written.
    """
    # Not forked: torch hangs in a fork of a process in which it has run.
    pool = ProcessPoolExecutor(
        task.processes, mp_context=get_context("spawn"), initializer=_start, initargs=(task,)
    )
    with pool:
        rest = iter(shards)
        # One more than there are processes: none waits for the next shard to be read, and memory stays flat.
        first = islice(rest, task.processes + 1)
        running: set[Future[int]] = {pool.submit(_embed, *shard) for shard in first}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(_embed, *shard) for shard in islice(rest, len(done))}
                for future in done:
                    yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


#: What a process of the pool works with.
_WORK: dict[str, Any] = {}


def _start(task: Task) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    threads = max(1, (os.cpu_count() or 1) // task.processes)
    embedder = Embedder(task.choice, task.text_field, task.batch_size, threads)
    _WORK.update(embedder=embedder, task=task)


def _end_with_parent() -> None:
    """Leave nothing behind where the run itself is killed: a pool's processes would wait for it forever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _embed(number: int, table: pa.Table) -> int:
    task = _WORK["task"]
    return write_shard(task.folder, number, _WORK["embedder"](table), task.manifest)
