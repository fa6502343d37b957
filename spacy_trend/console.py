"""What commands say on the console: whatever it holds, the terminal shows it and obeys nothing in it."""

from typing import Any

from wasabi import Printer

from .messages import without_controls


class Console(Printer):
    """A printer of messages that escapes the characters that a terminal obeys, in titles and in texts."""

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


#: As `wasabi.msg`.
msg = Console()
