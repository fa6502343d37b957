"""Output files and folders of commands, made ready or refused before the work starts."""

import os
from pathlib import Path

from .messages import without_controls


def make_folder(folder: Path) -> None:
    """Make an output folder, unless it already exists.

    Args:
        folder: its path; missing parents are made too.

    Raises:
        OSError: if the folder cannot be made.
        PermissionError: if it exists but is not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = next((path for path in (folder, *folder.parents) if os.path.isfile(path)), None)
        why = f"'{without_controls(in_the_way)}' is a file" if in_the_way else error.strerror
        raise OSError(
            f"Cannot make the folder '{without_controls(folder)}': {why}. Expected a folder, or a path "
            "where one can be made: choose another."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"Cannot write into the folder '{without_controls(folder)}': permission denied. Expected a "
            "writable folder: choose another, or change its permissions."
        )


def prepare_file(file: Path) -> None:
    """Make the folder of an output file, and check that the file can be written.

    Args:
        file: the file's path; the file itself need not exist.

    Raises:
        IsADirectoryError: if the path is a folder.
        OSError: as `make_folder`.
        PermissionError: if the file or its folder is not writable.
    """
    if os.path.isdir(file):
        raise IsADirectoryError(
            f"Cannot write the file '{without_controls(file)}': it is a folder. Expected the path of a "
            "file: choose one inside the folder, or another path."
        )
    if not os.path.exists(file):
        make_folder(file.parent)
    elif not os.access(file, os.W_OK):
        raise PermissionError(
            f"Cannot write the file '{without_controls(file)}': permission denied. Expected a writable "
            "file: choose another, or change its permissions."
        )
