"""The picture of an attribution: a text whose words are shaded by their parts of a score, and the sum."""

from html import escape
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from ..attribution.interface import Attribution, Parts
from ..messages import shorten
from .markup import (
    Drawing,
    digits_for,
    figure,
    flowing_text,
    greatest,
    label_markup,
    no_words,
    not_finite_note,
    part_shades,
    scale,
    signed,
)
from .options import Options
from .picture import Picture

#: How many words with the greatest parts are named, if the options do not say.
_NAMED = 8
LEAVE_ONE_OUT = "leave_one_out"


def draw_parts(picture: Picture, attribution: Attribution, options: Options, is_compact: bool) -> Drawing:
    """Return the text shaded by the parts, and how they add up to the score.

    Args:
        picture: of the doc or span that the attribution is of.
        attribution: its attribution.
        options: as `read_options` returns them.
        is_compact: whether the table of the greatest parts is left out.
    """
    numbers = np.array([attribution.bias, attribution.score, *attribution.parts.tolist()])
    digits = digits_for(numbers)
    # A word may stand in a text twice: the positions of tokens tell them apart.
    positions = {token: word for word, token in enumerate(picture.tokens)}
    top = attribution.top(options.top or _NAMED)
    words = [positions[part.token] for part in top]
    content = no_words(picture) if not picture.words else _text(picture, attribution.parts, words, digits)
    content += _sum(attribution, digits)
    if not is_compact and picture.words:
        content += _table(picture, attribution, words, digits)
    return Drawing(picture.excerpt, figure([_score(attribution, digits)], content), _notes(attribution))


def check_attribution(item: Doc | Span, picture: Picture, attribution: Any) -> None:
    """Refuse an attribution that is not of the doc or span.

    Args:
        item: what is drawn.
        picture: of it.
        attribution: what came with it.

    Raises:
        ValueError: for anything but an `Attribution`, or one of other words.
    """
    if not isinstance(attribution, Attribution):
        raise ValueError(
            f"render: got the attribution {shorten(attribution)} of type {type(attribution).__name__} for "
            f"the text {item.text[:40]!r}. Expected an Attribution: call attribute_prediction(classifier, "
            "item)."
        )
    check_words(picture, attribution.words.tolist(), attribution.texts)


def check_words(picture: Picture, tokens: list[int], texts: tuple[str, ...]) -> None:
    """Refuse words that are not those of a doc or span.

    Args:
        picture: of the doc or span.
        tokens: the positions of the words among the doc's tokens.
        texts: the words.

    Raises:
        ValueError: if they are others.
    """
    if tokens != picture.tokens or list(texts) != picture.words:
        raise ValueError(
            f"render: got an attribution of the words {shorten(' '.join(texts))}, but the text has the words "
            f"{shorten(' '.join(picture.words))}. Expected the attribution of the very doc or span that is "
            "drawn: make it of this one."
        )


def _text(picture: Picture, parts: Parts, words: list[int], digits: str) -> str:
    written = [signed(part, digits) for part in parts.tolist()]
    # What adds nothing is not named among the greatest, though there may be none greater.
    nothing = signed(0.0, digits), signed(-0.0, digits)
    labels = {word: written[word] for word in words if written[word] not in nothing}
    return flowing_text(picture, part_shades(parts, greatest(parts)), written, labels)


def _score(attribution: Attribution, digits: str) -> str:
    label, against = (
        None if name is None else f"<strong>{label_markup(name)}</strong>"
        for name in (attribution.label, attribution.against)
    )
    speaks = (f" for {label}" if label else "") + (f" against {against}" if against else "")
    return f"score{speaks}: <b>{signed(attribution.score, digits)}</b>"


def _sum(attribution: Attribution, digits: str) -> str:
    score = f"score <b>{signed(attribution.score, digits)}</b>"
    if attribution.method == LEAVE_ONE_OUT:
        return f'<p class="trend-sum">{score}; the parts do not add up to it.</p>'
    terms = [("bias", attribution.bias), ("parts", float(attribution.parts.sum()))]
    # The terms are shown as they are: what they leave unexplained is not hidden in one of them.
    if signed(abs(attribution.delta), digits) != signed(0.0, digits):
        terms.append(("unexplained", attribution.delta))
    left = " + ".join(f"{name} <b>{signed(value, digits)}</b>" for name, value in terms)
    return f'<p class="trend-sum">{left} = {score}</p>'


def _table(picture: Picture, attribution: Attribution, words: list[int], digits: str) -> str:
    parts = attribution.parts
    shades = part_shades(parts, greatest(parts))
    rows = [
        _row(
            f"<bdi>{escape(picture.words[word])}</bdi> (token {picture.tokens[word]})",
            parts[word],
            digits,
            shades[word],
        )
        for word in words
    ]
    others = len(parts) - len(words)
    if attribution.method != LEAVE_ONE_OUT:
        if others:
            rest = float(np.delete(parts, words).sum())
            rows.append(_row(f"{others} other word{'s' if others > 1 else ''}", rest, digits))
        rows += [_row("bias", attribution.bias, digits), _row("score", attribution.score, digits)]
    header = '<thead><tr><th scope="col">word</th><th scope="col">part</th></tr></thead>'
    caption = f"<caption>The {'greatest parts' if others else 'parts'}</caption>"
    return f'<table class="trend-parts">{caption}{header}<tbody>{"".join(rows)}</tbody></table>'


def _row(name: str, value: float, digits: str, shade: str = "") -> str:
    colour = f' class="trend-{shade}"' if shade else ""
    return f'<tr><th scope="row">{name}</th><td{colour}>{signed(value, digits)}</td></tr>'


def _notes(attribution: Attribution) -> list[str]:
    how = (
        "A part is what the score loses when the text is encoded without the word. Parts do not add up to "
        "the score, because words also change each other's vectors."
        if attribution.method == LEAVE_ONE_OUT
        else "A part is what the word's own position adds to the score. Bias and parts add up to the score."
    )
    return [
        f"Shade: the size of a part, {scale('n', is_falling=True)} against (dotted line), {scale('p')} for "
        "(solid line). The greatest parts are written behind their words.",
        how,
        *not_finite_note(attribution.parts),
    ]
