"""Files of any encoding and with any ends of lines; files that are not what their name says."""

import gzip
import random
from pathlib import Path

import pytest

from spacy_trend.text_files import Dialect, check_dialect, read_texts
from tests.support.files import rows_of

CONTENTS = {
    "a.csv": "text,label\nGrüße an alle,x\nZwei,y\n",
    "a.tsv": "text\tlabel\nGrüße an alle\tx\nZwei\ty\n",
    "a.txt": "Grüße an alle\nZwei\n",
    "a.jsonl": '{"text": "Grüße an alle"}\n{"text": "Zwei"}\n',
}
TEXTS = ["Grüße an alle", "Zwei"]
names = pytest.mark.parametrize("name", CONTENTS)


@names
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_encoding_that_is_named_is_read(
    tmp_path: Path, name: str, encoding: str, end: str, suffix: str
) -> None:
    content = CONTENTS[name].replace("\n", end).encode(encoding)
    path = tmp_path / (name + suffix)
    path.write_bytes(gzip.compress(content) if suffix else content)
    assert list(read_texts(path, dialect=Dialect(encoding))) == TEXTS


@names
@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("utf-32", "UTF-32"),
    ],
)
def test_a_wide_encoding_is_called_by_its_name(tmp_path: Path, name: str, encoding: str, named: str) -> None:
    message = (
        rf"{name}, line 1: is {named}, not UTF-8\. Name its encoding with --encoding {named.lower()}, or"
    )
    with pytest.raises(ValueError, match=message):
        rows_of(tmp_path / name, CONTENTS[name].encode(encoding))


@names
def test_carriage_returns_alone_end_lines_that_count(tmp_path: Path, name: str) -> None:
    rows = rows_of(tmp_path / name, CONTENTS[name].replace("\n", "\r"))
    first = 1 if name in ("a.txt", "a.jsonl") else 2
    assert [row.value["text"] for row in rows] == TEXTS
    assert [row.place.rsplit(" ", 1)[1] for row in rows] == [str(first), str(first + 1)]


def test_a_carriage_return_in_a_line_of_text_stays_if_lines_end_otherwise(tmp_path: Path) -> None:
    assert [row.value["text"] for row in rows_of(tmp_path / "a.txt", "a\rb\nc\r\n")] == ["a\rb", "c"]


def test_a_wide_file_that_is_cut_in_a_character_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"a\.txt, (after )?line \d+: is not UTF-16 \(.+\)\. Convert the file"
    ):
        list(map(_raise_error, rows_of(tmp_path / "a.txt", "One\n".encode("utf-16")[:-1], "utf-16")))


@names
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "idna", "punycode", "undefined", "utf-7", "ascii"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_is_not_in_the_encoding_is_named_with_any_encoding(
    tmp_path: Path, name: str, encoding: str, suffix: str
) -> None:
    content = CONTENTS[name].encode("utf-8") + b"\xff.\xff" * 90
    path = tmp_path / (name + suffix)
    message = rf"{path}, (after )?line \d+: is not {encoding.upper()} \(.+\)\. Convert the file, or name its"
    with pytest.raises(ValueError, match=message):
        list(map(_raise_error, rows_of(path, gzip.compress(content) if suffix else content, encoding)))


def _raise_error(row: object) -> None:
    raise ValueError(getattr(row, "error", None))


@pytest.mark.parametrize("kind", ["cut", "cut at once", "changed", "not compressed"])
@names
def test_a_compressed_file_that_is_not_whole_is_named(tmp_path: Path, name: str, kind: str) -> None:
    # Random letters, as what repeats would be compressed to nothing.
    letters = "".join(random.Random(0).choices("abcdefgh", k=99_999))
    whole = gzip.compress((CONTENTS[name] + letters).encode())
    changed = whole[:3000] + b"\xff" * 90 + whole[3090:]
    content = {
        "cut": whole[:-9],
        "cut at once": whole[:20],
        "changed": changed,
        "not compressed": b"text\na\n",
    }
    path = tmp_path / f"{name}.gz"
    with pytest.raises(
        ValueError, match=rf"{name}\.gz cannot be read to its end \(.+\)\. Expected a complete"
    ):
        rows_of(path, content[kind])


@names
def test_a_compressed_file_without_the_suffix_is_called_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ValueError, match=rf"{name}, line 1: is compressed by gzip\. Expected a name that ends"
    ):
        rows_of(tmp_path / name, gzip.compress(b"text\na\n"))


@pytest.mark.parametrize("encoding", ["no-such", "base64", "utf-8\0"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match=r"The encoding '.+' is unknown\. Expected one of Python's, such as"):
        check_dialect(Dialect(encoding))


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r", " "])
def test_a_delimiter_that_cannot_be_one_is_refused(delimiter: str) -> None:
    with pytest.raises(
        ValueError, match=r"The delimiter '.*' cannot stand between values\. Expected one cha"
    ):
        check_dialect(Dialect(delimiter=delimiter))
