"""Listeners to a curated transformer train and predict as without a trend vector."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Model

pytest.importorskip("spacy_curated_transformers")
from tests.support.changes import DIFFERENCE
from tests.support.curated import (
    ALL_LAYERS,
    ARCHITECTURES,
    LONG,
    TEXT,
    add_bert,
    assert_same,
    curated_bert,
    encoder_of,
    near,
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def can_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have updates work with numpy 2.4: the package sums the loss in an array of one number."""
    module = "spacy_curated_transformers.pipeline.transformer"
    monkeypatch.setattr(f"{module}.float", lambda loss: loss.item(), raising=False)


REDUCE_MEAN = {"@layers": "reduce_mean.v1"}
LAST_LISTENER = {
    "@architectures": ARCHITECTURES + "LastTransformerLayerListener.v1",
    "width": 32,
    "pooling": REDUCE_MEAN,
}
SCALAR_LISTENER = {
    "@architectures": ARCHITECTURES + "ScalarWeightingListener.v1",
    "width": 32,
    "pooling": REDUCE_MEAN,
    "weighting": {"@architectures": ARCHITECTURES + "ScalarWeight.v1", "num_layers": 2},
}
LAYERS_LISTENER = {
    "@architectures": "spacy-trend-tests.sum_of_layers.v1",
    "listener": {
        "@architectures": ARCHITECTURES + "TransformerLayersListener.v1",
        "layers": 2,
        "width": 32,
        "pooling": REDUCE_MEAN,
    },
}
GOLD = [
    {
        "words": ["Miriam", "wants", "an", "apple", "."],
        "tags": ["N", "V", "D", "N", "P"],
        "heads": [1, 1, 3, 1, 1],
        "deps": ["subject", "ROOT", "article", "object", "punct"],
        "entities": ["U-PERSON", "O", "O", "O", "O"],
    },
    {
        "words": ["She", "sold", "the", "otorhinolaryngologist", "Timbuktu", "slowly"],
        "tags": ["D", "V", "D", "N", "N", "A"],
        "heads": [1, 1, 3, 1, 3, 1],
        "deps": ["subject", "ROOT", "article", "object", "other", "other"],
        "entities": ["O", "O", "O", "O", "U-PLACE", "O"],
    },
    {
        "words": ["Stop", "!"],
        "tags": ["V", "P"],
        "heads": [0, 0],
        "deps": ["ROOT", "punct"],
        "entities": ["O", "O"],
    },
]


@spacy.registry.architectures("spacy-trend-tests.sum_of_layers.v1")
def sum_of_layers(listener: Any) -> Model[Any, Any]:
    """A listener to all layers, its layers summed."""

    def forward(model: Model[Any, Any], docs: list[Doc], is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
        layers, backprop = model.layers[0](docs, is_train)
        return [sum(of_doc) for of_doc in layers], lambda dy: backprop(
            [[of_doc.copy() for _ in layers[0]] for of_doc in dy]
        )

    return Model("sum_of_layers", forward, layers=[listener], dims={"nO": 32})


def tagger(listener: dict[str, Any]) -> dict[str, Any]:
    return {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}


def transition_parser(kind: str) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": kind,
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LAST_LISTENER,
    }


def add_last_layer_listeners(nlp: Language) -> None:
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    nlp.add_pipe("parser", config={"model": transition_parser("parser"), "min_action_freq": 1})
    nlp.add_pipe("ner", config={"model": transition_parser("ner")})


def add_listeners_of_both_kinds(nlp: Language) -> None:
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    nlp.add_pipe("tagger", "tagger_weighting", config={"model": tagger(SCALAR_LISTENER)})
    nlp.add_pipe("tagger", "tagger_layers", config={"model": tagger(LAYERS_LISTENER)})


def trained(
    encoder: Path,
    place: dict[str, Any] | None,
    *,
    all_layers: bool,
    frozen: bool = False,
    annotating: tuple[str, ...] = (),
) -> tuple[list[dict[str, float]], Language]:
    """Losses of some steps and the pipeline after them.

    place: where `add_pipe` puts trend_vector; None for no trend_vector.
    """
    fix_random_seed(0)
    nlp = spacy.blank("en")
    add_bert(nlp, encoder, all_layers=all_layers, frozen=frozen, spans={"window": 6, "stride": 4})
    (add_listeners_of_both_kinds if all_layers else add_last_layer_listeners)(nlp)
    if place is not None:
        nlp.add_pipe("trend_vector", config=DIFFERENCE, **place)
    examples = [Example.from_dict(Doc(nlp.vocab, words=gold["words"]), dict(gold)) for gold in GOLD]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    steps = []
    for _ in range(4):
        losses: dict[str, float] = {}
        names = [name for name in annotating if name in nlp.pipe_names]
        nlp.update(examples, sgd=optimizer, losses=losses, drop=0.1, annotates=names)
        steps.append(losses)
    return steps, nlp


