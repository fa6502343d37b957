"""Docs on the move: the same values however a doc was made, carried and read, or clearly none."""

import json
import pickle
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin
from spacy.tokens.underscore import Underscore

import spacy_trend
from spacy_trend.attributes.record import RECORD
from tests.support.changes import DIFFERENCE
from tests.support.scripts import REGISTER_DIFFERENCE, WARNINGS_ARE_ERRORS, run_python
from tests.support.values import ATTRIBUTES, assert_same_values, items_of, spans_of

# One of the texts is cut off, which every pipeline says once.
pytestmark = pytest.mark.filterwarnings("ignore:.* have no vector:UserWarning")
#: How far one forward pass may be from another.
NOISE = 2e-5
TEXTS = (
    "I want an apple. She sold the old house.",
    "",
    "Stop!",
    "... \n",
    "We're unbelievably glad, aren't we?",
    # More wordpieces than the encoder takes.
    "An apple and " + " ".join(["qxzjvkwq" * 12] * 15) + " and two pears.",
)
PROCESSES = (
    REGISTER_DIFFERENCE
    + """

if __name__ == "__main__":
    import json
    import multiprocessing
    import sys

    from spacy.tokens import DocBin

    nlp = spacy.load(sys.argv[1])
    nlp("Forked after torch has run.")
    for method in ("fork", "spawn"):
        multiprocessing.set_start_method(method, force=True)
        docs = list(nlp.pipe(json.loads(sys.argv[3]), n_process=2, batch_size=2))
        DocBin(store_user_data=True, docs=docs).to_disk(f"{sys.argv[2]}/{method}.spacy")
"""
)
FROM_PACKAGE = """
import json
import sys

import spacy
from spacy.tokens import DocBin

docs = spacy.load("en_tiny").pipe(json.loads(sys.argv[1]))
DocBin(store_user_data=True, docs=docs).to_disk(sys.argv[2])
"""
# Python 3.12 warns of every fork of a process with threads.
STRICTLY = [*WARNINGS_ARE_ERRORS, "-W", "ignore::UserWarning", "-W", "ignore:This process:DeprecationWarning"]


