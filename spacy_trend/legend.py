"""What stands below a picture: what its rows, its shades and its selection are."""

from html import escape

import numpy as np

from .picture import Picture, most_of
from .segments import Floats


def legend(picture: Picture, *notes: str) -> str:
    """Notes on a picture, and the selection that chose its words.

    notes: markup, a paragraph each.
    """
    name = picture.select["@misc"]
    settings = ", ".join(f"{key}={value!r}" for key, value in picture.select.items() if key != "@misc")
    selection = escape(f"{name}({settings})", quote=False)
    paragraphs = [*notes, f"Selection: <code>{selection}</code>"]
    return "".join(f'<p class="trend-note">{paragraph}</p>' for paragraph in paragraphs)


def rows_are(picture: Picture) -> str:
    """What the rows are, in a sentence; empty where there is one that the selection names below."""
    if picture.row_name == "head":
        return f"Each row is one head of layer {escape(str(picture.select['layer']))}."
    if picture.row_name == "layer":
        return "Each row is one layer, the mean of its heads."
    return "The rows are those that the selection reads." if len(picture.attention) > 1 else ""


def scale(values: Floats, where: str) -> str:
    """The shades from none to most, with their numbers.

    values: float32 of any shape, what is shaded.
    where: what holds them all, for the text.
    """
    chips = "".join(f'<i class="trend-{shade}"></i>' for shade in (0, 2, 5, 7, 9))
    not_finite = "" if np.isfinite(values).all() else " Numbers that are not finite have the lightest."
    return (
        f'0 <span class="trend-scale" aria-hidden="true">{chips}</span> {most_of(values):.2f}, the most in '
        f"this {where}; 1 is what one position gives in all.{not_finite}"
    )
