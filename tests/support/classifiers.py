"""Pipelines with a classifier on the trend vector, and a few texts to learn."""

from pathlib import Path
from typing import Any

import numpy as np
import spacy
from spacy import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import fix_random_seed, load_config
from thinc.api import Config

from tests.support.checkout import CONFIGS

CLASSIFIER = {"@architectures": "spacy-trend.TextCatTrendVector.v1"}
ANNOTATES = ["transformer", "trend_vector"]
SUBJECTS = {
    "fruit": ["I want an apple.", "I want an orange.", "She eats a pear.", "They eat plums."],
    "house": ["She sold the old house.", "They built a house.", "He rents a flat.", "We left the villa."],
    "weather": ["It rains.", "It will snow tomorrow.", "The sun is out.", "Storms are coming."],
    "sport": ["They won the match.", "She scored twice.", "He runs marathons.", "We lost the game."],
}


def pipeline_with(
    encoder: Path, *, textcat: str = "textcat", model: dict[str, Any] | None = None, **trend_vector: Any
) -> Language:
    # The same first weights and dropout, whatever ran before. From most others, not all of four labels are
    # told apart after 80 steps.
    fix_random_seed(8)
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(encoder)}})
    nlp.add_pipe("trend_vector", config={"preset": "classifier", **trend_vector})
    exclusive = {"exclusive_classes": textcat == "textcat"}
    nlp.add_pipe(textcat, name="textcat", config={"model": {**CLASSIFIER, **exclusive, **(model or {})}})
    return nlp


def examples_of(nlp: Language, *labels: str) -> list[Example]:
    return [
        Example.from_dict(nlp.make_doc(text), {"cats": {other: float(other == label) for other in labels}})
        for label in labels
        for text in SUBJECTS[label]
    ]


def update(nlp: Language, examples: list[Example], sgd: Any, steps: int, drop: float = 0.0) -> list[float]:
    """The loss of each step."""
    sgd.learn_rate = 0.02
    losses: list[float] = []
    for _ in range(steps):
        of_step: dict[str, float] = {}
        nlp.update(examples, sgd=sgd, losses=of_step, drop=drop, annotates=ANNOTATES, exclude=["transformer"])
        losses.append(of_step["textcat"])
    return losses


def trained(encoder: Path, steps: int = 3, **config: Any) -> Language:
    nlp = pipeline_with(encoder, **config)
    examples = examples_of(nlp, "fruit", "house")
    update(nlp, examples, nlp.initialize(lambda: examples), steps)
    return nlp


def share_right(nlp: Language, examples: list[Example]) -> float:
    docs = nlp.pipe(example.reference.text for example in examples)
    guesses = [max(doc.cats, key=doc.cats.__getitem__) for doc in docs]
    return float(np.mean([eg.reference.cats[guess] for eg, guess in zip(examples, guesses, strict=True)]))


def trend_vector_config(encoder: Path | str, preset: str = "classifier") -> Config:
    """The project's config with a stock corpus and no data."""
    overrides = {"components.transformer.model.name": str(encoder), "components.trend_vector.preset": preset}
    return load_config(CONFIGS / "trend_vector.cfg", overrides=overrides)


def with_stock_corpus(config: Config, folder: Path) -> Config:
    """A config that trains on a few texts in a folder."""
    nlp = spacy.blank("en")
    docs = [example.reference for example in examples_of(nlp, "fruit", "house")]
    DocBin(docs=docs).to_disk(folder / "texts.spacy")
    config["paths"]["train"] = config["paths"]["dev"] = str(folder / "texts.spacy")
    for name in ("train", "dev"):
        config["corpora"][name] = {"@readers": "spacy.Corpus.v1", "path": "${paths." + name + "}"}
        config["corpora"][name] |= {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    return config
