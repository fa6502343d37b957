"""Transformers of spacy-curated-transformers: the same values, and nothing changed for anybody else."""

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import bundled_encoder

pytest.importorskip("spacy_curated_transformers")


from tests.support.batches import in_one_batch
from tests.support.changes import DIFFERENCE, SIDE_BY_SIDE
from tests.support.curated import (
    ALL_LAYERS,
    BY_LAYER,
    EACH_SELECTION,
    LONG,
    SHORT_SPANS,
    TEXT,
    TEXTS,
    TINY,
    add_transformer,
    assert_same,
    curated_bert,
    encoder_of,
    near,
)
from tests.support.curated_output import assert_stock_output
from tests.support.curated_reference import assert_is_the_reference, reference
from tests.support.texts import ARTICLE_TEXTS, CHAPTERS, story
from tests.support.values import of_tokens, pair_of

pytestmark = pytest.mark.slow

#: In the same wordpieces by both packages; they differ where spaCy's tokens and BERT's words cross, as in
#: contractions, in special tokens, emoji and Chinese characters.
ONE_WINDOW = (*ARTICLE_TEXTS, story(*CHAPTERS[:2]).replace("won't", "will not"))


@pytest.fixture(scope="module")
def same_pieces() -> list[str]:
    """The texts that both packages cut into the same wordpieces."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    nlp = curated_bert(bundled_encoder(), None)
    docs = [nlp.make_doc(text) for text in ONE_WINDOW]
    pieces = nlp.get_pipe("transformer").model.get_ref("piece_encoder").predict(docs)
    return [
        doc.text
        for doc, ragged in zip(docs, pieces, strict=True)
        if ragged.dataXd.tolist() == tokenizer(doc.text)["input_ids"]
    ]


@ALL_LAYERS
@pytest.mark.parametrize("select", [{}, BY_LAYER], ids=["heads", "layers"])
def test_the_same_weights_give_what_they_give_through_spacy_transformers(
    make_nlp: Callable[..., Language], same_pieces: list[str], select: dict[str, Any], all_layers: bool
) -> None:
    assert len(same_pieces) >= 50
    config = {**DIFFERENCE, **select}
    whole = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 500, "stride": 500}
    expected = in_one_batch(make_nlp(bundled_encoder(), config, whole), same_pieces)
    ours = curated_bert(
        bundled_encoder(), config, spans={"window": 512, "stride": 384}, all_layers=all_layers
    )
    docs = in_one_batch(ours, same_pieces)
    assert {"", " ", "?! ... -- ,,, ()", ONE_WINDOW[-1]} < set(docs)
    for text, doc in docs.items():
        assert_same(doc, expected[text])
        assert doc._.trend_truncated == 0
        assert doc._.trf_data.num_outputs == (7 if all_layers else 1)
    for text in same_pieces[::6]:
        assert_same(ours(text), expected[text])


def test_the_default_vector_is_that_through_spacy_transformers(nlp: Language) -> None:
    # A logarithm amplifies noise: as near as the two forward passes allow.
    text = "She sold the old house in the village."
    doc, expected = curated_bert(bundled_encoder(), {})(text), nlp(text)
    assert pair_of(doc) == pair_of(expected)
    np.testing.assert_allclose(doc._.trend_vector, expected._.trend_vector, rtol=1e-3, atol=1e-3)


@EACH_SELECTION
@pytest.mark.parametrize(
    "spans",
    [
        SHORT_SPANS,
        {"window": 16, "stride": 8},
        {"window": 16, "stride": 16},
        {"window": 16, "stride": 10, "batch_size": 3},
    ],
    ids=["overlapping", "all_twice", "side_by_side", "few_at_a_time"],
)
def test_a_text_of_several_windows_is_as_in_plain_loops(
    tiny_encoder: Path,
    spans: dict[str, int],
    all_layers: bool,
    select: dict[str, Any],
    rows: Callable[[Any], Any],
) -> None:
    nlp = curated_bert(tiny_encoder, {**SIDE_BY_SIDE, **select}, spans=spans, all_layers=all_layers)
    windows = [assert_is_the_reference(nlp, doc, rows).windows for doc in in_one_batch(nlp, TEXTS).values()]
    assert max(windows) == (1 if spans["window"] == spans["stride"] else 2)


def test_real_weights_over_several_windows_are_as_in_plain_loops() -> None:
    nlp = curated_bert(bundled_encoder(), {**SIDE_BY_SIDE, **BY_LAYER}, spans={"window": 64, "stride": 48})
    assert_is_the_reference(nlp, nlp(LONG), lambda attention: attention.mean(axis=1))


def test_windows_of_every_length_are_as_in_plain_loops(curated_tiny: Language) -> None:
    # Also a last window that holds nothing but the end of the text.
    words = LONG.replace(".", "").split()
    for length in range(1, 22):
        doc = curated_tiny(" ".join(words[:length]))
        expected = reference(curated_tiny, doc.text)
        vectors = of_tokens(doc, "trend_vector")[expected.tokens]
        near(vectors, expected.contextual - expected.static)
        near(of_tokens(doc, "trend_attention")[expected.tokens], expected.attention[0].T)


@pytest.mark.parametrize("others", [[], ["a", "a b c d e f g"]], ids=["alone", "among_others"])
@pytest.mark.parametrize("stride", [3, 4])
def test_a_text_that_has_the_wordpiece_of_padding_keeps_its_output(
    tiny_encoder: Path, stride: int, others: list[str]
) -> None:
    nlp = curated_bert(tiny_encoder, None, spans={"window": 4, "stride": stride})
    piece_encoder = nlp.get_pipe("transformer").model.get_ref("piece_encoder")
    piece_encoder.attrs["preprocess"] = lambda piece: ["[PAD]" if piece == "[pad]" else piece]
    # Windows of 4: the wordpiece stands at the end of some, and with a stride of 3 at the start of the next.
    texts = ["a [PAD] b", "[PAD]", "a b [PAD]", "[PAD] [PAD] [PAD]", "a b c d e f [PAD] h i", "a b [PAD] c d"]
    batches = [[text, *others] for text in texts]

    def outputs() -> list[list[Doc]]:
        return [list(nlp.pipe([Doc(nlp.vocab, words=text.split()) for text in batch])) for batch in batches]

    stock = outputs()
    assert all(0 in piece_encoder.predict(docs)[0].dataXd for docs in stock)
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    for docs, expected in zip(outputs(), stock, strict=True):
        for doc, other in zip(docs, expected, strict=True):
            assert_stock_output(doc._.trf_data, other._.trf_data, doc.text)
            assert np.isfinite(doc._.trend_vector).all()


@ALL_LAYERS
def test_the_transformers_output_is_as_without_us(tiny_encoder: Path, all_layers: bool) -> None:
    stock = in_one_batch(curated_bert(tiny_encoder, None, spans=SHORT_SPANS, all_layers=all_layers), TEXTS)
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=SHORT_SPANS, all_layers=all_layers)
    for docs in (in_one_batch(nlp, TEXTS), {text: nlp(text) for text in TEXTS}):
        for text, doc in docs.items():
            if docs[text]._.trf_data.num_outputs == 1 and all_layers:
                # A batch without a token has one empty layer, with us or without.
                assert text == ""
                continue
            assert_stock_output(doc._.trf_data, stock[text]._.trf_data, text)
    empty = list(nlp.pipe(["", ""]))
    assert [doc._.trf_data.num_outputs for doc in empty] == [1, 1]
    assert [len(doc._.trend_vector) for doc in empty] == [32, 32]


def test_the_bundled_encoders_output_is_as_without_us() -> None:
    stock = in_one_batch(curated_bert(bundled_encoder(), None), TEXTS)
    for text, doc in in_one_batch(curated_bert(bundled_encoder(), {}), TEXTS).items():
        assert_stock_output(doc._.trf_data, stock[text]._.trf_data, text)


def test_a_stored_doc_holds_the_transformers_output_alone(curated_tiny: Language) -> None:
    doc = curated_tiny(LONG)
    for carried in (
        Doc(curated_tiny.vocab).from_bytes(doc.to_bytes()),
        pickle.loads(pickle.dumps(doc)),
        doc.copy(),
    ):
        assert_stock_output(carried._.trf_data, doc._.trf_data)
        assert_same(carried, doc, 0)


def set_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)


@ALL_LAYERS
def test_bfloat16_is_near(monkeypatch: pytest.MonkeyPatch, all_layers: bool) -> None:
    set_bfloat16(monkeypatch)
    make = partial(curated_bert, bundled_encoder(), all_layers=all_layers)
    exact, near = (
        in_one_batch(make({**SIDE_BY_SIDE, **BY_LAYER, "precision": precision}), TEXTS)
        for precision in ("model", "bfloat16")
    )
    for text, doc in near.items():
        for layer, other in zip(doc._.trf_data.all_outputs, exact[text]._.trf_data.all_outputs, strict=True):
            assert layer.dataXd.dtype == np.float32
            np.testing.assert_array_equal(layer.lengths, other.lengths)
        if len(doc) == 0:
            continue
        for attribute in ("trend_vector", "trend_attention"):
            values, expected = of_tokens(doc, attribute), of_tokens(exact[text], attribute)
            assert values.dtype == np.float32
            error = np.linalg.norm(values - expected)
            assert error <= 0.03 * np.linalg.norm(expected), (text, attribute)
            assert error > 0 or not expected.any()


def test_bfloat16_follows_the_weights(monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> None:
    set_bfloat16(monkeypatch)
    nlp = curated_bert(tiny_encoder, {**DIFFERENCE, "precision": "bfloat16"})
    before = nlp(TEXT)._.trend_vector
    with torch.no_grad():
        encoder_of(nlp).layers[1].ffn.output.weight.mul_(2)
    assert np.abs(nlp(TEXT)._.trend_vector - before).max() > 0.1


def test_an_encoder_without_layers_is_refused() -> None:
    nlp = spacy.blank("en")
    settings = {**TINY, "num_hidden_layers": 0, "vocab_size": 100}
    add_transformer(nlp, "BertTransformer.v1", "BertWordpieceEncoder.v1", **settings)
    with pytest.raises(ValueError, match=r"BertEncoder \(curated\)' has no layers: got 0 layers\. Expected"):
        nlp.add_pipe("trend_vector")
