"""The style "words": the text as it reads, each word shaded by its importance, the pair underlined."""

import numpy as np

from .markup import (
    Drawing,
    figure,
    flowing_text,
    mark_of,
    named,
    no_words,
    not_finite_note,
    pair_lines,
    scale,
    selection_note,
)
from .options import Options
from .picture import SHADES, Picture, shades

#: How many of the most important words are named, if the options do not say.
_NAMED = 3


def draw_words(picture: Picture, options: Options, is_compact: bool) -> Drawing:
    """Return the text with shaded words.

    Args:
        picture: what to draw.
        options: as `read_options` returns them.
        is_compact: whether the lines above the text are left out.
    """
    if not picture.words:
        return Drawing(picture.excerpt, figure([], no_words(picture)), [])
    importance = picture.importance
    finite = importance[np.isfinite(importance)]
    least = float(finite.min()) if len(finite) > 0 else 0.0
    # Of words that matter alike, one colour would say that they matter least.
    levels = (
        [SHADES // 2] * len(importance) if len(set(finite.tolist())) == 1 else shades(importance, least=least)
    )
    marks = {word: mark for word in range(len(importance)) if (mark := mark_of(picture, word))}
    text = flowing_text(
        picture,
        [str(level) for level in levels],
        [f"{value:.3f}" for value in importance.tolist()],
        marks,
        marks=True,
    )
    lines = [] if is_compact else [*pair_lines(picture), _most_important(picture, options.top or _NAMED)]
    note = (
        "Shade: importance, a word's share of the attention received in the text, from least "
        f"{scale()} to most. Unshaded: punctuation and spaces."
    )
    return Drawing(
        picture.excerpt, figure(lines, text), [note, *not_finite_note(importance), selection_note(picture)]
    )


def _most_important(picture: Picture, top: int) -> str:
    order = np.argsort(-picture.importance, kind="stable")[:top].tolist()
    words = (f"{named(picture, word)} {picture.importance[word]:.3f}" for word in order)
    return "most important: " + ", ".join(words)
