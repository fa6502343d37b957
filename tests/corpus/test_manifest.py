"""Sealed files that are not the expected ones, as anybody can make them: named, and never taken over."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.manifest import LEFT_OUT, METADATA, described, left_out_in, manifest_in
from spacy_trend.corpus.seals import BrokenFileError, write_sealed
from tests.support.corpora import embed, table_of

FIRST, SECOND = "part-000000.parquet", "part-000001.parquet"
MANIFEST = Path(".spacy_trend", "manifest.parquet")
GOOD: dict[str, Any] = {"input": {"rows": 9}, "shard_rows": 3}
NO_MANIFESTS = {
    "nothing": None,
    "no JSON": b"{",
    "bytes": b"\xff\xfe",
    "a list": b"[1]",
    "a text": b'"input"',
    "null": b"null",
    "no rows": b'{"input": {}, "shard_rows": 3}',
    "no input": b'{"shard_rows": 3}',
    "rows that are none": b'{"input": {"rows": "9"}, "shard_rows": 3}',
    "rows below zero": b'{"input": {"rows": -9}, "shard_rows": 3}',
    "shards of no rows": b'{"input": {"rows": 9}, "shard_rows": 0}',
    "too deep": b"[" * 100_000,
}


def schema_with(key: bytes, value: bytes | None) -> pa.Schema:
    return pa.schema([("row", pa.int64())], {} if value is None else {key: value})


class TestMetadata:
    def test_give_back_what_they_were_given(self) -> None:
        schema = described(schema_with(METADATA, None), GOOD, {3: "no", 1: "ü"})
        assert manifest_in(schema) == GOOD
        assert left_out_in(schema) == {1: "ü", 3: "no"}
        assert left_out_in(described(schema, GOOD)) == {}

    @pytest.mark.parametrize("stored", NO_MANIFESTS.values(), ids=NO_MANIFESTS)
    def test_without_a_manifest_are_refused(self, stored: bytes | None) -> None:
        with pytest.raises(BrokenFileError, match=r"^does not say (what it was made with|how many rows)"):
            manifest_in(schema_with(METADATA, stored))

    @pytest.mark.parametrize(
        "stored",
        [
            b"{",
            b"\xff",
            b"1",
            b'{"a": "b"}',
            b'[["1", "no"]]',
            b"[[1, 2]]",
            b"[[1]]",
            b'[[[1], "no"]]',
            b"null",
            b'[[-1, "no"]]',
            b'[[9223372036854775808, "no"]]',
            b"[" * 100_000,
        ],
        ids=lambda stored: str(stored[:30]),
    )
    def test_with_no_rows_that_were_left_out_are_refused(self, stored: bytes) -> None:
        with pytest.raises(BrokenFileError, match=r"^does not say which rows it left out$"):
            left_out_in(schema_with(LEFT_OUT, stored))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """An input and three shards of it; not to be changed by a test."""
    folder = tmp_path_factory.mktemp("manifest")
    rows = [{"text": f"The dog {number} runs.", "tags": [{"a": number}]} for number in range(9)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    embed(folder / "a.jsonl", folder / "out", tiny_encoder, shard_rows=3)
    return folder


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole / "out", tmp_path / "out"))


@pytest.fixture
def resume(whole: Path, out: Path, tiny_encoder: Path) -> Callable[..., Any]:
    def run(**settings: Any) -> Any:
        return embed(whole / "a.jsonl", out, tiny_encoder, shard_rows=3, **settings)

    return run


@pytest.mark.parametrize("stored", NO_MANIFESTS.values(), ids=NO_MANIFESTS)
def test_a_sealed_file_in_the_place_of_the_manifest_is_none(stored: bytes | None, out: Path) -> None:
    write_sealed(schema_with(METADATA, stored).empty_table(), out / MANIFEST)
    folder = OutputFolder(out)
    for use in (lambda: folder.check_manifest(GOOD), lambda: folder.check_surplus(3)):
        with pytest.raises(
            ValueError, match=r"manifest\.parquet cannot be read: it does not say .*--overwrite"
        ):
            use()
    folder.clear()
    assert not list(out.glob("part-*"))
    assert not (out / MANIFEST).exists()


@pytest.mark.parametrize("has_shards", [True, False])
@pytest.mark.parametrize("kind", ["folder", "folder with files", "sealed file"])
def test_what_stands_in_the_place_of_the_manifest_is_replaced(
    kind: str, has_shards: bool, whole: Path, out: Path, resume: Callable[..., Any]
) -> None:
    (out / MANIFEST).unlink()
    if kind == "sealed file":
        write_sealed(pa.table({"x": [1]}), out / MANIFEST)
    else:
        (out / MANIFEST).mkdir()
    if kind == "folder with files":
        (out / MANIFEST / "a").touch()
    if has_shards:
        with pytest.raises(ValueError, match=r"manifest\.parquet cannot be read: it .*--overwrite"):
            resume()
    else:
        for shard in out.glob("part-*"):
            shard.unlink()
    assert resume(overwrite=has_shards).done_before == 0
    assert resume().done_before == 9
    assert table_of(out).equals(table_of(whole / "out"))


def without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([name])


def with_type(name: str, found: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        number = table.schema.get_field_index(name)
        return table.set_column(number, name, table[name].cast(found))

    return change


def with_metadata(key: bytes, value: bytes) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.replace_schema_metadata({**table.schema.metadata, key: value})


COLUMNS = "has other columns than the input gives"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (without("row"), COLUMNS),
        (without("trend_vector"), COLUMNS),
        (without("text"), COLUMNS),
        (with_type("text", pa.large_string()), COLUMNS),
        (with_type("row", pa.int32()), COLUMNS),
        (with_type("trend_truncated", pa.float64()), COLUMNS),
        (with_type("tags", pa.list_(pa.struct([("a", pa.int8())]))), COLUMNS),
        (lambda table: table.append_column("more", pa.nulls(3)), COLUMNS),
        (lambda table: table.select(table.column_names[::-1]), COLUMNS),
        (lambda table: table.replace_schema_metadata(None), "does not say what it was made with"),
        (with_metadata(METADATA, b"{"), "does not say what it was made with"),
        (with_metadata(METADATA, b"[]"), "does not say what it was made with"),
        (with_metadata(LEFT_OUT, b"{"), "does not say which rows it left out"),
        (with_metadata(LEFT_OUT, b'[["3", ""]]'), "does not say which rows it left out"),
        (with_metadata(LEFT_OUT, b'[[3, "no"]]'), "holds other rows than the 3 expected between 3 and 5"),
    ],
)
def test_a_sealed_file_in_the_place_of_a_shard_is_embedded_again_and_named(
    change: Callable[[pa.Table], pa.Table], what: str, whole: Path, out: Path, resume: Callable[..., Any]
) -> None:
    write_sealed(change(pq.read_table(out / SECOND)), out / SECOND)
    assert resume().broken == [f"{SECOND} {what}"]
    assert table_of(out).equals(table_of(whole / "out"))
