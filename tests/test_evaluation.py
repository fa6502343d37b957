"""The evaluation of a text classifier: in Python, as table, JSON and picture, and from the command line."""

import json
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import spacy
from click import unstyle
from spacy import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

from spacy_trend.cli import trend_cli
from spacy_trend.compare import scores as significance
from spacy_trend.compare.comparison import Comparison, Score
from spacy_trend.compare.evaluation import Evaluation, evaluate, report, write_evaluation
from spacy_trend.compare.scores import Scores

#: A text, whose first word is the label that the stub predicts, and its labels.
Rows = list[tuple[str, dict[str, float]]]
Write = Callable[[Rows], Path]

STUB = "first_word_label"
LABELS = ("x", "y", "z")


@Language.component(STUB)
def first_word(doc: Doc) -> Doc:
    """The label that the first word names; "-" for no prediction, and "z" for other words."""
    first = doc[0].text if len(doc) else "z"
    if first != "-":
        found = first if first in LABELS else "z"
        doc.cats = {label: 0.5 if label == found else 0.25 for label in LABELS}
    return doc


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    """Intervals are tested in test_significance.py; here they would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(significance, "RESAMPLES", 100)
        yield


@pytest.fixture(scope="module")
def stub() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(STUB)
    return nlp


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a `.spacy` file."""

    def write_docs(rows: Rows) -> Path:
        nlp, docs = spacy.blank("en"), DocBin()
        for text, cats in rows:
            doc = nlp(text)
            doc.cats = cats
            docs.add(doc)
        docs.to_disk(tmp_path / "test.spacy")
        return tmp_path / "test.spacy"

    return write_docs


def of(*pairs: str) -> Rows:
    """Texts of pairs of letters: the label and what the stub says."""
    return [(f"{said} {n}", {true: 1.0}) for n, (true, said) in enumerate(pairs)]


#: 3 of 4 x are right and one is said to be y; of 2 y one is right and one is said to be z, which is no label.
MIXED = of("xx", "yz", "xy", "xx", "yy", "xx")

BY_HAND = Evaluation(
    labels=["ham", "spam"],
    confusion=[[6, 1], [1, 2]],
    accuracy=0.8,
    accuracy_interval=(0.5, 1.0),
    macro_f1=0.7625,
    macro_f1_interval=(0.25, 1.0),
    texts=10,
)
COMPARED = Comparison(
    scores=[
        Score(
            name=name,
            config=None,
            width=32,
            accuracy=accuracy,
            accuracy_interval=(0.8, 1.0),
            macro_f1=0.5,
            macro_f1_interval=(0.4, 0.6),
            p_value=None,
            strengths=[0.1],
        )
        for name, accuracy in (("pipeline's trend_vector", 0.9), ("[CLS]", 0.85))
    ],
    labels={"ham": 7, "spam": 3},
    train=100,
    test=10,
    folds=None,
    repeated=0,
    seed=0,
    encoder="BertModel (here)",
    versions={"spacy": "3.8.18"},
)


def save(nlp: Language, path: Path) -> str:
    nlp.to_disk(path)
    return str(path)


def run(*args: str | Path) -> Any:
    return CliRunner().invoke(trend_cli, ["evaluate", *map(str, args)])


def said(result: Any) -> str:
    return " ".join(unstyle(result.stdout).split())


