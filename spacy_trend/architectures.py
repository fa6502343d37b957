"""A thinc layer that reads the trend vector, and a text classifier on it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import Dropout, LayerNorm, Linear, Logistic, Model, Relu, Softmax, chain, zero_init
from thinc.types import Floats2d

FEATURES = "trend_vector_features"
CLASSIFIER = "trend_vector_classifier"
#: The ids of layers that were initialized and have not run since.
_INITIALIZED: set[int] = set()
_Backprop = Callable[[Any], Any]


def trend_vector_features(width: int | None = None) -> Model[list[Doc], Floats2d]:
    """Return a layer that reads `Doc._.trend_vector`; nothing is backpropagated, as the vectors are data.

    Registered as `spacy-trend.TrendVectorFeatures.v1`.

    Args:
        width: of the vectors; None to take it from the pipeline's `trend_vector` when that is initialized, or
            from docs that have vectors.

    Returns:
        a model from docs to float32 `(docs, width)`, on the device of its ops.
    """
    return Model(FEATURES, _forward, init=_init, dims={"nO": width})


def text_classifier(
    exclusive_classes: bool = True,
    hidden_width: int | None = None,
    nO: int | None = None,  # noqa: N803 - spaCy's name for the number of labels
) -> Model[list[Doc], Floats2d]:
    """Return a text classifier on the trend vector, for `textcat` and `textcat_multilabel`.

    Layer normalisation, a hidden layer if one is asked for, and a linear layer with softmax or logistic.
    `training.dropout` drops a share of its input and hidden units. Registered as
    `spacy-trend.TextCatTrendVector.v1`.

    Args:
        exclusive_classes: True for one label a doc (softmax), False for several (logistic).
        hidden_width: units of a hidden layer (ReLU); None for no hidden layer.
        nO: the number of labels; None to take it from the data.

    Returns:
        a model from docs to float32 `(docs, labels)`, each from 0 to 1.

    Raises:
        ValueError: for a hidden layer without units.
    """
    if hidden_width is not None and hidden_width < 1:
        raise ValueError(
            f"hidden_width={hidden_width} is out of range. Expected 1 or more, or null for none."
        )
    features = trend_vector_features()
    layers: list[Model[Any, Any]] = [LayerNorm(), Dropout()]
    if hidden_width is not None:
        layers += [Relu(nO=hidden_width, dropout=0.0)]
    layers += [Softmax(nO=nO)] if exclusive_classes else [Linear(nO=nO, init_W=zero_init), Logistic()]
    classifier: Model[Any, Any] = chain(*layers)
    model: Model[list[Doc], Floats2d] = Model(
        CLASSIFIER,
        _classify,
        init=_init_classifier,
        dims={"nO": nO},
        layers=[features, classifier],
        refs={"features": features, "classifier": classifier},
        attrs={"multi_label": not exclusive_classes},
    )
    return model


def reads_trend_vector(model: Any) -> bool:
    """Return whether a component's model has a layer that reads the trend vector."""
    return isinstance(model, Model) and any(node.name == FEATURES for node in model.walk())


def set_vector_width(model: Any, width: int) -> None:
    """Set the width of a model's layers that read the trend vector.

    Args:
        model: of a component; anything but a thinc model is left alone.
        width: of the vectors.

    Raises:
        ValueError: if a layer was made for another width.
    """
    for node in model.walk() if isinstance(model, Model) else ():
        if node.name == FEATURES:
            _set_width(node, width)


def _forward(
    model: Model[list[Doc], Floats2d], docs: list[Doc], is_train: bool
) -> tuple[Floats2d, _Backprop]:
    width = model.maybe_get_dim("nO")
    if model.id in _INITIALIZED and width is not None:
        # To find the width of the output, thinc's chain predicts on a sample that is not annotated yet.
        _INITIALIZED.discard(model.id)
        if all(doc._.trend_vector is None for doc in docs):
            return model.ops.alloc2f(len(docs), width), lambda d_vectors: []
    vectors = [_vector(doc) for doc in docs]
    for doc, vector in zip(docs, vectors, strict=True):
        _check_width(model, len(vector), f"the doc {doc.text[:40]!r}")
    stacked: Any = np.stack(vectors) if vectors else np.zeros((0, width or 0), dtype=np.float32)
    return model.ops.asarray2f(stacked), lambda d_vectors: []


def _init(model: Model[list[Doc], Floats2d], X: Any = None, Y: Any = None) -> None:  # noqa: N803 - thinc's
    _INITIALIZED.add(model.id)
    if model.has_dim("nO"):
        return
    for doc in X or []:
        if doc._.trend_vector is not None:
            _set_width(model, len(doc._.trend_vector))


def _classify(
    model: Model[list[Doc], Floats2d], docs: list[Doc], is_train: bool
) -> tuple[Floats2d, _Backprop]:
    vectors, _ = model.get_ref("features")(docs, is_train)
    scores, backprop = model.get_ref("classifier")(vectors, is_train)

    def backprop_scores(d_scores: Floats2d) -> list[Doc]:
        backprop(d_scores)
        return []

    return scores, backprop_scores


def _init_classifier(model: Model[list[Doc], Floats2d], X: Any = None, Y: Any = None) -> None:  # noqa: N803
    features = model.get_ref("features")
    features.initialize(X=X)
    _INITIALIZED.discard(features.id)
    width = features.maybe_get_dim("nO")
    if width is None:
        raise ValueError(
            "The width of the trend vectors is unknown: got no component 'trend_vector' that was initialized "
            "before this one, and docs without vectors. Expected one or the other: put 'trend_vector' before "
            "the classifier, and not among training.frozen_components (it has nothing to train)."
        )
    # An array, not the docs: before training they have no vectors yet.
    model.get_ref("classifier").initialize(X=model.ops.alloc2f(1, width), Y=Y)
    if Y is not None and model.has_dim("nO") is None:
        model.set_dim("nO", Y.shape[1])


def _vector(doc: Doc) -> Any:
    vector = doc._.trend_vector if Doc.has_extension("trend_vector") else None
    if vector is None:
        raise ValueError(
            f"The doc {doc.text[:40]!r} has no trend vector: got doc._.trend_vector = None. Expected "
            "'transformer' and 'trend_vector' to have run on it. While training, name both in "
            'training.annotating_components, or read the corpus with "spacy-trend.VectorCorpus.v1".'
        )
    return vector


def _set_width(model: Model[list[Doc], Floats2d], width: int) -> None:
    _check_width(model, width, "the pipeline")
    if model.has_dim("nO") is None:
        model.set_dim("nO", width)


def _check_width(model: Model[list[Doc], Floats2d], width: int, owner: str) -> None:
    expected = model.maybe_get_dim("nO")
    if expected is not None and width != expected:
        raise ValueError(
            f"The trend vector of {owner} has width {width}, but the classifier was made for {expected}. "
            "Expected the encoder and the settings of 'trend_vector' that the classifier was trained with: "
            "use those, or train it again."
        )
