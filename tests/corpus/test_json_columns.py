"""Columns of JSON lines: values of several lines have one type that holds all of them, or are refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa

from tests.support.inputs import read, save, save_lines, scanned

PLACES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = {
    "value": (lambda value: value, lambda found: found, "x"),
    "list": (lambda value: [value], pa.list_, "x"),
    "object": (lambda value: {"a": value}, lambda found: pa.struct([("a", found)]), "x.a"),
    "list of objects": (
        lambda value: [{"a": [value]}],
        lambda found: pa.list_(pa.struct([("a", pa.list_(found))])),
        "x.a",
    ),
}
at_every_place = pytest.mark.parametrize(("put", "nest", "path"), PLACES.values(), ids=PLACES)
Nest = Callable[[Any], Any]


@at_every_place
class TestColumns:
    @pytest.mark.parametrize("is_turned", [False, True], ids=["", "turned"])
    @pytest.mark.parametrize("other", [0.5, 1, 0, -1, 2**63])
    def test_of_truths_and_numbers_are_refused(
        self, other: Any, is_turned: bool, put: Nest, nest: Nest, path: str, tmp_path: Path
    ) -> None:
        values = [put(other), put(None), put(True)]
        source = save_lines(tmp_path / "a.jsonl", *(reversed(values) if is_turned else values))
        with pytest.raises(ValueError, match=r"a\.jsonl, line [13].*Expected one type"):
            scanned(source)

    def test_of_fractions_and_truths_name_the_row_and_the_field(
        self, put: Nest, nest: Nest, path: str, tmp_path: Path
    ) -> None:
        message = rf"a\.jsonl, line 2: the field '{re.escape(path)}' holds true or false, and something else"
        with pytest.raises(ValueError, match=message):
            scanned(save_lines(tmp_path / "a.jsonl", put(0.5), put(False)))

    def test_of_truths_hold_them(self, put: Nest, nest: Nest, path: str, tmp_path: Path) -> None:
        values = [put(True), put(None), put(False)]
        column = read(save_lines(tmp_path / "a.jsonl", *values))["x"]
        assert (column.type, column.to_pylist()) == (nest(pa.bool_()), values)

    @pytest.mark.parametrize(
        "numbers",
        [[2**63], [1, 2**63 + 1], [2**63 + 1, 0], [2**64 - 1, None, 2**53 + 1], [2**63, 2**63 - 1]],
        ids=str,
    )
    def test_of_numbers_from_2_to_the_63_on_are_unsigned(
        self, numbers: list[Any], put: Nest, nest: Nest, path: str, tmp_path: Path
    ) -> None:
        values = [put(number) for number in numbers]
        column = read(save_lines(tmp_path / "a.jsonl", *values))["x"]
        assert (column.type, column.to_pylist()) == (nest(pa.uint64()), values)

    @pytest.mark.parametrize("numbers", [[-1, 2**63], [2**63, -(2**63)], [2**64 - 1, 1, -1]], ids=str)
    def test_of_such_numbers_and_negative_ones_name_both_rows(
        self, numbers: list[int], put: Nest, nest: Nest, path: str, tmp_path: Path
    ) -> None:
        large, negative = numbers.index(max(numbers)) + 1, numbers.index(min(numbers)) + 1
        message = (
            rf"a\.jsonl, line {large}: the field '{re.escape(path)}' holds a whole number from 2\*\*63 on, "
            rf"and one below zero at .*a\.jsonl, line {negative}\. Expected"
        )
        with pytest.raises(ValueError, match=message):
            scanned(save_lines(tmp_path / "a.jsonl", *map(put, numbers)))


class TestFiles:
    def test_have_one_type_for_all_numbers(self, tmp_path: Path) -> None:
        save_lines(tmp_path / "in" / "a.jsonl", 1, 2)
        save_lines(tmp_path / "in" / "b.jsonl", 2**64 - 1)
        save(tmp_path / "in" / "c.parquet", x=[3, 2**63 - 1])
        column = read(tmp_path / "in")["x"]
        assert (column.type, column.to_pylist()) == (pa.uint64(), [1, 2, 2**64 - 1, 3, 2**63 - 1])

    def test_of_which_one_has_numbers_below_zero_are_refused_by_its_name(self, tmp_path: Path) -> None:
        save_lines(tmp_path / "in" / "a.jsonl", 2**64 - 1)
        save(tmp_path / "in" / "b.parquet", x=[3, -1])
        with pytest.raises(ValueError, match=r"b\.parquet: the column 'x' holds int64, and .* uint64"):
            scanned(tmp_path / "in")

    def test_of_truths_and_fractions_are_refused_in_each_order(self, tmp_path: Path) -> None:
        for names in (("a.jsonl", "b.parquet"), ("b.jsonl", "a.parquet")):
            save_lines(tmp_path / "in" / names[0], True)
            save(tmp_path / "in" / names[1], x=[0.5, 1.5])
            with pytest.raises(ValueError, match=r"the column 'x' has values of another type"):
                scanned(tmp_path / "in")
            for name in names:
                (tmp_path / "in" / name).unlink()


def test_a_value_without_a_type_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"a\.jsonl, line 2: \[1, 'a'\] cannot be a value .* list of one type"
    ):
        scanned(save_lines(tmp_path / "a.jsonl", [1], [1, "a"]))
