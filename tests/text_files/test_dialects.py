"""How a file is read is one thing, whatever names the user gives it."""

from pathlib import Path

import pytest

from spacy_trend.text_files import DEFAULT_DIALECT, Dialect, effective_dialect


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["utf-8", "utf8", "UTF-8", "utf_8", "U8"], "a.txt"),
        (["latin-1", "iso-8859-1", "latin1", "L1"], "a.jsonl.gz"),
        (["utf-16-le", "UTF_16LE"], "a.csv"),
        (["cp1252", "windows-1252"], "a.tsv"),
    ],
)
def test_names_of_one_encoding_are_one_dialect(names: list[str], name: str) -> None:
    assert len({effective_dialect(Path(name), Dialect(encoding)) for encoding in names}) == 1


@pytest.mark.parametrize(
    ("name", "delimiters"),
    [
        ("a.csv", [None, ","]),
        ("a.CSV.gz", [None, ","]),
        ("a.tsv", [None, "\t"]),
        ("a.jsonl", [None, ",", ";"]),
        ("a.txt", [None, "\t"]),
    ],
)
def test_a_delimiter_that_changes_nothing_is_one_dialect(name: str, delimiters: list[str | None]) -> None:
    assert len({effective_dialect(Path(name), Dialect("utf-8", mark)) for mark in delimiters}) == 1


@pytest.mark.parametrize(
    "other",
    [Dialect("utf-8-sig"), Dialect("latin-1"), Dialect("utf-8", ";"), Dialect("utf-8", "\t")],
    ids=str,
)
def test_others_are_others(other: Dialect) -> None:
    path = Path("a.csv")
    assert effective_dialect(path, other) != effective_dialect(path, DEFAULT_DIALECT)