@pytest.fixture(scope="module")
def nlp(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    """The pipeline that is moved; not to be changed by a test."""
    return make_nlp(tiny_encoder, DIFFERENCE)


@pytest.fixture(scope="module")
def expected(nlp: Language) -> list[Doc]:
    return [nlp(text) for text in TEXTS]


@pytest.fixture(scope="module")
def on_disk(nlp: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(path)
    return path


@pytest.fixture(scope="module")
def processes(on_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the docs of two processes, started by fork and by spawn."""
    path = tmp_path_factory.mktemp("processes")
    script = path / "script.py"
    script.write_text(PROCESSES)
    run_python(*STRICTLY, script, on_disk, path, json.dumps(TEXTS))
    return path


@pytest.fixture(scope="module")
def package(on_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the pipeline is installed as a package."""
    path = tmp_path_factory.mktemp("package")
    (path / "difference.py").write_text(REGISTER_DIFFERENCE)
    named = ["--name", "tiny", "--version", "1.2.3", "--code", path / "difference.py"]
    run_python("-m", "spacy", "package", on_disk, path, *named, "--build", "sdist", PIP_NO_INDEX=1)
    built = path / "en_tiny-1.2.3" / "dist" / "en_tiny-1.2.3.tar.gz"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run_python("-m", "pip", "install", *offline, "--target", path / "installed", built)
    return path / "installed"


@pytest.fixture(scope="module")
def packaged(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the docs of the installed package."""
    path = tmp_path_factory.mktemp("packaged")
    run_python(*STRICTLY, "-c", FROM_PACKAGE, json.dumps(TEXTS), path / "package.spacy", PYTHONPATH=package)
    return path


def load(nlp: Language, path: Path) -> Language:
    return spacy.load(path)


def load_from_bytes(nlp: Language, path: Path) -> Language:
    other = spacy.blank("en")
    for name in ("sentencizer", "transformer"):
        other.add_pipe(name)
    other.add_pipe("trend_vector", config=DIFFERENCE)
    return other.from_bytes(nlp.to_bytes())


def unpickle(nlp: Language, path: Path) -> Language:
    return pickle.loads(pickle.dumps(nlp))


def source_all(nlp: Language, path: Path) -> Language:
    other = spacy.blank("en")
    for name in nlp.pipe_names:
        other.add_pipe(name, source=nlp)
    spacy_trend.observe(other)
    return other


def source_without_transformer(nlp: Language, path: Path) -> Language:
    other = spacy.load(path, exclude="trend_vector")
    other.add_pipe("trend_vector", source=nlp)
    spacy_trend.observe(other)
    return other


PIPELINES = {
    "nlp.pipe": lambda nlp, path: nlp,
    "nlp.to_disk": load,
    "nlp.to_bytes": load_from_bytes,
    "nlp pickled": unpickle,
    "nlp.add_pipe(source)": source_all,
    "nlp.add_pipe(source) to another transformer": source_without_transformer,
}
IN_PROCESSES = {"fork": "processes", "spawn": "processes", "package": "packaged"}


@pytest.fixture(
    scope="module",
    params=["nlp()", *PIPELINES, *(pytest.param(name, marks=pytest.mark.slow) for name in IN_PROCESSES)],
)
def made(request: pytest.FixtureRequest, nlp: Language, expected: list[Doc]) -> list[Doc]:
    """The docs of all texts, made in one way."""
    if request.param == "nlp()":
        return expected
    if request.param in PIPELINES:
        moved = PIPELINES[request.param](nlp, request.getfixturevalue("on_disk"))
        return list(moved.pipe(TEXTS, batch_size=4))
    folder = request.getfixturevalue(IN_PROCESSES[request.param])
    return list(DocBin().from_disk(folder / f"{request.param}.spacy").get_docs(nlp.vocab))


def carry_on_disk(doc: Doc, path: Path) -> Doc:
    doc.to_disk(path / "doc")
    return Doc(doc.vocab).from_disk(path / "doc")


def carry_in_docbin(doc: Doc, path: Path) -> Doc:
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    return next(DocBin().from_bytes(stored).get_docs(doc.vocab))


CARRIERS: dict[str, Callable[[Doc, Path], Doc]] = {
    "not at all": lambda doc, path: doc,
    "to_bytes": lambda doc, path: Doc(doc.vocab).from_bytes(doc.to_bytes()),
    "to_disk": carry_on_disk,
    "DocBin": carry_in_docbin,
    "pickle": lambda doc, path: pickle.loads(pickle.dumps(doc)),
    "copy": lambda doc, path: doc.copy(),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_doc_has_equal_values_however_it_is_made_carried_and_read(
    made: list[Doc], expected: list[Doc], carrier: str, tmp_path: Path
) -> None:
    for doc, wanted in zip(made, expected, strict=True):
        carried = CARRIERS[carrier](doc, tmp_path)
        assert_same_values(carried, doc, spans=spans_of(doc))
        assert_same_values(carried, wanted, NOISE, spans=spans_of(doc))


def test_the_values_that_are_compared_are_all_there_are_and_not_all_alike(expected: list[Doc]) -> None:
    extensions = {
        "Doc": Underscore.doc_extensions,
        "Span": Underscore.span_extensions,
        "Token": Underscore.token_extensions,
    }
    for kind, registered in extensions.items():
        values = {name for name, (_, method, *_) in registered.items() if method is None}
        ours = {name for name in values if name.startswith("trend_")} - {RECORD}
        assert ours == set(ATTRIBUTES[kind])
    truncated = [doc._.trend_truncated for doc in expected]
    assert truncated[:-1] == [0] * 5
    assert truncated[-1] > 0
    assert len({doc._.trend_vector.tobytes() for doc in expected}) == len(TEXTS) - 1


@pytest.mark.slow
def test_a_packaged_pipeline_requires_this_package(package: Path) -> None:
    (metadata,) = package.glob("en_tiny-*.dist-info/METADATA")
    required = Parser().parsestr(metadata.read_text(encoding="utf-8")).get_all("Requires-Dist")
    assert any(one.startswith("spacy-trend") for one in required)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_array_that_is_read_can_change_the_doc(expected: list[Doc], carrier: str, tmp_path: Path) -> None:
    seen = set()
    for doc in expected:
        carried = CARRIERS[carrier](doc, tmp_path)
        for item in items_of(carried, spans_of(carried)):
            for name in ATTRIBUTES[type(item).__name__]:
                array = item._.get(name)
                if isinstance(array, np.ndarray):
                    seen.add(name)
                    with pytest.raises(ValueError, match="read-only"):
                        array[0] = 1
                    with pytest.raises(ValueError, match="read-only"):
                        array += 1
    assert seen == {"trend_vector", "trend_attention"}
