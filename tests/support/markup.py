"""Pictures, parsed: what is in them, and where."""

from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from spacy_trend import render

VOID = {"meta", "link"}


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
    return " ".join(text_of(note) for legend in of_class(root, "trend-legend") for note in legend)


def body_rows(root: Element) -> list[Element]:
    return [row for body in root.iter("tbody") for row in body]


def leaders(root: Element, mark: str = "trend-leads") -> list[list[int]]:
    """The marked cells of each row, by position."""
    return [
        [place for place, cell in enumerate(row.findall("td")) if mark in classes(cell)]
        for row in body_rows(root)
    ]


def row_names(root: Element) -> list[str]:
    return [text_of(one(row.findall("th"))) for row in body_rows(root)]


def shaded(root: Element) -> list[tuple[str, str, str]]:
    """The words of a text: each with its shade and its number."""
    return [
        (shown_text(word), classes(word)[0].removeprefix("trend-"), word.get("title", ""))
        for flow in of_class(root, "trend-flow")
        for word in flow
    ]


def shown_text(root: Element) -> str:
    """The text in a picture of a text, or a word of it, without the labels."""
    flow = (
        one(of_class(root, "trend-flow")) if root.tag == "div" and "trend-flow" not in classes(root) else root
    )
    parts = [flow.text or ""]
    for child in flow:
        parts += ["" if child.tag == "small" else shown_text(child), child.tail or ""]
    return "".join(parts)
