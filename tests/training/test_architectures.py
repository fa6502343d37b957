"""The features and the classifier on the trend vector, and what is prepared before they train."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.vocab import Vocab
from thinc.api import Model, set_dropout_rate

from spacy_trend.architectures import set_vector_width, text_classifier, trend_vector_features
from spacy_trend.attributes.record import RECORD, Record, sealed
from tests.support.classifiers import examples_of, trained, trend_vector_config, update, with_stock_corpus


def doc_without(text: str = "None here.") -> Doc:
    """A doc that has no trend vector."""
    return Doc(Vocab(), words=text.split())


def doc_with(vector: Any) -> Doc:
    """A doc that has this trend vector, and no words."""
    doc = doc_without("One text.")
    none = np.zeros((0, 2), dtype=np.float32)
    record = Record(
        length=len(doc),
        tokens=np.zeros(0, dtype=np.int32),
        offsets=np.zeros((0, 2), dtype=np.int32),
        attention=none.T,
        mutual=np.zeros((0, 0), dtype=np.float32),
        mutual_places=np.zeros(0, dtype=np.int32),
        distances=np.zeros(0, dtype=np.float32),
        weights=np.zeros(0, dtype=np.float32),
        importance=np.zeros(0, dtype=np.float32),
        word_vectors=None,
        vector=np.array(vector, dtype=np.float32),
        pair=np.full(2, -1, dtype=np.int32),
        truncated=0,
        select="{}",
    )
    doc._.set(RECORD, sealed(record, doc))
    return doc


def random_docs(count: int, width: int) -> list[Doc]:
    return [doc_with(vector) for vector in np.random.default_rng(0).normal(size=(count, width))]


def classifier_of(docs: list[Doc], labels: int, seed: int = 0, **config: Any) -> Model[Any, Any]:
    """A classifier with random weights."""
    model = text_classifier(**config)
    model.initialize(X=docs, Y=np.zeros((1, labels), dtype=np.float32))
    random = np.random.default_rng(seed)
    for node in model.walk():
        for name in node.param_names:
            shape = node.get_param(name).shape
            node.set_param(name, random.normal(scale=0.5, size=shape).astype(np.float32))
    return model


class TestFeatures:
    def test_are_registered(self) -> None:
        model = spacy.registry.resolve({"model": {"@architectures": "spacy-trend.TrendVectorFeatures.v1"}})[
            "model"
        ]
        assert model.predict([doc_with([1, 2])]).tolist() == [[1, 2]]

    def test_are_the_vectors_of_the_docs_in_order(self) -> None:
        model = trend_vector_features()
        stacked = model.predict([doc_with([1, 2]), doc_with([0, -3])])
        assert stacked.tolist() == [[1, 2], [0, -3]]
        assert stacked.dtype == np.float32

    @pytest.mark.parametrize("preset", ["article", "classifier_wide"])
    def test_are_what_the_pipeline_gives(self, preset: str, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp({"preset": preset})
        docs = list(nlp.pipe(["I want an apple.", "", "...", "She sold the old house."]))
        model = trend_vector_features()
        np.testing.assert_array_equal(model.predict(docs), [doc._.trend_vector for doc in docs])

    def test_can_be_written_to(self) -> None:
        doc = doc_with([1, 2])
        trend_vector_features().predict([doc])[0, 0] = 5
        assert doc._.trend_vector.tolist() == [1, 2]

    def test_of_no_docs_are_none(self) -> None:
        assert trend_vector_features(4).predict([]).shape == (0, 4)
        assert trend_vector_features().predict([]).shape == (0, 0)

    def test_backpropagate_nothing(self) -> None:
        _, backprop = trend_vector_features()([doc_with([1, 2])], is_train=True)
        assert backprop(np.ones((1, 2), dtype=np.float32)) == []

    def test_know_the_width_given(self) -> None:
        assert trend_vector_features(3).get_dim("nO") == 3

    def test_take_the_width_from_docs_that_have_vectors(self) -> None:
        model = trend_vector_features()
        model.initialize(X=[doc_without(), doc_with([1, 2])])
        assert model.get_dim("nO") == 2

    def test_are_left_without_width_by_docs_without_vectors(self) -> None:
        model = trend_vector_features()
        model.initialize(X=[doc_without()])
        assert model.has_dim("nO") is None

    def test_of_a_doc_without_vector_are_refused(self) -> None:
        message = (
            r"The doc 'None here\. ' has no trend vector: got .* = None\. Expected 'transformer' and "
            r"'trend_vector' to have run on it\. While training, name both in "
            r"training\.annotating_components, or read the corpus with \"spacy-trend\.VectorCorpus\.v1\"\."
        )
        with pytest.raises(ValueError, match=message):
            trend_vector_features().predict([doc_with([1, 2]), doc_without()])

    def test_of_another_width_are_refused(self) -> None:
        message = (
            r"The trend vector of the doc 'One text\. ' has width 2, but the classifier was made for 3\. "
            r"Expected the encoder and the settings of 'trend_vector' that the classifier was trained with"
        )
        with pytest.raises(ValueError, match=message):
            trend_vector_features(3).predict([doc_with([1, 2])])

    def test_a_model_can_be_told_their_width_once(self) -> None:
        model = text_classifier()
        set_vector_width(model, 5)
        set_vector_width(model, 5)
        set_vector_width(None, 3)
        assert model.get_ref("features").get_dim("nO") == 5
        with pytest.raises(ValueError, match=r"of the pipeline has width 3, but .* was made for 5\."):
            set_vector_width(model, 3)

    def test_have_the_pipeline_s_width_whatever_gold_docs_were_written_with(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        narrow = trained(tiny_encoder, steps=0)
        docs = [example.reference for example in examples_of(narrow, "fruit", "house")]
        for doc in docs:
            with narrow.select_pipes(disable="textcat"):
                narrow(doc)
            doc._.trf_data = None
        config = with_stock_corpus(trend_vector_config(tiny_encoder, "classifier_wide"), tmp_path)
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "texts.spacy")
        assert init_nlp(config)("I want an apple.").cats == {"fruit": 0.5, "house": 0.5}

    def test_are_the_first_layer_of_a_model_of_your_own(self, tiny_encoder: Path) -> None:
        chained = {
            "@layers": "chain.v1",
            "*": {
                "features": {"@architectures": "spacy-trend.TrendVectorFeatures.v1"},
                "softmax": {"@layers": "Softmax.v1"},
            },
        }
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector")
        nlp.add_pipe("textcat", config={"model": chained})
        examples = examples_of(nlp, "fruit", "house")
        update(nlp, examples, nlp.initialize(lambda: examples), 1)
        assert sum(nlp("I want an apple.").cats.values()) == pytest.approx(1)


class TestClassifier:
    @pytest.mark.parametrize("hidden_width", [None, 7])
    @pytest.mark.parametrize("labels", [2, 3, 5])
    def test_gives_exclusive_scores_that_sum_to_one(self, labels: int, hidden_width: int | None) -> None:
        docs = random_docs(20, 6)
        scores = classifier_of(docs, labels, hidden_width=hidden_width).predict(docs)
        assert (scores.shape, scores.dtype) == ((20, labels), np.float32)
        assert (scores >= 0).all()
        np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)

    @pytest.mark.parametrize("hidden_width", [None, 7])
    def test_gives_other_scores_each_for_itself(self, hidden_width: int | None) -> None:
        docs = random_docs(20, 6)
        model = classifier_of(docs, 3, exclusive_classes=False, hidden_width=hidden_width)
        scores = model.predict(docs)
        assert scores.shape == (20, 3)
        assert ((scores > 0) & (scores < 1)).all()
        assert np.ptp(scores.sum(axis=1)) > 0.05

    def test_says_whether_several_labels_may_hold(self) -> None:
        assert text_classifier().attrs["multi_label"] is False
        assert text_classifier(exclusive_classes=False).attrs["multi_label"] is True

    def test_is_a_linear_layer_on_the_normalised_vector(self) -> None:
        docs = [doc_with([1, 3])]  # mean 2 and deviation 1: normalised to -1 and 1
        model = text_classifier(exclusive_classes=False)
        model.initialize(X=docs, Y=np.zeros((1, 2), dtype=np.float32))
        (linear,) = [node for node in model.walk() if node.name == "linear"]
        linear.set_param("W", np.array([[0, 2], [1, 0]], dtype=np.float32))
        linear.set_param("b", np.array([1, 0], dtype=np.float32))
        np.testing.assert_allclose(model.predict(docs), [1 / (1 + np.exp([-3, 1]))], rtol=1e-5)

    def test_does_not_prefer_a_label_before_it_has_learnt(self) -> None:
        docs = random_docs(3, 6)
        for exclusive, score in [(True, 0.25), (False, 0.5)]:
            model = text_classifier(exclusive_classes=exclusive)
            model.initialize(X=docs, Y=np.zeros((1, 4), dtype=np.float32))
            np.testing.assert_array_equal(model.predict(docs), np.full((3, 4), score))

    def test_of_no_docs_scores_none(self) -> None:
        assert classifier_of(random_docs(2, 6), 3).predict([]).shape == (0, 3)

    @pytest.mark.parametrize("exclusive", [True, False])
    def test_scores_a_vector_of_zeros(self, exclusive: bool) -> None:
        model = classifier_of(random_docs(2, 4), 3, exclusive_classes=exclusive)
        assert np.isfinite(model.predict([doc_with([0, 0, 0, 0])])).all()

    @pytest.mark.parametrize("hidden_width", [None, 4])
    @pytest.mark.parametrize("exclusive", [True, False])
    def test_has_the_gradient_of_its_loss(self, exclusive: bool, hidden_width: int | None) -> None:
        docs = random_docs(8, 5)
        model = classifier_of(docs, 3, exclusive_classes=exclusive, hidden_width=hidden_width)
        random = np.random.default_rng(1)
        truth = np.eye(3, dtype=np.float32)[random.integers(0, 3, size=8)]

        def loss() -> float:
            scores = model.predict(docs).astype(np.float64)
            # What textcat's gradient, scores - truth, is the gradient of: before softmax, or after logistic.
            return float(-(truth * np.log(scores)).sum() if exclusive else ((scores - truth) ** 2).sum() / 2)

        scores, backprop = model.begin_update(docs)
        assert backprop(scores - truth) == []
        checked = 0
        for node in model.walk():
            for name in node.param_names:
                param, gradient = node.get_param(name), node.get_grad(name)
                for place in random.integers(0, param.size, size=3):
                    was = float(param.flat[place])
                    losses = []
                    for step in (0.01, -0.01):
                        param.flat[place] = was + step
                        losses.append(loss())
                    param.flat[place] = was
                    numeric = (losses[0] - losses[1]) / 0.02
                    assert gradient.flat[place] == pytest.approx(numeric, rel=0.02, abs=0.005), (node, name)
                    checked += 1
        assert checked == (12 if hidden_width is None else 18)

    @pytest.mark.parametrize("hidden_width", [None, 6])
    def test_drops_units_while_it_trains_and_then_alone(self, hidden_width: int | None) -> None:
        docs = random_docs(10, 8)
        model = classifier_of(docs, 2, hidden_width=hidden_width)
        expected = model.predict(docs)
        np.testing.assert_array_equal(model.begin_update(docs)[0], expected)
        set_dropout_rate(model, 0.5)
        assert not np.array_equal(model.begin_update(docs)[0], expected)
        np.testing.assert_array_equal(model.predict(docs), expected)

    def test_has_as_many_hidden_units_as_asked_for(self) -> None:
        model = classifier_of(random_docs(2, 5), 3, hidden_width=7)
        shapes = [node.get_param("W").shape for node in model.walk() if node.has_param("W")]
        assert sorted(shapes) == [(3, 7), (7, 5)]

    def test_takes_the_number_of_labels(self) -> None:
        model = text_classifier(nO=4)
        model.initialize(X=random_docs(1, 5))
        assert model.predict(random_docs(2, 5)).shape == (2, 4)
        assert model.get_dim("nO") == 4

    @pytest.mark.parametrize("carry", ["bytes", "disk", "pickle", "deepcopy"])
    @pytest.mark.parametrize("config", [{}, {"hidden_width": 3, "exclusive_classes": False}])
    def test_gives_equal_scores_when_it_was_stored(
        self, carry: str, config: dict[str, Any], tmp_path: Path
    ) -> None:
        docs = random_docs(4, 5)
        model = classifier_of(docs, 3, **config)
        if carry == "bytes":
            other = text_classifier(**config).from_bytes(model.to_bytes())
        elif carry == "disk":
            model.to_disk(tmp_path / "model")
            other = text_classifier(**config).from_disk(tmp_path / "model")
        else:
            other = pickle.loads(pickle.dumps(model)) if carry == "pickle" else deepcopy(model)
        np.testing.assert_array_equal(other.predict(docs), model.predict(docs))
        with pytest.raises(ValueError, match=r"has width 2, but the classifier was made for 5\."):
            other.predict([doc_with([1, 2])])

    def test_without_a_width_is_refused(self) -> None:
        message = (
            r"The width of the trend vectors is unknown: got no component 'trend_vector' that was "
            r"initialized before this one, and docs without vectors\. Expected one or the other: put"
        )
        with pytest.raises(ValueError, match=message):
            text_classifier().initialize(X=[doc_without()])
