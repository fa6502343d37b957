"""Columns of Parquet files come through as they were."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.input import read_shards
from tests.support.corpora import embed, table_of
from tests.support.inputs import HAS_VIEWS, NAMES, VIEWS, needs_views, read, save, scanned

DICTIONARY = pa.dictionary(pa.int32(), pa.string())


def assert_same(column: Any, other: Any) -> None:
    """Columns have the same type and values, NaN too; not by Python's objects, which some cannot be."""
    assert column.type == other.type
    if pa.types.is_float64(column.type):
        assert column.to_numpy().tobytes() == other.to_numpy().tobytes()
    else:
        assert column.equals(other)


COLUMNS = {
    "nanoseconds": pa.array([1, 86_399_999_999_999], pa.time64("ns")),
    "instants": pa.array([1, -1], pa.timestamp("ns", "Europe/Berlin")),
    "durations": pa.array([1, -1], pa.duration("ns")),
    "dates beyond 9999": pa.array([2**31 - 1, -(2**31)], pa.date32()),
    "instants beyond 9999": pa.array([2**62, -(2**62)], pa.timestamp("us")),
    "decimals": pa.array([1, None]).cast(pa.decimal128(38, 10)),
    "large decimals": pa.array([1, None]).cast(pa.decimal256(76, 20)),
    "half precision": pa.array(np.array([0.5, -1], np.float16)),
    "not finite": pa.array([float("nan"), float("-inf")]),
    "dictionary": pa.array(["a", None]).cast(DICTIONARY),
    "large string": pa.array(["a", None], pa.large_string()),
    **({"string view": VIEWS["x"].combine_chunks()} if HAS_VIEWS else {}),
    "bytes": pa.array([b"\x00\xff", None], pa.binary(2)),
    "nested": pa.array(
        [[{"a": 1, "b": [2]}], None],
        pa.list_(pa.struct([("a", pa.time64("ns")), ("b", pa.large_list(pa.timestamp("ns")))])),
    ),
    "map": pa.array([[("a", 2**31 - 1)], None], pa.map_(pa.string(), pa.date32())),
    "dictionaries in a list": pa.array([["a", "b"], None], pa.list_(pa.string())).cast(pa.list_(DICTIONARY)),
    "nothing": pa.nulls(2),
}


class TestColumns:
    @pytest.mark.parametrize("name", COLUMNS)
    def test_stay_as_they_are(self, name: str, tmp_path: Path) -> None:
        path = save(tmp_path / "a.parquet", x=COLUMNS[name])
        # What Parquet itself makes of them, as with lists, is what is there to keep.
        before = pq.read_table(path)["x"]
        after = read(path)["x"]
        assert_same(after, before)

    def test_stay_as_they_are_in_the_output(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = save(tmp_path / "a.parquet", **COLUMNS)
        before = pq.read_table(path)
        embed(path, tmp_path / "out", tiny_encoder)
        after = table_of(tmp_path / "out")
        for name in COLUMNS:
            assert_same(after[name], before[name])

    @pytest.mark.parametrize(
        "texts",
        [
            pa.array(NAMES, pa.large_string()),
            pytest.param(pa.array(NAMES, pa.string_view()), marks=needs_views),
            pa.array(NAMES).dictionary_encode(),
        ],
        ids=["large", "view", "dictionary"],
    )
    def test_of_texts_may_have_any_layout(self, texts: Any, tmp_path: Path) -> None:
        table = read(save(tmp_path / "a.parquet", text=texts))
        assert table["text"].to_pylist() == NAMES
        assert table["text"].type == texts.type

    def test_with_odd_values_do_not_stop_a_run_that_skips_errors(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        dates = pa.array([2**31 - 1, 0, 1], pa.date32())
        path = save(tmp_path / "a.parquet", text=pa.array(["One", None, "Three"]), day=dates)
        summary = embed(path, tmp_path / "out", tiny_encoder, on_error="skip")
        assert (summary.rows, summary.errors) == (3, 1)
        assert table_of(tmp_path / "out")["day"].combine_chunks().equals(dates.take(pa.array([0, 2])))

    def test_of_texts_that_are_not_utf8_are_errors_of_their_row(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        data = pa.array([b"One", b"\xff", b"Three"], pa.binary())
        texts = pa.Array.from_buffers(pa.string(), 3, data.buffers())
        for name, column in {"plain": texts, "dictionary": texts.dictionary_encode()}.items():
            path = save(tmp_path / f"{name}.parquet", text=column)
            with pytest.raises(
                ValueError, match=r"parquet, row 1: the field 'text' holds b'\\xff'\. Expected"
            ):
                embed(path, tmp_path / "out", tiny_encoder)
            assert embed(path, tmp_path / name, tiny_encoder, on_error="skip").errors == 1

    def test_that_are_no_texts_are_refused_with_their_type(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = save(tmp_path / "a.parquet", text=pa.array([2**31 - 1, 0], pa.date32()))
        message = r"a\.parquet, row 0: the column 'text' holds date32\[day\]\. Expected texts"
        with pytest.raises(ValueError, match=message):
            embed(path, tmp_path / "out", tiny_encoder)

    def test_of_dictionaries_may_have_more_values_than_one_of_them(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        small = pa.dictionary(pa.int8(), pa.string())
        for number in range(3):
            values = pa.array([f"{number}-{value}" for value in range(100)]).dictionary_encode().cast(small)
            save(tmp_path / "in" / f"{number}.parquet", text=["a"] * 100, x=values)
        embed(tmp_path / "in", tmp_path / "out", tiny_encoder, shard_rows=150)
        made = table_of(tmp_path / "out")["x"]
        assert made.type == DICTIONARY
        assert made.to_pylist() == [f"{number}-{value}" for number in range(3) for value in range(100)]


class TestShards:
    @pytest.mark.parametrize("shard_rows", [1, 3, 4, 7, 100])
    def test_have_their_positions_whatever_the_sizes_of_files(self, shard_rows: int, tmp_path: Path) -> None:
        sizes = [5, 1, 4, 3]
        rows = [f"{file}-{row}" for file, size in enumerate(sizes) for row in range(size)]
        for file, size in enumerate(sizes):
            texts = [f"{file}-{row}" for row in range(size)]
            if file % 2:
                (tmp_path / "in" / f"{file}.txt").write_text("\n".join(texts))
            else:
                save(tmp_path / "in" / f"{file}.parquet", text=texts)
        scan = scanned(tmp_path / "in")
        for wanted in (set(range(-(-13 // shard_rows))), {0}, {12 // shard_rows}, set()):
            shards = dict(read_shards(scan, shard_rows, wanted))
            assert set(shards) == wanted
            for number, table in shards.items():
                positions = range(13)[number * shard_rows : (number + 1) * shard_rows]
                assert table["row"].to_pylist() == list(positions)
                assert table["text"].to_pylist() == [rows[position] for position in positions]
