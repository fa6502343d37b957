from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spacy import Language

from spacy_trend.sklearn import TrendVectorizer
from tests.support.threads import one_thread
from tests.support.vectorizers import TEXTS


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    pytest.importorskip("threadpoolctl")
    with one_thread():
        yield


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], dict[bytes, Any]]:
    """The vectors that are kept in this process: none that another test has made."""
    vectors: dict[tuple[str, int], dict[bytes, Any]] = {}
    monkeypatch.setattr("spacy_trend.kept_vectors._IN_PROCESS", vectors)
    return vectors


@pytest.fixture(scope="module")
def fitted(tiny_encoder: Path) -> TrendVectorizer:
    """With the tiny encoder and settings without logarithms; not to be changed by a test."""
    return TrendVectorizer(encoder=tiny_encoder, preset="classifier").fit(TEXTS)


@pytest.fixture(scope="module")
def vectors(fitted: TrendVectorizer) -> Any:
    """Of the texts, by the pipeline itself."""
    return np.stack([doc._.trend_vector for doc in fitted.nlp_.pipe(TEXTS)])


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a pipeline of one of the vectorizers ran on, but for those of `fit`."""
    texts: list[str] = []
    pipe = Language.pipe

    def noting(self: Language, given: Any, **settings: Any) -> Iterator[Any]:
        items = list(given)
        texts.extend(str(item) for item in items if str(item) != ".")
        return pipe(self, items, **settings)

    monkeypatch.setattr(Language, "pipe", noting)
    return texts
