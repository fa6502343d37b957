"""Pictures of docs whose records are made by hand, parsed."""

import itertools
import sys
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

import spacy_trend
from spacy_trend import render
from spacy_trend.visualize.style_sheet import STYLE_SHEET
from tests.support.markup import (
    body_rows,
    caption,
    drawn,
    leaders,
    notes,
    of_class,
    one,
    parse,
    shown_text,
    text_of,
)
from tests.support.pictures import long_doc, made_doc

#: Of which text is not to be taken for markup; each would do harm where it stands.
STYLES = ["attention", "words"]
HOSTILE = ["<script>alert(1)</script>", "</td></table>", '"><img', "'onerror='x", "&amp;", "<!--", "{text}"]


@pytest.mark.parametrize("style", STYLES)
class TestBoth:
    def test_names_the_same_pair(self, style: str) -> None:
        assert caption(drawn(made_doc(), style))[1] == "related want (token 1)"

    def test_says_that_there_is_no_related_word(self, style: str) -> None:
        assert caption(drawn(made_doc(pair=(2, -1)), style))[1] == "no related word"

    def test_says_that_a_mean_has_no_focus(self, style: str) -> None:
        lines = caption(drawn(made_doc(pair=(-1, -1)), style))
        assert lines[0] == "no focus: the vector is a mean of sentences"
        assert not any("related" in line for line in lines)

    def test_says_that_a_selection_names_no_focus(self, style: str) -> None:
        select = {"@misc": "spacy-trend-tests.no_focus.v1"}
        spacy_trend.allow_selection(select["@misc"])
        lines = caption(drawn(made_doc(pair=(-1, -1), select=select), style))
        assert lines[0] == "no focus: the selection names none"

    @pytest.mark.parametrize("text", ["", "   ", "..."])
    def test_says_that_there_are_no_words(self, text: str, style: str) -> None:
        doc = made_doc(
            [text] if text else [], np.zeros((12, 0)), (-1, -1), not_words=[text], spaces=[False] * bool(text)
        )
        root = drawn(doc, style, page=True)
        (said,) = one(root.iter("figure"))
        assert text_of(said).startswith("No words, so nothing to show")
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
            assert not {"src", "action", "style"} & set(element.attrib)
            assert element.get("href", "#").startswith(("#", "data:,"))
        assert "url(" not in STYLE_SHEET
        assert "@import" not in STYLE_SHEET

    def test_tells_the_language(self, style: str) -> None:
        root = drawn(made_doc(vocab=spacy.blank("de").vocab), style)
        assert one(of_class(root, "spacy-trend")).get("lang") == "en"
        holder = one(root.iter("thead"))[0] if style == "attention" else one(of_class(root, "trend-flow"))
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
        holder = "trend-scroll" if style == "attention" else "trend-flow"
        assert one(of_class(drawn(doc, style), holder)).get("dir") == direction

    def test_of_several_has_one_style_sheet_and_no_ids(self, style: str) -> None:
        doc = made_doc()
        root = drawn([doc, doc[0:2], long_doc(5)], style)
        assert len(list(root.iter("figure"))) == 3
        assert len(list(root.iter("style"))) == 1
        assert not any("id" in element.attrib for element in root.iter())

    def test_of_several_has_one_legend_before_them(self, style: str) -> None:
        doc = made_doc()
        kinds = [element.tag for element in drawn([doc, doc[0:2], long_doc(5)], style)[0]]
        assert kinds == ["style", "aside", "figure", "figure", "figure"]
        assert [element.tag for element in drawn(doc, style)[0]] == ["style", "figure", "aside"]

    def test_of_several_selections_names_each_once(self, style: str) -> None:
        other = made_doc(select={"@misc": "own.v1"})
        said = notes(drawn([made_doc(), other, made_doc(), other], style))
        assert said.count("Selection: ") == 2
        assert said.count("Shade: ") == 1

    def test_300_short_texts_stay_small(self, style: str) -> None:
        words = ["What", "contemptible", "scoundrel", "stole", "the", "cork", "from", "my", "lunch", "."]
        doc = made_doc(words, np.random.default_rng(0).uniform(0, 2, (12, 9)), (4, 3))
        markup = render([doc] * 300, style, page=True)
        assert markup is not None
        assert len(markup.encode()) < 600_000

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


