"""What is said on the console is shown there, whatever it holds."""

import io
import logging
import sys

import pytest

from spacy_trend.console import Console, listen_to, msg, printable
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


def test_a_quiet_console_says_what_is_wrong_alone(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Console(no_print=False)
    printer.is_quiet = True
    printer.good("good")
    printer.info("info")
    assert capsys.readouterr().out == ""
    printer.warn("warning")
    with pytest.raises(SystemExit):
        printer.fail("failure", exits=1)
    printed = capsys.readouterr().out
    assert "warning" in printed
    assert "failure" in printed


class TestLogger:
    @pytest.fixture
    def logger(self) -> logging.Logger:
        return logging.Logger("a logger")

    def test_is_heard_once_on_what_is_the_standard_error_at_the_time(
        self, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(2):
            listen_to(logger, is_quiet=False)
        for _ in range(2):
            stream = io.StringIO()
            monkeypatch.setattr(sys, "stderr", stream)
            logger.info("Loading %s", "a\x1b[2Jb")
            logger.debug("not this")
            assert stream.getvalue() == "Loading a\\x1b[2Jb\n"

    def test_is_heard_of_warnings_alone_if_the_console_is_quiet(
        self, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        listen_to(logger, is_quiet=True)
        assert msg.is_quiet
        logger.info("Loading")
        logger.warning("Beware")
        assert capsys.readouterr() == ("", "Beware\n")
        listen_to(logger, is_quiet=False)
        assert not msg.is_quiet

    def test_does_not_stop_the_work_if_nothing_can_be_written(
        self, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listen_to(logger, is_quiet=False)
        monkeypatch.setattr(logging, "raiseExceptions", False)
        closed = io.StringIO()
        closed.close()
        monkeypatch.setattr(sys, "stderr", closed)
        logger.info("Loading")
