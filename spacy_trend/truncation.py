"""What an encoder's limit of wordpieces cut off."""

import numpy as np
from spacy.tokens import Doc

from .wordpieces import Source, Wordpieces


def count_truncated(doc: Doc, wordpieces: Wordpieces, source: Source, most: int | None) -> int:
    """How many tokens, spaces not counted, have no wordpiece because a window had more than the encoder
    takes.

    These are the tokens without one that would have one alone, in a doc of which a window is full. (Those
    that a user's own span getter leaves out of such a doc are counted with them.)

    most: what `source` says.
    """
    if most is None or wordpieces.row_length < most:
        return 0
    if not (wordpieces.rows % wordpieces.row_length == most - 1).any():
        return 0
    without = [doc[int(token)] for token in np.flatnonzero(wordpieces.counts == 0)]
    return sum(1 for token in without if not token.is_space and source.has_wordpiece(token.text))
