"""Labelled texts: read, and checked for what a classifier needs."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from numbers import Number
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..messages import name_some, shorten, without_controls
from ..text_files import (
    DEFAULT_DIALECT,
    Dialect,
    Row,
    check_dialect,
    decoded_lines,
    format_of,
    is_unicode,
    read_rows,
)


class LabelledText(NamedTuple):
    """A text with its label.

    Attributes:
        text: not empty.
        label: not empty.
        place: file and line, or name and number, for messages.
    """

    text: str
    label: str
    place: str


def read_labelled_texts(
    source: Path | str | Iterable[tuple[str, str]], name: str, dialect: Dialect = DEFAULT_DIALECT
) -> list[LabelledText]:
    """Read texts and labels from a file, or from pairs.

    Args:
        source: a file whose name ends in `.jsonl`, with an object with `text` and `label` in each line, or in
            `.csv` or `.tsv`, with a header that names these columns. Or pairs of text and label.
        name: what messages call pairs, such as "train".
        dialect: how a file is written.

    Returns:
        the labelled texts, in order.

    Raises:
        ValueError: naming file and line, for an unknown format, a missing field, or an empty text or label.
        FileNotFoundError: if there is no such file.
    """
    if isinstance(source, (Path, str)):
        rows, name = read_rows(Path(source), dialect), without_controls(source)
    else:
        rows = _rows_of_pairs(source, name)
    texts = [_labelled_text(row) for row in rows]
    if not texts:
        raise ValueError(f"There is no text in {name}.")
    return texts


def read_label_first(path: Path, encoding: str = "utf-8", separator: str | None = None) -> list[LabelledText]:
    """Read a file that has a label, a space or tab, and a text in each line.

    Args:
        path: of the file.
        encoding: of the file.
        separator: ends the part of the label that is kept, such as ":" for `NUM` out of `NUM:date`; None to
            keep all.

    Returns:
        the labelled texts, in order.

    Raises:
        ValueError: naming the line, for one without a text or in another encoding; for an unknown encoding,
            and for JSON lines.
    """
    check_dialect(Dialect(encoding))
    texts = []
    for line in decoded_lines(path, encoding):
        if line.error or line.value.strip():
            texts.append(_labelled_text(line if line.error else _split_label(line, separator)))
    if format_of(path) == ".jsonl":
        raise ValueError(
            f"{without_controls(path)} is a file of JSON lines. Expected lines of a label and a text: leave "
            "--label-first out."
        )
    if not texts:
        raise ValueError(f"There is no text in {without_controls(path)}.")
    return texts


def check_classes(train: list[LabelledText], test: list[LabelledText] | None, minimum: int) -> None:
    """Refuse texts that no classifier can learn from or be measured on.

    Args:
        train: the training texts.
        test: the test texts, if there are any.
        minimum: how many training texts every class must have.

    Raises:
        ValueError: naming the line, for fewer, for a single class, for a label that only test texts have, or
            a single test text.
    """
    counts = Counter(text.label for text in train)
    if len(counts) < 2:
        raise ValueError(
            f"All {len(train)} training texts, from {train[0].place} on, have the label "
            f"{shorten(train[0].label)}. Expected two labels or more."
        )
    for text in train:
        if counts[text.label] < minimum:
            raise ValueError(
                f"{text.place}: the label {shorten(text.label)} has {counts[text.label]} training texts. "
                f"Expected at least {minimum}, for the folds of the cross-validation. Add texts, "
                "remove these, or merge labels."
            )
    for text in test or []:
        if text.label not in counts:
            raise ValueError(
                f"{text.place}: the label {shorten(text.label)} is not among those of the training "
                f"texts, {name_some(sorted(counts))}. Correct the line or remove it."
            )
    if test is not None and len(test) < 2:
        raise ValueError(f"{test[0].place} is the only text to predict. Expected two or more.")


def count_repeated(train: list[LabelledText], test: list[LabelledText] | None) -> int:
    """Count the test texts that stand among the training texts too.

    Args:
        train: the training texts.
        test: the test texts; None to count the training texts that stand there more than once.

    Returns:
        the number of such texts.
    """
    counts = Counter(text.text for text in train)
    if test is None:
        return sum(count for count in counts.values() if count > 1)
    return sum(text.text in counts for text in test)


def digest_texts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a SHA-256 digest of texts and their labels, whatever their order.

    Args:
        pairs: of text and label.

    Returns:
        the digest in hexadecimal.
    """
    lines = sorted(json.dumps(pair) for pair in pairs)
    return sha256("\n".join(lines).encode()).hexdigest()


def _split_label(line: Row, separator: str | None) -> Row:
    label = re.split(r"[ \t]", line.value, maxsplit=1)[0]
    text = line.value[len(label) :].strip()
    kept = label if separator is None else label.split(separator)[0]
    return Row({"text": text, "label": kept}, line.place)


def _rows_of_pairs(pairs: Iterable[Any], name: str) -> Iterator[Row]:
    for number, pair in enumerate(pairs, start=1):
        place = f"{name}, item {number}"
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{place}: got {shorten(pair)}, expected a pair of text and label.")
        yield Row(dict(zip(("text", "label"), pair, strict=True)), place)


def _labelled_text(row: Row) -> LabelledText:
    value, place, error = row
    if error:
        raise ValueError(error)
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{place}: got {shorten(value)}, expected an object with the fields 'text' and 'label'."
        )
    for field in ("text", "label"):
        if field not in value:
            raise ValueError(
                f"{place}: the field '{field}' is missing: got {name_some(value)}. Expected 'text' and "
                "'label' in every line; in a CSV or TSV file, the first line must name these columns."
            )
    text, label = value["text"], value["label"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError(
            f"{place}: the text is empty or not a string: got {shorten(text)}. Correct the line or remove it."
        )
    if not is_unicode(text):
        raise ValueError(
            f"{place}: the text {text[:40]!r} contains half of a surrogate pair. Correct the line."
        )
    if not _is_label(label):
        raise ValueError(
            f"{place}: got the label {shorten(label)}. Expected a text or a number. Correct the line or "
            "remove it."
        )
    return LabelledText(text, str(label), place)


def _is_label(label: Any) -> bool:
    if isinstance(label, str):
        return bool(label.strip()) and is_unicode(label)
    # NaN, which is not equal to itself, is a table's missing label.
    return isinstance(label, (Number, np.generic)) and bool(label == label)
