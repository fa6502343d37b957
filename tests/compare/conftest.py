from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import spacy
from spacy import Language

from spacy_trend.compare import classifier as classification
from spacy_trend.compare import compare
from spacy_trend.compare.comparison import Comparison
from spacy_trend.pipelines import transformer_pipeline
from tests.support.comparisons import PAIRS, TEST, TRAIN
from tests.support.evaluations import STUB, Rows, write_docs
from tests.support.labelled_texts import Write
from tests.support.threads import one_thread


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    pytest.importorskip("threadpoolctl")
    with one_thread():
        yield


@pytest.fixture(scope="module")
def few_strengths() -> Iterator[None]:
    """All of them are tested in test_classifier.py; here they would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classification, "STRENGTHS", (0.01, 1.0))
        patch.setattr(classification, "TFIDF_STRENGTHS", (10.0, 100.0))
        yield


@pytest.fixture(scope="module")
def encoder_nlp(tiny_encoder: Path) -> Language:
    """A pipeline of the tiny encoder alone."""
    return transformer_pipeline(tiny_encoder)


@pytest.fixture(scope="module")
def folded(encoder_nlp: Language, few_strengths: None) -> Comparison:
    """The comparison of all pairs, in two folds."""
    return compare(PAIRS, nlp=encoder_nlp, folds=2)


@pytest.fixture(scope="module")
def tested(encoder_nlp: Language, few_strengths: None) -> Comparison:
    """The comparison of a training and a test part."""
    return compare(TRAIN, TEST, nlp=encoder_nlp)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a file of a name."""

    def write_file(content: str | bytes, name: str = "texts.label", encoding: str = "utf8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write_file


@pytest.fixture(scope="module")
def stub() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe(STUB)
    return nlp


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[Rows], Path]:
    """A function that writes a `.spacy` file."""
    return partial(write_docs, tmp_path / "test.spacy")
