"""The trend vector as a scikit-learn transformer, and reports of classifiers on it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.util import minibatch
from tqdm import tqdm

from .attributes.arrays import vectors
from .component.presets import PRESETS
from .component.trend_vector import trend_components
from .dependencies import check_extra, versions
from .encoder.fingerprint import fingerprint, glance
from .given_texts import as_items
from .kept_vectors import KeptVectors, VectorsInProcess
from .lost_docs import check_every_doc
from .messages import name_some, shorten
from .output_paths import make_folder
from .pipelines import open_pipeline, with_trend_vector
from .reports import LIMIT, Report, check_limit, make_report
from .reports.estimators import reasons_of
from .settings import check_seed
from .types import Floats

check_extra("sklearn", "sklearn")

# After the check, whose message says what to install.
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin  # noqa: E402
from sklearn.utils._param_validation import Interval, StrOptions  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402

#: How many vectors are computed before they are kept: a run that is killed loses no more.
KEPT_AT_A_TIME = 1000
#: The preset of a trend vector that is added, if none is named; versions that vectors depend on.
DEFAULT_PRESET = "classifier"
VERSIONS = str(versions("spacy-transformers"))


class TrendVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn transformer from texts or docs to their trend vectors, float32 `(texts, width)`.

    `TrendVectorizer().fit_transform(texts)` is what `SentenceTransformer(...).encode(texts)` is elsewhere.

    Texts stand in a list, a tuple, a generator, an array, a Series, or the only column of a table (of numpy,
    pandas, polars or pyarrow). If they have an index, pandas output has the same: see `set_output`.
    Once fitted, it has `nlp_`, the spaCy pipeline.

    In a cross-validation or a search, each text is embedded once with each preset: by default, vectors are
    kept in this process, up to 256 MB. If the work is spread over processes (`n_jobs`), each keeps its own. A
    folder as `memory` serves all of them and the next run as well, and has no limit.

    Args:
        pipeline: a spaCy pipeline with a `trend_vector`, or the name or path of one with a transformer, which
            gets a `trend_vector` if it has none; None for a pipeline around an encoder.
        preset: the preset of the `trend_vector` that is added, one of `spacy_trend.PRESETS`; None for
            `"classifier"`, or if the pipeline has a `trend_vector`, whose settings stay.
        encoder: without a pipeline, the encoder's name or path; None for the bundled one.
        lang: without a pipeline, the code of the language whose tokenizer is used.
        config: other settings of the `trend_vector` that is added, such as `{"level": "sentence"}`; None for
            the preset's.
        memory: True to keep the vectors of texts in this process; a folder to keep them there, each in a
            `.npy` file; False or None to keep none. They are kept by text, pipeline, settings and versions.
        batch_size: how many texts the pipeline takes at a time; None for what its config says.
        show_progress: show a bar on stderr while texts are embedded.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "pipeline": [Language, str, os.PathLike, None],
        "preset": [StrOptions(set(PRESETS)), None],
        "encoder": [str, os.PathLike, None],
        "lang": [str],
        "config": [Mapping, None],
        "memory": ["boolean", str, os.PathLike, None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "show_progress": ["boolean"],
    }

    def __init__(
        self,
        pipeline: Language | str | Path | None = None,
        *,
        preset: str | None = None,
        encoder: str | Path | None = None,
        lang: str = "en",
        config: Mapping[str, Any] | None = None,
        memory: bool | str | Path | None = True,
        batch_size: int | None = None,
        show_progress: bool = False,
    ) -> None:
        self.pipeline = pipeline
        self.preset = preset
        self.encoder = encoder
        self.lang = lang
        self.config = config
        self.memory = memory
        self.batch_size = batch_size
        self.show_progress = show_progress

    def fit(self, X: Iterable[str | Doc], y: Any = None) -> "TrendVectorizer":  # noqa: N803 - scikit-learn's
        """Load the pipeline; there is nothing to learn.

        Args:
            X: texts or docs; only their types are checked, and those of a generator are not.
            y: ignored.

        Returns:
            the vectorizer.

        Raises:
            ValueError: for a parameter that is none, a pipeline without a transformer, settings that exclude
                each other, or X that is no list of texts or docs.
            OSError: if there is no such pipeline or encoder.
            ImportError: if the bundled encoder is not installed.
        """
        if not isinstance(X, Iterator):
            as_items(X)
        self._check_parameters()
        self.nlp_ = self._load()
        self._n_features_out = vectors(self.nlp_.pipe(["."])).shape[1]
        self._seen: tuple[Any, ...] | None = None
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
        items = as_items(X)
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
                another width, a pipeline that lost a text, or a parameter that is none.
            OSError: if the memory's folder cannot be made or written to.
        """
        check_is_fitted(self)
        self._check_parameters()
        return self._vectors(as_items(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _check_parameters(self) -> None:
        self._validate_params()
        if isinstance(self.memory, str) and not self.memory.strip():
            raise ValueError(
                f"TrendVectorizer: got memory={self.memory!r}. Expected the path of a folder, True to keep "
                "vectors in this process, or None to keep none."
            )
        if self.config is not None and "preset" in self.config:
            raise ValueError(
                f"TrendVectorizer: got the preset {shorten(self.config['preset'])} in `config`. Expected "
                "other settings there: give it as TrendVectorizer(preset=...)."
            )

    def _load(self) -> Language:
        nlp = open_pipeline(self.pipeline, self.encoder, self.lang)
        has_one = bool(trend_components(nlp))
        if nlp is self.pipeline and not has_one:
            raise ValueError(
                f"TrendVectorizer: the pipeline has no trend vector: got {name_some(nlp.pipe_names)}. Add "
                "one with nlp.add_pipe('trend_vector'), or spacy_trend.add_to(nlp) if it has no transformer. "
                "Or give the pipeline's path: then a copy gets one."
            )
        given = {} if self.preset is None else {"preset": self.preset}
        if has_one and not given and self.config is None:
            return nlp
        default = {} if has_one else {"preset": DEFAULT_PRESET}
        return with_trend_vector(nlp, {**default, **given, **(self.config or {})})

    def _vectors(self, items: list[Any]) -> Floats:
        vectors = np.zeros((len(items), self._n_features_out), dtype=np.float32)
        has_vector = [isinstance(item, Doc) and item._.trend_vector is not None for item in items]
        docs = [n for n, item in enumerate(items) if isinstance(item, Doc) and not has_vector[n]]
        texts = [n for n, item in enumerate(items) if not isinstance(item, Doc)]
        for n, item in enumerate(items):
            if has_vector[n]:
                vectors[n] = self._existing_vector(item)
        shown = self.show_progress and bool(docs or texts)
        with tqdm(total=len(docs) + len(texts), desc="Embedding", unit="text", disable=not shown) as bar:
            if docs:
                vectors[docs] = self._embed([items[n] for n in docs], bar)
            if texts:
                vectors[texts] = self._embed_texts([items[n] for n in texts], bar)
        return vectors

    def _existing_vector(self, doc: Doc) -> Floats:
        vector: Floats = doc._.trend_vector
        if len(vector) != self._n_features_out:
            raise ValueError(
                f"TrendVectorizer: the doc {doc.text[:40]!r} has a trend vector of width {len(vector)}, "
                f"expected {self._n_features_out}, the width of this pipeline. Give the doc's text instead."
            )
        return vector

    def _embed_texts(self, texts: list[str], bar: Any) -> Floats:
        kept = self._kept()
        if kept is None:
            return self._embed(texts, bar)
        asked = dict.fromkeys(texts)
        found = {text: vector for text in asked if (vector := kept.read(text)) is not None}
        missing = [text for text in asked if text not in found]
        # The others are there: those that were kept, and copies.
        bar.update(len(texts) - len(missing))
        for some in minibatch(missing, KEPT_AT_A_TIME):
            for text, vector in zip(some, self._embed(some, bar), strict=True):
                found[text] = vector
                kept.write(text, vector)
        return np.stack([found[text] for text in texts])

    def _kept(self) -> KeptVectors | VectorsInProcess | None:
        """Return where vectors of texts are kept, for the pipeline as it is now."""
        if not self.memory:
            return None
        seen = *map(repr, trend_components(self.nlp_)), *glance(self.nlp_)
        if seen != self._seen:
            self._fingerprint, self._seen = fingerprint(self.nlp_), seen
        key = f"{self._fingerprint} {VERSIONS}"
        if not isinstance(self.memory, str | os.PathLike):
            return VectorsInProcess(key, self._n_features_out)
        make_folder(folder := Path(self.memory))
        return KeptVectors(folder, key, self._n_features_out)

    def _embed(self, items: Sequence[str | Doc], bar: Any) -> Floats:
        found = vectors(_counted(self.nlp_.pipe(items, batch_size=self.batch_size), bar))
        # Otherwise one row would be taken for another, or for all of them.
        check_every_doc(len(found), len(items))
        return found


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
    made = make_report(reasons_of(classifier, as_items(texts), labels), limit=limit, seed=seed)
    if output is not None:
        made.write(Path(output))
    return made


def _counted(docs: Iterable[Doc], bar: Any) -> Iterator[Doc]:
    for doc in docs:
        yield doc
        bar.update()
