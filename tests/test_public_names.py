"""What `import spacy_trend` hands on."""

import ast
import inspect
import pydoc
import re
from collections.abc import Callable
from importlib import import_module
from textwrap import dedent
from typing import Any

import pytest

import spacy_trend
from spacy_trend.attributes.hooks import install_hooks
from spacy_trend.attributes.stored_selection import allow_selection
from spacy_trend.component.factory import make_trend_vector, observe
from spacy_trend.component.presets import PRESETS
from spacy_trend.method.interface import Change, Select, Selection
from spacy_trend.pipelines import add_to
from spacy_trend.visualize import render, serve


def test_dir_lists_the_public_names_alone() -> None:
    assert dir(spacy_trend) == sorted([*spacy_trend.__all__, "__version__"])
    assert all(hasattr(spacy_trend, name) for name in spacy_trend.__all__)


def test_they_are_those_of_the_rooms() -> None:
    handed_on = {
        "Change": Change,
        "PRESETS": PRESETS,
        "Select": Select,
        "Selection": Selection,
        "add_to": add_to,
        "allow_selection": allow_selection,
        "install_hooks": install_hooks,
        "make_trend_vector": make_trend_vector,
        "observe": observe,
        "render": render,
        "serve": serve,
    }
    assert {name: getattr(spacy_trend, name) for name in handed_on} == handed_on


#: What stands in modules of its own, and the classes that a user is given.
ELSEWHERE = {
    "attribution.interface": ("Attribution", "SimilarityAttribution"),
    "compare": ("compare",),
    "corpus": ("embed_corpus", "search"),
    "doctor": ("examine", "diagnose"),
    "embedder": ("Embedder",),
    "reports": ("Report",),
    "reports.pushes": ("Push",),
    "reports.reasons": ("TextReasons",),
    "sklearn": ("TrendVectorizer", "report"),
}
EXTRAS = {"compare": "matplotlib", "corpus": "pyarrow", "embedder": "pyarrow", "sklearn": "sklearn"}


def functions_of(owner: Any) -> list[Callable[..., Any]]:
    """A function, or the public methods and properties that a class itself defines.

    A protocol is what a user writes.
    """
    if getattr(owner, "_is_protocol", False):
        return []
    if not inspect.isclass(owner):
        return [owner] if inspect.isfunction(owner) else []
    members = [member for name, member in vars(owner).items() if not name.startswith("_")]
    own = [member.fget if isinstance(member, property) else member for member in members]
    return [member for member in own if inspect.isfunction(member)]


def returned(function: Callable[..., Any]) -> str:
    """What a function says that it returns, as it is written."""
    (definition,) = ast.parse(dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    assert definition.returns is not None
    return ast.unparse(definition.returns)


@pytest.mark.parametrize("module", ["", *ELSEWHERE])
def test_what_public_functions_return_is_exact(module: str) -> None:
    if module in EXTRAS:
        pytest.importorskip(EXTRAS[module])
    place = import_module(f"spacy_trend.{module}".rstrip("."))
    names = ELSEWHERE.get(module) or spacy_trend.__all__
    functions = [function for name in names for function in functions_of(getattr(place, name))]
    assert functions
    inexact = {f.__qualname__: returned(f) for f in functions if re.search(r"\b(Any|object)\b", returned(f))}
    assert inexact == {}


def test_help_shows_the_public_names_and_where_others_are() -> None:
    shown = pydoc.plain(pydoc.render_doc(spacy_trend))
    missing = [name for name in spacy_trend.__all__ if not re.search(rf"\b{name}\b", shown)]
    assert missing == []
    described = re.findall(r"^ +spacy_trend\.(\w+) {2,}(\w+)", pydoc.plain(shown), flags=re.MULTILINE)
    assert [name for name, _ in described] == ["sklearn", "compare", "corpus", "embedder", "doctor"]
    assert all(first in ELSEWHERE[name] for name, first in described)
