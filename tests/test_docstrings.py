"""Docstrings say what ruff does not ask for: the shapes of arrays, and what is raised; the README names all.

The sources are read, not imported.
"""

import ast
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.support.checkout import ROOT

PACKAGE = ROOT / "spacy_trend"
README = (ROOT / "README.md").read_text(encoding="utf8")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

#: Names of arrays in annotations: numpy's, torch's, and this package's own for them.
ARRAYS = {"Floats", "Floats2d", "Ints", "NDArray", "Tensor", "ndarray"}

#: Such as `(words, width)` or `(words,)`, in backticks; or any.
SHAPE = re.compile(r"`\([^`()]*,[^`()]*\)`|of any shape")


def lacking(source: str, module: str = "module") -> list[str]:
    """What the docstrings of a module's public definitions lack."""
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else [f"{module}: no docstring"]
    for name, definition, owner in public_definitions(tree):
        own = ast.get_docstring(definition) or ""
        # A class speaks for its magic methods, as ruff has it.
        is_magic = definition.name.startswith("__")
        of_class = (owner and ast.get_docstring(owner)) or ""
        where = f"{module}:{definition.lineno} {name}"
        if not own and not is_magic:
            found.append(f"{where}: no docstring")
        arrays = arrays_of(definition)
        told = own + of_class if is_magic else own
        if arrays and not SHAPE.search(told):
            found.append(f"{where}: arrays without a shape such as `(words, width)`")
        untold = [array for array in arrays if array and not re.search(rf"\b{array}\b", told)]
        found += [f"{where}: nothing about {array}" for array in untold]
        unnamed = [error for error in raised(definition) if not names_raised(error, own, of_class)]
        found += [f"{where}: RAISES does not name {error}" for error in unnamed]
    return found


def public_definitions(
    parent: ast.Module | ast.ClassDef, prefix: str = ""
) -> Iterator[tuple[str, Definition, ast.ClassDef | None]]:
    """The name, definition and class of what is public in a module or class; magic methods with it."""
    owner = parent if isinstance(parent, ast.ClassDef) else None
    for child in parent.body:
        if isinstance(child, Definition) and not re.match(r"_(?!_\w+__$)", child.name):
            yield prefix + child.name, child, owner
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child, f"{prefix}{child.name}.")


def arrays_of(definition: Definition) -> list[str]:
    """The names of the arrays that a function takes, "" if it returns one; or those of a class's fields."""
    if isinstance(definition, ast.ClassDef):
        fields = [child for child in definition.body if isinstance(child, ast.AnnAssign)]
        return [ast.unparse(field.target) for field in fields if is_array(field.annotation)]
    given = definition.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    names = [argument.arg for argument in arguments if argument and is_array(argument.annotation)]
    return [*names, ""] if is_array(definition.returns) else names


def is_array(annotation: ast.AST | None) -> bool:
    """Whether an annotation is of arrays, or of a container of them; a callable's own are not counted."""
    match annotation:
        case None:
            return False
        case ast.Constant(value=str() as quoted):
            return is_array(ast.parse(quoted, mode="eval"))
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in ARRAYS
        case ast.Subscript(value=ast.Name(id="Callable" | "Literal")):
            return False
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[annotated, *_])):
            return is_array(annotated)
    return any(map(is_array, ast.iter_child_nodes(annotation)))


def raised(definition: Definition) -> list[str]:
    """The names of the exceptions that a function makes and raises by itself; none for a command, whose
    docstring is its help."""
    if isinstance(definition, ast.ClassDef) or is_command(definition):
        return []
    names = []
    rest: list[ast.AST] = list(definition.body)
    while rest:
        node = rest.pop(0)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            names.append(ast.unparse(node.exc.func).rpartition(".")[2])
        if not isinstance(node, ast.Lambda | Definition):
            rest += ast.iter_child_nodes(node)
    return list(dict.fromkeys(names))


def is_command(definition: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is decorated as a command of Typer's."""
    return any(".command(" in ast.unparse(decorator) for decorator in definition.decorator_list)


def names_raised(error: str, *docstrings: str) -> bool:
    """Whether one of some docstrings says, after RAISES, when an exception is raised."""
    return any(error in docstring.partition("RAISES:")[2] for docstring in docstrings)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_docstrings_lack_nothing(path: Path) -> None:
    found = lacking(path.read_text(encoding="utf8"), str(path.relative_to(ROOT)))
    assert not found, "\n".join(found)


def test_settings_are_in_the_readme() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE))
    settings = default_config((PACKAGE / "factory.py").read_text(encoding="utf8"))
    assert {"preset", "select", "change"} <= set(settings)
    assert [name for name in settings if name not in rows] == []


def test_registered_functions_are_in_the_readme() -> None:
    names = registered((ROOT / "setup.cfg").read_text(encoding="utf8"))
    assert {"spacy-trend.leading_pair.v1", "spacy-trend.log_ratio.v1"} <= set(names)
    assert [name for name in names if not is_shown(name, README)] == []


