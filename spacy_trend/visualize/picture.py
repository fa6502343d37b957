"""The data that a picture of a doc or span shows, whatever its style."""

import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..attributes.record import Record, checked_record, words_in
from ..attributes.stored_selection import config_of
from ..method.segments import as_lengths, segment_leaders
from ..types import Floats, Ints

LEADING_PAIR = "spacy-trend.leading_pair.v1"
#: The number of shades.
SHADES = 10


@dataclass(frozen=True)
class Picture:
    """The contents of a picture. Positions count the words of the doc or span, from 0.

    Attributes:
        pieces: the text in pieces that add up to all of it, each with its word's position, or None.
        words: the words' texts.
        tokens: the words' positions among the doc's tokens.
        attention: float32 `(rows, words)`, attention received.
        leaders: int64 `(rows,)`, positions of the rows' leaders; -1 if there are no words.
        focus: its position, or None.
        related: the related word's position, or None.
        is_mean: whether there is no focus because the vector is a mean of sentences.
        select: the config of the selection.
        lang: the HTML code of the text's language.
        direction: "ltr" or "rtl".
    """

    pieces: list[tuple[str, int | None]]
    words: list[str]
    tokens: list[int]
    attention: Floats
    leaders: Ints
    focus: int | None
    related: int | None
    is_mean: bool
    select: dict[str, Any]
    lang: str
    direction: str

    @property
    def row_name(self) -> str:
        """The name of a row: "head", "layer", or "row" if the selection's config does not say."""
        names = {"heads": "head", "layers": "layer"}
        return names[self.select["rows"]] if self.select["@misc"] == LEADING_PAIR else "row"

    @property
    def deciding_row(self) -> int | None:
        """The row whose leader is the focus by the selection's rule; None if no row decides alone."""
        decides = self.select["@misc"] == LEADING_PAIR and self.select["focus"] == "last"
        return len(self.attention) - 1 if decides and self.focus is not None else None

    @property
    def excerpt(self) -> str:
        """The start of the text, as one line."""
        text = " ".join("".join(text for text, _ in self.pieces).split())
        return text if len(text) <= 80 else text[:79].rstrip() + "…"


def picture_of(item: Doc | Span) -> Picture:
    """Return the picture of a doc or span.

    Args:
        item: a doc or span that `trend_vector` ran on. A span shows only its own words, and the pair
            selected among them.

    Raises:
        ValueError: if `trend_vector` has not run on the doc, its tokens changed since, or its record is
            damaged or names a selection that is not known here.
    """
    record = checked_record(item)
    if record is None:
        raise ValueError(
            f"Cannot draw the text {item.text[:40]!r}: got a doc without a trend vector. Expected a doc that "
            "'trend_vector' ran on: nlp.add_pipe('trend_vector'), then call nlp on the text. To draw a "
            "phrase, pass the span itself: Span.as_doc() loses the trend vector."
        )
    doc = item if isinstance(item, Doc) else item.doc
    words = words_in(record, item)
    tokens = record["tokens"][words].tolist()
    positions = {token: word for word, token in enumerate(tokens)}
    attention = record["attention"][:, words]
    focus, related = (_position(token, positions) for token in (item._.trend_focus, item._.trend_related))
    return Picture(
        pieces=_pieces(item, positions),
        words=[doc[token].text for token in tokens],
        tokens=tokens,
        attention=attention,
        leaders=segment_leaders(attention, as_lengths(None, len(tokens)))[:, 0],
        focus=focus,
        related=related,
        is_mean=focus is None and _is_mean(item, record),
        select=config_of(record),
        # HTML does not know spaCy's code for several languages.
        lang="mul" if doc.lang_ == "xx" else doc.lang_,
        direction=_direction(item),
    )


def shades(values: Floats) -> list[Any]:
    """Return shades in proportion to values, from 0 to `SHADES` - 1 for the greatest finite value.

    Args:
        values: float32 of any shape, not negative. A value that is not finite gets shade 0: its number tells.

    Returns:
        nested lists of integers, in the shape of the values.
    """
    is_finite = np.isfinite(values)
    finite = np.where(is_finite, values, 0)
    most = finite.max(initial=0)
    scaled: list[Any] = np.rint((SHADES - 1) * finite / (most or 1)).astype(int).tolist()
    return scaled


def greatest(values: Floats) -> float:
    """Return the greatest finite value, which gets the darkest shade; 0 if there is none.

    Args:
        values: float32 of any shape, not negative.
    """
    return float(values[np.isfinite(values)].max(initial=0))


def _position(token: Token | None, positions: dict[int, int]) -> int | None:
    return None if token is None else positions[token.i]


def _pieces(item: Doc | Span, positions: dict[int, int]) -> list[tuple[str, int | None]]:
    pieces: list[tuple[str, int | None]] = []
    for token in item:
        pieces.append((token.text, positions.get(token.i)))
        if token.whitespace_:
            pieces.append((token.whitespace_, None))
    return pieces


def _is_mean(item: Doc | Span, record: Record) -> bool:
    """Return whether words were selected by sentence: no focus in the doc, but in a span of all of it."""
    return isinstance(item, Doc) and len(record["tokens"]) > 0 and item[:]._.trend_focus is not None


def _direction(item: Doc | Span) -> str:
    """Return the direction of the language's script or, as with HTML's `dir="auto"`, of the first letter."""
    if item.vocab.writing_system.get("direction") == "rtl":
        return "rtl"
    for character in item.text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"
