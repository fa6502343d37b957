"""The outcome of a comparison, as JSON and as a picture."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from ..messages import shorten, without_controls
from ..output_paths import make_folder
from ..reports.scores import Scores, check_count, check_share
from .pictures import save_picture, shown_name

#: What was compared: in the file, it stands before how good it is.
COMPARED = ("name", "encoder", "is_plain", "config", "width")


@dataclass(frozen=True, kw_only=True)
class Score(Scores):
    """How well a classifier does on one embedding.

    Attributes:
        name: of the embedding, with the encoder's name if several are compared.
        encoder: the encoder's name if several are compared and it is of one.
        is_plain: whether it is a plain baseline: no trend vector, and no control.
        config: the settings of `trend_vector` that give it; None if no settings do.
        width: of the embedding; of TF-IDF, with all training texts.
        accuracy: see `Scores`.
        accuracy_interval: likewise.
        macro_f1: likewise.
        macro_f1_interval: likewise.
        p_value: McNemar's, two-sided, against [CLS] of the same encoder; None for [CLS] itself, or if there
            is no [CLS].
        p_against_plain: McNemar's, two-sided, against the best plain baseline, corrected by Holm's method for
            the number of rows that have one; None for plain baselines and the control.
        strengths: the inverse strength of the L2 penalty, as chosen on the training part of each fold.
    """

    name: str
    # Those with a default are not in the files of earlier versions.
    encoder: str | None = None
    is_plain: bool = False
    config: dict[str, str] | None
    width: int
    p_value: float | None
    p_against_plain: float | None = None
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
        encoder: its class, and where it is from; if there are several, by name, with a semicolon between.
        versions: of the packages that the numbers depend on.
        rare: how many texts were left out because their labels are rare.
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
    # Not in the files of earlier versions.
    rare: int = 0

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

    def best_plain(self) -> Score | None:
        """Return the best of the plain baselines, if there is one."""
        return next((score for score in self.scores if score.is_plain), None)

    def tested(self) -> list[Score]:
        """Return the scores that were tested against the best plain baseline, the best first."""
        return [score for score in self.scores if score.p_against_plain is not None]


def _read_score(row: dict[str, Any]) -> Score:
    intervals = {name: tuple(row[name]) for name in ("accuracy_interval", "macro_f1_interval")}
    score = Score(**{**row, **intervals})
    if not isinstance(score.name, str):
        raise TypeError(f"got the name {shorten(score.name)}")
    if score.config is not None and not isinstance(score.config, dict):
        raise TypeError(f"got the settings {shorten(score.config)}")
    check_count("the width", score.width)
    score.check()
    for p_value in (score.p_value, score.p_against_plain):
        if p_value is not None:
            check_share("the p value", p_value)
    if not isinstance(score.is_plain, bool) or not isinstance(score.encoder, str | None):
        raise TypeError(f"got is_plain={shorten(score.is_plain)} and the encoder {shorten(score.encoder)}")
    return score


def _check_texts(comparison: Comparison) -> None:
    check_count("the training texts", comparison.train)
    for name, number in _counts(comparison):
        if number is not None:
            check_count(name, number)
    if not isinstance(comparison.digest, str):
        raise TypeError(f"got the digest {shorten(comparison.digest)}")


def _counts(comparison: Comparison) -> tuple[tuple[str, int | None], ...]:
    """Return numbers of one or more by their names; None if there is none."""
    rare = None if comparison.rare == 0 else comparison.rare
    return (
        ("the test texts", comparison.test),
        ("the folds", comparison.folds),
        ("the texts of rare labels", rare),
    )


def describe_texts(comparison: Comparison) -> str:
    """Describe the texts that a comparison was made on, in a sentence or two."""
    if comparison.test is None:
        n = f"n = {comparison.train} texts, predicted in {comparison.folds} folds"
        parts = f"{n}, each after training on {_others(comparison)} texts"
        again = "stand there more than once"
    else:
        parts = f"n = {comparison.test} test texts, after {comparison.train} training texts"
        again = "stand among the training texts too"
    repeated = f" {comparison.repeated} of the texts {again}." if comparison.repeated else ""
    rare = f" {comparison.rare} texts of rare labels were left out." if comparison.rare else ""
    return f"{parts}; {len(comparison.labels)} labels.{repeated}{rare}"


def _others(comparison: Comparison) -> str:
    """Return how many texts a fold leaves: folds differ by one text at most."""
    texts, folds = comparison.train, comparison.folds or 1
    fewest, most = texts - -(-texts // folds), texts - texts // folds
    return str(most) if fewest == most else f"{fewest} or {most}"


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
    scores = [
        {**{name: getattr(score, name) for name in COMPARED}, **asdict(score)} for score in comparison.scores
    ]
    # Not by srsly, which rounds to ten decimals: p values may be smaller.
    text = json.dumps({**asdict(comparison), "scores": scores}, indent=2)
    data.write_text(text + "\n", encoding="utf8")
    _draw(comparison, picture)
    return data, picture


def _draw(comparison: Comparison, path: Path) -> None:
    """Draw bars of accuracy with their intervals, the best above; presets are dark, the best plain a line."""
    # Imported here: the extra may be missing.
    from matplotlib.figure import Figure

    scores = comparison.scores[::-1]
    values = [100 * score.accuracy for score in scores]
    limits = np.array([100 * np.array(score.accuracy_interval) for score in scores])
    errors = np.abs(limits.T - values)
    figure = Figure(figsize=(8, 1.5 + 0.36 * len(scores)), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(
        range(len(scores)),
        values,
        xerr=errors.tolist(),
        color=["#2b6a99" if score.config else "#7f8c97" for score in scores],
        ecolor="#333333",
        capsize=3,
    )
    # By number, and named afterwards: names that were cut to the same would stand on one bar.
    shown = [f"{shown_name(score.name, 56)} ({score.width})" for score in scores]
    axes.set_yticks(range(len(scores)), shown)
    axes.bar_label(bars, [f"{value:.1f}" for value in values], label_type="center", color="white")
    plain = comparison.best_plain()
    if plain:
        label = f"best plain: {shown_name(plain.name, 56)}"
        axes.axvline(100 * plain.accuracy, color="#a33", linestyle=":", label=label)
        # Outside, as the title: with several encoders, names leave little room beside the bars.
        figure.legend(loc="outside lower center")
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy in %, with 95% intervals")
    figure.suptitle(fill(describe_texts(comparison), 100), fontsize=10)
    save_picture(figure, path)
