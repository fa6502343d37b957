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
from .pipelines import open_pipeline
from .types import Floats

check_extra("sklearn", "sklearn", "joblib")

import joblib  # noqa: E402 - after the check, whose message is clearer
from sklearn.base import (  # noqa: E402
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted  # noqa: E402


class TrendVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns texts or docs into their trend vectors, for a scikit-learn pipeline.

    pipeline: a spaCy pipeline with a `trend_vector`, or the name or path of one with a transformer, which
        gets a `trend_vector` where it has none; None for a pipeline around an encoder.
    encoder: without a pipeline, the encoder's name or path; None for the bundled one.
    lang: without a pipeline, the code of the language whose tokenizer is used.
    config: settings of the `trend_vector` that is added, such as `{"preset": "all_words_wide"}`; None for the
        default settings, or where the pipeline has one.
    memory: a folder or `joblib.Memory` that keeps the vectors of texts, by text, pipeline, settings and
        versions; None to keep none.

    Once fitted it has `nlp_`, the pipeline, and gives float32 `(texts, width)`.
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

        X: is not looked at, but for its kind.
        RETURNS: the vectorizer.
        RAISES: ValueError for a pipeline without a transformer or settings that exclude each other, OSError
            where there is no such pipeline or encoder, ImportError where the bundled encoder is not there.
        """
        if not isinstance(X, Iterator):
            _as_items(X)
        self.nlp_ = self._load()
        self._n_features_out = len(self._of_docs(self.nlp_.pipe(["."]))[0])
        self._key: str | None = None
        return self

    def fit_transform(self, X: Iterable[str | Doc], y: Any = None) -> Floats:  # noqa: N803 - scikit-learn's
        """`fit`, then `transform`; X may be a generator.

        RETURNS: float32 `(texts, width)`.
        RAISES: as `fit` and `transform`.
        """
        items = _as_items(X)
        vectors: Floats = self.fit(items, y).transform(items)
        return vectors

    def transform(self, X: Iterable[str | Doc]) -> Floats:  # noqa: N803 - scikit-learn's
        """The trend vectors of texts or docs; a doc that has one keeps it.

        RETURNS: float32 `(texts, width)`.
        RAISES: ValueError for a single string, or what is neither text nor doc.
        """
        check_is_fitted(self)
        items = _as_items(X)
        vectors = np.zeros((len(items), self._n_features_out), dtype=np.float32)
        if not items:
            return vectors
        known = [isinstance(item, Doc) and item._.trend_vector is not None for item in items]
        docs = [n for n, item in enumerate(items) if isinstance(item, Doc) and not known[n]]
        texts = [n for n, item in enumerate(items) if not isinstance(item, Doc)]
        for n, item in enumerate(items):
            if known[n]:
                vectors[n] = self._checked(item)
        if docs:
            vectors[docs] = self._of_docs(self.nlp_.pipe(items[n] for n in docs))
        if texts:
            vectors[texts] = self._of_texts([items[n] for n in texts])
        return vectors

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _load(self) -> Language:
        if self.pipeline is not None and self.encoder is not None:
            raise ValueError("TrendVectorizer: pipeline and encoder exclude each other. Give one of them.")
        if isinstance(self.pipeline, Language):
            nlp = self.pipeline
        else:
            nlp = open_pipeline(self.pipeline, self.encoder, self.lang)
        if trend_components(nlp):
            if self.config is not None:
                raise ValueError(
                    f"TrendVectorizer: got config={self.config!r}, but the pipeline has a trend vector with "
                    "settings of its own. Leave config out, or take the trend vector out of the pipeline."
                )
        elif nlp is self.pipeline:
            raise ValueError(
                f"TrendVectorizer: the pipeline has no trend vector: got {nlp.pipe_names}. Add one with "
                "nlp.add_pipe('trend_vector'), or give the pipeline's path, to have it added to a copy."
            )
        else:
            nlp.add_pipe("trend_vector", config=self.config or {})
        return nlp

    def _checked(self, doc: Doc) -> Floats:
        vector: Floats = doc._.trend_vector
        if len(vector) != self._n_features_out:
            raise ValueError(
                f"TrendVectorizer: the doc {doc.text[:40]!r} has a trend vector of width {len(vector)}, "
                f"expected {self._n_features_out}, as this pipeline makes them. Give its text instead."
            )
        return vector

    def _of_docs(self, docs: Iterable[Doc]) -> Floats:
        return np.stack([doc._.trend_vector for doc in docs])

    def _of_texts(self, texts: list[str]) -> Floats:
        if self.memory is None:
            return self._of_docs(self.nlp_.pipe(texts))
        memory = self.memory
        if not isinstance(memory, joblib.Memory):
            # Of a Path, joblib makes another folder than of a string.
            memory = joblib.Memory(str(memory), verbose=0)
        self._key = self._key or _description(self.nlp_)
        kept = memory.cache(_computed, ignore=["compute"])
        found: dict[str, Floats] = {}

        def compute(text: str) -> Floats:
            # What is in the cache but cannot be read is asked for, too.
            return found[text] if text in found else self._of_docs(self.nlp_.pipe([text]))[0]

        missing = [
            text for text in dict.fromkeys(texts) if not kept.check_call_in_cache(text, self._key, compute)
        ]
        if missing:
            found = dict(zip(missing, self._of_docs(self.nlp_.pipe(missing)), strict=True))
        return np.stack([kept(text, self._key, compute) for text in texts])


def _computed(text: str, pipeline: str, compute: Callable[[str], Floats]) -> Floats:
    """A vector, most often out of a batch; the cache keeps it by text and pipeline."""
    return compute(text)


def _description(nlp: Language) -> str:
    """What a vector depends on, beside the text."""
    return f"{fingerprint(nlp)} {versions('spacy-transformers')}"


def _as_items(X: Iterable[Any]) -> list[Any]:  # noqa: N803 - scikit-learn's
    if isinstance(X, str):
        raise ValueError(
            f"TrendVectorizer: got the single string {X[:40]!r}, expected a list of texts or docs."
        )
    if isinstance(X, Mapping) or hasattr(X, "columns"):
        raise ValueError(
            f"TrendVectorizer: got a {type(X)}, expected a list of texts or docs, or one column."
        )
    # numpy's strings are another type, by which the cache would tell equal texts apart.
    items = [str(item) if isinstance(item, str) else item for item in X]
    for item in items:
        if not isinstance(item, (str, Doc)):
            raise ValueError(f"TrendVectorizer: got {item!r} among the texts, expected str or Doc.")
    return items
