"""Rows a second of `embed_corpus` against `nlp.pipe`, each in a long-lived process of its own."""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from report import markdown_table
from scale_numbers import goal, write_found
from scale_runs import SMALL, Rounds, Rows, seconds_of, workplace, write_texts
from spacy import Language
from tqdm import tqdm

from spacy_trend.corpus import embed_corpus


def throughput(
    rows: Rows = 10_000,
    rounds: Rounds = 5,
    batch_size: Annotated[int | None, typer.Option(help="Texts a pipeline takes at once")] = None,
) -> None:
    """Measure rows a second of `embed_corpus` against `nlp.pipe` on the same texts."""
    with workplace() as folder:
        small = write_texts(folder / "small.jsonl", rows // SMALL)
        large = write_texts(folder / "large.jsonl", rows)
        # Each way has a long-lived process of its own, so that neither reuses memory that the other freed.
        pools = {name: ProcessPoolExecutor(1, get_context("spawn")) for name in TIMED}
        rates: dict[str, list[float]] = {name: [] for name in TIMED}
        for name, pool in tqdm([pair for _ in range(rounds + 1) for pair in pools.items()]):
            few, many = (
                pool.submit(TIMED[name], source, folder / name, batch_size).result()
                for source in (small, large)
            )
            rates[name].append((rows - rows // SMALL) / (many - few))
    # The first round warms up.
    of_rounds = [[rates[name][number] for name in TIMED] for number in range(1, rounds + 1)]
    table = [[*(f"{rate:.0f}" for rate in both), f"{both[0] / both[1]:.3f}"] for both in of_rounds]
    ratio = median(embed / pipe for embed, pipe in of_rounds)
    write_found(
        "Throughput",
        f"Rows a second, {rounds} rounds after one to warm up, each way in a process of its own, "
        f"in turn; batch size {batch_size or 'of the pipeline'}. Loading is left out by the difference of "
        f"two sizes: what {rows:,} texts take less what {rows // SMALL:,} take. Reading twice, checking and "
        "writing the rows are in `embed_corpus`'s time; reading is not in `nlp.pipe`'s.\n\n"
        f"{markdown_table([*TIMED, 'ratio'], table)}\n\nMedian: {goal(ratio, 0.95)}.",
    )


@lru_cache
def piped_pipeline() -> Language:
    """Return the pipeline that `embed_corpus` uses by default."""
    # Imported here, so that the process that only measures stays small.
    from spacy_trend.pipelines import load_pipeline

    return load_pipeline(None, None, "en", "article")


def seconds_embedding(source: Path, output: Path, batch_size: int | None) -> float:
    """Return how many seconds all of `embed_corpus` takes, in a worker process."""
    return seconds_of(lambda: embed_corpus(source, output, batch_size=batch_size, overwrite=True))[0]


def seconds_piping(source: Path, _output: Path, batch_size: int | None) -> float:
    """Return how many seconds `nlp.pipe` takes in a worker process; reading the file is not counted."""
    nlp = piped_pipeline()
    with source.open(encoding="utf8") as file:
        texts = [json.loads(line)["text"] for line in file]

    def pipe() -> None:
        for doc in nlp.pipe(texts, batch_size=batch_size):
            _ = doc._.trend_vector

    return seconds_of(pipe)[0]


TIMED: dict[str, Callable[[Path, Path, int | None], float]] = {
    "embed_corpus": seconds_embedding,
    "nlp.pipe": seconds_piping,
}
