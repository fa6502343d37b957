"""The style "attention": a table of rows by words, of the attention that each word receives."""

from html import escape

import numpy as np

from .markup import (
    Drawing,
    figure,
    mark_of,
    no_words,
    not_finite_note,
    pair_lines,
    scale,
    selection_note,
)
from .options import Options
from .picture import Picture, shades
from .rows import TIE, Row, attention_rows, compact_rows, describe_rows, shared_row

#: What marks the leader of a row, and words that lead it together.
_LEADS = '<b aria-hidden="true">*</b><span class="trend-unseen"> leader</span>'
_TIED = '<b aria-hidden="true">=</b><span class="trend-unseen"> tied</span>'


def draw_attention(picture: Picture, options: Options, is_compact: bool) -> Drawing:
    """Return the table of attention received, with the mutual attention of the pair if the selection read it.

    Args:
        picture: what to draw.
        options: as `read_options` returns them.
        is_compact: whether the lines above the table are left out, and of the rows that do not decide the
            mean is shown.

    Raises:
        ValueError: for a number of heads that does not fit.
    """
    if not picture.words:
        return Drawing(picture.excerpt, figure([], no_words(picture)), [])
    rows = attention_rows(picture, options.heads)
    shown = compact_rows(rows) if is_compact else rows
    shared = shared_row(picture)
    body = _body(picture, shown) + ("" if shared is None else _body(picture, [shared]))
    caption = '<caption dir="ltr">Attention received by each word</caption>'
    table = f"<table>{caption}<thead>{_header(picture)}</thead>{body}</table>"
    return Drawing(
        picture.excerpt,
        figure([] if is_compact else pair_lines(picture), _region(picture, table)),
        _notes(picture, is_shortened=len(shown) < len(rows)),
    )


def _notes(picture: Picture, *, is_shortened: bool) -> list[str]:
    shortened = ["Of the rows that do not decide, the mean is shown."] if is_shortened else []
    apart = "; shared attention apart" if picture.shared is not None else ""
    return [
        f"<b>*</b> marks the leader of a row, <b>=</b> words that lead it together, less than {TIE} apart.",
        escape(describe_rows(picture)),
        *shortened,
        f"Shade: 0 {scale()} the highest value in the table{apart}. In the rows of attention, every token "
        "hands out 1 in total.",
        *not_finite_note(picture.attention),
        selection_note(picture),
    ]


def _region(picture: Picture, table: str) -> str:
    """Return a table in a box that scrolls if it is too wide, and that keyboards and screen readers reach."""
    name = escape(f"Attention: {picture.excerpt}")
    return (
        f'<div class="trend-scroll" role="region" tabindex="0" dir="{picture.direction}" aria-label="{name}">'
        f"{table}</div>"
    )


def _header(picture: Picture) -> str:
    cells = []
    for word, text in enumerate(picture.words):
        mark = mark_of(picture, word)
        label = f'<small class="trend-{mark}" lang="en">{mark}</small> ' if mark else ""
        cells.append(f'<th scope="col">{label}<bdi>{escape(text)}</bdi></th>')
    return f'<tr lang="{escape(picture.lang)}"><td></td>{"".join(cells)}</tr>'


def _body(picture: Picture, rows: list[Row]) -> str:
    values = np.array([row.values for row in rows], dtype=np.float32)
    of_rows = zip(rows, shades(values), strict=True)
    return f"<tbody>{''.join(_row(picture, row, row_shades) for row, row_shades in of_rows)}</tbody>"


def _row(picture: Picture, row: Row, row_shades: list[int]) -> str:
    values = row.values.tolist()
    cells = [
        f'<td class="trend-{shade}">{value:.2f}</td>' for value, shade in zip(values, row_shades, strict=True)
    ]
    for word in row.tied or [row.leader]:
        does = "leads" if not row.tied else "ties"
        mark = _TIED if row.tied else _LEADS
        cells[word] = f'<td class="trend-{row_shades[word]} trend-{does}">{values[word]:.2f}{mark}</td>'
    label = ' <small class="trend-focus">decides</small>' if row.decides else ""
    start = '<tr class="trend-decides">' if row.decides else "<tr>"
    return f'{start}<th scope="row">{row.name}{label}</th>{"".join(cells)}</tr>'
