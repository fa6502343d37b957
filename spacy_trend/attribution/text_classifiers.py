"""Text classifiers of spaCy on the trend vector as scores that are linear in it."""

from typing import Any

import numpy as np
from thinc.api import Model

from ..architectures import CLASSIFIER, FEATURES, reads_trend_vector
from .affine import Affine, before, before_layer_norm, before_scale, layer_norm
from .interface import Label, Parts

#: They change nothing when a model predicts, or nothing but the scale on which scores are shown.
_TRANSPARENT = {"dropout", "logistic"}
#: Layers whose output is `W @ input + b`, before a ReLU or a softmax.
_MATRICES = {"linear", "relu", "softmax"}


class TextClassifierScores:
    """The scores of a `textcat` or `textcat_multilabel` on the trend vector, before softmax or logistic.

    Args:
        pipe: the component.

    Raises:
        ValueError: if its model does not read the trend vector, is not trained, or has a layer that is not
            known here.
    """

    def __init__(self, pipe: Any) -> None:
        model = getattr(pipe, "model", None)
        if not isinstance(model, Model) or not reads_trend_vector(model):
            raise ValueError(
                f"The component {getattr(pipe, 'name', pipe)!r} does not read the trend vector, so its "
                "scores do not split into words. Expected a textcat or textcat_multilabel whose model is "
                '"spacy-trend.TextCatTrendVector.v1".'
            )
        #: The labels in the order of the scores.
        self.labels: list[Label] = list(pipe.labels)
        self._layers = _flat_layers(model)
        if any(layer.has_param(name) is None for layer in self._layers for name in layer.param_names):
            raise ValueError(
                f"The component {pipe.name!r} is not trained: its layers have no weights. Expected a "
                "pipeline that was trained: load one that `spacy train` wrote."
            )
        self._name, self._width = pipe.name, next(filter(None, map(_width_of, self._layers)), None)
        self._is_exclusive = any(layer.name == "softmax" for layer in self._layers)

    def scores(self, vector: Parts) -> Parts:
        """Return the scores of a vector, float64 `(labels,)`.

        Args:
            vector: float64 `(width,)`.

        Raises:
            ValueError: for a vector of another width than the component was trained with.
        """
        if self._width not in (None, len(vector)):
            raise ValueError(
                f"The text's vector has width {len(vector)}, but the component {self._name!r} was trained "
                f"with {self._width}. Expected a doc of the pipeline that it was trained in: call that on "
                "the text."
            )
        for layer in self._layers:
            vector = _output(layer, vector)
        return vector

    def predicted(self, vector: Parts) -> tuple[int, ...]:
        """Return the places of the labels that compete for a text, the predicted one first.

        Args:
            vector: float64 `(width,)`.
        """
        order = np.argsort(-self.scores(vector), kind="stable").tolist()
        return tuple(order if self._is_exclusive else order[:1])

    def at(self, vector: Parts) -> Affine:
        """Return the scores as those of a vector, exact for it: float64 `(labels, width)` and `(labels,)`.

        A layer normalisation divides by a number of this text, and the units of a ReLU that are on are
        those of this text.

        Args:
            vector: float64 `(width,)`.
        """
        given, inputs = vector, []
        for layer in self._layers:
            inputs.append(given)
            given = _output(layer, given)
        scores = Affine(np.eye(len(given)), np.zeros(len(given)))
        for layer, vector_given in zip(reversed(self._layers), reversed(inputs), strict=True):
            scores = _before(layer, scores, vector_given)
        return scores


def _flat_layers(model: Model[Any, Any]) -> list[Model[Any, Any]]:
    """Return the layers that follow the features, in order."""
    if model.name == FEATURES:
        return []
    # A chain is named after its layers.
    if model.name == CLASSIFIER or ">>" in model.name:
        return [inner for layer in model.layers for inner in _flat_layers(layer)]
    if model.name not in {*_TRANSPARENT, *_MATRICES, "layernorm"}:
        raise ValueError(
            f"The layer {model.name!r} of a text classifier is not known to be linear, so scores behind it "
            "do not split into words exactly. Expected those of spacy-trend.TextCatTrendVector.v1: layer "
            "normalisation, dropout, ReLU, linear, softmax, logistic."
        )
    return [model]


def _width_of(layer: Model[Any, Any]) -> int | None:
    """Return how many numbers a layer is given; None if it takes any."""
    parameter = {"layernorm": "G", **dict.fromkeys(_MATRICES, "W")}.get(layer.name)
    return None if parameter is None else int(layer.get_param(parameter).shape[-1])


def _output(layer: Model[Any, Any], vector: Parts) -> Parts:
    if layer.name in _TRANSPARENT:
        return vector
    if layer.name == "layernorm":
        return layer_norm(vector, _parameter(layer, "G"), _parameter(layer, "b"))
    output = _matrix(layer)(vector)
    return np.maximum(output, 0) if layer.name == "relu" else output


def _before(layer: Model[Any, Any], scores: Affine, vector: Parts) -> Affine:
    if layer.name in _TRANSPARENT:
        return scores
    if layer.name == "layernorm":
        return before_layer_norm(scores, vector, _parameter(layer, "G"), _parameter(layer, "b"))
    matrix = _matrix(layer)
    if layer.name == "relu":
        scores = before_scale(scores, (matrix(vector) > 0).astype(np.float64))
    return before(scores, matrix)


def _matrix(layer: Model[Any, Any]) -> Affine:
    temperature = layer.attrs.get("softmax_temperature", 1.0)
    return Affine(_parameter(layer, "W") / temperature, _parameter(layer, "b") / temperature)


def _parameter(layer: Model[Any, Any], name: str) -> Parts:
    parameter: Parts = layer.ops.to_numpy(layer.get_param(name)).astype(np.float64)
    return parameter
