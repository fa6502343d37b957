"""Findings of an examination: plain data, and how to print them."""

from collections.abc import Callable, Iterable
from functools import partial
from textwrap import indent, shorten
from typing import Any, NamedTuple, TypeVar

from ..console import msg, printable

_T = TypeVar("_T")


class Finding(NamedTuple):
    """One finding of an examination.

    Attributes:
        status: "ok", "warning" or "error"; with an error, the pipeline does not work.
        about: the topic, one word that stays the same from version to version.
        text: what was found.
        fix: what to do about a warning or an error, if possible as a command or line of code.
    """

    status: str
    about: str
    text: str
    fix: str | None = None


def fine(about: str, text: str) -> Finding:
    """Return a finding with nothing to fix."""
    return Finding("ok", about, text)


def warning(about: str, text: str, fix: str) -> Finding:
    """Return a finding with which the pipeline works, but perhaps not as expected."""
    return Finding("warning", about, text, fix)


def error(about: str, text: str, fix: str) -> Finding:
    """Return a finding with which the pipeline does not work."""
    return Finding("error", about, text, fix)


class Failure(NamedTuple):
    """What an attempt came to that failed.

    Attributes:
        raised: the exception.
        message: its message; empty if it cannot tell one.
    """

    raised: BaseException
    message: str


def attempt(do: Callable[[], _T]) -> _T | Failure:
    """Return what a function returns, or how it failed.

    Components and files of other packages may raise anything: errors of their own, and what is no
    `Exception`, such as a panic of code in Rust or an exit.

    Args:
        do: the function.

    Raises:
        KeyboardInterrupt: if the user ends the examination; no failure of what is examined.
        GeneratorExit: likewise, if a generator that examines is closed.
    """
    try:
        return do()
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as raised:  # noqa: BLE001 - see above
        # An exception, too, may be a class of another package, whose message fails.
        message = attempt(partial(str, raised))
        return Failure(raised, message if isinstance(message, str) else "")


def from_failure(about: str, failure: Failure, fix: str, prefix: str = "") -> Finding:
    """Return a failure as an error.

    Args:
        about: the topic.
        failure: the failure. The messages of this package say what was got, then what is expected and what
            to do, which becomes the fix.
        fix: what to do if the message does not say.
        prefix: what failed, as the beginning of the text.
    """
    got, expected, rest = failure.message.partition(" Expected ")
    if not isinstance(failure.raised, ImportError | OSError | ValueError) or not got:
        got = f"{type(failure.raised).__name__}: {got}"
    # Messages of other packages may be pages long.
    text = prefix + shorten(got, 600, placeholder=" ...")
    return error(about, text, f"Expected {rest}" if expected else fix)


def examined(about: str, part: str, look: Callable[[], list[Finding]]) -> list[Finding]:
    """Return findings on a part of a pipeline; if it cannot be examined, that is the finding.

    Args:
        about: the topic.
        part: what is examined, for the text.
        look: returns the findings.
    """
    found = attempt(look)
    if not isinstance(found, Failure):
        return found
    fix = f"Correct {part}, or take another one"
    return [from_failure(about, found, fix, prefix=f"{part} could not be examined: ")]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Return whether there is an error among the findings."""
    return any(finding.status == "error" for finding in findings)


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings in order, each with its fix below, and a last line that counts errors and warnings."""
    printers: dict[str, Any] = {"ok": msg.good, "warning": msg.warn, "error": msg.fail}
    counts = dict.fromkeys(printers, 0)
    for finding in findings:
        counts[finding.status] += 1
        printers[finding.status](finding.text)
        if finding.fix is not None:
            # No added line breaks, so that code can be copied.
            print(indent(f"Fix: {printable(finding.fix)}", "  "))
    msg.info(f"Errors: {counts['error']}, warnings: {counts['warning']}")
