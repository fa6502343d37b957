"""Pictures of docs whose records are made by hand, parsed."""

import itertools
import sys
import threading
import time
import types
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from wsgiref import simple_server
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_trend import render, serve
from spacy_trend.visualize.style_sheet import STYLE_SHEET

from .pictures import LEADING_PAIR, long_doc, made_doc

STYLES = ["attention", "words"]
VOID = {"meta", "link"}
#: Of which text is not to be taken for markup; each would do harm where it stands.
HOSTILE = ["<script>alert(1)</script>", "</td></table>", '"><img', "'onerror='x", "&amp;", "<!--", "{text}"]


class TreeBuilder(HTMLParser):
    """A parser that refuses what is not nested as it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("root")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        element = SubElement(self.open[-1], tag, {name: value or "" for name, value in attrs})
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "path"
        SubElement(self.open[-1], tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        parent = self.open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def parse(markup: str | None) -> Element:
    assert markup is not None
    builder = TreeBuilder()
    builder.feed(markup)
    builder.close()
    assert builder.open == [builder.root]
    return builder.root


def drawn(docs: Any, style: str = "attention", **settings: Any) -> Element:
    return parse(render(docs, style, jupyter=False, **settings))


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def classes(element: Element) -> list[str]:
    return element.get("class", "").split()


def of_class(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if name in classes(element)]


def one(elements: Any) -> Element:
    (element,) = elements
    return element


def caption(root: Element) -> list[str]:
    return [text_of(line) for line in one(root.iter("figcaption"))]


def notes(root: Element) -> str:
    return " ".join(text_of(note) for note in of_class(root, "trend-note"))


def body_rows(root: Element) -> list[Element]:
    return list(one(root.iter("tbody")))


def leaders(root: Element) -> list[list[int]]:
    """The marked cells of each row, by position."""
    return [
        [place for place, cell in enumerate(row.findall("td")) if "trend-leads" in classes(cell)]
        for row in body_rows(root)
    ]


def shown_text(root: Element) -> str:
    """The text in a picture of style "words", without the labels."""
    layout = one(of_class(root, "trend-line") + of_class(root, "trend-flow"))
    for element in layout.iter():
        for label in element.findall("small"):
            element.remove(label)
    return text_of(layout)


class TestAttention:
    def test_is_a_table_with_headers_and_a_caption(self) -> None:
        root = drawn(made_doc())
        table = one(root.iter("table"))
        assert text_of(one(table.iter("caption"))) == "Attention received by each word in each head"
        columns = [cell for cell in table.iter("th") if cell.get("scope") == "col"]
        assert [text_of(one(cell.iter("bdi"))) for cell in columns] == ["I", "want", "an", "apple"]
        rows = [cell for cell in table.iter("th") if cell.get("scope") == "row"]
        assert [text_of(cell) for cell in rows] == ["head 0", "head 1", "head 2 decides"]

    def test_holds_every_number(self) -> None:
        rows = [[text_of(cell) for cell in row.findall("td")] for row in body_rows(drawn(made_doc()))]
        assert rows == [
            ["0.50", "2.00* leader", "0.25", "0.25"],
            ["1.50* leader", "0.50", "0.50", "0.50"],
            ["0.25", "0.75", "1.00* leader", "0.50"],
        ]

    def test_marks_one_leader_a_row_the_first_of_equals(self) -> None:
        assert leaders(drawn(made_doc())) == [[1], [0], [2]]
        assert leaders(drawn(made_doc(attention=np.ones((2, 4)), pair=(0, 1)))) == [[0], [0]]

    def test_says_the_leader_without_colour(self) -> None:
        marked = of_class(drawn(made_doc()), "trend-leads")
        assert [cell.get("title") for cell in marked] == [
            "leader of head 0: want",
            "leader of head 1: I",
            "leader of head 2: an",
        ]

    def test_names_the_pair_above_and_in_the_columns(self) -> None:
        root = drawn(made_doc())
        assert caption(root) == [
            "focus an (token 2), leader of head 2, the row that decides",
            "related want (token 1)",
        ]
        columns = [text_of(cell) for cell in one(root.iter("thead")).iter("th")]
        assert columns == ["I", "related want", "focus an", "apple"]

    def test_shades_in_proportion_to_the_most(self) -> None:
        shades = [
            [int(classes(cell)[0].removeprefix("trend-")) for cell in row.findall("td")]
            for row in body_rows(drawn(made_doc()))
        ]
        assert shades == [[2, 9, 1, 1], [7, 2, 2, 2], [1, 3, 4, 2]]
        assert "2.00, the highest value in this table" in notes(drawn(made_doc()))

    @pytest.mark.parametrize(
        ("select", "name"),
        [
            ({**LEADING_PAIR, "focus": "most"}, "head"),
            ({"@misc": "spacy-trend.mutual_pair.v1", "layers_between": [0.34]}, "row"),
            ({"@misc": "own.v1", "focus": "last", "rows": "heads"}, "row"),
        ],
    )
    def test_claims_no_deciding_row_where_none_is(self, select: dict[str, Any], name: str) -> None:
        root = drawn(made_doc(select=select))
        assert of_class(root, "trend-decides") == []
        assert "decides" not in text_of(root).replace(STYLE_SHEET, "")
        assert caption(root) == ["focus an (token 2)", "related want (token 1)"]
        assert text_of(one(body_rows(root)[0].findall("th"))) == f"{name} 0"

    def test_says_what_the_rows_are(self) -> None:
        def of(select: dict[str, Any]) -> str:
            return notes(drawn(made_doc(select=select)))

        assert "Each row is one head of layer -1." in of({**LEADING_PAIR, "layer": -1})
        layers = {**LEADING_PAIR, "rows": "layers"}
        assert "Each row is one layer, the mean of its heads." in of(layers)
        assert "spacy-trend.leading_pair.v1(focus='last', layer=0, rows='layers')" in of(layers)
        assert text_of(one(body_rows(drawn(made_doc(select=layers)))[2].findall("th"))) == "layer 2 decides"
        assert "The rows are those that the selection reads." in of({"@misc": "<own>.v1"})
        assert "<own>.v1()" in of({"@misc": "<own>.v1"})

    def test_shows_what_is_not_finite_as_it_is(self) -> None:
        root = drawn(made_doc(attention=[[0.5, np.nan, np.inf, 1.0]], pair=(1, 2)))
        (row,) = body_rows(root)
        assert [text_of(cell) for cell in row.findall("td")] == ["0.50", "nan* leader", "inf", "1.00"]
        assert [classes(cell)[0] for cell in row.findall("td")] == [
            "trend-4",
            "trend-0",
            "trend-0",
            "trend-9",
        ]
        assert "not finite" in notes(root)
        assert "1.00, the highest" in notes(root)
        assert "not finite" not in notes(drawn(made_doc()))

    def test_draws_attention_that_is_all_zero(self) -> None:
        assert leaders(drawn(made_doc(attention=np.zeros((1, 4)), pair=(0, 1)))) == [[0]]


class TestWords:
    def test_keeps_the_text(self) -> None:
        doc = made_doc()
        assert shown_text(drawn(doc, "words")) == doc.text

    def test_keeps_spaces_and_breaks(self) -> None:
        words = ["She", ",", "\n\n\t", "Bob", "   ", "left"]
        doc = made_doc(words, [[1, 2, 3]], (5, 3), not_words=[",", "\n\n\t", "   "], spaces=[False] * 6)
        root = drawn(doc, "words")
        assert shown_text(root) == "She,\n\n\tBob   left"
        assert len(of_class(root, "trend-break")) == 2

    def test_shades_words_by_the_mean_over_the_rows(self) -> None:
        root = drawn(made_doc(), "words")
        shaded = [e for e in root.iter("span") if e.get("title")]
        assert [(text_of(e), e.get("title")) for e in shaded] == [
            ("I", "0.75"),
            ("want", "1.08"),
            ("an", "0.58"),
            ("apple", "0.42"),
        ]
        assert [classes(e) for e in shaded] == [["trend-6"], ["trend-9"], ["trend-5"], ["trend-3"]]
        assert "Shade: attention received, mean of 3 rows" in notes(root)
        assert "1.08, the highest value in this text" in notes(root)

    def test_labels_focus_and_related(self) -> None:
        root = drawn(made_doc(), "words")
        assert [text_of(end) for end in of_class(root, "trend-end")] == ["wantrelated", "anfocus"]
        assert [classes(end)[1] for end in of_class(root, "trend-end")] == ["trend-related", "trend-focus"]

    def test_has_an_arc_between_the_two(self) -> None:
        line = one(of_class(drawn(made_doc(), "words"), "trend-line"))
        kinds = [(classes(child) or ["text"])[0] for child in line]
        assert kinds == ["trend-arc", "text", "trend-end", "text", "trend-end", "text"]
        assert len(list(line.iter("path"))) == 1

    @pytest.mark.parametrize("pair", [(2, -1), (-1, -1)])
    def test_has_no_arc_where_there_is_no_pair(self, pair: tuple[int, int]) -> None:
        doc = made_doc(pair=pair)
        root = drawn(doc, "words")
        assert list(root.iter("svg")) == []
        assert shown_text(root) == doc.text
        assert [text_of(end) for end in of_class(root, "trend-end")] == (["an"] if pair[0] >= 0 else [])

    def test_of_one_row_speaks_of_no_mean(self) -> None:
        root = drawn(made_doc(attention=[[1, 2, 4, 3]], select={"@misc": "own.v1"}), "words")
        assert "mean" not in notes(root)
        assert "rows" not in notes(root)


@pytest.mark.parametrize("style", STYLES)
class TestBoth:
    def test_names_the_same_pair(self, style: str) -> None:
        assert caption(drawn(made_doc(), style))[1] == "related want (token 1)"

    def test_says_that_there_is_no_related_word(self, style: str) -> None:
        assert caption(drawn(made_doc(pair=(2, -1)), style))[1] == "no related word"

    def test_says_that_a_mean_has_no_focus(self, style: str) -> None:
        assert caption(drawn(made_doc(pair=(-1, -1)), style)) == [
            "no focus: the vector is a mean of sentences"
        ]

    def test_says_that_a_selection_names_no_focus(self, style: str) -> None:
        select = {"@misc": "spacy-trend-tests.no_focus.v1"}
        assert caption(drawn(made_doc(pair=(-1, -1), select=select), style)) == [
            "no focus: the selection names none"
        ]

    @pytest.mark.parametrize("text", ["", "   ", "..."])
    def test_says_that_there_are_no_words(self, text: str, style: str) -> None:
        doc = made_doc(
            [text] if text else [], np.zeros((12, 0)), (-1, -1), not_words=[text], spaces=[False] * bool(text)
        )
        root = drawn(doc, style, page=True)
        (said,) = one(root.iter("figure"))
        assert text_of(said).startswith("No words, so no attention to show")
        assert repr(text) in text_of(said)
        assert list(root.iter("table")) == []

    def test_escapes_every_text(self, style: str) -> None:
        words = [*HOSTILE, "."]
        attention = np.eye(len(HOSTILE))[::-1]
        select = {"@misc": HOSTILE[0], "<b>": "<b>"}
        for pair in itertools.permutations(range(len(HOSTILE)), 2):
            root = drawn(made_doc(words, attention, pair, select=select), style, page=True)
            assert not {element.tag for element in root.iter()} & {"script", "img", "b>"}
            assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
            assert len(list(root.iter("figure"))) == 1
            for word in HOSTILE:
                assert word in text_of(one(root.iter("figure")))

    def test_asks_for_nothing_and_runs_nothing(self, style: str) -> None:
        root = drawn([made_doc(), made_doc()], style, page=True)
        assert {element.tag for element in root.iter()}.isdisjoint(
            {"script", "iframe", "img", "object", "base"}
        )
        for element in root.iter():
            assert not {"src", "action", "id", "style"} & set(element.attrib)
            assert element.get("href") in (None, "data:,")
        assert "url(" not in STYLE_SHEET
        assert "@import" not in STYLE_SHEET

    def test_has_regions_for_the_keyboard(self, style: str) -> None:
        region = one(of_class(drawn(made_doc(), style), "trend-scroll"))
        assert (region.get("tabindex"), region.get("role")) == ("0", "region")
        assert "I want an apple." in region.get("aria-label", "")

    def test_tells_the_language(self, style: str) -> None:
        root = drawn(made_doc(vocab=spacy.blank("de").vocab), style)
        assert one(of_class(root, "spacy-trend")).get("lang") == "en"
        holder = one(root.iter("thead"))[0] if style == "attention" else one(of_class(root, "trend-line"))
        assert holder.get("lang") == "de"
        assert "mul" in {e.get("lang") for e in drawn(made_doc(vocab=spacy.blank("xx").vocab), style).iter()}

    @pytest.mark.parametrize(
        ("lang", "word", "direction"),
        [
            ("en", "I", "ltr"),
            ("he", "I", "rtl"),
            ("xx", "אני", "rtl"),
            ("xx", "أنا", "rtl"),
            ("xx", "1", "ltr"),
        ],
    )
    def test_runs_in_the_direction_of_the_text(
        self, lang: str, word: str, direction: str, style: str
    ) -> None:
        doc = made_doc([word, "."], [[1]], (0, -1), vocab=spacy.blank(lang).vocab)
        assert one(of_class(drawn(doc, style), "trend-scroll")).get("dir") == direction

    def test_of_several_has_one_style_sheet_and_no_ids(self, style: str) -> None:
        doc = made_doc()
        root = drawn([doc, doc[0:2], long_doc(5)], style)
        assert len(list(root.iter("figure"))) == 3
        assert len(list(root.iter("style"))) == 1

    def test_takes_any_iterable(self, style: str) -> None:
        doc = made_doc()
        assert render(iter([doc, doc]), style) == render([doc, doc], style)
        assert render(doc, style) == render([doc], style)
        assert list(drawn([], style, page=True).iter("figure")) == []

    def test_is_small_and_quick(self, style: str) -> None:
        doc = long_doc(50, 12)
        markup = render(doc, style, page=True)
        assert markup is not None
        assert len(markup.encode()) < 100_000
        times = []
        for _ in range(10):
            start = time.perf_counter()
            render(doc, style)
            times.append(time.perf_counter() - start)
        assert min(times) < 0.01


@spacy.registry.misc("spacy-trend-tests.no_focus.v1")
def no_focus() -> Any:
    from spacy_trend.method.interface import Selection
    from spacy_trend.method.segments import as_lengths

    def select(attention: Any, lengths: Any = None) -> Selection:
        none = np.full(len(as_lengths(lengths, attention.shape[1])), -1, dtype=np.int64)
        return Selection(attention[-1], none, none)

    return select


class TestSpans:
    def test_shows_its_words_alone(self) -> None:
        doc = made_doc()
        root = drawn(doc[2:5])
        assert [text_of(cell) for cell in one(root.iter("thead")).iter("th")] == ["focus an", "related apple"]
        assert leaders(root) == [[0], [0], [0]]
        assert caption(root) == [
            "focus an (token 2), leader of head 2, the row that decides",
            "related apple (token 3)",
        ]
        assert "1.00, the highest value in this table" in notes(root)

    def test_has_a_focus_of_its_own(self) -> None:
        doc = made_doc()
        assert doc._.trend_focus.text == "an"
        root = drawn(doc[0:2])
        assert caption(root) == [
            "focus want (token 1), leader of head 2, the row that decides",
            "related I (token 0)",
        ]
        assert leaders(root) == [[1], [0], [1]]

    def test_shows_its_text_alone(self) -> None:
        assert shown_text(drawn(made_doc()[2:5], "words")) == "an apple."

    @pytest.mark.parametrize(("start", "end"), [(4, 5), (2, 2)])
    def test_without_words_says_so(self, start: int, end: int) -> None:
        assert "No words" in text_of(drawn(made_doc()[start:end]))

    def test_of_one_word_has_no_related_word(self) -> None:
        assert caption(drawn(made_doc()[3:4], "words"))[1] == "no related word"


class TestPages:
    def test_is_a_whole_document(self) -> None:
        markup = render([made_doc(), long_doc()], page=True)
        assert markup is not None
        assert markup.startswith("<!DOCTYPE html>")
        page = one(parse(markup))
        assert (page.tag, page.get("lang")) == ("html", "en")
        assert [child.tag for child in page] == ["head", "body"]
        assert text_of(one(page.iter("title")))
        assert len(list(page.iter("h1"))) == 1
        headings = [text_of(heading) for heading in page.iter("h2")]
        assert headings[0] == "I want an apple."
        assert len(headings[1]) <= 80
        assert headings[1].endswith("…")
        assert len(list(page.iter("style"))) == 1

    def test_is_no_page_by_default(self) -> None:
        assert one(drawn(made_doc())).tag == "div"

    def test_forbids_scripts_and_requests(self) -> None:
        page = drawn(made_doc(), page=True)
        policy = one(e for e in page.iter("meta") if e.get("http-equiv") == "Content-Security-Policy")
        assert policy.get("content", "").startswith("default-src 'none'; style-src")


def test_every_rule_is_about_our_own_class() -> None:
    bare = STYLE_SHEET.replace("@media (prefers-color-scheme:dark){", "").replace("}}", "}")
    rules = [rule.split("{")[0] for rule in bare.split("}") if rule]
    assert len(rules) > 20
    for selector in ",".join(rules).split(","):
        assert selector.startswith(".spacy-trend"), selector


class TestErrors:
    @pytest.mark.parametrize("style", STYLES)
    def test_refuses_a_doc_that_was_not_run_on(self, style: str) -> None:
        doc = Doc(spacy.blank("en").vocab, words=["Hello"])
        for item in (doc, doc[:], made_doc()[0:2].as_doc()):
            with pytest.raises(ValueError, match=r"got a doc without a trend vector.*nlp\.add_pipe"):
                render(item, style)

    def test_refuses_an_unknown_style(self) -> None:
        with pytest.raises(ValueError, match=r"style='dep' is unknown\. Expected 'attention' or 'words'"):
            render(made_doc(), "dep")

    @pytest.mark.parametrize(("docs", "got"), [("text", "'t' of type str"), ([1], "1 of type int")])
    def test_refuses_what_is_no_doc(self, docs: Any, got: str) -> None:
        with pytest.raises(ValueError, match=f"got {got}. Expected a Doc or a Span"):
            render(docs)

    def test_refuses_a_doc_with_other_tokens(self) -> None:
        doc = made_doc()
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[0:2])
        with pytest.raises(ValueError, match="Expected the same tokens"):
            render(doc)


class TestNotebooks:
    @pytest.fixture
    def shown(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        shown: list[str] = []
        fake = types.SimpleNamespace(HTML=str, display=shown.append)
        monkeypatch.setitem(sys.modules, "IPython.display", fake)
        return shown

    def test_shows_itself_where_asked(self, shown: list[str]) -> None:
        assert render(made_doc(), jupyter=True) is None
        assert one(parse(shown[0])).get("class") == "tex2jax_ignore mathjax_ignore"

    def test_finds_out_where_it_is(self, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        assert render(made_doc()) is not None
        monkeypatch.setattr("spacy_trend.visualize.is_in_jupyter", lambda: True)
        assert render(made_doc()) is None
        assert render(made_doc(), jupyter=False) is not None
        assert len(shown) == 1


def free_port() -> int:
    with simple_server.make_server("127.0.0.1", 0, lambda *_: []) as server:
        return int(server.server_port)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, docs: Any, **settings: Any) -> Iterator[str]:
    """The address where docs are served in a thread."""
    made: list[Any] = []
    is_made = threading.Event()
    make_server = simple_server.make_server

    def make(*args: Any) -> Any:
        made.append(make_server(*args))
        is_made.set()
        return made[0]

    monkeypatch.setattr(simple_server, "make_server", make)
    thread = threading.Thread(target=serve, args=[docs], kwargs={"host": "127.0.0.1", **settings})
    thread.start()
    assert is_made.wait(10)
    try:
        yield f"http://127.0.0.1:{made[0].server_port}"
    finally:
        made[0].shutdown()
        thread.join(10)
    assert not thread.is_alive()


class TestServe:
    @pytest.mark.parametrize("style", STYLES)
    def test_answers(self, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
        doc = made_doc(["שלום", "."], [[1]], (0, -1))
        with serving(monkeypatch, doc, style=style, port=free_port()) as address:
            with urllib.request.urlopen(address) as answer:
                body = answer.read()
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                assert int(answer.headers["Content-Length"]) == len(body)
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as answer:
                assert answer.read() == b""
        assert body.decode("utf8") == render(doc, style, page=True)

    def test_answers_with_a_fragment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with (
            serving(monkeypatch, made_doc(), page=False, port=free_port()) as address,
            urllib.request.urlopen(address) as answer,
        ):
            assert answer.read().decode("utf8") == render(made_doc())

    def test_says_where_and_stops_at_an_interrupt(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupt(server: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(simple_server.WSGIServer, "serve_forever", interrupt)
        port = free_port()
        serve(made_doc(), host="127.0.0.1", port=port)
        out = capsys.readouterr().out
        assert "Using the 'attention' visualizer" in out
        assert f"Serving on http://127.0.0.1:{port}" in out
        assert f"Shutting down server on port {port}." in out

    def test_refuses_a_port_that_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with simple_server.make_server("127.0.0.1", 0, lambda *_: []) as server:
            port = server.server_port
            with pytest.raises(ValueError, match=str(port)):
                serve(made_doc(), host="127.0.0.1", port=port)
            with (
                pytest.warns(UserWarning, match=str(port)),
                serving(monkeypatch, made_doc(), port=port, auto_select_port=True) as address,
            ):
                assert not address.endswith(f":{port}")

    def test_refuses_a_doc_before_it_takes_a_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        port = free_port()
        monkeypatch.setattr(simple_server, "make_server", None)
        with pytest.raises(ValueError, match="without a trend vector"):
            serve(Doc(spacy.blank("en").vocab, words=["Hello"]), port=port)


class TestWithAnEncoder:
    @pytest.mark.parametrize("which", ["doc", "span"])
    def test_shows_what_the_attributes_say(self, tiny: Language, which: str) -> None:
        doc = tiny("She sold the old house to a young couple from Berlin.")
        item: Doc | Span = doc if which == "doc" else doc[3:9]
        root = drawn(item)
        words = [token for token in item if not token.is_punct]
        attention = np.stack([token._.trend_attention for token in words], axis=1)
        assert leaders(root) == [[leader] for leader in attention.argmax(axis=1)]
        numbers = [[text_of(cell)[:4] for cell in row.findall("td")] for row in body_rows(root)]
        assert numbers == [[f"{value:.2f}" for value in row] for row in attention]
        focus, related = item._.trend_focus, item._.trend_related
        assert caption(root) == [
            f"focus {focus.text} (token {focus.i}), leader of head 3, the row that decides",
            f"related {related.text} (token {related.i})",
        ]
        assert leaders(root)[-1] == [words.index(focus)]

    def test_shows_a_mean_of_sentences_and_each(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        doc = make_nlp(tiny_encoder, {"level": "sentence"})("She sold the house. It was raining.")
        assert caption(drawn(doc)) == ["no focus: the vector is a mean of sentences"]
        assert of_class(drawn(doc), "trend-decides") == []
        for sentence, figure in zip(doc.sents, drawn(doc.sents, "words").iter("figure"), strict=True):
            assert caption(figure)[0].startswith(f"focus {sentence._.trend_focus.text} ")

    def test_shows_docs_without_words_among_others(self, tiny: Language) -> None:
        root = drawn(list(tiny.pipe(["", "She came.", " ", "?!"])), "words")
        assert ["No words" in text_of(figure) for figure in root.iter("figure")] == [True, False, True, True]
