"""A transformer that is named in the settings and renamed: the config names it as it is called."""

import pickle
from collections.abc import Callable
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy import Language
from thinc.api import Config

import spacy_trend
from spacy_trend.component.followed_names import FollowedConfigs
from spacy_trend.method.changes import log_ratio
from spacy_trend.method.selections import leading_pair
from tests.support.changes import DIFFERENCE
from tests.support.encoders import save_bert
from tests.support.naming import DISABLED, assert_reads, read_by, saved

pytestmark = pytest.mark.slow

TEXT = "I want an apple. She sold the old house!"


def from_bytes(nlp: Language, path: Path) -> Language:
    stored = nlp.to_bytes()
    config = Config().from_bytes(srsly.msgpack_loads(stored)["config.cfg"])
    return spacy.util.load_model_from_config(config).from_bytes(stored)


def pickled(nlp: Language, path: Path) -> Language:
    return pickle.loads(pickle.dumps(nlp))


def copied(nlp: Language, path: Path) -> Language:
    return deepcopy(nlp)


def left_alone(nlp: Language, path: Path) -> Language:
    return nlp


#: How a pipeline went through the world before or after.
CARRIERS: dict[str, Callable[[Language, Path], Language]] = {
    function.__name__: function for function in (left_alone, copied, pickled, saved)
}
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in CARRIERS if name != "left_alone"]
CARRIED = pytest.mark.parametrize("carry", ["left_alone", *SLOW])


