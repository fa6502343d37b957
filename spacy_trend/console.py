"""What commands say on the console: whatever it holds, the terminal shows it and obeys nothing in it."""

import logging
import sys
from typing import Any

from wasabi import Printer

from .messages import without_controls


class Console(Printer):
    """A printer of messages that escapes the characters that a terminal obeys, in titles and in texts.

    Attributes:
        is_quiet: whether it leaves out what is neither a warning nor an error.
    """

    is_quiet = False

    def good(self, *args: Any, **settings: Any) -> Any:
        """Print a success, unless the console is quiet.

        Args:
            *args: as for `wasabi.Printer.good`.
            **settings: likewise.

        Returns:
            As `wasabi.Printer.good`.
        """
        return None if self.is_quiet else super().good(*args, **settings)

    def info(self, *args: Any, **settings: Any) -> Any:
        """Print an information, unless the console is quiet.

        Args:
            *args: as for `wasabi.Printer.info`.
            **settings: likewise.

        Returns:
            As `wasabi.Printer.info`.
        """
        return None if self.is_quiet else super().info(*args, **settings)

    def text(self, title: Any = "", text: Any = "", *args: Any, **settings: Any) -> Any:
        """Print a message; all kinds of messages end here.

        Args:
            title: the first line.
            text: what stands below, with line breaks of its own.
            *args: as for `wasabi.Printer.text`.
            **settings: likewise.

        Returns:
            As `wasabi.Printer.text`.
        """
        return super().text(printable(title), printable(text), *args, **settings)


def printable(value: Any) -> str:
    """Return a value as text, with its line feeds, and escapes in place of the others that a terminal obeys.

    Args:
        value: a text, or anything else that `str` writes, such as an exception.
    """
    return "\n".join(map(without_controls, str(value).split("\n")))


class StandardError(logging.Handler):
    """A handler that writes to what is the standard error at the time, as `logging.lastResort` does."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record on a line.

        Args:
            record: what was logged.
        """
        try:
            print(printable(self.format(record)), file=sys.stderr, flush=True)
        except Exception:  # noqa: BLE001 - as every handler: what is said must not stop the work
            self.handleError(record)


#: As `wasabi.msg`.
msg = Console()
_HANDLER = StandardError()


def listen_to(logger: logging.Logger, *, is_quiet: bool) -> None:
    """Show on the console what a logger is told, and be quiet or not.

    Args:
        logger: which gets a handler, unless it has that one already.
        is_quiet: whether to leave out what is neither a warning nor an error.
    """
    logger.addHandler(_HANDLER)
    logger.setLevel(logging.WARNING if is_quiet else logging.INFO)
    msg.is_quiet = is_quiet
