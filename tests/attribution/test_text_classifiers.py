"""Predictions of spaCy's text classifiers on the trend vector in parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from thinc.api import Linear, Logistic, Maxout, Model, Relu, Softmax, Softmax_v2, chain

from spacy_trend import attribute_prediction
from spacy_trend.architectures import trend_vector_features
from spacy_trend.attribution.text_classifiers import TextClassifierScores
from tests.support.attributions import assert_adds_up, weighted_doc
from tests.support.classifiers import pipeline_with, trained

TEXTS = ["I want an apple.", "She sold the old house.", "?!", "They eat pears and plums in a flat."]


def log_odds(value: float) -> float:
    return float(np.log(value / (1 - value)))


@pytest.mark.parametrize("hidden_width", [None, 8])
@pytest.mark.parametrize("textcat", ["textcat", "textcat_multilabel"])
def test_parts_add_up_to_what_the_component_predicts(
    tiny_encoder: Path, textcat: str, hidden_width: int | None
) -> None:
    nlp = trained(tiny_encoder, textcat=textcat, model={"hidden_width": hidden_width})
    for doc in nlp.pipe(TEXTS):
        found = attribute_prediction(nlp, doc, "fruit")
        assert_adds_up(found)
        # Of two labels, the log odds of one are its lead over the other.
        assert found.score == pytest.approx(log_odds(doc.cats["fruit"]), abs=1e-3)
        assert found.against == ("house" if textcat == "textcat" else None)
        assert attribute_prediction(nlp, doc).label == max(doc.cats, key=lambda label: doc.cats[label])


def test_a_stored_pipeline_gives_the_same_parts(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = trained(tiny_encoder, model={"hidden_width": 8})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    ours, theirs = (attribute_prediction(of, of(TEXTS[1])) for of in (nlp, loaded))
    np.testing.assert_allclose(ours.parts, theirs.parts, atol=1e-6)


def test_words_are_left_out_with_the_pipeline_itself(tiny_encoder: Path) -> None:
    nlp = trained(tiny_encoder)
    found = attribute_prediction(nlp, nlp(TEXTS[0]), "fruit", method="leave_one_out")
    without = [
        nlp(text).cats["fruit"] for text in ("want an apple.", "I an apple.", "I want apple.", "I want an .")
    ]
    expected = found.score - np.array([log_odds(value) for value in without])
    np.testing.assert_allclose(found.parts, expected, atol=2e-3)
    component = attribute_prediction(
        nlp.get_pipe("textcat"), nlp(TEXTS[0]), "fruit", method="leave_one_out", nlp=nlp
    )
    np.testing.assert_array_equal(component.parts, found.parts)


class Pipe:
    """A component with two labels and a model."""

    name = "mine"
    labels = ("a", "b")

    def __init__(self, model: Any) -> None:
        self.model = model


def initialized(*layers: Model[Any, Any]) -> Any:
    model = chain(trend_vector_features(3), *layers)
    X = np.ones((1, 3), dtype=np.float32)  # noqa: N806 - thinc's
    for layer in layers:
        layer.initialize(X=X)
        X = layer.predict(X)  # noqa: N806
    for node in model.walk():
        for number, name in enumerate(node.param_names):
            parameter = node.get_param(name)
            random = np.random.default_rng(number).normal(size=parameter.shape)
            node.set_param(name, random.astype(np.float32))
    return Pipe(model)


@pytest.mark.parametrize(
    "layers",
    [
        (Softmax(2),),
        (Softmax_v2(2, temperature=0.5),),
        (Relu(4, normalize=True, dropout=0.1), Relu(3), Linear(2), Logistic()),
        (chain(Relu(4), chain(Relu(3), Linear(2))),),
    ],
    ids=["softmax", "temperature", "layers", "chains"],
)
def test_layers_that_are_linear_for_a_text_are_followed(layers: Any) -> None:
    pipe = initialized(*layers)
    doc = weighted_doc([1, 0.5], [[1, -2, 3], [0.25, 4, 1]])
    (predicted,) = pipe.model.predict([doc]).tolist()
    found = attribute_prediction(pipe, doc, "a", "b")
    assert_adds_up(found)
    name = pipe.model.layers[-1].name
    values = np.log(predicted) if "softmax" in name else predicted
    expected = (
        log_odds(predicted[0]) - log_odds(predicted[1]) if name == "logistic" else values[0] - values[1]
    )
    assert found.score == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_layer_that_is_not_known_is_named() -> None:
    pipe = initialized(Maxout(4, nP=2), Softmax(2))
    with pytest.raises(ValueError, match=r"The layer 'maxout'.*is not known to be linear"):
        attribute_prediction(pipe, weighted_doc([1], [[1, 2, 3]]))


def test_a_component_that_reads_no_trend_vector_is_refused(default: Language) -> None:
    with pytest.raises(ValueError, match=r"'mine' does not read the trend vector.*TextCatTrendVector"):
        attribute_prediction(Pipe(Linear(2, 3)), weighted_doc([1], [[1, 2, 3]]))
    with pytest.raises(ValueError, match=r"does not read the trend vector"):
        TextClassifierScores(default.get_pipe("sentencizer"))
    with pytest.raises(ValueError, match=r"has 0 components that read the trend vector: got \[\] among"):
        attribute_prediction(default, default("I want it."))


def test_a_component_that_is_not_trained_is_refused(tiny_encoder: Path) -> None:
    nlp = pipeline_with(tiny_encoder)
    with pytest.raises(ValueError, match=r"'textcat' is not trained.*spacy train"):
        attribute_prediction(nlp, weighted_doc([1], [[1, 2]]))


def test_vectors_of_another_width_than_it_was_trained_with_are_refused(tiny_encoder: Path) -> None:
    nlp = trained(tiny_encoder, steps=1)
    with pytest.raises(ValueError, match=r"has width 2, but the component 'textcat' was trained with 32"):
        attribute_prediction(nlp, weighted_doc([1], [[1, 2]]))
