"""Peak memory and bytes kept, with the trend vector and without, and how both grow.

Each number comes from a process of its own, whose peak of resident memory is read at its end.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from random import Random
from time import perf_counter
from typing import Annotated, Any

import spacy
import typer
from report import machine, markdown_table, write_section
from spacy import Language
from texts import text_of
from tqdm import tqdm
from ways import transformer_pipeline

from spacy_trend import from_encoder

PIPELINES = ("stock", "trend_vector", "without word vectors")
DOCS_KEPT, WORDS_KEPT = 1500, 60
WORDS_STREAMED = 15
app = typer.Typer()


def pipeline(name: str) -> Language:
    """One of `PIPELINES`."""
    if name == "stock":
        return transformer_pipeline()
    return from_encoder(config={"token_vectors": name == "trend_vector"})


def peak_megabytes() -> float:
    """Return the most memory this process has had, in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def made(docs: int, words: int) -> Iterator[str]:
    """Texts of so many words."""
    random = Random(0)
    return (text_of(words, random) for _ in range(docs))


@app.command()
def measure(name: str, docs: int, words: int, keep: bool = False) -> None:
    """Run docs through a pipeline, kept or streamed, and print what it took as JSON."""
    nlp = pipeline(name)
    nlp("A text to warm up.")
    before = peak_megabytes()
    start = perf_counter()
    kept = []
    for doc in nlp.pipe(made(docs, words)):
        if keep:
            kept.append(doc)
    taken: dict[str, Any] = {"seconds": perf_counter() - start, "peak": peak_megabytes(), "before": before}
    if kept:
        taken["bytes"] = sum(len(doc.to_bytes()) for doc in kept) / len(kept)
        for doc in kept:
            doc._.trf_data = None
        taken["own_bytes"] = sum(len(doc.to_bytes()) for doc in kept) / len(kept)
    print(json.dumps(taken))


def measured(name: str, docs: int, words: int, keep: bool = False) -> dict[str, float]:
    """Return what `measure` prints, in a fresh process."""
    command = [sys.executable, __file__, "measure", name, str(docs), str(words)]
    result = subprocess.run(
        [*command, *(["--keep"] if keep else [])], check=True, capture_output=True, text=True
    )
    taken: dict[str, float] = json.loads(result.stdout)
    return taken


@app.command()
def table(most_tokens: Annotated[int, typer.Option(help="Length of the longest doc")] = 100_000) -> None:
    """Measure everything, print the tables and write them to benchmarks/RESULTS.md."""
    kept = {name: measured(name, DOCS_KEPT, WORDS_KEPT, keep=True) for name in tqdm(PIPELINES)}
    stock = kept["stock"]
    rows = [
        [
            name,
            f"{taken['peak']:.0f} ({taken['peak'] / stock['peak']:.2f})",
            f"{taken['bytes'] / 1000:.1f} ({taken['bytes'] / stock['bytes']:.2f})",
            f"{taken['own_bytes'] / 1000:.1f}",
        ]
        for name, taken in kept.items()
    ]
    header = ["pipeline", "peak, MiB", "doc.to_bytes(), kB a doc", "without trf_data"]
    write_section(
        f"Memory, {DOCS_KEPT} docs of {WORDS_KEPT} words kept",
        f"{machine()} In brackets against stock.\n\n{markdown_table(header, rows)}",
    )
    lengths = [10**power for power in range(2, 9) if 10**power <= most_tokens]
    cases = [(docs, WORDS_STREAMED) for docs in (100, 1000, 10_000)] + [(1, words) for words in lengths]
    rows = []
    for docs, words in tqdm(cases):
        for name in PIPELINES[:2]:
            taken = measured(name, docs, words)
            microseconds = 1e6 * taken["seconds"] / (docs * words)
            rows.append([str(docs), str(words), name, f"{microseconds:.0f}", f"{taken['peak']:.0f}"])
    header = ["docs, streamed", "words in each", "pipeline", "µs a word", "peak, MiB"]
    write_section("Growth", f"{machine()}\n\n{markdown_table(header, rows)}")


if __name__ == "__main__":
    spacy.util.fix_random_seed(0)
    app()
