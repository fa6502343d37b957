"""A report in a browser: what is seen, and what a keyboard reaches."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("selenium")
pytest.importorskip("scipy")

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from spacy_trend.reports import make_report
from spacy_trend.reports.page import TITLE
from tests.support.browsers import HAS_BROWSER, LEAST_CONTRAST, SCHEMES, open_markup, start_browser
from tests.support.reports import MAILS, reasons_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
    pytest.mark.usefixtures("few_resamples"),
]
HARM = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
MANY = [f"a rather long name of a label, {number}" for number in range(15)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    browser = start_browser()
    yield browser
    browser.quit()


@pytest.fixture
def show(browser: Chrome, tmp_path: Path) -> Callable[..., Chrome]:
    """A function that opens markup from a file, in a window of some width."""
    return partial(open_markup, browser, tmp_path / "report.html")


def page(*labels: str) -> str:
    """A report of short and long texts, words and labels."""
    parts = [[float(number == label) for number in range(len(labels))] for label in range(len(labels))]
    word = ("anaddressthatcannotbebroken" * 3, *parts[0])
    texts = [([("spam", *parts[1]), word], labels[0]), ([word, ("egg", *parts[1])] * 200, labels[1])]
    return make_report(
        reasons_for([*texts, *texts, ([word], labels[0]), ([word], labels[-1])], *labels)
    ).to_html()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("labels", [("ham", "spam"), MANY], ids=["two", "many"])
def test_text_has_contrast(show: Callable[..., Chrome], scheme: str, labels: list[str]) -> None:
    contrast, text = show(page(*labels), scheme).execute_script(LEAST_CONTRAST)
    assert contrast >= 4.5, text


@pytest.mark.parametrize("width", [500, 1200])
@pytest.mark.parametrize("labels", [("ham", "spam"), MANY], ids=["two", "many"])
def test_the_page_itself_does_not_scroll_sideways(
    show: Callable[..., Chrome], width: int, labels: list[str]
) -> None:
    browser = show(page(*labels), width=width)
    sizes = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scrolled, seen = browser.execute_script(sizes)
    assert scrolled <= seen


def test_the_index_leads_to_the_sections(show: Callable[..., Chrome]) -> None:
    browser = show(page("ham", "spam"))
    for link in browser.find_elements(By.CSS_SELECTOR, "nav a"):
        link.click()
        target = browser.find_element(By.CSS_SELECTOR, ":target")
        assert target.tag_name == "h2"
        assert target.text == link.text


def test_a_keyboard_reaches_the_index_and_what_scrolls(show: Callable[..., Chrome]) -> None:
    browser = show(page(*MANY), width=500)
    reached = []
    for _ in range(5 + 3):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        element = browser.switch_to.active_element
        reached.append(element.get_attribute("aria-label") or element.tag_name)
        outline = browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", element)
        assert outline in ("solid", "auto")
    assert reached[:6] == ["a"] * 5 + ["Confusion matrix"]
    assert reached[6].startswith("Text ")


def test_markup_in_texts_and_labels_is_text(show: Callable[..., Chrome]) -> None:
    texts = [([(HARM, 0, 1)], HARM), *[(words, HARM) for words, _ in MAILS]]
    browser = show(make_report(reasons_for(texts, HARM, "spam")).to_html())
    assert browser.title == TITLE
    assert browser.find_elements(By.CSS_SELECTOR, "script, img, [onerror]") == []
    assert HARM in browser.find_element(By.ID, "misclassified").find_element(By.XPATH, "..").text
