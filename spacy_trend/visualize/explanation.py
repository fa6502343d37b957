"""Where a doc's vector comes from, as data or as text: its words, their attention and the pair."""

import json
import math
import shutil
from typing import Any

import numpy as np
from spacy.tokens import Doc, Token
from wasabi import table

from ..attributes.record import checked_record
from ..messages import without_controls
from ..method.segments import as_lengths, segment_leaders


def explain(doc: Doc) -> dict[str, Any]:
    """Return where the vector of a doc comes from, as plain data.

    Args:
        doc: a doc that `trend_vector` ran on.

    Returns:
        a dictionary: `text`; `words`, their texts; `weights` and `importance`, floats, one a word;
        `attention`, the attention received, floats, rows by words; `focus` and `related`, `{"i": token index,
        "text": ...}` or None; `vector`, floats, `(width,)`. NaN and infinite numbers stay as they are.

    Raises:
        ValueError: if `trend_vector` has not run on the doc, its tokens changed since, or its record is
            damaged.
    """
    record = checked_record(doc)
    if record is None:
        raise ValueError(
            f"Cannot explain the text {doc.text[:40]!r}: got a doc without a trend vector. Expected a doc "
            "that 'trend_vector' ran on: nlp.add_pipe('trend_vector'), then call nlp on the text."
        )
    return {
        "text": doc.text,
        "words": [doc[int(i)].text for i in record["tokens"]],
        "weights": record["weights"].tolist(),
        "importance": record["importance"].tolist(),
        "attention": record["attention"].tolist(),
        "focus": _as_json(doc._.trend_focus),
        "related": _as_json(doc._.trend_related),
        "vector": doc._.trend_vector.tolist(),
    }


def as_json_line(explanation: dict[str, Any]) -> str:
    """Return an explanation as JSON in a line, with null for NaN and infinite numbers, which JSON lacks.

    Args:
        explanation: as `explain` returns it.
    """
    return json.dumps(_without_odd_numbers(explanation), allow_nan=False)


def format_explanation(explanation: dict[str, Any], width: int | None = None) -> str:
    """Return an explanation as text: tables no wider than a line, the pair, the first ten numbers.

    Args:
        explanation: as `explain` returns it.
        width: characters in a line; None for the terminal's width.
    """
    # Read from JSON, NaN is None.
    attention = np.array(explanation["attention"], dtype=np.float32)
    vector = np.array(explanation["vector"], dtype=np.float32)
    words = [without_controls(word) for word in explanation["words"]]
    leaders = segment_leaders(attention, as_lengths(None, len(words)))[:, 0]
    cells = [
        [f"{value:.2f}{'*' if word == leader else ' '}" for word, value in enumerate(row)]
        for row, leader in zip(attention, leaders, strict=True)
    ]
    lines = [_words_table(words, explanation)] if words else []
    for first, last in _column_ranges(words, width or shutil.get_terminal_size().columns):
        rows = [[str(row), *values[first:last]] for row, values in enumerate(cells)]
        header = ["row", *words[first:last]]
        lines.append(table(rows, header=header, divider=True, aligns=["r"] * len(header)))
    if not words:
        lines.append(_no_words(explanation["text"]))
    lines += [f"{name:8} {_shown(explanation[name])}" for name in ("focus", "related")]
    lines.append("vector   " + " ".join(f"{value:.4f}" for value in vector[:10]) + " ...")
    return "\n".join(lines)


def _words_table(words: list[str], explanation: dict[str, Any]) -> str:
    numbers = np.array([explanation["weights"], explanation["importance"]], dtype=np.float32).T.tolist()
    rows = [
        [word, *(f"{value:.3f}" for value in of_word)] for word, of_word in zip(words, numbers, strict=True)
    ]
    return str(table(rows, header=["word", "weight", "importance"], divider=True, aligns=["l", "r", "r"]))


def _column_ranges(words: list[str], width: int) -> list[tuple[int, int]]:
    """Return ranges of words whose columns fit into a line, with at least one word each."""
    ranges, first, used = [], 0, 6
    for last, word in enumerate(words):
        needed = max(len(word), 6) + 3
        if last > first and used + needed > width:
            ranges.append((first, last))
            first, used = last, 6
        used += needed
    return [*ranges, (first, len(words))] if words else []


def _no_words(text: str) -> str:
    """Return why a text has no words, and so no table and no focus."""
    if not text.strip():
        return f"No words: the text is blank, {text!r}."
    return "No words: all tokens are punctuation or spaces, or have no wordpiece."


def _shown(word: dict[str, Any] | None) -> str:
    return "-" if word is None else f"{without_controls(word['text'])} (token {word['i']})"


def _as_json(token: Token | None) -> dict[str, Any] | None:
    return None if token is None else {"i": token.i, "text": token.text}


def _without_odd_numbers(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _without_odd_numbers(part) for name, part in value.items()}
    return [_without_odd_numbers(part) for part in value] if isinstance(value, list) else value
