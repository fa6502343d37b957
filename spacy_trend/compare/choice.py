"""Which labelled texts to use: a number of them for a trial, and those of labels with enough texts."""

import random
from collections import Counter
from typing import NamedTuple

from ..messages import name_some
from ..progress import LOGGER
from .labelled_texts import LabelledText


class Common(NamedTuple):
    """Texts whose labels are not rare.

    Attributes:
        texts: those that are kept, in order.
        others: likewise, of the other texts; None if there are none.
        rare: how many texts were left out.
    """

    texts: list[LabelledText]
    others: list[LabelledText] | None
    rare: int


def draw(texts: list[LabelledText], limit: int | None, seed: int) -> list[LabelledText]:
    """Draw texts for a trial at random: the first ones of a file may all have the same label.

    Args:
        texts: to draw from.
        limit: how many to draw at most; None for all.
        seed: of the draw.

    Returns:
        those drawn, in order.

    Raises:
        ValueError: for a limit below 1.
    """
    if limit is None:
        return texts
    if limit < 1:
        raise ValueError(f"Got limit={limit}. Expected 1 or more: how many texts to use.")
    if limit >= len(texts):
        return texts
    drawn = sorted(random.Random(seed).sample(range(len(texts)), limit))  # noqa: S311 - nothing secret
    return [texts[number] for number in drawn]


def leave_out_rare(
    texts: list[LabelledText], others: list[LabelledText] | None = None, minimum: int = 0
) -> Common:
    """Leave out the texts of rare labels, and say how many.

    Args:
        texts: by which the labels are counted.
        others: such as a test part, from which these labels are left out, too; None if there is none.
        minimum: labels with fewer texts are rare, so from 1 on those that only the others have, too.

    Returns:
        the others.

    Raises:
        ValueError: for a minimum below 0, or if no text is left, here or of the others.
    """
    if minimum < 0:
        raise ValueError(f"Got drop_rare={minimum}. Expected 0 or more: how many texts a label must have.")
    counts = Counter(text.label for text in texts)
    labels = counts.keys() | {text.label for text in others or ()}
    rare = {label for label in labels if counts[label] < minimum}
    if not rare:
        return Common(texts, others, 0)
    kept = [text for text in texts if text.label not in rare]
    kept_others = None if others is None else [text for text in others if text.label not in rare]
    named = name_some(sorted(rare, key=lambda label: (counts[label], label)))
    if not kept:
        raise ValueError(
            f"No label has {minimum} texts: got {name_some(counts)}. Expected two labels or more that do: "
            "give a smaller number as --drop-rare (in Python, drop_rare=...)."
        )
    if others and not kept_others:
        raise ValueError(
            f"{others[0].place}: all texts of this part have rare labels, with fewer than {minimum} texts in "
            "the other part. Expected texts of other labels, too: give a smaller number as --drop-rare (in "
            "Python, drop_rare=...), or add texts."
        )
    left_out = len(texts) - len(kept) + len(others or ()) - len(kept_others or ())
    LOGGER.info(
        "Left out %d texts of %d labels with fewer than %d texts: %s", left_out, len(rare), minimum, named
    )
    return Common(kept, kept_others, left_out)