@pytest.fixture
def nlp(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    return make_nlp(tiny_encoder, {**DIFFERENCE, "transformer": "transformer"})


@pytest.fixture(scope="module")
def other_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bert(tmp_path_factory.mktemp("other"), seed=1)


@pytest.fixture
def nlp_of_two(nlp: Language, other_encoder: Path) -> Language:
    """A pipeline of two transformers, of which the trend vector reads the last."""
    nlp.add_pipe(
        "transformer", name="second", before="transformer", config={"model": {"name": str(other_encoder)}}
    )
    nlp.get_pipe("second").model.initialize()
    return nlp


def swap(nlp: Language) -> None:
    nlp.rename_pipe("transformer", "between")
    nlp.rename_pipe("second", "transformer")
    nlp.rename_pipe("between", "second")


class TestARenamedTransformer:
    @DISABLED
    @CARRIED
    def test_is_named_in_what_is_saved(
        self, nlp: Language, carry: str, disabled: list[str], tmp_path: Path
    ) -> None:
        expected = nlp(TEXT)._.trend_vector
        nlp = CARRIERS[carry](nlp, tmp_path)
        for name in disabled:
            nlp.disable_pipe(name)
        nlp.rename_pipe("transformer", "trf")
        # Nothing stands between the renaming and the saving.
        loaded = saved(nlp, tmp_path)
        for name in disabled:
            nlp.enable_pipe("trf" if name == "transformer" else name)
        for pipeline in nlp, loaded:
            assert_reads(pipeline, "trf")
        spacy_trend.observe(nlp)
        np.testing.assert_allclose(nlp(TEXT)._.trend_vector, expected, atol=2e-5)

    @DISABLED
    def test_is_named_in_bytes(self, nlp: Language, disabled: list[str], tmp_path: Path) -> None:
        expected = nlp(TEXT)._.trend_vector
        with nlp.select_pipes(disable=disabled):
            nlp.rename_pipe("transformer", "trf")
            loaded = from_bytes(nlp, tmp_path)
            # `select_pipes` enables what it disabled by its name.
            nlp.rename_pipe("trf", "transformer")
        assert_reads(loaded, "trf")
        assert_reads(nlp, "transformer")
        np.testing.assert_allclose(nlp(TEXT)._.trend_vector, expected, atol=2e-5)

    @DISABLED
    @CARRIED
    def test_is_followed_in_what_is_carried_on(
        self, nlp: Language, carry: str, disabled: list[str], tmp_path: Path
    ) -> None:
        for name in disabled:
            nlp.disable_pipe(name)
        nlp.rename_pipe("transformer", "trf")
        carried = CARRIERS[carry](nlp, tmp_path)
        assert_reads(carried, "trf")
        carried.rename_pipe("trf", "third")
        assert_reads(saved(carried, tmp_path), "third")
        assert_reads(nlp, "third" if carried is nlp else "trf")

    @DISABLED
    def test_is_told_from_one_that_takes_its_name(
        self, nlp_of_two: Language, disabled: list[str], tmp_path: Path
    ) -> None:
        nlp = nlp_of_two
        expected = nlp(TEXT)._.trend_vector
        for name in disabled:
            nlp.disable_pipe(name)
        swap(nlp)
        loaded = saved(nlp, tmp_path)
        for pipeline in nlp, loaded:
            for name in pipeline.disabled:
                pipeline.enable_pipe(name)
            assert_reads(pipeline, "second")
            spacy_trend.observe(pipeline)
            np.testing.assert_allclose(pipeline(TEXT)._.trend_vector, expected, atol=2e-5)

    def test_is_followed_beside_a_component_that_is_renamed(self, nlp: Language, tmp_path: Path) -> None:
        nlp.disable_pipe("trend_vector")
        nlp.rename_pipe("trend_vector", "trend")
        nlp.rename_pipe("transformer", "trf")
        nlp.rename_pipe("trend", "trend_vector")
        assert_reads(saved(nlp, tmp_path), "trf")

    def test_is_followed_by_all_who_read_it(self, nlp: Language, tmp_path: Path) -> None:
        nlp.add_pipe("trend_vector", name="other", config={"transformer": "transformer"})
        nlp.add_pipe("trend_vector", name="nearest")
        nlp.disable_pipe("other")
        nlp.rename_pipe("transformer", "trf")
        loaded = saved(nlp, tmp_path)
        for pipeline in nlp, loaded:
            names = [
                pipeline.get_pipe_config(name)["transformer"] for name in ("trend_vector", "other", "nearest")
            ]
            assert names == ["trf", "trf", None]

    def test_is_followed_in_a_shallow_copy(self, nlp: Language, tmp_path: Path) -> None:
        shallow = copy(nlp)
        del nlp
        shallow.disable_pipe("trend_vector")
        shallow.rename_pipe("transformer", "trf")
        assert_reads(saved(shallow, tmp_path), "trf")

    def test_is_found_after_it_was_replaced(self, nlp: Language, other_encoder: Path, tmp_path: Path) -> None:
        nlp.disable_pipe("trend_vector")
        nlp.rename_pipe("transformer", "trf")
        nlp.replace_pipe("trf", "transformer", config={"model": {"name": str(other_encoder)}})
        nlp.get_pipe("trf").model.initialize()
        spacy_trend.observe(nlp)
        assert_reads(nlp, "trf")
        assert_reads(saved(nlp, tmp_path), "trf")

    def test_keeps_its_variable_until_it_is_renamed(self, nlp: Language, tmp_path: Path) -> None:
        config = nlp.config.copy()
        config["vars"] = {"name": "transformer"}
        config["components"]["trend_vector"]["transformer"] = "${vars.name}"
        nlp = spacy.util.load_model_from_config(config)
        nlp.initialize()
        assert nlp.get_pipe_config("trend_vector")["transformer"] == "${vars.name}"
        assert nlp.get_pipe("trend_vector").transformer == "transformer"
        nlp.rename_pipe("transformer", "trf")
        assert_reads(nlp, "trf")
        assert_reads(saved(nlp, tmp_path), "trf")

    def test_makes_no_config_name_it_that_named_none(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path, tmp_path: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, DIFFERENCE)
        nlp.disable_pipe("trend_vector")
        nlp.rename_pipe("transformer", "trf")
        loaded = saved(nlp, tmp_path)
        assert loaded.get_pipe_config("trend_vector")["transformer"] is None
        assert read_by(loaded) == "trf"


class TestAnotherName:
    def test_is_read_from_the_next_observe_on(self, nlp_of_two: Language, tmp_path: Path) -> None:
        component = nlp_of_two.get_pipe("trend_vector")
        component.transformer = "second"
        assert component.transformer == "second"
        assert read_by(nlp_of_two) == "transformer"
        spacy_trend.observe(nlp_of_two)
        assert_reads(nlp_of_two, "second")
        nlp_of_two.rename_pipe("second", "trf")
        assert_reads(saved(nlp_of_two, tmp_path), "trf")

    def test_that_is_none_is_refused(self, nlp: Language) -> None:
        nlp.get_pipe("trend_vector").transformer = "nobody"
        with pytest.raises(ValueError, match="names 'nobody', but got no component of that name"):
            spacy_trend.observe(nlp)


def test_a_component_of_a_users_own_factory_keeps_its_block(nlp: Language) -> None:
    @Language.factory(
        "spacy_trend_tests_named_by_a_block", default_config={"transformer": {"name": "transformer"}}
    )
    def make(nlp: Language, name: str, transformer: dict[str, str]) -> spacy_trend.TrendVector:
        component = spacy_trend.TrendVector(
            name, select=leading_pair(), change=log_ratio(), transformer=transformer["name"]
        )
        component.attach(nlp)
        return component

    nlp.add_pipe("spacy_trend_tests_named_by_a_block", name="own")
    assert nlp.get_pipe_config("own")["transformer"] == {"name": "transformer"}


def test_configs_that_follow_are_those_of_the_pipeline(nlp: Language) -> None:
    configs: Any = nlp._pipe_configs
    assert isinstance(configs, FollowedConfigs)
    assert list(configs) == nlp.component_names
    component = nlp.get_pipe("trend_vector")
    component.attach(nlp, before="trend_vector")
    assert nlp._pipe_configs is configs
    for carried in deepcopy(nlp), pickle.loads(pickle.dumps(nlp)):
        assert isinstance(carried._pipe_configs, FollowedConfigs)
        assert carried._pipe_configs._components is carried._components
        assert dict(carried._pipe_configs) == dict(configs)
