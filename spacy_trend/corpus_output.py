"""The folder of an embedded corpus: shards that are whole or not there, and what they were made with."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from .text_files import Row

#: The underscore keeps it from readers of Parquet folders.
MANIFEST = "_manifest.json"
ERRORS = "errors.jsonl"
LOCK = ".lock"
#: How names end while a file is being written.
ASIDE = ".writing"
#: What Parquet calls the numbers of the vectors.
VECTORS = "trend_vector.list.element"
_SHARD = re.compile(r"part-\d{6,}\.parquet")
#: The key of the manifest in the metadata of every shard's schema.
METADATA = b"spacy_trend"


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, which is made where it does not exist, until the block ends; also when
    this one is killed.

    RAISES: ValueError where another run is in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"Another run is at work on {folder}. Wait for its end, or name another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard stands when it is complete."""
    return folder / f"part-{number:06d}.parquet"


def write_shard(folder: Path, number: int, table: pa.Table, manifest: dict[str, Any]) -> int:
    """Write a shard aside, and give it its name once it is on the disk.

    manifest: goes into the schema's metadata.
    RETURNS: how many rows it has.
    RAISES: OSError where it cannot be written, with what to do.
    """
    path = shard_path(folder, number)
    # A name of its own: a process that outlived its run may be writing the same shard.
    aside = path.with_suffix(f".{os.getpid()}{ASIDE}")
    described = table.replace_schema_metadata({METADATA: json.dumps(manifest).encode()})
    try:
        pq.write_table(
            described,
            aside,
            compression="zstd",
            use_dictionary=[name for name in table.column_names if name not in ("trend_vector", VECTORS)],
            # The bytes of floats that are alike, such as their exponents, side by side: a third less.
            column_encoding=None if VECTORS in table.column_names else {VECTORS: "BYTE_STREAM_SPLIT"},
        )
        _sync(aside)
        os.replace(aside, path)
        _sync_folder(folder)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(
            f"{path} could not be written ({error}). All shards that are complete stay: mend the cause, such "
            "as a full disk, and run the same command again to go on."
        ) from error
    return int(table.num_rows)


def is_begun(folder: Path) -> bool:
    """Whether a run has noted what a folder is made with."""
    return (folder / MANIFEST).exists()


def check_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Note what a folder is made with, or refuse to go on with something else.

    RAISES: ValueError that names what differs.
    """
    _refuse_others(folder)
    path = folder / MANIFEST
    if not is_begun(folder):
        aside = path.with_suffix(ASIDE)
        aside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf8")
        _sync(aside)
        os.replace(aside, path)
        return
    before = json.loads(path.read_text(encoding="utf8"))
    # Noted, not compared; those of spaCy and transformers are part of the pipeline's own digest.
    differ = [key for key in manifest if key != "versions" and before.get(key) != manifest[key]]
    if differ:
        said = "; ".join(_difference(key, before.get(key), manifest[key]) for key in differ)
        raise ValueError(
            f"{folder} was begun with something else: {said}. Expected the same input, pipeline and "
            "settings: name another folder, or start again with --overwrite."
        )


@contextmanager
def errors_noted(folder: Path, on_error: str) -> Iterator[Callable[[int, Row], None]]:
    """What to do with the position and what was read of rows that have an error.

    on_error: "raise" to raise a ValueError, "skip" to write them to a file, which lies aside until
        `keep_errors`.
    """
    path = folder / ERRORS

    def refuse(number: int, row: Row) -> None:
        raise ValueError(
            f"{row.error} Nothing was embedded. To leave such rows out, and have them named in {path}, use "
            "--on-error skip."
        )

    if on_error == "raise":
        yield refuse
        return
    with path.with_suffix(ASIDE).open("w", encoding="utf8") as file:
        yield lambda number, row: print(
            json.dumps({"row": number, "place": row.place, "error": row.error}), file=file
        )


def keep_errors(folder: Path) -> None:
    """Give the file of `errors_noted` its name; where there are no errors, there is none afterwards."""
    path = folder / ERRORS
    aside = path.with_suffix(ASIDE)
    if aside.exists() and aside.stat().st_size:
        os.replace(aside, path)
        return
    for empty in (aside, path):
        empty.unlink(missing_ok=True)


def _difference(key: str, before: Any, now: Any) -> str:
    """What changed of a value of the manifest, of a dictionary only the keys that changed."""
    if isinstance(before, dict) and isinstance(now, dict):
        return "; ".join(
            _difference(f"{key} {name}", before.get(name), now[name])
            for name in now
            if before.get(name) != now[name]
        )
    if key in ("pipeline", "input sha256"):
        return f"another {key.split()[0]}"
    return f"{key}: {before!r} before, {now!r} now"


def clear(folder: Path) -> None:
    """Take away the shards that runs have made in a folder, then what tells of them.

    RAISES: ValueError for shards that nothing tells of.
    """
    _refuse_others(folder)
    # In this order: shards without a manifest would be taken for somebody else's.
    for path in (*_shards_in(folder), folder / ERRORS, folder / MANIFEST):
        path.unlink(missing_ok=True)


def is_ours(path: Path) -> bool:
    """Whether a file has the name of one that runs write into their folder."""
    return path.name in (MANIFEST, ERRORS) or _SHARD.fullmatch(path.name) is not None


def _shards_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("part-*.parquet") if _SHARD.fullmatch(path.name)]


def _refuse_others(folder: Path) -> None:
    if not is_begun(folder) and _shards_in(folder):
        raise ValueError(f"{folder} holds shards that no run of ours made. Expected an empty folder.")


def clear_unfinished(folder: Path) -> None:
    """Take away what a killed run left unfinished."""
    for path in folder.glob(f"*{ASIDE}"):
        path.unlink()


def _sync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # Windows and some file systems have no such thing.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
