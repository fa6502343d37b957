"""The pipeline of a run: loaded, or known from the folder that an earlier run wrote with the same one."""

from typing import Any

from ..dependencies import versions
from ..embedder import Embedder
from .engines import Task
from .folder import OutputFolder
from .manifest import ORIGIN, VERSIONED, describe_pipeline
from .origins import Origin, origin_of

#: The keys of a manifest that tell of the pipeline.
TOLD = ("pipeline", "encoder", "windows", "settings", "versions", "width", ORIGIN)


class RunPipeline:
    """What a run has to know of its pipeline.

    It is not loaded if the folder is complete by the names of its files, and was written with a pipeline that
    was loaded from the same files, with the same settings and packages.

    Args:
        task: how to embed.
        before: the manifest of the folder; None if there is none, or the run starts again.
        folder: the output.

    Attributes:
        told: what a manifest says of the pipeline.
        max_length: the most characters a text may have.
    """

    told: dict[str, Any]
    max_length: int

    def __init__(self, task: Task, before: dict[str, Any] | None, folder: OutputFolder) -> None:
        self._task = task
        self._embedder: Embedder | None = None
        origin = origin_of(task.choice, versions(*VERSIONED))
        if before is not None and _is_known(before, origin) and _has_all_files(before, folder):
            self.told = {key: before[key] for key in TOLD}
            self.max_length = before[ORIGIN]["max_length"]
        else:
            self._load(origin)

    def take_embedder(self) -> Embedder:
        """Return the pipeline, loaded, and keep none: if other processes do the work, its memory is for them.

        If it was not loaded before, `told` is then what the loaded one tells.
        """
        embedder = self._embedder or self._load(origin_of(self._task.choice, versions(*VERSIONED)))
        self._embedder = None
        return embedder

    def _load(self, origin: Origin | None) -> Embedder:
        embedder = Embedder(self._task.choice, self._task.text_field, self._task.batch_size)
        self.max_length = embedder.nlp.max_length
        known = {"sha256": origin.digest, "max_length": self.max_length} if origin else None
        self.told = {
            **describe_pipeline(embedder.nlp),
            "width": embedder.width,
            # If files were changed meanwhile, nobody knows which of the two were loaded.
            ORIGIN: known if origin and origin.is_unchanged() else None,
        }
        self._embedder = embedder
        return embedder


def _is_known(before: dict[str, Any], origin: Origin | None) -> bool:
    """Return whether a manifest tells all of the pipeline that would be loaded from an origin."""
    known = before.get(ORIGIN)
    # The folder is data: anybody can write it.
    if origin is None or not isinstance(known, dict) or known.get("sha256") != origin.digest:
        return False
    numbers = (known.get("max_length"), before.get("width"))
    return all(key in before for key in TOLD) and all(isinstance(n, int) and 0 < n < 2**31 for n in numbers)


def _has_all_files(before: dict[str, Any], folder: OutputFolder) -> bool:
    shards = -(-before["input"]["rows"] // before["shard_rows"])
    return all(folder.shard_path(number).exists() for number in range(shards))
