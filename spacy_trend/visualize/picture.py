"""What a picture of a doc or span shows, as plain data, whatever its style."""

import json
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..attributes.record import Record, checked_record, words_in
from ..method.segments import as_lengths, segment_leaders
from ..types import Floats, Ints

LEADING_PAIR = "spacy-trend.leading_pair.v1"


#: How many shades there are besides none.
SHADES = 10


@dataclass(frozen=True)
class Picture:
    """What a picture shows. All positions are among the words of the doc or span, from 0.

    pieces: the text in order, each with the position of the word that it is, or None; together they are the
        whole text.
    words: their texts.
    tokens: their positions among the doc's tokens.
    attention: float32 `(rows, words)`, attention received.
    leaders: int64 `(rows,)`, -1 where there is no word.
    focus, related: positions, or None.
    is_mean: whether there is no focus because the vector is a mean of sentences.
    select: the config of the selection.
    lang: the code of the text's language, as HTML has it.
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
        """What one row is: "head", "layer", or "row" where the selection's config does not say."""
        names = {"heads": "head", "layers": "layer"}
        return names[self.select["rows"]] if self.select["@misc"] == LEADING_PAIR else "row"

    @property
    def deciding_row(self) -> int | None:
        """The row whose leader is the focus by the selection's own rule; None where none decides alone."""
        decides = self.select["@misc"] == LEADING_PAIR and self.select["focus"] == "last"
        return len(self.attention) - 1 if decides and self.focus is not None else None

    @property
    def excerpt(self) -> str:
        """The start of the text, in one line."""
        text = " ".join("".join(text for text, _ in self.pieces).split())
        return text if len(text) <= 80 else text[:79].rstrip() + "…"


def picture_of(item: Doc | Span) -> Picture:
    """Gather what a picture shows of a doc, or of a span: its words alone, the selection made among them.

    RAISES: ValueError where `trend_vector` has not run on the doc, or its tokens are others since.
    """
    record = checked_record(item)
    if record is None:
        raise ValueError(
            f"The text {item.text[:40]!r} cannot be drawn: got a doc without a trend vector. Expected one "
            "that 'trend_vector' ran on: nlp.add_pipe('trend_vector'), then call nlp on the text. Of a "
            "phrase, draw the span itself: Span.as_doc() keeps nothing of its doc."
        )
    doc, start = (item, 0) if isinstance(item, Doc) else (item.doc, item.start)
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
        select=json.loads(record["select"]),
        # spaCy's code for several languages is none of HTML's.
        lang="mul" if doc.lang_ == "xx" else doc.lang_,
        direction=_direction(item),
    )


def shades(values: Floats) -> list[Any]:
    """Shades in proportion to values, from 0 to `SHADES` - 1, the greatest finite value's; nested lists.

    values: float32 of any shape, not negative. One that is not finite gets shade 0: its number says so.
    """
    is_finite = np.isfinite(values)
    finite = np.where(is_finite, values, 0)
    most = finite.max(initial=0)
    scaled: list[Any] = np.rint((SHADES - 1) * finite / (most or 1)).astype(int).tolist()
    return scaled


def most_of(values: Floats) -> float:
    """The greatest finite value, which has the darkest shade; 0 where there is none.

    values: float32 of any shape.
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
    """Whether a doc without a focus has one as a whole: then words were selected sentence by sentence."""
    return isinstance(item, Doc) and len(record["tokens"]) > 0 and item[:]._.trend_focus is not None


def _direction(item: Doc | Span) -> str:
    """That of the language's script, or of the text's first letter, as HTML finds it for `dir="auto"`."""
    if item.vocab.writing_system.get("direction") == "rtl":
        return "rtl"
    for character in item.text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"
