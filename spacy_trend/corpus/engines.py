"""Engines that embed the shards of a corpus on this machine: this process, or several."""

import os
import signal
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event, Thread, current_thread, main_thread
from typing import Any, NamedTuple

import pyarrow as pa

from ..embedder import Embedder, PipelineChoice
from .shards import Shards, ShardWriter


class Task(NamedTuple):
    """How to embed a corpus; plain data, so other processes can be given it.

    Attributes:
        choice: the pipeline.
        text_field: the column that holds the texts.
        batch_size: how many texts a pipeline takes at a time; None for what its config says.
        shard_rows: how many positions of the input a shard covers.
        processes: how many processes embed.
        engine: "local" or "ray".
        address: of a Ray cluster; None for a Ray of its own on this machine.
    """

    choice: PipelineChoice
    text_field: str
    batch_size: int | None
    shard_rows: int
    processes: int
    engine: str
    address: str | None


#: How often to check for Ctrl-C while shards are embedded, in seconds.
INTERRUPT_CHECK = 0.5
#: How many rows each shard has, once it is written; closing it stops the work.
RowsWritten = Generator[int, None, None]


def cores() -> int:
    """Return how many cores this process may use, in a container or batch job fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def embed_here(embedder: Embedder, writer: ShardWriter, shards: Shards) -> RowsWritten:
    """Embed and write shards one after another, in this process.

    Args:
        embedder: adds the vectors.
        writer: writes the shards.
        shards: the texts.

    Yields:
        How many rows each shard has.
    """
    for number, table in shards:
        yield writer.embed(embedder, number, table)


def embed_in_processes(task: Task, writer: ShardWriter, shards: Shards) -> RowsWritten:
    """Embed and write shards in several processes, each with a pipeline and its share of the cores.

    Args:
        task: what each process does.
        writer: writes the shards.
        shards: the texts.

    Yields:
        How many rows each shard has, as they are written.

    Raises:
        OSError: if a process is killed. What a process raises is raised here too.
        KeyboardInterrupt: on Ctrl-C. The processes are stopped at once.
        GeneratorExit: when closed. The processes are stopped at once.
        SystemExit: likewise.
    """
    # Not forked: torch hangs in a fork of a process in which it has run.
    context = get_context("spawn")
    worker_end, parent_end = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        task.processes, mp_context=context, initializer=_start_worker, initargs=(task, writer, worker_end)
    )
    with worker_end, parent_end:
        try:
            yield from _as_completed(pool, task.processes, iter(shards))
        except BrokenProcessPool as error:
            raise OSError(
                f"A process ended before its work was done ({error}). Perhaps there was not enough memory "
                f"for {task.processes} of them: use fewer processes, or smaller batches. All shards that "
                "are complete stay: run the same command again to go on."
            ) from error
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            # The user wants to stop: do not wait for the shards that are being embedded.
            parent_end.close()
            raise
        finally:
            # If one process fails, the others finish their shards and start no more.
            pool.shutdown(cancel_futures=True)


def _as_completed(
    pool: ProcessPoolExecutor, processes: int, shards: Iterator[tuple[int, pa.Table]]
) -> RowsWritten:
    with _interrupts_deferred() as interrupted:
        # One more than there are processes: none waits for the next shard to be read, and memory stays flat.
        running = {_submit(pool, shard) for shard in islice(shards, processes + 1)}
        while running:
            done, running = wait(running, timeout=INTERRUPT_CHECK, return_when=FIRST_COMPLETED)
            if interrupted.is_set():
                raise KeyboardInterrupt
            running |= {_submit(pool, shard) for shard in islice(shards, len(done))}
            for future in done:
                yield future.result()


def _submit(pool: ProcessPoolExecutor, shard: tuple[int, pa.Table]) -> Future[int]:
    # This may start a process, which Ctrl-C must not reach from its first moment on: this process ends it.
    with _interrupts_blocked():
        return pool.submit(_embed_shard, *shard)


@contextmanager
def _interrupts_deferred() -> Iterator[Event]:
    """Set an event on Ctrl-C instead of raising KeyboardInterrupt at any point.

    Python drops what is raised while it frees objects, and a pool that is interrupted while it starts a
    process may wait forever.

    Yields:
        The event.
    """
    interrupted = Event()
    is_main = current_thread() is main_thread()
    # Other threads receive no signals, and another handler is somebody's wish.
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return
    signal.signal(signal.SIGINT, lambda *received: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started in the block."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: What a process of the pool works with.
_WORKER: dict[str, Any] = {}


def _start_worker(task: Task, writer: ShardWriter, worker_end: Connection) -> None:
    # For Windows; elsewhere it is blocked already.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, args=(worker_end,), daemon=True).start()
    threads = max(1, cores() // task.processes)
    embedder = Embedder(task.choice, task.text_field, task.batch_size, threads)
    _WORKER.update(embedder=embedder, writer=writer)


def _exit_with_parent(worker_end: Connection) -> None:
    """End this process when the run is stopped or killed; otherwise it would go on, or wait forever."""
    # Nothing is ever sent: this returns when the other end is closed, or its process dies.
    with suppress(EOFError, OSError):
        worker_end.recv()
    os._exit(1)


def _embed_shard(number: int, table: pa.Table) -> int:
    writer: ShardWriter = _WORKER["writer"]
    return writer.embed(_WORKER["embedder"], number, table)
