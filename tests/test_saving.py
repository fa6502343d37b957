import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin

from .conftest import DIFFERENCE, WARNINGS_ARE_ERRORS

TEXT = "I want an apple. She sold the old house."
NOISE = 2e-5

SPAWN = """
import multiprocessing
import sys

import numpy
import spacy


@spacy.registry.misc("spacy-trend-tests.difference.v1")
def difference():
    return subtract


def subtract(static, contextual):
    return contextual - static


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = ["I want an apple.", "", "She sold the old house.", "Stop!"] * 3
    here = list(nlp.pipe(texts))
    there = list(nlp.pipe(texts, n_process=2, batch_size=3))
    for one, other in zip(here, there, strict=True):
        numpy.testing.assert_allclose(one._.trend_vector, other._.trend_vector, atol=1e-5)
        assert str(one._.trend_focus) == str(other._.trend_focus)
        numpy.testing.assert_allclose(one[:1]._.trend_vector, other[:1]._.trend_vector, atol=1e-5)
    print(len(there), "equal")
"""

WITHOUT = """
import sys
from importlib.metadata import EntryPoints

import catalogue

installed = catalogue.AVAILABLE_ENTRY_POINTS
others = [one for group in installed.groups for one in installed.select(group=group)]
catalogue.AVAILABLE_ENTRY_POINTS = EntryPoints(one for one in others if "spacy_trend" not in one.value)
sys.modules["spacy_trend"] = None

import numpy
import spacy

nlp = spacy.load(sys.argv[1])
numpy.save(sys.argv[2], nlp(sys.argv[3])._.trf_data.model_output.last_hidden_state)
"""

READ = """
import sys

from spacy.tokens import DocBin
from spacy.vocab import Vocab

import numpy
import spacy_trend

doc, = DocBin().from_disk(sys.argv[1]).get_docs(Vocab())
assert "transformers" not in sys.modules
numpy.savez(
    sys.argv[2], doc=doc._.trend_vector, span=doc[2:4]._.trend_vector, token=doc[1]._.trend_vector,
    attention=doc[1]._.trend_attention, pair=[doc._.trend_focus.i, doc[2:4]._.trend_related.i],
)
"""


@pytest.fixture
def tiny(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    """A fresh pipeline whose vectors can be compared from one forward pass to another."""
    return make_nlp(tiny_encoder, DIFFERENCE)


def assert_equal(doc: Doc, other: Doc, noise: float = 0.0) -> None:
    """All values are equal, those that are computed but for the noise between two forward passes."""

    def assert_close(one: Any, another: Any) -> None:
        np.testing.assert_allclose(one, another, rtol=0, atol=noise)

    assert_close(doc._.trend_vector, other._.trend_vector)
    assert doc._.trend_vector.dtype == other._.trend_vector.dtype == np.float32
    for name in ("trend_focus", "trend_related"):
        assert doc._.get(name).i == other._.get(name).i
        assert doc[2:4]._.get(name).i == other[2:4]._.get(name).i
    assert_close(doc[2:4]._.trend_vector, other[2:4]._.trend_vector)
    for token, other_token in zip(doc, other, strict=True):
        assert_close(token._.trend_vector, other_token._.trend_vector)
        assert_close(token._.trend_attention, other_token._.trend_attention)


@pytest.fixture
def doc(tiny: Language) -> Doc:
    return tiny(TEXT)


def test_a_pipeline_on_disk_gives_equal_values(tiny: Language, doc: Doc, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    assert_equal(spacy.load(tmp_path)(TEXT), doc, NOISE)


def test_a_loaded_pipeline_knows_the_width_before_it_has_seen_a_word(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    assert spacy.load(tmp_path)("")._.trend_vector.shape == (32,)


def test_a_pipeline_in_bytes_gives_equal_values(tiny: Language, doc: Doc) -> None:
    other = spacy.blank("en")
    for name in ("sentencizer", "transformer"):
        other.add_pipe(name)
    other.add_pipe("trend_vector", config=DIFFERENCE)
    assert_equal(other.from_bytes(tiny.to_bytes())(TEXT), doc, NOISE)


def test_the_saved_pipeline_loads_without_this_package(tiny: Language, doc: Doc, tmp_path: Path) -> None:
    tiny.remove_pipe("trend_vector")
    tiny.to_disk(tmp_path)
    output = tmp_path / "output.npy"
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, "-c", WITHOUT, tmp_path, output, TEXT], check=True)
    expected = doc._.trf_data.model_output.last_hidden_state
    np.testing.assert_allclose(np.load(output), expected, rtol=0, atol=NOISE)


def test_a_pickled_pipeline_gives_equal_values(tiny: Language, doc: Doc) -> None:
    assert_equal(pickle.loads(pickle.dumps(tiny))(TEXT), doc, NOISE)


def carry_in_docbin(doc: Doc) -> Doc:
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    return next(DocBin().from_bytes(stored).get_docs(doc.vocab))


@pytest.mark.parametrize(
    "carry",
    [
        carry_in_docbin,
        lambda doc: Doc(doc.vocab).from_bytes(doc.to_bytes()),
        lambda doc: pickle.loads(pickle.dumps(doc)),
        lambda doc: doc.copy(),
    ],
    ids=["DocBin", "to_bytes", "pickle", "copy"],
)
def test_a_doc_that_is_carried_keeps_its_values(doc: Doc, carry: Callable[[Doc], Doc]) -> None:
    carried = carry(doc)
    assert carried is not doc
    assert_equal(carried, doc)
    with pytest.raises(ValueError, match="read-only"):
        carried._.trend_vector[0] = 1


def test_a_stored_doc_is_read_where_only_this_package_was_imported(doc: Doc, tmp_path: Path) -> None:
    stored, output = tmp_path / "doc.spacy", tmp_path / "values.npz"
    doc._.trf_data = None
    DocBin(store_user_data=True, docs=[doc]).to_disk(stored)
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, "-c", READ, stored, output], check=True)
    values = np.load(output)
    np.testing.assert_array_equal(values["doc"], doc._.trend_vector)
    np.testing.assert_array_equal(values["span"], doc[2:4]._.trend_vector)
    np.testing.assert_array_equal(values["token"], doc[1]._.trend_vector)
    np.testing.assert_array_equal(values["attention"], doc[1]._.trend_attention)
    assert values["pair"].tolist() == [doc._.trend_focus.i, doc[2:4]._.trend_related.i]


def test_hooks_are_carried_by_pickle(make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
    doc = make_nlp(tiny_encoder, {"vector_hooks": True})(TEXT)
    carried = pickle.loads(pickle.dumps(doc))
    np.testing.assert_array_equal(carried.vector, doc._.trend_vector)


@pytest.mark.slow
def test_two_processes_started_by_spawn_give_equal_values(
    make_nlp: Callable[..., Language], tiny_encoder: Path, tmp_path: Path
) -> None:
    make_nlp(tiny_encoder, DIFFERENCE).to_disk(tmp_path / "pipeline")
    script = tmp_path / "script.py"
    script.write_text(SPAWN)
    command = [sys.executable, script, tmp_path / "pipeline"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert result.stdout == "12 equal\n"
    assert "Error" not in result.stderr
