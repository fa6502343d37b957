"""What pictures of all styles share: words and numbers as markup, the pair, and boxes that scroll."""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import numpy as np

from ..attribution.interface import Label, Parts
from ..types import Floats
from .picture import SHADES, Picture, direction_of
from .rows import attention_rows, deciding_row


class Drawing(NamedTuple):
    """A picture as markup.

    Attributes:
        heading: the start of its text, as plain text.
        figure: markup.
        notes: paragraphs of markup for the legend, which shows those of all pictures once.
    """

    heading: str
    figure: str
    notes: list[str]


def figure(captions: Iterable[str], content: str) -> str:
    """Return a figure.

    Args:
        captions: lines of markup above the picture, or none.
        content: markup.
    """
    lines = "".join(f"<span>{line}</span>" for line in captions)
    return f"<figure>{f'<figcaption>{lines}</figcaption>' if lines else ''}{content}</figure>"


def no_words(picture: Picture) -> str:
    """Return the paragraph that stands for a text without words.

    Args:
        picture: one without words.
    """
    what = "The text is" if picture.text.strip() else "The text is blank:"
    return f"<p>No words, so nothing to show. {what} {escape(repr(picture.text))}.</p>"


def pair_lines(picture: Picture) -> list[str]:
    """Return the lines that name the focus and the related word, or say why there is none.

    Args:
        picture: one with words.
    """
    if picture.focus is None:
        reason = "the vector is a mean of sentences" if picture.is_mean else "the selection names none"
        return [f"no focus: {reason}"]
    focus = f'<b class="trend-focus">focus</b> {named(picture, picture.focus)}'
    decides = deciding_row(picture)
    if decides is not None:
        row = attention_rows(picture)[decides]
        tied = f", tied with {len(row.tied) - 1} more" if row.tied else ""
        focus += (
            f", leader of {'the ' if row.name == 'last layer' else ''}{row.name}{tied}, the row that decides"
        )
    if picture.related is None:
        return [focus, "no related word"]
    return [focus, f'<b class="trend-related">related</b> {named(picture, picture.related)}']


def named(picture: Picture, word: int) -> str:
    """Return the markup of a word with its token's position.

    Args:
        picture: the word's.
        word: its position among the words.
    """
    text = f'<bdi lang="{escape(picture.lang)}">{escape(picture.words[word])}</bdi>'
    return f"<strong>{text}</strong> (token {picture.tokens[word]})"


def mark_of(picture: Picture, word: int | None) -> str:
    """Return "focus", "related" or, for all else, an empty text.

    Args:
        picture: the word's.
        word: its position among the words; None for what is no word.
    """
    return {picture.focus: "focus", picture.related: "related"}.get(word, "") if word is not None else ""


def label_markup(label: Label, most: int | None = None) -> str:
    """Return the label of a classifier as markup, whatever it holds.

    Args:
        label: any.
        most: of how many characters it may be; of a longer one the start is shown, and all of it when it is
            pointed at. None for any number.
    """
    text = str(label)
    if not text.strip():
        return f"<bdi>{'(blank)' if text else '(empty)'}</bdi>"
    if most is None or len(text) <= most:
        return f"<bdi>{escape(text)}</bdi>"
    return f'<bdi title="{escape(text)}">{escape(text[: most - 1])}…</bdi>'


def selection_note(picture: Picture) -> str:
    """Return the selection that chose the words, for the legend.

    Args:
        picture: any.
    """
    settings = ", ".join(f"{key}={value!r}" for key, value in picture.select.items() if key != "@misc")
    selection = escape(f"{picture.select['@misc']}({settings})", quote=False)
    return f"Selection: <code>{selection}</code>"


def not_finite_note(values: Floats | Parts) -> list[str]:
    """Return a line about values that are not finite, if there are some.

    Args:
        values: float32 or float64 of any shape, the shaded values.
    """
    said = "Values that are not finite get the lightest shade."
    return [] if np.isfinite(values).all() else [said]


