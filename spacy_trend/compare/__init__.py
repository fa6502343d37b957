"""Compare sentence embeddings as input of a classifier of labelled texts; split texts, evaluate classifiers.

Imports `pipelines` and what is below it; not `corpus`, `doctor`, `sklearn` or `training`. What the extra
`compare` installs (scikit-learn, SciPy, matplotlib) is imported inside functions, and in `classifier`.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy import Language
from tqdm import tqdm

from ..component.presets import PRESETS
from ..dependencies import check_compare_extra, versions
from ..pipelines import transformer_pipeline
from ..settings import check_seed
from ..text_files import Dialect
from ..types import Floats, Ints
from .comparison import Comparison, Score
from .embeddings import CLS, embed_texts
from .labelled_texts import LabelledText, check_classes, count_repeated, digest_texts, read_labelled_texts
from .scores import mcnemar, score_predictions

#: What can be compared: a file, or pairs of text and label.
Texts = Path | str | Iterable[tuple[str, str]]


class _Part(NamedTuple):
    """The training or the test part.

    Attributes:
        embedded: float32 `(texts, width)` by name of the embedding.
        labels: int64 `(texts,)`.
    """

    embedded: dict[str, Floats]
    labels: Ints


def compare(
    train: Texts,
    test: Texts | None = None,
    *,
    nlp: Language | None = None,
    folds: int = 5,
    seed: int = 0,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> Comparison:
    """Fit a logistic regression on each embedding of labelled texts, and see how well it predicts.

    The embeddings are all presets, [CLS], mean pooling, first-last mean, both side by side, the mean of
    static embeddings and, as a control, the article's trends of two random words; if the pipeline has a trend
    vector of its own, that one too. Numbers are standardised; the strength of the penalty is chosen by
    cross-validation within the training part alone.

    Args:
        train: a file, see `read_labelled_texts`, or pairs of text and label.
        test: the same, to predict; None to predict the training texts in stratified folds.
        nlp: a pipeline with a transformer; None for the bundled encoder.
        folds: the number of folds without a test part.
        seed: of folds, intervals and random words.
        encoding: of the files.
        delimiter: what stands between the values of CSV and TSV files; None for a comma and a tab.

    Returns:
        the scores, the best first.

    Raises:
        ImportError: if the extra `compare` is missing.
        ValueError: for texts that cannot be compared.
    """
    check_compare_extra()
    check_seed(seed)
    # Imported here: the extra may be missing.
    from .classifier import INNER_FOLDS, minimum_class_size

    dialect = Dialect(encoding, delimiter)
    train_texts = read_labelled_texts(train, "train", dialect)
    test_texts = None if test is None else read_labelled_texts(test, "test", dialect)
    check_classes(train_texts, test_texts, minimum_class_size(folds) if test_texts is None else INNER_FOLDS)
    texts = train_texts + (test_texts or [])
    encoder, embedded = embed_texts([text.text for text in texts], nlp or transformer_pipeline(), seed=seed)
    _check_finite(embedded, texts)
    classes, labels = np.unique([text.label for text in texts], return_inverse=True)
    train_part = _part(embedded, labels, slice(len(train_texts)))
    test_part = None if test_texts is None else _part(embedded, labels, slice(len(train_texts), None))
    counts = np.bincount(labels).tolist()
    return Comparison(
        scores=_scores(train_part, test_part, folds, seed),
        labels=dict(zip(classes.tolist(), counts, strict=True)),
        train=len(train_texts),
        test=None if test_texts is None else len(test_texts),
        folds=None if test_texts else folds,
        repeated=count_repeated(train_texts, test_texts),
        digest=digest_texts((text.text, text.label) for text in test_texts or train_texts),
        seed=seed,
        encoder=encoder,
        versions=versions("scikit-learn"),
    )


def _part(embedded: dict[str, Floats], labels: Ints, texts: slice) -> _Part:
    return _Part({name: vectors[texts] for name, vectors in embedded.items()}, labels[texts])


def _scores(train: _Part, test: _Part | None, folds: int, seed: int) -> list[Score]:
    # Imported here: the extra may be missing.
    from .classifier import cross_predict, predict_test

    true = (test or train).labels
    predictions = {
        name: cross_predict(vectors, true, folds, seed)
        if test is None
        else predict_test(vectors, train.labels, test.embedded[name], seed)
        for name, vectors in tqdm(train.embedded.items(), desc="Fitting", disable=None)
    }
    reference = predictions.get(CLS)
    scores = []
    for name, (labels, strengths) in predictions.items():
        score = Score(
            name=name,
            config={"preset": name} if name in PRESETS else None,
            width=train.embedded[name].shape[1],
            p_value=None
            if reference is None or name == CLS
            else mcnemar(labels == true, reference.labels == true),
            strengths=strengths,
            **asdict(score_predictions(true, labels, seed)),
        )
        scores.append(score)
    return sorted(scores, key=lambda score: -score.accuracy)


def _check_finite(embedded: dict[str, Floats], texts: list[LabelledText]) -> None:
    for name, vectors in embedded.items():
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise ValueError(
                f"{texts[bad[0]].place}: the embedding '{name}' has NaN or infinite numbers, as have those "
                f"of {len(bad) - 1} other texts. Expected finite output of the encoder: check its "
                "weights, and whether half precision overflows."
            )
