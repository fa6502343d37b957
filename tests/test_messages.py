"""Values in messages are short, whatever they are."""

from typing import Any

import pytest

from spacy_trend.messages import name_some, shorten, shorten_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a label", "'a label'"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        ("a\nb", "'a\\nb'"),
        ("x" * 100, "'" + "x" * 8 + "…"),
        (list(range(100)), "[0, 1, 2,…"),
        ("x" * 8, "'xxxxxxxx'"),
        ("x" * 9, "'xxxxxxxx…"),
    ],
)
def test_a_value_is_cut_off(value: Any, expected: str) -> None:
    assert shorten(value, 10) == expected


def test_a_value_of_many_lines_stands_on_one() -> None:
    class Table:
        def __repr__(self) -> str:
            return "a  b\n0  1"

    assert shorten(Table()) == "a b 0 1"


@pytest.mark.parametrize(("text", "expected"), [("a b", "a b"), ("a\n  b", "a b"), ("a" * 11, "a" * 9 + "…")])
def test_a_text_is_cut_off(text: str, expected: str) -> None:
    assert shorten_text(text, 10) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "[]"),
        (["a", 3], "['a', 3]"),
        ("abc", "['a', 'b', 'c']"),
        (range(4), "[0, 1, 2] and 1 more"),
        (range(1500), "[0, 1, 2] and 1,497 more"),
        ((str(n) for n in range(4)), "['0', '1', '2'] and 1 more"),
    ],
)
def test_of_many_values_the_first_are_named(values: Any, expected: str) -> None:
    assert name_some(values, 3) == expected


def test_long_values_among_many_are_cut_off() -> None:
    assert len(name_some(["x" * 1_000_000] * 1500)) < 400
