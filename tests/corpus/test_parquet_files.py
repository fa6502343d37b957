"""Parquet files of an input: times of the old type INT96, rows that are left out of any column, odd names."""

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")

import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.embedder import kept_rows
from tests.support.corpora import embed, table_of
from tests.support.inputs import is_able, read, save, scanned

EARLY, LATE, NOW = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime(2024, 2, 29, 1)
TIME = pa.timestamp("us")


def save_int96(path: Path, column: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"text": ["One"] * len(column), "x": column})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    return path


class TestTimes:
    """Of the type INT96."""

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            ([LATE, None, EARLY, NOW], TIME),
            ([[LATE, None], [], None], pa.list_(TIME)),
            ([{"a": LATE, "b": 1}, None, {"a": None, "b": 2}], pa.struct([("a", TIME), ("b", pa.int64())])),
            ([[("a", EARLY)], None, [("b", LATE), ("c", None)]], pa.map_(pa.string(), TIME)),
            (
                [{"a": [{"b": LATE}]}, {"a": [{"b": None}]}],
                pa.struct([("a", pa.list_(pa.struct([("b", TIME)])))]),
            ),
            ([None, None], TIME),
        ],
        ids=["plain", "list", "object", "map", "objects in a list", "nothing"],
    )
    def test_are_the_days_that_were_written(self, values: list[Any], found: Any, tmp_path: Path) -> None:
        column = read(save_int96(tmp_path / "a.parquet", pa.array(values, found)), 10)["x"]
        assert column.to_pylist() == values
        assert column.combine_chunks().cast(found).equals(pa.array(values, found))

    def test_that_are_finer_than_microseconds_stay_so(self, tmp_path: Path) -> None:
        numbers = pa.array([1, 2**62 + 1, -1], pa.timestamp("ns"))
        column = read(save_int96(tmp_path / "a.parquet", numbers))["x"]
        assert column.combine_chunks().equals(numbers)

    def test_may_stand_beside_other_times(self, tmp_path: Path) -> None:
        save_int96(tmp_path / "in" / "a.parquet", pa.array([LATE, None], TIME))
        save(tmp_path / "in" / "b.parquet", x=pa.array([EARLY, NOW], TIME))
        assert read(tmp_path / "in")["x"].to_pylist() == [LATE, None, EARLY, NOW]

    def test_before_1970_are_read_as_old_writers_write_them(self, tmp_path: Path) -> None:
        noon = datetime(1969, 12, 31, 12)
        path = save_int96(tmp_path / "a.parquet", pa.array([noon, NOW], TIME))
        assert read(path)["x"].cast(TIME).to_pylist() == [noon, NOW]
        content, half = path.read_bytes(), 12 * 3_600 * 10**9
        # The day before, and what is left of it; or the next, and how much it is less.
        as_now = half.to_bytes(8, "little") + (2_440_587).to_bytes(4, "little")
        as_once = (-half).to_bytes(8, "little", signed=True) + (2_440_588).to_bytes(4, "little")
        writer = re.search(rb"parquet-cpp-arrow version \d\d\.\d\.\d", content)
        assert writer is not None
        content = content.replace(as_now, as_once).replace(
            writer.group(), b"parquet-cpp-arrow version 17.0.0"
        )
        assert as_once in content
        path.write_bytes(content)
        assert read(path)["x"].cast(TIME).to_pylist() == [noon, NOW]
        # Midnights are as they are.
        path = save_int96(tmp_path / "b.parquet", pa.array([datetime(2300, 1, 1), EARLY], TIME))
        path.write_bytes(path.read_bytes().replace(writer.group(), b"parquet-cpp-arrow version 17.0.0"))
        assert read(path)["x"].to_pylist() == [datetime(2300, 1, 1), EARLY]

    def test_that_no_unit_holds_together_are_refused(self, tmp_path: Path) -> None:
        # Days since the beginning of the Julian calendar, after nanoseconds, as INT96 has them.
        path = save_int96(tmp_path / "a.parquet", pa.array([NOW, LATE], TIME))
        content = path.read_bytes()
        old = (3_600 * 10**9).to_bytes(8, "little") + (2_460_370).to_bytes(4, "little")
        assert content.count(old) >= 1
        path.write_bytes(content.replace(old, (1).to_bytes(8, "little") + old[8:]))
        message = (
            r"a\.parquet holds times of the type INT96 \(\['x'\]\) that are finer than microsec.*convert"
        )
        with pytest.raises(ValueError, match=message):
            scanned(path)

    def test_reach_the_output(self, tmp_path: Path, tiny_encoder: Path) -> None:
        path = save_int96(tmp_path / "a.parquet", pa.array([LATE, EARLY], TIME))
        embed(path, tmp_path / "out", tiny_encoder)
        assert table_of(tmp_path / "out")["x"].to_pylist() == [LATE, EARLY]


