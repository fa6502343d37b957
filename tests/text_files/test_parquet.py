"""Texts of Parquet files, as the commands read them that are not `embed`."""

import sys
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402

from spacy_trend.text_files import Row, read_rows, read_texts  # noqa: E402
from spacy_trend.text_files import parquet as reader  # noqa: E402


@pytest.fixture
def path(tmp_path: Path) -> Path:
    table = pa.table({"id": [7, 8, 9], "body": ["One", "Zwölf", "Three"], "label": ["x", None, "y"]})
    pq.write_table(table, tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


def test_rows_have_the_columns_that_are_asked_for(path: Path) -> None:
    assert list(read_rows(path, columns=("body", "label"))) == [
        Row({"body": "One", "label": "x"}, f"{path}, row 0"),
        Row({"body": "Zwölf", "label": None}, f"{path}, row 1"),
        Row({"body": "Three", "label": "y"}, f"{path}, row 2"),
    ]


def test_rows_are_counted_over_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BATCH", 2)
    assert [row.place for row in read_rows(path, columns=["body"])] == [f"{path}, row {n}" for n in range(3)]


def test_texts_are_read(path: Path) -> None:
    assert list(read_texts(path, "body")) == ["One", "Zwölf", "Three"]


def test_a_missing_column_is_named_with_those_that_are_there_and_the_option(path: Path) -> None:
    message = (
        r"a\.parquet, row 0: the field 'text' is missing: got \['id', 'body', 'label'\]\. Name the one that "
        r"holds the texts with --text-field \(in Python, text_field=\.\.\.\)\.$"
    )
    with pytest.raises(ValueError, match=message):
        list(read_texts(path))


@pytest.mark.parametrize(("column", "got"), [("id", "7"), ("label", "None")])
def test_a_column_without_texts_is_refused(path: Path, column: str, got: str) -> None:
    with pytest.raises(ValueError, match=rf"row \d: the field '{column}' holds {got}\. Expected a text"):
        list(read_texts(path, column))


def test_other_columns_are_never_read(tmp_path: Path) -> None:
    # Python holds no such time.
    times = pa.array([2**62], pa.timestamp("us"))
    pq.write_table(pa.table({"text": ["One"], "time": times}), tmp_path / "a.parquet")
    assert list(read_texts(tmp_path / "a.parquet")) == ["One"]
    with pytest.raises(ValueError, match=r"got \['text', 'time'\]"):
        list(read_texts(tmp_path / "a.parquet", "body"))
    message = r"a\.parquet: the column 'time' holds timestamp\[us\] that Python cannot hold .*name another"
    with pytest.raises(ValueError, match=message):
        list(read_texts(tmp_path / "a.parquet", "time"))


def test_texts_in_a_dictionary_are_texts(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array(["a", "b", "a"]).dictionary_encode()}), tmp_path / "a.parquet")
    assert list(read_texts(tmp_path / "a.parquet")) == ["a", "b", "a"]


def test_a_file_without_rows_has_no_text(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"There is no text in .*a\.parquet"):
        list(read_texts(tmp_path / "a.parquet"))


def test_two_columns_of_a_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_arrays([["a"], ["b"]], names=["text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: two columns have the same name: got \['text'\]"):
        list(read_texts(tmp_path / "a.parquet"))


def test_texts_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    wrong = pa.array([b"Gr\xfc\xdfe"]).view(pa.string())
    pq.write_table(pa.table({"text": wrong}), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet: the column 'text' holds texts that are not UTF-8"):
        list(read_texts(tmp_path / "a.parquet"))


@pytest.mark.parametrize("content", [b"", b"text\nOne\n", b"PAR1" + b"\0" * 20])
def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.parquet cannot be read to its end .* Expected a complete file"):
        list(read_texts(tmp_path / "a.parquet"))


def test_a_file_that_is_cut_short_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"a\.parquet cannot be read to its end"):
        list(read_texts(path, "body"))


def test_a_file_that_is_not_there_is_the_system_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.parquet"):
        list(read_texts(tmp_path / "none.parquet"))


def test_the_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'the extra \'corpus\': pip install "spacy-trend\[corpus\]"'):
        list(read_texts(path))
