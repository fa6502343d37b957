"""What is imported when: every `Language()` loads every registered factory, and so this package.

Each list of steps is taken in a Python of its own, where nothing was imported before. What `spacy.blank`
imports besides is for other packages' factories: transformers, which takes seconds, for spacy-transformers'.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy import Language
from spacy.tokens import DocBin

from tests.support.scripts import WARNINGS_ARE_ERRORS

#: They take long to import, or come with an extra. spaCy itself imports torch, where it is installed.
HEAVY = {
    *("transformers", "spacy_transformers", "pyarrow", "duckdb", "sklearn", "scipy", "matplotlib", "joblib"),
    "ray",
}
STEPS = ["import spacy", "import spacy_trend", "spacy.blank('en')"]
#: What every command of `python -m spacy` imports, ours or not.
COMMANDS = ["import spacy.cli", "import spacy_trend.cli"]
HELP = """
from typer.testing import CliRunner
assert "--window" in CliRunner().invoke(spacy.cli.app, ["trend", "embed", "--help"]).stdout
""".strip()
READING = """
from spacy.tokens import DocBin
from spacy.vocab import Vocab
(doc,) = DocBin().from_disk({path!r}).get_docs(Vocab())
read = [doc._.trend_vector, doc[:2]._.trend_vector, doc[0]._.trend_vector, spacy_trend.vectors([doc])]
read += [spacy_trend.word_vectors(doc), spacy_trend.span_vectors([doc[:2]]), doc._.trend_focus]
assert all(len(each) for each in read)
""".strip()
After = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def after() -> After:
    """The modules that are there after a step, where those of its list before it were taken."""
    return {**modules_after(STEPS), **modules_after([*COMMANDS, HELP])}.__getitem__


def modules_after(steps: list[str]) -> dict[str, set[str]]:
    program = "import sys\n" + "\n".join(f"{step}\nprint(*sys.modules)" for step in steps)
    command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", program]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    modules = [set(line.split()) for line in printed.splitlines()]
    return dict(zip(steps, modules, strict=True))


def of_ours(modules: set[str]) -> set[str]:
    return {module for module in modules if module.partition(".")[0] == "spacy_trend"}


@pytest.mark.slow
def test_spacy_imports_nothing_of_ours(after: After) -> None:
    assert "spacy.language" in after("import spacy")
    assert of_ours(after("import spacy")) == set()


@pytest.mark.slow
def test_a_pipeline_without_us_imports_what_the_package_does_and_no_more(after: After) -> None:
    assert "spacy_trend.component.factory" in after("import spacy_trend")
    assert of_ours(after("spacy.blank('en')")) == of_ours(after("import spacy_trend"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ours", "before"),
    [
        ("import spacy_trend", "import spacy"),
        ("import spacy_trend.cli", "import spacy.cli"),
        (HELP, "import spacy.cli"),
    ],
)
def test_we_import_nothing_heavy(after: After, ours: str, before: str) -> None:
    added = packages(after(ours)) - packages(after(before))
    assert "spacy_trend" in added
    assert added & HEAVY == set()


@pytest.mark.slow
def test_we_import_no_other_package_than_spacy_does(after: After) -> None:
    added = packages(after("import spacy_trend")) - packages(after("import spacy"))
    assert added - sys.stdlib_module_names == {"spacy_trend"}


@pytest.mark.slow
def test_who_reads_stored_docs_needs_no_transformers(default: Language, tmp_path: Path) -> None:
    path = tmp_path / "docs.spacy"
    DocBin(store_user_data=True, docs=[default("Can you find a good apple?")]).to_disk(path)
    read = READING.format(path=str(path))
    after = modules_after(["import spacy, spacy_trend", read])
    assert packages(after[read]) & HEAVY == packages(after["import spacy, spacy_trend"]) & HEAVY == set()


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}
