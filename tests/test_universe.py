"""The entry for spaCy's universe: what its page needs is there and true, and its example runs."""

import json
import subprocess
import sys
from importlib.metadata import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import ROOT
from tests.support.scripts import WARNINGS_ARE_ERRORS

ENTRY: dict[str, Any] = json.loads((ROOT / "universe.json").read_text(encoding="utf8"))
#: Fields and their types, as website/UNIVERSE.md of explosion/spaCy has them.
TYPES = {
    "id": str,
    "title": str,
    "slogan": str,
    "description": str,
    "github": str,
    "pip": str,
    "code_example": list,
    "code_language": str,
    "url": str,
    "thumb": str,
    "image": str,
    "author": str,
    "author_links": dict,
    "category": list,
    "tags": list,
}
#: Those that stand without knowing where the repository will be published, or by whom.
REQUIRED = {"id", "title", "slogan", "description", "pip", "code_example", "author", "category", "tags"}
#: Of projects, from website/meta/universe.json of explosion/spaCy; those of educational materials are others.
CATEGORIES = {
    "apis",
    "conversational",
    "models",
    "nonpython",
    "pipeline",
    "research",
    "scientific",
    "standalone",
    "training",
    "visualizers",
}


def test_it_has_the_fields_that_are_required_and_no_unknown_ones() -> None:
    assert REQUIRED <= set(ENTRY) <= set(TYPES)


@pytest.mark.parametrize("field", ENTRY)
def test_a_field_has_its_type_and_a_value(field: str) -> None:
    value = ENTRY[field]
    assert isinstance(value, TYPES[field])
    assert value
    if isinstance(value, list):
        assert all(isinstance(item, str) for item in value)


def test_its_categories_are_known() -> None:
    assert set(ENTRY["category"]) <= CATEGORIES


def test_it_names_the_package_as_it_is_installed_and_its_licence_s_holder() -> None:
    assert ENTRY["pip"] == metadata("spacy-trend")["Name"]
    assert f" {ENTRY['author']}\n" in (ROOT / "LICENSE").read_text(encoding="utf8")


@pytest.mark.slow
def test_the_example_prints_what_its_comments_say(tmp_path: Path) -> None:
    lines = ENTRY["code_example"]
    pairs = pairwise(lines)
    expected = [after.removeprefix("# ") for line, after in pairs if line.startswith("print(")]
    command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", "\n".join(lines)]
    printed = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True).stdout
    assert printed.splitlines() == expected
    assert expected


def test_the_example_fits_the_page() -> None:
    assert max(map(len, ENTRY["code_example"])) <= 90
