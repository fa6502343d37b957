"""Docs on the move: the same values however a doc was made, carried and read, or clearly none."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin, Span, Token
from spacy.tokens.underscore import Underscore

import spacy_trend
from spacy_trend.attributes.record import RECORD

from .conftest import DIFFERENCE, WARNINGS_ARE_ERRORS

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

ATTRIBUTES = {
    "Doc": ("trend_vector", "trend_focus", "trend_related", "trend_truncated"),
    "Span": ("trend_vector", "trend_focus", "trend_related"),
    "Token": ("trend_vector", "trend_attention"),
}

PROCESSES = """
import multiprocessing
import sys

import spacy
from spacy.tokens import DocBin

from tests.test_moving import TEXTS

if __name__ == "__main__":
    nlp = spacy.load(sys.argv[1])
    nlp("Forked after torch has run.")
    for method in ("fork", "spawn"):
        multiprocessing.set_start_method(method, force=True)
        docs = list(nlp.pipe(TEXTS, n_process=2, batch_size=2))
        DocBin(store_user_data=True, docs=docs).to_disk(f"{sys.argv[2]}/{method}.spacy")
"""

FROM_PACKAGE = """
import json
import sys

import spacy
from spacy.tokens import DocBin

docs = spacy.load("en_tiny").pipe(json.loads(sys.argv[1]))
DocBin(store_user_data=True, docs=docs).to_disk(sys.argv[2])
"""

CODE = """
import spacy


@spacy.registry.misc("spacy-trend-tests.difference.v1")
def difference():
    return subtract


def subtract(static, contextual):
    return contextual - static
"""


def items_of(doc: Doc, kind: str) -> Iterator[Doc | Span | Token]:
    if kind == "Doc":
        yield doc
    elif kind == "Token":
        yield from doc
    else:
        yield from doc.sents
        yield from (doc[:], doc[0:0], doc[2:4], doc[1:6])


def values_of(doc: Doc, kind: str) -> list[Any]:
    """All that is to be read of a doc, a word as its position."""
    read = [item._.get(name) for item in items_of(doc, kind) for name in ATTRIBUTES[kind]]
    return [value.i if isinstance(value, Token) else value for value in read]


def assert_equal(doc: Doc, other: Doc, kind: str, noise: float = 0.0) -> None:
    assert doc.text == other.text
    for one, another in zip(values_of(doc, kind), values_of(other, kind), strict=True):
        assert type(one) is type(another)
        if isinstance(one, np.ndarray):
            assert one.dtype == another.dtype == np.float32
            np.testing.assert_allclose(one, another, rtol=0, atol=noise)
        else:
            assert one == another


def run(*command: Any, **environment: Any) -> None:
    """Run Python in a process of its own, with one thread, as a fork needs it."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    variables.update({name: str(value) for name, value in environment.items()})
    subprocess.run([sys.executable, *map(str, command)], check=True, timeout=300, env=variables)


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
    run(*STRICTLY, script, on_disk, path, PYTHONPATH=Path(__file__).parents[1])
    return path


