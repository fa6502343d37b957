"""Labelled texts made ready to train on: copies, shares of labels, files, and the command."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import spacy
from click import unstyle
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin
from typer.testing import CliRunner

pytest.importorskip("sklearn")

from spacy_trend.cli import trend_cli
from spacy_trend.compare.labelled_texts import LabelledText, read_label_first, read_labelled_texts
from spacy_trend.compare.split import Parts, split_texts, write_parts

Write = Callable[..., Path]

properties = settings(deadline=None, max_examples=50)
NAMES = ("train", "dev", "test")
WRITTEN = [f"{name}{suffix}" for name in NAMES for suffix in (".spacy", ".jsonl")]
#: As in the first lines of TREC, one of them in latin-1.
TREC = "DESC:manner How did serfdom develop ?\nENTY:cremat What films featured the character Zo\xe9 ?\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a file of a name."""

    def write_file(content: str | bytes, name: str = "texts.label", encoding: str = "utf8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


def labelled(*pairs: tuple[str, str], name: str = "texts") -> list[LabelledText]:
    return read_labelled_texts(pairs, name) if pairs else []


def many(name: str = "text", **counts: int) -> list[LabelledText]:
    """So many texts of each label, all distinct."""
    return labelled(
        *[(f"{name} {label} {n}", label) for label, count in counts.items() for n in range(count)]
    )


def pairs_of(texts: list[LabelledText]) -> list[tuple[str, str]]:
    return [(text.text, text.label) for text in texts]


def bare(text: LabelledText) -> str:
    return " ".join(text.text.casefold().split())


def labels_of(parts: Parts) -> list[Counter[str]]:
    return [Counter(text.label for text in part) for part in parts[:3]]


def sizes_of(parts: Parts) -> list[int]:
    return [len(part) for part in parts[:3]]


def as_lines(texts: list[LabelledText]) -> str:
    return "".join(json.dumps({"text": text.text, "label": text.label}) + "\n" for text in texts)


def run(*args: str | Path) -> Any:
    return CliRunner().invoke(trend_cli, ["convert", *map(str, args)])


def said(result: Any) -> str:
    return " ".join(unstyle(result.stdout).split())


class TestCopies:
    @pytest.mark.parametrize(
        "copy",
        [
            "one and two",
            "ONE AND TWO",
            "  one and two\n",
            "one\tand\u00a0two",
            "One  and\r\ntwo",
            "\u2028one and two",
        ],
    )
    def test_differ_in_case_and_spaces_at_most(self, copy: str) -> None:
        texts = [*many(x=10, y=10), *labelled(("One and two", "x"), (copy, "x"))]
        parts = split_texts(texts)
        assert (parts.copies, parts.contradictions, sum(sizes_of(parts))) == (1, 0, 21)
        kept = [text.text for part in parts[:3] for text in part if bare(text) == "one and two"]
        assert kept == ["One and two"]

    @pytest.mark.parametrize("other", ["one and two.", "oneand two", "onë and two", "one and"])
    def test_differ_in_nothing_else(self, other: str) -> None:
        parts = split_texts([*many(x=10, y=10), *labelled(("one and two", "x"), (other, "x"))])
        assert (parts.copies, sum(sizes_of(parts))) == (0, 22)

    @pytest.mark.parametrize(("one", "other"), [("Straße", "STRASSE"), ("ΣΑΣ", "σας")])
    def test_are_seen_in_other_alphabets(self, one: str, other: str) -> None:
        assert split_texts([*many(x=10, y=10), *labelled((one, "x"), (other, "x"))]).copies == 1

    def test_with_another_label_are_contradictions_and_the_first_is_kept(self) -> None:
        texts = labelled(("Same", "x"), ("same", "y"), ("SAME", "x"), ("same ", "z"))
        parts = split_texts([*texts, *many(x=10, y=10)])
        assert (parts.copies, parts.contradictions) == (3, 2)
        assert [text.label for part in parts[:3] for text in part if bare(text) == "same"] == ["x"]
        assert sum(labels_of(parts), Counter()) == {"x": 11, "y": 10}

    def test_are_none_where_all_are_distinct(self) -> None:
        parts = split_texts(many(x=10, y=10))
        assert (parts.copies, parts.contradictions) == (0, 0)


class TestShares:
    def test_are_a_tenth_and_a_fifth(self) -> None:
        parts = split_texts(many(x=60, y=40))
        assert labels_of(parts) == [{"x": 42, "y": 28}, {"x": 6, "y": 4}, {"x": 12, "y": 8}]

    def test_are_of_all_texts(self) -> None:
        assert sizes_of(split_texts(many(x=50, y=50), dev_share=0.25, test_share=0.5)) == [25, 25, 50]

    @pytest.mark.parametrize("test_share", [0.15, 0.3, 0.4, 0.55, 0.65, 0.8])
    def test_are_hit_but_for_one_text(self, test_share: float) -> None:
        train, dev, test = sizes_of(split_texts(many(x=100, y=100), test_share=test_share))
        assert 20 <= dev <= 21
        assert round(200 * test_share) <= test <= round(200 * test_share) + 1
        assert train == 200 - dev - test

    @pytest.mark.parametrize(
        ("dev_share", "test_share"),
        [(0, 0.2), (0.1, 0), (-0.1, 0.2), (0.1, -0.2), (0.5, 0.5), (1, 0.2), (0.9, 0.2), (float("nan"), 0.2)],
    )
    def test_out_of_range_are_refused(self, dev_share: float, test_share: float) -> None:
        message = (
            rf"^dev_share={dev_share} and test_share={test_share} are out of range\. Expected numbers "
            r"greater than 0 that add up to less than 1\.$"
        )
        with pytest.raises(ValueError, match=message):
            split_texts(many(x=10, y=10), dev_share=dev_share, test_share=test_share)

    @pytest.mark.parametrize("dev_share", [0, -0.5, 1, 1.5])
    def test_of_dev_are_refused_beside_a_test_part_too(self, dev_share: float) -> None:
        with pytest.raises(ValueError, match=rf"dev_share={dev_share} and .* are out of range"):
            split_texts(many(x=10, y=10), many("other", x=2, y=2), dev_share=dev_share)

    @pytest.mark.parametrize("test_share", [0, 0.95, 7])
    def test_of_test_mean_nothing_beside_a_test_part(self, test_share: float) -> None:
        parts = split_texts(many(x=10, y=10), many("other", x=2, y=2), test_share=test_share)
        assert sizes_of(parts) == [18, 2, 4]

    @properties
    @given(
        st.lists(st.sampled_from("xyz"), min_size=30, max_size=80),
        st.floats(0.1, 0.4),
        st.floats(0.1, 0.4),
        st.integers(0, 99),
    )
    def test_leave_no_text_out_and_hold_none_twice(
        self, labels: list[str], dev_share: float, test_share: float, seed: int
    ) -> None:
        texts = labelled(*[(f"Text {n // 2 if n % 5 else n}", label) for n, label in enumerate(labels)])
        assume(min(Counter(text.label for text in texts).values()) > 9)
        distinct = {bare(text) for text in texts}
        kept = Counter({bare(text): text.label for text in reversed(texts)}.values())
        assume(len(kept) == 3 and min(kept.values()) > 9)
        parts = split_texts(texts, dev_share=dev_share, test_share=test_share, seed=seed)
        given_texts = [bare(text) for part in parts[:3] for text in part]
        assert sorted(given_texts) == sorted(distinct)
        assert parts.copies == len(texts) - len(distinct)
        assert sum(labels_of(parts), Counter()) == kept
        for counts, share in zip(
            labels_of(parts), (1 - dev_share - test_share, dev_share, test_share), strict=True
        ):
            # Of the part and of each label: scikit-learn rounds up what it takes.
            assert abs(counts.total() - share * len(distinct)) < 2.0001
            for label, count in kept.items():
                assert abs(counts[label] - share * count) < 2.5

    @pytest.mark.parametrize("rare", [2, 3, 4])
    def test_hold_every_label_or_are_refused(self, rare: int) -> None:
        texts = many(x=98, y=rare)
        for seed in range(5):
            with suppress(ValueError):
                parts = split_texts(texts, seed=seed)
                assert [set(counts) for counts in labels_of(parts)] == [{"x", "y"}] * 3

    @pytest.mark.parametrize(
        ("counts", "why"),
        [
            ({"x": 50, "y": 1}, "only 1 member"),
            ({"x": 1, "y": 1}, "only 1 member"),
            ({"x": 2, "y": 2}, "should be greater or equal to the number of classes"),
            (dict.fromkeys("abcdefgh", 3), "should be greater or equal to the number of classes"),
        ],
    )
    def test_of_too_few_texts_are_refused(self, counts: dict[str, int], why: str) -> None:
        message = (
            rf"^{sum(counts.values())} texts with the labels \['.+'\] cannot be split so that every part has "
            rf"each label \(.*{why}.*\)\. Add texts, remove rare labels, or increase the shares\.$"
        )
        with pytest.raises(ValueError, match=message):
            split_texts(many(**counts))

    def test_of_no_texts_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^0 texts with the labels \[\] cannot be split"):
            split_texts([])

    def test_are_drawn_by_the_seed(self) -> None:
        texts = many(x=30, y=30)
        assert split_texts(texts, seed=3) == split_texts(texts, seed=3)
        assert {bare(text) for text in split_texts(texts, seed=3).test} != {
            bare(text) for text in split_texts(texts, seed=4).test
        }

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_refuse_a_seed_out_of_range_without_blaming_the_texts(self, seed: int) -> None:
        with pytest.raises(ValueError, match=rf"seed={seed} is out of range"):
            split_texts(many(x=10, y=10), seed=seed)

    def test_are_of_scikit_learn_which_an_extra_installs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        message = r"The package 'sklearn' is not installed\. .* pip install \"spacy-trend\[compare\]\""
        with pytest.raises(ImportError, match=message):
            split_texts(many(x=10, y=10))


class TestTestPart:
    def test_is_kept_whole_and_in_order(self) -> None:
        test = many("other", y=3, x=2)
        parts = split_texts(many(x=10, y=10), test)
        assert parts.test == test
        assert sizes_of(parts) == [18, 2, 5]

    def test_has_no_text_in_the_others(self) -> None:
        texts = many(x=10, y=10)
        test = labelled(("TEXT X 3", "x"), (" text  y 4", "y"), ("New", "y"))
        parts = split_texts(texts, test)
        assert (parts.copies, parts.contradictions) == (2, 0)
        assert pairs_of(parts.test) == pairs_of(test)
        left = {bare(text) for text in [*parts.train, *parts.dev]}
        assert left == {bare(text) for text in texts} - {"text x 3", "text y 4"}

    def test_has_the_label_that_counts(self) -> None:
        parts = split_texts(many(x=10, y=10), labelled(("text x 3", "y"), ("New", "x")))
        assert (parts.copies, parts.contradictions) == (1, 1)
        assert pairs_of(parts.test) == [("text x 3", "y"), ("New", "x")]
        assert "text x 3" not in {text.text for text in [*parts.train, *parts.dev]}

    def test_is_without_copies_itself(self) -> None:
        test = labelled(("a", "x"), ("b", "y"), ("A", "y"), ("b ", "y"))
        parts = split_texts(many(x=10, y=10), test)
        assert (parts.copies, parts.contradictions) == (2, 1)
        assert pairs_of(parts.test) == [("a", "x"), ("b", "y")]

    def test_that_takes_all_texts_leaves_none_to_learn_from(self) -> None:
        texts = many(x=10, y=10)
        with pytest.raises(ValueError, match=r"^0 texts with the labels \[\] cannot be split"):
            split_texts(texts, texts)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_does_not_depend_on_the_seed(self, seed: int) -> None:
        test = many("other", y=3, x=2)
        assert split_texts(many(x=10, y=10), test, seed=seed).test == test

    def test_is_not_empty(self) -> None:
        with pytest.raises(ValueError, match=r"test|no text"):
            split_texts(many(x=10, y=10), [])


class TestWrittenParts:
    def test_agree_and_are_read_back(self, tmp_path: Path) -> None:
        parts = split_texts(many(x=10, y=20, z=10))
        paths = write_parts(parts, tmp_path / "new" / "folder")
        assert paths == [tmp_path / "new" / "folder" / name for name in WRITTEN]
        vocab = spacy.blank("en").vocab
        for part, binary, lines in zip(parts[:3], paths[::2], paths[1::2], strict=True):
            docs = list(DocBin().from_disk(binary).get_docs(vocab))
            assert [doc.text for doc in docs] == [text.text for text in part]
            assert [doc.cats for doc in docs] == [
                {label: float(label == text.label) for label in "xyz"} for text in part
            ]
            assert pairs_of(read_labelled_texts(lines, "part")) == pairs_of(part)

    def test_have_all_labels_in_every_doc(self, tmp_path: Path) -> None:
        part = labelled(("a", "x"))
        write_parts(Parts(part, part, labelled(("b", "y")), 0, 0), tmp_path)
        for name in NAMES:
            (doc,) = DocBin().from_disk(tmp_path / f"{name}.spacy").get_docs(spacy.blank("en").vocab)
            assert list(doc.cats) == ["x", "y"]

    @settings(deadline=None, max_examples=10)
    @given(
        st.lists(
            st.tuples(
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_keep_every_character(
        self, tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
    ) -> None:
        folder = tmp_path_factory.getbasetemp() / "written"
        part = labelled(*pairs)
        write_parts(Parts(part, part, part, 0, 0), folder)
        docs = DocBin().from_disk(folder / "dev.spacy").get_docs(spacy.blank("en").vocab)
        assert [(doc.text, [label for label in doc.cats if doc.cats[label]]) for doc in docs] == [
            (text, [label]) for text, label in pairs
        ]
        assert pairs_of(read_labelled_texts(folder / "dev.jsonl", "dev")) == pairs

    def test_are_tokenized_as_the_language_is(self, tmp_path: Path) -> None:
        part = labelled(("L'homme n'est pas là.", "x"))
        for lang in "en", "it":
            write_parts(Parts(part, part, part, 0, 0), tmp_path, lang)
            (doc,) = DocBin().from_disk(tmp_path / "train.spacy").get_docs(spacy.blank(lang).vocab)
            assert [token.text for token in doc] == [token.text for token in spacy.blank(lang)(part[0].text)]

    def test_overwrite_old_ones_and_leave_other_files(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("keep")
        (tmp_path / "test.jsonl").write_text("old " * 1000)
        write_parts(split_texts(many(x=10, y=10)), tmp_path)
        assert len(read_labelled_texts(tmp_path / "test.jsonl", "test")) == 4
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*WRITTEN, "notes.txt"])

    def test_are_the_same_bytes_a_second_time(self, tmp_path: Path) -> None:
        first, second = (
            write_parts(split_texts(many(x=10, y=10)), tmp_path / name) for name in ("first", "second")
        )
        assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


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
    def test_may_not_be_in_a_wide_encoding(self, write: Write, encoding: str) -> None:
        path = write("ham Grüße\nspam You won\n", encoding=encoding)
        with pytest.raises(ValueError, match=rf"The encoding {encoding} cannot be read line by line"):
            read_label_first(path, encoding)

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


class TestCommand:
    def test_writes_parts_and_says_how_many(self, write: Write, tmp_path: Path) -> None:
        result = run(write(as_lines(many(x=60, y=40)), "a.jsonl"), tmp_path / "out")
        assert result.exit_code == 0, result.stdout
        assert "Wrote 70 train, 10 dev, 20 test texts to" in said(result)
        assert "left out" not in said(result)
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(WRITTEN)

    def test_says_what_it_left_out(self, write: Write, tmp_path: Path) -> None:
        texts = many(x=60, y=40)
        copies = labelled(("TEXT X 1", "x"), ("text x 2", "y"), ("Text  y 1", "y"))
        result = run(write(as_lines([*texts, *copies]), "a.jsonl"), tmp_path / "out")
        assert said(result).endswith("; left out 3 copies, 1 of them with another label")
        result = run(write(as_lines([*texts, copies[0]]), "a.jsonl"), tmp_path / "out")
        assert said(result).endswith("; left out 1 copies")

    def test_takes_csv_shares_seed_and_language(self, write: Write, tmp_path: Path) -> None:
        rows = "".join(f"L'homme {text.text},{text.label}\n" for text in many(x=20, y=20))
        texts = write("text,label\n" + rows, "a.csv")
        shares = ["--dev-share", "0.25", "--test-share", "0.5"]
        outputs = [tmp_path / name for name in "abc"]
        for seed, output in zip("113", outputs, strict=True):
            result = run(texts, output, *shares, "--seed", seed, "--lang", "it")
            assert "Wrote 10 train, 10 dev, 20 test texts" in said(result)
        contents = [(output / "test.jsonl").read_text() for output in outputs]
        assert contents[0] == contents[1] != contents[2]
        docs = DocBin().from_disk(outputs[0] / "train.spacy").get_docs(spacy.blank("it").vocab)
        assert {doc[0].text for doc in docs} == {"L'"}

    def test_takes_files_as_trec_has_them(self, write: Write, tmp_path: Path) -> None:
        train = "".join(
            f"{label}:fine{n % 3} What is Zo\xe9 {n} {label} ?\n" for n in range(10) for label in "XY"
        )
        test = "X:other What is Zo\xe9 3 X ?\nY:fine0\tWho ?\n"
        result = run(
            *(write(train, "train.label", "latin-1"), tmp_path / "out"),
            *("--test", write(test, "test.label", "latin-1"), "--label-first", "--label-separator", ":"),
            *("--encoding", "latin-1"),
        )
        assert result.exit_code == 0, result.stdout
        assert "Wrote 17 train, 2 dev, 2 test texts" in said(result)
        assert said(result).endswith("; left out 1 copies")
        rows = [json.loads(line) for line in (tmp_path / "out" / "test.jsonl").read_text().splitlines()]
        assert rows == [{"text": "What is Zoé 3 X ?", "label": "X"}, {"text": "Who ?", "label": "Y"}]

    def test_says_which_line_is_wrong(self, write: Write, tmp_path: Path) -> None:
        result = run(write(TREC, encoding="latin-1"), tmp_path / "out", "--label-first")
        assert result.exit_code == 1
        assert "The texts could not be converted" in said(result)
        assert "line2:isnotUTF-8" in said(result).replace(" ", "")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--dev-share", "0"], "dev_share=0.0 and test_share=0.2 are out of range."),
            (["--test-share", "0.9"], "dev_share=0.1 and test_share=0.9 are out of range."),
            (["--label-first", "--encoding", "no-such"], "unknown encoding: no-such"),
            (["--label-first", "--encoding", "base64"], "is not a text encoding"),
            (["--lang", "qqq"], "Can't import language qqq"),
            (["--label-first", "--label-separator", ""], "empty separator"),
            (["--test", "none.jsonl"], "No such file or directory: 'none.jsonl'"),
        ],
    )
    def test_says_which_option_is_wrong(
        self, write: Write, tmp_path: Path, options: list[str], message: str
    ) -> None:
        result = run(write(as_lines(many(x=60, y=40)), "a.jsonl"), tmp_path / "out", *options)
        assert result.exit_code == 1
        assert message.replace(" ", "") in said(result).replace(" ", "")
        assert "Wrote" not in said(result)

    def test_refuses_an_unknown_format(self, write: Write, tmp_path: Path) -> None:
        result = run(write(TREC, encoding="latin-1"), tmp_path / "out")
        assert result.exit_code == 1
        assert "theformatisunknown" in said(result).replace(" ", "")

    def test_refuses_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        for options in [], ["--label-first"]:
            result = run(tmp_path / "none.jsonl", tmp_path / "out", *options)
            assert result.exit_code == 1
            assert "No such file or directory" in said(result)

    def test_refuses_too_few_texts(self, write: Write, tmp_path: Path) -> None:
        result = run(write(as_lines(many(x=20, y=1)), "a.jsonl"), tmp_path / "out")
        assert result.exit_code == 1
        assert "21 texts with the labels ['x', 'y'] cannot be split" in said(result)

    def test_refuses_a_file_as_folder(self, write: Write) -> None:
        texts = write(as_lines(many(x=20, y=20)), "a.jsonl")
        result = run(texts, texts)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)
        assert len(read_labelled_texts(texts, "texts")) == 40

    def test_names_the_extra_where_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        result = run(write(as_lines(many(x=20, y=20)), "a.jsonl"), tmp_path / "out")
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)

    @pytest.mark.parametrize("options", [["--label-separator", ":"], ["--encoding", "latin-1"]])
    def test_refuses_options_that_mean_nothing(
        self, write: Write, tmp_path: Path, options: list[str]
    ) -> None:
        result = run(write(as_lines(many(x=20, y=20)), "a.jsonl"), tmp_path / "out", *options)
        assert result.exit_code == 1
        assert "--label-first" in said(result)
