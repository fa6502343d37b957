"""Labelled texts out of data frames: whatever gives columns by their names."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spacy_trend.compare.labelled_texts import LabelledText, Layout, read_labelled_texts

TEXTS, LABELS = ["One apple.", "Two pears.", "A train."], ["fruit", "fruit", "rail"]
LAYOUT = Layout("body", "kind")
EXPECTED = [
    LabelledText(text, label, f"train, row {n}")
    for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
]


class Polarslike:
    """A table as polars has them: `columns` are names, and columns can be iterated over."""

    def __init__(self, **columns: list[Any]) -> None:
        self._columns = columns

    @property
    def columns(self) -> list[str]:
        return list(self._columns)

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]


def pandas_frame(**columns: Any) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns, index=[f"i{n}" for n in range(3)])


def arrow_table(**columns: Any) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


makers = pytest.mark.parametrize("make", [dict, Polarslike, pandas_frame, arrow_table])


@makers
def test_a_table_gives_texts_and_labels_by_the_names_of_columns(make: Callable[..., Any]) -> None:
    frame = make(id=[1, 2, 3], kind=LABELS, body=TEXTS)
    assert read_labelled_texts(frame, "train", LAYOUT) == EXPECTED


@makers
def test_labels_may_be_numbers(make: Callable[..., Any]) -> None:
    read = read_labelled_texts(make(text=TEXTS, label=[0, 1, 1]), "train")
    assert [text.label for text in read] == ["0", "1", "1"]


def test_labels_may_be_categories() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"body": TEXTS, "kind": pandas.Categorical(LABELS)})
    assert read_labelled_texts(frame, "train", LAYOUT) == EXPECTED


def test_texts_may_be_numpy_s() -> None:
    read = read_labelled_texts({"body": np.array(TEXTS), "kind": np.array(LABELS)}, "train", LAYOUT)
    assert read == EXPECTED
    # spaCy takes no others.
    assert {type(text.text) for text in read} == {str}


@makers
@pytest.mark.parametrize(
    ("missing", "holds", "option"),
    [("body", "texts", r"--text-field \(in Python, text="), ("kind", "labels", r"--label-field .*label=")],
)
def test_a_missing_column_is_named_with_those_that_are_there_and_the_option(
    make: Callable[..., Any], missing: str, holds: str, option: str
) -> None:
    columns = {"id": [1, 2, 3], "body": TEXTS, "kind": LABELS}
    del columns[missing]
    got = ", ".join(map(repr, columns))
    message = rf"train, row 0: the field '{missing}' is missing: got \[{got}\]\. .* the {holds} with {option}"
    with pytest.raises(ValueError, match=message):
        read_labelled_texts(make(**columns), "train", LAYOUT)


def test_a_missing_value_is_named_with_its_row() -> None:
    pandas = pytest.importorskip("pandas")
    for value in None, float("nan"), pandas.NA:
        frame = pandas.DataFrame({"text": ["a", "b"], "label": ["x", value]}, dtype=object)
        with pytest.raises(ValueError, match=r"train, row 1: got the label .*Expected a text or a number"):
            read_labelled_texts(frame, "train")
        frame = pandas.DataFrame({"text": ["a", value], "label": ["x", "y"]}, dtype=object)
        with pytest.raises(ValueError, match=r"train, row 1: the text is empty or not a string: got "):
            read_labelled_texts(frame, "train")


@pytest.mark.parametrize("frame", [Polarslike(text=[], label=[]), {"text": [], "label": []}, {}])
def test_a_table_without_rows_has_no_text(frame: Any) -> None:
    with pytest.raises(ValueError, match=r"There is no text in train\."):
        read_labelled_texts(frame, "train")


@pytest.mark.parametrize("module", ["pandas", "pyarrow"])
def test_two_columns_of_a_name_are_refused(module: str) -> None:
    package = pytest.importorskip(module)
    names = ["text", "text", "label"]
    if module == "pandas":
        frame = package.DataFrame([["a", "b", "x"]], columns=names)
    else:
        frame = package.Table.from_arrays([["a"], ["b"], ["x"]], names=names)
    with pytest.raises(ValueError, match="train: two columns have the same name: got 'text' more than once"):
        read_labelled_texts(frame, "train")


def test_columns_of_several_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"train: got columns of \[1, 2\] values\. Expected as many texts"):
        read_labelled_texts({"text": ["a", "b"], "label": ["x"]}, "train")


def test_one_column_is_not_both() -> None:
    message = r"Got 'text' as the column of the texts and of the labels\. .*--text-field.*--label-field"
    with pytest.raises(ValueError, match=message):
        read_labelled_texts({"text": TEXTS}, "train", Layout(label="text"))


@pytest.mark.parametrize("source", [3, None, object()])
def test_anything_else_is_refused(source: Any) -> None:
    message = r"train: got .*Expected the path of a file, a table with the columns 'body' and 'kind', or p"
    with pytest.raises(TypeError, match=message):
        read_labelled_texts(source, "train", LAYOUT)


class TestSeparator:
    def test_ends_what_is_kept_of_a_label(self) -> None:
        pairs = [("At 10:30 ?", "NUM:a:b"), ("Nothing: here", "plain")]
        read = read_labelled_texts(pairs, "train", Layout(separator=":"))
        assert [(text.text, text.label) for text in read] == [
            ("At 10:30 ?", "NUM"),
            ("Nothing: here", "plain"),
        ]

    def test_may_have_several_characters(self) -> None:
        (read,) = read_labelled_texts([("Text", "a::b::c")], "train", Layout(separator="::"))
        assert read.label == "a"

    def test_leaves_a_label(self) -> None:
        with pytest.raises(ValueError, match=r"train, item 1: got the label ''\. Expected a text"):
            read_labelled_texts([("Hello", ":date")], "train", Layout(separator=":"))

    def test_is_not_empty(self) -> None:
        with pytest.raises(ValueError, match="Got an empty --label-separator"):
            read_labelled_texts([("Hello", "x")], "train", Layout(separator=""))
