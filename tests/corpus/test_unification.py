"""Columns of several files become one column that holds the values of all, or are refused by name."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.inputs import NAMES, is_able, needs_views, read, save, scanned

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
TEXTS_BY_KEY, BYTES_BY_KEY = pa.map_(pa.string(), pa.string()), pa.map_(pa.string(), pa.binary())
DECIMAL = pa.decimal128(25, 3)
DECIMALS = pa.array([1, None]).cast(DECIMAL)
TWO_NUMBERS = pa.struct([("a", DECIMAL), ("b", pa.float64())])
WIDER = pa.struct([("a", pa.int64()), ("b", pa.string())])
needs_wider_objects = pytest.mark.skipif(
    not is_able(lambda: pa.array([{"a": 1}]).cast(WIDER)),
    reason="this pyarrow adds no fields: refused by name",
)


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
