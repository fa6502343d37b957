"""Whether the files of an input stay the same: while a run reads them, and from one run to the next."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from ..messages import without_controls
from ..text_files import DEFAULT_DIALECT, effective_dialect
from .blocks import InputFile


class FileState(NamedTuple):
    """What the system says of a file; if it differs later, the file was changed.

    Attributes:
        file: the path.
        size: in bytes.
        changed_ns: the time of the last change, in nanoseconds.
    """

    file: Path
    size: int
    changed_ns: int


def check_unchanged(states: list[FileState]) -> None:
    """Refuse input files that were changed.

    Args:
        states: of the files, as they were before.

    Raises:
        ValueError: if a file differs from its state.
    """
    changed = [state.file for state in states if file_state(state.file) != state]
    if changed:
        raise ValueError(
            f"{without_controls(changed[0])} was changed while it was read. Expected it to stay the same "
            "until the run ends: restore it and run the same command again, or start again with --overwrite."
        )


def file_state(file: Path) -> FileState:
    """Return what the system says of a file now."""
    status = file.stat()
    return FileState(file, status.st_size, status.st_mtime_ns)


def digest_of(files: list[InputFile]) -> str:
    """Return the SHA-256 of the files' contents and of how they are read."""
    digest = hashlib.sha256()
    for file in files:
        path = file.path
        # The suffixes say how a file is read.
        digest.update(f"{''.join(path.suffixes).lower()} {path.stat().st_size}\n".encode())
        dialect, usual = (effective_dialect(path, each) for each in (file.dialect, DEFAULT_DIALECT))
        # To Parquet they say nothing.
        is_usual = file.is_parquet or dialect == usual
        if file.partition or not is_usual:
            digest.update(
                f"{file.partition} {usual if is_usual else dialect}\n".encode("utf8", "surrogateescape")
            )
        with path.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()
