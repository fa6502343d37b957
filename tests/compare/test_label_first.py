"""Files of TREC's kind, with the label before the text."""

from pathlib import Path

import pytest

pytest.importorskip("sklearn")
from spacy_trend.compare.labelled_texts import LabelledText, read_label_first
from tests.support.labelled_texts import TREC, Write, pairs_of


class TestLabelFirst:
    def test_is_not_of_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        path.write_text('{"text": "Hello", "label": "ham"}\n')
        with pytest.raises(
            ValueError, match=r"a\.jsonl is a file of JSON lines\. .* leave --label-first out"
        ):
            read_label_first(path)

    def test_is_a_label_a_space_and_a_text(self, write: Write) -> None:
        path = write("ham Hello there\nspam You won\n")
        assert read_label_first(path) == [
            LabelledText("Hello there", "ham", f"{path}, line 1"),
            LabelledText("You won", "spam", f"{path}, line 2"),
        ]

    @pytest.mark.parametrize(
        "line", ["ham\tHello there", "ham \tHello there", "ham  Hello there", "ham\t\t Hello there"]
    )
    def test_may_have_more_spaces(self, write: Write, line: str) -> None:
        assert [(text, label.strip()) for text, label in pairs_of(read_label_first(write(line)))] == [
            ("Hello there", "ham")
        ]

    def test_with_a_space_may_have_a_tab_in_the_text(self, write: Write) -> None:
        texts = read_label_first(write("ham Hello\tthere\nspam You won\nspam You won \t\n"))
        assert pairs_of(texts) == [("Hello\tthere", "ham"), ("You won", "spam"), ("You won", "spam")]

    def test_may_have_blank_lines_that_count_and_windows_ends(self, write: Write) -> None:
        texts = read_label_first(write(b"\r\nham\tOne\r\n \r\n\r\nspam Two words\r\n\r\n"))
        assert pairs_of(texts) == [("One", "ham"), ("Two words", "spam")]
        assert [text.place.rsplit(" ", 1)[1] for text in texts] == ["2", "5"]

    def test_is_not_cut_at_other_line_separators(self, write: Write) -> None:
        assert pairs_of(read_label_first(write("ham One\u2028two\x85three"))) == [
            ("One\u2028two\x85three", "ham")
        ]

    def test_keeps_what_is_before_the_separator(self, write: Write) -> None:
        path = write(TREC, encoding="latin-1")
        texts = read_label_first(path, "latin-1", ":")
        assert pairs_of(texts) == [
            ("How did serfdom develop ?", "DESC"),
            ("What films featured the character Zoé ?", "ENTY"),
        ]
        assert [text.label for text in read_label_first(path, "latin-1")] == ["DESC:manner", "ENTY:cremat"]

    def test_leaves_separators_in_the_text_alone(self, write: Write) -> None:
        texts = read_label_first(write("NUM:a:b At 10:30 or 11:00 ?\nplain Nothing: here\n"), separator=":")
        assert pairs_of(texts) == [("At 10:30 or 11:00 ?", "NUM"), ("Nothing: here", "plain")]

    def test_may_have_a_separator_of_several_characters(self, write: Write) -> None:
        assert read_label_first(write("a::b::c Text"), separator="::")[0].label == "a"

    def test_is_read_in_the_encoding_that_is_named(self, write: Write) -> None:
        path = write(TREC, encoding="latin-1")
        with pytest.raises(ValueError, match=r"texts\.label, line 2: is not UTF-8 \(.+\)\. Convert the file"):
            read_label_first(path)

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
    def test_may_be_in_a_wide_encoding_that_is_named(self, write: Write, encoding: str) -> None:
        path = write("ham Grüße\nspam You won\n", encoding=encoding)
        assert pairs_of(read_label_first(path, encoding)) == [("Grüße", "ham"), ("You won", "spam")]
        if encoding != "utf-32":
            with pytest.raises(
                ValueError, match=r"texts\.label, line 1: is UTF-16.*, not UTF-8\. Name its enc"
            ):
                read_label_first(path)

    def test_may_begin_with_a_byte_order_mark(self, write: Write) -> None:
        assert pairs_of(read_label_first(write(b"\xef\xbb\xbfham Hello\nham You"))) == [
            ("Hello", "ham"),
            ("You", "ham"),
        ]

    @pytest.mark.parametrize("line", ["ham", "ham ", "ham\t", "ham\t \r"])
    def test_has_a_text_in_every_line(self, write: Write, line: str) -> None:
        with pytest.raises(ValueError, match=r"label, line 2: the text is empty or not a string: got ''"):
            read_label_first(write(f"ham One\n{line}\n"))

    @pytest.mark.parametrize("line", [" Hello", "\tHello", ":date Hello"])
    def test_has_a_label_in_every_line(self, write: Write, line: str) -> None:
        with pytest.raises(ValueError, match=r"label, line 2: got the label ''\. Expected a text"):
            read_label_first(write(f"ham One\n{line}\n"), separator=":")

    def test_is_a_file_that_is_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="none"):
            read_label_first(tmp_path / "none")

    def test_has_texts(self, write: Write) -> None:
        with pytest.raises(ValueError, match=r"There is no text in .*texts\.label"):
            read_label_first(write("\n \n"))
