"""What is written of a comparison, and read back."""

import json
import struct
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from spacy_trend.compare.comparison import Comparison, Score, describe_texts, write_comparison
from spacy_trend.compare.embeddings import CLS
from spacy_trend.messages import shorten
from spacy_trend.reports.scores import Scores
from tests.support.comparisons import BY_HAND, score

pytestmark = pytest.mark.usefixtures("few_strengths")


def check_refused(path: Path) -> str:
    """Check that a file is refused by name and in short, and return the message."""
    with pytest.raises(ValueError, match=r"compare\.json is not a comparison \(.*run it again") as raised:
        Comparison.from_json(path)
    message = str(raised.value).removeprefix(str(path))
    assert len(message) < 400
    return message


class TestTexts:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            (
                {"repeated": 7},
                "n = 100 texts, predicted in 5 folds, each after training on 80 texts; 2 labels. 7 of the "
                "texts stand there more than once.",
            ),
            (
                {"train": 101, "folds": 3},
                "n = 101 texts, predicted in 3 folds, each after training on 67 or 68 texts; 2 labels.",
            ),
            (
                {"rare": 7, "folds": 2},
                "n = 100 texts, predicted in 2 folds, each after training on 50 texts; 2 labels. 7 texts of "
                "rare labels were left out.",
            ),
            ({"test": 30, "folds": None}, "n = 30 test texts, after 100 training texts; 2 labels."),
            (
                {"test": 30, "folds": None, "repeated": 2},
                "n = 30 test texts, after 100 training texts; 2 labels. 2 of the texts stand among the "
                "training texts too.",
            ),
        ],
    )
    def test_are_described(self, changes: dict[str, Any], expected: str) -> None:
        assert describe_texts(replace(BY_HAND, **changes)) == expected


class TestBest:
    def test_preset_is_not_the_best_of_all(self) -> None:
        assert BY_HAND.best_preset().name == "classifier"

    def test_plain_baseline_is_no_trend_vector(self) -> None:
        assert BY_HAND.best_plain() == BY_HAND.scores[2]
        assert replace(BY_HAND, scores=BY_HAND.scores[:2]).best_plain() is None

    def test_tested_rows_are_those_with_a_corrected_p(self) -> None:
        names = [score.name for score in BY_HAND.tested()]
        assert names == ["pipeline's trend_pair", "classifier", "article"]


