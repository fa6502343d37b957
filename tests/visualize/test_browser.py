"""Pictures in a browser: what is seen, what a keyboard reaches, and that nothing runs or leaves the page."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_trend import render

pytest.importorskip("selenium")

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.browsers import HAS_BROWSER, LEAST_CONTRAST, SCHEMES, open_markup, start_browser
from tests.support.pictures import long_doc, made_attribution, made_doc, made_similarity

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_BROWSER, reason="needs chromium and chromedriver"),
]
STYLES = ["attention", "words"]
HARM = ["<script>document.title='owned'</script>", "<img src=x onerror=document.title='owned'>", "&lt;"]
HEBREW = ["הוא", "מכר", "את", "הבית", "הישן", "."]


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    browser = start_browser()
    yield browser
    browser.quit()


@pytest.fixture
def show(browser: Chrome, tmp_path: Path) -> Callable[..., Chrome]:
    """A function that opens markup from a file, in a window of some width."""
    return partial(open_markup, browser, tmp_path / "picture.html")


def hebrew_doc() -> Doc:
    attention = [[1, 2, 3, 4, 5]]
    return made_doc(HEBREW, attention, (4, 1), vocab=spacy.blank("he").vocab)


def harmful_doc() -> Doc:
    return made_doc([*HARM, "."], np.eye(3), (0, 1))


def box(browser: Chrome, selector: str) -> dict[str, float]:
    script = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    found: dict[str, float] = browser.execute_script(script, selector)
    return found


def middle(found: dict[str, float]) -> float:
    return (found["left"] + found["right"]) / 2


def texts(browser: Chrome, selector: str) -> list[str]:
    """The texts of elements as they are seen."""
    return [element.text for element in browser.find_elements(By.CSS_SELECTOR, selector)]


def requested(browser: Chrome) -> set[str]:
    """The addresses asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return {params["request"]["url"] for params in sent}


