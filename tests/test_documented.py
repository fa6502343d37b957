"""The documentation names every setting and every function that a config can name."""

import re
from configparser import ConfigParser

import pytest

from spacy_trend.component.factory import DEFAULT_CONFIG
from tests.support.checkout import ROOT

PAGES = "\n".join(path.read_text(encoding="utf8") for path in sorted((ROOT / "docs").glob("*.md")))


def registered() -> list[str]:
    """The names under `spacy_misc`."""
    config = ConfigParser(interpolation=None, delimiters=("=",))
    config.read_string((ROOT / "setup.cfg").read_text(encoding="utf8"))
    lines = config["options.entry_points"]["spacy_misc"].split("\n")
    return [line.partition("=")[0].strip() for line in lines if line]


@pytest.mark.parametrize("setting", DEFAULT_CONFIG)
def test_a_setting_is_in_the_documentation(setting: str) -> None:
    assert re.search(rf"^\| `{setting}` \|", PAGES, flags=re.MULTILINE)


@pytest.mark.parametrize("name", registered())
def test_a_registered_function_is_in_the_documentation(name: str) -> None:
    # By its whole name, or in a table as `name` or `name(settings)`.
    short = re.escape(name.split(".")[1])
    assert name in PAGES or re.search(rf"`{short}[`(]", PAGES)
