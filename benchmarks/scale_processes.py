"""Several processes against one, and Ray against processes without it, on one machine."""

from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from report import markdown_table
from scale_numbers import goal, keep, write_found
from scale_runs import SMALL, Processes, Rounds, Rows, ShardRows, embedded, workplace, write_texts
from tqdm import tqdm

from spacy_trend.corpus.engines import cores

CORES = cores()


def processes(
    rows: Rows = 20_000, processes: Processes = CORES, rounds: Rounds = 3, shard_rows: ShardRows = 1000
) -> None:
    """Measure rows a second of several processes against one with one thread."""
    table = []
    speedups, rates = [], []
    # A multiple of the processes, so that each writes equally many files in both sizes.
    fewest = max(1, rows // SMALL // (shard_rows * processes)) * shard_rows * processes
    with workplace() as folder:
        sources = sources_of(folder, fewest, rows)
        for number in tqdm(range(rounds)):
            of_one, of_all = (
                rows_a_second(
                    *embedded_each(
                        sources,
                        f"{number}-{used}",
                        one_thread=used == 1,
                        processes=used,
                        shard_rows=shard_rows,
                    )
                )
                for used in (1, processes)
            )
            rates.append(of_one)
            speedups.append(of_all / of_one)
            table.append([f"{of_one:.0f}", f"{of_all:.0f}", f"{speedups[-1]:.2f}"])
    keep(rows_a_second_a_core=median(rates), efficiency=median(speedups) / processes)
    header = ["1 process, 1 thread", f"{processes} processes", "ratio"]
    write_found(
        "Processes",
        f"Rows a second on {CORES} cores, {rounds} rounds in turn, fresh processes; loading and "
        f"all that does not grow is left out: what {rows:,} texts take less what {fewest:,} take, files of "
        f"{shard_rows:,} rows. Threads of each of the processes: {max(1, CORES // processes)}.\n\n"
        f"{markdown_table(header, table)}\n\n"
        f"Median, by {processes}: {goal(median(speedups) / processes, 0.8)}.",
    )


def ray(
    rows: Rows = 50_000, processes: Processes = 2, rounds: Rounds = 1, shard_rows: ShardRows = 5000
) -> None:
    """Measure what Ray costs on one machine, against processes without it."""
    title = "Ray"
    if find_spec("ray") is None:
        write_found(title, "Not measured: ray is not installed.")
        return
    few = rows // SMALL
    table = []
    with workplace() as folder:
        sources = sources_of(folder, few, rows)
        for number in tqdm(range(rounds)):
            taken = {
                engine: embedded_each(
                    sources, f"{number}-{engine}", engine=engine, processes=processes, shard_rows=shard_rows
                )
                for engine in ("local", "ray")
            }
            table += [
                [engine, f"{small['wall']:.1f}", f"{large['wall']:.1f}", f"{rows_a_second(small, large):.0f}"]
                for engine, (small, large) in taken.items()
            ]
            local, with_ray = (sizes[1]["wall"] for sizes in taken.values())
            table.append(["overhead", "", f"{with_ray - local:.1f} s, {with_ray / local - 1:.1%}", ""])
    header = ["engine", f"{few:,} texts, s", f"{rows:,} texts, s", "rows a second, without start"]
    write_found(
        title,
        f"{processes} processes, fresh, with all they take from start to end; files of "
        f"{shard_rows:,} rows.\n\n{markdown_table(header, table)}",
    )


def sources_of(folder: Path, *sizes: int) -> list[Path]:
    """Return files of texts, written here, one of each size."""
    return [write_texts(folder / f"{size}.jsonl", size) for size in sizes]


def embedded_each(sources: list[Path], name: str, **settings: Any) -> list[dict[str, float]]:
    """Embed each of the files, one after the other.

    Args:
        sources: the files.
        name: of this way and round, for output folders beside the files.
        **settings: of `embedded`.

    Returns:
        What `embedded` returns for each file.
    """
    return [embedded(source, source.with_name(f"{name}-{source.stem}"), **settings) for source in sources]


def rows_a_second(small: dict[str, float], large: dict[str, float]) -> float:
    """Return the rows a second from the difference of two sizes, which leaves out all fixed costs."""
    return (large["rows"] - small["rows"]) / (large["wall"] - small["wall"])
