"""The trend vector against [CLS], mean pooling and others, as input of a classifier of labelled texts."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from spacy import Language
from tqdm import tqdm

from ..component.presets import PRESETS
from ..dependencies import check_compare_extra, versions
from ..pipelines import transformer_pipeline
from ..settings import check_seed
from ..types import Floats, Ints
from .comparison import Comparison, Score
from .embeddings import CLS, embed_texts
from .labelled_texts import LabelledText, check_classes, count_repeated, read_labelled_texts

#: What can be compared: a file, or pairs of text and label.
Texts = Path | str | Iterable[tuple[str, str]]


class _Part(NamedTuple):
    """Embeddings by name, `(texts, width)`, and labels, int64 `(texts,)`, of some of the texts."""

    embedded: dict[str, Floats]
    labels: Ints


def compare(
    train: Texts, test: Texts | None = None, *, nlp: Language | None = None, folds: int = 5, seed: int = 0
) -> Comparison:
    """Fit a logistic regression on each embedding of labelled texts, and see how well it predicts.

    Compared are all presets, [CLS], mean pooling, first-last mean, both side by side, the mean of static
    embeddings, as a control the article's trends of two random words, and, where the pipeline has one, its
    own trend vector. Numbers are standardised; the strength of the penalty is chosen by cross-validation
    within the training part alone.

    train: a file, see `read_labelled_texts`, or pairs of text and label.
    test: the same, to predict; None to predict the training texts in stratified folds.
    nlp: a pipeline with a transformer; None for the bundled encoder.
    folds: how many, without a test part.
    seed: of folds, intervals and random words.
    RETURNS: the scores, the best first.
    RAISES: ImportError without the extra `compare`; ValueError for texts that cannot be compared.
    """
    check_compare_extra()
    check_seed(seed)
    # Here, because the extra may not be installed.
    from .classifier import INNER_FOLDS, fewest_for

    learned = read_labelled_texts(train, "train")
    predicted = None if test is None else read_labelled_texts(test, "test")
    check_classes(learned, predicted, fewest_for(folds) if predicted is None else INNER_FOLDS)
    texts = learned + (predicted or [])
    encoder, embedded = embed_texts([text.text for text in texts], nlp or transformer_pipeline(), seed=seed)
    _check_finite(embedded, texts)
    classes, labels = np.unique([text.label for text in texts], return_inverse=True)
    first = _part(embedded, labels, slice(len(learned)))
    second = None if predicted is None else _part(embedded, labels, slice(len(learned), None))
    counts = np.bincount(labels).tolist()
    return Comparison(
        scores=_scores(first, second, folds, seed),
        labels=dict(zip(classes.tolist(), counts, strict=True)),
        train=len(learned),
        test=None if predicted is None else len(predicted),
        folds=None if predicted else folds,
        repeated=count_repeated(learned, predicted),
        seed=seed,
        encoder=encoder,
        versions=versions("scikit-learn"),
    )


def _part(embedded: dict[str, Floats], labels: Ints, texts: slice) -> _Part:
    return _Part({name: vectors[texts] for name, vectors in embedded.items()}, labels[texts])


def _scores(train: _Part, test: _Part | None, folds: int, seed: int) -> list[Score]:
    from .classifier import cross_predict, predict_test
    from .scores import accuracy, confidence_interval, macro_f1, mcnemar

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
            accuracy=float(accuracy(true, labels)),
            accuracy_interval=confidence_interval(accuracy, true, labels, seed),
            macro_f1=float(macro_f1(true, labels)),
            macro_f1_interval=confidence_interval(macro_f1, true, labels, seed),
            p_value=None
            if reference is None or name == CLS
            else mcnemar(labels == true, reference.labels == true),
            strengths=strengths,
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
