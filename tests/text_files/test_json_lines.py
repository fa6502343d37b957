"""Values of JSON lines are read as they were written, or not at all."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.text_files import Row, rows_with_text
from tests.support.files import rows_of

LONG = "n" * 999


def error_of(value: object) -> str | None:
    return next(rows_with_text([Row({"text": "a", "x": value}, "here")], "text")).error


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_fractions_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, number: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "fractions.jsonl"
    (row,) = rows_of(path, json.dumps({"x": number}))
    assert struct.pack("d", row.value["x"]) == struct.pack("d", number)


@pytest.mark.parametrize(
    "written", ["5e-324", "2.2250738585072014e-308", "0.1", "1e22", "-0.0", "1.7976931348623157e308", "1E5"]
)
def test_extreme_fractions_are_read_as_they_were_written(tmp_path: Path, written: str) -> None:
    (row,) = rows_of(tmp_path / "a.jsonl", f'{{"x": {written}}}')
    assert repr(row.value["x"]) == repr(float(written))


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63), 2**64 - 1])
def test_whole_numbers_are_read_as_they_were_written(tmp_path: Path, number: int) -> None:
    (row,) = rows_of(tmp_path / "a.jsonl", f'{{"x": {number}}}')
    assert row.value["x"] == number
    assert error_of(number) is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("1e400", "the number 1e400 is beyond what a float holds"),
        ("-1e999", "the number -1e999 is beyond what a float holds"),
        ("NaN", "NaN is not a number of JSON, which has null for a number that is missing"),
        ("-Infinity", "-Infinity is not a number of JSON"),
        ("1" * 5000, "Exceeds the limit"),
        ("[" * 100_000, "lists or objects too deep in one another"),
    ],
)
def test_what_is_not_a_number_of_json_is_refused_with_the_line(
    tmp_path: Path, written: str, why: str
) -> None:
    good, bad, other = rows_of(tmp_path / "a.jsonl", f'{{"x": 1}}\n{{"x": {written}}}\n{{"x": 2}}\n')
    assert [good.value, bad.value, other.value] == [{"x": 1}, None, {"x": 2}]
    assert bad.error is not None
    assert bad.error.startswith(f"{tmp_path / 'a.jsonl'}, line 2: is not JSON ({why}")


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, [{"y": 10**30}]])
def test_numbers_that_no_column_holds_are_errors_of_their_row(value: object) -> None:
    assert "the field 'x' holds a whole number that takes more than 64 bits" in (error_of(value) or "")


def test_values_that_are_too_deep_are_errors_of_their_row() -> None:
    value: object = 1
    for _ in range(150):
        value = [value]
    assert "the field 'x' holds lists or objects more than 100 deep in one another" in (error_of(value) or "")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('{"text": "a", "text": "b"}', "the name 'text' stands 2 times in one object"),
        ('{"text": "a", "text": "a"}', "the name 'text' stands 2 times in one object"),
        (
            '{"text": "a", "x": [{"y": 1, "z": 0, "y": 2, "\\u0079": 3}]}',
            "the name 'y' stands 3 times in one obj",
        ),
        ('{"text": "a", "": 1, "": 2}', "the name '' stands 2 times"),
        (f'{{"text": "a", "{LONG}": 1, "{LONG}": 2}}', "the name 'nnnn"),
    ],
    ids=["text", "same value", "inside", "empty", "long"],
)
def test_a_name_that_stands_twice_is_an_error_of_its_row(tmp_path: Path, written: str, why: str) -> None:
    good, bad, other = rows_of(
        tmp_path / "a.jsonl", f'{{"text": "a"}}\n{written}\n{{"text": "b", "x": {{}}}}\n'
    )
    assert [good.value, bad.value, other.value] == [{"text": "a"}, None, {"text": "b", "x": {}}]
    assert bad.error is not None
    assert bad.error.startswith(f"{tmp_path / 'a.jsonl'}, line 2: is not JSON ({why}")
    assert len(bad.error) < 300 + len(str(tmp_path))
