"""Pictures served to a browser."""

import errno
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any
from wsgiref import simple_server

import pytest
import spacy
from spacy.tokens import Doc

from spacy_trend import render, serve
from spacy_trend.visualize.server import Handler
from tests.support.pictures import made_attribution, made_doc

STYLES = ["attention", "words"]


def free_port() -> int:
    with simple_server.make_server("127.0.0.1", 0, lambda *_: []) as server:
        return int(server.server_port)


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> bool:
    end = monotonic() + seconds
    while not holds() and monotonic() < end:
        sleep(0.02)
    return holds()


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

    def test_answers_with_an_attribution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        doc = made_doc()
        settings: dict[str, Any] = {"attribution": made_attribution(doc), "options": {"top": 1}}
        with (
            serving(monkeypatch, doc, port=free_port(), **settings) as address,
            urllib.request.urlopen(address) as answer,
        ):
            assert answer.read().decode("utf8") == render(doc, page=True, **settings)

    def test_answers_with_a_label_that_is_no_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        doc = made_doc()
        attribution = made_attribution(doc, label="half a pair: \ud83d")
        with (
            serving(monkeypatch, doc, port=free_port(), attribution=attribution) as address,
            urllib.request.urlopen(address) as answer,
        ):
            assert "half a pair: &#55357;" in answer.read().decode("utf8")

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

    @pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
    def test_gives_up_a_client_that_stalls(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sent: bytes
    ) -> None:
        monkeypatch.setattr(Handler, "timeout", 0.2)
        with serving(monkeypatch, made_doc(), port=0) as address:
            host, port = address.removeprefix("http://").split(":")
            before = threading.active_count()
            with socket.create_connection((host, int(port)), timeout=10) as stalled:
                stalled.sendall(sent)
                # The server closes the connection, and its thread ends.
                assert stalled.recv(100) == b""
            assert wait_until(lambda: threading.active_count() <= before)
        said = capsys.readouterr().err
        assert "Given up after 0.2 seconds" in said
        assert "Traceback" not in said

    def test_gives_up_a_client_that_takes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Handler, "timeout", 0.2)
        monkeypatch.setattr("spacy_trend.visualize._markup", lambda *given: "x" * 30_000_000)
        with serving(monkeypatch, made_doc(), port=0) as address:
            host, port = address.removeprefix("http://").split(":")
            before = threading.active_count()
            with socket.create_connection((host, int(port)), timeout=10) as stalled:
                stalled.sendall(b"GET / HTTP/1.1\r\n\r\n")
                assert wait_until(lambda: threading.active_count() > before)
                assert wait_until(lambda: threading.active_count() <= before)

    @pytest.mark.parametrize("port", [70000, 65536, -1, 10**30, "5000", 2.5, None])
    def test_refuses_what_is_no_port(self, port: Any) -> None:
        with pytest.raises(ValueError, match=r"serve: got port=.* whole number from 0 to 65535"):
            serve(made_doc(), port=port)

    @pytest.mark.parametrize(
        "host", ["192.0.2.1", "no such host", "a" * 300, "ü" * 80, "a\0b", "::1", None, 5]
    )
    @pytest.mark.parametrize("auto_select_port", [False, True])
    def test_names_a_host_that_it_cannot_listen_on(self, host: Any, auto_select_port: bool) -> None:
        with pytest.raises(
            ValueError, match=r"serve: cannot listen on port \d+ of the host .*Expected an addr"
        ):
            serve(made_doc(), host=host, port=free_port(), auto_select_port=auto_select_port)

    def test_names_a_port_that_it_may_not_take(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*given: Any, **settings: Any) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(simple_server, "make_server", refuse)
        with pytest.raises(ValueError, match=r"port 80 of the host '127\.0\.0\.1': .*Permission denied"):
            serve(made_doc(), port=80)

    def test_says_that_no_port_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried = []

        def refuse(host: str, port: int, *given: Any, **settings: Any) -> None:
            tried.append(port)
            raise OSError(errno.EADDRINUSE, "Address already in use")

        monkeypatch.setattr(simple_server, "make_server", refuse)
        with pytest.raises(ValueError, match=r"port 65533 of .* is taken, and so are all after it"):
            serve(made_doc(), port=65533, auto_select_port=True)
        assert tried == [65533, 65534, 65535]

    def test_finds_a_port_and_says_which(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with serving(monkeypatch, made_doc(), port=0) as address:
            assert not address.endswith(":0")
            with urllib.request.urlopen(address) as answer:
                assert answer.status == 200
        assert f"Serving on {address} ..." in capsys.readouterr().out

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
            with pytest.raises(ValueError, match=rf"port {port} of the host '127\.0\.0\.1' is taken\. Exp"):
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
