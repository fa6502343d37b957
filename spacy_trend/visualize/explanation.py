"""Where a doc's vector, a score or a similarity comes from, as data or as text."""

import json
import math
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from spacy.tokens import Doc, Token
from wasabi import table

from ..attributes.record import checked_record
from ..attribution import Attribution, attribute_similarity
from ..messages import shorten, without_controls
from ..method.segments import as_lengths, segment_leaders

#: How many words or pairs a text names as reasons.
REASONS = 3
#: How many pairs of words data hold beside the table of all.
MOST_PAIRS = 100
#: The width of the first word of a line.
_NAME = 8


def explain(doc: Doc, attribution: Attribution | None = None) -> dict[str, Any]:
    """Return where the vector of a doc, and perhaps a score of it, comes from, as plain data.

    Args:
        doc: a doc that `trend_vector` ran on.
        attribution: a score of it in parts.

    Returns:
        a dictionary: `text`; `words`, their texts; `weights` and `importance`, floats, one a word;
        `attention`, the attention received, floats, rows by words; `focus` and `related`, `{"i": token index,
        "text": ...}` or None; `vector`, floats, `(width,)`; `attribution`, as `Attribution.to_dict` returns
        it, or None. NaN and infinite numbers stay as they are.

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
        "attribution": None if attribution is None else attribution.to_dict(),
    }


def explain_similarity(doc: Doc, other: Doc) -> dict[str, Any]:
    """Return which words make two docs similar, as plain data.

    Args:
        doc: a doc that `trend_vector` ran on.
        other: another.

    Returns:
        a dictionary: `text` and `other_text`; what `SimilarityAttribution.to_dict` returns; and `pairs`,
        those with the greatest parts, `{"text": ..., "other_text": ..., "part": ...}`.

    Raises:
        ValueError: as `attribute_similarity`.
    """
    attribution = attribute_similarity(doc, other)
    pairs = [
        {"text": pair.text, "other_text": pair.other_text, "part": pair.part}
        for pair in attribution.top(MOST_PAIRS)
    ]
    return {"text": doc.text, "other_text": other.text, **attribution.to_dict(), "pairs": pairs}


def as_json_line(explanation: Mapping[str, object]) -> str:
    """Return an explanation as JSON in a line, with null for NaN and infinite numbers, which JSON lacks.

    Args:
        explanation: as `explain` returns it, or other plain data.
    """
    return json.dumps(_without_odd_numbers(explanation), allow_nan=False)


def format_explanation(explanation: dict[str, Any], width: int | None = None, top: int | None = None) -> str:
    """Return an explanation as text: tables no wider than a line, the pair, the reasons.

    Args:
        explanation: as `explain` returns it.
        width: characters in a line; None for the terminal's width.
        top: how many words to show, those with the greatest parts or importance first; None for all, in the
            order of the text.
    """
    words = [without_controls(word) for word in explanation["words"]]
    attribution = explanation["attribution"]
    # Read from JSON, NaN is None.
    columns = {name: np.array(explanation[name], dtype=np.float64) for name in ("weights", "importance")}
    if attribution is not None:
        columns["parts"] = np.array([word["part"] for word in attribution["words"]], dtype=np.float64)
    deciding = columns.get("parts", columns["importance"])
    # A NaN goes first, so that it is seen.
    order = np.argsort(np.where(np.isnan(deciding), -np.inf, -np.abs(deciding)), kind="stable")
    lines = _attention_tables(words, explanation, width) if attribution is None and top is None else []
    lines.append(_words_table(words, columns, order[:top] if top is not None else range(len(words))))
    if not words:
        lines = [_no_words(explanation["text"])]
    lines += [f"{name:{_NAME}} {_shown(explanation[name])}" for name in ("focus", "related")]
    if attribution is not None:
        lines.append(f"{'score':{_NAME}} {_sum(attribution)}")
    sign = "" if attribution is None else "+"
    reasons = [f"{words[word]} {deciding[word]:{sign}.3f}" for word in order[:REASONS].tolist()]
    return "\n".join([*lines, f"{'reasons':{_NAME}} {', '.join(reasons) or '-'}"])


def format_similarity(explanation: dict[str, Any], top: int | None = None) -> str:
    """Return the explanation of a similarity as text: what each word adds, and the strongest pairs.

    Args:
        explanation: as `explain_similarity` returns it.
        top: how many words of each text, and pairs, to show; None for all words and a few pairs.
    """
    lines = []
    for text, words in (("text", "words"), ("other_text", "other_words")):
        parts = [(without_controls(word["text"]), word["part"]) for word in explanation[words]]
        shown = parts if top is None else sorted(parts, key=lambda part: -abs(part[1]))[:top]
        rows = [[word, f"{part:+.3f}"] for word, part in shown]
        parts_table = table(rows, header=["word", "part"], divider=True, aligns=["l", "r"])
        lines += (
            [without_controls(explanation[text]), parts_table] if parts else [_no_words(explanation[text])]
        )
    pairs = explanation["pairs"][: REASONS if top is None else top]
    named = [
        f"{without_controls(pair['text'])} ~ {without_controls(pair['other_text'])} {pair['part']:+.3f}"
        for pair in pairs
    ]
    lines.append(f"{'cosine':{_NAME}} {explanation['score']:.3f}, the sum of either text's parts")
    return "\n".join([*lines, f"{'reasons':{_NAME}} {', '.join(named) or '-'}"])


def _attention_tables(words: list[str], explanation: dict[str, Any], width: int | None) -> list[str]:
    attention = np.array(explanation["attention"], dtype=np.float32)
    leaders = segment_leaders(attention, as_lengths(None, len(words)))[:, 0]
    cells = [
        [f"{value:.2f}{'*' if word == leader else ' '}" for word, value in enumerate(row)]
        for row, leader in zip(attention, leaders, strict=True)
    ]
    tables = []
    for first, last in _column_ranges(words, width or shutil.get_terminal_size().columns):
        rows = [[str(row), *values[first:last]] for row, values in enumerate(cells)]
        header = ["row", *words[first:last]]
        tables.append(table(rows, header=header, divider=True, aligns=["r"] * len(header)))
    return tables


def _words_table(words: list[str], columns: dict[str, Any], shown: Iterable[int]) -> str:
    names = {"weights": "weight", "importance": "importance", "parts": "part"}
    signs = ["+" if name == "parts" else "" for name in columns]
    of_columns = list(zip(columns.values(), signs, strict=True))
    rows = [[words[word], *(f"{numbers[word]:{sign}.3f}" for numbers, sign in of_columns)] for word in shown]
    header = ["word", *(names[name] for name in columns)]
    return str(table(rows, header=header, divider=True, aligns=["l", *"r" * len(columns)]))


def _sum(attribution: dict[str, Any]) -> str:
    """Return what a score is of, and how it adds up."""
    label, against = attribution["label"], attribution["against"]
    of = "" if label is None else f" for {shorten(label)}"
    of += "" if against is None else f" against {shorten(against)}"
    if attribution["method"] != "exact":
        return f"{attribution['score']:+.3f}{of}; a part is what it loses without the word"
    parts = sum(word["part"] for word in attribution["words"])
    return f"{attribution['score']:+.3f}{of}: bias {attribution['bias']:+.3f}, words {parts:+.3f}"


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
