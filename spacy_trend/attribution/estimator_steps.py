"""The steps of scikit-learn's estimators: in which order they stand, and what they make of vectors.

Nothing here imports scikit-learn.
"""

import warnings
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..messages import name_some, shorten_text
from .interface import Parts

#: What an estimator is called that stands in no pipeline.
ALONE = "the estimator"
_EXPECTED = (
    "Expected a fitted linear classifier or regressor of scikit-learn, such as LogisticRegression, "
    "LinearSVC, SGDClassifier or Ridge, a pipeline that ends in one, or a spaCy pipeline with a textcat on "
    "the trend vector."
)


class Step(NamedTuple):
    """A step of a pipeline.

    Attributes:
        name: by which the pipeline calls it; those of pipelines in pipelines have dots.
        estimator: the step, or a number that vectors are multiplied by.
    """

    name: str
    estimator: Any

    def on(self, method: str, vectors: Parts) -> Parts:
        """Return what a method makes of vectors, float64 `(vectors, outputs)`.

        Args:
            method: "transform", "decision_function" or "predict".
            vectors: float64 `(vectors, width)`.

        Raises:
            ValueError: if it does not take them.
        """
        if isinstance(self.estimator, float):
            return vectors * self.estimator
        outputs = self.call(method, vectors)
        return outputs.astype(np.float64).reshape(len(vectors), -1)

    def call(self, method: str, vectors: Parts) -> NDArray[Any]:
        """Return what a method makes of vectors, `(vectors, ...)` of any dtype: as it is, but dense.

        Args:
            method: as for `on`.
            vectors: float64 `(vectors, width)`.

        Raises:
            ValueError: if it does not take them.
        """
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                # It is tried on vectors that it was not made for.
                warnings.simplefilter("ignore")
                outputs = getattr(self.estimator, method)(_as_fitted(self.estimator, vectors))
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(_refusal(self, vectors, error)) from error
        dense: NDArray[Any] = outputs.toarray() if hasattr(outputs, "toarray") else np.asarray(outputs)
        return dense


def steps_of(estimator: Any) -> list[Step]:
    """Return the steps of an estimator, those of pipelines in pipelines and of searches among them.

    Args:
        estimator: of scikit-learn.

    Raises:
        ValueError: for a class, a pipeline without steps, or trend vectors among other features.
    """
    if isinstance(estimator, type):
        raise ValueError(f"Got the class {estimator.__name__}, not an estimator that was fitted. {_EXPECTED}")
    steps = _flat(ALONE, estimator)
    if not steps:
        raise ValueError(f"Got a {type(estimator).__name__} without steps. {_EXPECTED}")
    return steps


def score_method(step: Step) -> str:
    """Return the method that gives the scores of a classifier or regressor.

    Args:
        step: the last one.

    Raises:
        ValueError: if it has no scores that can be linear.
    """
    if hasattr(step.estimator, "decision_function"):
        return "decision_function"
    if hasattr(step.estimator, "classes_") or not hasattr(step.estimator, "predict"):
        raise ValueError(
            f"The step {step.name!r} cannot be attributed: got a {type(step.estimator).__name__} without a "
            f"decision_function. {_EXPECTED}"
        )
    return "predict"


def _flat(name: str, estimator: Any) -> list[Step]:
    estimator = getattr(estimator, "best_estimator_", estimator)
    if hasattr(estimator, "steps"):
        named = [(inner, step) for inner, step in estimator.steps if step not in (None, "passthrough")]
        return [step for inner, part in named for step in _flat(_path(name, inner), part)]
    features = _features(estimator)
    if not any(_embeds(part) for _, part in features):
        return [Step(name, estimator)]
    if len(features) > 1:
        raise ValueError(
            f"The step {name!r} ({type(estimator).__name__}) puts features beside each other: got "
            f"{name_some(inner for inner, _ in features)}. Expected one TrendVectorizer and nothing beside "
            "it, because the words of a text do not say what other features add. Fit a classifier on the "
            "trend vectors alone."
        )
    ((inner, part),) = features
    weight = (estimator.transformer_weights or {}).get(inner, 1.0)
    return [*_flat(_path(name, inner), part), Step(f"{name}.transformer_weights", float(weight))]


def _path(name: str, inner: str) -> str:
    return inner if name == ALONE else f"{name}.{inner}"


def _features(estimator: Any) -> list[tuple[str, Any]]:
    """Return what a `ColumnTransformer` or `FeatureUnion` puts beside each other, with names."""
    found = getattr(estimator, "transformers_", None) or getattr(estimator, "transformer_list", [])
    # A ColumnTransformer adds the columns: of the rest, perhaps none are left.
    return [
        (name, part)
        for name, part, *columns in found
        if not (isinstance(part, str) and part == "drop") and all(np.size(of) for of in columns)
    ]


def _embeds(estimator: Any) -> bool:
    """Return whether there is a `TrendVectorizer` in a step."""
    inner = [part for _, part in (*getattr(estimator, "steps", ()), *_features(estimator))]
    return hasattr(estimator, "nlp_") or any(map(_embeds, inner))


def _as_fitted(estimator: Any, vectors: Parts) -> Any:
    """Return vectors as a table if the step was fitted on one: some choose its columns by name."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return vectors
    try:
        return import_module("pandas").DataFrame(vectors, columns=names)
    except ImportError:
        return import_module("polars").DataFrame(vectors, schema=list(names))


def _refusal(step: Step, vectors: Parts, error: Exception) -> str:
    """Return why a step does not take vectors, and what to do."""
    kind, width = type(step.estimator).__name__, vectors.shape[1]
    reason = shorten_text(str(error), 200).rstrip(".")
    fitted_on = getattr(step.estimator, "n_features_in_", width)
    if type(error).__name__ == "NotFittedError":
        return (
            f"The step {step.name!r} ({kind}) is not fitted: {reason}. Expected a fitted one: call fit first."
        )
    if not np.isfinite(vectors).all():
        return (
            f"The step {step.name!r} ({kind}) is given NaN or infinite numbers: {reason}. Expected finite "
            "ones: the text's vector has such numbers, or the step before makes them. Use another preset, or "
            "leave that step out and fit again."
        )
    if fitted_on != width:
        return (
            f"The step {step.name!r} ({kind}) takes no vector of width {width}: {reason}. Expected the "
            f"vectors that it was fitted on, of width {fitted_on}: run the same pipeline on the text."
        )
    return (
        f"The step {step.name!r} ({kind}) fails on the text's vector, of width {width}: {reason}. Expected a "
        "step over trend vectors. Texts become vectors in a TrendVectorizer, which stands before such steps, "
        "not inside them: make_pipeline(TrendVectorizer(), ...)."
    )
