"""What is asked of an encoder ends with the one who asks, and no doc ever shows that it was asked."""

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from copy import copy, deepcopy
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData

import spacy_trend
from spacy_trend.encoder.notes import lock_of
from spacy_trend.encoder.observed import _BESIDE, beside
from tests.support.changes import DIFFERENCE

pytestmark = pytest.mark.slow

TEXT = "I want an apple. She sold the old house!"
STOCK = ["last_hidden_state", "pooler_output"]


def shim_in(nlp: Language) -> Any:
    (shim,) = nlp.get_pipe("transformer").model.layers[0].shims
    return shim


def encoder_in(nlp: Language) -> Any:
    return shim_in(nlp)._model


def assert_stock(doc: Doc) -> None:
    """Nothing of ours is on a doc, nor beside it."""
    data = doc._.trf_data
    assert list(data.model_output) == STOCK
    assert vars(data).keys() == vars(TransformerData.empty()).keys()
    assert beside(data) == {}


def copy_of(nlp: Language) -> Language:
    return pickle.loads(pickle.dumps(nlp))


CARRIERS = pytest.mark.parametrize("carry", [deepcopy, copy_of], ids=["deepcopy", "pickle"])


@CARRIERS
def test_a_copy_asks_for_itself_and_for_nothing_once_its_component_is_gone(
    carry: Callable[[Language], Language], tiny: Language
) -> None:
    expected = tiny(TEXT)._.trend_vector
    copied = carry(tiny)
    tiny.remove_pipe("trend_vector")
    assert len(shim_in(copied).requests) == 1
    assert_stock(copied(TEXT))
    np.testing.assert_array_equal(copied(TEXT)._.trend_vector, expected)
    removed = copied.remove_pipe("trend_vector")
    assert removed[0] == "trend_vector"
    assert shim_in(copied).requests == {}
    assert_stock(copied(TEXT))


@CARRIERS
def test_a_copy_knows_which_of_its_components_are_disabled(
    carry: Callable[[Language], Language], tiny: Language
) -> None:
    copied = carry(carry(tiny))
    copied.disable_pipe("trend_vector")
    assert shim_in(copied).requests == {}
    assert len(shim_in(tiny).requests) == 1
    copied.enable_pipe("trend_vector")
    assert copied(TEXT)._.trend_vector.any()


def test_a_copy_of_a_component_alone_reads_the_copy_of_its_transformer(tiny: Language) -> None:
    component = deepcopy(tiny.get_pipe("trend_vector"))
    transformer = component.encoder.transformer
    assert transformer is not tiny.get_pipe("transformer")
    np.testing.assert_array_equal(
        component(transformer(tiny.make_doc(TEXT)))._.trend_vector, tiny(TEXT)._.trend_vector
    )


def test_a_copied_model_or_shim_is_asked_for_nothing(tiny: Language) -> None:
    model = tiny.get_pipe("transformer").model
    for shim in (model.copy().layers[0].shims[0], copy(shim_in(tiny)), deepcopy(shim_in(tiny))):
        assert shim.requests == {}
    assert len(shim_in(tiny).requests) == 1
    assert "requests" not in vars(shim_in(tiny))


