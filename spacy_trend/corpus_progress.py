"""How far the work on a corpus is, for whoever waits for it."""

import sys
from collections.abc import Iterator
from time import perf_counter

from tqdm import tqdm

#: Seconds between two lines where there is no terminal.
PAUSE = 30.0


def follow(written: Iterator[int], rows: int, done: int) -> None:
    """Let the work go on to its end; on stderr, a bar shows it on a terminal, else a line now and then.

    written: gives how many rows were done, as they are.
    rows: how many there are.
    done: how many were done before.
    """
    is_terminal = sys.stderr.isatty()
    said = perf_counter()
    with tqdm(total=rows, initial=done, unit="row", desc="Embedding", disable=not is_terminal) as bar:
        for more in written:
            bar.update(more)
            done += more
            if not is_terminal and perf_counter() - said >= PAUSE:
                print(f"Embedding: {done} of {rows} rows", file=sys.stderr, flush=True)
                said = perf_counter()
