"""Labelled texts out of files and out of Python: what is read, and where a message says an error stands."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.compare.labelled_texts import (
    LabelledText,
    check_classes,
    count_repeated,
    digest_texts,
    read_labelled_texts,
)

Read = Callable[[str, str | bytes], list[LabelledText]]
BOM = b"\xef\xbb\xbf"
#: Characters that str.splitlines takes for the end of a line, but neither JSON nor CSV does.
SEPARATORS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
surrogates_apart = st.characters(exclude_categories=["Cs"])
not_blank = st.text(surrogates_apart, min_size=1).filter(lambda text: bool(text.strip()))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """A function that writes a file of a name and reads it."""

    def write_and_read(name: str, content: str | bytes) -> list[LabelledText]:
        path = tmp_path / name
        path.write_bytes(content.encode("utf8") if isinstance(content, str) else content)
        return read_labelled_texts(path, "train")

    return write_and_read


def pairs_of(texts: list[LabelledText]) -> list[tuple[str, str]]:
    return [(text.text, text.label) for text in texts]


def lines_of(texts: list[LabelledText]) -> list[int]:
    return [int(text.place.rsplit(" ", 1)[1]) for text in texts]


def labelled(*pairs: tuple[str, str], name: str = "train") -> list[LabelledText]:
    return read_labelled_texts(pairs, name)


class TestJsonLines:
    def test_are_objects_with_text_and_label(self, read: Read, tmp_path: Path) -> None:
        texts = read("a.jsonl", '{"text": "One", "label": "x"}\n{"id": 7, "label": "y", "text": " Two\\n"}')
        assert texts == [
            LabelledText("One", "x", f"{tmp_path / 'a.jsonl'}, line 1"),
            LabelledText(" Two\n", "y", f"{tmp_path / 'a.jsonl'}, line 2"),
        ]

    def test_may_have_blank_lines_between_that_count(self, read: Read) -> None:
        texts = read("a.jsonl", '\n \n{"text": "a", "label": "x"}\n\t\n{"text": "b", "label": "y"}\n\n')
        assert (pairs_of(texts), lines_of(texts)) == ([("a", "x"), ("b", "y")], [3, 5])

    def test_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does(self, read: Read) -> None:
        texts = read("a.jsonl", BOM + b'{"text": "a", "label": "x"}\r\n\r\n{"text": "b", "label": "y"}\r\n')
        assert (pairs_of(texts), lines_of(texts)) == ([("a", "x"), ("b", "y")], [1, 3])

    def test_are_not_cut_at_line_separators_inside_a_text(self, read: Read) -> None:
        text = "\x85".join(["a", *SEPARATORS[:3], "b"])
        line = json.dumps({"text": text, "label": "x"}, ensure_ascii=False)
        texts = read("a.jsonl", f"{line}\n{line}\n")
        assert (pairs_of(texts), lines_of(texts)) == ([(text, "x")] * 2, [1, 2])

    @pytest.mark.parametrize(
        ("written", "label"),
        [
            ("1", "1"),
            ("0", "0"),
            ("-7", "-7"),
            ("2.5", "2.5"),
            ("true", "True"),
            ("false", "False"),
            ('"null"', "null"),
            ('"\\u00e4"', "ä"),
        ],
    )
    def test_may_have_labels_that_are_numbers(self, read: Read, written: str, label: str) -> None:
        assert pairs_of(read("a.jsonl", f'{{"text": "a", "label": {written}}}')) == [("a", label)]

    @pytest.mark.parametrize(
        ("written", "named"),
        [
            ("null", "None"),
            ("[]", r"\[\]"),
            ('["x"]', r"\['x'\]"),
            ('{"x": 1}', r"\{'x': 1\}"),
            ('""', "''"),
            ('" \\n"', r"' \\n'"),
        ],
    )
    def test_have_no_other_labels(self, read: Read, written: str, named: str) -> None:
        message = rf"a\.jsonl, line 2: got the label {named}\. Expected a text or a number\. Correct the line"
        with pytest.raises(ValueError, match=message):
            read("a.jsonl", f'{{"text": "a", "label": "x"}}\n{{"text": "a", "label": {written}}}')

    @pytest.mark.parametrize(
        ("written", "named"),
        [('""', "''"), ('" \\t"', r"' \\t'"), ("null", "None"), ("3", "3"), ('["a"]', r"\['a'\]")],
    )
    def test_have_a_text_that_is_text(self, read: Read, written: str, named: str) -> None:
        with pytest.raises(
            ValueError, match=rf"line 1: the text is empty or not a string: got {named}\. Correct"
        ):
            read("a.jsonl", f'{{"text": {written}, "label": "x"}}')

    @pytest.mark.parametrize("field", ["text", "label"])
    def test_have_both_fields(self, read: Read, field: str) -> None:
        row = {"text": "a", "label": "x", "id": "1"}
        del row[field]
        message = rf"a\.jsonl, line 3: the field '{field}' is missing: got \['{next(iter(row))}', 'id'\]"
        with pytest.raises(ValueError, match=message):
            read("a.jsonl", '\n{"text": "a", "label": "x"}\n' + json.dumps(row))

    def test_name_their_fields_exactly(self, read: Read) -> None:
        with pytest.raises(ValueError, match=r"the field 'text' is missing: got \['Text', 'label'\]"):
            read("a.jsonl", '{"Text": "a", "label": "x"}')

    @pytest.mark.parametrize(
        ("line", "named"), [("[1]", r"\[1\]"), ('"text label"', "'text label'"), ("1", "1"), ("null", "None")]
    )
    def test_are_nothing_but_objects(self, read: Read, line: str, named: str) -> None:
        with pytest.raises(ValueError, match=rf"line 1: got {named}, expected an object with the fields"):
            read("a.jsonl", line)

    @pytest.mark.parametrize(
        "line",
        [
            "text",
            "-",
            "{",
            "{'text': 'a'}",
            '{"text": "a", "label": NaN}',
            '{"text": "a", "label": "x"},',
            '{"text": "a", "label": "x"} {"text": "b", "label": "y"}',
        ],
    )
    def test_are_json(self, read: Read, line: str) -> None:
        message = r"a\.jsonl, line 2: is not JSON \(.+\)\. Expected one object in a line"
        with pytest.raises(ValueError, match=message):
            read("a.jsonl", f'{{"text": "a", "label": "x"}}\n{line}\n')

    def test_are_no_json_over_several_lines(self, read: Read) -> None:
        with pytest.raises(ValueError, match=r"line 1: is not JSON"):
            read("a.jsonl", json.dumps([{"text": "a", "label": "x"}], indent=2))

    @given(st.lists(st.tuples(not_blank, not_blank), min_size=1, max_size=5), st.booleans())
    def test_are_read_as_they_were_written(
        self, tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], as_ascii: bool
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "written.jsonl"
        rows = [json.dumps({"text": text, "label": x}, ensure_ascii=as_ascii) for text, x in pairs]
        path.write_bytes("\n".join(rows).encode("utf8"))
        texts = read_labelled_texts(path, "train")
        assert (pairs_of(texts), lines_of(texts)) == (pairs, list(range(1, len(pairs) + 1)))


class TestCsv:
    def test_has_a_header_that_names_the_columns(self, read: Read, tmp_path: Path) -> None:
        texts = read("a.csv", "text,label\nOne,x\nTwo,1\n")
        assert texts == [
            LabelledText("One", "x", f"{tmp_path / 'a.csv'}, line 2"),
            LabelledText("Two", "1", f"{tmp_path / 'a.csv'}, line 3"),
        ]

    def test_may_have_columns_in_any_order_and_more_of_them(self, read: Read) -> None:
        texts = read("a.csv", "id,label,note,text\n1,x,,One\n2,y,!,Two")
        assert pairs_of(texts) == [("One", "x"), ("Two", "y")]

    def test_may_have_tabs_between(self, read: Read) -> None:
        texts = read("a.tsv", 'label\ttext\nx\tOne, two; "three"\ny\t"a\tb"\n')
        assert pairs_of(texts) == [('One, two; "three"', "x"), ("a\tb", "y")]

    def test_may_quote_line_ends_delimiters_and_quotation_marks(self, read: Read) -> None:
        texts = read("a.csv", 'text,label\n"a\nb\r\nc","x, y"\n"She said ""No"", twice",z\n"""",w\n')
        expected = [("a\nb\r\nc", "x, y"), ('She said "No", twice', "z"), ('"', "w")]
        assert (pairs_of(texts), lines_of(texts)) == (expected, [2, 5, 6])

    def test_may_have_blank_lines_anywhere_that_count(self, read: Read) -> None:
        texts = read("a.csv", "\n\ntext,label\n\na,x\n\n\nb,y\n\n")
        assert (pairs_of(texts), lines_of(texts)) == ([("a", "x"), ("b", "y")], [5, 8])

    def test_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does(self, read: Read) -> None:
        texts = read("a.csv", BOM + b'text,label\r\n"a\r\n",x\r\n\r\nb,y\r\n')
        assert (pairs_of(texts), lines_of(texts)) == ([("a\r\n", "x"), ("b", "y")], [2, 5])

    def test_is_not_cut_at_other_line_separators(self, read: Read) -> None:
        texts = read("a.csv", f"text,label\na{SEPARATORS}b,x\nc,y\n")
        assert (pairs_of(texts), lines_of(texts)) == ([(f"a{SEPARATORS}b", "x"), ("c", "y")], [2, 3])

    def test_keeps_spaces_around_values(self, read: Read) -> None:
        assert pairs_of(read("a.csv", "text,label\n a , x \n")) == [(" a ", " x ")]

    def test_has_labels_that_stay_as_they_are_written(self, read: Read) -> None:
        texts = read("a.csv", "text,label\na,01\nb,1.0\nc,None\nd,nan\n")
        assert [text.label for text in texts] == ["01", "1.0", "None", "nan"]

    @pytest.mark.parametrize(
        ("header", "row", "field", "got"),
        [
            ("a", "b", "text", r"\['a'\]"),
            ("text", "b", "label", r"\['text'\]"),
            ("One sentence.,x", "Two,y", "text", r"\['One sentence\.', 'x'\]"),
            ("text;label", "a;x", "text", r"\['text;label'\]"),
            ("text, label", "a,x", "label", r"\['text', ' label'\]"),
            ("Text,Label", "a,x", "text", r"\['Text', 'Label'\]"),
        ],
    )
    def test_without_such_a_header_is_refused(
        self, read: Read, header: str, row: str, field: str, got: str
    ) -> None:
        message = rf"the field '{field}' is missing: got {got}\. .*, or, if the first line is not a header, "
        with pytest.raises(ValueError, match=message):
            read("a.csv", f"{header}\n{row}\n")

    @pytest.mark.parametrize(
        ("row", "count"), [("a", 1), ("a,b,x", 3), (" ", 1), ('"a,x"', 1), ("a,x,", 3), ("a;x", 1)]
    )
    def test_with_a_ragged_row_is_refused(self, read: Read, row: str, count: int) -> None:
        message = (
            rf"a\.csv, line 5: got {count} values, expected 2, as many as the first line has "
            r"\(\['text', 'label'\]\)\. A text with a comma needs quotation marks around it"
        )
        with pytest.raises(ValueError, match=message):
            read("a.csv", f'text,label\n"a\nb",x\n\n{row}\nc,y\n')

    def test_says_tab_if_it_is_one(self, read: Read) -> None:
        with pytest.raises(ValueError, match=r"a\.tsv, line 2: got 3 values, .* A text with a tab needs quo"):
            read("a.tsv", "text\tlabel\na\tb\tx\n")

    @pytest.mark.parametrize(
        ("rows", "line"),
        [
            ('"a" b,x\n', 2),
            ('a,x\n\n"a" b,x\n', 4),
            ('"a\nb\nc",x\n"a" b,x\n', 5),
            ('a,x\n"a,x\nb,y\nc,z\n', 3),
            ('a,x\n"a,x\n"b",y\n', 3),
            ('a,"x', 2),
        ],
    )
    def test_with_bad_quotation_marks_is_refused_with_the_line_on_which_the_row_begins(
        self, read: Read, rows: str, line: int
    ) -> None:
        message = rf"a\.csv, line {line}: is not well formed \(.+\)\. .* quotation marks inside to be doubled"
        with pytest.raises(ValueError, match=message):
            read("a.csv", f"text,label\n{rows}")

    @pytest.mark.parametrize(("row", "message"), [(",x", "the text is empty"), ("a,", "got the label ''")])
    def test_with_an_empty_value_is_refused(self, read: Read, row: str, message: str) -> None:
        with pytest.raises(ValueError, match=rf"a\.csv, line 5: {message}"):
            read("a.csv", f'text,label\n"a\nb",x\n\n{row}\n')

    def test_reads_texts_of_any_length(self, read: Read) -> None:
        text = "word " * 30000
        assert pairs_of(read("a.csv", f"text,label\n{text},x\n")) == [(text, "x")]

    def test_does_not_take_one_of_two_columns_of_a_name(self, read: Read) -> None:
        with pytest.raises(ValueError, match="text"):
            read("a.csv", "text,text,label\na,b,x\n")

    @given(
        st.lists(st.tuples(not_blank, not_blank), min_size=1, max_size=5),
        st.sampled_from([",", "\t"]),
        st.sampled_from(["\n", "\r\n"]),
    )
    def test_is_read_as_it_was_written(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        pairs: list[tuple[str, str]],
        delimiter: str,
        line_end: str,
    ) -> None:
        path = tmp_path_factory.getbasetemp() / f"written.{'csv' if delimiter == ',' else 'tsv'}"
        written = io.StringIO(newline="")
        writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *pairs])
        path.write_bytes(written.getvalue().encode("utf8"))
        assert pairs_of(read_labelled_texts(path, "train")) == pairs


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.jsonl", ""),
            ("a.jsonl", "\n \r\n"),
            ("a.jsonl", BOM),
            ("a.csv", ""),
            ("a.csv", BOM),
            ("a.csv", "text,label"),
            ("a.csv", "\ntext,label\n\n\r\n"),
            ("a.tsv", "text\tlabel\n"),
        ],
    )
    def test_without_a_text_are_refused(self, read: Read, name: str, content: str | bytes) -> None:
        with pytest.raises(ValueError, match=rf"^There is no text in .*{name}\.$"):
            read(name, content)

    @pytest.mark.parametrize("name", ["a.json", "a", "a.gz", ".jsonl", "a.xlsx"])
    def test_of_an_unknown_format_are_refused(self, read: Read, name: str) -> None:
        message = rf"{name}: the format is unknown. Expected a name that ends in .jsonl, .csv, .tsv or .txt"
        with pytest.raises(ValueError, match=message):
            read(name, '{"text": "a", "label": "x"}')

    @pytest.mark.parametrize("make", [Path, str])
    def test_that_are_not_there_are_refused(self, tmp_path: Path, make: Callable[[Any], Any]) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.csv"):
            read_labelled_texts(make(tmp_path / "none.csv"), "train")

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            ("text,label\nKäse,x\n".encode("latin-1"), 2),
            ('text,label\n"a\nb",x\n\nKäse,x\n'.encode("latin-1"), 5),
            ("text,label\r\na,x\r\nKäse,x\r\n".encode("latin-1"), 3),
            (b"text,label\na,\xe4", 2),
        ],
    )
    @pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
    def test_that_are_not_utf8_are_refused_with_the_line(
        self, read: Read, name: str, content: bytes, line: int
    ) -> None:
        if name == "a.tsv":
            content = content.replace(b",", b"\t")
        if name == "a.jsonl":
            lines = content.split(b"\n")
            content = b"\n".join([*[b'{"text": "a", "label": "x"}'] * (line - 1), *lines[line - 1 :]])
        message = (
            rf"{name}, line {line}: is not UTF-8 \(.+\)\. Convert the file, or name its encoding with --enc"
        )
        with pytest.raises(ValueError, match=message):
            read(name, content)

    @pytest.mark.parametrize("start", ["\n", "a\n", "ab\n", "abc\n"])
    def test_that_are_not_utf8_are_refused_with_the_line_also_after_a_byte_order_mark(
        self, read: Read, start: str
    ) -> None:
        with pytest.raises(ValueError, match=r"line 2: is not UTF-8"):
            read("a.csv", BOM + start.encode() + b"\xe4")

    @pytest.mark.parametrize("name", ["a.CSV", "a.Jsonl", "a.TSV"])
    def test_may_have_a_name_in_capitals(self, read: Read, name: str) -> None:
        content = {
            "a.CSV": "text,label\na,x",
            "a.Jsonl": '{"text": "a", "label": "x"}',
            "a.TSV": "text\tlabel\na\tx",
        }[name]
        assert pairs_of(read(name, content)) == [("a", "x")]

    def test_may_be_named_by_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a b.csv"
        path.write_text("text,label\na,x\n")
        assert read_labelled_texts(str(path), "train") == read_labelled_texts(path, "train")


