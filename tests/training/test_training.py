from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed

from spacy_trend.encoder.bfloat16 import bfloat16_copy

TEXTS = [
    ("I want an apple.", "fruit"),
    ("I want an orange.", "fruit"),
    ("I want an adventure.", "other"),
    ("She sold the old house in the village.", "other"),
]
LISTENER = {
    "@architectures": "spacy.TextCatCNN.v2",
    "exclusive_classes": True,
    "tok2vec": {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    },
}


def examples_of(nlp: Language) -> list[Example]:
    labels = {label for _, label in TEXTS}
    return [
        Example.from_dict(nlp.make_doc(text), {"cats": {label: float(label == gold) for label in labels}})
        for text, gold in TEXTS
    ]


def losses(
    encoder: Path, with_trend_vector: bool, annotating: list[str]
) -> tuple[list[dict[str, float]], Language]:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(encoder)}})
    if with_trend_vector:
        nlp.add_pipe("trend_vector")
    nlp.add_pipe("textcat", config={"model": LISTENER})
    examples = examples_of(nlp)
    optimizer = nlp.initialize(lambda: examples)
    steps = []
    for _ in range(4):
        step: dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=step, drop=0.1, annotates=annotating)
        steps.append(step)
    return steps, nlp


@pytest.mark.parametrize("annotating", [[], ["transformer"]], ids=["plain", "annotating"])
def test_a_listener_trains_with_the_same_losses(tiny_encoder: Path, annotating: list[str]) -> None:
    stock, without = losses(tiny_encoder, False, annotating)
    ours, with_us = losses(tiny_encoder, True, annotating)
    assert ours == stock
    assert stock[-1]["textcat"] != stock[0]["textcat"]
    # And what was learnt is the same.
    text = "I want a pear."
    assert with_us(text).cats == without(text).cats


def test_vectors_follow_the_weights_as_they_are_trained(tiny_encoder: Path) -> None:
    _, nlp = losses(tiny_encoder, True, ["transformer", "trend_vector"])
    before = nlp("I want a pear.")._.trend_vector
    doc = nlp.make_doc(TEXTS[0][0])
    example = Example.from_dict(doc, {"cats": {"fruit": 1.0, "other": 0.0}})
    for _ in range(3):
        nlp.update([example], sgd=nlp.resume_training())
    assert not np.array_equal(nlp("I want a pear.")._.trend_vector, before)


def test_a_frozen_transformer_hands_vectors_to_training(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector")
    seen = []

    @Language.component("spy")
    def spy(doc: Doc) -> Doc:
        seen.append(doc._.trend_vector)
        return doc

    nlp.add_pipe("spy")
    nlp.add_pipe("textcat", config={"model": LISTENER})
    example = Example.from_dict(nlp.make_doc("I want an apple."), {"cats": {"fruit": 1.0, "other": 0.0}})
    nlp.initialize(lambda: [example])
    nlp.update([example], annotates=["transformer", "trend_vector", "spy"], exclude=["transformer"])
    (vector,) = seen
    np.testing.assert_array_equal(vector, nlp("I want an apple.")._.trend_vector)


def test_the_bfloat16_copy_follows_the_weights(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector", config={"precision": "bfloat16"})
    nlp.add_pipe("textcat", config={"model": LISTENER})
    optimizer = nlp.initialize(lambda: examples_of(nlp))
    optimizer.learn_rate = 0.1
    nlp(TEXTS[0][0])
    encoder = nlp.get_pipe("transformer").model.transformer
    name = "encoder.layer.0.output.dense.weight"
    before = bfloat16_copy(encoder).get_parameter(name).clone()
    for _ in range(3):
        nlp.update(examples_of(nlp), sgd=optimizer)
    nlp(TEXTS[0][0])
    copy = bfloat16_copy(encoder).state_dict()
    assert not torch.equal(copy[name], before)
    for name, weight in encoder.state_dict().items():
        assert torch.equal(copy[name], weight.to(copy[name].dtype)), name