class TestRegions:
    def test_that_scroll_are_for_the_keyboard(self) -> None:
        region = one(of_class(drawn(made_doc()), "trend-scroll"))
        assert (region.get("tabindex"), region.get("role")) == ("0", "region")
        assert "I want an apple." in region.get("aria-label", "")
        index = one(drawn([made_doc()] * 2, page=True).iter("nav"))
        assert (index.get("tabindex"), index.get("aria-label")) == ("0", "Texts")


class TestSpans:
    def test_shows_its_words_alone(self) -> None:
        doc = made_doc()
        root = drawn(doc[2:5])
        assert [text_of(cell) for cell in one(root.iter("thead")).iter("th")] == ["focus an", "related apple"]
        assert leaders(root) == [[], [], [0]]
        assert leaders(root, "trend-ties") == [[0, 1], [0, 1], []]
        assert caption(root) == [
            "focus an (token 2), leader of head 2, the row that decides",
            "related apple (token 3)",
        ]

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
        flow = one(of_class(drawn(made_doc()[2:5], "words"), "trend-flow"))
        assert shown_text(flow) == "an apple."

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
        assert headings[0] == "1 I want an apple."
        assert len(headings[1].removeprefix("2 ")) <= 80
        assert headings[1].endswith("…")
        assert len(list(page.iter("style"))) == 1

    def test_of_several_texts_has_an_index(self) -> None:
        root = drawn([made_doc(), long_doc(), made_doc(["."], np.zeros((1, 0)), (-1, -1))], page=True)
        links = list(one(root.iter("nav")).iter("a"))
        assert [text_of(link) for link in links][::2] == ["I want an apple.", "."]
        headings = {heading.get("id"): text_of(heading) for heading in root.iter("h2")}
        for number, link in enumerate(links, start=1):
            assert headings[link.get("href", "").removeprefix("#")] == f"{number} {text_of(link)}"

    def test_of_one_text_has_none(self) -> None:
        root = drawn(made_doc(), page=True)
        assert list(root.iter("nav")) == []
        assert not any("id" in element.attrib for element in root.iter())

    def test_of_the_style_attention_shows_its_headings(self) -> None:
        seen = {}
        for style in STYLES:
            heading = one(drawn(made_doc(), style, page=True).iter("h2"))
            seen[style] = "trend-unseen" not in heading.get("class", "")
        assert seen == {"attention": True, "words": False}

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
        with pytest.raises(
            ValueError, match=r"style='dep' is unknown\. Expected 'attention' or 'words' or 'similarity'"
        ):
            render(made_doc(), "dep")

    @pytest.mark.parametrize(
        ("docs", "got"),
        [
            ("text", "'text' of type str"),
            ([1], "1 of type int"),
            (None, "None of type NoneType"),
            (3, "3 of type int"),
        ],
    )
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

    def test_shows_itself_if_asked(self, shown: list[str]) -> None:
        assert render(made_doc(), jupyter=True) is None
        assert one(parse(shown[0])).get("class") == "tex2jax_ignore mathjax_ignore"

    def test_finds_out_where_it_is(self, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        assert render(made_doc()) is not None
        monkeypatch.setattr("spacy_trend.visualize.is_in_jupyter", lambda: True)
        assert render(made_doc()) is None
        assert render(made_doc(), jupyter=False) is not None
        assert len(shown) == 1


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

    def test_shows_a_mean_of_sentences_and_each(self, shared_nlp: Callable[..., Language]) -> None:
        doc = shared_nlp({"level": "sentence"})("She sold the house. It was raining.")
        assert caption(drawn(doc)) == ["no focus: the vector is a mean of sentences"]
        assert of_class(drawn(doc), "trend-decides") == []
        for sentence, figure in zip(doc.sents, drawn(doc.sents, "words").iter("figure"), strict=True):
            assert caption(figure)[0].startswith(f"focus {sentence._.trend_focus.text} ")

    def test_shows_docs_without_words_among_others(self, tiny: Language) -> None:
        root = drawn(list(tiny.pipe(["", "She came.", " ", "?!"])), "words")
        assert ["No words" in text_of(figure) for figure in root.iter("figure")] == [True, False, True, True]