VIEWS: dict[str, tuple[Any, list[Any]]] = {
    "texts": (pa.string_view(), ["a", None, "a text of more than twelve bytes", "d"]),
    "bytes": (pa.binary_view(), [b"a", b"\xff" * 20, None, b"d"]),
    "in a list": (pa.list_(pa.string_view()), [["a", None], [], None, ["d" * 20]]),
    "in an object": (pa.struct([("a", pa.binary_view())]), [{"a": b"a"}, {"a": None}, None, {"a": b"d"}]),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), ["a", None, "c", "a"]),
    "large list": (pa.large_list(pa.int8()), [[1], [], None, [2, 3]]),
    "nothing": (pa.null(), [None] * 4),
}


def column_of(found: Any, values: list[Any]) -> Any:
    plain = pa.array(values, pa.string()) if pa.types.is_dictionary(found) else None
    return pa.array(values, found) if plain is None else plain.cast(found)


@pytest.mark.parametrize("name", VIEWS)
class TestRowsThatAreLeftOut:
    @pytest.fixture
    def column(self, name: str) -> Any:
        written = pa.BufferOutputStream()
        if not is_able(lambda: pq.write_table(pa.table({"x": column_of(*VIEWS[name])}), written)):
            pytest.skip("this pyarrow does not write the type")
        return column_of(*VIEWS[name])

    @pytest.mark.parametrize("kept", [[], [0], [1, 3], [0, 1, 3], [0, 1, 2, 3], [3]], ids=str)
    def test_of_a_table_leave_the_others(self, kept: list[int], name: str, column: Any) -> None:
        table = pa.table({"x": column, "y": range(4)})
        # In several chunks, one of them sliced.
        table = pa.concat_tables([table.slice(0, 1), table.slice(1)])
        found = kept_rows(table, kept)
        assert found.to_pylist() == [table.to_pylist()[number] for number in kept]
        assert found.schema == table.schema

    def test_of_the_input_leave_the_others(
        self, name: str, column: Any, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        texts = ["One", None, "Three", "Four"]
        path = save(tmp_path / "a.parquet", text=texts, x=column)
        assert embed(path, tmp_path / "out", tiny_encoder, on_error="skip").errors == 1
        table = table_of(tmp_path / "out")
        values = VIEWS[name][1]
        assert table["x"].to_pylist() == [values[0], *values[2:]]
        assert table["row"].to_pylist() == [0, 2, 3]


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux alone")
@pytest.mark.parametrize("name", [b"in/\xff.parquet", b"in/\xff/a.parquet", b"in/x=\xff/a.parquet"])
def test_a_name_that_is_not_utf8_is_refused_by_name(name: bytes, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "x")[:-1] + name))
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"text": ["One"]}), tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(path)
    with pytest.raises(ValueError, match=r"[Tt]he name .*\\udcff.* is not UTF-8.*[Rr]ename"):
        scanned(tmp_path / "in")
