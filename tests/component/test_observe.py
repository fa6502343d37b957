"""Which transformer a component reads, and how it is attached to another."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy import Language

import spacy_trend
from spacy_trend import bundled_encoder
from spacy_trend.doctor import examine
from spacy_trend.method.changes import log_ratio
from spacy_trend.method.selections import leading_pair

TEXT = "I want an apple. She sold the old house! ..."


def test_two_trend_vectors_may_read_one_transformer(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {})
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    nlp.add_pipe("trend_vector", name="by_layer", config=layers)
    doc = nlp(TEXT)
    np.testing.assert_array_equal(doc._.trend_vector, make_nlp(tiny_encoder, layers)(TEXT)._.trend_vector)
    assert list(doc._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]


def test_the_transformer_to_read_may_be_named(make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, None)
    nlp.add_pipe("transformer", name="second", config={"model": {"name": bundled_encoder()}})
    nlp.add_pipe("trend_vector", after="transformer", config={"transformer": "transformer"})
    nlp.add_pipe("trend_vector", name="nearest")
    nlp.initialize()
    assert nlp(TEXT)._.trend_vector.shape == (384,)
    nlp.remove_pipe("nearest")
    assert nlp(TEXT)._.trend_vector.shape == (32,)


def test_a_sourced_component_is_attached_by_observe(
    tiny: Language, make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    other = make_nlp(tiny_encoder, None)
    other.add_pipe("trend_vector", source=tiny)
    with pytest.raises(ValueError, match=r"not observed.*spacy_trend\.observe\(nlp\)"):
        other(TEXT)
    spacy_trend.observe(other)
    np.testing.assert_array_equal(other(TEXT)._.trend_vector, tiny(TEXT)._.trend_vector)


def test_a_component_that_was_lent_is_as_it_was(tiny: Language, make_nlp: Callable[..., Language]) -> None:
    other = make_nlp(bundled_encoder(), None)
    other.add_pipe("trend_vector", source=tiny)
    spacy_trend.observe(other)
    assert other("")._.trend_vector.shape == other(TEXT)._.trend_vector.shape == (384,)
    assert tiny("")._.trend_vector.shape == tiny(TEXT)._.trend_vector.shape == (32,)


def test_a_transformer_may_be_shared_with_a_pipeline_of_other_settings(tiny: Language) -> None:
    before = tiny(TEXT)
    other = spacy.blank("en")
    other.add_pipe("transformer", source=tiny)
    layers = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
    other.add_pipe("trend_vector", config=layers)
    assert other(TEXT)[0]._.trend_attention.shape == (2,)
    after = tiny(TEXT)
    np.testing.assert_array_equal(after._.trend_vector, before._.trend_vector)
    assert after[0]._.trend_attention.shape == (4,)


def test_a_component_that_is_removed_is_not_observed_for_any_more(tiny: Language) -> None:
    tiny.add_pipe("trend_vector", name="second")
    (shim,) = tiny.get_pipe("transformer").model.layers[0].shims
    for readers in (2, 1):
        assert len(shim.requests) == readers
        tiny.remove_pipe(tiny.pipe_names[-1])
    assert shim.requests == {}


def test_a_component_between_two_transformers_is_attached_to_the_one_before_it_by_observe(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)
    nlp.add_pipe("transformer", name="second", config={"model": {"name": bundled_encoder()}})
    nlp.add_pipe("trend_vector", after="transformer")
    nlp.get_pipe("second").model.initialize()
    with pytest.raises(ValueError, match="not observed"):
        nlp(TEXT)
    spacy_trend.observe(nlp)
    assert nlp(TEXT)._.trend_vector.shape == (32,)


def test_a_component_of_its_own_is_attached_by_observe(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)

    @Language.factory("spacy_trend_tests_by_hand")
    def make_by_hand(nlp: Language, name: str) -> spacy_trend.TrendVector:
        return spacy_trend.TrendVector(name, select=leading_pair(), change=log_ratio())

    nlp.add_pipe("spacy_trend_tests_by_hand", name="by_hand")
    with pytest.raises(ValueError, match=r"'by_hand' is not attached.*spacy_trend\.observe\(nlp\)"):
        nlp(TEXT)
    spacy_trend.observe(nlp)
    assert nlp(TEXT)._.trend_vector.shape == (32,)


@pytest.mark.parametrize("setting", [None, "transformer"])
@pytest.mark.parametrize("add", ["factory", "disabled"])
def test_a_transformer_that_is_renamed_is_followed(
    setting: str | None, add: str, make_nlp: Callable[..., Language], tiny_encoder: Path, tmp_path: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"transformer": setting})
    expected = nlp(TEXT)._.trend_vector
    if add == "disabled":
        nlp.disable_pipe("transformer")
    nlp.rename_pipe("transformer", "encoder")
    if add == "disabled":
        nlp.enable_pipe("encoder")
    nlp.rename_pipe("trend_vector", "trend")
    # A logarithm amplifies what differs between one forward pass and another.
    np.testing.assert_allclose(nlp(TEXT)._.trend_vector, expected, atol=0.01)
    component = nlp.get_pipe("trend")
    assert component.transformer == component.encoder.transformer.name or setting is None
    assert nlp.get_pipe_config("trend")["transformer"] == (None if setting is None else "encoder")
    spacy_trend.observe(nlp)
    nlp.to_disk(tmp_path)
    np.testing.assert_allclose(spacy.load(tmp_path)(TEXT)._.trend_vector, expected, atol=0.01)
    assert [finding for finding in examine(nlp) if finding.status == "error"] == []


def test_a_transformer_that_takes_the_name_of_a_renamed_one_is_not_read(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, {"transformer": "transformer"})
    nlp.rename_pipe("transformer", "first")
    nlp.add_pipe("transformer", first=True, config={"model": {"name": bundled_encoder()}})
    nlp.get_pipe("transformer").model.initialize()
    spacy_trend.observe(nlp)
    assert nlp.get_pipe("trend_vector").encoder.transformer is nlp.get_pipe("first")
    assert nlp(TEXT)._.trend_vector.shape == (32,)
