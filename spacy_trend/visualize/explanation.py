"""Why a vector is what it is: a doc's words, the attention they receive and the pair, as data or text."""

import shutil
from typing import Any

import numpy as np
from spacy.tokens import Doc, Token
from wasabi import table

from ..attributes.record import RECORD
from ..method.segments import as_lengths, segment_leaders


def explain(doc: Doc) -> dict[str, Any]:
    """What the vector of a doc came from, as plain data.

    doc: one that `trend_vector` ran on.
    RETURNS: `text`; `words`, their texts; `attention`, rows x words, attention received; `focus` and
        `related`, `{"i": token index, "text": ...}` or None; `vector`, `(width,)`. All numbers are floats.
    """
    record = doc._.get(RECORD)
    return {
        "text": doc.text,
        "words": [doc[int(i)].text for i in record["tokens"]],
        "attention": record["attention"].tolist(),
        "focus": _as_json(doc._.trend_focus),
        "related": _as_json(doc._.trend_related),
        "vector": doc._.trend_vector.tolist(),
    }


def format_explanation(explanation: dict[str, Any], width: int | None = None) -> str:
    """An explanation as text: tables no wider than the terminal, the pair, the first ten numbers.

    explanation: as `explain` returns it.
    width: of a line, in characters; None for the terminal's.
    """
    attention = np.array(explanation["attention"], dtype=np.float32)
    words = explanation["words"]
    leaders = segment_leaders(attention, as_lengths(None, len(words)))[:, 0]
    cells = [
        [f"{value:.2f}{'*' if word == leader else ' '}" for word, value in enumerate(row)]
        for row, leader in zip(attention, leaders, strict=True)
    ]
    lines = []
    for first, last in _columns(words, width or shutil.get_terminal_size().columns):
        rows = [[str(row), *values[first:last]] for row, values in enumerate(cells)]
        header = ["row", *words[first:last]]
        lines.append(table(rows, header=header, divider=True, aligns=["r"] * len(header)))
    if not words:
        lines.append(_no_words(explanation["text"]))
    lines += [f"{name:8} {_shown(explanation[name])}" for name in ("focus", "related")]
    lines.append("vector   " + " ".join(f"{value:.4f}" for value in explanation["vector"][:10]) + " ...")
    return "\n".join(lines)


def _columns(words: list[str], width: int) -> list[tuple[int, int]]:
    """Ranges of words whose columns fit a line; at least one word each."""
    ranges, first, used = [], 0, 6
    for last, word in enumerate(words):
        needed = max(len(word), 6) + 3
        if last > first and used + needed > width:
            ranges.append((first, last))
            first, used = last, 6
        used += needed
    return [*ranges, (first, len(words))] if words else []


def _no_words(text: str) -> str:
    """Why a text has no words, and so no table and no focus."""
    if not text.strip():
        return f"No word: the text is empty, {text!r}."
    return "No word: all tokens are punctuation or space, or have no wordpiece."


def _shown(word: dict[str, Any] | None) -> str:
    return "-" if word is None else f"{word['text']} (token {word['i']})"


def _as_json(token: Token | None) -> dict[str, Any] | None:
    return None if token is None else {"i": token.i, "text": token.text}
