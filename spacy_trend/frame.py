"""What stands around a drawing: the pair above it, and the region that it scrolls in."""

from html import escape

from .picture import Picture


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
