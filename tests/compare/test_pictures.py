"""Pictures are bounded in size, and show names of any length and script."""

import struct
import warnings
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

from spacy_trend.compare.comparison import write_comparison
from spacy_trend.compare.evaluation import Evaluation, write_evaluation
from spacy_trend.compare.pictures import save_picture, shown_name
from tests.support import comparisons
from tests.support.evaluations import BY_HAND

pytestmark = pytest.mark.slow


def with_labels(labels: list[str]) -> Evaluation:
    return replace(BY_HAND, labels=labels, confusion=np.eye(len(labels), dtype=int).tolist())


def numbered(count: int) -> list[str]:
    return [f"label {n}" for n in range(count)]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are saved."""
    found: list[Any] = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **settings: found.append(self))
    return found


class TestMatrix:
    @pytest.mark.parametrize(("count", "numbers"), [(2, 4), (40, 1600), (41, 0), (110, 0), (500, 0)])
    def test_has_numbers_for_few_labels(
        self, figures: list[Any], tmp_path: Path, count: int, numbers: int
    ) -> None:
        write_evaluation(with_labels(numbered(count)), tmp_path)
        (axes,) = figures[0].axes
        assert len(axes.texts) == numbers

    @pytest.mark.parametrize(("count", "names"), [(2, 2), (110, 110), (150, 150), (151, 0), (500, 0)])
    def test_has_names_for_as_many_labels_as_can_be_read(
        self, figures: list[Any], tmp_path: Path, count: int, names: int
    ) -> None:
        write_evaluation(with_labels(numbered(count)), tmp_path)
        (axes,) = figures[0].axes
        assert len(axes.get_xticks()) == len(axes.get_yticks()) == names
        assert f" {count} labels, " in axes.get_title()
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted label", "True label")

    def test_has_names_that_do_not_overlap(self, figures: list[Any], tmp_path: Path) -> None:
        write_evaluation(with_labels(numbered(150)), tmp_path)
        figure = figures[0]
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
        assert all(below.y1 <= above.y0 or above.y1 <= below.y0 for below, above in pairwise(boxes))

    @pytest.mark.parametrize(
        "labels", [numbered(110), ["x" * 100_000, "y" * 100_000], ["a\n" * 100_000, "b"]]
    )
    def test_is_bounded(self, tmp_path: Path, labels: list[str]) -> None:
        _, picture, _ = write_evaluation(with_labels(labels), tmp_path)
        assert max(struct.unpack(">II", picture.read_bytes()[16:24])) <= 3000

    @pytest.mark.slow
    def test_is_bounded_with_very_many_labels(self, tmp_path: Path) -> None:
        self.test_is_bounded(tmp_path, numbered(1500))


class TestBars:
    def test_are_bounded(self, tmp_path: Path) -> None:
        comparison = replace(comparisons.BY_HAND, scores=[comparisons.score("x" * 100_000)])
        _, picture = write_comparison(comparison, tmp_path)
        assert struct.unpack(">I", picture.read_bytes()[16:20]) == (1200,)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [("ham", "ham"), ("a\nb", "a b"), ("50 $", r"50 \$"), ("$" * 50, r"\$" * 39 + "…"), ("", "")],
    )
    def test_are_short_and_no_formulas(self, name: str, shown: str) -> None:
        assert shown_name(name) == shown

    def test_that_cannot_be_drawn_are_said_once(self, tmp_path: Path) -> None:
        with pytest.warns(UserWarning, match="the picture's font does not have") as caught:
            write_evaluation(with_labels(["正面", "負面", "中性"]), tmp_path)
        (message,) = [str(warning.message) for warning in caught]
        assert message.endswith(
            "confusion.png: the picture's font does not have 5 of the characters in its names, which are "
            "drawn as boxes. The JSON file beside it has all of them."
        )

    def test_other_warnings_stay(self, tmp_path: Path) -> None:
        class Outdated:
            def savefig(self, path: Path, **settings: Any) -> None:
                warnings.warn("of something else", DeprecationWarning, stacklevel=1)

        with pytest.warns(DeprecationWarning, match="of something else"):
            save_picture(Outdated(), tmp_path / "picture.png")
