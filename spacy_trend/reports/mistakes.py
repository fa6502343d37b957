"""The misclassified texts of a report, each with its words' parts."""

from ..visualize.markup import Drawing, label_markup
from ..visualize.options import Options
from ..visualize.page import with_legend
from ..visualize.parts import draw_parts
from ..visualize.picture import picture_of
from .contents import Contents
from .markup import scrolling
from .reasons import TextReasons

#: From how many characters on a text stands in a box that scrolls.
LONG = 1500


def draw_mistakes(report: Contents) -> str:
    """Return the misclassified texts, the most confident first.

    Args:
        report: whose texts they are.
    """
    mistakes = report.mistakes
    if not mistakes:
        return "<p>None.</p>"
    shown = mistakes[: report.limit]
    first = "is shown" if len(shown) == 1 else f"{len(shown):,} are shown"
    limited = f" The first {first}." if len(shown) < len(mistakes) else ""
    note = (
        f"{len(mistakes):,} of {len(report.texts):,} texts, those first whose wrong label leads the true one "
        f"most. Each word is shaded by its part of that lead.{limited}"
    )
    drawings = [_drawing(text, number) for number, text in enumerate(shown, start=1)]
    figures = "".join(drawing.figure for drawing in drawings)
    return f"<p>{note}</p>{with_legend(drawings, figures)}"


def _drawing(text: TextReasons, number: int) -> Drawing:
    """Return a text as an article, with its heading."""
    # Of the misclassified, the docs were kept.
    assert text.doc is not None  # noqa: S101
    drawing = draw_parts(picture_of(text.doc), text.attribution, Options(), is_compact=True)
    figure = drawing.figure
    if len(text.text) > LONG:
        figure = scrolling(f"Text {number}", figure, "report-long")
    unknown = (
        ""
        if text.attribution.against == text.label
        else " <small>(a label that the classifier does not know)</small>"
    )
    heading = (
        f'<h3 id="mistake-{number}"><small>{number}</small> {label_markup(text.predicted)} '
        f"<small>instead of</small> {label_markup(text.label)}{unknown}</h3>"
    )
    article = f'<article aria-labelledby="mistake-{number}">{heading}{figure}</article>'
    return Drawing(drawing.heading, article, drawing.notes)
