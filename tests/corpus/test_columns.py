"""Columns of Parquet files come through as they were; those of several files become one, or are refused."""

from collections.abc import Callable
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
from tests.support.inputs import NAMES, read, save, scanned

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
TEXTS_BY_KEY, BYTES_BY_KEY = pa.map_(pa.string(), pa.string()), pa.map_(pa.string(), pa.binary())
DECIMAL = pa.decimal128(25, 3)
DECIMALS = pa.array([1, None]).cast(DECIMAL)
TWO_NUMBERS = pa.struct([("a", DECIMAL), ("b", pa.float64())])


def is_able(do: Callable[[], Any]) -> bool:
    """Whether this version of pyarrow, of which old ones are allowed, can do something."""
    try:
        do()
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return False
    return True


VIEWS = pa.table({"x": pa.array(["a", None], pa.string_view())})
HAS_VIEWS = is_able(lambda: pq.write_table(VIEWS, pa.BufferOutputStream()))
needs_views = pytest.mark.skipif(not HAS_VIEWS, reason="this pyarrow does not write string_view")
WIDER = pa.struct([("a", pa.int64()), ("b", pa.string())])
needs_wider_objects = pytest.mark.skipif(
    not is_able(lambda: pa.array([{"a": 1}]).cast(WIDER)),
    reason="this pyarrow adds no fields: refused by name",
)


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


