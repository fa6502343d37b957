"""Whatever a config makes can be pickled: the blocks of a config travel, and make the functions again."""

import gc
import pickle
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

import spacy_trend
from spacy_trend.component.presets import PRESETS
from spacy_trend.component.trend_vector import TrendVector
from spacy_trend.method.changes import log_ratio, signed_log
from spacy_trend.method.interface import Selection
from spacy_trend.method.segments import as_lengths
from spacy_trend.method.selections import leading_pair
from spacy_trend.types import Floats, Ints
from tests.support.checkout import ROOT
from tests.support.documents import blocks

pytestmark = pytest.mark.slow

TEXT = "I want an apple. She sold the old house."
NOISE = 2e-5
CLOSURES = {
    "select": {"@misc": "spacy-trend-tests.local_last_word.v1", "weight": 0.5},
    "change": {"@misc": "spacy-trend-tests.times.v1", "factor": 3.0},
}


@spacy.registry.misc("spacy-trend-tests.times.v1")
def times(factor: float) -> Callable[[Floats, Floats], Floats]:
    return lambda static, contextual: (np.float32(factor) * contextual).astype(np.float32)


@spacy.registry.misc("spacy-trend-tests.local_last_word.v1")
def local_last_word(weight: float) -> Any:
    class LastWord:
        rows, layers = "layers", (0,)
        config = {"@misc": "spacy-trend-tests.local_last_word.v1", "weight": weight}  # noqa: RUF012

        def __call__(self, attention: Floats, lengths: Ints | None = None) -> Selection:
            lengths = as_lengths(lengths, attention.shape[1])
            last = np.where(lengths > 0, np.cumsum(lengths) - 1, -1)
            weights = np.zeros(attention.shape[1], dtype=np.float32)
            weights[last[last >= 0]] = weight
            return Selection(weights, last, np.full(len(lengths), -1))

    return LastWord()


def assert_same(nlp: Language, other: Language, name: str = "trend_vector") -> None:
    doc, expected = other(TEXT), nlp(TEXT)
    np.testing.assert_allclose(doc._.trend_vector, expected._.trend_vector, rtol=1e-3, atol=NOISE)
    np.testing.assert_allclose(doc[0:3]._.trend_vector, expected[0:3]._.trend_vector, rtol=1e-3, atol=NOISE)
    assert (doc._.trend_focus.i, str(doc._.trend_related)) == (
        expected._.trend_focus.i,
        str(expected._.trend_related),
    )
    assert (
        repr(other.get_pipe(name).select).split(" at ")[0] == repr(nlp.get_pipe(name).select).split(" at ")[0]
    )


def carry(nlp: Language) -> Language:
    carried: Language = pickle.loads(pickle.dumps(nlp))
    return carried


