"""Commands that read texts take the columns of the user's own files, and say what they do, or are quiet."""

import logging
from pathlib import Path

import pytest
import typer

from spacy_trend.cli import trend_cli
from spacy_trend.console import msg
from spacy_trend.progress import LOGGER
from tests.support.commands import run_command, said

READERS = ("explain", "compare", "split", "evaluate", "embed")
QUIET = (*READERS, "search")


def options_of(command: str) -> set[str]:
    found = typer.main.get_command(trend_cli)
    return {name for parameter in found.commands[command].params for name in parameter.opts}  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", READERS)
def test_commands_that_read_texts_have_options_for_their_files(command: str) -> None:
    options = {"--text-field", "--encoding", "--delimiter", "--no-header", "--limit"}
    assert options <= options_of(command)


@pytest.mark.parametrize("command", ["compare", "split", "evaluate"])
def test_commands_that_read_labels_have_an_option_for_their_column(command: str) -> None:
    assert "--label-field" in options_of(command)


@pytest.mark.parametrize("command", QUIET)
def test_commands_that_take_time_can_be_quiet(command: str) -> None:
    assert {"--quiet", "-q"} <= options_of(command)


def test_explain_reads_parquet_by_its_column(tmp_path: Path, tiny_encoder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(pa.table({"body": ["One apple", "Two pears"]}), path)
    options = ["--encoder", tiny_encoder, "--json"]
    result = run_command("explain", "--texts", path, *options)
    assert result.exit_code == 1
    assert "the field 'text' is missing: got ['body']. Name the one that holds the texts" in said(result)
    assert "--text-field" in said(result)
    result = run_command("explain", "--texts", path, "--text-field", "body", "--limit", "1", *options)
    assert result.exit_code == 0, result.stdout
    assert result.stdout.count('"text": "One apple"') == 1
    assert "Two pears" not in result.stdout
    assert result.stderr == f"Loading {tiny_encoder} ...\n"


def test_explain_reads_no_more_of_a_file_than_it_is_told_and_compares_two_texts_anyway(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One apple"}\nno JSON\n')
    options = ["--limit", "1", "--encoder", tiny_encoder, "--json"]
    result = run_command("explain", "--texts", path, *options)
    assert result.exit_code == 0, said(result)
    # Of --texts alone, the limit.
    result = run_command("explain", "One apple", "--with", "Two pears", *options)
    assert result.exit_code == 0, said(result)
    assert '"other_text": "Two pears"' in result.stdout


def test_a_quiet_command_prints_the_result_alone(tmp_path: Path, tiny_encoder: Path) -> None:
    arguments = ["explain", "One apple", "--encoder", tiny_encoder, "--html", tmp_path / "a.html"]
    result = run_command(*arguments, "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    # The next command in the same process is not.
    result = run_command(*arguments)
    assert "Wrote" in result.stdout
    assert result.stderr.startswith("Loading")


def test_a_quiet_command_says_what_is_wrong() -> None:
    result = run_command("explain", "One apple", "--preset", "no-such", "--quiet")
    assert result.exit_code == 1
    assert "no-such" in said(result)
    run_command("presets")
    assert not msg.is_quiet
    assert LOGGER.level == logging.INFO
