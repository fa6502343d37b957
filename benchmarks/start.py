"""What a first call costs, and reading vectors: imports, `--help`, `explain`, a first vector, getters.

Each first call is a process of its own. It runs in turn with its plain counterpart, spaCy without this
package, several rounds; a ratio is the median over rounds of the two times' quotient.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, NamedTuple

import typer
from own_costs import fastest
from report import machine, markdown_table, write_section
from texts import text_of
from tqdm import tqdm

from spacy_trend import bundled_encoder, from_encoder, span_vectors, vectors, word_vectors

TEXT = "Can you find a good apple?"
DOCS, WORDS = 100, 60
#: Hides what this package registers: spaCy imports all of it with every command and every pipeline.
WITHOUT_US = """
import catalogue
found = catalogue.AVAILABLE_ENTRY_POINTS
catalogue.AVAILABLE_ENTRY_POINTS = {
    group: [point for point in found.select(group=group) if not point.value.startswith("spacy_trend")]
    for group in found.groups
}
"""
STOCK = f"""
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("transformer", config={{"model": {{"name": {bundled_encoder()!r}}}}})
nlp.initialize()
nlp({TEXT!r})
"""
HELP = """
import sys
sys.argv = ["spacy", "--help"]
from spacy.cli import setup_cli
setup_cli()
"""
LEGEND = """
- plain: the same Python and packages, with all that this package registers hidden from spaCy. For `import`,
  that is `import spacy`; for `--help`, spaCy's own; for a text, to make the stock pipeline and run the text;
  for `embed`, `--help` again, since every command imports that much.
- CPU: of all threads; it says more than the time does if something else was running.
- `embed` is called again on a folder of 1,000 texts that is complete.
"""


class FirstCall(NamedTuple):
    """A call to measure, and what it is compared with: arguments of Python."""

    ours: list[str]
    plain: list[str]


class Seconds(NamedTuple):
    """How long a process took, and how long all its threads computed."""

    wall: float
    cpu: float


def first_calls(folder: Path) -> dict[str, FirstCall]:
    """Return the calls by name; a folder that `embed` has written is made in the one that is given."""
    command = ["-m", "spacy", "trend"]
    texts, output = folder / "texts.txt", folder / "output"
    texts.write_text("\n".join(text_of(12, Random(number)) for number in range(1000)))
    again = [*command, "embed", str(texts), str(output)]
    seconds(again)
    plain = {name: ["-c", WITHOUT_US + code] for name, code in (("text", STOCK), ("help", HELP))}
    vector = f"import spacy_trend; spacy_trend.from_encoder()({TEXT!r})._.trend_vector"
    return {
        "`import spacy_trend`": FirstCall(["-c", "import spacy_trend"], ["-c", "import spacy"]),
        "`python -m spacy --help`": FirstCall(["-m", "spacy", "--help"], plain["help"]),
        "`explain` of a text": FirstCall([*command, "explain", TEXT], plain["text"]),
        "the first vector in Python": FirstCall(["-c", vector], plain["text"]),
        "`embed` with nothing left to do": FirstCall(again, plain["help"]),
    }


def seconds(arguments: list[str]) -> Seconds:
    """Return how long a Python process with some arguments takes."""
    start, before = perf_counter(), os.times()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    wall, after = perf_counter() - start, os.times()
    user = after.children_user - before.children_user
    return Seconds(wall, user + after.children_system - before.children_system)


def first_call_rows(rounds: int) -> list[list[str]]:
    """Measure the first calls in turn: a row of the table for each."""
    with TemporaryDirectory() as folder:
        calls = first_calls(Path(folder))
        # The first round brings files into the cache of the system.
        order = [pair for _ in range(rounds + 1) for pair in calls.items()]
        times: dict[str, list[tuple[Seconds, Seconds]]] = {name: [] for name in calls}
        for name, call in tqdm(order, leave=False):
            times[name].append((seconds(call.ours), seconds(call.plain)))
    return [[name, *summary(measured[1:])] for name, measured in times.items()]


def summary(measured: list[tuple[Seconds, Seconds]]) -> list[str]:
    """Return the ratios of wall and of CPU time, then the wall times, of our calls and the plain ones."""
    wall, cpu = (
        median(ours[kind] / plain[kind] for ours, plain in measured) for kind in range(len(Seconds._fields))
    )
    times = (median(each.wall for each in calls) for calls in zip(*measured, strict=True))
    return [f"{number:.2f}" for number in (wall, cpu, *times)]


def getter_rows() -> list[list[str]]:
    """Measure getters one by one and together: a row of the table for each kind of item."""
    docs = list(from_encoder().pipe(text_of(WORDS, Random(number)) for number in range(DOCS)))
    tokens = [token for doc in docs for token in doc]
    spans = [doc[start : start + 5] for doc in docs for start in range(0, len(doc) - 5, 5)]
    each: dict[str, tuple[int, Callable[[], object], Callable[[], object]]] = {
        "doc": (len(docs), lambda: [doc._.trend_vector for doc in docs], lambda: vectors(docs)),
        "token": (
            len(tokens),
            lambda: [token._.trend_vector for token in tokens],
            lambda: [word_vectors(doc) for doc in docs],
        ),
        "span of five tokens": (
            len(spans),
            lambda: [span._.trend_vector for span in spans],
            lambda: span_vectors(spans),
        ),
    }
    return [
        [name, *(f"{1e6 * fastest(read, 1) / number:,.2f}" for read in reads)]
        for name, (number, *reads) in each.items()
    ]


def main(rounds: Annotated[int, typer.Option(help="How often each call is made")] = 7) -> None:
    """Measure, print the tables and write them to benchmarks/RESULTS.md."""
    calls = markdown_table(["call", "of plain", "CPU, of plain", "s", "plain, s"], first_call_rows(rounds))
    getters = markdown_table(["vector of a", "one by one, µs", "together, µs"], getter_rows())
    write_section(
        "First calls and getters",
        f"{machine()} Medians of {rounds} rounds.\n\n{calls}\n{LEGEND}\n"
        f"For each item of {DOCS} docs of {WORDS} words, the least of several rounds; together by `vectors`, "
        f"`word_vectors` and `span_vectors`.\n\n{getters}",
    )


if __name__ == "__main__":
    typer.run(main)
