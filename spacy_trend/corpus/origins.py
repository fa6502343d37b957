"""Where a pipeline comes from, as a digest: equal digests mean that the same pipeline would be loaded.

To read an encoder's files takes a fraction of the time that it takes to import transformers and load them.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from spacy.util import get_package_path, is_package

from ..bundled import bundled_encoder
from ..embedder import PipelineChoice
from .file_states import FileState, file_state
from .tree import paths_below

#: Says that an encoder's weights are elsewhere, wholly or in part.
ADAPTER = "adapter_config.json"


class Origin(NamedTuple):
    """What a pipeline is loaded from.

    Attributes:
        digest: SHA-256 of the choice, of the versions and of all files, in hexadecimal.
        states: of the files, before they were read.
    """

    digest: str
    states: list[FileState]

    def is_unchanged(self) -> bool:
        """Return whether the files are still those that were read."""
        with suppress(OSError):
            return all(file_state(state.file) == state for state in self.states)
        return False


def origin_of(choice: PipelineChoice, versions: dict[str, str]) -> Origin | None:
    """Return what a pipeline is loaded from.

    Args:
        choice: the pipeline.
        versions: of the packages that it depends on.

    Returns:
        The origin. None if nobody can tell without loading it: a name on the hub may stand for other weights
        tomorrow, and what cannot be read is refused when it is loaded.

    Raises:
        ImportError: if the bundled encoder, or a package of that name, is asked for and cannot be imported.
    """
    with suppress(OSError):
        folder, files = _folder_of(choice) if choice.model else _encoder_of(choice)
        if not files:
            return None
        states = [file_state(file) for file in files]
        said = [choice._replace(gpu_id=-1), str(folder), versions]
        digest = hashlib.sha256(json.dumps(said, default=str).encode())
        for state in states:
            name = state.file.relative_to(folder).as_posix()
            digest.update(f"\n{name} {state.size}\n".encode("utf8", "surrogateescape"))
            with state.file.open("rb") as opened:
                for block in iter(lambda: opened.read(1 << 20), b""):
                    digest.update(block)
        return Origin(digest.hexdigest(), states)
    return None


def _encoder_of(choice: PipelineChoice) -> tuple[Path, list[Path]]:
    """Return an encoder's folder and the files that may be read from it; none if it is on the hub."""
    folder = Path(bundled_encoder() if choice.encoder is None else choice.encoder)
    if not folder.is_dir() or (folder / ADAPTER).exists():
        return folder, []
    # Folders in it, such as those of checkpoints, are not read.
    return folder, sorted(path for path in folder.iterdir() if path.is_file())


def _folder_of(choice: PipelineChoice) -> tuple[Path, list[Path]]:
    """Return a saved pipeline's folder and its files; none if there is no such folder."""
    name = str(choice.model)
    folder = get_package_path(name) if is_package(name) else Path(name)
    # Behind links to folders, too: a pipeline is loaded from there as well.
    paths = paths_below(folder, lambda path: path.name != "__pycache__") if folder.is_dir() else ()
    return folder, sorted(path for path in paths if path.is_file())
