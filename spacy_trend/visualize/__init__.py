"""Docs and spans as HTML pictures that show which words a vector came from, in the manner of displaCy.

The markup needs no scripts and loads nothing: it is HTML, a style sheet and SVG. This room may import
`attributes`, `method`, `alignment` and the foundations.
"""

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from spacy.errors import Warnings
from spacy.tokens import Doc, Span
from spacy.util import is_in_jupyter

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
    """Draw one or several docs or spans that `trend_vector` ran on.

    Args:
        docs: what to draw. A span shows only its own words, and the pair selected among them.
        style: "attention" for a table of rows by words with the attention received, each row's leader marked.
            "words" for the text, each word shaded by the mean over the rows of its attention received. Both
            name the focus and the related word.
        page: return a complete HTML document instead of a fragment.
        jupyter: display the picture in a notebook; None to do so when running in one.

    Returns:
        the markup; None if it was displayed in a notebook.

    Raises:
        ValueError: for an unknown style, an item that is neither a doc nor a span, or a doc that
            `trend_vector` has not run on or whose tokens were merged or split since.
    """
    markup = _markup(docs, style, page)
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
    check_choice("render", "style", style, tuple(_STYLES))


def serve(
    docs: Doc | Span | Iterable[Doc | Span],
    style: str = "attention",
    page: bool = True,
    port: int = 5000,
    host: str = "127.0.0.1",
    auto_select_port: bool = False,
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

    Raises:
        ValueError: as `render`, for a port that is none or is taken, and for a host that this machine cannot
            listen on.
    """
    # Here, because few users serve.
    from .server import listen

    body = _markup(docs, style, page).encode("utf8")
    server = listen(host, port, _application(body), auto_select_port)
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


def _markup(docs: Doc | Span | Iterable[Doc | Span], style: str, page: bool) -> str:
    check_style(style)
    items = [docs] if isinstance(docs, Doc | Span) else list(docs)
    for item in items:
        if not isinstance(item, Doc | Span):
            raise ValueError(
                f"render: got {item!r:.40} of type {type(item).__name__}. Expected a Doc or a Span, or "
                "several of them: call nlp on the text and draw the result."
            )
    pictures = [picture_of(item) for item in items]
    figures = [figure(picture, _STYLES[style]) for picture in pictures]
    if not page:
        return as_fragment(figures)
    # In the style "words", the picture itself shows the text.
    return as_page([picture.excerpt for picture in pictures], figures, show_headings=style == "attention")
