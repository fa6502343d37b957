"""The picture in style "attention": a table of rows and words, shaded by attention received."""

from html import escape

from .frame import region
from .legend import legend, rows_are, scale
from .picture import Picture, shades

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
