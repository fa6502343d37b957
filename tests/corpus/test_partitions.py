"""Partitioned folders, and the names in a folder that are no input."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tests.support.corpora import embed, table_of
from tests.support.inputs import scanned


def write(path: Path, *texts: str, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"text": texts, **{name: [value] for name, value in more.items()}}), path)
    else:
        path.write_text("".join(json.dumps({"text": text, **more}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_folders_give_columns(suffix: str, tmp_path: Path, tiny_encoder: Path) -> None:
    source = tmp_path / "in"
    write(source / "label=ham" / "year=2020" / f"a{suffix}", "One", "Two")
    write(source / "label=spam%2Fpoor" / "year=2021" / f"a{suffix}", "Three")
    write(source / "label=__HIVE_DEFAULT_PARTITION__" / "year=-1" / f"a{suffix}", "Four")
    write(source / "other" / f"a{suffix}", "Five")
    embed(source, tmp_path / "out", tiny_encoder)
    table = table_of(tmp_path / "out")
    rows = table.select(["text", "label", "year"]).to_pylist()
    assert {row["text"]: (row["label"], row["year"]) for row in rows} == {
        "One": ("ham", 2020),
        "Two": ("ham", 2020),
        "Three": ("spam/poor", 2021),
        "Four": (None, -1),
        "Five": (None, None),
    }
    assert (table.schema.field("label").type, table.schema.field("year").type) == (pa.string(), pa.int64())


def test_what_pyarrow_writes_in_partitions_comes_back(tmp_path: Path, tiny_encoder: Path) -> None:
    table = pa.table({"text": ["One", "Two", "Three"], "label": ["a b", "ü", None], "day": [1, 20, 3]})
    ds.write_dataset(
        table, tmp_path / "in", format="parquet", partitioning=["label", "day"], partitioning_flavor="hive"
    )
    embed(tmp_path / "in", tmp_path / "out", tiny_encoder)
    rows = table_of(tmp_path / "out").select(table.column_names).to_pylist()
    assert sorted(rows, key=lambda row: row["day"]) == sorted(table.to_pylist(), key=lambda row: row["day"])


@pytest.mark.parametrize(
    "values", [("007", "8"), ("1", "x"), ("+1", "2"), ("1.5", "2"), ("", "1"), ("٣", "1")]
)
def test_values_that_are_not_written_as_numbers_are_stay_texts(
    values: tuple[str, str], tmp_path: Path, tiny_encoder: Path
) -> None:
    for value in values:
        write(tmp_path / "in" / f"key={value}" / "a.jsonl", value or "empty")
    embed(tmp_path / "in", tmp_path / "out", tiny_encoder)
    assert sorted(table_of(tmp_path / "out")["key"].to_pylist()) == sorted(values)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_folders_may_give_the_texts(suffix: str, tmp_path: Path, tiny_encoder: Path) -> None:
    for text in ("foo", "b%20ar"):
        path = tmp_path / "in" / f"text={text}" / f"a{suffix}"
        path.parent.mkdir(parents=True)
        if suffix == ".parquet":
            pq.write_table(pa.table({"x": ["1", "2"]}), path)
        else:
            path.write_text("x\n1\n2\n" if suffix == ".csv" else '{"x": "1"}\n{"x": "2"}\n')
    embed(tmp_path / "in", tmp_path / "out", tiny_encoder)
    table = table_of(tmp_path / "out")
    assert table["text"].to_pylist() == ["b ar"] * 2 + ["foo"] * 2
    assert table["x"].to_pylist() == ["1", "2"] * 2


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@pytest.mark.parametrize("value", ["3", "__HIVE_DEFAULT_PARTITION__"])
def test_folders_that_give_no_text_are_refused(
    value: str, suffix: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    path = tmp_path / "in" / f"text={value}" / f"a{suffix}"
    path.parent.mkdir(parents=True)
    if suffix == ".parquet":
        pq.write_table(pa.table({"x": ["1"]}), path)
    else:
        path.write_text('{"x": "1"}\n')
    with pytest.raises(ValueError, match=rf"a{suffix}, .*the field 'text' holds (3|None). Expected a text"):
        embed(tmp_path / "in", tmp_path / "out", tiny_encoder)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_column_that_a_folder_gives_too_is_refused_by_name(
    suffix: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    write(tmp_path / "in" / "label=ham" / f"a{suffix}", "One", label="spam")
    with pytest.raises(ValueError, match=rf"a{suffix}.*column 'label'.*Rename"):
        embed(tmp_path / "in", tmp_path / "out", tiny_encoder)


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@pytest.mark.parametrize(
    "folder", ["a=1/a=2", "a=1/a=1", "a=1/b=2/other/%61=3", "a=1/a=__HIVE_DEFAULT_PARTITION__"]
)
def test_a_column_that_two_folders_give_is_refused_by_name(folder: str, suffix: str, tmp_path: Path) -> None:
    write(tmp_path / "in" / "a=0" / f"a{suffix}", "One")
    write(tmp_path / "in" / folder / f"a{suffix}", "Two")
    with pytest.raises(ValueError, match=rf"The folder .*{folder} gives the column 'a' twice.*rename one"):
        scanned(tmp_path / "in")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
@pytest.mark.parametrize("name", ["a=%FF", "%FE=1", "a=x%C3", "b=1/a=%ED%A0%80"])
def test_a_column_that_is_not_utf8_is_refused_by_name(name: str, suffix: str, tmp_path: Path) -> None:
    write(tmp_path / "in" / name / f"a{suffix}", "One")
    with pytest.raises(
        ValueError, match=rf"The name of the folder .*{name}' gives a column, .*rename the folder"
    ):
        scanned(tmp_path / "in")


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux alone")
@pytest.mark.parametrize("name", [b"a=\xff", b"\xff=1", b"a=\xffx%20"])
def test_a_folder_that_gives_a_column_has_a_name_in_utf8(name: bytes, tmp_path: Path) -> None:
    write(tmp_path / "in" / os.fsdecode(name) / "a.jsonl", "One")
    with pytest.raises(
        ValueError, match=r"The name of the folder .*\\udcff.*' is not UTF-8 \(.*rename the folder"
    ):
        scanned(tmp_path / "in")


def test_a_partition_of_another_name_is_another_input(tmp_path: Path, tiny_encoder: Path) -> None:
    write(tmp_path / "in" / "label=ham" / "a.jsonl", "One")
    embed(tmp_path / "in", tmp_path / "out", tiny_encoder)
    (tmp_path / "in" / "label=ham").rename(tmp_path / "in" / "label=spam")
    with pytest.raises(ValueError, match="was begun with something else"):
        embed(tmp_path / "in", tmp_path / "out", tiny_encoder)


def test_names_that_begin_with_a_dot_or_an_underscore_are_no_input(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    source = tmp_path / "in"
    write(source / "a.jsonl", "One")
    for name in ("_temporary/0/a.jsonl", "_delta_log/0.jsonl", ".hidden/a.jsonl", "b/_a.jsonl", ".a.jsonl"):
        write(source / name, "hidden")
    embed(source, tmp_path / "out", tiny_encoder)
    assert table_of(tmp_path / "out")["text"].to_pylist() == ["One"]
    # One that is named is meant.
    assert embed(source / "b" / "_a.jsonl", tmp_path / "named", tiny_encoder).rows == 1
    (source / "a.jsonl").unlink()
    with pytest.raises(ValueError, match="in a folder none that begins with a dot or an underscore"):
        embed(source, tmp_path / "none", tiny_encoder)


def test_files_are_read_as_they_are_written(tmp_path: Path, tiny_encoder: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.csv").write_bytes("text;label\nGrüße, alle;x\n".encode("utf-16"))
    (source / "b.txt").write_bytes("Käse\r".encode("utf-16"))
    pq.write_table(pa.table({"text": ["One"], "label": ["y"]}), source / "c.parquet")
    embed(source, tmp_path / "out", tiny_encoder, encoding="utf-16", delimiter=";")
    assert table_of(tmp_path / "out")["text"].to_pylist() == ["Grüße, alle", "Käse", "One"]


def test_another_encoding_makes_another_input(tmp_path: Path, tiny_encoder: Path) -> None:
    (tmp_path / "a.txt").write_text("One", encoding="utf-8")
    embed(tmp_path / "a.txt", tmp_path / "out", tiny_encoder)
    with pytest.raises(ValueError, match="was begun with something else"):
        embed(tmp_path / "a.txt", tmp_path / "out", tiny_encoder, encoding="latin-1")


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [
        ("a.txt", {}, {"encoding": "UTF8"}),
        ("a.txt", {"encoding": "latin-1"}, {"encoding": "iso-8859-1"}),
        ("a.csv", {"delimiter": ","}, {}),
        ("a.txt", {}, {"delimiter": ";"}),
        ("a.parquet", {}, {"encoding": "latin-1", "delimiter": ";"}),
    ],
)
def test_what_is_read_alike_is_the_same_input(
    name: str, before: dict[str, str], now: dict[str, str], tmp_path: Path, tiny_encoder: Path
) -> None:
    source = tmp_path / "in" / "label=x" / name
    if name.endswith("parquet"):
        write(source, "One")
    else:
        source.parent.mkdir(parents=True)
        source.write_text("text\nOne\n")
    rows = embed(tmp_path / "in", tmp_path / "out", tiny_encoder, **before).rows
    assert embed(tmp_path / "in", tmp_path / "out", tiny_encoder, **now).done_before == rows
