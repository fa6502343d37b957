"""Pages and fragments of pictures, with one legend, and on pages an index."""

from collections.abc import Mapping
from html import escape

from .markup import Drawing
from .style_sheet import STYLE_SHEET, colour_class, colour_rules

#: What a page is called, by what its pictures show.
TITLES = {
    "attention": "Which words the vector came from",
    "words": "Which words the vector came from",
    "parts": "Which words the score came from",
    "similarity": "Which words make the texts alike",
}
#: No scripts and no requests, whatever a text contains and however a browser reads it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def as_page(drawings: list[Drawing], style: str, colors: Mapping[str, str]) -> str:
    """Return a complete HTML document.

    Args:
        drawings: pictures of one style.
        style: the style, or "parts".
        colors: of the options.
    """
    title = TITLES[style]
    # In the other styles, the picture itself shows the text.
    shows_headings = style == "attention"
    is_many = len(drawings) > 1
    headings = (
        _heading(drawing, number if is_many else 0, is_shown=shows_headings)
        for number, drawing in enumerate(drawings, start=1)
    )
    figures = "".join(
        f"<section>{heading}{drawing.figure}</section>"
        for heading, drawing in zip(headings, drawings, strict=True)
    )
    index = _index(drawings) if is_many else ""
    classes, sheet = _colours(colors)
    return as_document(title, classes, sheet, f"{index}{with_legend(drawings, figures)}")


def as_document(title: str, classes: str, sheet: str, content: str) -> str:
    """Return a complete HTML document that runs no scripts and loads nothing.

    Args:
        title: as plain text.
        classes: of the body.
        sheet: the style sheets, as markup.
        content: markup, below the title.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Without an icon here, browsers ask the server for one.
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">{sheet}</head>'
        f'<body class="{classes} trend-page"><main><h1>{escape(title)}</h1>{content}</main></body></html>\n'
    )


def as_fragment(drawings: list[Drawing], colors: Mapping[str, str]) -> str:
    """Return markup to insert into another page; several fragments do not clash.

    Args:
        drawings: pictures of one style.
        colors: of the options.
    """
    classes, sheet = _colours(colors)
    figures = "".join(drawing.figure for drawing in drawings)
    return f'<div class="{classes}" lang="en" dir="ltr">{sheet}{with_legend(drawings, figures)}</div>'


def _colours(colors: Mapping[str, str]) -> tuple[str, str]:
    """Return the classes of the whole, and the style sheet with colours of its own."""
    own = colour_class(colors)
    return f"spacy-trend {own}".strip(), f"<style>{STYLE_SHEET}{colour_rules(colors)}</style>"


def with_legend(drawings: list[Drawing], figures: str) -> str:
    """Return figures and what all of their legends say, once: before several, and below one.

    Args:
        drawings: pictures of one style.
        figures: their markup.
    """
    notes = dict.fromkeys(note for drawing in drawings for note in drawing.notes if note)
    if not notes:
        return figures
    paragraphs = "".join(f"<p>{note}</p>" for note in notes)
    legend = f'<aside class="trend-legend" aria-label="Legend">{paragraphs}</aside>'
    return legend + figures if len(drawings) > 1 else figures + legend


def _heading(drawing: Drawing, number: int, *, is_shown: bool) -> str:
    """Return the heading of a picture. One of several has a number, and is where the index leads."""
    text = escape(drawing.heading) or "(empty)"
    if not number:
        return f'<h2 dir="auto"{"" if is_shown else _UNSEEN}>{text}</h2>'
    if not is_shown:
        text = f"<span{_UNSEEN}>{text}</span>"
    return f'<h2 id="text-{number}"><small>{number}</small> <bdi>{text}</bdi></h2>'


_UNSEEN = ' class="trend-unseen"'


def _index(drawings: list[Drawing]) -> str:
    lines = "".join(
        f'<li><a href="#text-{number}"><bdi>{escape(drawing.heading) or "(empty)"}</bdi></a></li>'
        for number, drawing in enumerate(drawings, start=1)
    )
    return f'<nav aria-label="Texts" tabindex="0"><ol>{lines}</ol></nav>'
