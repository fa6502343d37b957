"""Parquet files that prove that they are as they were written: a digest of all their bytes stands inside.

The checksums of Parquet cover the pages of data, but neither their headers nor the footer, which says where
the columns are and what they are called. The seal covers every byte. It stands between data and footer, where
no reader looks: readers find the footer from the end, and the data by their distance from the beginning.
"""

import hashlib
import os
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

#: What a seal begins with; the digest follows.
TAG = b"spacy_trend.sha256"
_SEAL = len(TAG) + hashlib.sha256().digest_size
#: What a Parquet file begins with, and ends with after the length of its footer (4 bytes).
MAGIC = b"PAR1"
_END = 4 + len(MAGIC)
_BLOCK = 1 << 20


class BrokenFileError(ValueError):
    """A file is not as it was written, or not the one that is expected; the message says why."""


def write_sealed(table: pa.Table, path: Path, **settings: Any) -> None:
    """Write a table to a new file with page checksums and a seal, and force it onto the disk.

    A file or link that has the name already is removed first: what a link points to stays.

    Args:
        table: the rows.
        path: of the file.
        **settings: of `pyarrow.parquet.write_table`.
    """
    path.unlink(missing_ok=True)
    with path.open("x+b") as file:
        pq.write_table(table, file, write_page_checksum=True, **settings)
        file.flush()
        start = _footer_start(file)
        digest = _digest(file, start)
        file.seek(start)
        footer = file.read()
        digest.update(footer)
        file.seek(start)
        file.write(TAG + digest.digest() + footer)
        file.flush()
        os.fsync(file.fileno())


def open_sealed(path: Path, *, prove: bool = True) -> pq.ParquetFile:
    """Open a file to read it with its page checksums verified.

    Args:
        path: of the file.
        prove: whether to read all of it and compare it with its seal.

    Returns:
        The opened file.

    Raises:
        BrokenFileError: if it is no file, has no seal, or, if that is to be proven, a byte differs from what
            was written.
    """
    # To open a named pipe waits for somebody to write to it.
    if path.exists() and not path.is_file():
        raise BrokenFileError("is no file")
    with path.open("rb") as file:
        start = _footer_start(file) - _SEAL
        if start < len(MAGIC):
            raise BrokenFileError("is no complete file of ours")
        file.seek(start)
        seal = file.read(_SEAL)
        if not seal.startswith(TAG):
            raise BrokenFileError("is no complete file of ours")
        if prove:
            footer = file.read()
            digest = _digest(file, start)
            digest.update(footer)
            if seal != TAG + digest.digest():
                raise BrokenFileError("differs from what was written")
    return pq.ParquetFile(path, page_checksum_verification=True)


def _footer_start(file: IO[bytes]) -> int:
    # Negative if the file is too short for what it says.
    size = file.seek(0, os.SEEK_END)
    if size < _END:
        return -1
    file.seek(size - _END)
    return size - _END - int.from_bytes(file.read(4), "little")


def _digest(file: IO[bytes], end: int) -> Any:
    digest = hashlib.sha256()
    file.seek(0)
    for place in range(0, end, _BLOCK):
        digest.update(file.read(min(_BLOCK, end - place)))
    return digest