class TestFiles:
    """Several files, whose columns have other types."""

    @pytest.mark.parametrize(
        ("one", "other", "both"),
        [
            (DICTIONARY, pa.string(), pa.string()),
            pytest.param(pa.string(), pa.string_view(), pa.string(), marks=needs_views),
            pytest.param(pa.large_string(), pa.string_view(), pa.large_string(), marks=needs_views),
            (pa.large_string(), DICTIONARY, pa.large_string()),
            (pa.list_(DICTIONARY), pa.list_(pa.string()), pa.list_(pa.string())),
            pytest.param(
                pa.list_(pa.string()),
                pa.large_list(pa.string_view()),
                pa.large_list(pa.string()),
                marks=needs_views,
            ),
            (DICTIONARY, pa.dictionary(pa.int8(), pa.string()), DICTIONARY),
        ],
    )
    def test_of_the_same_texts_in_other_layouts_become_one(
        self, one: Any, other: Any, both: Any, tmp_path: Path
    ) -> None:
        is_nested = not (pa.types.is_dictionary(both) or both in (pa.string(), pa.large_string()))
        values = [["a", "b"], None] if is_nested else ["a", None]
        for files in ((one, other), (other, one)):
            for name, found in zip(("a", "b"), files, strict=True):
                plain = pa.list_(pa.string()) if is_nested else pa.string()
                save(tmp_path / "in" / f"{name}.parquet", x=pa.array(values, plain).cast(found))
            column = read(tmp_path / "in")["x"]
            assert str(column.type).replace("element", "item") == str(both)
            assert column.to_pylist() == values * 2

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (pa.array([1, 2], pa.int8()), pa.array([2**40, None])),
            (pa.array([0.5, 1], pa.float32()), pa.array([2**53, -(2**53)])),
            (pa.array([0, 1], pa.timestamp("s")), pa.array([1, None], pa.timestamp("ns"))),
            (pa.array([1, 2], pa.time32("ms")), pa.array([1, None], pa.time64("ns"))),
            (pa.array([1, 2]).cast(pa.decimal128(20, 1)), pa.array([1, 2]).cast(pa.decimal128(30, 9))),
            pytest.param(
                pa.array([{"a": 1}, None]),
                pa.array([{"a": 2**40, "b": "x"}, {"a": None, "b": None}]),
                marks=needs_wider_objects,
            ),
            (pa.nulls(2), pa.array([[1], None])),
        ],
        ids=lambda column: str(column.type),
    )
    def test_of_types_of_which_one_holds_both_become_that_one(
        self, one: Any, other: Any, tmp_path: Path
    ) -> None:
        save(tmp_path / "in" / "a.parquet", x=one)
        save(tmp_path / "in" / "b.parquet", x=other)
        column = read(tmp_path / "in")["x"]
        kept = [column.slice(0, 2), column.slice(2)]
        for part, before in zip(kept, (one, other), strict=True):
            before = pq_type(before, tmp_path)
            assert part.combine_chunks().equals(before.cast(column.type))

    def test_may_lack_columns(self, tmp_path: Path) -> None:
        strict = pa.schema([("text", pa.string()), pa.field("x", pa.int8(), nullable=False)])
        (tmp_path / "in").mkdir()
        pq.write_table(pa.table({"text": NAMES, "x": [1, 2]}, schema=strict), tmp_path / "in" / "a.parquet")
        save(tmp_path / "in" / "b.parquet", y=pa.array(["a", "b"]).dictionary_encode())
        (tmp_path / "in" / "c.jsonl").write_text('{"text": "Three", "z": [1]}\n')
        table = read(tmp_path / "in")
        assert table["x"].to_pylist() == [1, 2, None, None, None]
        assert table["y"].to_pylist() == [None, None, "a", "b", None]
        assert table["z"].to_pylist() == [None] * 4 + [[1]]
        assert table.schema.field("x").nullable
        table.validate(full=True)

    @pytest.mark.parametrize("is_turned", [False, True], ids=["", "turned"])
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (["a", "b"], [1, 2]),
            (["a", "b"], [b"a", b"\xff"]),
            (["a", "b"], pa.array([b"a", b"b"], pa.binary(1))),
            (pa.array(["a", "b"]).dictionary_encode(), pa.array([b"a", b"b"], pa.large_binary())),
            ([["a"], ["b"]], [[b"\xff"], [b"a"]]),
            ([{"a": ["a"], "b": b"a"}, None], [{"a": [b"a"], "b": b"a"}, None]),
            (pa.array([[("a", "x")], None], TEXTS_BY_KEY), pa.array([[("a", b"x")], None], BYTES_BY_KEY)),
            ([0.5, 1.5], pa.array([1, 2]).cast(pa.decimal128(38, 10))),
            (pa.array([(1, 0.5)] * 2, TWO_NUMBERS), pa.array([(1,)] * 2, pa.struct([("b", DECIMAL)]))),
            (pa.array([[0.5], None]), pa.array([[1], None], pa.list_(DECIMAL))),
            (pa.array([0, 1], pa.timestamp("us")), pa.array([0, 1], pa.timestamp("us", "UTC"))),
            ([{"a": 1}, None], [{"a": "x"}, None]),
            ([[1], None], [{"a": 1}, None]),
        ],
        ids=[
            *(
                "number",
                "bytes",
                "bytes of one length",
                "dictionary",
                "bytes in a list",
                "bytes in an object",
            ),
            *(
                "bytes in a map",
                "decimal",
                "one decimal of two",
                "decimal in a list",
                "zone",
                "inside",
                "list",
            ),
        ],
    )
    def test_of_types_that_do_not_go_together_are_refused_with_file_and_column(
        self, one: Any, other: Any, is_turned: bool, tmp_path: Path
    ) -> None:
        if is_turned:
            one, other = other, one
        save(tmp_path / "in" / "a.parquet", x=one)
        save(tmp_path / "in" / "b.parquet", x=other)
        with pytest.raises(
            ValueError, match=r"b\.parquet: the column 'x' has values of another type than befo"
        ):
            scanned(tmp_path / "in")

    @pytest.mark.parametrize(
        ("one", "other", "file"),
        [
            (pa.array([2**53 + 1, 0]), pa.array([0.5, 1]), "a"),
            (pa.array([-1, 0]), pa.array([2**64 - 1, 0], pa.uint64()), "b"),
            (pa.array([0, 1], pa.timestamp("ns")), pa.array([2**60, 0], pa.timestamp("us")), "b"),
        ],
        ids=["fraction", "sign", "time"],
    )
    def test_with_values_that_do_not_fit_are_refused_before_any_work(
        self, one: Any, other: Any, file: str, tmp_path: Path
    ) -> None:
        save(tmp_path / "in" / "a.parquet", x=one)
        save(tmp_path / "in" / "b.parquet", x=other)
        with pytest.raises(
            ValueError, match=rf"{file}\.parquet: the column 'x' holds .+, and with the other fi"
        ):
            scanned(tmp_path / "in")

    @pytest.mark.parametrize(
        ("column", "value"),
        [(["a", "b"], "1"), ([b"a", b"b"], '"c"'), ([[b"a"], None], '["c"]'), (DECIMALS, "0.5")],
        ids=["text", "bytes", "bytes in a list", "decimal"],
    )
    def test_are_refused_with_the_line_if_lines_differ_from_columns(
        self, column: Any, value: str, tmp_path: Path
    ) -> None:
        save(tmp_path / "in" / "a.parquet", x=column)
        (tmp_path / "in" / "b.jsonl").write_text(f'{{"text": "Three", "x": {value}}}\n')
        with pytest.raises(
            ValueError, match=r"b\.jsonl, line 1, or soon after it: the column 'x' has values"
        ):
            scanned(tmp_path / "in")


def pq_type(column: Any, folder: Path) -> Any:
    """Return a column as Parquet gives it back, which has no seconds."""
    pq.write_table(pa.table({"x": column}), folder / "alone.parquet")
    return pq.read_table(folder / "alone.parquet")["x"].combine_chunks()


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
