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
Rounds = Annotated[int, typer.Option(help="How often to run each way")]
Processes = Annotated[int, typer.Option(help="How many processes; at most one for each core")]
ShardRows = Annotated[int, typer.Option(help="Rows of a file")]
Result = TypeVar("Result")


def write_texts(path: Path, rows: int, seed: int = 0, new_words: int = 0) -> Path:
    """Write texts of 3 to 30 words as JSON lines, one at a time.

    Args:
        path: of the file.
        rows: how many texts.
        seed: for the texts.
        new_words: how many words each text ends with that no other text has.

    Returns:
        The path.
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
    """Make a folder for texts and vectors, and remove it at the end.

    Yields:
        The folder.
    """
    with TemporaryDirectory(prefix="scale-") as folder:
        yield Path(folder)


def seconds_of(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return how many seconds some work takes, and its result."""
    start = perf_counter()
    result = work()
    return perf_counter() - start, result


def peak_megabytes(who: int) -> float:
    """Return the peak memory of this process, or of its largest child that has ended, in MiB.

    Args:
        who: `resource.RUSAGE_SELF` or `resource.RUSAGE_CHILDREN`.
    """
    return resource.getrusage(who).ru_maxrss / 1024


def megabytes_now() -> float:
    """Return the memory that this process has now, in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def run(
    source: Path, output: Path, engine: str = "local", processes: int = 1, shard_rows: int = 10_000
) -> None:
    """Embed texts, and print time and memory as JSON."""
    # Starts a Ray of its own, instead of using one that works for somebody else on this machine.
    os.environ["RAY_ADDRESS"] = "local"
    summary = embed_corpus(source, output, processes=processes, shard_rows=shard_rows, engine=engine)
    own, children = (peak_megabytes(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    taken = {"rows": summary.rows, "seconds": summary.seconds, "end": megabytes_now()}
    print(json.dumps({**taken, "own": own, "children": children}))


def run_command(source: Path, output: Path, **settings: object) -> list[str]:
    """Return the command line of `run`."""
    named = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    return [sys.executable, __file__, str(source), str(output), *named]


def embedded(source: Path, output: Path, *, one_thread: bool = False, **settings: object) -> dict[str, float]:
    """Call `run` in a fresh process.

    Args:
        source: the texts.
        output: a folder that does not exist yet.
        one_thread: let it compute with one thread only.
        **settings: of `run`.

    Returns:
        What `run` prints, and `wall`, the seconds from start to end.
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
