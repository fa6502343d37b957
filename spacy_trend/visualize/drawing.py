"""Pictures as HTML: pages and fragments of figures, each a drawing in one of two styles with its legend."""

from collections.abc import Callable
from html import escape

import numpy as np

from ..types import Floats
from .picture import Picture, greatest, shades
from .style_sheet import STYLE_SHEET

TITLE = "Which words the vector came from"
_STYLE = f"<style>{STYLE_SHEET}</style>"
#: No scripts and no requests, whatever a text contains and however a browser reads it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_page(headings: list[str], figures: list[str], *, show_headings: bool) -> str:
    """Return a complete HTML document.

    Args:
        headings: a heading for each figure, as plain text.
        figures: markup, as `figure` returns it.
        show_headings: if False, only screen readers find the headings.
    """
    unseen = "" if show_headings else ' class="trend-unseen"'
    sections = "".join(
        f'<section><h2 dir="auto"{unseen}>{escape(heading) or "(empty)"}</h2>{markup}</section>'
        for heading, markup in zip(headings, figures, strict=True)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Without an icon here, browsers ask the server for one.
        f'<title>{TITLE}</title><link rel="icon" href="data:,">{_STYLE}</head>'
        f'<body class="spacy-trend trend-page"><main><h1>{TITLE}</h1>{sections}</main></body></html>\n'
    )


def as_fragment(figures: list[str]) -> str:
    """Return markup to insert into another page; several fragments do not clash.

    Args:
        figures: markup, as `figure` returns it.
    """
    return f'<div class="spacy-trend" lang="en" dir="ltr">{_STYLE}{"".join(figures)}</div>'


def figure(picture: Picture, draw: Callable[[Picture], str]) -> str:
    """Return a drawing, captioned with the focus and the related word.

    Args:
        picture: what to draw; without words, the figure only says so.
        draw: `heat_map` or `shaded_words`.
    """
    if not picture.words:
        text = "".join(text for text, _ in picture.pieces)
        what = "The text is" if text.strip() else "The text is blank:"
        return f"<figure><p>No words, so no attention to show. {what} {escape(repr(text))}.</p></figure>"
    caption = "".join(f"<span>{line}</span>" for line in _pair(picture))
    return f"<figure><figcaption>{caption}</figcaption>{draw(picture)}</figure>"


def _pair(picture: Picture) -> list[str]:
    """Return the lines of the caption: the focus and the related word, or why there is none."""
    if picture.focus is None:
        reason = "the vector is a mean of sentences" if picture.is_mean else "the selection names none"
        return [f"no focus: {reason}"]
    focus = f'<b class="trend-focus">focus</b> {_word(picture, picture.focus)}'
    if picture.deciding_row is not None:
        focus += f", leader of {picture.row_name} {picture.deciding_row}, the row that decides"
    if picture.related is None:
        return [focus, "no related word"]
    return [focus, f'<b class="trend-related">related</b> {_word(picture, picture.related)}']


def _word(picture: Picture, word: int) -> str:
    text = f'<bdi lang="{escape(picture.lang)}">{escape(picture.words[word])}</bdi>'
    return f"<strong>{text}</strong> (token {picture.tokens[word]})"


def _mark(picture: Picture, word: int | None) -> str:
    """Return "focus", "related" or, for all else, an empty text."""
    return {picture.focus: "focus", picture.related: "related"}.get(word, "") if word is not None else ""


def _region(picture: Picture, label: str, drawn: str) -> str:
    """Return markup in a box that scrolls if it is too wide, and that keyboards and screen readers reach.

    Args:
        picture: gives the writing direction, and so the side where scrolling starts.
        label: what the region holds, as plain text.
        drawn: its markup.
    """
    name = escape(f"{label}: {picture.excerpt}")
    return (
        f'<div class="trend-scroll" role="region" tabindex="0" dir="{picture.direction}" aria-label="{name}">'
        f"{drawn}</div>"
    )


# The style "attention".


_LEADS = '<b aria-hidden="true">*</b><span class="trend-unseen"> leader</span>'


def heat_map(picture: Picture) -> str:
    """Return the table of attention received, rows by words, and its legend.

    Args:
        picture: one with words.
    """
    name = picture.row_name
    caption = f'<caption dir="ltr">Attention received by each word in each {name}</caption>'
    rows = "".join(_row(picture, row, row_shades) for row, row_shades in enumerate(shades(picture.attention)))
    table = f"<table>{caption}<thead>{_header(picture)}</thead><tbody>{rows}</tbody></table>"
    decides = "" if picture.deciding_row is None else " The last row decides: its leader is the focus."
    legend = _legend(
        picture,
        f"<b>*</b> marks the leader of each {name}. {_rows_are(picture)}{decides}",
        f"Shade: {_scale(picture.attention, 'table')}",
    )
    return _region(picture, "Table of attention received", table) + legend


