from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy_transformers import Transformer

from tests.support.training_corpora import (
    DEV,
    TRAIN,
    gold_docs,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.spacy and dev.spacy."""
    path = tmp_path_factory.mktemp("corpus")
    DocBin(docs=gold_docs(TRAIN)).to_disk(path / "train.spacy")
    DocBin(docs=gold_docs(DEV)).to_disk(path / "dev.spacy")
    return path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the encoder ran on which text."""
    counts: Counter[str] = Counter()
    predict, update = Transformer.predict, Transformer.update

    def counting_predict(self: Transformer, docs: Iterable[Doc]) -> Any:
        docs = list(docs)
        counts.update(doc.text for doc in docs)
        return predict(self, docs)

    def counting_update(self: Transformer, examples: Iterable[Example], **kwargs: Any) -> Any:
        examples = list(examples)
        counts.update(example.predicted.text for example in examples)
        return update(self, examples, **kwargs)

    monkeypatch.setattr(Transformer, "predict", counting_predict)
    monkeypatch.setattr(Transformer, "update", counting_update)
    return counts