def scale(name: str = "", *, is_falling: bool = False) -> str:
    """Return some shades side by side, from least to most.

    Args:
        name: of the shades, as in the style sheet: "", "p" for positive or "n" for negative parts.
        is_falling: whether they run from most to least.
    """
    # The lightest of the signed shades is that of the paper.
    steps = range(3 if name else 0, SHADES, 3)
    chips = "".join(
        f'<i class="trend-{name}{step}"></i>' for step in (reversed(steps) if is_falling else steps)
    )
    return f'<span class="trend-scale" aria-hidden="true">{chips}</span>'


def digits_for(values: Parts) -> str:
    """Return how numbers are written of which the greatest has four digits, or three if it is huge or tiny.

    Args:
        values: float64 of any shape.

    Returns:
        what `signed` takes.
    """
    most = greatest(values)
    if most == 0:
        return ".3f"
    exponent = int(np.floor(np.log10(most)))
    # Others would be hundreds of digits, or zeros alone.
    return f".{max(3 - exponent, 0)}f" if -6 <= exponent < 9 else ".2e"


def signed(value: float, digits: str) -> str:
    """Return a number with its sign, whatever it is; "nan" has none.

    Args:
        value: the number.
        digits: as `digits_for` returns it.
    """
    if np.isnan(value):
        return "nan"
    return f"{value:+{digits}}".replace("-", "\N{MINUS SIGN}")


def part_shades(parts: Parts, most: float) -> list[str]:
    """Return the shades of parts of both signs: "p9" for the greatest positive, "n9" for the least negative.

    Args:
        parts: float64 `(words,)`. A part that is not finite gets "p0".
        most: the size that has the last shade.
    """
    shares = np.where(np.isfinite(parts), np.abs(parts), 0) / (most or 1)
    sizes = np.rint((SHADES - 1) * shares).astype(int)
    names = zip(sizes.tolist(), (parts < 0).tolist(), strict=True)
    return [f"{'n' if is_negative and size else 'p'}{size}" for size, is_negative in names]


def greatest(parts: Parts) -> float:
    """Return the greatest finite size of parts; 0 if there is none.

    Args:
        parts: float64 of any shape.
    """
    return float(np.abs(parts[np.isfinite(parts)]).max(initial=0))


def flowing_text(
    picture: Picture, shades: list[str], titles: list[str], labels: dict[int, str], *, marks: bool = False
) -> str:
    """Return the text as it reads, its words shaded, some with a label; it wraps like any text.

    Args:
        picture: what to draw.
        shades: of each word, the name of its shade.
        titles: of each word, its number, which is shown when it is pointed at.
        labels: what is written behind words, by their positions, as plain text.
        marks: whether focus and related word are underlined.
    """
    shown = []
    for text, word in picture.pieces:
        markup = escape(text, quote=False)
        if word is not None:
            mark = mark_of(picture, word) if marks else ""
            behind = _label_behind(text, labels.get(word, ""), picture.direction)
            markup = _shaded_word(markup + behind, shades[word], titles[word], mark)
        shown.append(markup)
    where = f'lang="{escape(picture.lang)}" dir="{picture.direction}"'
    return f'<div class="trend-flow" {where}>{"".join(shown)}</div>'


def _shaded_word(content: str, shade: str, title: str, mark: str) -> str:
    classes = f"trend-{shade} trend-end trend-{mark}" if mark else f"trend-{shade}"
    return f'<span class="{classes}" title="{title}">{content}</span>'


def _label_behind(word: str, label: str, direction: str) -> str:
    """Return the markup of what is written behind a word in a text of a direction."""
    if not label:
        return ""
    # In a text of the other direction, the label would else be taken for a part of it, and stand apart.
    is_contrary = direction_of(reversed(word), direction) != direction
    end = {"ltr": "\N{RIGHT-TO-LEFT MARK}", "rtl": "\N{LEFT-TO-RIGHT MARK}"}[direction] if is_contrary else ""
    # Without the language, a screen reader would read the label in that of the text.
    return f'<small lang="en">\N{NO-BREAK SPACE}{escape(label, quote=False)}</small>{end}'
