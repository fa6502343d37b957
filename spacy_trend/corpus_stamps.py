"""Whether files are what they were: a digest from one run to another, a stamp within one."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """A file as the system knows it; another one has other contents."""

    file: Path
    size: int
    changed_ns: int


def check_unchanged(stamps: list[Stamp]) -> None:
    """Refuse files that are not what they were. RAISES: ValueError."""
    changed = [stamp.file for stamp in stamps if stamp_of(stamp.file) != stamp]
    if changed:
        raise ValueError(
            f"{changed[0]} was changed while it was read. Expected it to stay as it is until the end: run "
            "the same command again with what it was, or with --overwrite."
        )


def stamp_of(file: Path) -> Stamp:
    """What the system knows of a file now."""
    status = file.stat()
    return Stamp(file, status.st_size, status.st_mtime_ns)


def digest_of(files: list[Path]) -> str:
    """Of the contents of files, and of how they are read (SHA-256)."""
    digest = hashlib.sha256()
    for file in files:
        # The name's end says how it is read.
        digest.update(f"{''.join(file.suffixes).lower()} {file.stat().st_size}\n".encode())
        with file.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()
