"""Runs of `embed_corpus` in fresh processes, and the texts for them. As a script: one such run."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from string import ascii_lowercase
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, TypeVar

import typer
from texts import text_of

from spacy_trend.corpus import embed_corpus

#: As in the "short mixed" texts of the other benchmarks.
FEWEST_WORDS, MOST_WORDS = 3, 30
#: The small size of a difference of two, as a part of the large one.
SMALL = 10

Rows = Annotated[int, typer.Option(help="How many texts")]
Rounds = Annotated[int, typer.Option(help="How often each way is run")]
Processes = Annotated[int, typer.Option(help="How many; there should be as many cores")]
ShardRows = Annotated[int, typer.Option(help="Rows of a file")]
Result = TypeVar("Result")


def write_texts(path: Path, rows: int, seed: int = 0, new_words: int = 0) -> Path:
    """Write texts of 3 to 30 words as JSON lines, one at a time.

    new_words: how many words each text ends with that no other has.
    """
    random = Random(seed)
    with path.open("w", encoding="utf8") as file:
        for row in range(rows):
            text = text_of(random.randint(FEWEST_WORDS, MOST_WORDS), random)
            new = ("".join(random.choices(ascii_lowercase, k=9)) for _ in range(new_words))
            print(json.dumps({"id": row, "text": " ".join([text, *new])}), file=file)
    return path


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for texts and vectors, gone at the end."""
    with TemporaryDirectory(prefix="scale-") as folder:
        yield Path(folder)


def seconds_of(work: Callable[[], Result]) -> tuple[float, Result]:
    """How long something takes, and its result."""
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def peak_megabytes(who: int) -> float:
    """The most memory this process, or the largest of its children that have ended, has had, in MiB."""
    return resource.getrusage(who).ru_maxrss / 1024


def megabytes_now() -> float:
    """The memory that this process has now, in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def run(
    source: Path, output: Path, engine: str = "local", processes: int = 1, shard_rows: int = 10_000
) -> None:
    """Embed texts and print what it took as JSON."""
    # A Ray of its own, and not one that is at work on this machine for somebody else.
    os.environ["RAY_ADDRESS"] = "local"
    summary = embed_corpus(source, output, processes=processes, shard_rows=shard_rows, engine=engine)
    own, children = (peak_megabytes(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    taken = {"rows": summary.rows, "seconds": summary.seconds, "end": megabytes_now()}
    print(json.dumps({**taken, "own": own, "children": children}))


def run_command(source: Path, output: Path, **settings: object) -> list[str]:
    """The command line of `run`."""
    named = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return [sys.executable, __file__, str(source), str(output), *named]


def embedded(source: Path, output: Path, *, one_thread: bool = False, **settings: object) -> dict[str, float]:
    """What `run` prints, in a fresh process; with `wall`, its seconds from start to end.

    output: a folder that does not exist yet.
    """
    command = run_command(source, output, **settings)
    threads = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"} if one_thread else {}
    environment = {**os.environ, **threads}
    wall, result = seconds_of(
        lambda: subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    )
    taken: dict[str, float] = json.loads(result.stdout.splitlines()[-1])
    return {**taken, "wall": wall}


if __name__ == "__main__":
    typer.run(run)
