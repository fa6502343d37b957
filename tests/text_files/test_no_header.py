"""Files without a header: tables whose columns are numbered, and lines of two values."""

from pathlib import Path

import pytest

from spacy_trend.text_files import Dialect, check_dialect, effective_dialect, read_rows, read_texts

SPACE = Dialect(delimiter=" ", header=False)


def values_of(path: Path, content: str | bytes, dialect: Dialect = SPACE) -> list[dict[str, str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(dialect.encoding))
    return [row.value for row in read_rows(path, dialect)]


class TestTables:
    @pytest.mark.parametrize(
        ("name", "content", "delimiter"),
        [
            ("a.csv", '"One, two",x\nThree,y\n', None),
            ("a.tsv", "One, two\tx\nThree\ty\n", None),
            ("a.csv", "One, two;x\nThree;y\n", ";"),
        ],
    )
    def test_have_columns_that_are_numbered(
        self, tmp_path: Path, name: str, content: str, delimiter: str | None
    ) -> None:
        read = values_of(tmp_path / name, content, Dialect(delimiter=delimiter, header=False))
        assert read == [{"1": "One, two", "2": "x"}, {"1": "Three", "2": "y"}]

    def test_have_as_many_values_in_all_rows_as_in_the_first(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("One,x\nTwo\n")
        first, second = read_rows(path, Dialect(header=False))
        assert first.error is None
        assert f"{path}, line 2: got 1 values, expected 2, as many as the first line has" in (
            second.error or ""
        )

    def test_are_never_cut_at_spaces(self, tmp_path: Path) -> None:
        message = r"a\.csv: a space cannot stand between the values of CSV and TSV.*another name"
        with pytest.raises(ValueError, match=message):
            values_of(tmp_path / "a.csv", "One x\n")

    def test_say_what_is_wrong_with_the_first_row(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"a\.csv, line 1: is not well formed"):
            values_of(tmp_path / "a.csv", '"One" x,y\n', Dialect(header=False))


@pytest.mark.parametrize("name", ["texts", "texts.txt", "texts.label", "texts.label.gz.old"])
class TestLinesOfTwoValues:
    def test_are_cut_at_the_first_delimiter_whatever_follows(self, tmp_path: Path, name: str) -> None:
        read = values_of(tmp_path / name, 'NUM:a:b At "10:30" or, 11\tto 12 ?\nplain Nothing: here\n')
        assert read == [
            {"1": "NUM:a:b", "2": 'At "10:30" or, 11\tto 12 ?'},
            {"1": "plain", "2": "Nothing: here"},
        ]

    def test_may_have_more_spaces_and_windows_ends(self, tmp_path: Path, name: str) -> None:
        read = values_of(tmp_path / name, b"\r\nham  Hello \r\n \r\nspam You  won\r\n")
        assert read == [{"1": "ham", "2": "Hello"}, {"1": "spam", "2": "You  won"}]

    @pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-32"])
    def test_may_be_in_any_encoding(self, tmp_path: Path, name: str, encoding: str) -> None:
        read = values_of(tmp_path / name, "ham\tGrüße an alle\n", Dialect(encoding, "\t", header=False))
        assert read == [{"1": "ham", "2": "Grüße an alle"}]

    def test_have_a_delimiter_each(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_text("ham One\nTwo\n")
        _, wrong = read_rows(path, SPACE)
        assert wrong.error == (
            f"{path}, line 2: has no space. Expected one between the two values of the line: correct it."
        )

    def test_give_texts_by_the_number_of_the_column(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("ham One\nspam Two words\n")
        assert list(read_texts(tmp_path / name, "2", SPACE)) == ["One", "Two words"]


def test_a_text_a_line_needs_no_delimiter(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One; two\n")
    for dialect in Dialect(header=False), Dialect(delimiter=";"):
        assert list(read_texts(tmp_path / "a.txt", "text", dialect)) == ["One; two"]


def test_json_lines_have_names_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "One two"}\n')
    assert list(read_texts(tmp_path / "a.jsonl", "text", SPACE)) == ["One two"]


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(delimiter="\t"), Dialect(header=False)])
def test_another_file_is_of_an_unknown_format_unless_both_are_said(tmp_path: Path, dialect: Dialect) -> None:
    message = r"a\.label: the format is unknown\. .* give --no-header, and what stands between them"
    with pytest.raises(ValueError, match=message):
        values_of(tmp_path / "a.label", "ham One\n", dialect)


def test_a_space_is_a_delimiter_without_a_header_alone() -> None:
    check_dialect(SPACE)
    with pytest.raises(ValueError, match="a space only with --no-header"):
        check_dialect(Dialect(delimiter=" "))


@pytest.mark.parametrize(
    ("name", "is_other"), [("a.csv", True), ("a.txt", True), ("a.jsonl", False), ("a.parquet", False)]
)
def test_lines_of_two_values_are_another_dialect(name: str, is_other: bool) -> None:
    usual, without = (
        effective_dialect(Path(name), Dialect(delimiter=";", header=header)) for header in (True, False)
    )
    assert (usual != without) is is_other
