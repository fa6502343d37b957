"""Corpora of any size: from files of texts to Parquet files with their vectors, resumable; search in these.

This room may import the embedder and everything below it, but no other feature. It alone knows Ray and
DuckDB, which come with extras, as pyarrow does: they are imported when a function of the room is called.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ..dependencies import check_extra
from ..messages import shorten
from ..settings import check_choice
from ..text_files import Dialect, check_dialect, is_unicode

if TYPE_CHECKING:
    from .hits import Hits
    from .run import Summary


def embed_corpus(
    source: Path | str,
    output: Path | str,
    *,
    model: str | None = None,
    encoder: str | None = None,
    lang: str = "en",
    preset: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    gpu_id: int = -1,
    text_field: str = "text",
    encoding: str = "utf-8",
    delimiter: str | None = None,
    header: bool = True,
    limit: int | None = None,
    processes: int = 1,
    engine: str = "local",
    address: str | None = None,
    batch_size: int | None = None,
    shard_rows: int = 10_000,
    on_error: str = "raise",
    overwrite: bool = False,
) -> "Summary":
    """Embed all texts of an input into Parquet files in a folder.

    Each file is written under a temporary name and renamed when it is complete. If a run is killed, the same
    call continues where it was: it reads the files that are there, and makes those again that are not proven
    to be complete and of this corpus. The input is read three times: to find its errors and types, to
    recognize it in later runs, and to embed it. Other numbers of processes and other batch sizes give the
    same results up to rounding.

    Args:
        source: a file (`.jsonl`, `.csv`, `.tsv`, `.txt`, each also with `.gz`, or `.parquet`), a folder of
            such files, or "-" for JSON lines on the standard input. In a folder, names that begin with `.`
            or `_` are no input, links to folders are folders, and those named as `label=spam` give the column
            `label`.
        output: a folder. Its files have the input's columns, `row`, int64, a row's position in the input,
            and the columns of `embedder.Embedder.schema`; the schema's metadata holds the settings, the
            encoder and the versions.
        model: see `embedder.PipelineChoice`.
        encoder: see `embedder.PipelineChoice`.
        lang: see `embedder.PipelineChoice`.
        preset: see `embedder.PipelineChoice`.
        window: see `embedder.PipelineChoice`.
        stride: see `embedder.PipelineChoice`.
        gpu_id: see `embedder.PipelineChoice`. Ray gives each process a GPU of its own if there are enough.
        text_field: the column that holds the texts.
        encoding: of the files, except Parquet.
        delimiter: what stands between the values of CSV and TSV files; None for a comma and a tab.
        header: whether the first line of CSV and TSV files names the columns; if not, they are "1", "2" ...
        limit: for a trial, how many rows to read, the first ones of the input; None for all. A folder of a
            trial is not continued without the limit.
        processes: how many processes embed; each has its own pipeline and its share of the cores.
        engine: "local" for processes of this machine, "ray" for Ray Data (extra `ray`).
        address: of a Ray cluster; None for a Ray of its own on this machine.
        batch_size: how many texts a pipeline takes at a time; None for what its config says.
        shard_rows: how many rows a file has.
        on_error: "raise" to refuse an input with errors before any work, "skip" to leave such rows out and
            list them beside the folder, in `.NAME.errors.jsonl`; likewise for rows on which the pipeline
            fails.
        overwrite: start again, whatever earlier runs left in the folder.

    Returns:
        What was done.

    Raises:
        ImportError: without the extra `corpus`, or `ray` for that engine.
        ValueError: for a setting with an unknown value, an input with errors, or a folder that was begun with
            something else or is in use by another run.
        OSError: if files cannot be read or written, no cluster answers, a process is killed, or Ray fails.
            Complete files stay.
    """
    check_choice("embed", "on_error", on_error, ("raise", "skip"))
    check_choice("embed", "engine", engine, ("local", "ray"))
    numbers = {
        "processes": processes,
        "shard_rows": shard_rows,
        "batch_size": batch_size,
        "limit": limit,
    }
    too_small = {name: number for name, number in numbers.items() if number is not None and number < 1}
    if too_small:
        got = " and ".join(f"{name}={number}" for name, number in too_small.items())
        raise ValueError(f"Got {got}. Expected 1 or more.")
    if address is not None and engine != "ray":
        raise ValueError(
            f"Got the address {address!r} of a Ray cluster, but the engine {engine!r}. Expected --engine ray "
            "with it: add it, or leave the address out."
        )
    dialect = Dialect(encoding, delimiter, header)
    check_dialect(dialect)
    check_extra("corpus", "pyarrow", "filelock")
    if engine == "ray":
        check_extra("ray", "ray")
    # Here, because the extra may not be installed.
    from ..embedder import PipelineChoice
    from .engines import Task
    from .folder import OutputFolder
    from .input import Source
    from .run import run

    given = Source(source, dialect, limit)
    choice = PipelineChoice(model, encoder, lang, preset, gpu_id, window, stride)
    task = Task(choice, text_field, batch_size, shard_rows, processes, engine, address)
    return run(given, OutputFolder(_absolute(Path(output))), task, on_error, overwrite)


def search(
    folder: Path | str,
    query: str,
    k: int = 5,
    *,
    model: str | None = None,
    encoder: str | None = None,
    lang: str = "en",
    preset: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    text_field: str | None = None,
    why: bool = False,
) -> "Hits":
    """Find the texts of an embedded corpus that are nearest to a query, by the cosine of their vectors.

    Every vector is compared, in float64, so the answer is exact. The files are read once, by DuckDB, and
    memory does not grow with their number. Files that `embed_corpus` has still to write are not waited for,
    and files of others in the folder not read. The bytes of each file are not proven at each query: that is
    done by `embed_corpus`, called again.

    Args:
        folder: that `embed_corpus` wrote.
        query: the text to compare with; embedded with the pipeline that wrote the folder.
        k: how many texts to find at most.
        model: as `embed_corpus` was given it; see `embedder.PipelineChoice`.
        encoder: likewise.
        lang: likewise.
        preset: likewise; None for that of the folder, unless the pipeline has a trend vector.
        window: likewise.
        stride: likewise.
        text_field: the column to show as the text; None for the one that was embedded.
        why: also split each score into one part for each pair of words.

    Returns:
        The hits, a sequence of `Hit`, best first; of equal scores, the first of the input. Texts without a
        vector or with numbers that are not finite have no cosine: they are no hits, and counted.

    Raises:
        ImportError: without the extra `search`.
        ValueError: for k below one, a query without words, a folder that `embed_corpus` did not write or that
            is empty or broken, another pipeline than that of the folder, or an unknown `text_field`.
        OSError: if there is no such folder, model or encoder.
    """
    if k < 1:
        raise ValueError(f"Got k={k}. Expected 1 or more: how many texts to find.")
    if not query.strip() or not is_unicode(query):
        raise ValueError(f"Got the query {shorten(query)}. Expected a text, of words in Unicode.")
    check_extra("search", "duckdb", "pyarrow", "filelock")
    # Here, because the extra may not be installed.
    from ..embedder import PipelineChoice
    from .folder import OutputFolder
    from .query import answer

    choice = PipelineChoice(model, encoder, lang, preset, window=window, stride=stride)
    return answer(OutputFolder(_absolute(Path(folder))), query, choice, k, text_field, why)


def _absolute(output: Path) -> Path:
    absolute = output.absolute()
    # The folder's name is part of another's, and `..` is none.
    return absolute.resolve() if ".." in absolute.parts else absolute
