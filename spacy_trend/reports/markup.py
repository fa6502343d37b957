"""What the sections of a report share: labels, tables, excerpts and boxes that scroll, as markup."""

from collections.abc import Iterable
from html import escape

#: Of how many characters an excerpt is: of a text, and on either side of a word.
EXCERPT = 240
CONTEXT = 40


def table(caption: str, header: Iterable[str], rows: Iterable[str], classes: str = "") -> str:
    """Return a table.

    Args:
        caption: markup.
        header: the cells of the first row, as markup: each names its column.
        rows: markup.
        classes: of the table; "" for none.
    """
    cells = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    attribute = f' class="{classes}"' if classes else ""
    return (
        f"<table{attribute}><caption>{caption}</caption><thead><tr>{cells}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def row(name: str, cells: Iterable[str]) -> str:
    """Return a row of a table.

    Args:
        name: what it is about, as markup.
        cells: markup.
    """
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def scrolling(name: str, content: str, classes: str = "") -> str:
    """Return a box that scrolls if its content is too large, and that keyboards and screen readers reach.

    Args:
        name: what it holds, as plain text.
        content: markup.
        classes: of the box beside its own; "" for none.
    """
    return (
        f'<div class="{f"trend-scroll {classes}".strip()}" role="region" tabindex="0" '
        f'aria-label="{escape(name)}">{content}</div>'
    )


def excerpt(text: str, lang: str) -> str:
    """Return the start of a text on one line.

    Args:
        text: the text.
        lang: spaCy's code of its language.
    """
    line = " ".join(text[: 2 * EXCERPT].split())
    is_cut = len(line) > EXCERPT or len(text) > 2 * EXCERPT
    shown = escape(line[:EXCERPT]) + ("…" if is_cut else "")
    return f'<bdi lang="{html_lang(lang)}">{shown or "(empty)"}</bdi>'


def excerpt_around(text: str, start: int, end: int, lang: str) -> str:
    """Return what stands around a word, and the word.

    Args:
        text: the text.
        start: where the word begins.
        end: where it ends.
        lang: spaCy's code of its language.
    """
    before, after = text[max(start - CONTEXT, 0) : start], text[end : end + CONTEXT]
    left = right = ""
    if start > CONTEXT:
        # Not in the middle of a word, unless that is as long as the excerpt.
        left, before = "… ", before.partition(" ")[2] or before
    if end + CONTEXT < len(text):
        right, after = " …", after.rpartition(" ")[0] or after
    word = escape(text[start:end])
    return (
        f'<bdi lang="{html_lang(lang)}">{left}{_on_one_line(before)}<b>{word}</b>{_on_one_line(after)}{right}'
        "</bdi>"
    )


def html_lang(lang: str) -> str:
    """Return HTML's code of a language: it does not know spaCy's for several.

    Args:
        lang: spaCy's code.
    """
    return escape("mul" if lang == "xx" else lang)


def _on_one_line(text: str) -> str:
    # HTML shows any number of spaces as one, and keeps those at the ends.
    return escape(text).replace("\n", " ")
