"""A report: what it is made of, as lines of JSON, and in a folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from spacy_trend.reports import Report, make_report
from spacy_trend.reports.scores import Scores
from tests.support.reports import MAILS, a_doc, reasons_for

pytestmark = pytest.mark.usefixtures("few_resamples")


@pytest.fixture(scope="module")
def report(few_resamples: None) -> Report:
    return make_report(reasons_for(MAILS))


def test_has_scores_and_confusions(report: Report) -> None:
    assert report.scores.accuracy == pytest.approx(2 / 5)
    assert report.confusion.labels == ["ham", "spam"]
    assert report.confusion.matrix.tolist() == [[1, 2], [1, 1]]
    assert [push.word for push in report.pushes["ham"]] == ["meeting"]
    # "meeting" alone is once ham and once spam.
    assert [(pair.text, pair.other) for pair in report.duplicates] == [(2, 4)]


def test_takes_scores_that_are_known() -> None:
    known = Scores(accuracy=0.4, accuracy_interval=(0, 1), macro_f1=0.5, macro_f1_interval=(0, 1))
    assert make_report(reasons_for(MAILS), known).scores is known


def test_names_the_most_confident_mistakes_first(report: Report) -> None:
    leads = [(text.text, text.attribution.score) for text in report.mistakes]
    assert leads == [
        ("meeting now now free", pytest.approx(3)),
        ("meeting", pytest.approx(2)),
        ("free meeting", pytest.approx(1)),
    ]


def test_names_mistakes_whose_lead_is_no_number_before_all_others(report: Report) -> None:
    odd = replace(report.texts[0], attribution=replace(report.texts[0].attribution, score=np.nan))
    texts = [*report.texts, odd]
    assert Report(**{**vars_of(report), "texts": texts}).mistakes[0] is odd


def vars_of(report: Report) -> dict[str, Any]:
    return {name: getattr(report, name) for name in report.__dataclass_fields__}


def test_writes_a_page_and_a_line_for_each_text(report: Report, tmp_path: Path) -> None:
    page, lines = report.write(tmp_path / "new" / "folder")
    assert (page.name, lines.name) == ("report.html", "reasons.jsonl")
    assert page.read_text(encoding="utf8") == report.to_html()
    read = [json.loads(line) for line in lines.read_text(encoding="utf8").splitlines()]
    assert read == [text.to_dict() for text in report.texts]
    for line in read:
        assert sum(word["part"] for word in line["words"]) + line["bias"] == pytest.approx(line["margin"])


def test_writes_any_text(tmp_path: Path) -> None:
    texts = ["größer \u2028 \x00", "</style><script>", "line\nbreak"]
    # spaCy takes no half of a surrogate pair in texts; scikit-learn takes them as labels.
    reasons = reasons_for([([(text, 1, 0)], "half \ud800") for text in texts], "half \ud800", "spam")
    page, lines = make_report(reasons).write(tmp_path)
    assert [json.loads(line)["text"] for line in lines.read_text(encoding="utf8").split("\n")[:-1]] == texts
    assert "größer" in page.read_text(encoding="utf8")


def test_lines_have_null_for_what_is_no_number() -> None:
    reasons = reasons_for(MAILS)
    text = reasons.texts[0]
    reasons.texts[0] = replace(text, attribution=replace(text.attribution, score=np.inf))
    line = next(make_report(reasons).to_lines())
    assert json.loads(line, parse_constant=pytest.fail)["margin"] is None


def test_is_reproducible_by_its_seed() -> None:
    mails = MAILS * 5
    one, same, other = (make_report(reasons_for(mails), seed=seed).scores for seed in (1, 1, 2))
    assert one == same
    assert one.macro_f1_interval != other.macro_f1_interval


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "3", None])
def test_refuses_a_limit_that_is_no_number_of_texts(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"report: got limit=.*Expected a whole number from 1"):
        make_report(reasons_for(MAILS), limit=limit)


def test_refuses_fewer_than_two_texts() -> None:
    with pytest.raises(ValueError, match=r"report: got 1 texts with their labels. Expected two or more"):
        make_report(reasons_for(MAILS[:1]))


def test_says_why_there_are_no_reasons() -> None:
    reasons = reasons_for(MAILS)
    reasons.add(a_doc(("a", 1, 2)), "ham", "other")
    with pytest.raises(ValueError, match="the classifier does not know"):
        make_report(reasons)
