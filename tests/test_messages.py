"""Values in messages are short and harmless, whatever they are."""

from pathlib import Path
from typing import Any

import pytest

from spacy_trend.messages import name_some, shorten, shorten_text, without_controls
from tests.support.odd_texts import CONTROLS


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


@pytest.mark.parametrize("control", CONTROLS)
def test_what_a_terminal_obeys_is_escaped(control: str) -> None:
    escaped = repr(control)[1:-1]
    assert without_controls(f"a{control}b") == f"a{escaped}b"
    assert without_controls(Path(f"a{control}b")) == f"a{escaped}b"
    for shortened in (shorten_text(f"a{control}b"), shorten(f"a{control}b"), name_some([f"a{control}b"])):
        assert control not in shortened


@pytest.mark.parametrize("text", ["Grüße", "我想要", "👨‍👩‍👧", "שלום", "नमस्ते", "a\u00a0b"])
def test_what_a_terminal_shows_stays(text: str) -> None:
    assert without_controls(text) == text


def test_escapes_count_as_characters() -> None:
    assert len(shorten_text("\x1b" * 1_000_000, 20)) == 20


def test_a_value_too_deep_to_write_is_shown_in_part() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert shorten(value).startswith("[[[")
    assert len(shorten(value)) <= 60
    while value:
        # Python would free them one in another.
        value = value.pop()
