"""Names in pictures, and pictures as files."""

import re
import warnings
from pathlib import Path
from typing import Any

from ..messages import shorten_text, without_controls

#: What matplotlib says of each character that it cannot draw.
_NOT_DRAWN = re.compile("Glyph .* missing from|Matplotlib currently does not support")


def shown_name(name: str, length: int = 40) -> str:
    """Return a name as a picture shows it: short, on one line, and never read as a formula.

    Args:
        name: any text.
        length: the most characters to keep.
    """
    # Between two dollar signs, matplotlib reads a formula.
    return shorten_text(name, length).replace("$", r"\$")


def save_picture(figure: Any, path: Path) -> None:
    """Save a picture, and warn once of all characters that its font does not have.

    Args:
        figure: of matplotlib.
        path: where to.

    Raises:
        OSError: if it cannot be written.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(path, dpi=150)
    not_drawn = {str(warning.message) for warning in caught if _NOT_DRAWN.match(str(warning.message))}
    for warning in caught:
        if str(warning.message) not in not_drawn:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if not_drawn:
        warnings.warn(
            f"{without_controls(path)}: the picture's font does not have {len(not_drawn)} of the characters "
            "in its names, which are drawn as boxes. The JSON file beside it has all of them.",
            stacklevel=2,
        )
