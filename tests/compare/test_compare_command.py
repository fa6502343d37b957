"""The command `compare`."""

import json
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy import Language

from tests.support.commands import run_command

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from tests.support.commands import said
from tests.support.comparisons import PAIRS, TEST, TRAIN, Pairs, write

pytestmark = pytest.mark.usefixtures("few_strengths")
run = partial(run_command, "compare")


class TestCommand:
    def test_prints_a_table_and_writes_files(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, output = write(tmp_path / "train.jsonl", PAIRS), tmp_path / "out"
        result = run(train, "--encoder", tiny_encoder, "--output", output, "--folds", "2")
        assert result.exit_code == 0, result.stdout
        read = json.loads((output / "compare.json").read_text(encoding="utf8"))
        printed = result.stdout.splitlines()
        first = printed.index(next(line for line in printed if line.startswith("---"))) + 1
        rows = printed[first : first + len(read["scores"])]
        for row, score in zip(rows, read["scores"], strict=True):
            assert row.startswith(f"{score['name']} ")
            assert f" {100 * score['accuracy']:.1f} " in row
        assert (
            "n = 24 texts, predicted in 2 folds, each after training on 12 texts; 2 labels." in result.stdout
        )
        best = next(score for score in read["scores"] if score["config"])
        settings = f"config={{'preset': '{best['name']}'}}"
        assert f"Settings of the best preset: nlp.add_pipe('trend_vector', {settings})" in said(result)
        assert "On these texts, " in said(result)
        assert said(result).count("Wrote") == 2
        assert (output / "compare.png").stat().st_size > 1000

    def test_takes_a_test_part(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST + TRAIN[:2])
        result = run(train, test, "-e", tiny_encoder, "-o", tmp_path)
        assert result.exit_code == 0, result.stdout
        assert "n = 10 test texts, after 16 training texts; 2 labels. 2 of the texts stand" in result.stdout
        read = json.loads((tmp_path / "compare.json").read_text())
        assert (read["train"], read["test"], read["folds"], read["repeated"]) == (16, 10, None, 2)

    def test_takes_several_encoders(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        for name in "one", "other":
            shutil.copytree(tiny_encoder, tmp_path / name)
        options = ["--encoder", tmp_path / "one", "--encoder", f"{tmp_path / 'other'}/", "--output", tmp_path]
        result = run(train, test, *options)
        assert result.exit_code == 0, result.stdout
        read = json.loads((tmp_path / "compare.json").read_text(encoding="utf8"))
        names = [score["name"] for score in read["scores"]]
        assert {"article (one)", "article (other)", "TF-IDF"} <= set(names)
        assert all(f"\n{name} " in result.stdout for name in names)
        best = next(score for score in read["scores"] if score["config"])
        assert f"}}), with the encoder {best['encoder']}" in said(result)

    def test_refuses_an_encoder_that_is_named_twice(self, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "-e", "./none", "-e", "./none")
        assert result.exit_code == 1
        assert "Got the encoder './none' more than once. Expected different encoders" in said(result)

    def test_refuses_a_model_and_several_encoders(self, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--model", "a", "-e", "b", "-e", "c")
        assert result.exit_code == 1
        assert "they exclude each other. Give one of them." in said(result)

    def test_writes_nothing_unless_told(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        monkeypatch.chdir(tmp_path)
        assert run(train, test, "--encoder", tiny_encoder).exit_code == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["test.jsonl", "train.jsonl"]

    @pytest.mark.slow
    def test_is_reproducible_by_its_seed(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        written = []
        for seed, output in ("3", "a"), ("3", "b"), ("4", "c"):
            options = ["--seed", seed, "--output", tmp_path / output]
            assert run(train, test, "--encoder", tiny_encoder, *options).exit_code == 0
            written.append((tmp_path / output / "compare.json").read_text())
        assert written[0] == written[1]
        assert [json.loads(text)["seed"] for text in written] == [3, 3, 4]
        assert json.loads(written[0])["scores"] != json.loads(written[2])["scores"]

    def test_takes_a_pipeline_with_its_own_trend_vector(self, tiny: Language, tmp_path: Path) -> None:
        tiny.to_disk(tmp_path / "model")
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        result = run(train, test, "--model", tmp_path / "model", "--output", tmp_path)
        assert result.exit_code == 0, result.stdout
        scores = json.loads((tmp_path / "compare.json").read_text())["scores"]
        (own,) = [score for score in scores if score["name"] == "pipeline's trend_vector"]
        (article,) = [score for score in scores if score["name"] == "article"]
        assert own["accuracy"] == article["accuracy"]

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ([("a", "x")] * 9, "All 9 training texts, from"),
            (PAIRS[:9], "line 2: the label 'rail' has 4 training texts. Expected at least 5, for the folds"),
            ([*PAIRS, ("", "rail")], "line 25: the text is empty or not a string: got ''"),
            ([], "There is no text in"),
        ],
    )
    def test_says_what_is_wrong_with_the_texts(
        self, tiny_encoder: Path, tmp_path: Path, content: Pairs, message: str
    ) -> None:
        result = run(write(tmp_path / "train.jsonl", content), "--encoder", tiny_encoder)
        assert result.exit_code == 1
        assert "The texts could not be compared" in said(result)
        assert message.replace(" ", "") in said(result).replace(" ", "")

    def test_says_which_test_label_is_unknown(self, tiny_encoder: Path, tmp_path: Path) -> None:
        train = write(tmp_path / "train.jsonl", TRAIN)
        test = write(tmp_path / "test.jsonl", [*TEST, ("A car.", "road")])
        result = run(train, test, "--encoder", tiny_encoder)
        assert result.exit_code == 1
        message = "test.jsonl,line9:thelabel'road'isnotamongthoseofthetrainingtexts,['fruit','rail']"
        assert message in said(result).replace(" ", "")

    def test_says_that_a_file_is_not_there(self, tiny_encoder: Path, tmp_path: Path) -> None:
        for parts in ([tmp_path / "none.csv"], [write(tmp_path / "a.jsonl", TRAIN), tmp_path / "none.csv"]):
            result = run(*parts, "--encoder", tiny_encoder)
            assert result.exit_code == 1
            assert "No such file or directory" in said(result)

    def test_says_that_a_folder_is_no_file(self, tiny_encoder: Path, tmp_path: Path) -> None:
        (tmp_path / "folder.csv").mkdir()
        result = run(tmp_path / "folder.csv", "--encoder", tiny_encoder)
        assert result.exit_code == 1
        assert "Is a directory" in said(result)

    @pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
    def test_names_the_columns_that_are_there_before_it_loads_an_encoder(
        self, tmp_path: Path, name: str
    ) -> None:
        if name == "a.parquet":
            pa = pytest.importorskip("pyarrow")
            table = pa.table({"text": ["One"], "kind": ["x"]})
            pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / name)
        else:
            (tmp_path / name).write_text('{"text": "One", "kind": "x"}\n')
        result = run(tmp_path / name, "--encoder", "./none")
        assert result.exit_code == 1
        assert "the field 'label' is missing: got ['text', 'kind']. Name the one that holds" in said(result)
        assert "--label-field" in said(result)
        assert result.stderr == ""

    @pytest.mark.slow
    def test_takes_columns_rare_labels_and_a_trial(self, tiny_encoder: Path, tmp_path: Path) -> None:
        rows = [f"{label};{text}\n" for text, label in [*PAIRS, ("A car.", "road")]]
        (tmp_path / "a.csv").write_text("kind;body\n" + "".join(rows))
        columns = ["--text-field", "body", "--label-field", "kind", "--delimiter", ";"]
        options = ["--drop-rare", "2", "--folds", "2", "--limit", "20", "--output", tmp_path]
        result = run(tmp_path / "a.csv", *columns, *options, "--encoder", tiny_encoder, "--quiet")
        assert (result.exit_code, result.stderr) == (0, ""), result.stdout
        written = json.loads((tmp_path / "compare.json").read_text())
        assert written["train"] + written["rare"] == 20
        assert "On these texts, " in said(result)
        assert "Wrote" not in said(result)

    def test_refuses_fewer_than_two_folds(self, tiny_encoder: Path, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--encoder", tiny_encoder, "--folds", "1")
        assert result.exit_code == 1
        assert "folds=1 is out of range. Expected 2 or more." in said(result)

    def test_refuses_both_a_model_and_an_encoder(self, tmp_path: Path) -> None:
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--model", "a", "--encoder", "b")
        assert result.exit_code == 1
        assert "they exclude each other. Give one of them." in said(result)

    def test_refuses_a_pipeline_without_a_transformer(self, tmp_path: Path) -> None:
        spacy.blank("en").to_disk(tmp_path / "model")
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--model", tmp_path / "model")
        assert result.exit_code == 1
        assert "There is no transformer for 'trend_vector' to read" in said(result)

    def test_names_the_extra_that_is_missing_before_it_loads_an_encoder(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        result = run(write(tmp_path / "a.jsonl", PAIRS), "--encoder", "./none", "--output", tmp_path / "out")
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)
        assert not (tmp_path / "out").exists()

    def test_refuses_a_folder_that_it_cannot_make_before_it_loads_an_encoder(self, tmp_path: Path) -> None:
        train, test = write(tmp_path / "train.jsonl", TRAIN), write(tmp_path / "test.jsonl", TEST)
        result = run(train, test, "--encoder", "./none", "--output", train)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)
        assert "Wrote" not in said(result)
