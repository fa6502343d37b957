"""What an examination found: plain data, and how it is printed."""

from collections.abc import Iterable
from pickle import UnpicklingError
from textwrap import indent, shorten
from typing import Any, NamedTuple

from wasabi import msg

#: What fails in files and components of others: settings, packages, weights of another shape or format.
FAILURES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, OSError, RuntimeError),
    *(TypeError, UnpicklingError, ValueError),
)


class Finding(NamedTuple):
    """One thing that an examination found.

    status: "ok", "warning" or "error"; with an error, the pipeline does not work.
    about: what it is about, one word that stays the same from version to version.
    text: what was found.
    fix: for a warning or an error, what to do, as a command or line of code where there is one.
    """

    status: str
    about: str
    text: str
    fix: str | None = None


def fine(about: str, text: str) -> Finding:
    """A finding with nothing to mend."""
    return Finding("ok", about, text)


def warning(about: str, text: str, fix: str) -> Finding:
    """A finding with which the pipeline works, but perhaps not as expected."""
    return Finding("warning", about, text, fix)


def error(about: str, text: str, fix: str) -> Finding:
    """A finding with which the pipeline does not work."""
    return Finding("error", about, text, fix)


def from_exception(about: str, raised: Exception, fix: str, where: str = "") -> Finding:
    """An error out of what was raised.

    fix: where the message has none. Ours have: they say what was got, then what is expected and what to do.
    where: what failed, to stand before the message.
    """
    got, expected, rest = str(raised).partition(" Expected ")
    if not isinstance(raised, ImportError | OSError | ValueError) or not got:
        got = f"{type(raised).__name__}: {got}"
    # Messages of other packages may be pages long.
    text = where + shorten(got, 600, placeholder=" ...")
    return error(about, text, f"Expected {rest}" if expected else fix)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether there is an error among the findings."""
    return any(finding.status == "error" for finding in findings)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings in their order, the fix below each that has one, and in the last line how many."""
    printers: dict[str, Any] = {"ok": msg.good, "warning": msg.warn, "error": msg.fail}
    counts = dict.fromkeys(printers, 0)
    for finding in findings:
        counts[finding.status] += 1
        printers[finding.status](finding.text)
        if finding.fix is not None:
            # Without line breaks of our own, so that code can be copied.
            print(indent(f"Fix: {finding.fix}", "  "))
    msg.info(f"Errors: {counts['error']}, warnings: {counts['warning']}")
