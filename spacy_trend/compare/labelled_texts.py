"""Labelled texts: read, and checked for what a classifier needs."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from numbers import Number
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..messages import name_some, shorten, without_controls
from ..text_files import (
    DEFAULT_DIALECT,
    Dialect,
    Row,
    is_unicode,
    missing_field,
    read_rows,
    reads_header,
)
from .frames import Frame, frame_rows, is_frame

#: What labelled texts can be read from: a file, a table by its columns, or pairs of text and label.
Texts: TypeAlias = Path | str | Frame | Iterable["tuple[str, str] | LabelledText"]
#: Which options name the columns.
TEXT_OPTION = "--text-field (in Python, text=...)"
LABEL_OPTION = "--label-field (in Python, label=...)"


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


class Layout(NamedTuple):
    """How labelled texts are laid out in a file or a table.

    Attributes:
        text: the column of the texts.
        label: the column of the labels.
        dialect: how a file is written.
        separator: ends the part of a label that is kept, such as ":" for `NUM` out of `NUM:date`; None to
            keep all.
    """

    text: str = "text"
    label: str = "label"
    dialect: Dialect = DEFAULT_DIALECT
    separator: str | None = None


#: The columns `text` and `label`, in UTF-8.
DEFAULT_LAYOUT = Layout()


def read_labelled_texts(source: Texts, name: str, layout: Layout = DEFAULT_LAYOUT) -> list[LabelledText]:
    """Read texts and labels from a file or a table, or from pairs.

    Args:
        source: the path of a file, see `text_files.read_rows`; a table, of pandas or anything else that gives
            columns by their names; or pairs of text and label, or what this
            function has read, which stays as it is.
        name: what messages call what is no file, such as "train".
        layout: which columns to read, and how.

    Returns:
        the labelled texts, in order.

    Raises:
        ImportError: for Parquet, without the extra `corpus`.
        TypeError: for anything else.
        ValueError: naming file and line, for an unknown format, a missing column, or an empty text or label;
            for one column as both, or an empty separator.
        FileNotFoundError: if there is no such file.
    """
    columns = layout.text, layout.label
    if layout.text == layout.label:
        raise ValueError(
            f"Got {layout.text!r} as the column of the texts and of the labels. Expected two: name them with "
            f"{TEXT_OPTION} and {LABEL_OPTION}."
        )
    if layout.separator == "":
        raise ValueError("Got an empty --label-separator. Expected what ends the part to keep, such as ':'.")
    has_header = False
    if isinstance(source, (Path, str)):
        has_header = reads_header(Path(source), layout.dialect)
        rows, name = read_rows(Path(source), layout.dialect, None, columns), without_controls(source)
    elif is_frame(source):
        rows = frame_rows(source, name, columns)
    elif isinstance(source, Iterable):
        rows, layout = _rows_of_pairs(source, name), Layout(separator=layout.separator)
    else:
        raise TypeError(
            f"{name}: got {shorten(source)}. Expected the path of a file, a table with the columns "
            f"{layout.text!r} and {layout.label!r}, or pairs of text and label."
        )
    texts = [_labelled_text(row, layout, has_header) for row in rows]
    if not texts:
        raise ValueError(f"There is no text in {name}.")
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
                f"merge labels, or leave rare ones out with --drop-rare {minimum} (in Python, "
                f"drop_rare={minimum})."
            )
    for text in test or []:
        if text.label not in counts:
            raise ValueError(
                f"{text.place}: the label {shorten(text.label)} is not among those of the training "
                f"texts, {name_some(sorted(counts))}. Correct the line, remove it, or leave out labels "
                "that the training texts lack with --drop-rare 1 (in Python, drop_rare=1)."
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


def _rows_of_pairs(pairs: Iterable[Any], name: str) -> Iterator[Row]:
    for number, pair in enumerate(pairs, start=1):
        if isinstance(pair, LabelledText):
            yield Row({"text": pair.text, "label": pair.label}, pair.place)
            continue
        place = f"{name}, item {number}"
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{place}: got {shorten(pair)}, expected a pair of text and label.")
        yield Row(dict(zip(("text", "label"), pair, strict=True)), place)


def _labelled_text(row: Row, layout: Layout, has_header: bool) -> LabelledText:
    value, place, error = row
    if error:
        raise ValueError(error)
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{place}: got {shorten(value)}, expected an object with the fields {layout.text!r} and "
            f"{layout.label!r}."
        )
    for field, holds, option in (
        (layout.text, "texts", TEXT_OPTION),
        (layout.label, "labels", LABEL_OPTION),
    ):
        if field not in value:
            missing = missing_field(field, value, holds, option, has_header=has_header)
            raise ValueError(f"{place}: {missing}")
    text, label = value[layout.text], _kept(value[layout.label], layout.separator)
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
    # numpy's strings are a type of their own, which spaCy does not take.
    return LabelledText(str(text), str(label), place)


def _kept(label: Any, separator: str | None) -> Any:
    return label if separator is None or not isinstance(label, str) else label.split(separator)[0]


def _is_label(label: Any) -> bool:
    if isinstance(label, str):
        return bool(label.strip()) and is_unicode(label)
    # NaN, which is not equal to itself, is a table's missing label.
    return isinstance(label, (Number, np.generic)) and bool(label == label)