class TestWhatIsSeen:
    def test_the_marked_cells_are_the_leaders(self, show: Callable[..., Chrome], tiny: Language) -> None:
        doc = tiny("She sold the old house to a young couple from Berlin.")
        words = [token for token in doc if not token.is_punct]
        attention = np.stack([token._.trend_attention for token in words], axis=1)
        browser = show(render(doc, page=True))
        marked = browser.execute_script(
            "return [...document.querySelectorAll('tbody tr')].map(row => [...row.querySelectorAll('td')]"
            ".flatMap((cell, word) => getComputedStyle(cell).boxShadow === 'none' ? [] : [word]))"
        )
        assert marked == [[leader] for leader in attention.argmax(axis=1)]
        assert texts(browser, ".trend-leads b") == ["*"] * 4
        focus, related = doc._.trend_focus.text, doc._.trend_related.text
        assert {"focus\n" + focus, "related\n" + related} <= set(texts(browser, "thead th"))
        assert texts(browser, "tbody th")[-1] == "head 3 decides"
        assert texts(browser, "figcaption strong") == [focus, related]

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_shades_differ_from_step_to_step(self, show: Callable[..., Chrome], scheme: str) -> None:
        doc = made_doc([*"abcdefghij", "."], [range(10)], (9, 8))
        browser = show(render(doc, page=True), scheme)
        colours = browser.execute_script(
            "return [...document.querySelectorAll('tbody td')].map(e => getComputedStyle(e).backgroundColor)"
        )
        assert len(set(colours)) == 10

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_text_has_contrast(self, show: Callable[..., Chrome], style: str, scheme: str) -> None:
        attention = np.linspace(0, 9, 100).reshape(10, 10)
        doc = made_doc([*"abcdefghij", "."], attention, (9, 8))
        markup = render(
            [doc, made_doc(pair=(-1, -1)), made_doc([], np.zeros((1, 0)), (-1, -1))], style, page=True
        )
        browser = show(markup, scheme)
        assert len(browser.find_elements(By.CSS_SELECTOR, "[class^='trend-9']")) > 0
        contrast, text = browser.execute_script(LEAST_CONTRAST)
        assert contrast >= 4.5, text
        paper = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_parts_and_pairs_have_contrast(self, show: Callable[..., Chrome], scheme: str) -> None:
        doc = made_doc([*"abcdefghijklmnopqrst", "."], [np.arange(20)], (9, 8))
        attribution = made_attribution(doc, np.linspace(-1, 1, 20).tolist(), label="spam", against="ham")
        pair = doc, made_doc()
        similarity = made_similarity(*pair, np.linspace(-1, 1, 80).reshape(20, 4))
        colors = {"positive": "#ff0000", "negative": "#0000ff"}
        for markup in (
            render([doc, doc], attribution=[attribution] * 2, page=True),
            render(doc, attribution=attribution, page=True, options={"colors": colors}),
            render(pair, "similarity", attribution=similarity, page=True),
        ):
            browser = show(markup, scheme)
            contrast, text = browser.execute_script(LEAST_CONTRAST)
            assert contrast >= 4.5, text

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_signs_are_told_by_lines_too(self, show: Callable[..., Chrome], scheme: str) -> None:
        doc = made_doc()
        browser = show(render(doc, attribution=made_attribution(doc), page=True), scheme)
        lines = browser.execute_script(
            "return [...document.querySelectorAll('.trend-flow > span')]"
            ".map(e => getComputedStyle(e).borderBlockEndStyle)"
        )
        assert lines == ["solid", "dotted", "solid", "solid"]
        widths = browser.execute_script(
            "return [...document.querySelectorAll('.trend-flow > span')]"
            ".map(e => getComputedStyle(e).borderBlockEndWidth)"
        )
        assert widths == ["2px", "2px", "0px", "2px"]

    def test_two_texts_stand_side_by_side_if_there_is_room(self, show: Callable[..., Chrome]) -> None:
        pair = made_doc(), made_doc()
        markup = render(pair, "similarity", attribution=made_similarity(*pair, np.eye(4)), page=True)
        tops = (
            "return [...document.querySelectorAll('.trend-sides > div')]"
            ".map(e => e.getBoundingClientRect().top)"
        )
        one, other = show(markup, width=1200).execute_script(tops)
        assert one == other
        one, other = show(markup, width=500).execute_script(tops)
        assert one < other

    def test_the_index_leads_to_the_texts(self, show: Callable[..., Chrome]) -> None:
        browser = show(render([made_doc()] * 30, page=True))
        browser.find_elements(By.CSS_SELECTOR, "nav a")[19].click()
        wait = WebDriverWait(browser, 5)
        assert wait.until(lambda b: abs(box(b, "#text-20")["top"]) < 30)

    def test_a_text_from_right_to_left_runs_so(self, show: Callable[..., Chrome]) -> None:
        browser = show(render(hebrew_doc(), "words", page=True))
        lefts = browser.execute_script(
            "return [...document.querySelectorAll('.trend-flow [title]')]"
            ".map(e => e.getBoundingClientRect().left)"
        )
        assert lefts == sorted(lefts, reverse=True)
        browser = show(render(hebrew_doc(), page=True))
        lefts = browser.execute_script(
            "return [...document.querySelectorAll('thead th')].map(e => e.getBoundingClientRect().left)"
        )
        assert lefts == sorted(lefts, reverse=True)
        assert box(browser, "tbody th")["left"] > max(lefts)

    def test_a_long_text_begins_where_it_is_read_from(self, show: Callable[..., Chrome]) -> None:
        doc = long_doc(80, vocab=spacy.blank("he").vocab, letter="ש")
        for style, first in (("attention", "thead th"), ("words", ".trend-flow > .trend-related")):
            browser = show(render(doc, style, page=True))
            assert 0 < box(browser, first)["right"] <= 900

    def test_spaces_and_breaks_are_kept(self, show: Callable[..., Chrome]) -> None:
        def place(space: str) -> tuple[float, float]:
            doc = made_doc(["a", space, "b", "c"], [[1, 2, 3]], (2, 3), not_words=[space], spaces=[False] * 4)
            found = box(show(render(doc, "words", page=True)), ".trend-flow > .trend-focus")
            return found["left"], found["top"]

        assert place("    ")[0] > place(" ")[0] + 5
        assert place("\n\n")[1] > place("\n")[1] + 20

    @pytest.mark.parametrize("has_pair", [True, False])
    def test_a_text_is_wrapped(self, show: Callable[..., Chrome], has_pair: bool) -> None:
        browser = show(render(long_doc(80, has_pair=has_pair), "words", page=True), width=500)
        line = box(browser, ".trend-flow > span")["height"]
        assert box(browser, ".trend-flow")["height"] > 5 * line
        assert browser.find_elements(By.CSS_SELECTOR, ".trend-scroll") == []

    @pytest.mark.parametrize("style", STYLES)
    def test_pictures_do_not_clash(self, show: Callable[..., Chrome], style: str) -> None:
        fragments = [render(made_doc(), each) or "" for each in (style, *STYLES, style)]
        browser = show("<!DOCTYPE html><title>of its own</title>" + "<hr>".join(fragments))
        heights = browser.execute_script(
            "return [...document.querySelectorAll('figure')].map(e => e.getBoundingClientRect().height)"
        )
        assert heights[0] == heights[3]
        doc = made_doc()
        own = render(doc, style, options={"colors": {"shade": "#00ff00"}}) or ""
        browser = show(f"<!DOCTYPE html>{own}{render(doc, style)}")
        colours = browser.execute_script(
            "return [...document.querySelectorAll('figure .trend-9')]"
            ".map(e => getComputedStyle(e).backgroundColor)"
        )
        assert colours == ["rgb(0, 255, 0)", "rgb(110, 168, 220)"]
        assert browser.find_elements(By.CSS_SELECTOR, "[id]") == []


