"""The rows of a table of attention: what they are called, who leads them, and which of them decide."""

from typing import NamedTuple

import numpy as np

from ..method.segments import as_lengths, segment_leaders
from ..types import Floats
from .picture import Picture

LEADING_PAIR = "spacy-trend.leading_pair.v1"
MUTUAL_PAIR = "spacy-trend.mutual_pair.v1"
JOINT_PAIR = "spacy-trend.joint_pair.v1"
DEPENDENCY_PAIR = "spacy-trend.dependency_pair.v1"
ATTENDED_WORDS = "spacy-trend.attended_words.v1"
#: The selections whose only row is the last layer.
OF_LAST_LAYER = (MUTUAL_PAIR, JOINT_PAIR, DEPENDENCY_PAIR, "spacy-trend.changed_words.v1")
#: How the selections that read mutual attention choose the two.
SHARING = {
    MUTUAL_PAIR: "The leader of the last layer is the focus, and that of this row the related word.",
    JOINT_PAIR: "The two were chosen together: important words that share more than chance explains.",
    DEPENDENCY_PAIR: "The focus is a root of the tree, and the related word its child that shares most.",
}
#: Words that are less than this apart lead a row together: the numbers shown have two digits.
TIE = 0.01


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        name: such as "head 3".
        values: float32 `(words,)`.
        leader: the position of the word with most.
        tied: the positions of the words that lead together, the leader among them; empty if one leads alone.
        decides: whether its leader is the focus or the related word by the selection's rule.
    """

    name: str
    values: Floats
    leader: int
    tied: list[int]
    decides: bool


def row_of(name: str, values: Floats, decides: bool = False) -> Row:
    """Return a row of the table.

    Args:
        name: such as "head 3".
        values: float32 `(words,)`, of one word or more.
        decides: see `Row`.
    """
    leader = int(segment_leaders(values[None], as_lengths(None, len(values)))[0, 0])
    tied = np.flatnonzero(values > values[leader] - TIE).tolist() if np.isfinite(values[leader]) else []
    return Row(name, values, leader, tied if len(tied) > 1 else [], decides)


def attention_rows(picture: Picture, heads: int | None = None) -> list[Row]:
    """Return the rows of attention received.

    Args:
        picture: one with words.
        heads: how many heads a layer has, if the rows are the heads of several layers.

    Raises:
        ValueError: if the rows are not so many heads of several layers.
    """
    decides = deciding_row(picture)
    names = _names(picture, heads)
    return [
        row_of(name, values, decides=number == decides)
        for number, (name, values) in enumerate(zip(names, picture.attention, strict=True))
    ]


def shared_row(picture: Picture) -> Row | None:
    """Return the row of mutual attention with the focus; None if there is none.

    Args:
        picture: one with words.
    """
    if picture.shared is None:
        return None
    decides = picture.related is not None and picture.select["@misc"] == MUTUAL_PAIR
    return row_of("shared with the focus", picture.shared, decides)


def compact_rows(rows: list[Row]) -> list[Row]:
    """Return the row that decides, and the mean of the others.

    Args:
        rows: all rows.
    """
    deciding = [row for row in rows if row.decides]
    others = [row.values for row in rows if not row.decides]
    if len(others) < 2:
        return rows
    mean: Floats = np.stack(others).mean(axis=0, dtype=np.float32)
    return [row_of(f"mean of {len(others)} {'others' if deciding else 'rows'}", mean), *deciding]


def deciding_row(picture: Picture) -> int | None:
    """Return the number of the row whose leader is the focus by the selection's rule.

    Args:
        picture: any.

    Returns:
        None if no row decides alone.
    """
    name = picture.select["@misc"]
    decides = name in (MUTUAL_PAIR, ATTENDED_WORDS) or (
        name == LEADING_PAIR and picture.select["focus"] == "last"
    )
    return len(picture.attention) - 1 if decides and picture.focus is not None else None


def describe_rows(picture: Picture) -> str:
    """Return what the rows are, and which of them decide, in sentences.

    Args:
        picture: any.
    """
    name = picture.select["@misc"]
    if name == LEADING_PAIR:
        is_layer = picture.select["rows"] == "layers"
        said = "the mean of its heads" if is_layer else f"of layer {picture.select['layer']}"
        said = f"Each row is one layer, {said}." if is_layer else f"Each row is one head {said}."
    elif name == ATTENDED_WORDS:
        said = "The first row is the layer that weighs the words. Each row is the mean of a layer's heads."
    elif name in OF_LAST_LAYER:
        said = "The last layer is the mean of its heads."
    else:
        said = "The rows are those that the selection reads." if len(picture.attention) > 1 else ""
    return f"{said} {_rule(picture)}".strip()


def _rule(picture: Picture) -> str:
    if picture.shared is None:
        return "" if deciding_row(picture) is None else "The last row decides: its leader is the focus."
    return (
        "Shared with the focus is mutual attention: what a word and the focus give each other, of all that "
        f"each gives to words; 2 is all. {SHARING.get(picture.select['@misc'], '')}"
    ).strip()


def _names(picture: Picture, heads: int | None) -> list[str]:
    rows = len(picture.attention)
    name = picture.select["@misc"]
    is_own = name not in (LEADING_PAIR, ATTENDED_WORDS, *OF_LAST_LAYER)
    if heads is not None:
        if not is_own or rows % heads:
            raise ValueError(
                f"render: got options['heads']={heads}, but the text {picture.excerpt[:40]!r} has {rows} "
                f"rows, chosen by {name!r:.60}. Expected the number of heads of a layer, for a selection of "
                "your own whose rows are the heads of several layers. Leave the option out, or correct it."
            )
        return [f"layer {row // heads}, head {row % heads}" for row in range(rows)]
    if name == ATTENDED_WORDS and rows == 2:
        return ["weighing layer", "last layer"]
    if name in OF_LAST_LAYER and rows == 1:
        return ["last layer"]
    kind = picture.select["rows"].removesuffix("s") if name == LEADING_PAIR else "row"
    return [f"{kind} {row}" for row in range(rows)]