@pytest.fixture
def own(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    return make_nlp(tiny_encoder, CLOSURES)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_pickled(preset: str, shared_nlp: Callable[..., Language]) -> None:
    component: Any = shared_nlp({"preset": preset}).get_pipe("trend_vector")
    again = pickle.loads(pickle.dumps(component))
    static, contextual = np.float32([[1, -2]]), np.float32([[3, 1]])
    np.testing.assert_array_equal(again.change(static, contextual), component.change(static, contextual))
    assert (again.select, again.name) == (component.select, "trend_vector")


@pytest.mark.parametrize("before_any_text", [True, False])
def test_closures_of_registered_functions_can_be_pickled(own: Language, before_any_text: bool) -> None:
    if not before_any_text:
        own(TEXT)
    assert_same(own, carry(own))


def test_what_was_pickled_can_be_pickled_again(own: Language) -> None:
    assert_same(own, carry(carry(own)))


def test_a_copy_is_made_of_the_blocks_too(own: Language) -> None:
    copied = deepcopy(own)
    assert_same(own, copied)
    assert copied.get_pipe("trend_vector").change is not own.get_pipe("trend_vector").change


def test_a_component_alone_can_be_pickled(own: Language) -> None:
    component: Any = pickle.loads(pickle.dumps(own.get_pipe("trend_vector")))
    assert component.change(np.zeros((1, 2)), np.ones((1, 2))).tolist() == [[3, 3]]
    assert component.select.config == CLOSURES["select"]


def test_a_component_under_another_name_can_be_pickled(own: Language) -> None:
    own.rename_pipe("trend_vector", "trend")
    assert_same(own, carry(own), "trend")


def test_a_component_that_was_taken_out_can_be_pickled_once_it_has_run(own: Language) -> None:
    own(TEXT)
    component = own.get_pipe("trend_vector")
    own.remove_pipe("trend_vector")
    assert pickle.loads(pickle.dumps(component)).select.config == CLOSURES["select"]


def test_a_disabled_component_can_be_pickled(own: Language) -> None:
    own.disable_pipe("trend_vector")
    carried = carry(own)
    for nlp in (own, carried):
        nlp.enable_pipe("trend_vector")
    assert_same(own, carried)


@pytest.mark.parametrize("observed", [True, False])
def test_a_component_out_of_a_pipeline_that_is_gone_can_be_pickled(
    own: Language, tmp_path: Path, observed: bool
) -> None:
    own.to_disk(tmp_path)
    nlp = spacy.blank("en")
    source = spacy.load(tmp_path)
    for name in source.pipe_names:
        nlp.add_pipe(name, source=source)
    del source
    gc.collect()
    if observed:
        spacy_trend.observe(nlp)
    assert_same(own, carry(nlp))


def test_two_components_keep_their_own(make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
    nlp = make_nlp(tiny_encoder, CLOSURES)
    other = {**CLOSURES, "change": {**CLOSURES["change"], "factor": 5.0}}
    nlp.add_pipe("trend_vector", name="second", config=other)
    carried = carry(nlp)
    for name, factor in (("trend_vector", 3), ("second", 5)):
        assert carried.get_pipe(name).change(np.zeros((1, 1)), np.ones((1, 1))).tolist() == [[factor]]


def test_settings_that_are_variables_have_their_values(own: Language, tmp_path: Path) -> None:
    own.to_disk(tmp_path)
    config = (tmp_path / "config.cfg").read_text()
    assert config.count("factor = 3.0") == 1
    config = config.replace("factor = 3.0", "factor = ${vars.factor}") + "\n[vars]\nfactor = 3.0\n"
    (tmp_path / "config.cfg").write_text(config)
    loaded = spacy.load(tmp_path)
    assert "${" in str(loaded.get_pipe_config("trend_vector"))
    assert_same(own, carry(loaded))


def test_the_preset_s_own_function_keeps_other_arguments(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(
        tiny_encoder, {"select": {"layer": 1}, "change": {"@misc": "spacy-trend.signed_log.v1", "scale": 2.0}}
    )
    component: Any = carry(nlp).get_pipe("trend_vector")
    assert (component.select, component.change) == (leading_pair(layer=1), signed_log(2.0))


def test_a_function_that_was_set_later_is_pickled_itself(own: Language) -> None:
    component: Any = own.get_pipe("trend_vector")
    component.change = log_ratio()
    carried: Any = carry(own).get_pipe("trend_vector")
    assert carried.change is log_ratio()
    assert carried.select.config == CLOSURES["select"]


def test_a_component_made_by_hand_is_pickled_with_its_functions() -> None:
    component = TrendVector("mine", select=leading_pair(layer=1), change=signed_log(), level="sentence")
    again = pickle.loads(pickle.dumps(component))
    assert (again.name, again.select, again.change, again.level) == (
        "mine",
        leading_pair(layer=1),
        signed_log(),
        "sentence",
    )


def test_a_fitted_vectorizer_with_closures_can_be_pickled(own: Language) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("joblib")
    from spacy_trend.sklearn import TrendVectorizer

    fitted = TrendVectorizer(own).fit([TEXT])
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_allclose(again.transform([TEXT]), fitted.transform([TEXT]), rtol=1e-3, atol=NOISE)


def documented_block() -> str:
    page = blocks(ROOT / "docs" / "presets.md", "python")
    (block,) = [block for block in page if '@spacy.registry.misc("difference.v1")' in block.text]
    return block.text


SPAWN = """
import sys
from multiprocessing import Pool, set_start_method

import numpy
import spacy
import spacy_trend

{block}

TEXTS = ["I want an apple.", "", "She sold the old house."]


def annotate(nlp):
    return list(nlp.pipe(TEXTS))


if __name__ == "__main__":
    set_start_method("spawn")
    pipelines = [spacy_trend.from_encoder(sys.argv[1], config={{"preset": p}}) for p in spacy_trend.PRESETS]
    with Pool(1) as pool:
        made = pool.map(annotate, pipelines)
    made.append(by_difference.pipe(TEXTS, n_process=2, batch_size=2))
    for nlp, docs in zip([*pipelines, by_difference], made, strict=True):
        for one, other in zip(annotate(nlp), docs, strict=True):
            numpy.testing.assert_allclose(one._.trend_vector, other._.trend_vector, rtol=1e-2, atol=1e-4)
            assert str(one._.trend_focus) == str(other._.trend_focus)
            assert str(one[:2]._.trend_related) == str(other[:2]._.trend_related)
    print(len(pipelines), "presets and the documentation's own")
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_every_preset_and_the_documented_function_go_to_processes_that_are_spawned(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SPAWN.format(block=documented_block()))
    command = [sys.executable, script, tiny_encoder]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    assert result.stdout == f"{len(PRESETS)} presets and the documentation's own\n"
    assert "Error" not in result.stderr
