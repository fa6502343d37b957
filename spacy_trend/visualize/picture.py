"""The data that a picture of a doc or span shows, whatever its style."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..attributes.record import Record, checked_record, mutual_of, words_in
from ..attributes.stored_selection import config_of
from ..method.mutual_attention import mutual_with
from ..method.segments import as_lengths, segment_leaders
from ..types import Floats, Ints

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
        importance: float32 `(words,)`, the words' shares of the attention received by all words of the doc.
        shared: float32 `(words,)`, the words' mutual attention with the focus; None if the selection does not
            read it, or there is no focus.
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
    importance: Floats
    shared: Floats | None
    focus: int | None
    related: int | None
    is_mean: bool
    select: dict[str, Any]
    lang: str
    direction: str

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(text for text, _ in self.pieces)

    @property
    def excerpt(self) -> str:
        """The start of the text, as one line."""
        text = " ".join(self.text.split())
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
        importance=record["importance"][words],
        shared=_shared(record, words, focus),
        focus=focus,
        related=related,
        is_mean=focus is None and _is_mean(item, record),
        select=config_of(record),
        # HTML does not know spaCy's code for several languages.
        lang="mul" if doc.lang_ == "xx" else doc.lang_,
        direction=_direction(item),
    )


def shades(values: Floats, *, least: float = 0.0) -> list[Any]:
    """Return shades in proportion to values, up to `SHADES` - 1 for the greatest finite value.

    Args:
        values: float32 of any shape, none below the least. One that is not finite gets shade 0: its number
            tells.
        least: the value that has shade 0.

    Returns:
        nested lists of integers, in the shape of the values.
    """
    # In float64, because the greatest numbers of float32 have no multiples there.
    above = np.where(np.isfinite(values), values.astype(np.float64) - least, 0)
    most = above.max(initial=0)
    scaled: list[Any] = np.rint((SHADES - 1) * above / (most or 1)).astype(int).tolist()
    return scaled


def _shared(record: Record, words: slice, focus: int | None) -> Floats | None:
    mutual = mutual_of(record, words)
    if focus is None or len(mutual.places) == 0:
        return None
    return mutual_with(np.full(len(mutual.places), focus, dtype=np.int64), mutual)


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
    return direction_of(item.text)


def direction_of(characters: Iterable[str], otherwise: str = "ltr") -> str:
    """Return the direction of the first letter, "ltr" or "rtl".

    Args:
        characters: a text, or its characters in another order.
        otherwise: what to return if there is no letter.
    """
    for character in characters:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return otherwise
