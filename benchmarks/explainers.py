"""What says which words of a text a classifier decides by: ours, SHAP and LIME."""

from collections.abc import Callable, Sequence

import numpy as np
import shap
from deletions import Deletions
from lime.lime_text import LimeTextExplainer

from spacy_trend.attribution import attribute_prediction

EXACT, LEAVE_ONE_OUT = "exact", "leave_one_out"
#: From a text to the parts of its words, float64 `(words,)`.
Explain = Callable[[Deletions], np.ndarray]


def by_parts(method: str) -> Explain:
    """Return a method of `attribute_prediction`."""

    def explain(text: Deletions) -> np.ndarray:
        classifier = text.classifier
        found = attribute_prediction(classifier.model, text.doc, method=method, nlp=classifier.nlp)
        if method == LEAVE_ONE_OUT:
            text.passes += len(found.parts)
        return found.parts

    return explain


def by_importance(text: Deletions) -> np.ndarray:
    """Return the importance of words."""
    return np.array([text.doc[word]._.trend_importance for word in text.words.tolist()])


def by_shap(passes: int) -> Explain:
    """Return SHAP's values as it explains texts: by a tree of neighbours, the most telling branches first."""

    def explain(text: Deletions) -> np.ndarray:
        explainer = shap.PartitionExplainer(of_numbers(text), shap.maskers.Text(r"\W+"))
        found: np.ndarray = explainer(
            [numbers_of(text)], max_evals=passes, batch_size=passes, silent=True
        ).values[0]
        return found

    return explain


def by_permutations(passes: int) -> Explain:
    """Return SHAP's values by permutations, which needs two passes a word for each."""

    def explain(text: Deletions) -> np.ndarray:
        # A word is there, 1, or deleted, 0.
        words = len(text.words)
        explainer = shap.PermutationExplainer(text, np.zeros((1, words)), seed=0)
        found: np.ndarray = explainer(
            np.ones((1, words)), max_evals=passes, batch_size=passes, silent=True
        ).values[0]
        return found

    return explain


def by_lime(passes: int) -> Explain:
    """Return LIME's weights."""

    def explain(text: Deletions) -> np.ndarray:
        margins = of_numbers(text)
        explainer = LimeTextExplainer(feature_selection="none", random_state=0)
        found = explainer.explain_instance(
            numbers_of(text), lambda texts: margins(texts)[:, None], labels=(0,), num_samples=passes
        )
        weights = dict(found.as_map()[0])
        return np.array([weights[place] for place in range(len(text.words))])

    return explain


def numbers_of(text: Deletions) -> str:
    """Return the numbers of a text's words: SHAP and LIME are given these, so that all delete the same."""
    return " ".join(map(str, range(len(text.words))))


def of_numbers(text: Deletions) -> Callable[[Sequence[str]], np.ndarray]:
    """Return a function from the numbers of the words that are kept to margins, float64 `(texts,)`."""

    def margins(texts: Sequence[str]) -> np.ndarray:
        kept = np.zeros((len(texts), len(text.words)))
        for row, numbers in zip(kept, texts, strict=True):
            # SHAP puts dots for what is deleted.
            row[[int(number) for number in numbers.replace(".", " ").split()]] = 1
        return text(kept)

    return margins


METHODS: dict[str, Explain] = {
    EXACT: by_parts(EXACT),
    LEAVE_ONE_OUT: by_parts(LEAVE_ONE_OUT),
    "importance": by_importance,
    "LIME, 100": by_lime(100),
    "LIME, 500": by_lime(500),
    "SHAP, 100": by_shap(100),
    "SHAP, 500": by_shap(500),
    "SHAP by permutations, 100": by_permutations(100),
}