class TestPairs:
    def test_have_a_place_by_their_name_and_number(self) -> None:
        assert read_labelled_texts([("a", "x"), ("b", "y")], "test") == [
            LabelledText("a", "x", "test, item 1"),
            LabelledText("b", "y", "test, item 2"),
        ]

    def test_may_come_from_anywhere(self) -> None:
        texts, labels = np.array(["a", "b"]), np.array([0, 1])
        pairs: Any = zip(texts, labels, strict=True)
        assert pairs_of(read_labelled_texts(pairs, "train")) == [("a", "0"), ("b", "1")]
        assert pairs_of(read_labelled_texts((pair for pair in [("a", "x")]), "train")) == [("a", "x")]

    def test_that_are_none_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^There is no text in test\.$"):
            read_labelled_texts([], "test")

    @pytest.mark.parametrize("text", ["", " \n", None, 3, b"a", ["a"]])
    def test_have_a_text_that_is_text(self, text: Any) -> None:
        with pytest.raises(ValueError, match=r"train, item 2: the text is empty or not a string: got "):
            read_labelled_texts([("a", "x"), (text, "x")], "train")

    @pytest.mark.parametrize("label", [None, [], ["x"], {}, "", "\t"])
    def test_have_a_label_that_is_one(self, label: Any) -> None:
        with pytest.raises(ValueError, match=r"train, item 2: got the label .+ Expected a text or a number"):
            read_labelled_texts([("a", "x"), ("b", label)], "train")

    @pytest.mark.parametrize("label", [float("nan"), np.float64("nan"), np.float32("nan")])
    def test_with_a_label_that_a_table_lacks_are_refused(self, label: Any) -> None:
        with pytest.raises(
            ValueError, match=r"train, item 2: got the label .*nan.* Expected a text or a num"
        ):
            read_labelled_texts([("a", "x"), ("b", label)], "train")

    @pytest.mark.parametrize("label", [("x",), {"x"}, b"x", np.array(["x"])])
    def test_with_a_label_that_is_no_single_one_are_refused(self, label: Any) -> None:
        with pytest.raises(ValueError, match=r"train, item 1: got the label .+ Expected a text or a number"):
            read_labelled_texts([("a", label)], "train")

    @pytest.mark.parametrize(
        "item", [("a",), ("a", "x", "y"), "text", 3, {"text": "a", "label": "x", "i": 1}]
    )
    def test_that_are_no_pairs_are_refused_with_their_place(self, item: Any) -> None:
        with pytest.raises(ValueError, match="train, item 2"):
            read_labelled_texts([("a", "x"), item], "train")