@pytest.fixture(scope="module")
def package(on_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the pipeline is installed as a package."""
    path = tmp_path_factory.mktemp("package")
    (path / "difference.py").write_text(CODE)
    named = ["--name", "tiny", "--version", "1.2.3", "--code", path / "difference.py"]
    run("-m", "spacy", "package", on_disk, path, *named, "--build", "sdist", PIP_NO_INDEX=1)
    built = path / "en_tiny-1.2.3" / "dist" / "en_tiny-1.2.3.tar.gz"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    run("-m", "pip", "install", *offline, "--target", path / "installed", built)
    return path / "installed"


@pytest.fixture(scope="module")
def packaged(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the docs of the installed package."""
    path = tmp_path_factory.mktemp("packaged")
    run(*STRICTLY, "-c", FROM_PACKAGE, json.dumps(TEXTS), path / "package.spacy", PYTHONPATH=package)
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


@pytest.mark.parametrize("kind", ATTRIBUTES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_doc_has_equal_values_however_it_is_made_carried_and_read(
    made: list[Doc], expected: list[Doc], carrier: str, kind: str, tmp_path: Path
) -> None:
    for doc, wanted in zip(made, expected, strict=True):
        carried = CARRIERS[carrier](doc, tmp_path)
        assert_equal(carried, doc, kind)
        assert_equal(carried, wanted, kind, NOISE)


def test_the_values_that_are_compared_are_all_there_are_and_not_all_alike(expected: list[Doc]) -> None:
    extensions = {
        "Doc": Underscore.doc_extensions,
        "Span": Underscore.span_extensions,
        "Token": Underscore.token_extensions,
    }
    for kind, registered in extensions.items():
        ours = {name for name in registered if name.startswith("trend_")} - {RECORD}
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


@pytest.mark.parametrize("kind", ATTRIBUTES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_array_that_is_read_can_change_the_doc(
    expected: list[Doc], carrier: str, kind: str, tmp_path: Path
) -> None:
    seen = set()
    for doc in expected:
        carried = CARRIERS[carrier](doc, tmp_path)
        for item in items_of(carried, kind):
            for name in ATTRIBUTES[kind]:
                array = item._.get(name)
                if isinstance(array, np.ndarray):
                    seen.add(name)
                    with pytest.raises(ValueError, match="read-only"):
                        array[0] = 1
                    with pytest.raises(ValueError, match="read-only"):
                        array += 1
    assert seen == {"trend_vector", "trend_attention"} & set(ATTRIBUTES[kind])


REBUILT: dict[str, Callable[[list[Doc]], Doc]] = {
    "from_docs of several": Doc.from_docs,
    "from_docs of one": lambda docs: Doc.from_docs(docs[:1]),
    "as_doc of a phrase": lambda docs: docs[0][2:4].as_doc(),
    "as_doc of a sentence, with user data": lambda docs: list(docs[0].sents)[1].as_doc(copy_user_data=True),
    "as_doc of the whole, with user data": lambda docs: docs[0][:].as_doc(copy_user_data=True),
}


@pytest.mark.filterwarnings("ignore:.W101.:UserWarning")
@pytest.mark.parametrize("how", REBUILT)
def test_a_doc_that_is_rebuilt_of_others_has_no_values_until_the_pipeline_runs(
    nlp: Language, how: str
) -> None:
    docs = [nlp(TEXTS[0]), nlp(TEXTS[4])]
    rebuilt = REBUILT[how](docs)
    assert len(rebuilt) > 0
    for kind in ATTRIBUTES:
        assert {type(value) for value in values_of(rebuilt, kind)} == {type(None)}
        assert_equal(docs[0], nlp(TEXTS[0]), kind)
    again = Doc(nlp.vocab, [token.text for token in rebuilt], [bool(token.whitespace_) for token in rebuilt])
    for one in (rebuilt, again):
        nlp(one)
    for kind in ("Doc", "Token"):
        assert_equal(rebuilt, again, kind, NOISE)


def test_it_is_said_that_from_docs_drops_the_values(nlp: Language) -> None:
    docs = [nlp(TEXTS[0]), nlp(TEXTS[2])]
    for doc in docs:
        doc.user_data = {key: value for key, value in doc.user_data.items() if key[1] == RECORD}
    with pytest.warns(UserWarning, match=rf"W101.*'{RECORD}'"):
        Doc.from_docs(docs)


@pytest.mark.parametrize(
    "read", [lambda doc, other: doc.vector_norm, lambda doc, other: doc.similarity(other)]
)
def test_hooks_of_a_doc_without_values_say_so(
    make_nlp: Callable[..., Language], tiny_encoder: Path, read: Callable[[Doc, Doc], float]
) -> None:
    doc = make_nlp(tiny_encoder, {"vector_hooks": True})(TEXTS[0])
    rebuilt = doc[2:4].as_doc()
    with pytest.raises(ValueError, match="trend_vector"):
        read(rebuilt, doc)


def test_tokens_that_are_others_but_as_many_are_refused(nlp: Language) -> None:
    doc = nlp("I want an apple. She sold the oldhouse.")
    same = doc[0:2]._.trend_vector.copy()
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
        retokenizer.split(doc[8], ["old", "house"], heads=[doc[7], doc[7]])
    assert doc[8].text == "house"
    for item in (doc, doc[0:3], doc[2]):
        with pytest.raises(ValueError, match="before the transformer"):
            item._.trend_vector  # noqa: B018
    np.testing.assert_array_equal(doc[0:2]._.trend_vector, same)
