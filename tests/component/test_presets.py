from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

from spacy_trend.component.presets import PRESETS, resolve_preset
from spacy_trend.method.changes import log_ratio
from spacy_trend.method.mutual_pairs import joint_pair
from spacy_trend.method.selections import attended_words, leading_pair
from tests.support.arrays import floats

TEXT = "She sold the old house."


def test_the_article_is_what_nothing_asks_for(tiny: Language) -> None:
    assert tiny.get_pipe_config("trend_vector")["preset"] == "article"
    component: Any = tiny.get_pipe("trend_vector")
    assert (component.select, component.change) == (leading_pair(), log_ratio())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_what_its_blocks_give(name: str, shared_nlp: Callable[..., Language]) -> None:
    by_name = shared_nlp({"preset": name})(TEXT)
    by_blocks = shared_nlp(
        {key: value for key, value in PRESETS[name]._asdict().items() if key != "purpose"}
    )(TEXT)
    np.testing.assert_array_equal(by_name._.trend_vector, by_blocks._.trend_vector)
    assert by_name._.trend_focus.i == by_blocks._.trend_focus.i
    assert by_name._.trend_vector.any()


@pytest.mark.parametrize(
    ("name", "select"),
    [
        ("article", leading_pair()),
        ("related_pair", joint_pair()),
        ("classifier", attended_words(residual=1.0)),
        ("classifier_wide", attended_words(residual=1.0)),
        ("similarity", attended_words(residual=1.0)),
    ],
)
def test_a_preset_names_a_selection(name: str, select: Any) -> None:
    assert resolve_preset(name)[0] == select


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("article", [np.log(3), 0]),
        ("related_pair", [3, 1]),
        ("classifier", [3, 1]),
        ("classifier_wide", [1, -2, 3, 1]),
        ("similarity", [3, 1]),
    ],
)
def test_a_preset_names_a_change(name: str, changed: Any) -> None:
    _, change = resolve_preset(name)
    np.testing.assert_allclose(change(floats([1, -2]), floats([3, 1])), [changed], rtol=1e-5)


def test_a_block_that_names_a_function_goes_before_the_preset() -> None:
    select, change = resolve_preset("classifier", {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"})
    assert select == leading_pair(rows="layers")
    assert change is resolve_preset("classifier")[1]


def test_a_block_without_a_function_changes_the_preset_s_own() -> None:
    select, _ = resolve_preset("classifier", {"layer": 1})
    assert select == attended_words(layer=1, residual=1.0)


def test_a_pipeline_is_saved_with_its_preset(
    tmp_path: Path, make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"preset": "classifier_wide", "select": {"layer": 0}})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    component: Any = loaded.get_pipe("trend_vector")
    assert component.select == attended_words(layer=0, residual=1.0)
    # An older transformers reloads with another attention implementation.
    np.testing.assert_allclose(loaded(TEXT)._.trend_vector, nlp(TEXT)._.trend_vector, atol=2e-5)
    assert loaded(TEXT)._.trend_vector.shape == (64,)


@pytest.mark.parametrize(
    ("before", "now"),
    [("all_words", "classifier"), ("all_words_wide", "classifier_wide"), ("signed_pair", "related_pair")],
)
def test_a_preset_of_before_is_refused_and_named_by_what_it_is_for(before: str, now: str) -> None:
    with pytest.raises(
        ValueError, match=rf"preset='{before}' is gone. Expected one of article.*: use '{now}'"
    ):
        resolve_preset(before)


@pytest.mark.parametrize(
    ("config", "layers"),
    [
        ({}, (-1,)),
        ({"preset": "classifier"}, "upper_half"),
        ({"preset": "classifier_wide"}, "upper_half"),
        ({"preset": "similarity"}, (-1,)),
        ({"preset": "related_pair"}, (-1,)),
        ({"preset": "classifier", "contextual_layers": [0, 0.5]}, (0, 0.5)),
        ({"contextual_layers": "upper_half"}, "upper_half"),
    ],
)
def test_contextual_layers_are_the_preset_s_unless_others_are_given(
    config: dict[str, Any], layers: Any, shared_nlp: Callable[..., Language]
) -> None:
    component: Any = shared_nlp(config).get_pipe("trend_vector")
    assert component.contextual_layers == layers


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match=r"trend_vector: preset='best' is unknown. Expected 'article' or "):
        resolve_preset("best")


def test_an_argument_that_the_function_does_not_take_is_refused() -> None:
    with pytest.raises(ValueError, match="leading_pair"):
        resolve_preset("article", {"no_such_argument": 1})
