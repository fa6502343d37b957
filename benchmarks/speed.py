"""How long texts take with the trend vector, against the same pipeline without it and other ways.

All ways run in turn on the same texts, several rounds; each number is the median over rounds of a way's time
divided by the stock pipeline's in the same round. Each way has a process of its own, as it has in use: large
arrays that one way frees change how the allocator serves all others of its process.
"""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from time import perf_counter
from typing import Annotated, Any

import torch
import typer
from report import machine, markdown_table, write_section
from texts import made_texts, public_texts
from tqdm import tqdm
from ways import PEAK, PRODUCT, STOCK, WAYS, operations, transformer_pipeline

from spacy_trend.encoder.bfloat16 import bfloat16_obstacle

KINDS = ("short mixed", "single length", "paragraphs", "long documents")
LEGEND = """
- stock: the pipeline without `trend_vector`; its time in milliseconds a text is in the last column.
- trend_vector: the default settings, preset `article`; without word vectors, in bfloat16, and other presets.
- asked: stock with `output_hidden_states` and `output_attentions`, and the same vector from these.
- article: the article's script, Hugging Face alone, one text at a time, cut at 512 wordpieces.
- encode: `sentence_transformers` on the same checkpoint, cut at 512 wordpieces.
- encode windows: the same over the windows of the pipeline, so that as much text is read.
- stride = window: the default settings, the windows of a document not overlapping.
- packed limit: the bare forward pass over the same windows in packs, without padding.
- before: the default settings of another commit, in an environment of its own (`--before`).
- The second table has the operations of the encoder's linear layers on the texts' wordpieces, padding not
  counted, by the time: as a share of what the machine does in a product of two large matrices.
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


class OtherCommit:
    """The pipeline of another commit, in a process of another environment.

    python: that environment's interpreter.
    """

    def __init__(self, python: Path) -> None:
        script = Path(__file__).parent / "other_commit.py"
        self.process: Any = Popen([python, script], stdin=PIPE, stdout=PIPE, text=True)

    def seconds(self, texts: list[str]) -> float:
        """How long the pipeline takes for texts."""
        self.process.stdin.write(json.dumps(texts) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


Workers = dict[str, Worker | OtherCommit]


def make_way(name: str) -> None:
    """In a worker's process: build the way."""
    global _way
    _way = WAYS[name]()


def timed(texts: list[str]) -> float:
    """In a worker's process: how many seconds the way takes."""
    start = perf_counter()
    _way(texts)
    return perf_counter() - start


def measure(texts: list[str], workers: Workers, rounds: int) -> dict[str, list[float]]:
    """Seconds that each way takes, a number for each round; a round before these warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for name, worker in tqdm([pair for _ in range(rounds + 1) for pair in workers.items()], leave=False):
        seconds[name].append(worker.seconds(texts))
    return {name: times[1:] for name, times in seconds.items()}


def ratio(own: list[float], other: list[float]) -> float:
    """Return the median over rounds of how long one way takes, as a share of another."""
    return median(one / two for one, two in zip(own, other, strict=True))


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the public data, see texts.py")] = None,
    rounds: Annotated[int, typer.Option(help="How often each way is run")] = 7,
    ways: Annotated[list[str] | None, typer.Option("--way", help="Beside stock; without, all")] = None,
    kinds: Annotated[list[str] | None, typer.Option("--texts", help="Kinds of texts; without, all")] = None,
    before: Annotated[Path | None, typer.Option(help="The Python of another commit's environment")] = None,
    title: Annotated[str, typer.Option(help="Of the section that is written")] = "Time",
    quick: Annotated[bool, typer.Option(help="Few texts and ways, one round; nothing is written")] = False,
) -> None:
    """Measure, print the tables and write them to benchmarks/RESULTS.md."""
    texts = {kind: made_texts(kind) for kind in KINDS}
    if data is None or not data.exists():
        print(f"No public data at {data}: only texts made here are measured.")
    else:
        texts.update(public_texts(data))
    texts = {kind: of_kind for kind, of_kind in texts.items() if not kinds or kind in kinds}
    if quick:
        texts = {kind: of_kind[: max(1, len(of_kind) // 8)] for kind, of_kind in texts.items()}
        rounds, ways = 1, ways or ["trend_vector", "classifier", "encode", "packed limit"]
    obstacle = bfloat16_obstacle(torch.device("cpu"))
    wanted = [STOCK, *(ways or list(WAYS)[1:]), PEAK]
    workers: Workers = {name: Worker(name) for name in wanted if obstacle is None or name != "bfloat16"}
    if before is not None:
        workers["before"] = OtherCommit(before)
    names = [name for name in workers if name not in (STOCK, PEAK)]
    nlp = transformer_pipeline()
    times, shares = [], []
    for kind, of_kind in texts.items():
        seconds = measure(of_kind, workers, rounds)
        title = f"{len(of_kind)} {kind}"
        milliseconds = 1000 * median(seconds[STOCK]) / len(of_kind)
        ratios = [f"{ratio(seconds[name], seconds[STOCK]):.2f}" for name in names]
        times.append([title, *ratios, f"{milliseconds:.2f}"])
        useful = operations(of_kind, nlp) / PRODUCT
        of_peak = [f"{useful * ratio(seconds[PEAK], seconds[name]):.2f}" for name in (STOCK, *names)]
        shares.append([title, *of_peak, f"{PRODUCT / median(seconds[PEAK]) / 1e9:.0f}"])
        print(times[-1], shares[-1], flush=True)
    how = f"Medians of {rounds} rounds, stock = 1; each way in a process of its own."
    tables = [
        markdown_table(["texts", *names, "stock, ms"], times),
        markdown_table(["share of the machine's own", STOCK, *names, "10^9 operations/s"], shares),
    ]
    body = f"{machine()} {how}\n\n{tables[0]}\n\n{tables[1]}\n{LEGEND}"
    print(body) if quick else write_section(title, body)


if __name__ == "__main__":
    typer.run(main)
