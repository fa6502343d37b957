import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin

from tests.support.changes import DIFFERENCE
from tests.support.scripts import SPAWN, WARNINGS_ARE_ERRORS, WITHOUT, run_on
from tests.support.values import assert_same_values

TEXT = "I want an apple. She sold the old house."
NOISE = 2e-5
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
    assert_same_values(doc, other, noise, spans=[slice(2, 4)])


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.thorough
def test_two_processes_started_by_spawn_give_equal_values(
    make_nlp: Callable[..., Language], tiny_encoder: Path, tmp_path: Path
) -> None:
    make_nlp(tiny_encoder, DIFFERENCE).to_disk(tmp_path / "pipeline")
    result = run_on(SPAWN, tmp_path / "pipeline", tmp_path)
    assert result.stdout == "12 equal\n"
    assert "Error" not in result.stderr
