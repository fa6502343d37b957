"""Small corpora to train on, and the project's configs for them."""

from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import load_config

from tests.support.checkout import CONFIGS

STOCK = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
TRAIN = {
    "fruit": [
        "I want an apple.",
        "I want an orange.",
        "She eats a pear.",
        "They eat plums.",
        "A ripe melon!",
    ],
    "house": [
        "She sold the old house.",
        "They built a house.",
        "He rents a flat.",
        "We left it.",
        "A villa.",
    ],
}
DEV = {"fruit": ["She wants a plum.", "He eats."], "house": ["A house was sold.", "They rent it."]}


def gold_docs(texts: dict[str, list[str]]) -> list[Doc]:
    nlp = spacy.blank("en")
    docs = []
    for label, of_label in texts.items():
        for text in of_label:
            doc = nlp.make_doc(text)
            doc.cats = {other: float(other == label) for other in texts}
            docs.append(doc)
    return docs


def texts_of(texts: dict[str, list[str]]) -> list[str]:
    return [text for of_label in texts.values() for text in of_label]


def overrides_for(encoder: Path, corpus: Path, **more: Any) -> dict[str, Any]:
    return {
        "components.transformer.model.name": str(encoder),
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "training.max_epochs": 8,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate": 0.02,
        **more,
    }


def config_file(path: Path, changes: dict[str, Any]) -> Path:
    """The project's config with other values, given by their dotted names, new ones too."""
    config = load_config(CONFIGS / "trend_vector.cfg")
    for name, value in changes.items():
        *blocks, last = name.split(".")
        block: Any = config
        for part in blocks:
            block = block.setdefault(part, {})
        block[last] = value
    config.to_disk(path / "config.cfg")
    return path / "config.cfg"


def annotating() -> dict[str, Any]:
    """What makes the project's config train with spaCy's own reader."""
    return {
        "corpora.train": {**STOCK, "path": "${paths.train}"},
        "corpora.dev": {**STOCK, "path": "${paths.dev}"},
        "training.annotating_components": ["transformer", "trend_vector"],
        "training.before_to_disk": None,
    }


def pipeline(encoder: Path, **trend_vector: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(encoder)}})
    nlp.add_pipe("trend_vector", config={"preset": "classifier", **trend_vector})
    return nlp


def scores_of(nlp: Language, corpus: Path) -> dict[str, Any]:
    docs = DocBin().from_disk(corpus / "dev.spacy").get_docs(nlp.vocab)
    return nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])
