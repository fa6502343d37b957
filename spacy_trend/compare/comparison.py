"""The outcome of a comparison, as a table, as JSON and as a picture."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wasabi import table

from ..messages import shorten, shorten_text, without_controls
from ..output_paths import make_folder
from .embeddings import CLS
from .pictures import save_picture, shown_name
from .scores import Scores, check_count, check_share


@dataclass(frozen=True, kw_only=True)
class Score(Scores):
    """How well a classifier does on one embedding.

    Attributes:
        name: of the embedding.
        config: the settings of `trend_vector` that give it; None if no settings do.
        width: of the embedding.
        accuracy: see `Scores`.
        accuracy_interval: likewise.
        macro_f1: likewise.
        macro_f1_interval: likewise.
        p_value: McNemar's, two-sided, against [CLS]; None for [CLS] itself, or if there is no [CLS].
        strengths: the inverse strength of the L2 penalty, as chosen on the training part of each fold.
    """

    name: str
    config: dict[str, str] | None
    width: int
    p_value: float | None
    strengths: list[float]


@dataclass(frozen=True)
class Comparison:
    """Scores of several embeddings on the same texts.

    Attributes:
        scores: the best first.
        labels: the number of texts of each label, in both parts.
        train: the number of training texts.
        test: the number of test texts; None if the training texts were predicted in folds.
        folds: the number of folds; None with a test part.
        repeated: how many of the predicted texts also stand in the training part, or stand there twice.
        digest: of the predicted texts with their labels, see `digest_texts`.
        seed: of folds, intervals and the control's random words.
        encoder: its class, and where it is from.
        versions: of the packages that the numbers depend on.
    """

    scores: list[Score]
    labels: dict[str, int]
    train: int
    test: int | None
    folds: int | None
    repeated: int
    digest: str
    seed: int
    encoder: str
    versions: dict[str, str]

    @classmethod
    def from_json(cls, path: Path) -> "Comparison":
        """Read the comparison that `write_comparison` wrote.

        Args:
            path: of its `compare.json`.

        Returns:
            the comparison.

        Raises:
            ValueError: if the file holds something else.
        """
        try:
            data = json.loads(path.read_text(encoding="utf8"))
            comparison = cls(**{**data, "scores": [_read_score(row) for row in data["scores"]]})
            _check_texts(comparison)
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(
                f"{without_controls(path)} is not a comparison ({shorten(error, 200)}). Expected a "
                "compare.json, as this version of 'spacy trend compare' writes it: run it again."
            ) from error
        return comparison

    @property
    def predicted(self) -> int:
        """The number of texts that were predicted."""
        return self.train if self.test is None else self.test

    def best_preset(self) -> Score:
        """Return the best of the scores that settings of `trend_vector` give."""
        return next(score for score in self.scores if score.config)


def _read_score(row: dict[str, Any]) -> Score:
    intervals = {name: tuple(row[name]) for name in ("accuracy_interval", "macro_f1_interval")}
    score = Score(**{**row, **intervals})
    if not isinstance(score.name, str):
        raise TypeError(f"got the name {shorten(score.name)}")
    if score.config is not None and not isinstance(score.config, dict):
        raise TypeError(f"got the settings {shorten(score.config)}")
    check_count("the width", score.width)
    score.check()
    if score.p_value is not None:
        check_share("the p value", score.p_value)
    return score


def _check_texts(comparison: Comparison) -> None:
    check_count("the training texts", comparison.train)
    for name, number in (("the test texts", comparison.test), ("the folds", comparison.folds)):
        if number is not None:
            check_count(name, number)
    if not isinstance(comparison.digest, str):
        raise TypeError(f"got the digest {shorten(comparison.digest)}")


def as_table(comparison: Comparison) -> str:
    """Return a comparison as text: the scores in percent, the best first, and the texts they are from."""
    header = ["embedding", "width", "accuracy", "95%", "macro F1", "95%", f"p against {CLS}"]
    rows = [
        [
            shorten_text(score.name),
            str(score.width),
            *score.in_percent(),
            "-" if score.p_value is None else f"{score.p_value:.2g}",
        ]
        for score in comparison.scores
    ]
    aligns: Any = ["l", *["r"] * (len(header) - 1)]
    return table(rows, header=header, divider=True, aligns=aligns) + "\n" + describe_texts(comparison)


def describe_texts(comparison: Comparison) -> str:
    """Describe the texts that a comparison was made on, in a sentence or two."""
    if comparison.test is None:
        parts = f"{comparison.train} texts, predicted in {comparison.folds} folds"
        again = "stand there more than once"
    else:
        parts = f"{comparison.test} test texts, after {comparison.train} training texts"
        again = "stand among the training texts too"
    repeated = f" {comparison.repeated} of the texts {again}." if comparison.repeated else ""
    return f"{parts}; {len(comparison.labels)} labels.{repeated}"


def write_comparison(comparison: Comparison, folder: Path) -> tuple[Path, Path]:
    """Write `compare.json` and `compare.png` into a folder.

    Args:
        comparison: what to write.
        folder: made if it does not exist.

    Returns:
        the two paths.

    Raises:
        OSError: if they cannot be written.
    """
    make_folder(folder)
    data, picture = folder / "compare.json", folder / "compare.png"
    # What is compared stands before how good it is.
    scores = [
        {"name": score.name, "config": score.config, "width": score.width, **asdict(score)}
        for score in comparison.scores
    ]
    # Not by srsly, which rounds to ten decimals: p values may be smaller.
    text = json.dumps({**asdict(comparison), "scores": scores}, indent=2)
    data.write_text(text + "\n", encoding="utf8")
    _draw(comparison, picture)
    return data, picture


def _draw(comparison: Comparison, path: Path) -> None:
    """Draw bars of accuracy with their intervals, the best above; presets are dark, [CLS] is a line."""
    # Imported here: the extra may be missing.
    from matplotlib.figure import Figure

    scores = comparison.scores[::-1]
    values = [100 * score.accuracy for score in scores]
    limits = np.array([100 * np.array(score.accuracy_interval) for score in scores])
    errors = np.abs(limits.T - values)
    figure = Figure(figsize=(8, 1.2 + 0.36 * len(scores)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(
        [f"{shown_name(score.name)} ({score.width})" for score in scores],
        values,
        xerr=errors.tolist(),
        color=["#2b6a99" if score.config else "#7f8c97" for score in scores],
        ecolor="#333333",
        capsize=3,
    )
    axes.bar_label(bars, [f"{value:.1f}" for value in values], label_type="center", color="white")
    for score in scores:
        if score.name == CLS:
            axes.axvline(100 * score.accuracy, color="#a33", linestyle=":", label=CLS)
            axes.legend(loc="lower right", framealpha=1)
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy in %, with 95% intervals")
    axes.set_title(describe_texts(comparison), fontsize=10)
    save_picture(figure, path)
