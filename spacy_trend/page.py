"""Pictures in HTML: markup to put into a page, and a page of its own."""

from html import escape

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
