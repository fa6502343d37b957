"""CSV and TSV as users have them."""

from pathlib import Path

import pytest

from spacy_trend.text_files import read_texts
from tests.support.files import rows_of


def read(path: Path, content: str, delimiter: str | None = None) -> tuple[list[dict[str, str]], list[str]]:
    """Return the values of a table's rows, and the errors of the others without the path."""
    rows = rows_of(path / "a.csv", content, delimiter=delimiter)
    errors = [row.error.removeprefix(f"{path / 'a.csv'}, ") for row in rows if row.error]
    return [row.value for row in rows if not row.error], errors


class TestQuotationMarks:
    @pytest.mark.parametrize(
        ("rows", "lines"),
        [
            ('"Hello,spam\nWorld",ham\n', 2),
            ('"Hello,spam\nbetween,ham\nonce more,spam\nWorld",ham\n', 4),
            ('"Hello,\nbetween,ham\nWorld",ham\n', 0),
            ('"1,spam\r\n2",ham\r\n', 2),
        ],
    )
    def test_that_are_stray_and_merge_rows_are_refused_with_the_line(
        self, tmp_path: Path, rows: str, lines: int
    ) -> None:
        values, errors = read(tmp_path, f"text,label\nOne,x\n{rows}Two,y\n")
        assert {"text": "Two", "label": "y"} in values
        if lines:
            assert [value["text"] for value in values] == ["One", "Two"]
            assert errors[0].startswith(
                f"line 3: a quotation mark makes one row of {lines} lines, each of whi"
            )

    @pytest.mark.parametrize(
        ("rows", "until"), [('"Hello,spam\nWorld,ham\n', 4), ('"Hello,spam\nhe said "yes",ham\n', 4)]
    )
    def test_that_are_stray_and_do_not_end_are_refused_with_all_lines(
        self, tmp_path: Path, rows: str, until: int
    ) -> None:
        _, errors = read(tmp_path, f"text,label\nOne,x\n{rows}")
        assert errors[0].startswith("line 3: is not well formed (")
        assert f", up to line {until})" in errors[0]

    @pytest.mark.parametrize(
        "text",
        [
            "Hi Bob,\nsee you",
            "Hi Bob, how are you\nWell, thanks",
            "One line\nAnother line",
            "a,b,c\nd,e",
            "a,b\n\nc",
            "One,\nTwo,\nThree",
        ],
    )
    def test_may_stand_around_several_lines_of_a_text(self, tmp_path: Path, text: str) -> None:
        for content in (f'text,label\n"{text}",x\n', f'label,text\nx,"{text}"\n'):
            assert read(tmp_path, content) == ([{"text": text, "label": "x"}], [])

    def test_may_stand_around_several_lines_of_the_only_column(self, tmp_path: Path) -> None:
        assert read(tmp_path, 'text\n"One\nTwo"\n') == ([{"text": "One\nTwo"}], [])


class TestHeader:
    def test_may_lack_names_and_says_which_columns_are_left_out(self, tmp_path: Path) -> None:
        with pytest.warns(
            UserWarning, match=r"a\.csv, line 1: columns without a name are left out, .*: \[1, 4\]"
        ):
            values, errors = read(tmp_path, ",text,label,\n0,One,x,\n1,Two,y,more\n")
        assert values == [{"text": "One", "label": "x"}, {"text": "Two", "label": "y"}]
        assert not errors

    def test_has_a_name(self, tmp_path: Path) -> None:
        with pytest.raises(
            ValueError, match=r"a\.csv, line 1: no column has a name: got \['', ''\]\. Expected a"
        ):
            read(tmp_path, ",\nOne,x\n")


@pytest.mark.parametrize("delimiter", [";", "\t", "|", "é"])
def test_a_delimiter_that_is_named_is_read(tmp_path: Path, delimiter: str) -> None:
    content = f'text{delimiter}label\nOne, two{delimiter}x\n"a{delimiter}b"{delimiter}y\n'
    assert read(tmp_path, content, delimiter) == (
        [{"text": "One, two", "label": "x"}, {"text": f"a{delimiter}b", "label": "y"}],
        [],
    )


def test_a_delimiter_is_called_by_its_name(tmp_path: Path) -> None:
    _, errors = read(tmp_path, "text;label\na;b;c\n", ";")
    assert "A text with a semicolon needs quotation marks around it" in errors[0]
    _, errors = read(tmp_path, "text|label\na|b|c\n", "|")
    assert "A text with a '|' needs quotation marks around it" in errors[0]


@pytest.mark.parametrize("header", ["id;body", "id\tbody", "id|body"])
def test_a_header_that_is_not_cut_asks_for_the_delimiter(tmp_path: Path, header: str) -> None:
    hint = "If it is several columns, name what stands between them with --delimiter."
    for row in "7;One", "7;One, two":
        (tmp_path / "a.csv").write_text(f"{header}\n{row}\n")
        with pytest.raises(ValueError, match=hint):
            list(read_texts(tmp_path / "a.csv", "body"))


def test_a_first_line_without_the_column_asks_whether_it_is_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("One,x\nTwo,y\n")
    message = r"got \['One', 'x'\]\. .*, or, if the first line is not a header, add --no-header\.$"
    with pytest.raises(ValueError, match=message):
        list(read_texts(tmp_path / "a.csv"))
