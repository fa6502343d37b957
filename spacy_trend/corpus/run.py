"""A run over a corpus, step by step: scan the input, start or resume, embed what is left, show progress."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pyarrow as pa

from ..embedder import schema_of_vectors
from ..progress import progress
from ..text_files import Row
from .blocks import InputFile
from .engines import RowsWritten, Task, embed_here, embed_in_processes
from .errors import check_list, error_writer
from .folder import OutputFolder
from .input import InputScan, Source, input_files, read_shards, scan_input, spool_removed
from .pipeline import RunPipeline
from .places import Places
from .shards import Shard, Shards, ShardWriter


class Summary(NamedTuple):
    """What a run has done.

    Attributes:
        rows: how many rows the input has; those with errors are not in the output.
        errors: how many rows had an error; they are listed in `errors_file`.
        done_before: how many rows were embedded by earlier runs.
        shards: how many files the output has.
        seconds: how long this run took.
        broken: the files of earlier runs that were embedded again, each with what was wrong with it.
        errors_file: the list of errors, if there are any.
    """

    rows: int
    errors: int
    done_before: int
    shards: int
    seconds: float
    broken: list[str]
    errors_file: Path


def run(source: Source, folder: OutputFolder, task: Task, on_error: str, overwrite: bool) -> Summary:
    """Embed a corpus; see `embed_corpus`.

    Args:
        source: the input.
        folder: the output.
        task: how to embed.
        on_error: "raise" or "skip".
        overwrite: start again.

    Returns:
        What was done.
    """
    start = perf_counter()
    with folder.lock(), spool_removed(source, folder):
        if on_error == "skip":
            check_list(folder)
        files = input_files(source, folder)
        pipeline = RunPipeline(task, None if overwrite else folder.read_manifest(), folder)
        scan, errors = _scan(files, folder, task, on_error, pipeline.max_length, source.limit)
        manifest = _manifest(scan, pipeline, task)
        writer = ShardWriter(folder, task.shard_rows, manifest, on_error == "skip")
        shards = _shards(scan.rows, task.shard_rows, errors)
        broken, left_out = _start_or_resume(writer, shards, _schema(scan, pipeline), overwrite)
        places = Places(scan, folder)
        places.publish(left_out, on_error)
        wanted = {shard.number for shard in shards if not folder.shard_path(shard.number).exists()}
        done = sum(shard.size for shard in shards if shard.number not in wanted)
        if wanted:
            # Closed at once if the user stops it: its processes must not go on meanwhile.
            tables = read_shards(scan, task.shard_rows, wanted)
            with closing(_embed(pipeline, task, writer, tables)) as written, places.named():
                show_progress(written, scan.rows, done)
        for number in sorted(wanted):
            left_out |= writer.left_out(number)
        places.publish(left_out, on_error)
        folder.clear_unfinished()
    skipped = scan.errors + len(left_out)
    return Summary(scan.rows, skipped, done, len(shards), perf_counter() - start, broken, folder.errors)


def _shards(rows: int, shard_rows: int, errors: Counter[int]) -> list[Shard]:
    shards = []
    for number, first in enumerate(range(0, rows, shard_rows)):
        size = min(shard_rows, rows - first)
        shards.append(Shard(number, first, size, size - errors[number]))
    return shards


def _schema(scan: InputScan, pipeline: RunPipeline) -> pa.Schema:
    added = schema_of_vectors(pipeline.told["width"])
    return pa.schema([pa.field("row", pa.int64()), *scan.schema, *added])


def _scan(
    files: list[InputFile],
    folder: OutputFolder,
    task: Task,
    on_error: str,
    max_length: int,
    limit: int | None,
) -> tuple[InputScan, Counter[int]]:
    """Return a scan of the input, and how many rows of each shard have an error."""
    errors: Counter[int] = Counter()

    with error_writer(folder, on_error) as write_error:

        def count(number: int, row: Row) -> None:
            write_error(number, row)
            errors[number // task.shard_rows] += 1

        return scan_input(files, task.text_field, count, max_length, limit), errors


def _manifest(scan: InputScan, pipeline: RunPipeline, task: Task) -> dict[str, Any]:
    return {
        "input": {"sha256": scan.digest, "rows": scan.rows, "errors": scan.errors},
        "text_field": task.text_field,
        "shard_rows": task.shard_rows,
        **pipeline.told,
    }


def _start_or_resume(
    writer: ShardWriter, shards: list[Shard], schema: pa.Schema, overwrite: bool
) -> tuple[list[str], dict[int, str]]:
    """Leave only shards in the folder that are proven to be of this input, pipeline and settings.

    Args:
        writer: of the shards.
        shards: all that the corpus has.
        schema: of the shards.
        overwrite: leave none.

    Returns:
        As `ShardWriter.remove_broken`.
    """
    folder = writer.folder
    if overwrite:
        folder.clear()
    folder.check_manifest(writer.manifest)
    folder.check_surplus(len(shards))
    folder.record(writer.manifest, schema)
    return writer.remove_broken(shards, schema)


def _embed(pipeline: RunPipeline, task: Task, writer: ShardWriter, shards: Shards) -> RowsWritten:
    # If an earlier run's files were broken, it is loaded only now: is it what these say?
    embedder = pipeline.take_embedder()
    writer.folder.check_manifest({**writer.manifest, **pipeline.told})
    if task.engine == "ray":
        # Here, because its extra may not be installed.
        from .ray_engine import embed_with_ray

        return embed_with_ray(task, writer, shards)
    if task.processes == 1:
        return embed_here(embedder, writer, shards)
    return embed_in_processes(task, writer, shards)


def show_progress(written: Iterator[int], rows: int, done: int) -> None:
    """Run the work to its end, and show its progress: see `progress`.

    Args:
        written: does the work; yields how many rows it has just done.
        rows: how many rows there are.
        done: how many rows were done before.
    """
    with progress(doing="Embedding", unit="row", total=rows, done=done) as shown:
        for more in written:
            shown.update(more)
