"""A server of one page, which no client can hold up."""

import errno
import sys
import warnings
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref import simple_server

#: The highest number of a port.
LAST_PORT = 65535
#: After how many seconds without a byte a client is given up.
PATIENCE = 30.0


class Handler(simple_server.WSGIRequestHandler):
    """A handler of one request, which ends if its client neither sends nor takes anything."""

    timeout = PATIENCE

    def handle(self) -> None:
        """Answer the request, unless the client lets its time run out."""
        try:
            super().handle()
        except TimeoutError:
            self.log_error("Given up after %s seconds without a byte", self.timeout)


class Server(ThreadingMixIn, simple_server.WSGIServer):
    """A server that answers each request in a thread: a client that stalls keeps no other waiting."""

    daemon_threads = True
    # There, two servers would share a port.
    allow_reuse_address = sys.platform != "win32"


def listen(
    host: str, port: int, application: Callable[[Any, Any], list[bytes]], auto_select_port: bool
) -> simple_server.WSGIServer:
    """Return a server that listens.

    Args:
        host: the address to listen on.
        port: the port; 0 for any that is free.
        application: the WSGI application that answers.
        auto_select_port: take the next free port, with a warning, if this one is taken.

    Raises:
        ValueError: for a port that is none or is taken, or a host that this machine cannot listen on.
    """
    if not isinstance(port, int) or not 0 <= port <= LAST_PORT:
        raise ValueError(f"serve: got port={port!r:.40}. Expected a whole number from 0 to {LAST_PORT}.")
    for number in range(port, LAST_PORT + 1):
        try:
            server = simple_server.make_server(
                host, number, application, server_class=Server, handler_class=Handler
            )
        # What is no name of a host is a UnicodeError, a ValueError or a TypeError.
        except (OSError, ValueError, TypeError) as error:
            if getattr(error, "errno", None) != errno.EADDRINUSE:
                raise ValueError(
                    f"serve: cannot listen on port {number} of the host {host!r:.80}: {error}. Expected an "
                    "address of this machine, such as host='127.0.0.1', or '0.0.0.0' for all, and a port "
                    "that you may take, such as port=5000."
                ) from error
            if not auto_select_port:
                break
        else:
            if number != port != 0:
                warnings.warn(f"serve: port {port} of {host} is taken, so {number} is used.", stacklevel=3)
            return server
    raise ValueError(
        f"serve: port {port} of the host {host!r:.80} is taken"
        f"{', and so are all after it' if auto_select_port else ''}. Expected a free one: give another port, "
        "port=0 for any, or auto_select_port=True for the next."
    )
