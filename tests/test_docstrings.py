"""Docstrings give the shapes of arrays; ruff checks what else they must say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

#: Names of arrays in annotations: numpy's, torch's, and this package's own for them.
ARRAYS = re.compile(r"\b(Floats|Floats2d|Ints|NDArray|Tensor|ndarray)\b")
#: Such as `(words, width)` or `(words,)`, in backticks; or any.
SHAPE = re.compile(r"`\([^`()]*,[^`()]*\)`|of any shape")


def without_shapes(source: str) -> list[str]:
    """Return the names of the public definitions with arrays whose docstrings give no shape."""
    return [name for name, annotations, doc in _definitions(ast.parse(source)) if _lacks(annotations, doc)]


def _definitions(parent: ast.Module | ast.ClassDef) -> Iterator[tuple[str, list[str], str]]:
    """Yield the name, annotations and docstring of what is public; magic methods are told of by the class."""
    for child in parent.body:
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            fields = [field.annotation for field in child.body if isinstance(field, ast.AnnAssign)]
            yield child.name, list(map(ast.unparse, fields)), ast.get_docstring(child) or ""
            yield from _definitions(child)
        elif isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            given = [*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs]
            annotations = [argument.annotation for argument in given] + [child.returns]
            unparsed = [ast.unparse(annotation) for annotation in annotations if annotation]
            yield child.name, unparsed, ast.get_docstring(child) or ""


def _lacks(annotations: list[str], doc: str) -> bool:
    # The arrays of a function that is given or returned are that function's own.
    own = (annotation for annotation in annotations if "Callable" not in annotation)
    return any(map(ARRAYS.search, own)) and not SHAPE.search(doc)


@pytest.mark.parametrize("path", sorted((ROOT / "spacy_trend").rglob("*.py")), ids=lambda path: path.stem)
def test_arrays_have_shapes(path: Path) -> None:
    assert without_shapes(path.read_text(encoding="utf8")) == []


def test_an_array_without_a_shape_is_found() -> None:
    function = 'def f(x: Floats) -> {}:\n    """Return `{}`."""\n'
    assert without_shapes(function.format("int", "f(x)")) == ["f"]
    assert without_shapes(function.format("Tensor | None", "(words, width)")) == []
    assert without_shapes('class A:\n    """A."""\n    field: dict[str, NDArray[Any]]') == ["A"]
    assert without_shapes("def f(x: Callable[[Floats], Ints]) -> int: ...") == []
