"""`._.trend_similarity` of docs, spans and tokens, and hooks that are installed later."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spacy import Language
from spacy.tokens import Doc

import spacy_trend
from spacy_trend.attributes.record import RECORD, Record, sealed
from spacy_trend.attributes.similarity import trend_similarity
from tests.support.pictures import made_doc
from tests.support.scripts import REGISTER_DIFFERENCE, run_on

W008 = r"W008.*{}\.similarity based on empty vectors"


def doc_with(*vector: float, word_vectors: Any = None) -> Doc:
    """A doc of the words I, want, an and apple, with this vector."""
    doc = made_doc()
    own = ("version", "text", "checksum")
    fields = {name: value for name, value in doc._.get(RECORD).items() if name not in own}
    fields["vector"] = np.array(vector, dtype=np.float32)
    if word_vectors is not None:
        fields["word_vectors"] = np.array(word_vectors, dtype=np.float32)
    doc._.set(RECORD, sealed(Record(**fields), doc))  # type: ignore[typeddict-item]
    return doc


def without_vector() -> Doc:
    return Doc(made_doc().vocab, ["no", "vector"])


def test_it_is_the_cosine() -> None:
    doc = doc_with(3, 4)
    assert doc._.trend_similarity(doc_with(6, 8)) == pytest.approx(1)
    assert doc._.trend_similarity(doc_with(-3, -4)) == pytest.approx(-1)
    assert doc._.trend_similarity(doc_with(4, -3)) == pytest.approx(0)
    assert doc._.trend_similarity(doc_with(1, 0)) == pytest.approx(0.6)


def test_docs_spans_and_tokens_are_compared_with_each_other() -> None:
    doc = doc_with(3, 4, word_vectors=[[1, 0], [0, 2], [5, 5], [-1, 1]])
    items = (doc, doc[0:3], doc[1])
    for item in items:
        for other in items:
            ours, theirs = item._.trend_vector, other._.trend_vector
            expected = np.dot(ours, theirs) / np.linalg.norm(ours) / np.linalg.norm(theirs)
            assert item._.trend_similarity(other) == pytest.approx(expected)
    assert doc[0]._.trend_similarity(doc[1]) == 0
    assert doc[0]._.trend_similarity(doc[3]) == pytest.approx(-np.sqrt(0.5))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_very_small_and_very_large_vectors_have_their_cosine(scale: float) -> None:
    assert doc_with(3 * scale, 4 * scale)._.trend_similarity(doc_with(scale, 0)) == pytest.approx(0.6)


def test_numbers_that_are_not_finite_are_not_hidden() -> None:
    assert np.isnan(doc_with(np.nan, 1)._.trend_similarity(doc_with(1, 1)))


def test_an_item_without_a_vector_is_warned_of_as_spacy_does() -> None:
    vectors = [[1, 0], [0, 0], [5, 5], [-1, 1]]
    doc = doc_with(3, 4, word_vectors=vectors)
    for other in (without_vector(), doc_with(0, 0), doc[1], without_vector()[0:1], without_vector()[0]):
        with pytest.warns(UserWarning, match=W008.format("Doc")):
            assert doc._.trend_similarity(other) == 0.0
        with pytest.warns(UserWarning, match=W008.format(type(other).__name__)):
            assert other._.trend_similarity(doc) == 0.0


def test_vectors_of_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'I want an apple\.' and .* shapes \(2,\) and \(3,\).*one width"):
        doc_with(3, 4)._.trend_similarity(doc_with(1, 2, 3))


def test_anything_else_with_a_vector_of_that_width_is_compared() -> None:
    class Vectorized:
        vector = np.array([1.0, 0.0])

    assert doc_with(3, 4)._.trend_similarity(Vectorized()) == pytest.approx(0.6)
    with pytest.raises(ValueError, match=r"got 'a text' of type str\. Expected a Doc, Span or Token"):
        doc_with(3, 4)._.trend_similarity("a text")


class Holder:
    """Something with a vector, and perhaps a text."""

    def __init__(self, vector: Any, text: Any = "a text") -> None:
        self.vector = vector
        self.text = text


@pytest.mark.parametrize("width", [2, 3, 5, 32, 384])
def test_it_is_never_beyond_1(width: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(200, width)).astype(np.float32)
    for vector in vectors:
        doc = doc_with(*vector)
        assert 1 - 1e-12 < doc._.trend_similarity(doc) <= 1
        assert -1 <= doc._.trend_similarity(Holder(-vector)) < -1 + 1e-12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int64", "bool"])
def test_a_tensor_of_torch_is_compared(dtype: str) -> None:
    tensor = torch.tensor([1, 0]).to(getattr(torch, dtype))
    assert doc_with(3, 4)._.trend_similarity(Holder(tensor)) == pytest.approx(0.6)


def test_a_tensor_that_learns_is_compared() -> None:
    for tensor in (
        torch.tensor([1.0, 0.0], requires_grad=True),
        torch.nn.Parameter(torch.tensor([1.0, 0.0])),
    ):
        assert doc_with(3, 4)._.trend_similarity(Holder(tensor)) == pytest.approx(0.6)


@pytest.mark.parametrize("vector", [[1, 0], (1, 0), np.array([1, 0], dtype=object), np.array([True, False])])
def test_numbers_of_any_kind_are_compared(vector: Any) -> None:
    assert doc_with(3, 4)._.trend_similarity(Holder(vector)) == pytest.approx(0.6)


@pytest.mark.parametrize("scale", [1e-300, 5e-324, 1e200, 1e308])
def test_very_small_and_very_large_vectors_of_others_have_their_cosine(scale: float) -> None:
    other = Holder(np.array([scale, 0.0]))
    assert doc_with(3, 4)._.trend_similarity(other) == pytest.approx(0.6)


@pytest.mark.parametrize("vector", [None, [], np.zeros(2), torch.zeros(2)])
def test_something_with_an_empty_vector_is_warned_of(vector: Any) -> None:
    with pytest.warns(UserWarning, match=W008.format("Doc")):
        assert doc_with(3, 4)._.trend_similarity(Holder(vector)) == 0.0


@pytest.mark.parametrize("vector", ["12", ["1", "2"], [1, [2, 3]], [1j, 0], object(), {1: 2}])
def test_what_is_no_array_of_numbers_is_refused(vector: Any) -> None:
    message = r"trend_similarity: got the vector .* of type \w+\. Expected an array of real numbers"
    with pytest.raises(ValueError, match=message):
        doc_with(3, 4)._.trend_similarity(Holder(vector))


@pytest.mark.parametrize("text", [5, None, b"text", ["a"]])
def test_something_whose_text_is_no_string_is_named_by_its_type(text: Any) -> None:
    with pytest.raises(ValueError, match=r"and 'Holder' cannot be compared: .*expected one width"):
        doc_with(3, 4)._.trend_similarity(Holder([1, 2, 3], text))


def test_it_travels_with_the_doc() -> None:
    doc, other = doc_with(3, 4), doc_with(1, 0)
    carried = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert carried._.trend_similarity(other) == pytest.approx(0.6)


def test_a_method_of_the_same_name_is_refused() -> None:
    Doc.set_extension("trend_similarity", default=None, force=True)
    try:
        with pytest.raises(
            ValueError, match=r"Doc\._\.trend_similarity is taken: got None, expected the method"
        ):
            spacy_trend.install_extensions()
    finally:
        Doc.set_extension("trend_similarity", method=trend_similarity, force=True)
    spacy_trend.install_extensions()


def test_hooks_are_installed_on_docs_that_were_read() -> None:
    docs = [doc_with(3, 4, word_vectors=np.eye(4, 2)), doc_with(1, 0)]
    read = [Doc(doc.vocab).from_bytes(doc.to_bytes()) for doc in docs]
    assert not read[0].has_vector
    assert spacy_trend.install_hooks(iter(read)) == read
    assert read[0].similarity(read[1]) == pytest.approx(0.6)
    assert read[0].vector.tolist() == [3, 4]
    assert read[0][0].vector.tolist() == [1, 0]
    assert not read[1][0].has_vector
    assert spacy_trend.install_hooks(read[0]) == [read[0]]


def test_similarity_by_hooks_warns_and_refuses_as_the_method_does() -> None:
    doc, other = spacy_trend.install_hooks([doc_with(3, 4), doc_with(1, 2, 3)])
    with pytest.warns(UserWarning, match=W008.format("Doc")):
        assert doc.similarity(without_vector()) == 0.0
    with pytest.raises(ValueError, match="expected one width"):
        doc.similarity(other)


def test_hooks_need_docs_that_have_a_vector() -> None:
    doc = doc_with(3, 4)
    with pytest.raises(ValueError, match=r"install_hooks: the doc 'no vector ?' has no trend vector"):
        spacy_trend.install_hooks([doc, without_vector()])
    assert not doc.user_hooks
    with pytest.raises(ValueError, match=r"install_hooks: got 'I' of type str\. Expected a Doc"):
        spacy_trend.install_hooks("I")  # type: ignore[arg-type]


PROCESSES = (
    REGISTER_DIFFERENCE
    + """

