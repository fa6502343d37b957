"""How far the work has got: a bar on a terminal, otherwise lines of the logger, or nothing."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from spacy_trend import progress as module
from spacy_trend.corpus.run import show_progress
from spacy_trend.progress import LOGGER, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _level_kept() -> Iterator[None]:
    before = LOGGER.level
    yield
    LOGGER.setLevel(before)


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal is shown of some work."""
    with monkeypatch.context() as patch:
        terminal = Terminal()
        patch.setattr(sys, "stderr", terminal)
        assert list(progress("abc", doing="Embedding")) == ["a", "b", "c"]
        return terminal.getvalue()


def numbers(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message.partition(",")[0] for message in caplog.messages]


def test_lines_tell_of_the_beginning_and_the_end(caplog: pytest.LogCaptureFixture) -> None:
    LOGGER.setLevel(logging.INFO)
    assert list(progress("abc", doing="Embedding", total=3)) == ["a", "b", "c"]
    assert numbers(caplog) == ["Embedding: 0 of 3 texts", "Embedding: 3 of 3 texts"]
    assert caplog.messages[0] == "Embedding: 0 of 3 texts, 00:00 so far"
    assert caplog.messages[1] == "Embedding: 3 of 3 texts, 00:00 so far, 00:00 left"
    assert {record.name for record in caplog.records} == {"spacy_trend"}


def test_lines_tell_of_the_work_every_ten_seconds(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    LOGGER.setLevel(logging.INFO)
    now = [0.0]
    with progress(doing="Embedding", unit="row", total=100, done=1) as shown:
        monkeypatch.setattr(shown, "_time", lambda: now[0])
        shown.start_t = shown.last_print_t = 0.0
        for _ in range(33):
            now[0] += 1
            shown.update(3)
    expected = ["1 of 100", "31 of 100", "61 of 100", "91 of 100", "100 of 100"]
    assert numbers(caplog) == [f"Embedding: {each} rows" for each in expected]
    assert module.INTERVAL == 10.0


def test_nothing_is_said_if_nobody_listens(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    LOGGER.setLevel(logging.NOTSET)
    assert list(progress("abc", doing="Embedding")) == ["a", "b", "c"]
    assert caplog.messages == []
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    LOGGER.setLevel(logging.NOTSET)
    shown = on_a_terminal(monkeypatch)
    assert "Embedding: 100%" in shown
    assert "3/3" in shown


def test_the_logger_s_level_hides_bars_too(monkeypatch: pytest.MonkeyPatch) -> None:
    LOGGER.setLevel(logging.WARNING)
    assert on_a_terminal(monkeypatch) == ""


def test_a_run_counts_rows_from_those_done_before(caplog: pytest.LogCaptureFixture) -> None:
    LOGGER.setLevel(logging.INFO)
    show_progress(iter((3, 2)), 6, 1)
    assert numbers(caplog) == ["Embedding: 1 of 6 rows", "Embedding: 6 of 6 rows"]
