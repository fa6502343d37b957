"""Exact parts of scores: what each word adds to a classifier's logit, a cosine, or any direction.

A text's vector is a weighted sum of its words' vectors, so a score that is linear in the vector is the sum of
one part a word. This room may import `attributes`, `architectures`, `alignment`, `method` and the
foundations.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc, Span

from ..attributes.weighted_words import WeightedWords, weighted_words
from ..messages import shorten
from ..settings import check_choice
from .interface import Attribution, Label, PairPart, Parts, SimilarityAttribution, SpanPart, WordPart
from .labels import LabelAttribution
from .leaving_out import vectors_without_words
from .margins import Scores, margin_of, scores_of

#: How a score is split, the default first.
METHODS = ("exact", "leave_one_out")
__all__ = [
    "METHODS",
    "Attribution",
    "PairPart",
    "SimilarityAttribution",
    "SpanPart",
    "WordPart",
    "attribute_direction",
    "attribute_prediction",
    "attribute_similarity",
]


def attribute_direction(
    item: Doc | Span,
    direction: Any,
    bias: float = 0.0,
    *,
    method: str = "exact",
    nlp: Language | None = None,
) -> Attribution:
    """Split the product of a text's vector and a direction into the parts of its words.

    The vector is Σ w_i v_i over the words, so `vector · direction + bias` is Σ w_i (v_i · direction) + bias.
    A word's part says what stands at its position, and a contextual vector holds its neighbours, too.

    Args:
        item: a doc, or a span of it, that `trend_vector` ran on.
        direction: numbers `(width,)`, such as a classifier's coefficients or a centroid.
        bias: what is added to the product.
        method: "exact" for the parts that add up to the score; "leave_one_out" for what the score loses
            when the text is encoded again without the word, for which the pipeline runs on as many texts as
            there are words.
        nlp: for "leave_one_out", the pipeline that made the doc.

    Returns:
        the score in parts.

    Raises:
        ValueError: for a doc without a vector or without those of its words, a direction or bias that
            are no numbers or of another shape, an unknown method, or "leave_one_out" without a pipeline.
    """
    words = _words_of(item)
    direction, biases = _numbers("direction", direction), _numbers("bias", bias)
    if biases.size != 1:
        raise ValueError(
            f"attribute_direction: got a bias of shape {biases.shape}, expected one number, such as "
            "intercept_[0] of a classifier."
        )
    bias = biases.item()
    if direction.shape != words.vector.shape:
        raise ValueError(
            f"attribute_direction: got a direction of shape {direction.shape}, expected "
            f"{words.vector.shape}, one number for each of the vector's. Take it from a classifier of the "
            "same pipeline's vectors."
        )

    def score(vector: Parts) -> float:
        return float(vector @ direction) + bias

    parts, bias_left = _parts(item, words, direction, bias, score, method, nlp)
    return Attribution(words.tokens, _texts(item, words), parts, bias_left, score(_vector(words)), method)


def attribute_similarity(item: Doc | Span, other: Doc | Span) -> SimilarityAttribution:
    """Split the cosine of two texts' vectors into the parts of their words' pairs.

    With a = Σ w_i v_i and b = Σ u_j t_j, the cosine is the sum of w_i u_j (v_i · t_j) / (‖a‖ ‖b‖) over all
    pairs.

    Args:
        item: a doc, or a span of it, that `trend_vector` ran on.
        other: likewise.

    Returns:
        the cosine in parts; all are 0 if one of the two has a vector of zeros.

    Raises:
        ValueError: for a doc without a vector or without those of its words, or vectors of different widths.
    """
    ours, theirs = _words_of(item), _words_of(other)
    if ours.vector.shape != theirs.vector.shape:
        raise ValueError(
            f"attribute_similarity: got vectors of the shapes {ours.vector.shape} and {theirs.vector.shape}, "
            "expected one width. Run the same pipeline on both texts."
        )
    a, b = _vector(ours), _vector(theirs)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b)) or 1.0
    return SimilarityAttribution(
        ours.tokens,
        _texts(item, ours),
        theirs.tokens,
        _texts(other, theirs),
        _weighted(ours) @ _weighted(theirs).T / lengths,
        # Rounding may lead beyond the cosine of equal directions.
        float(np.clip(a @ b / lengths, -1, 1)),
    )


def attribute_prediction(
    classifier: Any,
    item: Doc | Span,
    label: Label | None = None,
    against: Label | None = None,
    *,
    method: str = "exact",
    nlp: Language | None = None,
) -> Attribution:
    """Split what a classifier says of a text into the parts of its words.

    The score is by how much one label leads another, in the classifier's own unit: logits, or what
    `decision_function` returns. Scaling steps, principal components and linear classifiers are linear; a
    normalisation divides by a number of this text, and the units of a ReLU that are on are those of this
    text. So the parts and the bias, which takes up whatever shifts by a constant, add up to the score.

    Args:
        classifier: a fitted classifier or regressor of scikit-learn, over arrays of trend vectors or in a
            pipeline behind a `TrendVectorizer`; a spaCy pipeline with a `textcat` or `textcat_multilabel` on
            the trend vector, or that component.
        item: a doc, or a span of it, that the same pipeline's `trend_vector` ran on.
        label: the label that the score speaks for; None for the predicted one.
        against: the label that it speaks against; None for the runner-up if a text has one label, and for
            none if it has several. A regressor has no labels.
        method: as for `attribute_direction`; "leave_one_out" takes classifiers that are not linear, too, if
            they have a `decision_function`.
        nlp: for "leave_one_out" over arrays, or with a component, the pipeline that made the doc.

    Returns:
        the score in parts.

    Raises:
        ValueError: for a step that is not linear (the message names it), an unknown label, a doc without a
            vector or without those of its words, vectors of another width, an unknown method, or
            "leave_one_out" without a pipeline.
    """
    words = _words_of(item)
    scores = scores_of(classifier)
    vector = _vector(words)
    margin = margin_of(scores, vector, label, against)

    def score(of: Parts) -> float:
        return float(scores.scores(of) @ margin.factors)

    direction, bias = vector, 0.0
    if method == "exact":
        affine = scores.at(vector)
        direction, bias = margin.factors @ affine.matrix, float(margin.factors @ affine.shift)
    nlp = nlp or (classifier if isinstance(classifier, Language) else getattr(scores, "nlp", None))
    parts, bias = _parts(item, words, direction, bias, score, method, nlp)
    return Attribution(
        words.tokens, _texts(item, words), parts, bias, score(vector), method, margin.label, margin.against
    )


def attribute_labels(classifier: Scores, item: Doc | Span) -> LabelAttribution:
    """Split the scores of all labels of a text into the parts of its words.

    For many texts: the classifier is read once, and all margins of a text follow from one reading of it.

    Args:
        classifier: as `scores_of` reads it.
        item: as for `attribute_prediction`.

    Returns:
        the scores in parts.

    Raises:
        ValueError: as `attribute_prediction`, but for those of labels and methods.
    """
    words = _words_of(item)
    vector = _vector(words)
    affine = classifier.at(vector)
    parts = _weighted(words) @ affine.matrix.T
    scores = classifier.scores(vector)
    return LabelAttribution(
        classifier, words.tokens, _texts(item, words), parts, affine.shift, scores, vector
    )


def _parts(
    item: Doc | Span,
    words: WeightedWords,
    direction: Parts,
    bias: float,
    score: Callable[[Parts], float],
    method: str,
    nlp: Language | None,
) -> tuple[Parts, float]:
    """Return the parts of the words, float64 `(words,)`, and the bias that is left, by either method."""
    check_choice("attribution", "method", method, METHODS)
    if method == "exact":
        return _weighted(words) @ direction, bias
    if nlp is None:
        raise ValueError(
            "attribution: method='leave_one_out' encodes the text again, but got no pipeline. Expected the "
            "pipeline that made the doc: nlp=nlp."
        )
    vector = _vector(words)
    without = vectors_without_words(nlp, item, words.tokens.tolist(), len(vector))
    return score(vector) - np.array([score(rest) for rest in without], dtype=np.float64), 0.0


def _numbers(setting: str, value: Any) -> Parts:
    """Return a user's numbers as float64, of any shape."""
    try:
        return np.asarray(value).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"attribute_direction: got {setting}={shorten(value)}. Expected real numbers, such as coef_[0] "
            "and intercept_[0] of a classifier."
        ) from error