class TestClasses:
    def test_are_two_or_more_and_have_enough_texts(self) -> None:
        check_classes(labelled(("a", "x"), ("b", "y")), None, 1)
        check_classes(labelled(*[("a", "x"), ("b", "y"), ("c", "z")] * 3), None, 3)

    def test_are_not_one_alone(self) -> None:
        message = (
            r"^All 3 training texts, from train, item 1 on, have the label 'x'\. Expected two labels or more"
        )
        with pytest.raises(ValueError, match=message):
            check_classes(labelled(("a", "x"), ("b", "x"), ("c", "x")), None, 1)

    def test_with_fewer_texts_are_refused_with_the_first_of_them(self) -> None:
        texts = labelled(("a", "x"), ("b", "x"), ("c", "y"), ("d", "x"), ("e", "y"))
        message = (
            r"^train, item 3: the label 'y' has 2 training texts\. Expected at least 3, for the folds of the "
            r"cross-validation\. Add texts, merge labels, or leave rare ones out with --drop-rare 3 \(in Pyt"
        )
        with pytest.raises(ValueError, match=message):
            check_classes(texts, None, 3)
        check_classes(texts, None, 2)

    def test_do_not_count_texts_of_the_test_part(self) -> None:
        train = labelled(("a", "x"), ("b", "x"), ("c", "y"))
        test = labelled(("d", "y"), ("e", "y"), name="test")
        with pytest.raises(ValueError, match=r"train, item 3: the label 'y' has 1 training text"):
            check_classes(train, test, 2)

    def test_of_the_test_part_are_among_those_of_the_training_part(self) -> None:
        train = labelled(("a", "y"), ("b", "x"))
        test = labelled(("c", "x"), ("d", "X"), name="test")
        message = (
            r"^test, item 2: the label 'X' is not among those of the training texts, \['x', 'y'\]\. "
            r"Correct the line, remove it, or leave out labels that the training texts lack with "
            r"--drop-rare 1"
        )
        with pytest.raises(ValueError, match=message):
            check_classes(train, test, 1)

    def test_of_the_test_part_are_refused_in_short(self) -> None:
        train = labelled(*((f"text {n}", f"label {n}") for n in range(1500)))
        test = labelled(("c", "x" * 20_000), ("d", "y"), name="test")
        with pytest.raises(ValueError, match=r"among those .* \['label 0', .* and 1,495 more\.") as raised:
            check_classes(train, test, 1)
        assert len(str(raised.value)) < 400

    @pytest.mark.parametrize("label", ["x" * 20_000, "two " * 20_000])
    def test_of_too_few_texts_are_refused_in_short(self, label: str) -> None:
        for train in labelled(("a", label)), labelled(("a", label), ("b", "x")):
            with pytest.raises(ValueError, match="label") as raised:
                check_classes(train, None, 2)
            assert len(str(raised.value)) < 400

    @pytest.mark.parametrize(
        "row",
        [
            {f"column {n}": "" for n in range(1500)},
            ["text"] * 20_000,
            {"text": ["text"] * 20_000, "label": "x"},
            {"text": " " * 20_000, "label": "x"},
            {"text": "a", "label": ["x"] * 20_000},
            {"text": "a", "label": " " * 20_000},
        ],
    )
    def test_and_texts_in_files_are_refused_in_short(self, read: Read, row: Any) -> None:
        with pytest.raises(ValueError, match=r"a\.jsonl, line 1") as raised:
            read("a.jsonl", json.dumps(row) + "\n")
        assert len(str(raised.value)) < 600

    def test_in_pairs_are_refused_in_short(self) -> None:
        for pair in ("text", "label", "x" * 20_000), ["x"] * 20_000:
            with pytest.raises(ValueError, match=r"train, item 1: got .*, expected a pair") as raised:
                read_labelled_texts([pair], "train")
            assert len(str(raised.value)) < 400

    def test_may_lack_in_the_test_part(self) -> None:
        check_classes(labelled(("a", "y"), ("b", "x")), labelled(("c", "x"), ("d", "x")), 1)

    def test_of_one_text_cannot_be_measured_on(self) -> None:
        train = labelled(("a", "y"), ("b", "x"))
        with pytest.raises(
            ValueError, match=r"^test, item 1 is the only text to predict\. Expected two or mo"
        ):
            check_classes(train, labelled(("c", "x"), name="test"), 1)


