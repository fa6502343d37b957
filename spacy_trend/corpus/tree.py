"""The files of a folder at any depth, behind links too: readers of Parquet and Spark look there as well."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ..messages import without_controls


def paths_below(folder: Path, is_wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """Find what stands in a folder and in the folders in it.

    A link to a folder is one, unless it leads back to a folder that it stands in.

    Args:
        folder: to look into.
        is_wanted: says of a path whether it counts, and of a folder also whether to look into it.

    Yields:
        The paths of files and folders.

    Raises:
        OSError: if a folder cannot be read; the message names it.
    """
    waiting: list[tuple[Path, frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while waiting:
        place, above = waiting.pop()
        try:
            status = place.stat()
            identity = status.st_dev, status.st_ino
            inside = [] if identity in above else [path for path in place.iterdir() if is_wanted(path)]
            folders = [path for path in inside if path.is_dir()]
        except OSError as error:
            raise OSError(
                f"The folder {without_controls(place)} cannot be read ({error.strerror}). "
                "Expected one whose files can be "
                "found: change its permissions, or move it elsewhere."
            ) from error
        yield from inside
        waiting += [(path, above | {identity}) for path in folders]


def check_is_file(path: Path) -> None:
    """Refuse what is no file, or cannot be found: it could not be read, or not twice.

    Args:
        path: of what the input names.

    Raises:
        OSError: if it is a link that leads nowhere.
        ValueError: if it is a pipe, a device or the like.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise OSError(
            f"{without_controls(path)} cannot be read ({error.strerror}). Expected a file, or a link "
            "to one: restore what it points to, or remove it from the input."
        ) from error
    if not stat.S_ISREG(mode):
        raise ValueError(
            f"{without_controls(path)} is a pipe or a device. Expected a file, as the input is read "
            "more than once: save it to one, or name - to read JSON lines from the standard input."
        )
