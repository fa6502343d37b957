"""What is said of a corpus is short and harmless, whatever its files, columns and values are called."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("filelock")
import pyarrow as pa
import pyarrow.parquet as pq

from spacy_trend.corpus.folder import OutputFolder
from spacy_trend.corpus.input import Source, input_files, scan_input
from spacy_trend.text_files import Row
from tests.support.commands import run_command, said
from tests.support.corpora import embed

RED = "\x1b[31mX"
MANY = [f"a rather long name {number}" for number in range(20_000)]
#: The most characters of a message, its paths left out.
LONGEST = 1_000


def refuse(number: int, row: Row) -> None:
    raise ValueError(row.error)


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[Path], str]:
    """A function that scans an input that is refused, and returns the message without the path."""

    def scan(path: Path) -> str:
        with pytest.raises(ValueError, match=r"\w+") as raised:
            scan_input(input_files(Source(path), OutputFolder(tmp_path / "out")), "text", refuse)
        return str(raised.value).replace(str(path), "")

    return scan


def write_lines(folder: Path, *values: Any) -> None:
    (folder / "a.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values))


def write_csv(folder: Path, *rows: list[str]) -> None:
    with (folder / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def write_parquet(folder: Path, *tables: pa.Table) -> None:
    for number, table in enumerate(tables):
        pq.write_table(table, folder / f"{number}.parquet")


def texts(**columns: Any) -> pa.Table:
    return pa.table({"text": ["a"], **columns})


@pytest.mark.parametrize(
    ("write", "content", "expected"),
    [
        (write_lines, [dict.fromkeys(MANY, 1)], "is missing: got ['a rather long name 0'"),
        (write_lines, [[MANY]], "expected an object"),
        (write_lines, [{"text": MANY}], "Expected a text"),
        (write_lines, [{"text": "a", "x": [MANY, 2**70]}], "more than 64 bits"),
        (write_lines, [{"text": "a", MANY[0] * 9_000: 2**70}], "more than 64 bits"),
        (write_lines, [{"text": "a", "x": dict.fromkeys(MANY, 1)}, {"text": "a", "x": 1}], "one type"),
        (write_lines, [{"text": "a", "x" * 100_000: 1}, {"text": "a", "x" * 100_000: "1"}], "one type"),
        (write_csv, [["text", *MANY], ["a"]], "got 1 values, expected 20001"),
        (write_csv, [["text", *MANY, *MANY], ["a"]], "the same name: got ['a rather long name 0'"),
        (write_csv, [["text", "x" * 100_000, "x" * 100_000]], "the same name"),
        (write_csv, [[""] * 20_000], "no column has a name"),
        (
            write_parquet,
            [pa.Table.from_arrays([["a"]] * 20_000, names=["x"] * 20_000)],
            "of the same name: ['x']. Rename",
        ),
        (write_parquet, [pa.table({name: [1] for name in MANY[:5_000]})], "is missing"),
        (
            write_parquet,
            [texts(x=[dict.fromkeys(MANY[:5000], 1)]), texts(x=[{MANY[0]: ["1"]}])],
            "of another type than before",
        ),
        (
            write_parquet,
            [texts(x=[{MANY[0]: ["1"]}]), texts(x=[dict.fromkeys(MANY[:5000], 1)])],
            "of another type than before",
        ),
        (write_parquet, [pa.table({"text": [dict.fromkeys(MANY[:5000], 1)]})], "Expected texts"),
    ],
)
def test_messages_are_short(
    write: Callable[..., None],
    content: list[Any],
    expected: str,
    tmp_path: Path,
    refusal: Callable[[Path], str],
) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", *content)
    message = refusal(tmp_path / "in")
    assert expected in message
    assert len(message) < LONGEST


def test_of_many_files_without_a_text_one_is_named(tmp_path: Path, refusal: Callable[[Path], str]) -> None:
    (tmp_path / "in").mkdir()
    for number in range(300):
        (tmp_path / "in" / f"{number:03}.txt").touch()
    assert refusal(tmp_path / "in") == "There is no text in /000.txt and 299 more. Expected at least one."


def test_of_many_columns_without_a_name_the_first_are_named(
    tmp_path: Path,
) -> None:
    write_csv(tmp_path, ["text", *[""] * 5_000], ["a", *["b"] * 5_000])
    files = input_files(Source(tmp_path / "a.csv"), OutputFolder(tmp_path / "out"))
    with pytest.warns(UserWarning, match=r"left out, counted from 1: \[2, 3, 4, 5, 6\] and 4,995 more\."):
        scan_input(files, "text", refuse)


def test_the_list_of_errors_is_short(tmp_path: Path, tiny_encoder: Path) -> None:
    write_csv(tmp_path, ["text", *MANY[:200]], *[["a", str(n)] for n in range(300)], ["b"] * 201)
    summary = embed(tmp_path / "a.csv", tmp_path / "out", tiny_encoder, on_error="skip")
    assert summary.errors == 300
    assert summary.errors_file.stat().st_size < 300 * (LONGEST + 2 * len(str(tmp_path)))


@pytest.mark.parametrize(
    ("write", "content"),
    [
        (write_lines, [{"text": "a", RED: [1]}, {"text": "a", RED: [[1]]}]),
        (write_lines, [{"text": "a", "x": {RED: 1}}, {"text": "a", "x": {RED: "1"}}]),
        (write_lines, [{"text": "a", RED: {}}]),
        (write_lines, [{"text": "a", RED: 2**60}, {"text": "a", RED: 0.5}]),
        (write_lines, [{RED: "a"}]),
        (write_csv, [["text", RED, RED]]),
        (write_csv, [["text", RED], ["a"]]),
        (write_parquet, [texts(**{RED: [1]}), texts(**{RED: ["1"]})]),
        (write_parquet, [texts(x=[{RED: 1}]), texts(x=[{RED: "1"}])]),
        (write_parquet, [pa.Table.from_arrays([["a"], ["b"]], names=[RED, RED])]),
    ],
)
def test_nothing_in_messages_is_obeyed_by_a_terminal(
    write: Callable[..., None], content: list[Any], tmp_path: Path, refusal: Callable[[Path], str]
) -> None:
    folder = tmp_path / f"\x1b]0;title\x07 \u202e {RED}"
    folder.mkdir()
    write(folder, *content)
    message = refusal(folder)
    assert r"\x1b[31mX" in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "name", [f"{RED}.jsonl", "\x1b]0;title\x07.csv", "\x9b31m.csv", "a\u202eb.parquet", "\x1b.odd"]
)
@pytest.mark.parametrize(("source", "output"), [("{name}/none", "out"), ("{name}", "{name}"), ("in", "out")])
def test_names_of_files_are_shown_and_not_obeyed(
    source: str, output: str, name: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    (tmp_path / "in" / name).mkdir(parents=True)
    write_lines(tmp_path / "in" / name, {"other": 1})
    (tmp_path / name).write_text("no")
    paths = [tmp_path / path.format(name=name) for path in (source, output)]
    result = run_command("embed", *paths, "--encoder", tiny_encoder)
    assert result.exit_code == 1
    assert repr(name)[1:-1] in said(result).replace(" ", "")
    assert said(result).isprintable()
