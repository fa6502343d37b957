"""The output folder of a corpus: one run at a time, the manifest of its shards, and the rows with errors."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..output_paths import make_folder
from ..text_files import Row

#: The underscore keeps it from readers of Parquet folders.
MANIFEST = "_manifest.json"
#: The rows that were skipped, as JSON lines.
ERRORS = "errors.jsonl"
LOCK = ".lock"
#: Keeps the standard input while a run reads it.
SPOOL = ".input.jsonl"
#: The suffix of temporary files: those that are still being written.
TEMPORARY = ".writing"
_SHARD = re.compile(r"part-\d{6,}\.parquet")


@dataclass(frozen=True)
class OutputFolder:
    """The folder that a corpus is written to; plain data, so other processes can be given it.

    Attributes:
        path: absolute.
    """

    path: Path

    @property
    def spool(self) -> Path:
        """The file that keeps the standard input while a run reads it."""
        return self.path / SPOOL

    def shard_path(self, number: int) -> Path:
        """Return the path of a complete shard."""
        return self.path / f"part-{number:06d}.parquet"

    def contains(self, file: Path) -> bool:
        """Return whether a file is in the folder, at any depth."""
        return self.path.resolve() in file.resolve().parents

    def would_overwrite(self, file: Path) -> bool:
        """Return whether a file is in the folder and has a name that runs write to."""
        is_ours = file.name in (MANIFEST, ERRORS, SPOOL) or _SHARD.fullmatch(file.name) is not None
        return is_ours and file.resolve().parent == self.path.resolve()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out until the block ends, even if this run is killed.

        Make the folder if it does not exist. If the block then fails before anything is written, remove it.

        Raises:
            ValueError: if another run is using the folder.
            OSError: if the folder cannot be made or written to.
        """
        is_new = not self.path.exists()
        make_folder(self.path)
        lock = FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ValueError(
                f"Another run is at work on {self.path}. Wait until it ends, or name another folder."
            ) from error
        try:
            yield
        except BaseException:
            if is_new:
                self._remove_if_empty()
            raise
        finally:
            # The file stays: another run may have it open, and would then lock a file that nobody else sees.
            lock.release()

    def has_manifest(self) -> bool:
        """Return whether a run has recorded what the shards are made with.

        Raises:
            ValueError: if there are shards and the manifest beside them cannot be read.
        """
        return self._read_manifest() is not None

    def check_manifest(self, manifest: dict[str, Any]) -> None:
        """Record what the shards are made with, or refuse to continue with something else.

        Args:
            manifest: what this run makes shards with.

        Raises:
            ValueError: if the recorded manifest differs (the message names the differences) or cannot be
                read, or if there are shards without a manifest.
        """
        self._refuse_foreign_shards()
        path = self.path / MANIFEST
        before = self._read_manifest()
        if before is None:
            temporary = path.with_suffix(TEMPORARY)
            temporary.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf8")
            sync(temporary)
            os.replace(temporary, path)
            return
        # Versions are recorded but not compared: a patch release of spaCy is no reason to start again. The
        # version of transformers is part of an encoder's settings, and so of the pipeline's digest.
        changed = [key for key in manifest if key != "versions" and before.get(key) != manifest[key]]
        if changed:
            differences = "; ".join(_difference(key, before.get(key), manifest[key]) for key in changed)
            raise ValueError(
                f"{self.path} was begun with something else: {differences}. Expected the same input, "
                "pipeline and settings: name another folder, or start again with --overwrite."
            )

    @contextmanager
    def error_writer(self, on_error: str) -> Iterator[Callable[[int, Row], None]]:
        """Get a function that handles a row with an error.

        Args:
            on_error: "raise" to raise a ValueError, "skip" to write the row to a temporary file, which
                `publish_errors` gives its name.

        Yields:
            A function of the row's position in the input and the row.
        """
        path = self.path / ERRORS

        def refuse(number: int, row: Row) -> None:
            raise ValueError(
                f"{row.error} Nothing was embedded. To skip such rows and list them in {path}, use "
                "--on-error skip."
            )

        if on_error == "raise":
            yield refuse
            return
        with path.with_suffix(TEMPORARY).open("w", encoding="utf8") as file:
            yield lambda number, row: print(
                json.dumps({"row": number, "place": row.place, "error": row.error}), file=file
            )

    def publish_errors(self) -> None:
        """Give the file of `error_writer` its name; if there were no errors, remove an earlier run's file."""
        path = self.path / ERRORS
        temporary = path.with_suffix(TEMPORARY)
        if temporary.exists() and temporary.stat().st_size:
            os.replace(temporary, path)
            return
        for empty in (temporary, path):
            empty.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the shards of earlier runs, then the errors and the manifest.

        Raises:
            ValueError: if there are shards without a manifest.
        """
        self._refuse_foreign_shards()
        # In this order: shards without a manifest would be taken for somebody else's.
        for path in (*self._shards(), self.path / ERRORS, self.path / MANIFEST):
            path.unlink(missing_ok=True)

    def clear_unfinished(self) -> None:
        """Remove the temporary files of a killed run."""
        for path in self.path.glob(f"*{TEMPORARY}"):
            path.unlink()

    def _shards(self) -> list[Path]:
        return [path for path in self.path.glob("part-*.parquet") if _SHARD.fullmatch(path.name)]

    def _read_manifest(self) -> dict[str, Any] | None:
        path = self.path / MANIFEST
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            manifest = None
        if isinstance(manifest, dict):
            return manifest
        if self._shards():
            raise ValueError(
                f"{path} cannot be read: it is empty or cut short. Expected what the shards beside it were "
                "made with: name another folder, or start again with --overwrite."
            )
        return None

    def _refuse_foreign_shards(self) -> None:
        if not (self.path / MANIFEST).exists() and self._shards():
            raise ValueError(
                f"{self.path} holds shards but no {MANIFEST}, so no run of ours made them. Expected an empty "
                "folder: name another."
            )

    def _remove_if_empty(self) -> None:
        self.clear_unfinished()
        if {path.name for path in self.path.iterdir()} == {LOCK}:
            # Windows does not remove a file that is open.
            with suppress(OSError):
                (self.path / LOCK).unlink()
                self.path.rmdir()


def sync(path: Path) -> None:
    """Force what was written to a file onto the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _difference(key: str, before: Any, now: Any) -> str:
    # Of a dictionary, only the keys that changed.
    if isinstance(before, dict) and isinstance(now, dict):
        return "; ".join(
            _difference(f"{key} {name}", before.get(name), now[name])
            for name in now
            if before.get(name) != now[name]
        )
    # Digests tell a reader nothing.
    if key in ("pipeline", "input sha256"):
        return f"another {key.split()[0]}"
    return f"{key}: {before!r} before, {now!r} now"