@cache
def trained_without_us(encoder: Path, **settings: Any) -> tuple[list[dict[str, float]], Language]:
    """As `trained`; not to be changed by a test."""
    return trained(encoder, None, **settings)


def assert_same_predictions(nlp: Language, stock: Language) -> None:
    texts = ["Miriam wants the lighthouse.", LONG, "Stop!"]
    if "tagger_weighting" not in nlp.pipe_names:
        # Weighted layers take no text without wordpieces, with us or without.
        texts += ["", " "]
    for doc, expected in zip(nlp.pipe(texts), stock.pipe(texts), strict=True):
        for attribute in ("tag_", "dep_", "ent_type_"):
            assert [getattr(token, attribute) for token in doc] == [
                getattr(token, attribute) for token in expected
            ]
        assert [token.head.i for token in doc] == [token.head.i for token in expected]
        for name in nlp.pipe_names:
            if name.startswith("tagger") and doc.text.strip():
                ours, theirs = (
                    pipeline.get_pipe(name).model.predict([one])[0]
                    for pipeline, one in ((nlp, doc), (stock, expected))
                )
                near(ours, theirs, doc.text, 1e-4)


@ALL_LAYERS
@pytest.mark.parametrize(
    ("place", "settings"),
    [
        ({"after": "transformer"}, {}),
        ({"after": "tagger"}, {}),
        ({"last": True}, {}),
        ({"last": True}, {"frozen": True}),
        ({"after": "transformer"}, {"annotating": ("transformer", "trend_vector")}),
        ({"after": "tagger"}, {"annotating": ("transformer", "tagger", "trend_vector")}),
        ({"after": "tagger"}, {"annotating": ("transformer", "tagger", "trend_vector"), "frozen": True}),
    ],
    ids=[
        "before",
        "between",
        "after",
        "frozen",
        "annotating_1",
        "annotating_2",
        "frozen_annotating",
    ],
)
def test_listeners_train_and_predict_as_without_us(
    tiny_encoder: Path, place: dict[str, Any], settings: dict[str, Any], all_layers: bool
) -> None:
    expected, stock = trained_without_us(tiny_encoder, all_layers=all_layers, **settings)
    losses, nlp = trained(tiny_encoder, place, all_layers=all_layers, **settings)
    assert losses == expected
    assert losses[0]["tagger"] != losses[-1]["tagger"]
    assert_same_predictions(nlp, stock)
    state, stock_state = encoder_of(nlp).state_dict(), encoder_of(stock).state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in stock_state.items())


def test_vectors_follow_the_weights_as_they_are_trained(tiny_encoder: Path) -> None:
    _, nlp = trained(tiny_encoder, {"last": True}, all_layers=False)
    _, stock = trained(tiny_encoder, None, all_layers=False)
    stock.add_pipe("trend_vector", config=DIFFERENCE)
    untrained = curated_bert(tiny_encoder, DIFFERENCE, spans={"window": 6, "stride": 4})
    assert_same(nlp(TEXT), stock(TEXT))
    assert np.abs(nlp(TEXT)._.trend_vector - untrained(TEXT)._.trend_vector).max() > 0.01


def test_a_frozen_transformer_hands_vectors_to_training(tiny_encoder: Path) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    add_bert(nlp, tiny_encoder, frozen=True)
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    seen = []

    @Language.component("spy_on_curated")
    def spy(doc: Doc) -> Doc:
        seen.append(doc._.trend_vector)
        return doc

    nlp.add_pipe("spy_on_curated")
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    example = Example.from_dict(Doc(nlp.vocab, words=GOLD[0]["words"]), dict(GOLD[0]))
    nlp.initialize(lambda: [example])
    nlp.update([example], annotates=["transformer", "trend_vector", "spy_on_curated"])
    (vector,) = seen
    near(vector, nlp(Doc(nlp.vocab, words=GOLD[0]["words"]))._.trend_vector)


@pytest.mark.parametrize("place", [{"after": "transformer"}, {"last": True}], ids=["before", "after"])
def test_replaced_listeners_predict_as_without_us(
    tiny_encoder: Path, tmp_path: Path, place: dict[str, Any]
) -> None:
    _, stock = trained(tiny_encoder, None, all_layers=False)
    _, nlp = trained(tiny_encoder, place, all_layers=False)
    vector = nlp(TEXT)._.trend_vector
    for pipeline in (stock, nlp):
        pipeline.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    assert_same_predictions(nlp, stock)
    nlp.to_disk(tmp_path)
    for loaded in (spacy.load(tmp_path), spacy.load(tmp_path, exclude=["trend_vector"])):
        assert_same_predictions(loaded, stock)
    near(spacy.load(tmp_path)(TEXT)._.trend_vector, vector)
