from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_trend.alignment.words import Words
from spacy_trend.component.reports import report_not_finite
from spacy_trend.method.mutual_attention import NOT_ASKED
from spacy_trend.method.trend import Trends
from tests.support.changes import DIFFERENCE

TEXTS = ["I want an apple.", "", "She sold the old house in the village.", "..."]
NOT_FINITE = r"The doc 'I want an apple\.' and 1 more of its batch got vectors with NaN or infinite numbers"


def fill(nlp: Language, weight: str, value: float) -> None:
    """Set a weight of the pipeline's encoder, all of it, to one value."""
    with torch.no_grad():
        nlp.get_pipe("transformer").model.transformer.get_parameter(weight).fill_(value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_encoders_in_half_precision_give_float32(
    make_nlp: Callable[..., Language], tiny_encoder: Path, dtype: torch.dtype
) -> None:
    exact, half = (make_nlp(tiny_encoder, DIFFERENCE) for _ in range(2))
    half.get_pipe("transformer").model.transformer.to(dtype)
    for one, other in zip(exact.pipe(TEXTS), half.pipe(TEXTS), strict=True):
        assert other._.trend_vector.dtype == np.float32
        np.testing.assert_allclose(one._.trend_vector, other._.trend_vector, atol=0.3)
        for token, other_token in zip(one, other, strict=True):
            assert other_token._.trend_vector.dtype == other_token._.trend_attention.dtype == np.float32
            np.testing.assert_allclose(token._.trend_vector, other_token._.trend_vector, atol=0.2)
            np.testing.assert_allclose(token._.trend_attention, other_token._.trend_attention, atol=0.1)


@pytest.mark.parametrize(
    "layer_norm", ["embeddings.LayerNorm", "encoder.layer.1.output.LayerNorm"], ids=["static", "contextual"]
)
def test_if_an_embedding_is_exactly_zero_there_is_no_trend(tiny: Language, layer_norm: str) -> None:
    fill(tiny, f"{layer_norm}.weight", 0.0)
    fill(tiny, f"{layer_norm}.bias", 0.0)
    doc = tiny(TEXTS[0])
    assert doc._.trend_focus is not None
    assert not doc._.trend_vector.any()


def test_an_encoder_for_which_all_words_are_one_chooses_the_first(tiny: Language) -> None:
    fill(tiny, "embeddings.LayerNorm.weight", 0.0)
    fill(tiny, "embeddings.LayerNorm.bias", 0.5)
    doc = tiny("want an apple")
    assert (doc._.trend_focus.i, doc._.trend_related.i) == (0, 1)
    np.testing.assert_allclose(doc[0]._.trend_attention, doc[2]._.trend_attention, rtol=1e-5)
    np.testing.assert_allclose(doc[0]._.trend_vector, doc[2]._.trend_vector, atol=1e-4)
    assert np.isfinite(doc._.trend_vector).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_in_the_encoder_is_reported_and_stays_visible(
    make_nlp: Callable[..., Language], tiny_encoder: Path, value: float
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    fill(nlp, "encoder.layer.1.output.LayerNorm.bias", value)
    with pytest.warns(UserWarning, match=NOT_FINITE):
        docs = list(nlp.pipe(TEXTS))
    assert [bool(np.isfinite(doc._.trend_vector).all()) for doc in docs] == [False, True, False, True]
    assert not np.isfinite(docs[0][1]._.trend_vector).any()


def test_attention_that_is_not_a_number_is_reported(tiny: Language) -> None:
    fill(tiny, "encoder.layer.0.attention.self.query.bias", float("nan"))
    with pytest.warns(UserWarning, match=r"The doc 'I want an apple\.' got vectors with NaN"):
        doc = tiny(TEXTS[0])
    assert np.isnan(doc[1]._.trend_attention).all()


@pytest.mark.parametrize(
    ("vectors", "word_vectors", "attention", "reported"),
    [
        ([0, 0, 0], [0, 0, 0], [0, 0, 0], None),
        ([np.nan, 0, 0], [0, 0, 0], [0, 0, 0], r"The doc 'a b ' got"),
        ([0, 0, 0], [0, 0, np.inf], [0, 0, 0], r"The doc 'c ' got"),
        ([0, 0, 0], [0, 0, 0], [0, np.nan, 0], r"The doc 'a b ' got"),
        ([np.nan, 0, -np.inf], [0, np.nan, 0], [0, 0, 0], r"The doc 'a b ' and 1 more of its batch got"),
    ],
)
def test_each_doc_with_a_number_that_is_not_finite_counts_once(
    vectors: list[float], word_vectors: list[float], attention: list[float], reported: str | None
) -> None:
    docs = [Doc(Vocab(), words=words) for words in (["a", "b"], [], ["c"])]
    none = np.zeros((3, 1), dtype=np.float32)
    counts = np.array([2, 0, 1])
    received = np.array([attention], dtype=np.float32)
    offsets = np.zeros((3, 2), dtype=np.int32)
    words = Words(counts, np.array([0, 1, 0]), none, none, received, counts * 0, NOT_ASKED, offsets)
    columns = (np.array(values, dtype=np.float32)[:, None] for values in (word_vectors, vectors))
    trends = Trends(*columns, weights=none[:, 0], importance=none[:, 0], focus=counts, related=counts)
    if reported is None:
        report_not_finite(docs, words, trends)
        return
    with pytest.warns(UserWarning, match=reported):
        report_not_finite(docs, words, trends)
