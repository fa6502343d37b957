"""Every command that reads texts takes their encoding and what stands between values."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import run_command, said

pytestmark = pytest.mark.slow

TABLE = "text;label\n" + "".join(f"Zoë, {n} {label};{label}\n" for n in range(12) for label in "XY")


@pytest.fixture(params=["explain", "compare", "split", "embed"])
def run(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path
) -> Any:
    """A function that has a command read a file, with options."""
    folder, encoder = tmp_path / "out", ("--encoder", tiny_encoder)
    arguments: dict[str, Any] = {
        "explain": lambda path: ("--texts", path, *encoder, "--json"),
        "compare": lambda path: (path, *encoder, "--folds", "2", "--output", folder),
        "split": lambda path: (path, folder),
        "embed": lambda path: (path, folder, *encoder),
    }
    if request.param in ("compare", "split"):
        pytest.importorskip("sklearn")
    if request.param == "embed":
        pytest.importorskip("pyarrow")
    if request.param == "compare":
        monkeypatch.setattr("spacy_trend.compare.classifier.STRENGTHS", (0.01, 1.0))
    return lambda path, *options: run_command(request.param, *arguments[request.param](path), *options)


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-16", ";"), ("latin-1", "tab"), ("cp1252", "\\t")])
def test_commands_read_files_as_they_are_written(
    run: Any, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    table = TABLE if delimiter == ";" else TABLE.replace(";", "\t")
    path = tmp_path / "texts.csv"
    path.write_bytes(table.encode(encoding))
    result = run(path, "--encoding", encoding, "--delimiter", delimiter)
    assert result.exit_code == 0, result.stdout
    if result.stdout.startswith("{"):
        assert json.loads(result.stdout.splitlines()[0])["text"] == "Zoë, 0 X"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (TABLE.encode("utf-16"), [], "texts.csv, line 1: is UTF-16, not UTF-8. Name its encoding with --enc"),
        (TABLE.encode("latin-1"), [], "texts.csv, line 2: is not UTF-8 (invalid continuation byte)."),
        (TABLE.encode(), ["--encoding", "none"], "The encoding 'none' is unknown. Expected one of Python's"),
        (TABLE.encode(), ["--delimiter", ";;"], "The delimiter ';;' cannot stand between values. Expected"),
    ],
    ids=["wide", "other", "unknown", "long"],
)
def test_commands_name_what_is_wrong_with_how_a_file_is_written(
    run: Any, tmp_path: Path, content: bytes, options: list[str], message: str
) -> None:
    (tmp_path / "texts.csv").write_bytes(content)
    result = run(tmp_path / "texts.csv", *options)
    assert result.exit_code == 1
    assert message.replace(" ", "") in said(result).replace(" ", "")


@pytest.mark.parametrize("content", [b"text;label\n", b"\x1f\x8b\x08\x00"])
def test_commands_name_a_compressed_file_that_is_not_whole(run: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "texts.csv.gz").write_bytes(content)
    result = run(tmp_path / "texts.csv.gz")
    assert result.exit_code == 1
    assert "texts.csv.gzcannotbereadtoitsend(" in said(result).replace(" ", "")
