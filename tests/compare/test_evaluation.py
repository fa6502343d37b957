"""The evaluation of a text classifier: in Python, as table, JSON and picture, and from the command line."""

import json
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

from spacy_trend.compare.evaluation import OTHER_TEXTS, Evaluation, evaluate, report, write_evaluation
from spacy_trend.compare.labelled_texts import Layout, digest_texts
from spacy_trend.reports.scores import Scores
from tests.support.evaluations import BY_HAND, COMPARED, MIXED, STUB, Rows, of

pytestmark = pytest.mark.usefixtures("few_resamples")


class TestEvaluation:
    def test_counts_labels_and_what_they_were_taken_for(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        evaluation = evaluate(stub, write_rows(MIXED))
        assert evaluation.labels == ["x", "y", "z"]
        assert evaluation.confusion == [[3, 1, 0], [0, 1, 1], [0, 0, 0]]
        assert evaluation.texts == 6

    def test_has_scores(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        evaluation = evaluate(stub, write_rows(MIXED))
        assert evaluation.accuracy == pytest.approx(4 / 6)
        # F1 of x is 6/7, of y 2/4, of z 0.
        assert evaluation.macro_f1 == pytest.approx((6 / 7 + 1 / 2) / 3)
        for value, (low, high) in (
            (evaluation.accuracy, evaluation.accuracy_interval),
            (evaluation.macro_f1, evaluation.macro_f1_interval),
        ):
            assert 0 <= low < value < high <= 1

    def test_has_rows_for_labels_and_columns_for_predictions(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        assert evaluate(stub, write_rows(of("xy", "xy", "yy"))).confusion == [[0, 2], [0, 1]]

    @pytest.mark.parametrize(("pairs", "score"), [(("xx", "yy", "zz"), 1.0), (("xy", "yx", "zx"), 0.0)])
    def test_may_be_all_right_or_all_wrong(
        self, stub: Language, write_rows: Callable[[Rows], Path], pairs: tuple[str, ...], score: float
    ) -> None:
        evaluation = evaluate(stub, write_rows(of(*pairs)))
        assert (evaluation.accuracy, evaluation.macro_f1) == (score, score)
        assert evaluation.accuracy_interval == evaluation.macro_f1_interval == (score, score)

    def test_may_have_one_label(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        evaluation = evaluate(stub, write_rows(of("xx", "xx")))
        assert (evaluation.labels, evaluation.confusion, evaluation.accuracy) == (["x"], [[2]], 1.0)

    def test_may_have_a_label_that_the_pipeline_does_not_know(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        evaluation = evaluate(stub, write_rows([("x 1", {"a": 1.0}), ("x 2", {"x": 1.0})]))
        assert (evaluation.labels, evaluation.confusion) == (["a", "x"], [[0, 1], [0, 1]])

    def test_leaves_labels_out_that_are_neither_given_nor_predicted(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        rows: Rows = [("x 1", {"x": 1.0, "y": 0.0, "z": 0.0}), ("y 2", {"x": 0.0, "y": 1.0, "z": 0.0})]
        assert evaluate(stub, write_rows(rows)).labels == ["x", "y"]

    def test_of_a_text_without_tokens(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        assert evaluate(stub, write_rows([("", {"z": 1.0}), ("x", {"x": 1.0})])).accuracy == 1.0

    def test_is_reproducible_by_its_seed(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        path = write_rows(of(*["xx", "xy", "yy", "yz", "zz", "zx"] * 5))
        assert evaluate(stub, path) == evaluate(stub, path, seed=0)
        assert evaluate(stub, path, seed=1).macro_f1_interval != evaluate(stub, path).macro_f1_interval

    def test_reads_texts_and_not_what_the_docs_say(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        """What is predicted is not given away by the docs of the file."""
        rows: Rows = [("x 1", {"y": 1.0, "x": 0.0}), ("y 1", {"x": 1.0})]
        assert evaluate(stub, write_rows(rows)).accuracy == 0.0

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
        self, stub: Language, write_rows: Callable[[Rows], Path], cats: dict[str, float], labels: list[str]
    ) -> None:
        text = "A text whose fortieth letter is somewhere in here"
        message = rf"test\.spacy: the doc '{text[:40]}' has the labels \[{', '.join(map(repr, labels))}\]"
        with pytest.raises(ValueError, match=message):
            evaluate(stub, write_rows([*MIXED, (text, cats)]))

    def test_needs_predictions(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        message = (
            r"The pipeline predicted no label for '- nothing': got doc\.cats = \{\}\. Expected a pipeline "
            r"with a trained 'textcat'\."
        )
        with pytest.raises(ValueError, match=message):
            evaluate(stub, write_rows([*MIXED, ("- nothing", {"x": 1.0})]))
        with pytest.raises(ValueError, match=r"predicted no label for 'x 0'"):
            evaluate(spacy.blank("en"), write_rows(MIXED))

    @pytest.mark.parametrize("count", [0, 1])
    def test_needs_two_docs(self, stub: Language, write_rows: Callable[[Rows], Path], count: int) -> None:
        with pytest.raises(ValueError, match=rf"test\.spacy: got {count} docs, expected two or more\."):
            evaluate(stub, write_rows(MIXED[:count]))

    def test_needs_a_file_that_is_there(self, stub: Language, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="none"):
            evaluate(stub, tmp_path / "none.spacy")

    @pytest.mark.parametrize("content", [b"", b'{"text": "a", "label": "x"}\n'])
    def test_needs_a_file_of_docs(self, stub: Language, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.spacy").write_bytes(content)
        with pytest.raises(ValueError, match="doesn't look like the data is in DocBin"):
            evaluate(stub, tmp_path / "a.spacy")

    def test_takes_tables_and_pairs_too(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        expected = evaluate(stub, write_rows(MIXED))
        texts, labels = zip(*((text, next(iter(cats))) for text, cats in MIXED), strict=True)
        assert evaluate(stub, list(zip(texts, labels, strict=True))) == expected
        assert evaluate(stub, {"body": texts, "kind": labels}, layout=Layout("body", "kind")) == expected

    def test_draws_texts_for_a_trial(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        assert evaluate(stub, write_rows(MIXED), limit=3).texts == 3

    def test_needs_a_pipeline_that_keeps_all_docs(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
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
            evaluate(nlp, write_rows(MIXED))

    @pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib"])
    def test_names_the_extra_if_it_is_missing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        stub: Language,
        write_rows: Callable[[Rows], Path],
        package: str,
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        message = rf"The package '{package}' is not installed\. .* \"spacy-trend\[compare\]\""
        with pytest.raises(ImportError, match=message):
            evaluate(stub, write_rows(MIXED))

    def test_has_a_digest_of_its_texts_and_their_labels(
        self, stub: Language, write_rows: Callable[[Rows], Path]
    ) -> None:
        digest = evaluate(stub, write_rows(MIXED)).digest
        assert digest == digest_texts((text, next(iter(cats))) for text, cats in MIXED)
        assert digest == evaluate(stub, write_rows(MIXED[::-1])).digest
        for others in MIXED[:-1], [*MIXED, MIXED[0]], [("x 0", {"y": 1.0}), *MIXED[1:]]:
            assert evaluate(stub, write_rows(others)).digest != digest

    def test_names_few_of_many_labels(self, stub: Language, write_rows: Callable[[Rows], Path]) -> None:
        cats = {f"label {n}": 1.0 for n in range(1500)}
        with pytest.raises(ValueError, match=r"has the labels \['label 0', .* and 1,495 more\.") as raised:
            evaluate(stub, write_rows([*MIXED, ("text", cats)]))
        assert len(str(raised.value)) < 400


class TestReport:
    def test_has_scores_in_percent(self) -> None:
        assert [line.rstrip() for line in report(BY_HAND).strip().splitlines()] == [
            "classifier        texts   accuracy   95%          macro F1   95%",
            "---------------   -----   --------   ----------   --------   ----------",
            "trained textcat   10      80.0       50.0-100.0   76.2       25.0-100.0",
        ]

    def test_has_those_of_a_comparison_beside(self) -> None:
        rows = report(BY_HAND, COMPARED).strip().splitlines()[2:]
        assert [" ".join(row.split()) for row in rows] == [
            "trained textcat 10 80.0 50.0-100.0 76.2 25.0-100.0",
            "logistic regression on the pipeline's trend_vector 10 90.0 80.0-100.0 50.0 40.0-60.0",
            "logistic regression on [CLS] 10 85.0 80.0-100.0 50.0 40.0-60.0",
        ]

    def test_says_if_those_are_of_other_texts(self) -> None:
        for number, changes in (10, {"digest": "another"}), (100, {"digest": "another", "test": None}):
            lines = report(BY_HAND, replace(COMPARED, **changes)).strip().splitlines()
            assert " ".join(lines[2].split()) == "trained textcat 10 80.0 50.0-100.0 76.2 25.0-100.0"
            for line in lines[3:5]:
                assert f" {number} others " in " ".join(line.split())
            assert lines[-1] == OTHER_TEXTS.strip()
            assert "predicted other texts than the textcat" in lines[-1]

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("\x1b]0;title\x07", r"on \x1b]0;title\x07 "),
            ("a\u202eb", r"on a\u202eb "),
            ("pipeline's \x9b31m", r"on the pipeline's \x9b31m "),
            ("x" * 1_000_000, f"on {'x' * 59}… "),
        ],
    )
    def test_shows_names_of_a_comparison_short_and_harmless(
        self, tmp_path: Path, name: str, shown: str
    ) -> None:
        compared = replace(COMPARED, scores=[replace(COMPARED.scores[0], name=name)])
        printed = report(BY_HAND, compared)
        assert f"logistic regression {shown}" in printed
        assert len(printed) < 1_000
        assert printed.replace("\n", "").isprintable()
        *_, text = write_evaluation(BY_HAND, tmp_path, compared)
        assert text.read_text().strip() == printed.strip()

    def test_may_have_a_comparison_without_scores(self) -> None:
        assert report(BY_HAND, replace(COMPARED, scores=[])) == report(BY_HAND)


class TestFiles:
    def test_are_data_a_picture_and_a_report(
        self, stub: Language, write_rows: Callable[[Rows], Path], tmp_path: Path
    ) -> None:
        evaluation = evaluate(stub, write_rows(MIXED))
        data, picture, text = write_evaluation(evaluation, tmp_path / "new" / "folder")
        assert [path.name for path in (data, picture, text)] == [
            "evaluation.json",
            "confusion.png",
            "report.txt",
        ]
        read = json.loads(data.read_text(encoding="utf8"), parse_constant=pytest.fail)
        first, last = ["labels", "confusion"], ["texts", "digest"]
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
