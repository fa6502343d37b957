"""A selection and a change that are not ours: registered, named in a config, saved, read of stored docs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import DocBin

from spacy_trend.method.interface import Selection
from spacy_trend.method.segments import as_lengths
from spacy_trend.types import Floats, Ints

TEXT = "She sold the old house."
CONFIG = {
    "select": {"@misc": "spacy-trend-tests.outer_words.v1", "weight": 0.5},
    "change": {"@misc": "spacy-trend-tests.norm.v1"},
}


class OuterWords:
    """The last word of every segment and, with a weight, the first."""

    rows = "layers"
    layers = (0,)

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.config = {"@misc": "spacy-trend-tests.outer_words.v1", "weight": weight}

    def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
        lengths = as_lengths(lengths, attention.shape[1])
        ends = np.cumsum(lengths)
        last, first = np.where(lengths > 0, ends - 1, -1), np.where(lengths > 1, ends - lengths, -1)
        weights = np.zeros(attention.shape[1], dtype=np.float32)
        weights[first[first >= 0]] = self.weight
        weights[last[last >= 0]] = 1.0
        return Selection(weights, last, first)


@spacy.registry.misc("spacy-trend-tests.outer_words.v1")
def outer_words(weight: float) -> OuterWords:
    return OuterWords(weight)


@spacy.registry.misc("spacy-trend-tests.norm.v1")
def norm() -> Callable[[Floats, Floats], Floats]:
    def change(static: Floats, contextual: Floats) -> Floats:
        lengths = [np.linalg.norm(embeddings, axis=1) for embeddings in (static, contextual)]
        return np.stack(lengths, axis=1).astype(np.float32)

    return change


@pytest.fixture
def own(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    return make_nlp(tiny_encoder, CONFIG)


def test_a_doc_has_the_words_and_the_width_that_they_say(own: Language) -> None:
    doc = own(TEXT)
    assert (doc._.trend_focus.text, doc._.trend_related.text) == ("house", "She")
    expected = doc[4]._.trend_vector + 0.5 * doc[0]._.trend_vector
    np.testing.assert_allclose(doc._.trend_vector, expected, rtol=1e-6)
    assert doc._.trend_vector.shape == (2,)
    assert own("...")._.trend_vector.tolist() == [0, 0]


def test_they_are_saved_and_loaded(own: Language, tmp_path: Path) -> None:
    own.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    np.testing.assert_allclose(loaded(TEXT)._.trend_vector, own(TEXT)._.trend_vector, rtol=1e-5)
    assert loaded.get_pipe_config("trend_vector")["select"]["weight"] == 0.5


def test_phrases_of_stored_docs_are_chosen_by_them(own: Language) -> None:
    stored = DocBin(store_user_data=True, docs=[own(TEXT)]).to_bytes()
    (doc,) = DocBin().from_bytes(stored).get_docs(own.vocab)
    phrase = doc[1:4]
    assert (phrase._.trend_focus.text, phrase._.trend_related.text) == ("old", "sold")
    expected = doc[3]._.trend_vector + 0.5 * doc[1]._.trend_vector
    np.testing.assert_allclose(phrase._.trend_vector, expected, rtol=1e-6)


@pytest.mark.parametrize("lacking", ["rows", "layers", "config"])
def test_a_selection_that_does_not_say_what_it_reads_is_refused(
    make_nlp: Callable[..., Language], tiny_encoder: Path, lacking: str
) -> None:
    said: dict[str, Any] = {"rows": "layers", "layers": (0,), "config": OuterWords(1.0).config}
    del said[lacking]
    silent = type("Silent", (), {**said, "__call__": OuterWords.__call__})
    spacy.registry.misc("spacy-trend-tests.silent.v1", func=lambda: silent())
    with pytest.raises(ValueError, match=rf"'select' got .*{lacking}"):
        make_nlp(tiny_encoder, {"select": {"@misc": "spacy-trend-tests.silent.v1"}})
