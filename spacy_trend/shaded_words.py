"""The picture in style "words": the text, its words shaded by attention received, and an arc between two."""

from html import escape

from .frame import region
from .legend import legend, rows_are, scale
from .picture import Picture, shades

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
