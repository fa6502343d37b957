"""The option `--preset` of commands: its choices in the help, and names of before."""

from pathlib import Path

import pytest

from spacy_trend import PRESETS
from tests.support.commands import run_command, said


@pytest.mark.parametrize("command", ["explain", "embed"])
def test_the_help_names_all_presets(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    printed = " ".join(run_command(command, "--help").stdout.split())
    assert f"[{'|'.join(PRESETS)}]" in printed


def test_a_name_of_before_is_refused_with_the_new_one(tiny_encoder: Path) -> None:
    result = run_command("explain", "Two words", "--encoder", str(tiny_encoder), "--preset", "all_words")
    assert result.exit_code == 1
    assert "preset='all_words' is gone" in said(result)
    assert "use 'classifier'" in said(result)
