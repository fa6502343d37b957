"""Labelled texts made ready to train on: copies, shares of labels, files, and the command."""

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import spacy
from hypothesis import assume, given
from hypothesis import strategies as st
from spacy.tokens import DocBin

pytest.importorskip("sklearn")

from spacy_trend.compare.labelled_texts import LabelledText, read_labelled_texts
from spacy_trend.compare.parts import Parts, split_texts, write_parts
from tests.support.labelled_texts import NAMES, WRITTEN, labelled, many, pairs_of


def bare(text: LabelledText) -> str:
    return " ".join(text.text.casefold().split())


def labels_of(parts: Parts) -> list[Counter[str]]:
    return [Counter(text.label for text in part) for part in parts[:3]]


def sizes_of(parts: Parts) -> list[int]:
    return [len(part) for part in parts[:3]]


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

    def test_are_none_if_all_are_distinct(self) -> None:
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
            rf"^{sum(counts.values())} texts with the labels \['.+'\](?: and 3 more)? cannot be split so "
            rf"that every part has each label \(.*{why}.*\)\. Add texts, leave out rare labels .*, or "
            r"increase the shares\.$"
        )
        with pytest.raises(ValueError, match=message):
            split_texts(many(**counts))

    @pytest.mark.parametrize("fewest", [1, 3])
    def test_of_too_few_texts_are_said_in_short(self, fewest: int) -> None:
        counts = {f"rare {n}": fewest for n in range(1500)} | {"frequent": 50}
        with pytest.raises(ValueError, match=r"the labels \['rare 0', .*'\] and 1,496 more cannot") as raised:
            split_texts(many(**counts))
        assert len(str(raised.value)) < 600

    def test_that_leave_a_part_without_labels_are_said_in_short(self) -> None:
        texts = many(**{f"rare {n}": 2 for n in range(500)}, frequent=5000)
        with pytest.raises(ValueError, match=r"none with the labels \['rare .* and .* more\. Add") as raised:
            split_texts(texts, dev_share=0.3, test_share=0.3)
        assert len(str(raised.value)) < 600

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

    @pytest.mark.slow
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
    @pytest.mark.thorough
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
