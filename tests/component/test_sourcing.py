"""Components that are taken from another pipeline, and then attached to their own."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from thinc.api import Config

import spacy_trend
from spacy_trend.doctor import examine
from tests.support.changes import DIFFERENCE
from tests.support.naming import DISABLED, assert_reads, saved

pytestmark = pytest.mark.slow

TEXT = "I want an apple. She sold the old house!"


@pytest.fixture
def nlp(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    return make_nlp(tiny_encoder, {**DIFFERENCE, "transformer": "transformer"})


@pytest.fixture
def sourced(nlp: Language) -> Language:
    """A pipeline of components of another one, which is attached to its own."""
    other = spacy.blank("en")
    for name in nlp.pipe_names:
        other.add_pipe(name, source=nlp)
    spacy_trend.observe(other)
    return other


def made_of_config(nlp: Language, path: Path) -> Language:
    """A pipeline whose config takes its components from a saved one."""
    nlp.to_disk(path / "source")
    block = {"source": str(path / "source")}
    names = ["transformer", "trend_vector"]
    config = {"nlp": {"lang": "en", "pipeline": names}, "components": dict.fromkeys(names, block)}
    made = spacy.util.load_model_from_config(Config(config), auto_fill=True)
    # What the components were taken from exists no more.
    gc.collect()
    return made


def requests_in(nlp: Language) -> int:
    (shim,) = nlp.get_pipe("transformer").model.layers[0].shims
    return len(shim.requests)


#: How a pipeline whose components were taken from another is made known to them.
ATTACH: dict[str, Callable[[Language], Any]] = {
    "observe": spacy_trend.observe,
    "initialize": lambda nlp: nlp.initialize(),
    "both": lambda nlp: (nlp.initialize(), spacy_trend.observe(nlp), spacy_trend.observe(nlp)),
}
ATTACHED = pytest.mark.parametrize("attach", ATTACH)


class TestASharedTransformer:
    def test_is_asked_while_one_of_the_pipelines_has_the_component_enabled(
        self, nlp: Language, sourced: Language
    ) -> None:
        expected = nlp(TEXT)._.trend_vector
        for one, other in ((nlp, sourced), (sourced, nlp)):
            with one.select_pipes(disable="trend_vector"):
                assert requests_in(nlp) == 1
                np.testing.assert_array_equal(other(TEXT)._.trend_vector, expected)
                with other.select_pipes(disable="trend_vector"):
                    assert requests_in(nlp) == 0
        assert requests_in(nlp) == 1

    def test_is_asked_until_the_last_of_the_components_is_removed(
        self, nlp: Language, sourced: Language
    ) -> None:
        removed = [sourced.remove_pipe("trend_vector")]
        assert requests_in(nlp) == 1
        removed.append(nlp.remove_pipe("trend_vector"))
        assert requests_in(nlp) == 0
        assert removed[0] == removed[1]

    def test_knows_the_pipeline_that_is_initialized(self, nlp: Language) -> None:
        other = spacy.blank("en")
        for name in nlp.pipe_names:
            other.add_pipe(name, source=nlp)
        other.initialize()
        with nlp.select_pipes(disable="trend_vector"):
            assert other(TEXT)._.trend_vector.any()
            other.disable_pipe("trend_vector")
            assert requests_in(nlp) == 0


class TestAPipelineMadeOfAConfig:
    @ATTACHED
    def test_asks_for_nothing_while_the_component_is_disabled(
        self, nlp: Language, attach: str, tmp_path: Path
    ) -> None:
        made = made_of_config(nlp, tmp_path)
        ATTACH[attach](made)
        made.disable_pipe("trend_vector")
        assert requests_in(made) == 0
        made.enable_pipe("trend_vector")
        assert requests_in(made) == 1
        np.testing.assert_allclose(made(TEXT)._.trend_vector, nlp(TEXT)._.trend_vector, atol=2e-5)

    @ATTACHED
    def test_asks_for_nothing_once_the_component_is_removed(
        self, nlp: Language, attach: str, tmp_path: Path
    ) -> None:
        made = made_of_config(nlp, tmp_path)
        ATTACH[attach](made)
        assert requests_in(made) == 1
        removed = made.remove_pipe("trend_vector")
        assert requests_in(made) == 0
        assert removed[0] == "trend_vector"


class TestASourcedComponent:
    @DISABLED
    def test_follows_in_the_pipeline_that_it_is_in(
        self, sourced: Language, nlp: Language, disabled: list[str], tmp_path: Path
    ) -> None:
        for name in disabled:
            sourced.disable_pipe(name)
        sourced.rename_pipe("transformer", "trf")
        for pipeline, name in ((sourced, "trf"), (nlp, "transformer")):
            assert pipeline.config["components"]["trend_vector"]["transformer"] == name
            assert [f for f in examine(pipeline) if f.status == "error" and f.about != "placement"] == []
            assert_reads(saved(pipeline, tmp_path), name)

    def test_follows_once_it_is_initialized(self, nlp: Language, tmp_path: Path) -> None:
        other = spacy.blank("en")
        for name in nlp.pipe_names:
            other.add_pipe(name, source=nlp)
        other.initialize()
        other.disable_pipe("trend_vector")
        other.rename_pipe("transformer", "trf")
        assert_reads(saved(other, tmp_path), "trf")

    @ATTACHED
    def test_follows_if_its_pipeline_was_made_of_a_config(
        self, nlp: Language, attach: str, tmp_path: Path
    ) -> None:
        made = made_of_config(nlp, tmp_path)
        ATTACH[attach](made)
        made.disable_pipe("trend_vector")
        made.rename_pipe("transformer", "trf")
        assert_reads(saved(made, tmp_path), "trf")

    def test_takes_a_transformer_of_another_name(self, nlp: Language, tmp_path: Path) -> None:
        other = spacy.blank("en")
        other.add_pipe("transformer", source=nlp, name="trf")
        other.add_pipe("trend_vector", source=nlp)
        spacy_trend.observe(other)
        assert_reads(saved(other, tmp_path), "trf")
        assert_reads(saved(nlp, tmp_path), "transformer")
