"""What is printed of a comparison: a table, and what it allows to say."""

from typing import Any

from wasabi import table

from ..messages import shorten_text
from .comparison import Comparison, Score, describe_texts
from .embeddings import CLS

#: A corrected p below it is a difference.
LEVEL = 0.05


def as_table(comparison: Comparison) -> str:
    """Return a comparison as text: the texts it is from, and the scores in percent, the best first."""
    header = [
        "embedding",
        "width",
        "accuracy",
        "95%",
        "macro F1",
        "95%",
        f"p against {CLS}",
        "against best plain",
    ]
    plain = comparison.best_plain()
    rows = [
        [
            shorten_text(score.name),
            str(score.width),
            *score.in_percent(),
            "-" if score.p_value is None else f"{score.p_value:.2g}",
            _against(score, plain),
        ]
        for score in comparison.scores
    ]
    aligns: Any = ["l", *["r"] * (len(header) - 1)]
    printed = table(rows, header=header, divider=True, aligns=aligns, max_col=80)
    return f"\n{describe_texts(comparison)}\n{printed}{_explain_tests(comparison)}"


def conclude(comparison: Comparison) -> str:
    """Return what a comparison allows to say of the best trend vector and the best plain baseline."""
    plain, tested = comparison.best_plain(), comparison.tested()
    if plain is None or not tested:
        return "No row was tested against a plain baseline."
    best = tested[0]
    numbers = (
        f"accuracy {100 * best.accuracy:.1f} % against {100 * plain.accuracy:.1f} %, "
        f"p = {best.p_against_plain:.3g}"
    )
    if not _differs(best):
        return (
            f"On these texts, {shorten_text(best.name)} and {shorten_text(plain.name)}, the best plain "
            f"baseline, are not distinguishable: {numbers}."
        )
    is_better = best.accuracy > plain.accuracy
    compared = " is better than" if is_better else ", the best trend vector, is worse than"
    return (
        f"On these texts, {shorten_text(best.name)}{compared} {shorten_text(plain.name)}, the best plain "
        f"baseline: {numbers}."
    )


def _against(score: Score, plain: Score | None) -> str:
    """Return how a row does against the best plain one."""
    if score.p_against_plain is None or plain is None:
        return "-"
    if not _differs(score):
        return "not distinguishable"
    which = "better" if score.accuracy > plain.accuracy else "worse"
    return f"{which}, p = {score.p_against_plain:.3g}"


def _differs(score: Score) -> bool:
    return score.p_against_plain is not None and score.p_against_plain < LEVEL


def _explain_tests(comparison: Comparison) -> str:
    plain, tested = comparison.best_plain(), comparison.tested()
    if plain is None or not tested:
        return ""
    return (
        f"Best plain baseline: {shorten_text(plain.name)}. Rows are tested against it by McNemar's exact "
        f"test; p is corrected by Holm's method for {len(tested)} rows."
    )
