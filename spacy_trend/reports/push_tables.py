"""The words that push each label, as tables of a report."""

from html import escape

import numpy as np

from ..attribution.interface import Label
from ..visualize.markup import digits_for, label_markup, signed
from .contents import Contents
from .markup import excerpt_around, html_lang, row, table
from .pushes import Push

#: For how many labels there is a table: those of most texts.
MOST_LABELS = 30


def draw_pushes(report: Contents) -> str:
    """Return a table of words for each label.

    Args:
        report: whose words they are.
    """
    counts = dict.fromkeys(report.pushes, 0)
    for text in report.texts:
        # Of labels that the classifier does not know, no word pushes.
        counts[text.label] = counts.get(text.label, 0) + 1
    ordered = sorted(report.pushes, key=lambda label: -counts[label])[:MOST_LABELS]
    note = (
        "What a word, in lower case, adds to the score of the label on average; if a text has one label, "
        "how much more than to the scores of the other labels. First stand the words that add much in many "
        "places. The examples are the places where a word adds most."
    )
    hidden = len(report.pushes) - len(ordered)
    limited = f" The {MOST_LABELS} labels of most texts are shown, {hidden:,} are not." if hidden else ""
    values = [push.part for label in ordered for push in report.pushes[label]]
    digits = digits_for(np.array([0.0, *values]))
    tables = "".join(_table(report, label, digits) for label in ordered)
    return f"<p>{note}{limited}</p>{tables}"


def _table(report: Contents, label: Label, digits: str) -> str:
    heading = f"<h3><small>towards</small> {label_markup(label)}</h3>"
    pushes = report.pushes[label]
    if not pushes:
        return f"{heading}<p>No word pushes towards it.</p>"
    rows = [
        row(
            f'<bdi lang="{html_lang(report.texts[push.examples[0].text].lang)}">{escape(push.word)}</bdi>',
            (signed(push.part, digits), f"{push.occurrences:,}", _examples(report, push)),
        )
        for push in pushes
    ]
    # The heading says so to those who see.
    caption = f'<span class="trend-unseen">Words that push towards {label_markup(label)}</span>'
    return heading + table(caption, ("word", "mean part", "count", "examples"), rows, "report-words")


def _examples(report: Contents, push: Push) -> str:
    lines = []
    for example in push.examples:
        text = report.texts[example.text]
        around = excerpt_around(text.text, example.start, example.end, text.lang)
        lines.append(f"<li>{around} <small>{label_markup(text.label)}</small></li>")
    return f'<ul class="report-examples">{"".join(lines)}</ul>'
