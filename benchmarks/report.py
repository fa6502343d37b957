"""Tables of measurements, printed and written to `benchmarks/RESULTS.md` and files like it."""

import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "RESULTS.md"
PACKAGES = ("spacy", "spacy-transformers", "transformers", "torch", "numpy")
HEAD = "Written by the scripts in this folder, not by hand; each section by one run.\n"


def machine() -> str:
    """Return the machine and the versions, in a line."""
    capabilities = torch.cpu.get_capabilities()
    processor = capabilities.get("cpu_name") or platform.processor()
    extras = [name for name in ("avx512_f", "amx_bf16") if capabilities.get(name)]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"{date.today()}, {processor} ({', '.join(extras)}), {torch.get_num_threads()} threads, {device}; "
        f"Python {platform.python_version()}, {versions}."
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(title: str, body: str, path: Path = RESULTS) -> None:
    """Print a section and write it to the results, in place of the one with that title.

    Args:
        title: of the section.
        body: its text, in Markdown.
        path: the file of results.
    """
    section = f"## {title}\n\n{body.strip()}\n"
    print(section)
    text = path.read_text(encoding="utf8") if path.exists() else f"# {path.stem.capitalize()}\n\n{HEAD}"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", flags=re.DOTALL | re.MULTILINE)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = text.rstrip() + "\n\n" + section
    path.write_text(text.rstrip() + "\n", encoding="utf8")
