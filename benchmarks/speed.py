"""How long texts take with the trend vector, against the same pipeline without it and other ways.

All ways run in turn on the same texts, several rounds; each number is the median over rounds of a way's time
divided by the stock pipeline's in the same round. Each way has a process of its own, as it has in use: large
arrays that one way frees change how the allocator serves all others of its process.
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import torch
import typer
from report import machine, markdown_table, write_section
from texts import made_texts, public_texts
from tqdm import tqdm
from ways import STOCK, WAYS

from spacy_trend.encoder.bfloat16 import bfloat16_obstacle

KINDS = ("short mixed", "single length", "paragraphs", "long documents")
LEGEND = """
- stock: the pipeline without `trend_vector`; its time in milliseconds a text is in the last column.
- trend_vector: the default settings, preset `article`; without word vectors, in bfloat16, and other presets.
- asked: stock with `output_hidden_states` and `output_attentions`, and the same vector from these.
- article: the article's script, Hugging Face alone, one text at a time, cut at 512 wordpieces.
- encode: `sentence_transformers` on the same checkpoint, cut at 512 wordpieces.
- limit: the bare forward pass over the same windows, those of equal length together, without padding.
"""


class Worker:
    """One way in a process of its own, ready to be timed.

    name: of `WAYS`.
    """

    def __init__(self, name: str) -> None:
        self.pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=make_way, initargs=(name,))

    def seconds(self, texts: list[str]) -> float:
        """How long the way takes for texts; nothing else runs meanwhile."""
        return self.pool.submit(timed, texts).result()


def make_way(name: str) -> None:
    """In a worker's process: build the way."""
    global _way
    _way = WAYS[name]()


def timed(texts: list[str]) -> float:
    """In a worker's process: how many seconds the way takes."""
    start = perf_counter()
    _way(texts)
    return perf_counter() - start


def measure(texts: list[str], workers: dict[str, Worker], rounds: int) -> dict[str, list[float]]:
    """Seconds that each way takes, a number for each round; a round before these warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for name, worker in tqdm([pair for _ in range(rounds + 1) for pair in workers.items()], leave=False):
        seconds[name].append(worker.seconds(texts))
    return {name: times[1:] for name, times in seconds.items()}


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the public data, see texts.py")] = None,
    rounds: Annotated[int, typer.Option(help="How often each way is run")] = 7,
    ways: Annotated[list[str] | None, typer.Option("--way", help="Beside stock; without, all")] = None,
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    texts = {kind: made_texts(kind) for kind in KINDS}
    if data is None or not data.exists():
        print(f"No public data at {data}: only texts made here are measured.")
    else:
        texts.update(public_texts(data))
    obstacle = bfloat16_obstacle(torch.device("cpu"))
    wanted = [STOCK, *(ways or list(WAYS)[1:])]
    workers = {name: Worker(name) for name in wanted if obstacle is None or name != "bfloat16"}
    names = list(workers)[1:]
    rows = []
    for kind, of_kind in texts.items():
        seconds = measure(of_kind, workers, rounds)
        ratios = [
            median(own / stock for own, stock in zip(seconds[name], seconds[STOCK], strict=True))
            for name in names
        ]
        milliseconds = 1000 * median(seconds[STOCK]) / len(of_kind)
        rows.append([f"{len(of_kind)} {kind}", *(f"{ratio:.2f}" for ratio in ratios), f"{milliseconds:.2f}"])
    table = markdown_table(["texts", *names, "stock, ms"], rows)
    how = f"Medians of {rounds} rounds, stock = 1; each way in a process of its own."
    write_section("Time", f"{machine()} {how}\n\n{table}\n{LEGEND}")


if __name__ == "__main__":
    typer.run(main)