class TestRepeatedTexts:
    @pytest.mark.parametrize(
        ("train", "count"), [("abc", 0), ("a", 0), ("aba", 2), ("ababa", 5), ("aabbc", 4), ("aAa ", 2)]
    )
    def test_are_those_that_stand_more_than_once(self, train: str, count: int) -> None:
        assert count_repeated([LabelledText(text, "x", "") for text in train], None) == count

    @pytest.mark.parametrize(
        ("train", "test", "count"),
        [("abc", "def", 0), ("aab", "cd", 0), ("abc", "ad", 1), ("abc", "aad", 2), ("a", "bb", 0)],
    )
    def test_of_a_test_part_are_those_that_were_learnt(self, train: str, test: str, count: int) -> None:
        learned = [LabelledText(text, "x", "") for text in train]
        assert count_repeated(learned, [LabelledText(text, "y", "") for text in test]) == count

    def test_need_not_have_the_same_label(self) -> None:
        assert count_repeated(labelled(("a", "x"), ("a", "y")), None) == 2


class TestDigest:
    PAIRS = (("a", "x"), ("b", "y"), ("b", "y"))

    def test_is_of_texts_and_labels_in_any_order(self) -> None:
        digest = digest_texts(self.PAIRS)
        assert len(digest) == 64
        assert digest == digest_texts(self.PAIRS[::-1]) == digest_texts(iter(self.PAIRS))

    @pytest.mark.parametrize(
        "pairs",
        [
            (),
            (("a", "x"), ("b", "y")),
            (("a", "y"), ("b", "x"), ("b", "y")),
            (("a", "x"), ("b", "y"), ("B", "y")),
            (("a", "x"), ("b ", "y"), ("b", "y")),
            (("x", "a"), ("y", "b"), ("y", "b")),
        ],
    )
    def test_is_another_of_others(self, pairs: tuple[tuple[str, str], ...]) -> None:
        assert digest_texts(pairs) != digest_texts(self.PAIRS)