def _words_of(item: Doc | Span) -> WeightedWords:
    if not isinstance(item, Doc | Span):
        raise ValueError(
            f"attribution: got {shorten(item)} of type {type(item).__name__}. Expected a Doc or a Span: call "
            "nlp on the text."
        )
    words = weighted_words(item)
    if words is None:
        raise ValueError(
            f"attribution: the text {item.text[:40]!r} has no trend vector. Expected a doc that "
            "'trend_vector' ran on: nlp.add_pipe('trend_vector'), then call nlp on the text. For a phrase, "
            "pass the span itself: Span.as_doc() loses the trend vector."
        )
    return words


def _texts(item: Doc | Span, words: WeightedWords) -> tuple[str, ...]:
    doc = item if isinstance(item, Doc) else item.doc
    return tuple(doc[token].text for token in words.tokens.tolist())


def _weighted(words: WeightedWords) -> Parts:
    """Return the words' vectors times their weights, float64 `(words, width)`; zeros for weight 0."""
    weighted = np.zeros(words.vectors.shape, dtype=np.float64)
    # Those of words that do not count are not read, as in the vector itself.
    counted = words.weights != 0
    weighted[counted] = words.vectors[counted] * words.weights[counted, None].astype(np.float64)
    return weighted


def _vector(words: WeightedWords) -> Parts:
    vector: Parts = words.vector.astype(np.float64)
    return vector