class TestEvaluation:
    def test_counts_labels_and_what_they_were_taken_for(self, stub: Language, write: Write) -> None:
        evaluation = evaluate(stub, write(MIXED))
        assert evaluation.labels == ["x", "y", "z"]
        assert evaluation.confusion == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
        assert evaluation.texts == 6

    def test_has_scores(self, stub: Language, write: Write) -> None:
        evaluation = evaluate(stub, write(MIXED))
        assert evaluation.accuracy == pytest.approx(4 / 6)
        # F1 of x is 6/7, of y 2/4, of z 0.
        assert evaluation.macro_f1 == pytest.approx((6 / 7 + 1 / 2) / 3)
        for value, (low, high) in (
            (evaluation.accuracy, evaluation.accuracy_interval),
            (evaluation.macro_f1, evaluation.macro_f1_interval),
        ):
            assert 0 <= low < value < high <= 1

    def test_has_rows_for_labels_and_columns_for_predictions(self, stub: Language, write: Write) -> None:
        assert evaluate(stub, write(of("xy", "xy", "yy"))).confusion == [[0, 2], [0, 1]]

    @pytest.mark.parametrize(("pairs", "score"), [(("xx", "yy", "zz"), 1.0), (("xy", "yx", "zx"), 0.0)])
    def test_may_be_all_right_or_all_wrong(
        self, stub: Language, write: Write, pairs: tuple[str, ...], score: float
    ) -> None:
        evaluation = evaluate(stub, write(of(*pairs)))
        assert (evaluation.accuracy, evaluation.macro_f1) == (score, score)
        assert evaluation.accuracy_interval == evaluation.macro_f1_interval == (score, score)

    def test_may_have_one_label(self, stub: Language, write: Write) -> None:
        evaluation = evaluate(stub, write(of("xx", "xx")))
        assert (evaluation.labels, evaluation.confusion, evaluation.accuracy) == (["x"], [[2]], 1.0)

    def test_may_have_a_label_that_the_pipeline_does_not_know(self, stub: Language, write: Write) -> None:
        evaluation = evaluate(stub, write([("x 1", {"a": 1.0}), ("x 2", {"x": 1.0})]))
        assert (evaluation.labels, evaluation.confusion) == (["a", "x"], [[0, 1], [0, 1]])

    def test_leaves_labels_out_that_are_neither_given_nor_predicted(
        self, stub: Language, write: Write
    ) -> None:
        rows: Rows = [("x 1", {"x": 1.0, "y": 0.0, "z": 0.0}), ("y 2", {"x": 0.0, "y": 1.0, "z": 0.0})]
        assert evaluate(stub, write(rows)).labels == ["x", "y"]

    def test_of_a_text_without_tokens(self, stub: Language, write: Write) -> None:
        assert evaluate(stub, write([("", {"z": 1.0}), ("x", {"x": 1.0})])).accuracy == 1.0

    def test_is_reproducible_by_its_seed(self, stub: Language, write: Write) -> None:
        path = write(of(*["xx", "xy", "yy", "yz", "zz", "zx"] * 5))
        assert evaluate(stub, path) == evaluate(stub, path, seed=0)
        assert evaluate(stub, path, seed=1).macro_f1_interval != evaluate(stub, path).macro_f1_interval

    def test_reads_texts_and_not_what_the_docs_say(self, stub: Language, write: Write) -> None:
        """What is predicted is not given away by the docs of the file."""
        rows: Rows = [("x 1", {"y": 1.0, "x": 0.0}), ("y 1", {"x": 1.0})]
        assert evaluate(stub, write(rows)).accuracy == 0.0

    def test_reads_files_of_another_language(self, stub: Language, tmp_path: Path) -> None:
        docs = DocBin()
        for text in "x Haus", "y Haus":
            doc = spacy.blank("de")(text)
            doc.cats = {text[0]: 1.0}
            docs.add(doc)
        docs.to_disk(tmp_path / "de.spacy")
        assert evaluate(stub, tmp_path / "de.spacy").accuracy == 1.0

    @pytest.mark.parametrize(
        ("cats", "labels"),
        [
            ({}, []),
            ({"x": 0.0, "y": 0.0}, []),
            ({"x": 0.9, "y": 0.1}, []),
            ({"x": 1.0, "y": 1.0, "z": 0.0}, ["x", "y"]),
        ],
    )
    def test_needs_docs_with_one_label(
        self, stub: Language, write: Write, cats: dict[str, float], labels: list[str]
    ) -> None:
        text = "A text whose fortieth letter is somewhere in here"
        message = rf"test\.spacy: the doc '{text[:40]}' has the labels \[{', '.join(map(repr, labels))}\]"
        with pytest.raises(ValueError, match=message):
            evaluate(stub, write([*MIXED, (text, cats)]))

    def test_needs_predictions(self, stub: Language, write: Write) -> None:
        message = (
            r"The pipeline predicted no label for '- nothing': got doc\.cats = \{\}\. Expected a pipeline "
            r"with a trained 'textcat'\."
        )
        with pytest.raises(ValueError, match=message):
            evaluate(stub, write([*MIXED, ("- nothing", {"x": 1.0})]))
        with pytest.raises(ValueError, match=r"predicted no label for 'x 0'"):
            evaluate(spacy.blank("en"), write(MIXED))

    @pytest.mark.parametrize("count", [0, 1])
    def test_needs_two_docs(self, stub: Language, write: Write, count: int) -> None:
        with pytest.raises(ValueError, match=rf"test\.spacy: got {count} docs, expected two or more\."):
            evaluate(stub, write(MIXED[:count]))

    def test_needs_a_file_that_is_there(self, stub: Language, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="none"):
            evaluate(stub, tmp_path / "none.spacy")

    @pytest.mark.parametrize("content", [b"", b'{"text": "a", "label": "x"}\n'])
    def test_needs_a_file_of_docs(self, stub: Language, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.jsonl").write_bytes(content)
        with pytest.raises(ValueError, match="doesn't look like the data is in DocBin"):
            evaluate(stub, tmp_path / "a.jsonl")

    def test_needs_a_pipeline_that_keeps_all_docs(self, stub: Language, write: Write) -> None:
        class Refusing:
            def __call__(self, doc: Doc) -> Doc:
                if doc.text == "x 3":
                    raise ValueError("no")
                return doc

        Language.factory("refusing_one_doc", func=lambda nlp, name: Refusing())
        nlp = spacy.blank("en")
        nlp.add_pipe("refusing_one_doc")
        nlp.add_pipe(STUB)
        nlp.set_error_handler(lambda name, pipe, docs, error: None)
        with pytest.raises(ValueError, match=r"5 docs for 6 texts"):
            evaluate(nlp, write(MIXED))

    @pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib"])
    def test_names_the_extra_where_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, stub: Language, write: Write, package: str
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        message = rf"The package '{package}' is not installed\. .* \"spacy-trend\[compare\]\""
        with pytest.raises(ImportError, match=message):
            evaluate(stub, write(MIXED))


class TestReport:
    def test_has_scores_in_percent(self) -> None:
        assert [line.rstrip() for line in report(BY_HAND).strip().splitlines()] == [
            "classifier        accuracy   95%          macro F1   95%",
            "---------------   --------   ----------   --------   ----------",
            "trained textcat   80.0       50.0-100.0   76.2       25.0-100.0",
        ]

    def test_has_those_of_a_comparison_beside(self) -> None:
        rows = report(BY_HAND, COMPARED).strip().splitlines()[2:]
        assert [" ".join(row.split()) for row in rows] == [
            "trained textcat 80.0 50.0-100.0 76.2 25.0-100.0",
            "logistic regression on the pipeline's trend_vector 90.0 80.0-100.0 50.0 40.0-60.0",
            "logistic regression on [CLS] 85.0 80.0-100.0 50.0 40.0-60.0",
        ]

    def test_may_have_a_comparison_without_scores(self) -> None:
        assert report(BY_HAND, replace(COMPARED, scores=[])) == report(BY_HAND)


class TestFiles:
    def test_are_data_a_picture_and_a_report(self, stub: Language, write: Write, tmp_path: Path) -> None:
        evaluation = evaluate(stub, write(MIXED))
        data, picture, text = write_evaluation(evaluation, tmp_path / "new" / "folder")
        assert [path.name for path in (data, picture, text)] == [
            "evaluation.json",
            "confusion.png",
            "report.txt",
        ]
        read = json.loads(data.read_text(encoding="utf8"), parse_constant=pytest.fail)
        first, last = ["labels", "confusion"], ["texts"]
        assert list(read) == [*first, *(field.name for field in fields(Scores)), *last]
        assert set(read) == {field.name for field in fields(Evaluation)}
        intervals = {name: tuple(read[name]) for name in ("accuracy_interval", "macro_f1_interval")}
        assert Evaluation(**{**read, **intervals}) == evaluation
        assert text.read_text() == report(evaluation).strip() + "\n"

    def test_have_the_comparison_in_the_report_alone(self, tmp_path: Path) -> None:
        data, _, text = write_evaluation(BY_HAND, tmp_path, COMPARED)
        assert "logistic regression on [CLS]" in text.read_text()
        assert json.loads(data.read_text()) == json.loads(json.dumps(asdict(BY_HAND)))

    def test_are_a_picture_that_grows_with_the_labels(self, tmp_path: Path) -> None:
        sizes = []
        for count in 1, 2, 10:
            matrix = [[int(row == column) for column in range(count)] for row in range(count)]
            evaluation = replace(BY_HAND, labels=[f"label {n}" for n in range(count)], confusion=matrix)
            _, picture, _ = write_evaluation(evaluation, tmp_path)
            content = picture.read_bytes()
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            assert content[-8:-4] == b"IEND"
            sizes.append(struct.unpack(">II", content[16:24])[0])
        assert 400 < sizes[0] < sizes[1] < sizes[2] < 2000

    @pytest.mark.parametrize("label", ["", "a\nb", "50 $", "_x^", "$10-$20"])
    def test_are_a_picture_of_any_label(self, tmp_path: Path, label: str) -> None:
        _, picture, _ = write_evaluation(replace(BY_HAND, labels=["ham", label]), tmp_path)
        assert picture.stat().st_size > 1000

    @pytest.mark.parametrize("label", ["$a_{b$", "$\\frac$"])
    def test_are_a_picture_of_labels_that_look_like_formulas(self, tmp_path: Path, label: str) -> None:
        _, picture, _ = write_evaluation(replace(BY_HAND, labels=["ham", label]), tmp_path)
        assert picture.stat().st_size > 1000

    def test_are_a_picture_of_long_labels(self, tmp_path: Path) -> None:
        labels = ["report a problem with a delivery that came late", "ask for a refund of a payment"]
        _, picture, _ = write_evaluation(replace(BY_HAND, labels=labels), tmp_path)
        assert picture.stat().st_size > 1000

    def test_keep_labels_in_all_letters(self, tmp_path: Path) -> None:
        data, *_ = write_evaluation(replace(BY_HAND, labels=["größer", "ΣΑΣ"]), tmp_path)
        assert json.loads(data.read_text(encoding="utf8"))["labels"] == ["größer", "ΣΑΣ"]

    def test_are_written_over_old_ones(self, tmp_path: Path) -> None:
        for comparison in COMPARED, None:
            *_, text = write_evaluation(BY_HAND, tmp_path, comparison)
        assert text.read_text() == report(BY_HAND).strip() + "\n"

    def test_cannot_be_written_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file' is a file"):
            write_evaluation(BY_HAND, tmp_path / "file")


class TestCommand:
    @pytest.fixture
    def model(self, stub: Language, tmp_path: Path) -> str:
        return save(stub, tmp_path / "model")

    def test_prints_a_report_and_writes_files(self, model: str, write: Write, tmp_path: Path) -> None:
        result = run(model, write(MIXED), "--output", tmp_path / "out")
        assert result.exit_code == 0, result.stdout
        assert "trained textcat 66.7" in said(result)
        assert said(result).count("Wrote") == 3
        read = json.loads((tmp_path / "out" / "evaluation.json").read_text())
        assert read["confusion"] == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
        assert (tmp_path / "out" / "confusion.png").read_bytes()[:4] == b"\x89PNG"
        assert (tmp_path / "out" / "report.txt").read_text().strip() in unstyle(result.stdout)

    def test_shows_a_comparison_beside(self, model: str, write: Write, tmp_path: Path) -> None:
        (tmp_path / "compare.json").write_text(json.dumps(asdict(COMPARED)))
        result = run(model, write(MIXED), "--compare", tmp_path / "compare.json", "-o", tmp_path)
        assert result.exit_code == 0, result.stdout
        assert "logistic regression on the pipeline's trend_vector 90.0" in said(result)
        assert "logistic regression on [CLS]" in (tmp_path / "report.txt").read_text()

    def test_writes_nothing_unless_told(
        self, model: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(MIXED)
        monkeypatch.chdir(tmp_path)
        result = run(model, path)
        assert (result.exit_code, "Wrote" in said(result)) == (0, False)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "test.spacy"]

    def test_is_reproducible_by_its_seed(self, model: str, write: Write, tmp_path: Path) -> None:
        path = write(of(*["xx", "xy", "yy", "yz", "zz", "zx"] * 5))
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
        self, model: str, write: Write, rows: Rows, message: str
    ) -> None:
        result = run(model, write(rows))
        assert result.exit_code == 1
        assert "The pipeline could not be evaluated" in said(result)
        assert message.replace(" ", "") in said(result).replace(" ", "")

    def test_says_what_is_not_there(self, model: str, write: Write, tmp_path: Path) -> None:
        path = write(MIXED)
        for args, message in (
            (["no_such_pipeline", path], "Can't find model 'no_such_pipeline'"),
            ([model, tmp_path / "none.spacy"], "No such file or directory"),
            ([model, path, "--compare", tmp_path / "none.json"], "No such file or directory"),
        ):
            result = run(*args)
            assert result.exit_code == 1
            assert message in said(result)

    def test_refuses_json_lines(self, model: str, tmp_path: Path) -> None:
        (tmp_path / "a.jsonl").write_text('{"text": "a", "label": "x"}\n')
        result = run(model, tmp_path / "a.jsonl")
        assert result.exit_code == 1
        assert "doesn't look like the data is in DocBin" in said(result)

    def test_refuses_a_comparison_that_is_no_json(self, model: str, write: Write, tmp_path: Path) -> None:
        (tmp_path / "compare.json").write_text("no")
        result = run(model, write(MIXED), "--compare", tmp_path / "compare.json")
        assert result.exit_code == 1
        assert "compare.json is not a comparison" in said(result)

    @pytest.mark.parametrize(
        "content",
        [
            *(asdict(BY_HAND), {}, [], {"scores": [{"name": "x"}]}, {"scores": 3}, {"scores": []}),
            asdict(COMPARED) | {"scores": [asdict(COMPARED.scores[0]) | {"name": 3}]},
            asdict(COMPARED) | {"scores": [asdict(COMPARED.scores[0]) | {"accuracy": "high"}]},
        ],
    )
    def test_refuses_json_that_is_no_comparison(
        self, model: str, write: Write, tmp_path: Path, content: Any
    ) -> None:
        (tmp_path / "other.json").write_text(json.dumps(content))
        result = run(model, write(MIXED), "--compare", tmp_path / "other.json")
        assert result.exit_code == 1
        assert "other.json" in said(result).replace(" ", "")

    def test_refuses_a_folder_that_it_cannot_make_before_it_loads_a_pipeline(self, write: Write) -> None:
        path = write(MIXED)
        result = run("no_such_pipeline", path, "--output", path)
        assert result.exit_code == 1
        assert "is a file. Expected a folder, or a path where one can be made" in said(result)

    def test_names_the_extra_that_is_missing_before_it_loads_a_pipeline(
        self, monkeypatch: pytest.MonkeyPatch, write: Write
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        result = run("no_such_pipeline", write(MIXED))
        assert result.exit_code == 1
        assert 'pip install "spacy-trend[compare]"' in said(result)
