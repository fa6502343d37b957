"""What is said on the console is shown there, whatever it holds."""

import pytest

from spacy_trend.console import Console, printable
from tests.support.odd_texts import CONTROLS


@pytest.mark.parametrize("kind", ["good", "info", "warn", "fail", "text"])
@pytest.mark.parametrize("control", CONTROLS)
def test_nothing_in_titles_and_texts_is_obeyed(
    control: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    printer = Console(icons={"good": "+", "info": "i", "warn": "!", "fail": "x"})
    getattr(printer, kind)(f"Wrote a{control}b", f"or c{control}d")
    printed = capsys.readouterr().out
    escaped = repr(control)[1:-1]
    # The printer's own colors, if any, begin a line.
    assert f"Wrote a{escaped}b" in printed
    assert f"or c{escaped}d" in printed


def test_a_failure_ends_the_command() -> None:
    with pytest.raises(SystemExit):
        Console().fail("Nothing", "works", exits=1)


def test_lines_stay_lines() -> None:
    assert printable("a\nb\x1b[2J\n") == "a\nb\\x1b[2J\n"
    assert printable(ValueError("a\rb")) == "a\\rb"
