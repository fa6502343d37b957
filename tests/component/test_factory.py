"""Settings of the component, and values that are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import Language

import spacy_trend
from spacy_trend.method.changes import log_ratio
from spacy_trend.method.selections import leading_pair

LEADING_PAIR = {"@misc": "spacy-trend.leading_pair.v1"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"level": "word"}, r"level='word' is unknown\. Expected 'doc' or 'sentence'"),
        ({"precision": "float8"}, r"precision='float8' is unknown\. Expected 'model' or 'bfloat16'"),
        (
            {"select": {**LEADING_PAIR, "rows": "words"}},
            r"rows='words' is unknown\. Expected 'heads' or 'layers'",
        ),
        (
            {"select": {**LEADING_PAIR, "focus": "first"}},
            r"focus='first' is unknown\. Expected 'last' or 'most'",
        ),
        (
            {"select": {**LEADING_PAIR, "rows": "layers", "layer": 1}},
            r"layer=1 has no meaning with rows='layers'",
        ),
        ({"select": {**LEADING_PAIR, "layer": 2}}, r"layer=2 is out of range.*has 2 layers.*from 0 to 1"),
        ({"select": {**LEADING_PAIR, "layer": -3}}, r"layer=-3 is out of range.*from -2 to -1"),
        (
            {"transformer": "trf"},
            r"names 'trf', but got no component of that name among \['sentencizer', 'transf",
        ),
        ({"transformer": "sentencizer"}, r"names 'sentencizer', but got a <class .*Sentencizer'>"),
        ({"select": "leading_pair"}, r"'select' got 'leading_pair'.*Expected the block of a config"),
        ({"change": "log_ratio"}, r"'change' got 'log_ratio'\. Expected the block of a config"),
        ({"selct": LEADING_PAIR}, r"unexpected argument: 'selct'"),
    ],
)
def test_an_unknown_value_of_a_setting_is_refused(
    make_nlp: Callable[..., Language], tiny_encoder: Path, config: dict[str, Any], message: str
) -> None:
    nlp = make_nlp(tiny_encoder, None)
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe("trend_vector", config=config)


def test_a_layer_out_of_range_of_an_encoder_loaded_later_is_refused(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    nlp.add_pipe("trend_vector", config={"select": {**LEADING_PAIR, "layer": 2}})
    with pytest.raises(
        ValueError, match=r"layer=2 is out of range.*has 2 layers.*Change the layer in the setting"
    ):
        nlp.initialize()


def test_a_component_made_by_hand_keeps_to_the_settings() -> None:
    with pytest.raises(ValueError, match=r"level='word' is unknown"):
        spacy_trend.TrendVector("mine", select=leading_pair(), change=log_ratio(), level="word")
