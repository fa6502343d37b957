"""The folder of an embedded corpus: one run at a time, what it is made with, and the rows that had errors."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from filelock import FileLock, Timeout
from .shards import ASIDE, ERRORS, LOCK, MANIFEST, clear_unfinished, shards_in, sync
from ..output_paths import make_folder
from ..text_files import Row


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder until the block ends; also when this one is killed.

    The folder is made where it does not exist, and taken away again where the block fails before there is
    anything in it.

    RAISES: ValueError where another run is in it; OSError where it cannot be made or written into.
    """
    is_new = not folder.exists()
    make_folder(folder)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"Another run is at work on {folder}. Wait for its end, or name another folder."
        ) from error
    try:
        yield
    except BaseException:
        if is_new:
            _take_back(folder)
        raise
    finally:
        # The file stays: another run may have opened it, and would then lock one that nobody else sees.
        lock.release()


def _take_back(folder: Path) -> None:
    clear_unfinished(folder)
    if {path.name for path in folder.iterdir()} == {LOCK}:
        # Windows takes away no file that is open.
        with suppress(OSError):
            (folder / LOCK).unlink()
            folder.rmdir()


def is_begun(folder: Path) -> bool:
    """Whether a run has noted what a folder is made with.

    RAISES: ValueError where the note cannot be read.
    """
    return _noted(folder) is not None


def check_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Note what a folder is made with, or refuse to go on with something else.

    RAISES: ValueError that names what differs, or for a note that cannot be read.
    """
    _refuse_others(folder)
    path = folder / MANIFEST
    before = _noted(folder)
    if before is None:
        aside = path.with_suffix(ASIDE)
        aside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf8")
        sync(aside)
        os.replace(aside, path)
        return
    # Noted, not compared: a patch of spaCy is no reason to begin again. transformers' version is part of an
    # encoder's settings, and so of the pipeline's digest.
    differ = [key for key in manifest if key != "versions" and before.get(key) != manifest[key]]
    if differ:
        said = "; ".join(_difference(key, before.get(key), manifest[key]) for key in differ)
        raise ValueError(
            f"{folder} was begun with something else: {said}. Expected the same input, pipeline and "
            "settings: name another folder, or start again with --overwrite."
        )


def _noted(folder: Path) -> dict[str, Any] | None:
    """What a folder is made with; None where no run has noted it."""
    path = folder / MANIFEST
    try:
        noted = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        noted = None
    if isinstance(noted, dict):
        return noted
    if shards_in(folder):
        raise ValueError(
            f"{path} cannot be read: it is empty or cut. Expected what the shards beside it were made with: "
            "name another folder, or start again with --overwrite."
        )
    return None


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
    for path in (*shards_in(folder), folder / ERRORS, folder / MANIFEST):
        path.unlink(missing_ok=True)


def _refuse_others(folder: Path) -> None:
    if not (folder / MANIFEST).exists() and shards_in(folder):
        raise ValueError(f"{folder} holds shards that no run of ours made. Expected an empty folder.")
