"""Vectors of texts, kept in a folder or in this process: what is read is what was written, or nothing is."""

import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np

from .messages import without_controls
from .types import Floats

#: How many bytes the vectors that are kept in this process may take together.
MOST_BYTES = 256 * 2**20
#: What a vector takes beside its numbers, roughly: the objects, the digest, the place in the dictionary.
OVERHEAD = 300
#: The vectors by digest of their text, by pipeline and width; the pipeline that was used last is the last.
_IN_PROCESS: dict[tuple[str, int], dict[bytes, Floats]] = {}


@dataclass(frozen=True)
class KeptVectors:
    """Vectors of texts in a folder, each in a file: a float32 array `(width,)` as `.npy`, then a seal.

    The seal is a SHA-256 digest of what the vector belongs to and of the array. A file that is broken, or of
    another text, is as good as none. Nothing in a file is unpickled or interpreted: it holds the very bytes
    that would be written, or it is not read.

    Attributes:
        folder: the folder, which exists.
        pipeline: everything that a vector depends on, except the text.
        width: of the vectors.
    """

    folder: Path
    pipeline: str
    width: int

    def read(self, text: str) -> Floats | None:
        """Return the vector that is kept for a text.

        Args:
            text: any text.

        Returns:
            float32 `(width,)`; None if there is none, or its file is broken or foreign.
        """
        path = self._path(text)
        try:
            # Not a named pipe, for which one would wait.
            if not path.is_file():
                return None
            with path.open("rb") as file:
                content = file.read(self._size + 1)
        except OSError:
            # A file that may not be read is replaced, as a broken one is.
            return None
        if len(content) != self._size:
            return None
        end = self._size - sha256().digest_size
        vector = np.frombuffer(content[end - 4 * self.width : end], dtype="<f4")
        return vector.astype(np.float32) if content == _sealed(vector, path.stem) else None

    def write(self, text: str, vector: Floats) -> None:
        """Keep the vector of a text: all of it or nothing, whenever the process ends.

        Args:
            text: any text.
            vector: float32 `(width,)`.

        Raises:
            OSError: if it cannot be written; the message names the file.
        """
        path = self._path(text)
        # Under a name of its own: another process may write the same vector, and either may be killed.
        written = path.with_name(f".{path.stem}.{uuid4().hex}")
        try:
            with written.open("xb") as file:
                file.write(_sealed(vector, path.stem))
            os.replace(written, path)
        except OSError as error:
            raise OSError(
                f"The vector of a text cannot be kept in {without_controls(path)} "
                f"({error.strerror or error}). Expected a file or nothing there, in a folder that can be "
                "written: move away what is in its place, or name another folder."
            ) from error
        finally:
            # What hinders it hindered the writing, which has said so.
            with suppress(OSError):
                written.unlink()

    @cached_property
    def _size(self) -> int:
        return len(_sealed(np.zeros(self.width, dtype=np.float32), ""))

    def _path(self, text: str) -> Path:
        owner = f"{self.pipeline}\0{text}".encode("utf8", "surrogatepass")
        return self.folder / f"{sha256(owner).hexdigest()}.npy"


class VectorsInProcess:
    """Vectors of texts in this process, for everything in it that embeds with the same pipeline.

    All together take `MOST_BYTES` at most. Then those of the pipeline that was used longest ago are
    forgotten; those of this pipeline stay, and no more are kept.

    Args:
        pipeline: everything that a vector depends on, except the text.
        width: of the vectors.
    """

    def __init__(self, pipeline: str, width: int) -> None:
        # Single operations of dictionaries, which need no lock: threads may lose vectors, not mix them up.
        self._vectors = _IN_PROCESS.pop((pipeline, width), {})
        _IN_PROCESS[pipeline, width] = self._vectors

    def read(self, text: str) -> Floats | None:
        """Return the vector that is kept for a text.

        Args:
            text: any text.

        Returns:
            float32 `(width,)`; None if there is none.
        """
        return self._vectors.get(_digest(text))

    def write(self, text: str, vector: Floats) -> None:
        """Keep the vector of a text, if there is room.

        Args:
            text: any text.
            vector: float32 `(width,)`.
        """
        while _size() + vector.nbytes + OVERHEAD > MOST_BYTES:
            others = [key for key, vectors in list(_IN_PROCESS.items()) if vectors is not self._vectors]
            if not others:
                return
            _IN_PROCESS.pop(others[0], None)
        # A copy: the vector may be a row of a large array.
        self._vectors[_digest(text)] = vector.copy()


def _size() -> int:
    return sum(len(vectors) * (4 * width + OVERHEAD) for (_, width), vectors in list(_IN_PROCESS.items()))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf8", "surrogatepass")).digest()


def _sealed(vector: Floats, owner: str) -> bytes:
    file = BytesIO()
    np.save(file, vector.astype("<f4"), allow_pickle=False)
    content = file.getvalue()
    return content + sha256(owner.encode() + content).digest()
