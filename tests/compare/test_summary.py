"""What is printed of a comparison: the table, and the sentence that says what it allows to say."""

import re
from dataclasses import replace

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from spacy_trend.compare.comparison import Comparison, Score, describe_texts
from spacy_trend.compare.embeddings import CLS
from spacy_trend.compare.summary import as_table, conclude
from tests.support.comparisons import BY_HAND, score

#: The cells of the table made by hand.
ROWS = [
    "embedding|width|accuracy|95%|macro F1|95%|p against [CLS]|against best plain",
    "pipeline's trend_pair|32|92.0|87.0-97.0|91.0|85.0-95.0|1e-30|better, p = 3e-30",
    "classifier|768|90.0|80.0-100.0|89.0|83.0-93.0|0.25|not distinguishable",
    "[CLS]|32|80.0|75.0-85.0|79.0|73.0-83.0|-|-",
    "article|32|62.5|57.5-67.5|61.5|55.5-65.5|0.012|worse, p = 0.0246",
    "mean of static|32|50.0|45.0-55.0|49.0|43.0-53.0|1|-",
]


def of(*scores: Score) -> Comparison:
    return replace(BY_HAND, scores=list(scores))


class TestTable:
    @pytest.mark.parametrize("name", ["pipeline's \x1b[31mX", "a\u202eb", "\x9b31m", "x" * 1_000_000])
    def test_shows_names_short_and_harmless(self, name: str) -> None:
        for comparison in (of(score(name), score(CLS)), of(score(name, is_plain=True), score("classifier"))):
            for printed in (as_table(comparison), conclude(comparison)):
                assert len(printed) < 1_500
                assert printed.replace("\n", "").isprintable()

    def test_has_scores_in_percent_and_what_was_tested(self) -> None:
        _, texts, _, *lines, tests = as_table(BY_HAND).splitlines()
        assert texts == describe_texts(BY_HAND)
        assert ["|".join(re.split(" {3,}", line)) for line in lines if not line.startswith("-")] == ROWS
        assert tests == (
            "Best plain baseline: [CLS]. Rows are tested against it by McNemar's exact test; p is corrected "
            "by Holm's method for 3 rows."
        )

    def test_has_whole_names(self) -> None:
        name = "both means side by side (multilingual-e5-small-q4)"
        assert f"\n{name}   " in as_table(of(score(name), score(CLS)))

    def test_without_a_plain_baseline_has_no_tests(self) -> None:
        printed = as_table(of(replace(score("classifier"), p_against_plain=None)))
        assert printed.splitlines()[-1].split()[-2:] == ["0.25", "-"]


class TestConclusion:
    def test_is_that_a_trend_vector_is_better(self) -> None:
        found = conclude(of(score("classifier", 0.9, p_against_plain=0.0499), score(CLS, 0.85)))
        assert found == (
            "On these texts, classifier is better than [CLS], the best plain baseline: accuracy 90.0 % "
            "against 85.0 %, p = 0.0499."
        )

    @pytest.mark.parametrize("accuracy", [0.9, 0.8])
    def test_is_that_nothing_can_be_told(self, accuracy: float) -> None:
        found = conclude(of(score("classifier", accuracy, p_against_plain=0.05), score(CLS, 0.85)))
        assert found == (
            "On these texts, classifier and [CLS], the best plain baseline, are not distinguishable: "
            f"accuracy {100 * accuracy:.1f} % against 85.0 %, p = 0.05."
        )

    def test_is_that_the_best_trend_vector_is_worse(self) -> None:
        scores = score(CLS, 0.85), score("classifier", 0.5, p_against_plain=1e-9), score("article", 0.4)
        assert conclude(of(*scores)) == (
            "On these texts, classifier, the best trend vector, is worse than [CLS], the best plain "
            "baseline: accuracy 50.0 % against 85.0 %, p = 1e-09."
        )

    def test_is_nothing_if_nothing_was_tested(self) -> None:
        expected = "No row was tested against a plain baseline."
        assert conclude(of(score(CLS))) == conclude(of(score("article"))) == expected
