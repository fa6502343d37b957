"""The style "similarity": two texts side by side, their words shaded by what they add to the cosine."""

from html import escape
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from ..attribution.interface import PairPart, Parts, SimilarityAttribution
from ..messages import shorten
from .markup import (
    Drawing,
    digits_for,
    figure,
    flowing_text,
    greatest,
    no_words,
    not_finite_note,
    part_shades,
    scale,
    signed,
)
from .options import Options
from .parts import check_words
from .picture import Picture, picture_of

#: How many pairs are named, if the options do not say.
_NAMED = 5


def draw_similarity(
    one: Doc | Span, other: Doc | Span, attribution: Any, options: Options, is_compact: bool
) -> Drawing:
    """Return two texts side by side, and the pairs of words that add most to their similarity.

    Args:
        one: a doc or span.
        other: another.
        attribution: their `SimilarityAttribution`; None to make it.
        options: as `read_options` returns them.
        is_compact: whether the table of pairs is left out.

    Raises:
        ValueError: for an attribution that is none of the two, or as `picture_of` and `attribute_similarity`.
    """
    pictures = picture_of(one), picture_of(other)
    similarity = _similarity_of(one, other, attribution)
    check_words(pictures[0], similarity.words.tolist(), similarity.texts)
    check_words(pictures[1], similarity.other_words.tolist(), similarity.other_texts)
    digits = digits_for(np.append(similarity.parts, similarity.score))
    pairs = [pair for pair in similarity.top(options.top or _NAMED) if pair.part != 0]
    sums = similarity.rows, similarity.columns
    numbers = [
        _numbers(pictures[0], [pair.token for pair in pairs]),
        _numbers(pictures[1], [pair.other_token for pair in pairs]),
    ]
    sides = [_side(*side, digits) for side in zip(pictures, sums, numbers, strict=True)]
    content = f'<div class="trend-sides">{"".join(sides)}</div>'
    if pairs and not is_compact:
        content += _table(similarity, pairs, digits)
    heading = " | ".join(picture.excerpt for picture in pictures)
    caption = (
        f"cosine <b>{signed(similarity.score, digits)}</b>, the sum of {similarity.parts.size} pairs of words"
    )
    return Drawing(heading, figure([caption], content), _notes(similarity))


def _similarity_of(one: Doc | Span, other: Doc | Span, attribution: Any) -> SimilarityAttribution:
    if attribution is None:
        # Here, because of all pictures this one alone computes what it shows.
        from ..attribution import attribute_similarity

        return attribute_similarity(one, other)
    if not isinstance(attribution, SimilarityAttribution):
        raise ValueError(
            f"render: got the attribution {shorten(attribution)} of type {type(attribution).__name__} for "
            "two texts. Expected a SimilarityAttribution: leave it out, or call attribute_similarity(a, b)."
        )
    return attribution


def _numbers(picture: Picture, tokens: list[int]) -> dict[int, str]:
    """Return the numbers of the pairs that each word belongs to, from 1."""
    positions = {token: word for word, token in enumerate(picture.tokens)}
    numbers: dict[int, list[str]] = {}
    for number, token in enumerate(tokens, start=1):
        numbers.setdefault(positions[token], []).append(str(number))
    return {word: ",".join(of_word) for word, of_word in numbers.items()}


def _side(picture: Picture, sums: Parts, numbers: dict[int, str], digits: str) -> str:
    if not picture.words:
        return f"<div>{no_words(picture)}</div>"
    titles = [signed(value, digits) for value in sums.tolist()]
    return f"<div>{flowing_text(picture, part_shades(sums, greatest(sums)), titles, numbers)}</div>"


def _table(similarity: SimilarityAttribution, pairs: list[PairPart], digits: str) -> str:
    shades = part_shades(np.array([pair.part for pair in pairs]), greatest(similarity.parts))
    rows = []
    for number, (pair, shade) in enumerate(zip(pairs, shades, strict=True), start=1):
        words = f"<bdi>{escape(pair.text)}</bdi>, <bdi>{escape(pair.other_text)}</bdi>"
        part = f'<td class="trend-{shade}">{signed(pair.part, digits)}</td>'
        rows.append(f'<tr><th scope="row">{number}. {words}</th>{part}</tr>')
    others = similarity.parts.size - len(pairs)
    sums = [("cosine", similarity.score)]
    if others:
        rest = float(similarity.parts.sum()) - sum(pair.part for pair in pairs)
        sums.insert(0, (f"{others} other pair{'s' if others > 1 else ''}", rest))
    rows += [f'<tr><th scope="row">{name}</th><td>{signed(value, digits)}</td></tr>' for name, value in sums]
    header = '<thead><tr><th scope="col">pair</th><th scope="col">part</th></tr></thead>'
    caption = "<caption>The strongest pairs</caption>"
    return f'<table class="trend-parts">{caption}{header}<tbody>{"".join(rows)}</tbody></table>'


def _notes(similarity: SimilarityAttribution) -> list[str]:
    return [
        "Shade: what a word adds to the cosine with all words of the other text, in proportion to the "
        f"greatest of its text: {scale('n', is_falling=True)} less alike (dotted line), {scale('p')} more "
        "alike (solid line). Numbers behind words are those of the strongest pairs. The parts of all pairs "
        "add up to the cosine.",
        *not_finite_note(similarity.parts),
    ]
