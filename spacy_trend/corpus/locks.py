"""A lock on the output folder: one run at a time, and free again if a run is killed."""

from pathlib import Path

from filelock import FileLock, Timeout

from ..messages import without_controls


def locked(path: Path) -> FileLock:
    """Return a lock that this run holds.

    Args:
        path: of its file, which stays empty, in a folder of ours in the output folder.

    Returns:
        The lock; release it.

    Raises:
        ValueError: if another run holds it.
        OSError: if its file cannot be opened.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        output = without_controls(path.parent.parent)
        raise ValueError(
            f"Another run is at work on {output}. Wait until it ends, or name another folder."
        ) from error
    except OSError as error:
        raise OSError(
            f"{without_controls(path)} cannot be opened ({error.strerror or error}). Expected a file that "
            "runs can write, or none: move it away, or name another folder."
        ) from error
    return lock
