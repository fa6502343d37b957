"""Labelled texts to compare on, and a comparison made by hand."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")
from spacy_trend.compare.comparison import Comparison, Score
from spacy_trend.compare.embeddings import CLS, PLAIN
from spacy_trend.component.presets import PRESETS

Pairs = list[tuple[str, str]]
FRUIT = ["ripe", "red", "green", "sweet", "sour", "big", "small", "old", "fresh", "cold", "soft", "hard"]
#: Two classes that share no word.
PAIRS: Pairs = [
    pair
    for word in FRUIT
    for pair in ((f"I want apples, {word} apples.", "fruit"), (f"No train {word}ly left from here!", "rail"))
]
TRAIN, TEST = PAIRS[:16], PAIRS[16:]


def write(path: Path, pairs: Pairs) -> Path:
    path.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in pairs))
    return path


def score(name: str, accuracy: float = 0.5, **changes: Any) -> Score:
    made = Score(
        name=name,
        is_plain=name in PLAIN,
        config={"preset": name} if name in PRESETS else None,
        width=32,
        accuracy=accuracy,
        accuracy_interval=(accuracy - 0.05, accuracy + 0.05),
        macro_f1=accuracy - 0.01,
        macro_f1_interval=(accuracy - 0.07, accuracy + 0.03),
        p_value=None if name == CLS else 0.25,
        p_against_plain=None if name in PLAIN else 0.5,
        strengths=[0.1, 1.0],
    )
    return replace(made, **changes)


BY_HAND = Comparison(
    scores=[
        score("pipeline's trend_pair", 0.92, p_value=1e-30, p_against_plain=3e-30),
        score("classifier", 0.9, accuracy_interval=(0.8, 1.0), width=768),
        score(CLS, 0.8),
        score("article", 0.625, p_value=0.0123, p_against_plain=0.0246),
        score("mean of static", 0.5, p_value=1.0),
    ],
    labels={"x": 60, "ÿ": 40},
    train=100,
    test=None,
    folds=5,
    repeated=0,
    digest="digest of the texts",
    seed=0,
    encoder="BertModel (here)",
    versions={"spacy": "3.8.18"},
)
