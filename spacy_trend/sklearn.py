"""The trend vector as a scikit-learn transformer, and reports of classifiers on it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from .attributes.arrays import vectors
from .component.trend_vector import trend_components
from .dependencies import check_extra, versions
from .encoder.fingerprint import fingerprint
from .kept_vectors import KeptVectors
from .messages import name_some, shorten
from .output_paths import make_folder
from .pipelines import check_every_doc, open_pipeline, with_trend_vector
from .reports import LIMIT, Report, check_limit, make_report
from .reports.estimators import reasons_of
from .settings import check_seed
from .types import Floats

check_extra("sklearn", "sklearn")

# After the check, whose message says what to install.
from sklearn.base import (  # noqa: E402
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted  # noqa: E402

#: How many vectors are computed before they are kept: a run that is killed loses no more.
KEPT_AT_A_TIME = 1000
EXPECTED = "expected a list of texts or docs, or a table with one column of them."


class TrendVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from texts or docs to their trend vectors, float32 `(texts, width)`.

    Texts stand in a list, a tuple, a generator, an array, a Series, or the only column of a table (of numpy,
    pandas, polars or pyarrow). If they have an index, pandas output has the same: see `set_output`.
    Once fitted, it has `nlp_`, the spaCy pipeline.

    Args:
        pipeline: a spaCy pipeline with a `trend_vector`, or the name or path of one with a transformer, which
            gets a `trend_vector` if it has none; None for a pipeline around an encoder.
        encoder: without a pipeline, the encoder's name or path; None for the bundled one.
        lang: without a pipeline, the code of the language whose tokenizer is used.
        config: settings of the `trend_vector` that is added, such as `{"preset": "classifier_wide"}`; None
            for the default settings, or if the pipeline has one.
        memory: a folder that keeps the vectors of texts, by text, pipeline, settings and versions, each in a
            `.npy` file; None to keep none.
    """

    def __init__(
        self,
        pipeline: Language | str | Path | None = None,
        *,
        encoder: str | Path | None = None,
        lang: str = "en",
        config: dict[str, Any] | None = None,
        memory: str | Path | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.encoder = encoder
        self.lang = lang
        self.config = config
        self.memory = memory

    def fit(self, X: Iterable[str | Doc], y: Any = None) -> "TrendVectorizer":  # noqa: N803 - scikit-learn's
        """Load the pipeline; there is nothing to learn.

        Args:
            X: texts or docs; only their types are checked, and those of a generator are not.
            y: ignored.

        Returns:
            the vectorizer.

        Raises:
            ValueError: for a pipeline without a transformer, settings that exclude each other, a memory that
                is no folder's path, or X that is no list of texts or docs.
            OSError: if there is no such pipeline or encoder.
            ImportError: if the bundled encoder is not installed.
        """
        if not isinstance(X, Iterator):
            _as_items(X)
        _memory_folder(self.memory)
        self.nlp_ = self._load()
        self._n_features_out = _embed(self.nlp_, ["."]).shape[1]
        self._key: str | None = None
        return self

    def fit_transform(self, X: Iterable[str | Doc], y: Any = None) -> Floats:  # noqa: N803 - scikit-learn's
        """Load the pipeline and return the trend vectors.

        Args:
            X: texts or docs, also from a generator.
            y: ignored.

        Returns:
            float32 `(texts, width)`.

        Raises:
            ValueError: as `fit` and `transform`; other errors as `fit`.
        """
        items = _as_items(X)
        # Not by `transform`: scikit-learn would wrap the list's vectors, without the index that X has.
        return self.fit(items, y)._vectors(items)

    def transform(self, X: Iterable[str | Doc]) -> Floats:  # noqa: N803 - scikit-learn's
        """Return the trend vectors of texts or docs; a doc that has one keeps it.

        Args:
            X: texts or docs.

        Returns:
            float32 `(texts, width)`.

        Raises:
            ValueError: for a single string, an item that is neither text nor doc, a doc with a vector of
                another width, or a pipeline that lost a text.
            OSError: if the memory's folder cannot be made or written to.
        """
        check_is_fitted(self)
        return self._vectors(_as_items(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _load(self) -> Language:
        nlp = open_pipeline(self.pipeline, self.encoder, self.lang)
        if nlp is self.pipeline and not trend_components(nlp):
            raise ValueError(
                f"TrendVectorizer: the pipeline has no trend vector: got {name_some(nlp.pipe_names)}. Add "
                "one with nlp.add_pipe('trend_vector'), or give the pipeline's path: then a copy gets one."
            )
        return with_trend_vector(nlp, self.config)

    def _vectors(self, items: list[Any]) -> Floats:
        vectors = np.zeros((len(items), self._n_features_out), dtype=np.float32)
        has_vector = [isinstance(item, Doc) and item._.trend_vector is not None for item in items]
        docs = [n for n, item in enumerate(items) if isinstance(item, Doc) and not has_vector[n]]
        texts = [n for n, item in enumerate(items) if not isinstance(item, Doc)]
        for n, item in enumerate(items):
            if has_vector[n]:
                vectors[n] = self._existing_vector(item)
        if docs:
            vectors[docs] = _embed(self.nlp_, [items[n] for n in docs])
        if texts:
            vectors[texts] = self._embed_texts([items[n] for n in texts])
        return vectors

    def _existing_vector(self, doc: Doc) -> Floats:
        vector: Floats = doc._.trend_vector
        if len(vector) != self._n_features_out:
            raise ValueError(
                f"TrendVectorizer: the doc {doc.text[:40]!r} has a trend vector of width {len(vector)}, "
                f"expected {self._n_features_out}, the width of this pipeline. Give the doc's text instead."
            )
        return vector

    def _embed_texts(self, texts: list[str]) -> Floats:
        folder = _memory_folder(self.memory)
        if folder is None:
            return _embed(self.nlp_, texts)
        make_folder(folder)
        self._key = self._key or _cache_key(self.nlp_)
        kept = KeptVectors(folder, self._key, self._n_features_out)
        asked = dict.fromkeys(texts)
        found = {text: vector for text in asked if (vector := kept.read(text)) is not None}
        missing = [text for text in asked if text not in found]
        for some in minibatch(missing, KEPT_AT_A_TIME):
            for text, vector in zip(some, _embed(self.nlp_, some), strict=True):
                found[text] = vector
                kept.write(text, vector)
        return np.stack([found[text] for text in texts])


def report(
    classifier: Any,
    texts: Iterable[str | Doc],
    labels: Iterable[Any],
    output: str | Path | None = None,
    *,
    limit: int = LIMIT,
    seed: int = 0,
) -> Report:
    """Report what a fitted classifier gets right and wrong, and which words are the reasons.

    Args:
        classifier: a scikit-learn pipeline of a `TrendVectorizer`, linear steps and a linear classifier, or a
            classifier of trend vectors.
        texts: texts or docs, as for `TrendVectorizer`; for a classifier of vectors, docs that have one.
        labels: their labels.
        output: a folder to write `report.html` and `reasons.jsonl` to; None to write nothing.
        limit: of how many misclassified texts the page shows the reasons.
        seed: of the intervals.

    Returns:
        the report, whose `to_html()` is the page and whose `to_lines()` are the lines of JSON.

    Raises:
        ValueError: for a classifier whose scores do not split into words (the message says why), texts and
            labels that do not belong together, or fewer than two texts.
        OSError: if the files cannot be written.
    """
    # Before the work, so that mistakes show at once.
    check_limit(limit)
    check_seed(seed)
    if output is not None:
        make_folder(Path(output))
    made = make_report(reasons_of(classifier, _as_items(texts), labels), limit=limit, seed=seed)
    if output is not None:
        made.write(Path(output))
    return made


def _memory_folder(memory: Any) -> Path | None:
    if memory is None:
        return None
    if not isinstance(memory, (str, Path)) or not str(memory).strip():
        raise ValueError(
            f"TrendVectorizer: got memory={shorten(memory)}. Expected the path of a folder, or None to "
            "keep no vectors."
        )
    return Path(memory)


def _cache_key(nlp: Language) -> str:
    """Return everything that a vector depends on, except the text."""
    return f"{fingerprint(nlp)} {versions('spacy-transformers')}"


def _embed(nlp: Language, items: list[Any]) -> Floats:
    found = vectors(nlp.pipe(items))
    # Otherwise one row would be taken for another, or for all of them.
    check_every_doc(len(found), len(items))
    return found


def _as_items(X: Any) -> list[Any]:  # noqa: N803 - scikit-learn's
    if isinstance(X, (str, bytes, Doc)):
        single = f"string {X[:40]!r}" if isinstance(X, str) else f"{type(X).__name__} {shorten(X, 40)}"
        raise ValueError(f"TrendVectorizer: got the single {single}, {EXPECTED}")
    # The rows of a set have no order, an array without dimensions has no rows, Arrow's tables no iterator.
    has_rows = _offers(X, "__iter__") or _offers(X, "to_pylist")
    has_rows = has_rows and getattr(X, "shape", None) != ()
    if not has_rows or isinstance(X, (Mapping, set, frozenset)):
        raise ValueError(f"TrendVectorizer: got a {type(X)}, {EXPECTED}")
    column = _only_column(X)
    # The items of Arrow's arrays are of Arrow's types.
    values = column.to_pylist() if _offers(column, "to_pylist") else column
    # numpy's strings are a type of their own, which spaCy's string store does not expect.
    items = [str(value) if isinstance(value, str) else value for value in values]
    wrong = [n for n, item in enumerate(items) if not isinstance(item, (str, Doc))]
    if wrong:
        raise ValueError(_wrong_item(items, wrong, X.index if _offers(X, "index") else None))
    return items


def _offers(X: Any, name: str) -> bool:  # noqa: N803 - scikit-learn's
    """Return whether the type of X has an attribute: tables answer to the names of their columns, too."""
    return hasattr(type(X), name)


def _only_column(X: Any) -> Any:  # noqa: N803 - scikit-learn's
    """Return the column of a table that has one, and anything else as it is."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    if len(shape) != 2:
        return X
    if shape[1] != 1:
        offered = [name for name in ("column_names", "columns") if _offers(X, name)]
        names = getattr(X, offered[0]) if offered else range(shape[1])
        raise ValueError(
            f"TrendVectorizer: got a table with {shape[1]} columns, {name_some(names)}. Expected one, of "
            "texts or docs: choose it, for example with scikit-learn's ColumnTransformer."
        )
    if _offers(X, "column"):
        return X.column(0)
    return X.iloc[:, 0] if _offers(X, "iloc") else X[:, 0]


def _wrong_item(items: list[Any], wrong: list[int], index: Any) -> str:
    first = wrong[0]
    # pandas' index; the `index` of a list is a method.
    is_index = hasattr(index, "tolist")
    label = f", in the index {shorten(index[first : first + 1].tolist()[0])}" if is_index else ""
    others = f" So do {len(wrong) - 1:,} others." if len(wrong) > 1 else ""
    return (
        f"TrendVectorizer: got {shorten(items[first])} among the texts, expected str or Doc. It stands at "
        f"position {first} of {len(items):,}, counted from 0{label}. Fill or remove it.{others}"
    )
