"""The trend vector as a scikit-learn transformer."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from .component.trend_vector import trend_components
from .dependencies import check_extra, versions
from .encoder.fingerprint import fingerprint
from .pipelines import open_pipeline, with_trend_vector
from .types import Floats

check_extra("sklearn", "sklearn", "joblib")

# After the check, whose message says what to install.
import joblib  # noqa: E402
from sklearn.base import (  # noqa: E402
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted  # noqa: E402


class TrendVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from texts or docs to their trend vectors, float32 `(texts, width)`.

    Once fitted, it has `nlp_`, the spaCy pipeline.

    Args:
        pipeline: a spaCy pipeline with a `trend_vector`, or the name or path of one with a transformer, which
            gets a `trend_vector` if it has none; None for a pipeline around an encoder.
        encoder: without a pipeline, the encoder's name or path; None for the bundled one.
        lang: without a pipeline, the code of the language whose tokenizer is used.
        config: settings of the `trend_vector` that is added, such as `{"preset": "all_words_wide"}`; None for
            the default settings, or if the pipeline has one.
        memory: a folder or `joblib.Memory` that keeps the vectors of texts, by text, pipeline, settings and
            versions; None to keep none.
    """

    def __init__(
        self,
        pipeline: Language | str | Path | None = None,
        *,
        encoder: str | Path | None = None,
        lang: str = "en",
        config: dict[str, Any] | None = None,
        memory: str | Path | joblib.Memory | None = None,
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
            ValueError: for a pipeline without a transformer, settings that exclude each other, or X that is
                no list of texts or docs.
            OSError: if there is no such pipeline or encoder.
            ImportError: if the bundled encoder is not installed.
        """
        if not isinstance(X, Iterator):
            _as_items(X)
        self.nlp_ = self._load()
        self._n_features_out = _stack_vectors(self.nlp_.pipe(["."])).shape[1]
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
        vectors: Floats = self.fit(items, y).transform(items)
        return vectors

    def transform(self, X: Iterable[str | Doc]) -> Floats:  # noqa: N803 - scikit-learn's
        """Return the trend vectors of texts or docs; a doc that has one keeps it.

        Args:
            X: texts or docs.

        Returns:
            float32 `(texts, width)`.

        Raises:
            ValueError: for a single string, an item that is neither text nor doc, or a doc with a vector of
                another width.
        """
        check_is_fitted(self)
        items = _as_items(X)
        vectors = np.zeros((len(items), self._n_features_out), dtype=np.float32)
        if not items:
            return vectors
        has_vector = [isinstance(item, Doc) and item._.trend_vector is not None for item in items]
        docs = [n for n, item in enumerate(items) if isinstance(item, Doc) and not has_vector[n]]
        texts = [n for n, item in enumerate(items) if not isinstance(item, Doc)]
        for n, item in enumerate(items):
            if has_vector[n]:
                vectors[n] = self._existing_vector(item)
        if docs:
            vectors[docs] = _stack_vectors(self.nlp_.pipe(items[n] for n in docs))
        if texts:
            vectors[texts] = self._embed_texts([items[n] for n in texts])
        return vectors

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _load(self) -> Language:
        nlp = open_pipeline(self.pipeline, self.encoder, self.lang)
        if nlp is self.pipeline and not trend_components(nlp):
            raise ValueError(
                f"TrendVectorizer: the pipeline has no trend vector: got {nlp.pipe_names}. Add one with "
                "nlp.add_pipe('trend_vector'), or give the pipeline's path: then it is added to a copy."
            )
        return with_trend_vector(nlp, self.config)

    def _existing_vector(self, doc: Doc) -> Floats:
        vector: Floats = doc._.trend_vector
        if len(vector) != self._n_features_out:
            raise ValueError(
                f"TrendVectorizer: the doc {doc.text[:40]!r} has a trend vector of width {len(vector)}, "
                f"expected {self._n_features_out}, the width of this pipeline. Give the doc's text instead."
            )
        return vector

    def _embed_texts(self, texts: list[str]) -> Floats:
        if self.memory is None:
            return _stack_vectors(self.nlp_.pipe(texts))
        memory = self.memory
        if not isinstance(memory, joblib.Memory):
            # A string: for a Path, joblib would use another folder.
            memory = joblib.Memory(str(memory), verbose=0)
        self._key = self._key or _cache_key(self.nlp_)
        kept = memory.cache(_computed, ignore=["compute"])
        found: dict[str, Floats] = {}

        def compute(text: str) -> Floats:
            # joblib also asks for a vector that is in the cache but cannot be read.
            return found[text] if text in found else _stack_vectors(self.nlp_.pipe([text]))[0]

        missing = [
            text for text in dict.fromkeys(texts) if not kept.check_call_in_cache(text, self._key, compute)
        ]
        if missing:
            found = dict(zip(missing, _stack_vectors(self.nlp_.pipe(missing)), strict=True))
        return np.stack([kept(text, self._key, compute) for text in texts])


def _computed(text: str, pipeline: str, compute: Callable[[str], Floats]) -> Floats:
    """Return a vector, most often from a batch; joblib keeps it by text and pipeline."""
    return compute(text)


def _cache_key(nlp: Language) -> str:
    """Return everything that a vector depends on, except the text."""
    return f"{fingerprint(nlp)} {versions('spacy-transformers')}"


def _stack_vectors(docs: Iterable[Doc]) -> Floats:
    return np.stack([doc._.trend_vector for doc in docs])


def _as_items(X: Iterable[Any]) -> list[Any]:  # noqa: N803 - scikit-learn's
    if isinstance(X, str):
        raise ValueError(
            f"TrendVectorizer: got the single string {X[:40]!r}, expected a list of texts or docs."
        )
    if isinstance(X, Mapping) or hasattr(X, "columns"):
        raise ValueError(
            f"TrendVectorizer: got a {type(X)}, expected a list of texts or docs, or one column."
        )
    # numpy's strings are a type of their own: the cache would take equal texts for different ones.
    items = [str(item) if isinstance(item, str) else item for item in X]
    for item in items:
        if not isinstance(item, (str, Doc)):
            raise ValueError(f"TrendVectorizer: got {item!r} among the texts, expected str or Doc.")
    return items
