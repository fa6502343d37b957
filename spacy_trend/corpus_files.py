"""Which files a corpus is read from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .corpus_output import SPOOL, is_ours
from .text_files import format_of

FORMATS = (".jsonl", ".csv", ".tsv", ".txt", ".parquet")


def input_files(source: Path | str, output: Path) -> list[Path]:
    """The files of an input, sorted by name; of a folder, without those that are hidden or in the output.

    source: a file, a folder of files, or "-" for JSON lines on the standard input.
    output: the folder of the output, where the standard input is kept, as it is read more than once.
    RAISES: ValueError where there is none of a known format, or the input would be written over;
        FileNotFoundError.
    """
    if source == "-":
        spool = output / SPOOL
        with spool.open("wb") as file:
            for block in iter(lambda: sys.stdin.buffer.read(1 << 20), b""):
                file.write(block)
        return [spool]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    files = _files_in(path, output) if path.is_dir() else [path]
    taken = [file for file in files if file.resolve().parent == output.resolve() and is_ours(file)]
    if taken:
        raise ValueError(
            f"{taken[0]} has the name of a file that is written there. Expected the output in another folder."
        )
    known = [file for file in files if format_of(file) in FORMATS]
    if not known:
        raise ValueError(
            f"{path}: got no file of a known format outside of the output folder. Expected names that end in "
            f"{', '.join(FORMATS)}, or one of the first four and .gz."
        )
    return known


@contextmanager
def spool_cleared(source: Path | str, output: Path) -> Iterator[None]:
    """Have the standard input, where that is the source, no longer kept once the block ends."""
    try:
        yield
    finally:
        if source == "-":
            (output / SPOOL).unlink(missing_ok=True)


def _files_in(folder: Path, output: Path) -> list[Path]:
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return [
        file
        for file in found
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and output.resolve() not in file.resolve().parents
    ]
