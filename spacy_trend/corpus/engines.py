"""Who embeds the shards of a corpus: this process, or several on this machine."""

import os
import signal
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any, NamedTuple
import pyarrow as pa
from .shards import write_shard
from ..embedder import Embedder, PipelineChoice


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


#: Seconds after which it is looked for an interrupt while shards are embedded.
LOOK = 0.5


#: How many rows the shards have that were written, as they are; closed, it stops the work.
Written = Generator[int, None, None]


def cores() -> int:
    """How many cores this process may use: of a container or a batch system's job, those of the machine are
    more."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def embed_here(embedder: Embedder, task: Task, shards: Shards) -> Written:
    """Embed and write shards one after another; YIELDS how many rows each has."""
    for number, table in shards:
        yield write_shard(task.folder, number, embedder(table), task.manifest)


def embed_in_processes(task: Task, shards: Shards) -> Written:
    """Embed and write shards in processes of their own, each with a pipeline and its share of the cores.

    YIELDS: how many rows a shard has, as they are written.
    RAISES: OSError where a process is killed; what one raises.
    """
    # Not forked: torch hangs in a fork of a process in which it has run.
    context = get_context("spawn")
    end, alive = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(task.processes, mp_context=context, initializer=_start, initargs=(task, end))
    with end, alive:
        try:
            yield from _as_completed(pool, task.processes, iter(shards))
        except BrokenProcessPool as error:
            raise OSError(
                f"A process ended before its work was done ({error}). Perhaps there was not enough memory "
                f"for {task.processes} of them: take fewer processes, or smaller batches. All shards that "
                "are complete stay: run the same command again to go on."
            ) from error
        except (GeneratorExit, KeyboardInterrupt, SystemExit):
            # The user wants to stop: what the processes are at is not waited for.
            alive.close()
            raise
        finally:
            # Where one fails, the others end what they are at, and begin nothing.
            pool.shutdown(cancel_futures=True)


def _as_completed(
    pool: ProcessPoolExecutor, processes: int, shards: Iterator[tuple[int, pa.Table]]
) -> Written:
    with _interrupts_noted() as interrupted:
        # One more than there are processes: none waits for the next shard to be read, and memory stays flat.
        running = {_submit(pool, shard) for shard in islice(shards, processes + 1)}
        while running:
            done, running = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            if interrupted.is_set():
                raise KeyboardInterrupt
            running |= {_submit(pool, shard) for shard in islice(shards, len(done))}
            for future in done:
                yield future.result()


def _submit(pool: ProcessPoolExecutor, shard: tuple[int, pa.Table]) -> Future[int]:
    # It may start a process, which is not to be interrupted, from its first moment on: this one ends it.
    with _interrupts_blocked():
        return pool.submit(_embed, *shard)


@contextmanager
def _interrupts_noted() -> Iterator[Event]:
    """Have Ctrl-C noted instead of raised in the middle of anything: Python drops what is raised while it
    frees objects, and a pool that is interrupted while it starts a process may wait forever."""
    interrupted = Event()
    is_main = current_thread() is main_thread()
    # Of other threads no signal is heard, and another handler is somebody's wish.
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
    """Have Ctrl-C not reach processes that are started in the block."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: What a process of the pool works with.
_WORK: dict[str, Any] = {}


def _start(task: Task, end: Connection) -> None:
    # On Windows; elsewhere it is blocked already.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, args=(end,), daemon=True).start()
    embedder = Embedder(task.choice, task.text_field, task.batch_size, max(1, cores() // task.processes))
    _WORK.update(embedder=embedder, task=task)


def _end_with_parent(end: Connection) -> None:
    """Leave nothing behind where the run itself is stopped or killed: a pool's processes would go on, or wait
    for it forever."""
    # Nothing is ever sent: it ends when the other side is closed, or dies.
    with suppress(EOFError, OSError):
        end.recv()
    os._exit(1)


def _embed(number: int, table: pa.Table) -> int:
    task = _WORK["task"]
    return write_shard(task.folder, number, _WORK["embedder"](table), task.manifest)
