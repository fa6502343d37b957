"""Corpora of any size: from files of texts to Parquet files with their vectors, resumable at any moment."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from spacy import Language
from tqdm import tqdm

from .component import trend_vectors
from .extras import check_extra, versions
from .pipeline import fingerprint
from .settings import check_choice
from .text_files import Row

#: Where the standard input is kept while a run reads it.
SPOOL = ".input.jsonl"


@dataclass(frozen=True)
class Summary:
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


def embed_corpus(
    source: Path | str,
    output: Path | str,
    *,
    model: str | None = None,
    encoder: str | None = None,
    lang: str = "en",
    preset: str = "article",
    text_field: str = "text",
    processes: int = 1,
    batch_size: int | None = None,
    shard_rows: int = 10_000,
    on_error: str = "raise",
    overwrite: bool = False,
) -> Summary:
    """Embed all texts of an input into Parquet files in a folder.

    Each file is written aside and renamed when it is complete: a run that was killed goes on where it was
    when it is started again. The input is read twice, first to find its errors and types.

    source: a file (`.jsonl`, `.csv`, `.tsv`, `.txt`, each also with `.gz`, or `.parquet`), a folder of such
        files, or "-" for JSON lines on the standard input.
    output: a folder. Its files have the input's columns, `row`, int64, a row's position in the input, and
        what `embedder.Embedder.schema` says; settings, encoder and versions stand in the schema's metadata.
    model, encoder, lang, preset: the pipeline, see `embedder.PipelineChoice`.
    text_field: the column that holds the texts.
    processes: how many; each has its own pipeline and its share of the cores.
    batch_size: how many texts a pipeline takes at a time; None for what its config says.
    shard_rows: how many rows a file has.
    on_error: "raise" to refuse an input with errors before any work, "skip" to leave such rows out and name
        them in `errors.jsonl`.
    overwrite: start again, whatever the folder holds of earlier runs.
    RETURNS: what was done.
    RAISES: ImportError without the extra `corpus`; ValueError for an input with errors, a folder that was
        begun with something else or in which another run is at work; OSError where files cannot be read or
        written.
    """
    check_extra("corpus", "pyarrow", "filelock")
    check_choice("embed", "on_error", on_error, ("raise", "skip"))
    if processes < 1 or shard_rows < 1:
        raise ValueError(
            f"Got processes={processes} and shard_rows={shard_rows}. Expected 1 or more of both."
        )
    # Here, because the extra may not be installed.
    from .corpus_engines import embed_here, embed_in_processes
    from .corpus_input import input_files, shards, survey
    from .corpus_output import check_manifest, clear, clear_unfinished, only_run, shard_path
    from .embedder import Embedder, PipelineChoice

    start = perf_counter()
    folder = Path(output)
    with only_run(folder):
        clear_unfinished(folder)
        if overwrite:
            clear(folder)
        with _errors_noted(folder, on_error) as note:
            found = survey(input_files(source, folder / SPOOL), text_field, note)
        choice = PipelineChoice(model, encoder, lang, preset)
        embedder = Embedder(choice, text_field, batch_size)
        manifest = {
            "input": {"sha256": found.digest, "rows": found.rows, "errors": found.errors},
            "text_field": text_field,
            "shard_rows": shard_rows,
            **_described(embedder.nlp),
            "width": embedder.width,
        }
        check_manifest(folder, manifest)
        sizes = [min(shard_rows, found.rows - first) for first in range(0, found.rows, shard_rows)]
        wanted = {number for number in range(len(sizes)) if not shard_path(folder, number).exists()}
        done = sum(size for number, size in enumerate(sizes) if number not in wanted)
        todo = shards(found, text_field, shard_rows, wanted)
        if processes == 1:
            written = embed_here(embedder, todo, folder, manifest)
        else:
            del embedder
            written = embed_in_processes(choice, text_field, batch_size, todo, folder, manifest, processes)
        with tqdm(total=found.rows, initial=done, unit="row", desc="Embedding", disable=None) as bar:
            for rows in written:
                bar.update(rows)
        (folder / SPOOL).unlink(missing_ok=True)
        return Summary(found.rows, found.errors, done, len(sizes), perf_counter() - start)


def _described(nlp: Language) -> dict[str, Any]:
    """What a pipeline is, for the manifest."""
    name, component = trend_vectors(nlp)[-1]
    return {
        "pipeline": fingerprint(nlp),
        "encoder": component.encoder.name if component.encoder else None,
        "settings": nlp.get_pipe_config(name),
        "versions": versions("spacy-transformers", "pyarrow"),
    }


@contextmanager
def _errors_noted(folder: Path, on_error: str) -> Iterator[Callable[[int, Row], None]]:
    """What to do with rows that have an error: raise it, or write it to a file."""
    path = folder / "errors.jsonl"
    path.unlink(missing_ok=True)

    def refuse(number: int, row: Row) -> None:
        raise ValueError(
            f"{row.error} Nothing was embedded. To leave such rows out, and have them named in {path}, use "
            "--on-error skip."
        )

    if on_error == "raise":
        yield refuse
        return
    with path.open("w", encoding="utf8") as file:
        yield lambda number, row: print(
            json.dumps({"row": number, "place": row.place, "error": row.error}), file=file
        )
