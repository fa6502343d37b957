"""A run over a corpus, step by step: look at the input, begin or go on, embed what is left."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from spacy import Language
from ..component.trend_vector import trend_components
from .engines import Shards, Task, Written, embed_here, embed_in_processes
from .input import input_files, spool_cleared
from .folder import check_manifest, clear, errors_noted, is_begun, keep_errors, only_run
from .input import Survey, shards, survey
from .shards import clear_broken, clear_unfinished, shard_path, write_shard
from .shards import clear_staging, take_over
from ..embedder import Embedder
from ..dependencies import versions
from ..encoder.fingerprint import fingerprint
from ..text_files import Row
import sys
from collections.abc import Iterator
from time import perf_counter
from tqdm import tqdm


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
    with only_run(folder), spool_cleared(source, folder):
        clear_unfinished(folder)
        files = input_files(source, folder)
        embedder = Embedder(task.choice, task.text_field, task.batch_size)
        found, errors = _surveyed(files, task, on_error, embedder.nlp.max_length)
        task = task._replace(manifest=_manifest(found, embedder, task))
        if overwrite:
            clear_staging(folder)
            clear(folder)
        sizes = [min(task.shard_rows, found.rows - first) for first in range(0, found.rows, task.shard_rows)]
        _begin_or_go_on(task, [size - errors[number] for number, size in enumerate(sizes)])
        wanted = {number for number in range(len(sizes)) if not shard_path(folder, number).exists()}
        done = sum(size for number, size in enumerate(sizes) if number not in wanted)
        todo = shards(found, task.shard_rows, wanted)
        # Closed at once where the user stops it: its processes are not to go on meanwhile.
        with closing(_written(engine, embedder, task, todo)) as written:
            # Where others do the work, its memory is for them.
            del embedder
            follow(written, found.rows, done)
        clear_staging(folder)
    return Summary(found.rows, found.errors, done, len(sizes), perf_counter() - start)


def _surveyed(files: list[Path], task: Task, on_error: str, longest: int) -> tuple[Survey, Counter[int]]:
    """The input, and how many rows of each shard have an error."""
    errors: Counter[int] = Counter()

    with errors_noted(task.folder, on_error) as note:

        def counted(number: int, row: Row) -> None:
            note(number, row)
            errors[number // task.shard_rows] += 1

        return survey(files, task.text_field, counted, longest), errors


def _manifest(found: Survey, embedder: Embedder, task: Task) -> dict[str, Any]:
    return {
        "input": {"sha256": found.digest, "rows": found.rows, "errors": found.errors},
        "text_field": task.text_field,
        "shard_rows": task.shard_rows,
        **_described(embedder.nlp),
        "width": embedder.width,
    }


def _described(nlp: Language) -> dict[str, Any]:
    name, component = trend_components(nlp)[-1]
    return {
        "pipeline": fingerprint(nlp),
        "encoder": component.encoder.size.name if component.encoder else None,
        "settings": nlp.get_pipe_config(name),
        "versions": versions("spacy-transformers", "pyarrow"),
    }


def _begin_or_go_on(task: Task, rows: list[int]) -> None:
    """Have the folder as a run finds it that goes on; `rows` is how many each shard is to have."""
    if not is_begun(task.folder):
        # Of a run of which nothing else is left, perhaps with other settings.
        clear_staging(task.folder)
    check_manifest(task.folder, task.manifest)
    keep_errors(task.folder)
    clear_broken(task.folder, rows)
    # What a run with Ray has written, and was killed before it was taken over.
    for _ in take_over(task):
        pass


def _written(engine: Engine, embedder: Embedder, task: Task, todo: Shards) -> Written:
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


#: Seconds between two lines where there is no terminal.
PAUSE = 30.0


def follow(written: Iterator[int], rows: int, done: int) -> None:
    """Let the work go on to its end; on stderr, a bar shows it on a terminal, else a line now and then.

    written: gives how many rows were done, as they are.
    rows: how many there are.
    done: how many were done before.
    """
    is_terminal = sys.stderr.isatty()
    said = perf_counter()
    with tqdm(total=rows, initial=done, unit="row", desc="Embedding", disable=not is_terminal) as bar:
        for more in written:
            bar.update(more)
            done += more
            if not is_terminal and perf_counter() - said >= PAUSE:
                print(f"Embedding: {done} of {rows} rows", file=sys.stderr, flush=True)
                said = perf_counter()
