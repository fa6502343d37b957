"""What is compared, fitted and tested: embeddings of the texts, by encoder, and the texts' own words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..component.presets import PRESETS
from ..messages import shorten
from ..progress import progress
from ..reports.scores import holm, mcnemar, score_predictions
from ..types import Ints
from .classifier import Features, Predictions, count_ngrams, cross_predict, predict_test
from .comparison import Score
from .embeddings import CLS, PLAIN, RANDOM_PAIR


class Candidate(NamedTuple):
    """What a classifier may be fitted on.

    Attributes:
        embedding: its name.
        encoder: the encoder's name; None if there is only one, or none runs.
        features: of training texts and, after them, test texts: float32 `(texts, width)`, or the texts
            themselves, str `(texts,)`.
    """

    embedding: str
    encoder: str | None
    features: Features

    @property
    def name(self) -> str:
        """The name of its row."""
        return row_name(self.embedding, self.encoder)

    def width(self, train: int) -> int:
        """Return how many numbers a text has; of TF-IDF, with all training texts.

        Args:
            train: the number of training texts.
        """
        return count_ngrams(self.features[:train]) if self.features.ndim == 1 else self.features.shape[1]


def row_name(embedding: str, encoder: str | None) -> str:
    """Return the name of an embedding's row.

    Args:
        embedding: its name.
        encoder: the encoder's name; None to leave it out.
    """
    return embedding if encoder is None else f"{embedding} ({encoder})"


def name_encoders(encoders: Sequence[str]) -> dict[str, str]:
    """Return encoders by short names: the last part of their path or name, unless two have the same.

    Args:
        encoders: names on the hub, or paths of folders.

    Raises:
        ValueError: if one stands there twice.
    """
    for encoder in encoders:
        if encoders.count(encoder) > 1:
            raise ValueError(
                f"Got the encoder {shorten(encoder)} more than once. Expected different encoders: "
                "name each once."
            )
    short = [Path(encoder).name or encoder for encoder in encoders]
    are_unique = len(set(short)) == len(short)
    return dict(zip(short if are_unique else encoders, encoders, strict=True))


def rank(candidates: Sequence[Candidate], labels: Ints, train: int, folds: int, seed: int) -> list[Score]:
    """Fit a classifier on each candidate, and score and test what it predicts.

    Args:
        candidates: what to fit on.
        labels: int64 `(texts,)`, of training texts and, after them, test texts.
        train: the number of training texts; if there are no others, they are predicted in folds.
        folds: the number of folds.
        seed: of folds and intervals.

    Returns:
        the scores, the best first.
    """
    has_test = len(labels) > train
    true = labels[train:] if has_test else labels
    right: dict[str, NDArray[np.bool_]] = {}
    scores = []
    for candidate in progress(candidates, doing="Fitting", unit="classifier"):
        predicted = (
            predict_test(candidate.features[:train], labels[:train], candidate.features[train:], seed)
            if has_test
            else cross_predict(candidate.features, labels, folds, seed)
        )
        right[candidate.name] = predicted.labels == true
        scores.append(_score(candidate, predicted, true, candidate.width(train), seed))
    tested = {candidate.name for candidate in candidates if _is_tested(candidate)}
    return _against_plain(
        _against_cls(sorted(scores, key=lambda score: -score.accuracy), right), right, tested
    )


def _score(candidate: Candidate, predicted: Predictions, true: Ints, width: int, seed: int) -> Score:
    return Score(
        name=candidate.name,
        encoder=candidate.encoder,
        is_plain=candidate.embedding in PLAIN,
        config={"preset": candidate.embedding} if candidate.embedding in PRESETS else None,
        width=width,
        p_value=None,
        strengths=predicted.strengths,
        **asdict(score_predictions(true, predicted.labels, seed)),
    )


def _is_tested(candidate: Candidate) -> bool:
    return candidate.embedding not in PLAIN and candidate.embedding != RANDOM_PAIR


def _against_cls(scores: list[Score], right: Mapping[str, NDArray[np.bool_]]) -> list[Score]:
    """Test each row against [CLS] of its own encoder."""
    tested = []
    for score in scores:
        reference = row_name(CLS, score.encoder)
        is_tested = reference in right and score.name != reference
        p_value = mcnemar(right[score.name], right[reference]) if is_tested else None
        tested.append(replace(score, p_value=p_value))
    return tested


def _against_plain(
    scores: list[Score], right: Mapping[str, NDArray[np.bool_]], tested: set[str]
) -> list[Score]:
    """Test some rows against the best plain one; that it is chosen on the same texts is to its advantage."""
    plain = next((score for score in scores if score.is_plain), None)
    if plain is None:
        return scores
    names = [score.name for score in scores if score.name in tested]
    p_values = holm([mcnemar(right[name], right[plain.name]) for name in names])
    corrected = dict(zip(names, p_values, strict=True))
    return [replace(score, p_against_plain=corrected.get(score.name)) for score in scores]