class TestSafety:
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("page", [True, False])
    def test_markup_in_a_text_is_text(self, show: Callable[..., Chrome], style: str, page: bool) -> None:
        """A fragment stands in a page that forbids nothing."""
        markup = render(harmful_doc(), style, page=page) or ""
        browser = show(markup if page else f"<!DOCTYPE html><title>plain</title>{markup}")
        assert browser.title == ("Which words the vector came from" if page else "plain")
        assert browser.find_elements(By.CSS_SELECTOR, "script, img, [onerror]") == []
        seen = browser.find_element(By.TAG_NAME, "figure").text
        for text in HARM:
            assert text in seen

    @pytest.mark.parametrize("style", STYLES)
    def test_no_request_leaves_the_page(self, show: Callable[..., Chrome], style: str) -> None:
        browser = show("<!DOCTYPE html>")
        requested(browser)
        show(render([made_doc(), harmful_doc()], style, page=True))
        addresses = requested(browser)
        assert browser.current_url in addresses
        assert all(url == browser.current_url or url.startswith("data:") for url in addresses), addresses


class TestUse:
    def test_a_keyboard_scrolls_a_wide_table(self, show: Callable[..., Chrome]) -> None:
        browser = show(render(long_doc(80), page=True))
        browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
        region = browser.switch_to.active_element
        assert "trend-scroll" in str(region.get_attribute("class"))
        assert browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", region) == "solid"
        region.send_keys(Keys.ARROW_RIGHT * 3)
        scrolled = "return arguments[0].scrollLeft > 0"
        assert WebDriverWait(browser, 5).until(lambda b: b.execute_script(scrolled, region))

    def test_row_headers_stay_while_it_scrolls(self, show: Callable[..., Chrome]) -> None:
        browser = show(render(long_doc(80), page=True))
        before = box(browser, "tbody th")["left"]
        assert box(browser, "thead th")["left"] > before
        browser.execute_script("document.querySelector('.trend-scroll').scrollLeft = 500")
        # The space between cells scrolls away.
        assert box(browser, "tbody th")["left"] == pytest.approx(before, abs=1)
        assert box(browser, "thead th")["left"] < 0

    def test_words_stay_while_many_rows_scroll(self, show: Callable[..., Chrome]) -> None:
        browser = show(render(long_doc(10, 144), page=True))
        browser.execute_script("document.querySelector('.trend-scroll').scrollTop = 2000")
        top = box(browser, ".trend-scroll")["top"]
        assert box(browser, "thead th")["top"] == pytest.approx(top, abs=3)
        assert box(browser, "tbody th")["top"] < 0

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("width", [500, 1200])
    @pytest.mark.parametrize("has_pair", [True, False])
    def test_the_page_itself_never_scrolls_sideways(
        self, show: Callable[..., Chrome], style: str, width: int, has_pair: bool
    ) -> None:
        docs = [
            long_doc(80, has_pair=has_pair),
            long_doc(80, vocab=spacy.blank("he").vocab, letter="ש", has_pair=has_pair),
            made_doc(["x" * 500, "."], [[1]], (0, -1)),
        ]
        browser = show(render(docs, style, page=True), width=width)
        scrolled, seen = browser.execute_script(
            "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
        )
        assert scrolled <= seen <= width

    def test_a_screen_reader_finds_a_table(self, show: Callable[..., Chrome]) -> None:
        browser = show(render(made_doc(), page=True))
        nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        names: dict[str, list[str]] = {}
        for node in nodes:
            if not node["ignored"]:
                role = node["role"]["value"]
                names.setdefault(role, []).append(node.get("name", {}).get("value", ""))
        assert names["table"] == ["Attention received by each word"]
        assert names["columnheader"] == ["I", "related want", "focus an", "apple"]
        assert names["rowheader"] == ["head 0", "head 1", "head 2 decides"]
        assert names["region"] == ["Attention: I want an apple."]
        assert [name for name in names["cell"] if "leader" in name] == [
            "2.00 leader",
            "1.50 leader",
            "1.00 leader",
        ]


@pytest.mark.parametrize("words", [["I", "מכר", "הוא", "sold", "it"], ["הוא", "I", "sold", "מכר", "free"]])
@pytest.mark.parametrize("focus", range(5))
def test_labels_stand_beside_their_words_in_either_direction(
    show: Callable[..., Chrome], words: list[str], focus: int
) -> None:
    doc = made_doc(words, [[1, 1, 1, 1, 1]], (focus, (focus + 1) % 5))
    boxes = [
        word.rect for word in show(render(doc, "words")).find_elements(By.CSS_SELECTOR, ".trend-flow > span")
    ]
    # A word that is torn from its label has others between the two.
    assert len(boxes) == len(words)
    for left, right in pairwise(sorted(boxes, key=lambda box: box["x"])):
        assert left["x"] + left["width"] <= right["x"] + 1
