"""Pictures served to a browser."""

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref import simple_server

import pytest
import spacy
from spacy.tokens import Doc

from spacy_trend import render, serve
from tests.support.pictures import made_doc

STYLES = ["attention", "words"]


def free_port() -> int:
    with simple_server.make_server("127.0.0.1", 0, lambda *_: []) as server:
        return int(server.server_port)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, docs: Any, **settings: Any) -> Iterator[str]:
    """The address where docs are served in a thread."""
    made: list[Any] = []
    is_made = threading.Event()
    make_server = simple_server.make_server

    def make(*args: Any, **kwargs: Any) -> Any:
        made.append(make_server(*args, **kwargs))
        is_made.set()
        return made[0]

    monkeypatch.setattr(simple_server, "make_server", make)
    thread = threading.Thread(target=serve, args=[docs], kwargs=settings)
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

    def test_answers_beside_a_client_that_stalls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(monkeypatch, made_doc(), port=free_port()) as address:
            host, port = address.removeprefix("http://").split(":")
            with socket.create_connection((host, int(port))) as stalled:
                stalled.sendall(b"GET / HTTP/1.1\r\n")
                with urllib.request.urlopen(address, timeout=10) as answer:
                    assert answer.read().decode("utf8") == render(made_doc(), page=True)

    def test_says_where_and_stops_at_an_interrupt(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def interrupt(server: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(simple_server.WSGIServer, "serve_forever", interrupt)
        port = free_port()
        serve(made_doc(), port=port)
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
