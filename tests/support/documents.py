"""The README and the pages of the documentation: their blocks, and how a page runs from top to bottom."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.checkout import ROOT

README = ROOT / "README.md"
#: What a reader is shown, block by block.
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
#: How far a number that is shown may be from the one that is printed: encoders round differently elsewhere.
LEEWAY = 0.03


class Block(NamedTuple):
    """What stands between two fences.

    Attributes:
        language: as the first fence names it.
        text: the lines between them.
        page: where it stands.
        line: the number of the first of these lines.
    """

    language: str
    text: str
    page: Path
    line: int


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The blocks of a page, in order; of one language, or all."""
    text = page.read_text(encoding="utf8")
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    of_page = [Block(one[1], one[2], page, text.count("\n", 0, one.start(2)) + 1) for one in found]
    return [block for block in of_page if language in (None, block.language)]


def copy_checkout(folder: Path) -> None:
    """The files that a reader's commands need, and nothing that they have made."""
    shutil.copy(ROOT / "project.yml", folder)
    for name in ("assets", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("sms*", "*.label"))


def run_bash(block: Block, folder: Path) -> str:
    """Run a block of commands in a folder; RETURNS what they print."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "NO_COLOR": "1", "COLUMNS": "100"}
    command = ["bash", "-euo", "pipefail", "-c", block.text]
    result = subprocess.run(
        command, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf8"
    )
    return result.stdout


def run_python(block: Block, names: dict[str, Any]) -> str:
    """Run a block of Python among the names of those before; RETURNS what it prints."""
    # Blank lines before it, so that a traceback names the line of the page.
    code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


def run_blocks(chosen: list[Block], folder: Path) -> None:
    """Run blocks from top to bottom in a folder, which is the current one; what they show must be printed."""
    copy_checkout(folder)
    names: dict[str, Any] = {"__name__": "documents"}
    printed = ""
    for block in chosen:
        if block.language == "python":
            printed = run_python(block, names)
        elif block.language == "bash":
            printed = run_bash(block, folder)
        elif block.language == "text":
            assert_shown(block, printed)


def assert_shown(block: Block, printed: str) -> None:
    """Every line that a page shows is one that is printed, in this order; "..." stands for any others."""
    left = iter([line.rstrip() for line in printed.splitlines()])
    for line in block.text.splitlines():
        if line.strip() not in ("", "..."):
            assert any(_is_alike(line.rstrip(), other) for other in left), (
                f"{block.page.name}:{block.line}: the line {line!r} is not printed, or not in this place. "
                f"Printed is:\n{printed}"
            )


def _is_alike(shown: str, printed: str) -> bool:
    number = r"[+-]?\d+\.\d+"
    if re.sub(number, "#", shown) != re.sub(number, "#", printed):
        return False
    pairs = zip(re.findall(number, shown), re.findall(number, printed), strict=True)
    return all(abs(float(one) - float(other)) <= LEEWAY for one, other in pairs)


def anchors(page: Path) -> set[str]:
    """The anchors that a code host gives the headings of a page, and those that the page names itself."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures that are no addresses on the web."""
    text = page.read_text(encoding="utf8")
    targets = re.findall(r"\]\(([^()\s]+)\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]
