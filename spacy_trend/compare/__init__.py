"""Compare sentence embeddings as input of a classifier of labelled texts; split texts, evaluate classifiers.

Imports `pipelines` and what is below it; not `corpus`, `doctor`, `sklearn` or `training`. What the extra
`compare` installs (scikit-learn, SciPy, matplotlib) is imported inside functions, and in
`candidates` and `classifier`. Tables are read by their columns' names, whatever package they are of.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from spacy import Language

from ..dependencies import check_compare_extra, versions
from ..pipelines import transformer_pipeline
from ..settings import check_seed
from ..text_files import Dialect
from .choice import draw, leave_out_rare
from .comparison import Comparison
from .embeddings import TFIDF, embed_texts
from .labelled_texts import (
    LabelledText,
    Layout,
    Texts,
    check_classes,
    count_repeated,
    digest_texts,
    read_labelled_texts,
)
from .parts import Parts, split_texts

if TYPE_CHECKING:
    from .candidates import Candidate


def compare(
    train: Texts,
    test: Texts | None = None,
    *,
    text: str = "text",
    label: str = "label",
    nlp: Language | Mapping[str, Language] | None = None,
    folds: int = 5,
    seed: int = 0,
    drop_rare: int = 0,
    limit: int | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    header: bool = True,
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
        train: a table, such as a DataFrame; a file (`.jsonl`, `.csv`, `.tsv`, `.parquet`); or pairs of text
            and label.
        test: the same, to predict; None to predict the training texts in stratified folds.
        text: the column of the texts.
        label: the column of the labels.
        nlp: a pipeline with a transformer, or several by name, which then names their rows; None for the
            bundled encoder.
        folds: the number of folds without a test part.
        seed: of folds, intervals and random words, and of what `limit` draws.
        drop_rare: leave out labels with fewer training texts.
        limit: how many texts to draw from each part, for a trial; None for all.
        encoding: of the files.
        delimiter: what stands between the values of CSV and TSV files; None for a comma and a tab.
        header: whether the first line of CSV and TSV files names the columns; if not, they are "1", "2" ...

    Returns:
        the scores, the best first.

    Raises:
        ImportError: if the extra `compare` is missing, or, for Parquet, `corpus`.
        OSError: if a file cannot be read.
        TypeError: as `read_labelled_texts`.
        ValueError: for texts that cannot be compared.
    """
    check_compare_extra()
    check_seed(seed)
    # Imported here: the extra may be missing.
    from .candidates import rank
    from .classifier import INNER_FOLDS, minimum_class_size

    layout = Layout(text, label, Dialect(encoding, delimiter, header))
    train_texts = draw(read_labelled_texts(train, "train", layout), limit, seed)
    test_texts = None if test is None else draw(read_labelled_texts(test, "test", layout), limit, seed)
    train_texts, test_texts, rare = leave_out_rare(train_texts, test_texts, drop_rare)
    check_classes(train_texts, test_texts, minimum_class_size(folds) if test_texts is None else INNER_FOLDS)
    texts = train_texts + (test_texts or [])
    encoder, candidates = _candidates([one.text for one in texts], nlp, seed)
    _check_finite(candidates, texts)
    classes, labels = np.unique([one.label for one in texts], return_inverse=True)
    counts = np.bincount(labels).tolist()
    return Comparison(
        scores=rank(candidates, labels, len(train_texts), folds, seed),
        labels=dict(zip(classes.tolist(), counts, strict=True)),
        train=len(train_texts),
        test=None if test_texts is None else len(test_texts),
        folds=None if test_texts else folds,
        repeated=count_repeated(train_texts, test_texts),
        rare=rare,
        digest=digest_texts((one.text, one.label) for one in test_texts or train_texts),
        seed=seed,
        encoder=encoder,
        versions=versions("scikit-learn"),
    )


def split(
    texts: Texts,
    test: Texts | None = None,
    *,
    text: str = "text",
    label: str = "label",
    label_separator: str | None = None,
    dev_share: float = 0.1,
    test_share: float = 0.2,
    seed: int = 0,
    drop_rare: int = 0,
    limit: int | None = None,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    header: bool = True,
) -> Parts:
    """Split labelled texts into a training, a development and a test part by label, without copies.

    `parts.write_parts` writes them as files for `spacy train` and `compare`.

    Args:
        texts: as for `compare`.
        test: texts of a test part that exists already; None to split one off.
        text: the column of the texts.
        label: the column of the labels.
        label_separator: ends the part of a label that is kept, such as ":" for `NUM` out of `NUM:date`; None
            to keep all.
        dev_share: of the texts, greater than 0.
        test_share: likewise; together they are less than 1. Ignored if `test` is given.
        seed: of the split, and of what `limit` draws.
        drop_rare: leave out labels with fewer texts, not counting copies, nor those of `test`.
        limit: how many texts to draw from each input, for a trial; None for all.
        encoding: of the files.
        delimiter: what stands between the values of CSV and TSV files; None for a comma and a tab.
        header: as for `compare`. Without one, the lines of a file that is neither have two values.

    Returns:
        the parts.

    Raises:
        ImportError: if the extra `compare` is missing, or, for Parquet, `corpus`.
        OSError: if a file cannot be read.
        TypeError: as `read_labelled_texts`.
        ValueError: as `read_labelled_texts` and `parts.split_texts`.
    """
    layout = Layout(text, label, Dialect(encoding, delimiter, header), label_separator)
    check_seed(seed)
    read = draw(read_labelled_texts(texts, "texts", layout), limit, seed)
    read_test = None if test is None else draw(read_labelled_texts(test, "test", layout), limit, seed)
    return split_texts(
        read, read_test, dev_share=dev_share, test_share=test_share, drop_rare=drop_rare, seed=seed
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
