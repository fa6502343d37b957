"""The commands, run in this process."""

from pathlib import Path
from typing import Any

from click import unstyle
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_trend.cli


def run_command(*args: str | Path, charset: str = "utf-8") -> Any:
    """Run `spacy trend` with some arguments, on a console of an encoding."""
    assert spacy_trend.cli
    return CliRunner(charset=charset).invoke(app, ["trend", *map(str, args)])


def said(result: Any) -> str:
    """What a command printed, in one line without colors."""
    return " ".join(unstyle(result.stdout).split())
