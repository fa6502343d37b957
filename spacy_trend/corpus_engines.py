"""Who embeds the shards of a corpus: this process, or several on this machine."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa

from .corpus_output import write_shard
from .embedder import Embedder, PipelineChoice

Shards = Iterable[tuple[int, pa.Table]]


def embed_here(embedder: Embedder, shards: Shards, folder: Path, manifest: dict[str, Any]) -> Iterator[int]:
    """Embed and write shards one after another; YIELDS how many rows each has."""
    for number, table in shards:
        yield write_shard(folder, number, embedder(table), manifest)


def embed_in_processes(
    choice: PipelineChoice,
    text_field: str,
    batch_size: int | None,
    shards: Shards,
    folder: Path,
    manifest: dict[str, Any],
    processes: int,
) -> Iterator[int]:
    """Embed and write shards in processes of their own, each with a pipeline and its share of the cores.

    YIELDS: how many rows a shard has, as they are written.
    """
    threads = max(1, (os.cpu_count() or 1) // processes)
    # Not forked: torch hangs in a fork of a process in which it has run.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(choice, text_field, batch_size, threads, folder, manifest),
    )
    with pool:
        rest = iter(shards)
        # One more than there are processes: none waits for the next shard to be read, and memory stays flat.
        running: set[Future[int]] = {pool.submit(_embed, *shard) for shard in islice(rest, processes + 1)}
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


def _start(
    choice: PipelineChoice,
    text_field: str,
    batch_size: int | None,
    threads: int,
    folder: Path,
    manifest: dict[str, Any],
) -> None:
    _WORK.update(embedder=Embedder(choice, text_field, batch_size, threads), folder=folder, manifest=manifest)


def _embed(number: int, table: pa.Table) -> int:
    return write_shard(_WORK["folder"], number, _WORK["embedder"](table), _WORK["manifest"])
