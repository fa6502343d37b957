"""The command for a corpus: `embed`."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import msg
from ..corpus import embed_corpus
from .app import (
    Delimiter,
    Encoder,
    Encoding,
    Lang,
    Model,
    NoHeader,
    Preset,
    Quiet,
    Stride,
    TextField,
    Window,
    delimiter_of,
    trend_cli,
)

#: How many files that were embedded again are named.
SHOWN = 10


@trend_cli.command("embed")
def embed_cli(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File or folder of texts, or - for JSON lines")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT_DIR", help="Folder to write Parquet files to")],
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    preset: Preset = None,
    window: Window = None,
    stride: Stride = None,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use, or -1 for the CPU")] = -1,
    text_field: TextField = "text",
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    limit: Annotated[
        int | None, typer.Option("--limit", help="For a trial: embed the first so many rows alone")
    ] = None,
    processes: Annotated[int, typer.Option("--processes", "-n", help="Number of processes")] = 1,
    engine: Annotated[str, typer.Option("--engine", help="local, or ray for Ray Data")] = "local",
    address: Annotated[str | None, typer.Option("--address", help="Address of a Ray cluster")] = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", help="Texts per batch; by default as the pipeline's config says"),
    ] = None,
    shard_rows: Annotated[int, typer.Option("--shard-rows", help="Rows per file")] = 10_000,
    on_error: Annotated[
        str,
        typer.Option("--on-error", help="raise, or skip: leave the row out and list it beside the folder"),
    ] = "raise",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start again, and replace earlier files")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write the vectors of all texts of an input to Parquet files; a stopped run can be resumed.

    INPUT is a .jsonl, .csv, .tsv or .txt file, also with .gz, a .parquet file, or a folder of these.
    """
    try:
        summary = embed_corpus(
            source,
            output,
            model=model,
            encoder=encoder,
            lang=lang,
            preset=preset,
            window=window,
            stride=stride,
            gpu_id=gpu_id,
            text_field=text_field,
            encoding=encoding,
            delimiter=delimiter_of(delimiter),
            header=not no_header,
            limit=limit,
            processes=processes,
            engine=engine,
            address=address,
            batch_size=batch_size,
            shard_rows=shard_rows,
            on_error=on_error,
            overwrite=overwrite,
        )
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The texts could not be embedded", str(error), exits=1)
    except KeyboardInterrupt:
        msg.warn(f"Stopped. Complete files stay in {output}: run the same command to resume.")
        raise typer.Exit(130) from None
    embedded = summary.rows - summary.errors
    rate = (summary.rows - summary.done_before) / max(summary.seconds, 1e-9)
    msg.good(f"{output} has {embedded} rows in {summary.shards} files")
    if summary.done_before:
        msg.info(f"{summary.done_before} rows of the input were already done")
    if summary.broken:
        more = "" if len(summary.broken) <= SHOWN else f"; and {len(summary.broken) - SHOWN} more"
        msg.warn(
            f"{len(summary.broken)} files of earlier runs were embedded again",
            "; ".join(summary.broken[:SHOWN]) + more,
        )
    if summary.errors:
        msg.warn(f"{summary.errors} rows had errors: see {summary.errors_file}")
    if summary.rows > summary.done_before:
        msg.info(f"{summary.seconds:.0f} s, {rate:.0f} rows per second")