def default_config(source: str) -> dict[str, object]:
    """The settings of a factory and their defaults, out of its module's DEFAULT_CONFIG."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "DEFAULT_CONFIG" and node.value:
            config: dict[str, object] = ast.literal_eval(node.value)
            return config
    raise AssertionError("No DEFAULT_CONFIG.")


def registered(setup: str) -> list[str]:
    """The names under `spacy_misc`."""
    config = ConfigParser(interpolation=None, delimiters=("=",))
    config.read_string(setup)
    lines = config["options.entry_points"]["spacy_misc"].split("\n")
    return [line.partition("=")[0].strip() for line in lines if line]


def is_shown(name: str, text: str) -> bool:
    """Whether a function is in a text: by its whole name, or in backticks as `name` or `name(settings)`."""
    short = re.escape(name.split(".")[1])
    return name in text or bool(re.search(rf"`{short}[`(]", text))


def test_a_function_is_shown_by_either_name() -> None:
    assert is_shown("spacy-trend.difference.v1", "| `difference` | what |")
    assert is_shown("spacy-trend.signed_log.v1", "`signed_log(scale=0.1)`")
    assert is_shown("spacy-trend.signed_log.v1", '"spacy-trend.signed_log.v1"')
    assert not is_shown("spacy-trend.difference.v1", "by_difference is the difference, `difference_of`")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", ["m: no docstring"]),
        ("def _private(words: Ints): raise ValueError(1)", ["m: no docstring"]),
        ('"""M."""\ndef f(): pass', ["m:2 f: no docstring"]),
        ('"""M."""\nclass A: pass', ["m:2 A: no docstring"]),
    ],
)
def test_a_missing_docstring_is_found(source: str, expected: list[str]) -> None:
    assert lacking(source, "m") == expected


NO_SHAPE = "arrays without a shape such as `(words, width)`"


@pytest.mark.parametrize(
    ("signature", "docstring", "expected"),
    [
        ("f(x: Floats)", "Of x.", [NO_SHAPE]),
        ("f(x: Floats)", "x: float32 `(words, width)`.", []),
        ("f(x: Floats)", "x: float32 `(words,)`.", []),
        ("f(x: Floats)", "x: float32 of any shape.", []),
        ("f(x: Floats)", "x: see `f(words)`, (words, width).", [NO_SHAPE]),
        ("f(x: Floats, y: Ints)", "x: float32 `(words,)`.", ["nothing about y"]),
        ("f(*, x: np.ndarray)", "Of x.", [NO_SHAPE]),
        ("f(*x: 'torch.Tensor')", "Of x.", [NO_SHAPE]),
        ("f(x: list[Tensor] | None = None)", "Of x.", [NO_SHAPE]),
        ("f(x: Annotated[Tensor, 'what it is'])", "Of x.", [NO_SHAPE]),
        ("f() -> dict[str, NDArray[np.float32]]", "What is it?", [NO_SHAPE]),
        ("f(x: Callable[[Floats], Floats])", "A function.", []),
        ("f(x: Literal['Tensor'], y: 'Docs', z: int)", "No array.", []),
    ],
)
def test_arrays_without_a_shape_are_found(signature: str, docstring: str, expected: list[str]) -> None:
    function = f'def {signature}:\n    """{docstring}"""\n'
    as_method = '"""M."""\nclass A:\n    """A."""\n' + indent(function, "    ")
    as_property = as_method.replace("    def", "    @property\n    def")
    assert complaints('"""M."""\n' + function) == expected
    assert complaints(as_method) == complaints(as_property) == expected


def test_fields_and_magic_methods_are_told_of_by_the_class() -> None:
    source = '''
        """M."""
        class A:
            """A.{}"""
            field: Floats
            def __init__(self, given: Floats) -> None:
                if not len(given):
                    raise m.OwnError(given)
    '''
    told = " given, field: `(words,)`. RAISES: OwnError."
    assert complaints(dedent(source).format(told)) == []
    of_class, of_init = "nothing about field", "nothing about given"
    found = [NO_SHAPE, of_class, NO_SHAPE, of_init, "RAISES does not name OwnError"]
    assert complaints(dedent(source).format("")) == found


@pytest.mark.parametrize(
    ("docstring", "body", "expected"),
    [
        ("F.", "raise ValueError(1)", ["RAISES does not name ValueError"]),
        ("F fails with a ValueError.", "raise ValueError(1)", ["RAISES does not name ValueError"]),
        ("F. RAISES: OSError.", "raise ValueError(1)", ["RAISES does not name ValueError"]),
        ("F. RAISES: ValueError.", "raise ValueError(1)", []),
        ("F.", "with a:\n  if b: raise ValueError(1) from b", ["RAISES does not name ValueError"]),
        ("F.", "try: a()\nexcept OSError as error: raise", []),
        ("F.", "def g():\n  raise ValueError(1)\nreturn g", []),
    ],
)
def test_what_is_raised_and_not_named_is_found(docstring: str, body: str, expected: list[str]) -> None:
    function = f'def f():\n    """{docstring}"""\n' + indent(body, "    ")
    assert complaints('"""M."""\n' + function) == expected
    assert complaints('"""M."""\n@app.command("f")\n' + function) == []
    named = '"""M."""\nclass A:\n    """RAISES: ValueError."""\n' + indent(function, "    ")
    assert complaints(named) == []


def complaints(source: str) -> list[str]:
    """What a source lacks, without where."""
    return [complaint.partition(": ")[2] for complaint in lacking(source)]
