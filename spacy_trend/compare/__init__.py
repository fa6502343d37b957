"""Compare sentence embeddings as input of a classifier of labelled texts; split texts, evaluate classifiers.

Imports `pipelines` and what is below it; not `corpus`, `doctor`, `sklearn` or `training`. What the extra
`compare` installs (scikit-learn, SciPy, matplotlib) is imported inside functions, and in
`candidates` and `classifier`.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy import Language

from ..dependencies import check_compare_extra, versions
from ..pipelines import transformer_pipeline
from ..settings import check_seed
from ..text_files import Dialect
from .comparison import Comparison
from .embeddings import TFIDF, embed_texts
from .labelled_texts import LabelledText, check_classes, count_repeated, digest_texts, read_labelled_texts

if TYPE_CHECKING:
    from .candidates import Candidate

#: What can be compared: a file, or pairs of text and label.
Texts = Path | str | Iterable[tuple[str, str]]


def compare(
    train: Texts,
    test: Texts | None = None,
    *,
    nlp: Language | Mapping[str, Language] | None = None,
    folds: int = 5,
    seed: int = 0,
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> Comparison:
    """Fit a logistic regression on each embedding of labelled texts, and see how well it predicts.

    The embeddings are all presets; the plain baselines [CLS], mean pooling, first-last mean, both side by
    side, the means of static embeddings and of the upper half of the layers, and the vocab's word vectors if
    it has some; as a control, the article's trends of two random words; and the pipeline's own trend vector
    if it has one. TF-IDF of words and pairs of words, fitted on the training part alone, is a plain baseline
    without an encoder. Embeddings are standardised; the strength of the penalty is chosen by cross-validation
    within the training part alone. Presets and an own trend vector are tested against the best of the plain
    baselines.

    Args:
        train: a file, see `read_labelled_texts`, or pairs of text and label.
        test: the same, to predict; None to predict the training texts in stratified folds.
        nlp: a pipeline with a transformer, or several by name, which then names their rows; None for the
            bundled encoder.
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
    from .candidates import rank
    from .classifier import INNER_FOLDS, minimum_class_size

    dialect = Dialect(encoding, delimiter)
    train_texts = read_labelled_texts(train, "train", dialect)
    test_texts = None if test is None else read_labelled_texts(test, "test", dialect)
    check_classes(train_texts, test_texts, minimum_class_size(folds) if test_texts is None else INNER_FOLDS)
    texts = train_texts + (test_texts or [])
    encoder, candidates = _candidates([text.text for text in texts], nlp, seed)
    _check_finite(candidates, texts)
    classes, labels = np.unique([text.label for text in texts], return_inverse=True)
    counts = np.bincount(labels).tolist()
    return Comparison(
        scores=rank(candidates, labels, len(train_texts), folds, seed),
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


def _candidates(
    texts: list[str], nlp: Language | Mapping[str, Language] | None, seed: int
) -> tuple[str, list["Candidate"]]:
    """Return what the encoders are, and what to fit a classifier on."""
    # Imported here: the extra may be missing.
    from .candidates import Candidate

    pipelines = nlp if isinstance(nlp, Mapping) else {None: nlp or transformer_pipeline()}
    if not pipelines:
        raise ValueError(
            f"Got no pipeline to compare with: nlp={nlp!r}. Expected one or more by name, such as "
            "{'MiniLM': nlp}, or None for the bundled encoder."
        )
    encoders, candidates = [], []
    for name, pipeline in pipelines.items():
        encoder, embedded = embed_texts(texts, pipeline, seed=seed)
        encoders.append(encoder if name is None else f"{name}: {encoder}")
        candidates += [Candidate(embedding, name, vectors) for embedding, vectors in embedded.items()]
    candidates.append(Candidate(TFIDF, None, np.array(texts, dtype=object)))
    return "; ".join(encoders), candidates


def _check_finite(candidates: list["Candidate"], texts: list[LabelledText]) -> None:
    for candidate in candidates:
        if candidate.embedding == TFIDF:
            continue
        bad = np.flatnonzero(~np.isfinite(candidate.features).all(axis=1))
        if len(bad):
            raise ValueError(
                f"{texts[bad[0]].place}: the embedding '{candidate.name}' has NaN or infinite numbers, as "
                f"have those of {len(bad) - 1} other texts. Expected finite output of the encoder: check its "
                "weights, and whether half precision overflows."
            )
