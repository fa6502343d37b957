"""Pictures in HTML: markup to put into a page, and a page of its own."""

from html import escape

import numpy as np

from ..types import Floats
from .picture import Picture, most_of, shades
from .style_sheet import STYLE_SHEET

TITLE = "Which words the vector came from"


_STYLE = f"<style>{STYLE_SHEET}</style>"


#: Whatever a text holds and however a browser reads it: no scripts, and no requests.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_fragment(figures: list[str]) -> str:
    """Pictures to put into another page; several such fragments do not clash."""
    return f'<div class="spacy-trend" lang="en" dir="ltr">{_STYLE}{"".join(figures)}</div>'


def as_page(headings: list[str], figures: list[str], *, are_seen: bool) -> str:
    """A whole HTML document.

    headings: of the pictures, as text.
    figures: their markup.
    are_seen: whether headings can be seen, or are for screen readers alone.
    """
    unseen = "" if are_seen else ' class="trend-unseen"'
    sections = "".join(
        f'<section><h2 dir="auto"{unseen}>{escape(heading) or "(empty)"}</h2>{markup}</section>'
        for heading, markup in zip(headings, figures, strict=True)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # An icon of its own, because browsers ask the server for one otherwise.
        f'<title>{TITLE}</title><link rel="icon" href="data:,">{_STYLE}</head>'
        f'<body class="spacy-trend trend-page"><main><h1>{TITLE}</h1>{sections}</main></body></html>\n'
    )


def figure(picture: Picture, drawn: str) -> str:
    """A picture with the pair named above it.

    drawn: its markup; not looked at where there are no words.
    """
    if not picture.words:
        text = "".join(text for text, _ in picture.pieces)
        what = f"none in {text!r}" if text.strip() else f"an empty text, {text!r}"
        return f"<figure><p>No words, so no attention to show: {escape(what)}.</p></figure>"
    caption = "".join(f"<span>{line}</span>" for line in _pair(picture))
    return f"<figure><figcaption>{caption}</figcaption>{drawn}</figure>"


def region(picture: Picture, label: str, drawn: str) -> str:
    """What scrolls where it is too wide, for keyboards and screen readers too, from where its text begins.

    label: what it holds, as text.
    drawn: its markup.
    """
    name = escape(f"{label}: {picture.excerpt}")
    return (
        f'<div class="trend-scroll" role="region" tabindex="0" dir="{picture.direction}" aria-label="{name}">'
        f"{drawn}</div>"
    )


def _pair(picture: Picture) -> list[str]:
    """Focus and related word in markup, or why there is none."""
    if picture.focus is None:
        return ["no focus: a mean of sentences" if picture.is_mean else "no focus: the selection names none"]
    focus = f'<b class="trend-focus">focus</b> {_word(picture, picture.focus)}'
    if picture.deciding_row is not None:
        focus += f", leader of {picture.row_name} {picture.deciding_row}, the row that decides"
    if picture.related is None:
        return [focus, "no related word"]
    return [focus, f'<b class="trend-related">related</b> {_word(picture, picture.related)}']


def _word(picture: Picture, word: int) -> str:
    text = f'<bdi lang="{escape(picture.lang)}">{escape(picture.words[word])}</bdi>'
    return f"<strong>{text}</strong> (token {picture.tokens[word]})"


_LEADS = '<b aria-hidden="true">*</b><span class="trend-unseen"> leader</span>'


def heat_map(picture: Picture) -> str:
    """The table of a picture that has words, in a region that scrolls, and below it what its marks mean."""
    name = picture.row_name
    caption = f'<caption dir="ltr">Attention received by each word in each {name}</caption>'
    rows = "".join(_row(picture, row, of_row) for row, of_row in enumerate(shades(picture.attention)))
    table = f"<table>{caption}<thead>{_header(picture)}</thead><tbody>{rows}</tbody></table>"
    decides = "" if picture.deciding_row is None else " The last row decides: its leader is the focus."
    notes = legend(
        picture,
        f"<b>*</b> leads its {name}. {rows_are(picture)}{decides}",
        f"Shade: {scale(picture.attention, 'table')}",
    )
    return region(picture, "Table of attention received", table) + notes


def _header(picture: Picture) -> str:
    marks = {picture.focus: "focus", picture.related: "related"}
    cells = []
    for word, text in enumerate(picture.words):
        mark = marks.get(word)
        label = f'<small class="trend-{mark}" lang="en">{mark}</small> ' if mark else ""
        cells.append(f'<th scope="col">{label}<bdi>{escape(text)}</bdi></th>')
    return f'<tr lang="{escape(picture.lang)}"><td></td>{"".join(cells)}</tr>'


def _row(picture: Picture, row: int, of_row: list[int]) -> str:
    """One row of the table.

    of_row: the shades of its words.
    """
    values = picture.attention[row].tolist()
    cells = [f'<td class="trend-{s}">{v:.2f}</td>' for v, s in zip(values, of_row, strict=True)]
    name = f"{picture.row_name} {row}"
    leader = int(picture.leaders[row])
    title = escape(f"leads {name}: {picture.words[leader]}")
    classes = f"trend-{of_row[leader]} trend-leads"
    cells[leader] = f'<td class="{classes}" title="{title}">{values[leader]:.2f}{_LEADS}</td>'
    decides = row == picture.deciding_row
    label = ' <small class="trend-focus">decides</small>' if decides else ""
    start = '<tr class="trend-decides">' if decides else "<tr>"
    return f'{start}<th scope="row">{name}{label}</th>{"".join(cells)}</tr>'


#: Stretched by the style sheet from the middle of one word to the middle of the other.
_ARC = (
    '<span class="trend-arc"><svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" '
    'focusable="false"><path d="M0,100 C0,20 100,20 100,100"/></svg></span>'
)


#: A line break can be seen, but breaks no line where the text stands in one.
_BREAK = '<span class="trend-break">\n</span>'


def shaded_words(picture: Picture) -> str:
    """The text of a picture that has words, in a region that scrolls, and below it what its shades mean.

    A text with a pair stands in one line, since only there the arc finds its ends without a script; one
    without a pair is wrapped.
    """
    means = picture.attention.mean(axis=0)
    shown = _shown(picture, means.tolist(), shades(means))
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
    shade = f"Shade: {received}, {scale(means, 'text')} What has no shade at all is no word."
    notes = legend(picture, f"{shade} {rows_are(picture)}")
    return region(picture, f"Text, shaded by {received}", text) + notes


def _shown(picture: Picture, means: list[float], of_words: list[int]) -> list[str]:
    """The markup of each piece of the text.

    means: attention received by each word.
    of_words: their shades.
    """
    shown = []
    for text, word in picture.pieces:
        markup = escape(text, quote=False).replace("\n", _BREAK)
        if word is not None:
            markup = f'<span class="trend-{of_words[word]}" title="{means[word]:.2f}">{markup}</span>'
            mark = _mark(picture, word)
            if mark:
                label = f'<small lang="en">{mark}</small>'
                markup = f'<span class="trend-end trend-{mark}">{markup}{label}</span>'
        shown.append(markup)
    return shown


def _mark(picture: Picture, word: int | None) -> str:
    if word is None:
        return ""
    return {picture.focus: "focus", picture.related: "related"}.get(word, "")


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
