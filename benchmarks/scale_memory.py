"""Peak memory of `embed_corpus` at several sizes."""

import resource
from typing import Annotated

import typer
from report import markdown_table
from scale_numbers import goal, keep, write_found
from scale_runs import Processes, ShardRows, embedded, peak_megabytes, workplace, write_texts
from tqdm import tqdm


def memory(
    rows: Annotated[list[int] | None, typer.Option(help="How many texts; repeat for each size")] = None,
    processes: Processes = 1,
    new_words: Annotated[int, typer.Option(help="Words in each text that are in no other")] = 0,
    shard_rows: ShardRows = 10_000,
) -> None:
    """Measure peak memory at several sizes: that of the largest process of a run."""
    sizes = rows or [10_000, 100_000]
    peaks = []
    table = []
    with workplace() as folder:
        for size in tqdm(sizes):
            source = write_texts(folder / f"{size}.jsonl", size, new_words=new_words)
            taken = embedded(source, folder / f"{size}", processes=processes, shard_rows=shard_rows)
            peaks.append(max(taken["own"], taken["children"]))
            parts = (folder / f"{size}").glob("part-*.parquet")
            keep(
                input_bytes_a_row=source.stat().st_size / size,
                output_bytes_a_row=sum(part.stat().st_size for part in parts) / size,
            )
            numbers = [f"{taken[name]:.0f}" for name in ("own", "end", "children", "wall")]
            table.append([f"{size:,}", *numbers])
    header = ["texts", "peak, MiB", "at the end, MiB", "peak of the largest child, MiB", "s"]
    ratio = goal(peaks[-1] / peaks[0], 1.05, most=True)
    # A child's peak begins with this process's memory when the child starts, so this process stays small.
    own = peak_megabytes(resource.RUSAGE_SELF)
    write_found(
        f"Memory, {processes} process{'es' if processes > 1 else ''}, {new_words} new words a text",
        "Peak of resident memory (`ru_maxrss`) of `embed_corpus` in a fresh process, files of "
        f"{shard_rows:,} rows; the process that measures had {own:.0f} MiB.\n\n"
        f"{markdown_table(header, table)}\n\nLast against first: {ratio}.",
    )