if __name__ == "__main__":
    import multiprocessing
    import sys

    import spacy_trend

    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = ["I want an apple.", "She sold the old house."]
    here = list(nlp.pipe(texts))
    there = list(nlp.pipe(texts, n_process=2, batch_size=1))
    expected = here[0].similarity(here[1])
    assert abs(there[0]._.trend_similarity(there[1]) - expected) < 1e-4
    assert not there[0].user_hooks
    spacy_trend.install_hooks(there)
    assert abs(there[0].similarity(there[1]) - expected) < 1e-4
    print("as here")
"""
)


@pytest.mark.slow
@pytest.mark.thorough
def test_docs_of_other_processes_are_compared(make_nlp: Any, tiny_encoder: Path, tmp_path: Path) -> None:
    config = {"change": {"@misc": "spacy-trend-tests.difference.v1"}, "vector_hooks": True}
    make_nlp(tiny_encoder, config).to_disk(tmp_path / "pipeline")
    result = run_on(PROCESSES, tmp_path / "pipeline", tmp_path)
    assert result.stdout == "as here\n"


def test_it_is_told_by_the_component(default: Language) -> None:
    with warnings.catch_warnings():
        assigned = default.analyze_pipes()["summary"]["trend_vector"]["assigns"]
    for owner in ("doc", "span", "token"):
        assert f"{owner}._.trend_similarity" in assigned
