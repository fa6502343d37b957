"""A report as a page that a person can act on."""

from html import escape

from ..visualize.markup import label_markup
from ..visualize.page import as_document
from ..visualize.style_sheet import STYLE_SHEET as PICTURES
from .contents import LINES, Contents
from .duplicates import LEAST_COSINE, MOST_PAIRS, MOST_TEXTS
from .markup import excerpt, row, scrolling, table
from .mistakes import draw_mistakes
from .push_tables import draw_pushes
from .style_sheet import STYLE_SHEET

TITLE = "What the classifier got right and wrong, and why"
#: For how many labels the confusion matrix is shown; for more, the most frequent confusions are.
MOST_LABELS = 20
MOST_CONFUSIONS = 50
#: Of how many characters a label in the matrix is, at most.
NAME = 40
#: The number of shades of the pictures' style sheet, less one.
_LAST_SHADE = 9


def draw_report(report: Contents) -> str:
    """Return a complete HTML document.

    Args:
        report: what it shows.
    """
    sections = [
        ("scores", "Scores", _scores(report)),
        ("confusions", "Which labels are taken for which", _confusions(report)),
        ("misclassified", f"Misclassified texts ({len(report.mistakes):,})", draw_mistakes(report)),
        ("words", "The words that push each label", draw_pushes(report)),
        ("near-duplicates", "Nearly the same texts with different labels", _duplicates(report)),
    ]
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in sections)
    index = f'<nav aria-label="Contents"><ol>{links}</ol></nav>'
    content = "".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>{markup}</section>'
        for name, title, markup in sections
    )
    sheet = f"<style>{PICTURES}{STYLE_SHEET}</style>"
    return as_document(TITLE, "spacy-trend trend-report", sheet, index + content)


def _scores(report: Contents) -> str:
    accuracy, accuracy_interval, macro_f1, macro_f1_interval = report.scores.in_percent()
    measures = table(
        f"Of {len(report.texts):,} texts, in percent",
        ("measure", "value", "95% interval"),
        [row("accuracy", (accuracy, accuracy_interval)), row("macro F1", (macro_f1, macro_f1_interval))],
    )
    note = (
        f"Every text stands in <code>{LINES}</code>, too: with its label, the predicted one, and the parts "
        "of its words."
    )
    return f"{measures}<p>{note}</p>"


def _confusions(report: Contents) -> str:
    if len(report.confusion.labels) <= MOST_LABELS:
        note = (
            "A row for each true label, a column for each predicted one; shaded by the share of the row's "
            "texts. Bold: right."
        )
        return f"<p>{note}</p>{scrolling('Confusion matrix', _matrix(report))}"
    mistakes = report.confusion.mistakes()
    shown = mistakes[:MOST_CONFUSIONS]
    rows = [
        row(label_markup(true, 2 * NAME), (label_markup(predicted, 2 * NAME), f"{count:,}"))
        for true, predicted, count in shown
    ]
    caption = (
        f"The most frequent of {len(mistakes):,} confusions among {len(report.confusion.labels):,} labels"
    )
    return scrolling(
        "Confusions", table(caption, ("true label", "predicted label", "texts"), rows, "report-confusions")
    )


def _matrix(report: Contents) -> str:
    labels = [label_markup(label, NAME) for label in report.confusion.labels]
    rows = []
    for number, counts in enumerate(report.confusion.matrix.tolist()):
        total = sum(counts)
        cells = "".join(_count(count, total, is_right=place == number) for place, count in enumerate(counts))
        right = f"{100 * counts[number] / total:.0f}%" if total else "none"
        totals = f"<td>{total:,}</td><td>{right}</td>"
        rows.append(f'<tr><th scope="row">{labels[number]}</th>{cells}{totals}</tr>')
    caption = f"Confusions of {len(report.texts):,} texts"
    return table(caption, ("true label", *labels, "texts", "right"), rows, "report-matrix")


def _count(count: int, total: int, *, is_right: bool) -> str:
    shade = round(_LAST_SHADE * count / total) if total else 0
    classes = f"trend-{shade}" if count else "report-zero"
    return f'<td class="{classes}{" report-right" if is_right else ""}">{count:,}</td>'


def _duplicates(report: Contents) -> str:
    found = report.duplicates
    compared = (
        "" if len(report.texts) <= MOST_TEXTS else f" Only the first {MOST_TEXTS:,} texts were compared."
    )
    if not found:
        return f"<p>None: no two of them have vectors with a cosine of {LEAST_COSINE} or more.{compared}</p>"
    most = f" The {MOST_PAIRS} most alike are shown." if len(found) == MOST_PAIRS else ""
    note = (
        f"Their vectors have a cosine of {LEAST_COSINE} or more, yet their labels differ: often one of the "
        f"two labels is wrong.{most}{compared}"
    )
    pairs = "".join(
        f"<li><p>cosine {pair.cosine:.3f}</p>{_side(report, pair.text)}{_side(report, pair.other)}</li>"
        for pair in found
    )
    return f'<p>{note}</p><ol class="report-pairs">{pairs}</ol>'


def _side(report: Contents, place: int) -> str:
    text = report.texts[place]
    said = "" if text.is_right else f" <small>predicted: {label_markup(text.predicted)}</small>"
    label = f'<span class="report-label">{label_markup(text.label)}</span>'
    return f"<p>{label} {excerpt(text.text, text.lang)}{said}</p>"
