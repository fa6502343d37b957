"""The page of a report, parsed: what stands in it, and that nothing of a text is markup."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest

pytest.importorskip("scipy")

from spacy_trend.reports import Report, duplicates, make_report, page, push_tables
from tests.support.markup import body_rows, classes, of_class, one, parse, shaded, text_of
from tests.support.reports import MAILS, reasons_for

pytestmark = pytest.mark.usefixtures("few_resamples")
HARM = "<script>document.title='owned'</script><img src=x onerror=alert(1)>&lt;\"'"


@pytest.fixture(scope="module")
def report(few_resamples: None) -> Report:
    return make_report(reasons_for(MAILS))


@pytest.fixture(scope="module")
def section(report: Report) -> Callable[[str], Element]:
    root = parse(report.to_html())
    return lambda name: section_of(root, name)


def section_of(root: Element, name: str) -> Element:
    return one(found for found in root.iter("section") if found.get("aria-labelledby") == name)


def cells(row: Element) -> list[str]:
    return [text_of(cell) for cell in row]


def test_has_an_index_of_its_sections(report: Report) -> None:
    root = parse(report.to_html())
    links = [link.get("href", "") for link in one(root.iter("nav")).iter("a")]
    names = {heading.get("id") for heading in root.iter("h2")}
    assert [link.removeprefix("#") for link in links] == [
        found.get("aria-labelledby") for found in root.iter("section")
    ]
    assert names == {link.removeprefix("#") for link in links}
    assert len(list(root.iter("h1"))) == 1


def test_runs_no_scripts_and_loads_nothing(report: Report) -> None:
    root = parse(report.to_html())
    policy = one(meta for meta in root.iter("meta") if meta.get("http-equiv"))
    assert policy.get("content") == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert list(root.iter("script")) == list(root.iter("img")) == []
    assert all(link.get("href", "").startswith("data:") for link in root.iter("link"))


def test_shows_scores_with_intervals(section: Callable[[str], Element], report: Report) -> None:
    accuracy, macro_f1 = map(cells, body_rows(section("scores")))
    low, high = report.scores.accuracy_interval
    assert accuracy == ["accuracy", "40.0", f"{100 * low:.1f}-{100 * high:.1f}"]
    assert macro_f1[0] == "macro F1"


def test_shows_the_confusion_matrix(section: Callable[[str], Element]) -> None:
    root = section("confusions")
    header = [text_of(cell) for cell in one(root.iter("thead")).iter("th")]
    assert header == ["true label", "ham", "spam", "texts", "right"]
    assert list(map(cells, body_rows(root))) == [
        ["ham", "1", "2", "3", "33%"],
        ["spam", "1", "1", "2", "50%"],
    ]
    right = [text_of(cell) for cell in of_class(root, "report-right")]
    assert right == ["1", "1"]


def test_says_that_no_text_has_a_label_that_was_only_predicted() -> None:
    root = parse(make_report(reasons_for([MAILS[0], MAILS[3]])).to_html())
    assert list(map(cells, body_rows(section_of(root, "confusions")))) == [
        ["ham", "0", "2", "2", "0%"],
        ["spam", "0", "0", "0", "none"],
    ]


def test_shows_the_most_frequent_confusions_of_many_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_LABELS", 1)
    root = section_of(parse(make_report(reasons_for(MAILS)).to_html()), "confusions")
    assert list(map(cells, body_rows(root))) == [["ham", "spam", "2"], ["spam", "ham", "1"]]
    assert "The most frequent of 2 confusions among 2 labels" in text_of(root)


def test_draws_mistakes_with_the_parts_of_their_words(section: Callable[[str], Element]) -> None:
    root = section("misclassified")
    assert [text_of(heading) for heading in root.iter("h3")] == [
        "1 spam instead of ham",
        "2 ham instead of spam",
        "3 spam instead of ham",
    ]
    assert [(text, number) for text, _, number in shaded(root)][-2:] == [
        ("free", "+3.000"),
        ("meeting", "\N{MINUS SIGN}2.000"),
    ]
    assert "3 of 5 texts" in text_of(root)
    assert len(of_class(root, "trend-legend")) == 1


def test_draws_as_many_mistakes_as_are_asked_for() -> None:
    root = section_of(parse(make_report(reasons_for(MAILS), limit=1).to_html()), "misclassified")
    assert [text_of(heading) for heading in root.iter("h3")] == ["1 spam instead of ham"]
    assert "The first is shown." in text_of(root)


def test_puts_long_texts_into_boxes_that_a_keyboard_scrolls() -> None:
    long = [("word", 0, 0.1)] * 500
    root = section_of(parse(make_report(reasons_for([(long, "ham"), *MAILS])).to_html()), "misclassified")
    box = one(of_class(root, "report-long"))
    assert (box.get("tabindex"), box.get("role"), box.get("aria-label")) == ("0", "region", "Text 1")


def test_says_that_a_label_is_unknown() -> None:
    root = parse(make_report(reasons_for([*MAILS, ([("free", 0, 4)], "new")])).to_html())
    heading = next(section_of(root, "misclassified").iter("h3"))
    assert text_of(heading) == "1 spam instead of new (a label that the classifier does not know)"


def test_says_that_there_are_no_mistakes_and_no_near_duplicates() -> None:
    root = parse(make_report(reasons_for([MAILS[1], MAILS[2]])).to_html())
    assert text_of(section_of(root, "misclassified")) == "Misclassified texts (0)None."
    assert "None: no two of them have vectors with a cosine of 0.95 or more." in text_of(
        section_of(root, "near-duplicates")
    )


def test_shows_the_words_that_push_each_label_and_where(section: Callable[[str], Element]) -> None:
    root = section("words")
    assert [text_of(heading) for heading in root.iter("h3")] == ["towards ham", "towards spam"]
    _, spam = root.iter("table")
    assert [cells(row)[:3] for row in body_rows(spam)] == [["free", "+3.000", "3"], ["now", "+1.000", "3"]]
    free = body_rows(spam)[0]
    assert [text_of(line) for line in free.iter("li")] == [
        "free meeting ham",
        "Free now spam",
        "meeting now now free ham",
    ]
    assert [text_of(word) for word in free.iter("b")] == ["free", "Free", "free"]


def test_examples_are_cut_between_words() -> None:
    text = [("before", 0, 0)] * 20 + [("free", 0, 3)] + [("after", 0, 0)] * 20
    root = section_of(parse(make_report(reasons_for([(text, "spam"), MAILS[2]])).to_html()), "words")
    example = text_of(next(root.iter("li")))
    assert next(root.iter("li")).find(".//b") is not None
    assert any(text_of(li).startswith("… before before") for li in root.iter("li")), example
    assert any(text_of(li).endswith("after after … spam") for li in root.iter("li")), example


def test_says_that_no_word_pushes() -> None:
    root = parse(make_report(reasons_for([MAILS[2], MAILS[2]])).to_html())
    assert "towards spamNo word pushes towards it." in text_of(section_of(root, "words"))


def test_shows_words_of_the_labels_of_most_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_tables, "MOST_LABELS", 1)
    root = section_of(parse(make_report(reasons_for(MAILS)).to_html()), "words")
    assert [text_of(heading) for heading in root.iter("h3")] == ["towards ham"]
    assert "The 1 labels of most texts are shown, 1 are not." in text_of(root)


def test_shows_nearly_the_same_texts_with_their_labels(section: Callable[[str], Element]) -> None:
    pair = one(one(of_class(section("near-duplicates"), "report-pairs")))
    assert [text_of(line) for line in pair] == [
        "cosine 1.000",
        "ham meeting",
        "spam meeting predicted: ham",
    ]


def test_says_how_many_texts_were_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in duplicates, page:
        monkeypatch.setattr(module, "MOST_TEXTS", 2)
    root = section_of(parse(make_report(reasons_for(MAILS)).to_html()), "near-duplicates")
    assert "Only the first 2 texts were compared." in text_of(root)


def test_shows_markup_of_texts_and_labels_as_text() -> None:
    texts: Any = [([(HARM, 0, 1)], HARM), ([(HARM, 1, 0)], HARM), ([(HARM, 1, 0)], "b")]
    html = make_report(reasons_for(texts, HARM, "b")).to_html()
    root = parse(html)
    assert list(root.iter("script")) == list(root.iter("img")) == []
    assert HARM[:30] in text_of(section_of(root, "confusions"))
    for name in "misclassified", "words", "near-duplicates":
        assert HARM in text_of(section_of(root, name)), name
    # In attributes, too, nothing of a text gets out.
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)


def test_tables_say_what_their_cells_are(report: Report) -> None:
    root = parse(report.to_html())
    for table in root.iter("table"):
        assert text_of(one(table.findall("caption")))
        assert {cell.get("scope") for cell in table.iter("th")} == {"col", "row"}


def test_boxes_that_scroll_are_reached_by_keyboards(report: Report) -> None:
    root = parse(report.to_html())
    for box in (element for element in root.iter() if "trend-scroll" in classes(element)):
        assert (box.get("tabindex"), box.get("role")) == ("0", "region")
        assert box.get("aria-label")


def test_the_matrix_shows_the_start_of_long_labels() -> None:
    long = "label " * 50
    root = section_of(
        parse(make_report(reasons_for([MAILS[0], (MAILS[1][0], long)])).to_html()), "confusions"
    )
    names = {text_of(cell): cell[0].get("title") for cell in root.iter("th") if len(cell)}
    assert names[long[:39] + "…"] == long
    assert names["ham"] is None
