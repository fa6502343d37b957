"""A run over a corpus, step by step: look at the input, begin or go on, embed what is left."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from spacy import Language
from tqdm import tqdm

from .component import trend_vectors
from .corpus_engines import Shards, Task, embed_here, embed_in_processes
from .corpus_input import SPOOL, Survey, input_files, shards, survey
from .corpus_output import (
    check_manifest,
    clear,
    clear_unfinished,
    errors_noted,
    is_begun,
    keep_errors,
    only_run,
    shard_path,
    write_shard,
)
from .corpus_staging import clear_staging, take_over
from .embedder import Embedder
from .extras import versions
from .pipeline import fingerprint


class Summary(NamedTuple):
    """What a run has done.

    rows: in the input; those with errors are not in the output.
    errors: how many rows had one; they are in `errors.jsonl`.
    done_before: how many rows were there already.
    shards: how many files there are.
    seconds: of the run, in which the rows that were not there already were embedded.
    """

    rows: int
    errors: int
    done_before: int
    shards: int
    seconds: float


class Engine(NamedTuple):
    """Who embeds: see `corpus.embed_corpus`."""

    name: str
    address: str | None


def run(source: Path | str, task: Task, engine: Engine, on_error: str, overwrite: bool) -> Summary:
    """Do what `corpus.embed_corpus` says.

    task: what to do; its manifest is made here.
    """
    start = perf_counter()
    folder = task.folder
    with only_run(folder):
        clear_unfinished(folder)
        embedder = Embedder(task.choice, task.text_field, task.batch_size)
        with errors_noted(folder, on_error) as note:
            files = input_files(source, folder)
            found = survey(files, task.text_field, note, embedder.nlp.max_length)
        task = task._replace(manifest=_manifest(found, embedder, task))
        if overwrite:
            clear_staging(folder)
            clear(folder)
        _begin_or_go_on(task)
        sizes = [min(task.shard_rows, found.rows - first) for first in range(0, found.rows, task.shard_rows)]
        wanted = {number for number in range(len(sizes)) if not shard_path(folder, number).exists()}
        done = sum(size for number, size in enumerate(sizes) if number not in wanted)
        todo = shards(found, task.shard_rows, wanted)
        written = _written(engine, embedder, task, todo)
        # Where others do the work, its memory is for them.
        del embedder
        with tqdm(total=found.rows, initial=done, unit="row", desc="Embedding", disable=None) as bar:
            for rows in written:
                bar.update(rows)
        (folder / SPOOL).unlink(missing_ok=True)
        clear_staging(folder)
    return Summary(found.rows, found.errors, done, len(sizes), perf_counter() - start)


def _manifest(found: Survey, embedder: Embedder, task: Task) -> dict[str, Any]:
    return {
        "input": {"sha256": found.digest, "rows": found.rows, "errors": found.errors},
        "text_field": task.text_field,
        "shard_rows": task.shard_rows,
        **_described(embedder.nlp),
        "width": embedder.width,
    }


def _described(nlp: Language) -> dict[str, Any]:
    name, component = trend_vectors(nlp)[-1]
    return {
        "pipeline": fingerprint(nlp),
        "encoder": component.encoder.name if component.encoder else None,
        "settings": nlp.get_pipe_config(name),
        "versions": versions("spacy-transformers", "pyarrow"),
    }


def _begin_or_go_on(task: Task) -> None:
    if not is_begun(task.folder):
        # Of a run of which nothing else is left, perhaps with other settings.
        clear_staging(task.folder)
    check_manifest(task.folder, task.manifest)
    keep_errors(task.folder)
    # What a run with Ray has written, and was killed before it was taken over.
    for _ in take_over(task):
        pass


def _written(engine: Engine, embedder: Embedder, task: Task, todo: Shards) -> Iterator[int]:
    if engine.name == "ray":
        # Here, because its extra may not be installed.
        from .ray_engine import embed_with_ray

        return embed_with_ray(task, _with_rows(embedder, task, todo), engine.address)
    if task.processes == 1:
        return embed_here(embedder, task, todo)
    return embed_in_processes(task, todo)


def _with_rows(embedder: Embedder, task: Task, todo: Shards) -> Shards:
    """Shards in which there is a row without an error; the others are written, as Ray drops empty tables."""
    for number, table in todo:
        if table.num_rows:
            yield number, table
        else:
            write_shard(task.folder, number, embedder(table), task.manifest)
