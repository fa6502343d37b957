"""Where commands write: a folder or file is made ready, or refused, before the work that it is for."""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder to write into, unless it is there.

    RAISES: OSError where it cannot be made, PermissionError where it cannot be written into.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        in_the_way = next((path for path in (folder, *folder.parents) if os.path.isfile(path)), None)
        why = f"'{in_the_way}' is a file" if in_the_way else error.strerror
        raise OSError(
            f"The folder '{folder}' cannot be made: {why}. Expected a folder, or a path where one can be "
            "made: name another."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"The folder '{folder}' cannot be written into: permission denied. Expected a folder that you "
            "may write into: name another, or change its permissions."
        )


def prepare_file(file: Path) -> None:
    """Make the folder that a file is to be written into, unless it is there.

    RAISES: as `make_folder`; IsADirectoryError or PermissionError where the file itself cannot be written.
    """
    if os.path.isdir(file):
        raise IsADirectoryError(
            f"The file '{file}' cannot be written: it is a folder. Expected the path of a file: name one in "
            "it, or another."
        )
    if not os.path.exists(file):
        make_folder(file.parent)
    elif not os.access(file, os.W_OK):
        raise PermissionError(
            f"The file '{file}' cannot be written: permission denied. Expected a file that you may write: "
            "name another, or change its permissions."
        )
