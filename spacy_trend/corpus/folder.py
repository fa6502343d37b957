"""The output folder of a corpus: one run at a time, the manifest of its shards, and the rows with errors.

At rest it holds Parquet files and an empty file alone, since readers of Parquet do not agree on which others
to skip: polars reads hidden folders too. So the manifest is a Parquet file without rows, in a hidden folder,
and the list of errors stands beside the folder.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..messages import shorten_text, without_controls
from ..output_paths import make_folder
from .locks import locked
from .manifest import described, difference, differing, manifest_in
from .seals import MAGIC, BrokenFileError, open_sealed, write_sealed
from .tree import paths_below

#: The folder inside the output folder for all that is ours and not a shard.
OURS = ".spacy_trend"
#: No rows; its metadata hold what the shards are made with.
MANIFEST = "manifest.parquet"
#: Always empty: readers skip empty files.
LOCK = "lock"
#: Keeps the standard input while a run reads it.
SPOOL = ".input.jsonl"
#: Shards of texts that another engine is to embed.
STAGED = "staged"
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
    def ours(self) -> Path:
        """The folder inside for all that is ours and not a shard."""
        return self.path / OURS

    @property
    def spool(self) -> Path:
        """The file that keeps the standard input while a run reads it."""
        return self.ours / SPOOL

    @property
    def errors(self) -> Path:
        """The file that lists the rows that were skipped, as JSON lines: beside the folder, and hidden."""
        return self.path.parent / f".{self.path.name}.errors.jsonl"

    def shard_path(self, number: int) -> Path:
        """Return the path of a complete shard."""
        return self.path / f"part-{number:06d}.parquet"

    def is_at(self, path: Path) -> bool:
        """Return whether a path is the folder's, by whatever name."""
        return _real(path) == _real(self.path)

    def contains(self, file: Path) -> bool:
        """Return whether a file is in the folder, at any depth."""
        return _real(self.path) in _real(file).parents

    def would_overwrite(self, file: Path) -> bool:
        """Return whether a file has a name that runs write to."""
        parent = _real(file).parent
        is_shard = parent == _real(self.path) and _SHARD.fullmatch(file.name) is not None
        is_errors = parent == _real(self.errors.parent) and file.name == self.errors.name
        return is_shard or is_errors or _real(self.ours) in _real(file).parents

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out until the block ends, even if this run is killed.

        Make the folder if it does not exist. If the block then fails before anything is written, remove it.

        Raises:
            ValueError: if another run is using the folder, or links are where files of ours belong.
            OSError: if the folder cannot be made or written to.
        """
        is_new, is_first = not self.path.exists(), not self.ours.exists()
        make_folder(self.path)
        for path in (self.ours, self.ours / LOCK):
            # What it points to would be written.
            if path.is_symlink():
                raise ValueError(
                    f"{without_controls(path)} is a link to {without_controls(os.readlink(path))}. Expected "
                    "a name that runs can use themselves: remove the link, or name another folder."
                )
        make_folder(self.ours)
        lock = locked(self.ours / LOCK)
        try:
            self.clear_unfinished()
            yield
        except BaseException:
            if is_first:
                self._remove_if_empty(is_new)
            raise
        finally:
            # The file stays: another run may have it open, and would then lock a file that nobody else sees.
            lock.release()

    def read_manifest(self) -> dict[str, Any] | None:
        """Return what the shards are made with; None if there are no shards and nothing that says it.

        Raises:
            ValueError: if it cannot be read, and there are shards.
        """
        path = self.ours / MANIFEST
        try:
            with open_sealed(path) as file:
                return manifest_in(file.schema_arrow)
        except FileNotFoundError:
            return None
        except (BrokenFileError, OSError, pa.ArrowException) as error:
            if any(_SHARD.fullmatch(file.name) for file in self.path.iterdir()):
                raise ValueError(
                    f"{without_controls(path)} cannot be read: it {shorten_text(str(error), 200)}. Expected "
                    "what the shards beside it were made with: name another folder, or start again with "
                    "--overwrite."
                ) from error
            return None

    def check_manifest(self, manifest: dict[str, Any]) -> None:
        """Refuse to continue with something else than what the shards are made with.

        Args:
            manifest: what this run makes shards with.

        Raises:
            ValueError: if the recorded manifest differs (the message names the differences) or cannot be
                read, or if there are shards without a manifest.
        """
        before = self.read_manifest()
        if before is None:
            return
        changed = differing(before, manifest)
        if changed:
            differences = "; ".join(difference(key, before.get(key), manifest[key]) for key in changed)
            raise ValueError(
                f"{without_controls(self.path)} was begun with something else: {differences}. Expected the "
                "same input, pipeline and settings: name another folder, or start again with --overwrite."
            )

    def check_surplus(self, shards: int) -> None:
        """Refuse Parquet files that a reader of the folder would take for shards.

        Args:
            shards: how many shards there may be; none if no manifest is recorded.

        Raises:
            ValueError: if there are any; the message names them.
        """
        if self.read_manifest() is None:
            shards = 0
        expected = {self.shard_path(number) for number in range(shards)}
        self._refuse_surplus(
            expected, f"its {shards} shards alone" if shards else "none before the first run"
        )

    def _refuse_surplus(self, expected: Collection[Path], what: str) -> None:
        surplus = [path for path in self._parquet_files() if path not in expected or path.is_dir()]
        if surplus:
            names = ", ".join(without_controls(path.relative_to(self.path)) for path in surplus[:10])
            more = f" and {len(surplus) - 10} more" if len(surplus) > 10 else ""
            raise ValueError(
                f"{without_controls(self.path)} holds Parquet files that are not of this corpus: "
                f"{names}{more}. Expected {what}, since readers of the folder would read them too: move them "
                "away, or name another folder."
            )

    def record(self, manifest: dict[str, Any], schema: pa.Schema) -> None:
        """Record what the shards are made with, unless it is recorded.

        Args:
            manifest: what this run makes shards with.
            schema: of the shards.
        """
        path = self.ours / MANIFEST
        if self.read_manifest() is None:
            temporary = path.with_suffix(TEMPORARY)
            write_sealed(described(schema, manifest).empty_table(), temporary)
            # No file has the name of a folder that stands in its place.
            _remove(path)
            os.replace(temporary, path)

    def clear(self) -> None:
        """Remove the shards of earlier runs, then the manifest; the list of errors is the next one's affair.

        Raises:
            ValueError: if there are Parquet files that are not shards of the manifest.
        """
        try:
            before = self.read_manifest()
        except ValueError:
            # It is ours and broken, so all that is named as a shard counts as ours.
            shards = [path for path in self.path.iterdir() if _SHARD.fullmatch(path.name)]
            self._refuse_surplus(shards, "its shards alone")
        else:
            count = 0 if before is None else -(-before["input"]["rows"] // before["shard_rows"])
            self.check_surplus(count)
            shards = [self.shard_path(number) for number in range(count)]
        # In this order: shards without a manifest would be taken for somebody else's.
        for path in shards:
            path.unlink(missing_ok=True)
        _remove(self.ours / MANIFEST)

    def clear_unfinished(self) -> None:
        """Remove what a killed run left: temporary files, staged shards, a copy of the standard input."""
        for path in (self.spool, self.ours / STAGED, *self.ours.glob(f"*{TEMPORARY}")):
            _remove(path)

    def _parquet_files(self) -> list[Path]:
        # In hidden folders, which most readers skip, they are the user's own affair.
        found = paths_below(self.path, lambda path: not path.name.startswith("."))
        return sorted(path for path in found if path.suffix.lower() == ".parquet" or _is_parquet(path))

    def _remove_if_empty(self, with_folder: bool) -> None:
        self.clear_unfinished()
        if {path.name for path in self.ours.iterdir()} == {LOCK}:
            # Windows does not remove a file that is open.
            with suppress(OSError):
                (self.ours / LOCK).unlink()
                self.ours.rmdir()
                if with_folder:
                    self.path.rmdir()


def _real(path: Path) -> Path:
    # As Path.resolve, which refuses links that lead to each other.
    return Path(os.path.realpath(path))


def _remove(path: Path) -> None:
    # What a link points to stays.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_parquet(path: Path) -> bool:
    # pyarrow reads every file of a folder, whatever its name.
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise OSError(
            f"{without_controls(path)} cannot be read ({error.strerror or error}), so it may be a Parquet "
            "file, whose rows readers of the folder would take for the corpus's. Expected files that can be "
            "read: change its permissions, move it away, or name another folder."
        ) from error
