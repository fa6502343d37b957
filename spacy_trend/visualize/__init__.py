"""A doc or span as a picture in HTML: which words its vector came from, in the manner of spaCy's displaCy.

Markup, a style sheet and SVG alone: no scripts, and nothing from elsewhere.
"""

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from spacy.errors import Warnings
from spacy.tokens import Doc, Span
from spacy.util import find_available_port, is_in_jupyter

from ..settings import check_choice
from .drawing import as_fragment, as_page, figure, heat_map, shaded_words
from .picture import Picture, picture_of

_STYLES: dict[str, Callable[[Picture], str]] = {"attention": heat_map, "words": shaded_words}


def render(
    docs: Doc | Span | Iterable[Doc | Span],
    style: str = "attention",
    page: bool = False,
    jupyter: bool | None = None,
) -> str | None:
    """Draw docs or spans that `trend_vector` ran on, one or several.

    docs: of a span, its words alone are drawn, with the pair selected among them.
    style: "attention": rows x words with the attention received in each, each row's leader marked. "words":
        the text, each word shaded by the mean of its attention received over the rows. Both name the focus
        and the related word.
    page: a whole HTML document, rather than markup to put into one.
    jupyter: show it in a notebook; None to do so where this runs in one.
    RETURNS: the markup; None where it was shown in a notebook.
    RAISES: ValueError for an unknown style, what is neither a doc nor a span, or a doc that `trend_vector`
        has not run on or whose tokens were merged or split since.
    """
    markup = _markup(docs, style, page)
    if jupyter or (jupyter is None and is_in_jupyter()):
        # By name, because a notebook is the only place that has it.
        display = import_module("IPython.display")
        # MathJax, where a notebook has it, would take what stands between dollars for a formula.
        display.display(display.HTML(f'<div class="tex2jax_ignore mathjax_ignore">{markup}</div>'))
        return None
    return markup


def check_style(style: str) -> None:
    """Refuse a style that there is not. RAISES: ValueError."""
    check_choice("render", "style", style, tuple(_STYLES))


def serve(
    docs: Doc | Span | Iterable[Doc | Span],
    style: str = "attention",
    page: bool = True,
    port: int = 5000,
    host: str = "0.0.0.0",  # noqa: S104 # as displaCy  # as displaCy
    auto_select_port: bool = False,
) -> None:
    """Serve pictures of docs or spans over HTTP until interrupted from the keyboard.

    docs, style, page: as for `render`.
    port, host: where; by default everyone on the network can read it, "127.0.0.1" is for this machine alone.
    auto_select_port: take the next port that is free where this one is not.
    RAISES: as `render`, and ValueError where the port is taken.
    """
    # Here, because hardly anyone serves.
    from wsgiref.simple_server import make_server

    body = _markup(docs, style, page).encode("utf8")
    port = find_available_port(port, host, auto_select_port)
    if is_in_jupyter():
        warnings.warn(Warnings.W011, stacklevel=2)
    server = make_server(host, port, _application(body))
    print(f"\nUsing the '{style}' visualizer")
    print(f"Serving on http://{host}:{port} ...\n")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"Shutting down server on port {port}.")
    finally:
        server.server_close()


def _application(body: bytes) -> Callable[[Any, Any], list[bytes]]:
    """A WSGI application that answers every request with the same HTML."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


def _markup(docs: Doc | Span | Iterable[Doc | Span], style: str, page: bool) -> str:
    check_style(style)
    items = [docs] if isinstance(docs, Doc | Span) else list(docs)
    for item in items:
        if not isinstance(item, Doc | Span):
            raise ValueError(
                f"render: got {item!r:.40} of type {type(item).__name__}. Expected a Doc or a Span, or "
                "several: call nlp on the text and draw what it returns."
            )
    pictures = [picture_of(item) for item in items]
    figures = [figure(picture, _STYLES[style](picture) if picture.words else "") for picture in pictures]
    if not page:
        return as_fragment(figures)
    # In style "words" the text itself stands there.
    return as_page([picture.excerpt for picture in pictures], figures, are_seen=style == "attention")
