"""The results of `scale.py`: sections of `benchmarks/SCALE.md`, and the numbers kept for its plan."""

import json
from pathlib import Path

from report import machine, write_section

SCALE = Path(__file__).parent / "SCALE.md"
NUMBERS = Path(__file__).parent / "scale.json"


def kept() -> dict[str, float]:
    """Return the numbers that commands have kept."""
    numbers: dict[str, float] = json.loads(NUMBERS.read_text(encoding="utf8")) if NUMBERS.exists() else {}
    return numbers


def keep(**numbers: float) -> None:
    """Keep numbers for `plan`."""
    NUMBERS.write_text(json.dumps({**kept(), **numbers}, indent=2) + "\n", encoding="utf8")


def write_found(title: str, body: str) -> None:
    """Print a section that begins with the machine, and write it to `SCALE`."""
    write_section(title, f"{machine()} {body}", SCALE)


def goal(value: float, bound: float, *, most: bool = False) -> str:
    """Return a value beside its goal, as text.

    Args:
        value: what was measured.
        bound: the goal.
        most: the value should be at most the bound, not at least.
    """
    met = value <= bound if most else value >= bound
    return (
        f"{value:.3f} (goal: {'at most' if most else 'at least'} {bound:.2f}; {'met' if met else 'missed'})"
    )
