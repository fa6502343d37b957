"""Docs, spans and attributions as HTML pictures, in the manner of displaCy: which words, and what they add.

The markup needs no scripts and loads nothing: it is HTML and a style sheet. This room may import
`attribution`, `attributes`, `method`, `alignment` and the foundations.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from spacy.errors import Warnings
from spacy.tokens import Doc, Span
from spacy.util import is_in_jupyter

from ..attribution.interface import Attribution, SimilarityAttribution
from ..messages import shorten
from ..settings import check_choice
from .attention import draw_attention
from .markup import Drawing
from .options import PARTS, Options, read_options
from .page import as_fragment, as_page
from .parts import check_attribution, draw_parts
from .picture import Picture, picture_of
from .similarity import draw_similarity
from .words import draw_words

_STYLES: dict[str, Callable[[Picture, Options, bool], Drawing]] = {
    "attention": draw_attention,
    "words": draw_words,
}
#: The style that draws two texts.
SIMILARITY = "similarity"

Item: TypeAlias = Doc | Span
#: One or several, or pairs of them.
Items: TypeAlias = Item | Iterable[Item] | Iterable[tuple[Item, Item]]
Attributions: TypeAlias = Attribution | SimilarityAttribution | Iterable[Attribution | SimilarityAttribution]


def render(
    docs: Items,
    style: str = "attention",
    page: bool = False,
    jupyter: bool | None = None,
    *,
    attribution: Attributions | None = None,
    options: Mapping[str, Any] | None = None,
) -> str | None:
    """Draw one or several docs or spans that `trend_vector` ran on.

    Args:
        docs: what to draw. A span shows only its own words, and the pair selected among them. For the style
            "similarity" two of them, or several pairs.
        style: "attention" for a table of rows by words with the attention received, each row's leader marked,
            and, if the selection read it, the mutual attention of the pair. "words" for the text, each word
            shaded by its importance. Both name the focus and the related word. "similarity" for two texts
            side by side, each word shaded by what it adds to their cosine, the strongest pairs named.
        page: return a complete HTML document instead of a fragment; of several pictures with an index.
        jupyter: display the picture in a notebook; None to do so when running in one.
        attribution: an `Attribution` of the doc or span, or one for each of several: the text is drawn with
            each word's part of the score, and the sum. For "similarity" a `SimilarityAttribution`; without,
            it is computed.
        options: "compact" (bool; by default True from 20 pictures on): less of each text;
            "top" (int): how many words or pairs are named; "colors": a dictionary with "shade", "positive"
            or "negative" and colours such as "#6ea8dc"; "heads" (int): how many heads a layer has, if the
            rows of a selection of your own are the heads of several layers.

    Returns:
        the markup; None if it was displayed in a notebook.

    Raises:
        ValueError: for an unknown style or option, an item that is neither a doc nor a span, an attribution
            of other words, or a doc that `trend_vector` has not run on or whose tokens were merged or split
            since.
    """
    markup = _markup(docs, style, page, attribution, options)
    if jupyter or (jupyter is None and is_in_jupyter()):
        # By name, because IPython is only there in a notebook.
        display = import_module("IPython.display")
        # The classes keep MathJax from reading text between dollar signs as a formula.
        display.display(display.HTML(f'<div class="tex2jax_ignore mathjax_ignore">{markup}</div>'))
        return None
    return markup


def check_style(style: str) -> None:
    """Refuse an unknown style.

    Args:
        style: as for `render`.

    Raises:
        ValueError: as `check_choice`.
    """
    check_choice("render", "style", style, (*_STYLES, SIMILARITY))


def serve(
    docs: Items,
    style: str = "attention",
    page: bool = True,
    port: int = 5000,
    host: str = "127.0.0.1",
    auto_select_port: bool = False,
    *,
    attribution: Attributions | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Serve pictures of docs or spans over HTTP until interrupted with Ctrl-C.

    Args:
        docs: as for `render`.
        style: as for `render`.
        page: as for `render`.
        port: the port to serve on; 0 for any that is free.
        host: the address to serve on: by default this machine alone can see the pictures; with "0.0.0.0"
            everybody on the network can.
        auto_select_port: take the next free port if this one is taken.
        attribution: as for `render`.
        options: as for `render`.

    Raises:
        ValueError: as `render`, for a port that is none or is taken, and for a host that this machine cannot
            listen on.
    """
    # Here, because few users serve.
    from .server import listen

    body = _markup(docs, style, page, attribution, options)
    server = listen(host, port, _application(body.encode("utf8", "xmlcharrefreplace")), auto_select_port)
    if is_in_jupyter():
        warnings.warn(Warnings.W011, stacklevel=2)
    print(f"\nUsing the '{style}' visualizer")
    print(f"Serving on http://{host}:{server.server_port} ...\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"Shutting down server on port {server.server_port}.")
    finally:
        server.server_close()


def _application(body: bytes) -> Callable[[Any, Any], list[bytes]]:
    """Return a WSGI application that answers every request with the same HTML."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


def _markup(
    docs: Items,
    style: str,
    page: bool,
    attribution: Attributions | None,
    options: Mapping[str, Any] | None,
) -> str:
    check_style(style)
    shown = PARTS if attribution is not None and style != SIMILARITY else style
    checked = read_options(options, shown)
    draw = _draw_pairs if style == SIMILARITY else _draw_items
    drawings = draw(docs, style, attribution, checked)
    return as_page(drawings, shown, checked.colors) if page else as_fragment(drawings, checked.colors)


def _draw_items(docs: Any, style: str, attribution: Any, options: Options) -> list[Drawing]:
    items = _as_list(docs)
    for item in items:
        _check_item(item)
    is_compact = options.is_compact(len(items))
    pictures = [picture_of(item) for item in items]
    if attribution is None:
        return [_STYLES[style](picture, options, is_compact) for picture in pictures]
    attributions = _as_many(attribution, len(items))
    for item, picture, of_item in zip(items, pictures, attributions, strict=True):
        check_attribution(item, picture, of_item)
    of_items = zip(pictures, attributions, strict=True)
    return [draw_parts(picture, of_item, options, is_compact) for picture, of_item in of_items]


def _draw_pairs(docs: Any, style: str, attribution: Any, options: Options) -> list[Drawing]:
    given = _as_list(docs)
    pairs = [tuple(pair) for pair in given] if _are_pairs(given) else [tuple(given)]
    for pair in pairs:
        if len(pair) != 2:
            raise ValueError(
                f"render: got {len(pair)} {'text' if len(pair) == 1 else 'texts'} for the style {style!r}. "
                "Expected two docs or spans, such as render((doc, other), style='similarity'), or a list of "
                "such pairs."
            )
        for item in pair:
            _check_item(item)
    is_compact = options.is_compact(len(pairs))
    attributions = [None] * len(pairs) if attribution is None else _as_many(attribution, len(pairs))
    of_pairs = zip(pairs, attributions, strict=True)
    return [draw_similarity(pair[0], pair[1], of_pair, options, is_compact) for pair, of_pair in of_pairs]


def _as_list(docs: Any) -> list[Any]:
    """Return several as a list. The items of a text are letters, and what has none is one that is refused."""
    is_one = isinstance(docs, Doc | Span | str) or not isinstance(docs, Iterable)
    return [docs] if is_one else list(docs)


def _are_pairs(given: list[Any]) -> bool:
    return len(given) > 0 and all(isinstance(pair, tuple | list) for pair in given)


def _as_many(attribution: Any, pictures: int) -> list[Any]:
    is_one = isinstance(attribution, Attribution | SimilarityAttribution) or not isinstance(
        attribution, Iterable
    )
    attributions = [attribution] if is_one else list(attribution)
    if len(attributions) != pictures:
        raise ValueError(
            f"render: got {_count(len(attributions), 'attribution')} for {_count(pictures, 'picture')}. "
            "Expected one for each: give a list of them, in the order of the texts."
        )
    return attributions


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _check_item(item: Any) -> None:
    if not isinstance(item, Doc | Span):
        raise ValueError(
            f"render: got {shorten(item, 40)} of type {type(item).__name__}. Expected a Doc or a Span, or "
            "several of them: call nlp on the text and draw the result."
        )