class TestFiles:
    def test_are_json_with_all_fields(self, folded: Comparison, tmp_path: Path) -> None:
        data, _ = write_comparison(folded, tmp_path)
        assert data == tmp_path / "compare.json"
        read = json.loads(data.read_text(encoding="utf8"), parse_constant=pytest.fail)
        assert set(read) == {field.name for field in fields(Comparison)}
        for row, expected in zip(read["scores"], folded.scores, strict=True):
            assert set(row) == {field.name for field in fields(Score)}
            intervals = {name: tuple(row[name]) for name in ("accuracy_interval", "macro_f1_interval")}
            assert Score(**{**row, **intervals}) == expected
        assert {**read, "scores": folded.scores} == {**vars(folded)}

    def test_keep_the_order_of_a_score(self, tmp_path: Path) -> None:
        data, _ = write_comparison(BY_HAND, tmp_path)
        first = ["name", "encoder", "is_plain", "config", "width"]
        last = ["p_value", "p_against_plain", "strengths"]
        for row in json.loads(data.read_text(encoding="utf8"))["scores"]:
            assert list(row) == [*first, *(field.name for field in fields(Scores)), *last]

    def test_are_read_back(self, folded: Comparison, tested: Comparison, tmp_path: Path) -> None:
        for comparison in folded, tested, BY_HAND:
            data, _ = write_comparison(comparison, tmp_path)
            assert Comparison.from_json(data) == comparison

    @pytest.mark.parametrize(
        "content", ["", "no", "[" * 100_000, '{"scores":' * 100_000, "1" * 5_000, "null", '""']
    )
    def test_are_refused_if_they_are_no_comparison(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "compare.json").write_text(content)
        check_refused(tmp_path / "compare.json")

    @pytest.mark.parametrize(
        "number", [True, -5, 0, 2.0, "10", [10], 10**400 * -1, float("nan"), float("inf")]
    )
    @pytest.mark.parametrize("field", ["train", "test", "folds"])
    def test_are_refused_with_a_number_of_texts_that_is_none(
        self, tmp_path: Path, field: str, number: Any
    ) -> None:
        (tmp_path / "compare.json").write_text(json.dumps({**asdict(BY_HAND), field: number}))
        assert shorten(number)[:20] in check_refused(tmp_path / "compare.json")

    @pytest.mark.parametrize(
        "share", [True, -0.1, 1.5, 10**400, float("nan"), float("inf"), -float("inf"), "high", None, [[]]]
    )
    @pytest.mark.parametrize("field", ["accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval"])
    def test_are_refused_with_a_share_that_is_none(self, tmp_path: Path, field: str, share: Any) -> None:
        changed = [0.5, share] if field.endswith("interval") else share
        row = {**asdict(BY_HAND.scores[0]), field: changed}
        (tmp_path / "compare.json").write_text(json.dumps({**asdict(BY_HAND), "scores": [row]}))
        assert shorten(share)[:20] in check_refused(tmp_path / "compare.json")

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": 3},
            {"name": ["x" * 1_000_000]},
            {"width": -1},
            {"width": True},
            {"width": "32"},
            {"p_value": float("nan")},
            {"p_value": "small"},
            {"p_value": 2},
            {"config": "article"},
            {"accuracy_interval": [0.1]},
            {"accuracy_interval": [0.1, 0.2, 0.3]},
            {"accuracy_interval": 0.5},
            {"more": 1},
        ],
    )
    def test_are_refused_with_a_score_that_is_none(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        row = {**asdict(BY_HAND.scores[0]), **changes}
        (tmp_path / "compare.json").write_text(json.dumps({**asdict(BY_HAND), "scores": [row]}))
        check_refused(tmp_path / "compare.json")

    @pytest.mark.parametrize("share", [0, 1, 0.0, 1.0])
    def test_may_have_extremes(self, tmp_path: Path, share: float) -> None:
        row = {**asdict(BY_HAND.scores[0]), "accuracy": share, "accuracy_interval": [share, share]}
        (tmp_path / "compare.json").write_text(json.dumps({**asdict(BY_HAND), "scores": [row]}))
        (read,) = Comparison.from_json(tmp_path / "compare.json").scores
        assert (read.accuracy, read.accuracy_interval) == (share, (share, share))

    def test_of_earlier_versions_are_read_without_what_they_lack(self, tmp_path: Path) -> None:
        data, _ = write_comparison(BY_HAND, tmp_path)
        read = json.loads(data.read_text(encoding="utf8"))
        for row in read["scores"]:
            for name in "encoder", "is_plain", "p_against_plain":
                del row[name]
        data.write_text(json.dumps(read), encoding="utf8")
        earlier = Comparison.from_json(data)
        assert [score.name for score in earlier.scores] == [score.name for score in BY_HAND.scores]
        assert (earlier.best_plain(), earlier.tested()) == (None, [])

    @pytest.mark.parametrize("p_value", [1e-30, 2.0**-1000, 0.1 + 0.2, 1.0])
    def test_keep_numbers_to_the_last_digit(self, tmp_path: Path, p_value: float) -> None:
        comparison = replace(BY_HAND, scores=[score("article", 1 / 3, p_value=p_value)])
        data, _ = write_comparison(comparison, tmp_path)
        (read,) = json.loads(data.read_text(encoding="utf8"))["scores"]
        assert (read["p_value"], read["accuracy"]) == (p_value, 1 / 3)

    def test_keep_labels_in_all_letters(self, tmp_path: Path) -> None:
        data, _ = write_comparison(BY_HAND, tmp_path)
        assert json.loads(data.read_text(encoding="utf8"))["labels"] == {"x": 60, "ÿ": 40}

    def test_are_a_picture_that_grows_with_the_scores(self, folded: Comparison, tmp_path: Path) -> None:
        heights = []
        for comparison in BY_HAND, folded:
            _, picture = write_comparison(comparison, tmp_path)
            assert picture == tmp_path / "compare.png"
            content = picture.read_bytes()
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            assert content[-8:-4] == b"IEND"
            width, height = struct.unpack(">II", content[16:24])
            assert width == 1200
            heights.append(height)
        assert 400 <= heights[0] < heights[1] <= 1000

    @pytest.mark.parametrize("accuracy", [0.0, 1.0])
    def test_are_a_picture_of_extremes(self, tmp_path: Path, accuracy: float) -> None:
        one = score(CLS, accuracy, accuracy_interval=(accuracy, accuracy))
        _, picture = write_comparison(replace(BY_HAND, scores=[one]), tmp_path)
        assert picture.stat().st_size > 1000

    @pytest.mark.parametrize(
        "name",
        [
            "pipeline's $a$_b^",
            "pipeline's a_{b",
            "pipeline's $\\frac$",
        ],
    )
    def test_are_a_picture_of_any_name(self, tmp_path: Path, name: str) -> None:
        _, picture = write_comparison(replace(BY_HAND, scores=[score(name)]), tmp_path)
        assert picture.stat().st_size > 1000

    def test_are_written_into_a_new_folder_and_over_old_ones(self, tmp_path: Path) -> None:
        for comparison in BY_HAND, replace(BY_HAND, seed=7):
            data, _ = write_comparison(comparison, tmp_path / "new" / "folder")
        assert json.loads(data.read_text())["seed"] == 7

    def test_cannot_be_written_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match=r"'.*file' is a file\. Expected a folder, or a path where"):
            write_comparison(BY_HAND, tmp_path / "file")
        with pytest.raises(OSError, match=r"Cannot make the folder '.*folder': '.*file' is a file"):
            write_comparison(BY_HAND, tmp_path / "file" / "folder")
