"""The command `evaluate`."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
from click import unstyle
from spacy import Language

from tests.support.commands import run_command

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from spacy_trend.reports import Reasons
from tests.support.classifiers import SUBJECTS, trained
from tests.support.commands import said
from tests.support.evaluations import BY_HAND, COMPARED, MIXED, Rows, of

pytestmark = pytest.mark.usefixtures("few_resamples")


def save(nlp: Language, path: Path) -> str:
    nlp.to_disk(path)
    return str(path)


run = partial(run_command, "evaluate")


class TestReasons:
    @pytest.fixture
    def model(self, tiny_encoder: Path, tmp_path: Path) -> str:
        return save(trained(tiny_encoder), tmp_path / "trained")

    @pytest.fixture
    def texts(self, write_rows: Callable[[Rows], Path]) -> Path:
        return write_rows([(text, {label: 1.0}) for label in ("fruit", "house") for text in SUBJECTS[label]])

    def test_are_a_page_and_lines_beside_the_scores(self, model: str, texts: Path, tmp_path: Path) -> None:
        result = run(model, texts, "--output", tmp_path / "out")
        assert result.exit_code == 0, result.stdout
        assert said(result).count("Wrote") == 5
        lines = [json.loads(line) for line in (tmp_path / "out" / "reasons.jsonl").read_text().splitlines()]
        assert [line["text"] for line in lines] == SUBJECTS["fruit"] + SUBJECTS["house"]
        nlp = spacy.load(model)
        for line in lines:
            cats = nlp(line["text"]).cats
            assert line["predicted"] == max(cats, key=lambda label: cats[label])
            sum_of_parts = line["bias"] + sum(word["part"] for word in line["words"])
            assert line["margin"] == pytest.approx(sum_of_parts, abs=1e-4)
        page = (tmp_path / "out" / "report.html").read_text()
        evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        assert f"{100 * evaluation['accuracy']:.1f}" in page
        wrong = sum(line["predicted"] != line["label"] for line in lines)
        assert f"Misclassified texts ({wrong})" in page

    def test_are_of_as_many_misclassified_texts_as_are_asked_for(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        # Whatever is predicted, it is wrong.
        path = write_rows([(text, {"neither": 1.0}) for text in SUBJECTS["fruit"]])
        assert run(model, path, "--examples", "2", "-o", tmp_path).exit_code == 0
        page = (tmp_path / "report.html").read_text()
        assert "Misclassified texts (4)" in page
        assert page.count("<article") == 2

    def test_are_not_computed_unless_written(
        self, model: str, texts: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Reasons, "add", pytest.fail)
        assert run(model, texts).exit_code == 0

    def test_are_not_there_if_the_classifier_reads_no_vector(
        self, stub: Language, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        result = run(save(stub, tmp_path / "model"), write_rows(MIXED), "-o", tmp_path / "out")
        assert result.exit_code == 0
        assert "No report.html and no reasons.jsonl: The pipeline has 0 components" in said(result)
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
            "confusion.png",
            "evaluation.json",
            "report.txt",
        ]

    def test_are_not_there_if_the_vectors_of_words_were_not_kept(
        self, tiny_encoder: Path, texts: Path, tmp_path: Path
    ) -> None:
        model = save(trained(tiny_encoder, token_vectors=False), tmp_path / "model")
        result = run(model, texts, "-o", tmp_path / "out")
        assert result.exit_code == 0
        assert "No report.html and no reasons.jsonl: The vectors of words" in said(result)
        assert not (tmp_path / "out" / "report.html").exists()

    def test_of_an_earlier_run_are_named_as_such(
        self, stub: Language, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        (tmp_path / "report.html").write_text("of another pipeline")
        result = run(save(stub, tmp_path / "model"), write_rows(MIXED), "-o", tmp_path)
        assert result.exit_code == 0
        assert "Of an earlier run, not of this one" in said(result)
        assert (tmp_path / "report.html").read_text() == "of another pipeline"

    def test_refuse_to_be_of_no_text_before_a_pipeline_is_loaded(self, texts: Path) -> None:
        result = run("no_such_pipeline", texts, "--examples", "0")
        assert result.exit_code == 2
        assert "--examples" in result.stderr


class TestCommand:
    @pytest.fixture
    def model(self, stub: Language, tmp_path: Path) -> str:
        return save(stub, tmp_path / "model")

    def test_prints_a_report_and_writes_files(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        result = run(model, write_rows(MIXED), "--output", tmp_path / "out")
        assert result.exit_code == 0, result.stdout
        assert "trained textcat 6 66.7" in said(result)
        assert said(result).count("Wrote") == 3
        read = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        assert read["confusion"] == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
        assert (tmp_path / "out" / "confusion.png").read_bytes()[:4] == b"\x89PNG"
        assert (tmp_path / "out" / "report.txt").read_text().strip() in unstyle(result.stdout)

    def test_shows_a_comparison_beside(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        (tmp_path / "compare.json").write_text(json.dumps(asdict(COMPARED)))
        result = run(model, write_rows(MIXED), "--compare", tmp_path / "compare.json", "-o", tmp_path)
        assert result.exit_code == 0, result.stdout
        assert "logistic regression on the pipeline's trend_vector 10 others 90.0" in said(result)
        assert "The logistic regressions predicted other texts than the textcat" in said(result)
        assert "logistic regression on [CLS]" in (tmp_path / "report.txt").read_text()

    def test_writes_nothing_unless_told(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_rows(MIXED)
        monkeypatch.chdir(tmp_path)
        result = run(model, path)
        assert (result.exit_code, "Wrote" in said(result)) == (0, False)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "test.spacy"]

    def test_is_reproducible_by_its_seed(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        path = write_rows(of(*["xx", "xy", "yy", "yz", "zz", "zx"] * 5))
        for seed in "334":
            assert run(model, path, "--seed", seed, "-o", tmp_path / seed).exit_code == 0
        three, four = (json.loads((tmp_path / seed / "evaluation.json").read_text()) for seed in "34")
        assert three["confusion"] == four["confusion"]
        assert three["macro_f1_interval"] != four["macro_f1_interval"]

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([], "got 0 docs, expected two or more."),
            (MIXED[:1], "got 1 docs, expected two or more."),
            ([*MIXED, ("none", {})], "the doc 'none' has the labels []. Expected exactly one."),
            ([*MIXED, ("- nothing", {"x": 1.0})], "The pipeline predicted no label for '- nothing'"),
        ],
    )
    def test_says_what_is_wrong_with_the_docs(
        self, model: str, write_rows: Callable[[Rows], Path], rows: Rows, message: str
    ) -> None:
        result = run(model, write_rows(rows))
        assert result.exit_code == 1
        assert "The pipeline could not be evaluated" in said(result)
        assert message.replace(" ", "") in said(result).replace(" ", "")

    def test_says_what_is_not_there(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        path = write_rows(MIXED)
        for args, message in (
            (["no_such_pipeline", path], "Can't find model 'no_such_pipeline'"),
            ([model, tmp_path / "none.spacy"], "No such file or directory"),
            ([model, path, "--compare", tmp_path / "none.json"], "No such file or directory"),
        ):
            result = run(*args)
            assert result.exit_code == 1
            assert message in said(result)

    def test_takes_files_of_labelled_texts(self, model: str, tmp_path: Path) -> None:
        rows = [f"{text};{next(iter(cats))}\n" for text, cats in MIXED]
        (tmp_path / "a.csv").write_text("body;kind\n" + "".join(rows))
        columns = ["--text-field", "body", "--label-field", "kind", "--delimiter", ";"]
        result = run(model, tmp_path / "a.csv", *columns, "-o", tmp_path / "out")
        assert result.exit_code == 0, result.stdout
        evaluation = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        assert evaluation["confusion"] == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
        result = run(model, tmp_path / "a.csv", *columns, "-o", tmp_path / "out", "--limit", "4")
        assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["texts"] == 4

    def test_refuses_json_lines_without_labels(self, model: str, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"text": "a", "kind": "x"}\n')
        result = run(model, tmp_path / "a.jsonl")
        assert result.exit_code == 1
        assert "the field 'label' is missing: got ['text', 'kind']." in said(result)

    def test_says_what_it_loads_and_nothing_if_it_is_to_be_quiet(
        self, model: str, write_rows: Callable[[Rows], Path]
    ) -> None:
        result = run(model, write_rows(MIXED))
        lines = result.stderr.splitlines()
        assert lines[0] == f"Loading {model} ..."
        assert lines[1].startswith("Predicting: 0 of 6 texts")
        quiet = run(model, write_rows(MIXED), "-q")
        assert (quiet.stdout, quiet.stderr) == (result.stdout, "")

    def test_refuses_a_comparison_that_is_no_json(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        (tmp_path / "compare.json").write_text("no")
        result = run(model, write_rows(MIXED), "--compare", tmp_path / "compare.json")
        assert result.exit_code == 1
        assert "compare.json is not a comparison" in said(result)

    @pytest.mark.parametrize(
        "content",
        [
            *(asdict(BY_HAND), {}, [], {"scores": [{"name": "x"}]}, {"scores": 3}, {"scores": []}),
            {name: value for name, value in asdict(COMPARED).items() if name != "digest"},
            asdict(COMPARED) | {"digest": 3},
            asdict(COMPARED) | {"test": "ten"},
            asdict(COMPARED) | {"scores": [asdict(COMPARED.scores[0]) | {"name": 3}]},
            asdict(COMPARED) | {"scores": [asdict(COMPARED.scores[0]) | {"accuracy": "high"}]},
        ],
    )
    def test_refuses_json_that_is_no_comparison(
        self, model: str, write_rows: Callable[[Rows], Path], tmp_path: Path, content: Any
    ) -> None:
        (tmp_path / "other.json").write_text(json.dumps(content))
        result = run(model, write_rows(MIXED), "--compare", tmp_path / "other.json")
        assert result.exit_code == 1
        assert "other.json" in said(result).replace(" ", "")
        assert "is not a comparison" in said(result)
        assert "run it again" in said(result)
        assert len(said(result)) < 1000

    def test_refuses_a_folder_that_it_cannot_make_before_it_loads_a_pipeline(
        self, write_rows: Callable[[Rows], Path]
    ) -> None:
        path = write_rows(MIXED)
        result = run("no_such_pipeline", path, "--output", path)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)

    def test_names_the_extra_that_is_missing_before_it_loads_a_pipeline(
        self, monkeypatch: pytest.MonkeyPatch, write_rows: Callable[[Rows], Path]
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        result = run("no_such_pipeline", write_rows(MIXED))
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)
