"""The command `split`."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from tests.support.commands import run_command

pytest.importorskip("sklearn")
from spacy_trend.compare.labelled_texts import LabelledText, read_labelled_texts
from tests.support.commands import said
from tests.support.labelled_texts import TREC, WRITTEN, Write, labelled, many


def as_lines(texts: list[LabelledText]) -> str:
    return "".join(json.dumps({"text": text.text, "label": text.label}) + "\n" for text in texts)


#: A label, a space and a text in each line.
LABEL_FIRST = ["--no-header", "--delimiter", " ", "--label-field", "1", "--text-field", "2"]
run = partial(run_command, "split")


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
        test = "X:other What is Zo\xe9 3 X ?\nY:fine0 Who ?\n"
        result = run(
            *(write(train, "train.label", "latin-1"), tmp_path / "out"),
            *("--test", write(test, "test.label", "latin-1"), "--label-separator", ":"),
            *(*LABEL_FIRST, "--encoding", "latin-1"),
        )
        assert result.exit_code == 0, result.stdout
        assert "Wrote 17 train, 2 dev, 2 test texts" in said(result)
        assert said(result).endswith("; left out 1 copies")
        rows = [json.loads(line) for line in (tmp_path / "out" / "test.jsonl").read_text().splitlines()]
        assert rows == [{"text": "What is Zoé 3 X ?", "label": "X"}, {"text": "Who ?", "label": "Y"}]

    def test_says_which_line_is_wrong(self, write: Write, tmp_path: Path) -> None:
        result = run(write(TREC, encoding="latin-1"), tmp_path / "out", *LABEL_FIRST)
        assert result.exit_code == 1
        assert "The texts could not be split" in said(result)
        assert "line2:isnotUTF-8" in said(result).replace(" ", "")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--dev-share", "0"], "dev_share=0.0 and test_share=0.2 are out of range."),
            (["--test-share", "0.9"], "dev_share=0.1 and test_share=0.9 are out of range."),
            (["--encoding", "no-such"], "The encoding 'no-such' is unknown. Expected one of"),
            (["--no-header", "--encoding", "base64"], "The encoding 'base64' is unknown"),
            (["--delimiter", ";;"], "The delimiter ';;' cannot stand between values. Expected one character"),
            (["--lang", "qqq"], "Can't import language qqq"),
            (["--label-separator", ""], "Got an empty --label-separator"),
            (["--label-field", "kind"], "the labels with --label-field"),
            (["--text-field", "body"], "the field 'body' is missing: got ['text', 'label']. Name the one"),
            (["--label-field", "text"], "Got 'text' as the column of the texts and of the labels"),
            (["--drop-rare", "61"], "No label has 61 texts"),
            (["--limit", "0"], "Got limit=0. Expected 1 or more"),
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
        pytest.importorskip("pyarrow")
        for name in "none.jsonl", "none.parquet", "none.txt", "none":
            result = run(tmp_path / name, tmp_path / "out", *LABEL_FIRST)
            assert result.exit_code == 1
            assert "No such file or directory" in said(result)

    def test_refuses_too_few_texts(self, write: Write, tmp_path: Path) -> None:
        result = run(write(as_lines(many(x=20, y=1)), "a.jsonl"), tmp_path / "out")
        assert result.exit_code == 1
        assert "21 texts with the labels ['y', 'x'] cannot be split" in said(result)

    def test_refuses_a_file_as_folder(self, write: Write) -> None:
        texts = write(as_lines(many(x=20, y=20)), "a.jsonl")
        result = run(texts, texts)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)
        assert len(read_labelled_texts(texts, "texts")) == 40

    def test_names_the_extra_if_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        result = run(write(as_lines(many(x=20, y=20)), "a.jsonl"), tmp_path / "out")
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)

    def test_reads_tables_as_they_are_written(self, write: Write, tmp_path: Path) -> None:
        table = "text;label\n" + "".join(
            f"Zo\xe9, {n} {label};{label}\n" for n in range(30) for label in "XY"
        )
        texts = write(table, "a.csv", "utf-16")
        result = run(texts, tmp_path / "out", "--encoding", "utf-16", "--delimiter", ";")
        assert result.exit_code == 0, result.stdout
        assert "Wrote 42 train, 6 dev, 12 test texts" in said(result)

    def test_takes_columns_by_their_names(self, write: Write, tmp_path: Path) -> None:
        rows = "".join(f"{text.label},{text.text}\n" for text in many(x=20, y=20))
        options = ["--text-field", "Body of the mail", "--label-field", "kind"]
        result = run(write("kind,Body of the mail\n" + rows, "a.csv"), tmp_path / "out", *options)
        assert "Wrote 28 train, 4 dev, 8 test texts" in said(result)

    def test_takes_parquet(self, tmp_path: Path) -> None:
        pa = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
        texts = many(x=20, y=20)
        columns = {"text": [text.text for text in texts], "label": [int(text.label == "x") for text in texts]}
        parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
        result = run(tmp_path / "a.parquet", tmp_path / "out")
        assert "Wrote 28 train, 4 dev, 8 test texts" in said(result)

    def test_leaves_out_rare_labels_and_says_how_many(self, write: Write, tmp_path: Path) -> None:
        texts = write(as_lines(many(x=20, y=20, z=2, w=1)), "a.jsonl")
        result = run(texts, tmp_path / "out", "--drop-rare", "3")
        assert "Wrote 28 train, 4 dev, 8 test texts" in said(result)
        assert said(result).endswith("; left out 3 texts of rare labels")
        assert "Left out 3 texts of 2 labels with fewer than 3 texts: ['w', 'z']" in result.stderr

    def test_draws_texts_for_a_trial(self, write: Write, tmp_path: Path) -> None:
        texts = write(as_lines(many(x=200, y=200)), "a.jsonl")
        result = run(texts, tmp_path / "out", "--limit", "40")
        assert "Wrote 28 train, 4 dev, 8 test texts" in said(result)

    def test_says_nothing_if_it_is_to_be_quiet(self, write: Write, tmp_path: Path) -> None:
        texts = write(as_lines(many(x=20, y=20, z=1)), "a.jsonl")
        result = run(texts, tmp_path / "out", "--drop-rare", "2", "--quiet")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
        assert run(texts, tmp_path / "again", "--drop-rare", "2").stdout
