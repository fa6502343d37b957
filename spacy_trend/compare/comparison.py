"""The outcome of a comparison, as a table, as JSON and as a picture."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wasabi import table

from ..output_paths import make_folder
from .embeddings import CLS


@dataclass(frozen=True)
class Score:
    """How well a classifier does on one embedding.

    name: of the embedding.
    config: the settings of `trend_vector` that give it; None where it is none.
    width: of the embedding.
    accuracy, macro_f1: shares from 0 to 1, and their 95% intervals (bootstrap over the test texts).
    p_value: McNemar's, two-sided, against [CLS]; None for [CLS] itself, or where it is not at hand.
    strengths: the inverse strength of the L2 penalty, as chosen on the training part of each fold.
    """

    name: str
    config: dict[str, str] | None
    width: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    p_value: float | None
    strengths: list[float]


@dataclass(frozen=True)
class Comparison:
    """Scores of several embeddings on the same texts.

    scores: the best first.
    labels: how many texts have which label, of all.
    train, test: how many texts there are; test is None where the training texts were predicted in folds.
    folds: how many, None with a test part.
    repeated: how many of the texts that were predicted stand in the training part too, or more than once.
    seed: of folds, intervals and the control's random words.
    encoder: its class, and where it is from.
    versions: of the packages that matter.
    """

    scores: list[Score]
    labels: dict[str, int]
    train: int
    test: int | None
    folds: int | None
    repeated: int
    seed: int
    encoder: str
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)

    def best_preset(self) -> Score:
        """The best of the scores that settings of `trend_vector` give."""
        return next(score for score in self.scores if score.config)


def as_table(comparison: Comparison) -> str:
    """A comparison as text: the scores in percent, the best first, and what they were measured on."""
    header = ["embedding", "width", "accuracy", "95%", "macro F1", "95%", f"p against {CLS}"]
    rows = [
        [
            score.name,
            str(score.width),
            *in_percent(asdict(score)),
            "-" if score.p_value is None else f"{score.p_value:.2g}",
        ]
        for score in comparison.scores
    ]
    aligns: Any = ["l", *["r"] * (len(header) - 1)]
    return table(rows, header=header, divider=True, aligns=aligns) + "\n" + measured_on(comparison)


def in_percent(score: Mapping[str, Any]) -> list[str]:
    """Accuracy, its interval, macro F1 and its interval, as text.

    score: has `accuracy`, `macro_f1` and their intervals.
    """
    cells = []
    for measure in ("accuracy", "macro_f1"):
        low, high = score[f"{measure}_interval"]
        cells += [f"{100 * score[measure]:.1f}", f"{100 * low:.1f}-{100 * high:.1f}"]
    return cells


def plain_label(text: str) -> str:
    """A text that matplotlib draws as it is; what stands between dollars it would take for a formula."""
    return text.replace("$", r"\$")


def measured_on(comparison: Comparison) -> str:
    """What the scores were measured on, in a sentence or two."""
    if comparison.test is None:
        how = f"{comparison.train} texts, predicted in {comparison.folds} folds"
        again = "stand there more than once"
    else:
        how = f"{comparison.test} test texts, after {comparison.train} training texts"
        again = "stand among the training texts too"
    repeated = f" {comparison.repeated} of the texts {again}." if comparison.repeated else ""
    return f"{how}; {len(comparison.labels)} labels.{repeated}"


def write_comparison(comparison: Comparison, folder: Path) -> tuple[Path, Path]:
    """Write `compare.json` and `compare.png` into a folder, which is made where it does not exist.

    RETURNS: the two paths.
    RAISES: OSError where they cannot be written.
    """
    make_folder(folder)
    data, picture = folder / "compare.json", folder / "compare.png"
    # Not by srsly, which rounds to ten decimals: there are smaller p values.
    data.write_text(json.dumps(comparison.to_json(), indent=2) + "\n", encoding="utf8")
    _draw(comparison, picture)
    return data, picture


def _draw(comparison: Comparison, path: Path) -> None:
    """Bars of accuracy with their intervals, the best above; presets are dark, [CLS] is a line."""
    # Here, because the extra may not be installed.
    from matplotlib.figure import Figure

    scores = comparison.scores[::-1]
    values = [100 * score.accuracy for score in scores]
    limits = np.array([100 * np.array(score.accuracy_interval) for score in scores])
    errors = np.abs(limits.T - values)
    figure = Figure(figsize=(8, 1.2 + 0.36 * len(scores)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(
        [plain_label(f"{score.name} ({score.width})") for score in scores],
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
    axes.set_title(measured_on(comparison), fontsize=10)
    figure.savefig(path, dpi=150)