def test_a_component_with_its_own_copy_of_the_encoder_is_asked_for_nothing(tiny_encoder: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
    pooling = {"pooling": {"@layers": "reduce_mean.v1"}}
    tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": {**listener, **pooling}}
    nlp.add_pipe("tagger", config={"model": tagger}).add_label("X")
    nlp.initialize()
    nlp.add_pipe("trend_vector")
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    shims = [shim for node in nlp.get_pipe("tagger").model.walk() for shim in node.shims]
    assert [shim.requests for shim in shims] == [{}]
    assert_stock(nlp(TEXT))


def test_a_component_that_is_removed_but_kept_asks_for_nothing(tiny: Language) -> None:
    tiny(TEXT)
    name, component = tiny.remove_pipe("trend_vector")
    assert shim_in(tiny).requests == {}
    assert_stock(tiny(TEXT))
    with pytest.raises(ValueError, match="not observed"):
        component(tiny(TEXT))
    tiny.add_pipe("trend_vector")
    assert tiny(TEXT)._.trend_vector.any()
    assert name == "trend_vector"


def test_a_disabled_component_asks_for_nothing_and_an_enabled_one_again(tiny: Language) -> None:
    with tiny.select_pipes(disable="trend_vector"):
        assert shim_in(tiny).requests == {}
        assert_stock(tiny(TEXT))
        assert isinstance(tiny(TEXT)._.trf_data.tensors[-1], np.ndarray)
    assert len(shim_in(tiny).requests) == 1
    assert_stock(tiny(TEXT))


def test_a_pipeline_loaded_with_it_disabled_asks_for_nothing(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, disable=["trend_vector"])
    assert shim_in(loaded).requests == {}
    assert_stock(loaded(TEXT))


def test_nothing_is_on_a_doc_whose_call_leaves_the_component_out(tiny: Language) -> None:
    for doc in (tiny(TEXT, disable=["trend_vector"]), *tiny.pipe([TEXT], disable=["trend_vector"])):
        assert list(doc._.trf_data.model_output) == STOCK
        assert list(Doc(tiny.vocab).from_bytes(doc.to_bytes())._.trf_data.model_output) == STOCK


def test_what_was_observed_is_kept_as_long_as_the_output_that_it_stands_beside(tiny: Language) -> None:
    gc.collect()
    before = len(_BESIDE)
    doc = tiny(TEXT, disable=["trend_vector"])
    assert len(_BESIDE) == before + 1
    del doc
    gc.collect()
    assert len(_BESIDE) == before


def test_nothing_is_on_a_doc_of_a_pipeline_that_shares_the_transformer(tiny: Language) -> None:
    other = spacy.blank("en")
    other.add_pipe("transformer", source=tiny)
    assert list(other(TEXT)._.trf_data.model_output) == STOCK


def test_components_shared_with_a_pipeline_that_is_gone_go_on(make_nlp: Any, tiny_encoder: Path) -> None:
    first = make_nlp(tiny_encoder, DIFFERENCE)
    expected = first(TEXT)._.trend_vector
    pipelines = [spacy.blank("en") for _ in range(2)]
    for nlp in pipelines:
        for name in ("transformer", "trend_vector"):
            nlp.add_pipe(name, source=first)
    spacy_trend.observe(pipelines[0])
    first.remove_pipe("trend_vector")
    np.testing.assert_array_equal(pipelines[0](TEXT)._.trend_vector, expected)
    del first
    gc.collect()
    np.testing.assert_array_equal(pipelines[0](TEXT)._.trend_vector, expected)


def test_a_components_own_annotations_see_the_transformers_output_alone(
    make_nlp: Any, tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, None)
    seen: list[list[str]] = []
    nlp.get_pipe("transformer").set_extra_annotations = lambda docs, batch: seen.extend(
        [list(batch.model_output), *(list(doc._.trf_data.model_output) for doc in docs)]
    )
    nlp.add_pipe("trend_vector")
    assert nlp(TEXT)._.trend_vector.any()
    assert seen == [STOCK, STOCK]


def test_a_component_refused_for_a_doc_leaves_nothing_on_it(make_nlp: Any, tiny_encoder: Path) -> None:
    nlp = spacy_trend.from_encoder(tiny_encoder, config={"level": "sentence"})
    doc = nlp(TEXT, disable=["trend_vector"])
    with pytest.raises(ValueError, match="sentence"):
        nlp.get_pipe("trend_vector")(doc)
    assert list(doc._.trf_data.model_output) == STOCK


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_finds_the_encoders_lock_free(tiny: Language) -> None:
    tiny(TEXT)
    encoder, held, done = encoder_in(tiny), Event(), Event()

    def hold() -> None:
        with lock_of(encoder):
            held.set()
            done.wait()

    thread = Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        # Of a child that waits for ever, the alarm makes an end.
        signal.alarm(20)
        shim_in(tiny).run_encoder(shim_in(tiny).requests_now(), lambda _: os._exit(0))
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0


def test_a_reader_is_asked_about_in_another_process(tiny: Language, tmp_path: Path) -> None:
    (tmp_path / "nlp.pickle").write_bytes(pickle.dumps(tiny))
    script = (
        "import pickle, sys; nlp = pickle.load(open(sys.argv[1], 'rb')); nlp.disable_pipe('trend_vector'); "
        "print(len(nlp.get_pipe('transformer').model.layers[0].shims[0].requests))"
    )
    command = [sys.executable, "-c", script, tmp_path / "nlp.pickle"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "0\n"