def _header(picture: Picture) -> str:
    cells = []
    for word, text in enumerate(picture.words):
        mark = _mark(picture, word)
        label = f'<small class="trend-{mark}" lang="en">{mark}</small> ' if mark else ""
        cells.append(f'<th scope="col">{label}<bdi>{escape(text)}</bdi></th>')
    return f'<tr lang="{escape(picture.lang)}"><td></td>{"".join(cells)}</tr>'


def _row(picture: Picture, row: int, row_shades: list[int]) -> str:
    values = picture.attention[row].tolist()
    cells = [
        f'<td class="trend-{shade}">{value:.2f}</td>' for value, shade in zip(values, row_shades, strict=True)
    ]
    name = f"{picture.row_name} {row}"
    leader = int(picture.leaders[row])
    title = escape(f"leader of {name}: {picture.words[leader]}")
    classes = f"trend-{row_shades[leader]} trend-leads"
    cells[leader] = f'<td class="{classes}" title="{title}">{values[leader]:.2f}{_LEADS}</td>'
    decides = row == picture.deciding_row
    label = ' <small class="trend-focus">decides</small>' if decides else ""
    start = '<tr class="trend-decides">' if decides else "<tr>"
    return f'{start}<th scope="row">{name}{label}</th>{"".join(cells)}</tr>'


# The style "words".


#: The style sheet stretches it from the middle of one word to the middle of the other.
_ARC = (
    '<span class="trend-arc"><svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" '
    'focusable="false"><path d="M0,100 C0,20 100,20 100,100"/></svg></span>'
)
#: A line break that is visible, and does not break a text drawn in one line.
_BREAK = '<span class="trend-break">\n</span>'


def shaded_words(picture: Picture) -> str:
    """Return the text, its words shaded by mean attention received, and its legend.

    A text with a pair stands in one line, because only there the arc finds its ends without a script. A text
    without one is wrapped.

    Args:
        picture: one with words.
    """
    means = picture.attention.mean(axis=0)
    shown = _shaded_pieces(picture, means.tolist(), shades(means))
    ends = [place for place, (_, word) in enumerate(picture.pieces) if _mark(picture, word)]
    if len(ends) == 2:
        first, last = ends
        runs = (shown[:first], shown[first + 1 : last], shown[last + 1 :])
        before, between, after = (f"<span>{''.join(run)}</span>" for run in runs)
        layout, text = "line", f"{_ARC}{before}{shown[first]}{between}{shown[last]}{after}"
    else:
        layout, text = "flow", "".join(shown)
    text = f'<div class="trend-{layout}" lang="{escape(picture.lang)}">{text}</div>'
    rows = len(picture.attention)
    received = "attention received" + (f", mean of {rows} rows" if rows > 1 else "")
    shade = f"Shade: {received}, {_scale(means, 'text')} Unshaded: punctuation and spaces."
    return _region(picture, f"Text shaded by {received}", text) + _legend(
        picture, f"{shade} {_rows_are(picture)}"
    )


def _shaded_pieces(picture: Picture, means: list[float], word_shades: list[int]) -> list[str]:
    """Return the markup of each piece of the text.

    Args:
        picture: what to draw.
        means: attention received by each word.
        word_shades: the words' shades.
    """
    shown = []
    for text, word in picture.pieces:
        markup = escape(text, quote=False).replace("\n", _BREAK)
        if word is not None:
            markup = f'<span class="trend-{word_shades[word]}" title="{means[word]:.2f}">{markup}</span>'
        mark = _mark(picture, word)
        if mark:
            label = f'<small lang="en">{mark}</small>'
            markup = f'<span class="trend-end trend-{mark}">{markup}{label}</span>'
        shown.append(markup)
    return shown


# The legend.


def _legend(picture: Picture, *notes: str) -> str:
    """Return notes, a paragraph of markup each, and the selection that chose the words."""
    name = picture.select["@misc"]
    settings = ", ".join(f"{key}={value!r}" for key, value in picture.select.items() if key != "@misc")
    selection = escape(f"{name}({settings})", quote=False)
    paragraphs = [*notes, f"Selection: <code>{selection}</code>"]
    return "".join(f'<p class="trend-note">{paragraph}</p>' for paragraph in paragraphs)


def _rows_are(picture: Picture) -> str:
    """Return what the rows are, in a sentence; empty for a single row that the selection describes."""
    if picture.row_name == "head":
        return f"Each row is one head of layer {escape(str(picture.select['layer']))}."
    if picture.row_name == "layer":
        return "Each row is one layer, the mean of its heads."
    return "The rows are those that the selection reads." if len(picture.attention) > 1 else ""


def _scale(values: Floats, name: str) -> str:
    """Return the shades from least to most, with their numbers.

    Args:
        values: float32 of any shape, the shaded values.
        name: "table" or "text", what is shaded.
    """
    chips = "".join(f'<i class="trend-{shade}"></i>' for shade in (0, 2, 5, 7, 9))
    not_finite = "" if np.isfinite(values).all() else " Values that are not finite get the lightest shade."
    return (
        f'0 <span class="trend-scale" aria-hidden="true">{chips}</span> {greatest(values):.2f}, the highest '
        f"value in this {name}; 1 is all the attention that one position gives.{not_finite}"
    )
