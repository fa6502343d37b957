"""Pipelines with a curated transformer: saved, carried, put together, and refused."""

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
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import PyTorchShim, TorchScriptShim

import spacy_trend
from spacy_trend.encoder.observed import beside

pytest.importorskip("spacy_curated_transformers")
from spacy_curated_transformers.pipeline.transformer import CuratedTransformer

from tests.support.batches import in_one_batch
from tests.support.changes import DIFFERENCE
from tests.support.curated import (
    ALL_LAYERS,
    BY_LAYER,
    LAST_LAYER,
    LONG,
    NOISE,
    SHORT_SPANS,
    TEXT,
    TEXTS,
    add_bert,
    assert_same,
    curated_bert,
    encoder_of,
    near,
)
from tests.support.curated_output import assert_stock_output
from tests.support.scripts import SPAWN, WARNINGS_ARE_ERRORS, WITHOUT, run_on
from tests.support.values import assert_same_values

pytestmark = pytest.mark.slow


def test_without_the_trend_vector_nothing_is_observed(curated_tiny: Language) -> None:
    curated_tiny.remove_pipe("trend_vector")
    shim = curated_tiny.get_pipe("transformer").model.get_ref("transformer").shims[0]
    assert shim.requests == {}
    assert beside(curated_tiny(LONG)._.trf_data) == {}


def test_a_trend_vector_left_out_of_a_call_can_read_the_output_later(curated_tiny: Language) -> None:
    doc = curated_tiny(LONG, disable=["trend_vector"])
    assert_same(curated_tiny.get_pipe("trend_vector")(doc), curated_tiny(LONG))


def test_for_a_disabled_trend_vector_nothing_is_observed(curated_tiny: Language) -> None:
    with curated_tiny.select_pipes(disable="trend_vector"):
        assert beside(curated_tiny(LONG)._.trf_data) == {}
    assert curated_tiny(LONG)._.trend_focus is not None


def to_disk_and_back(nlp: Language, path: Path) -> Language:
    nlp.to_disk(path)
    return spacy.load(path)


def to_bytes_and_back(nlp: Language, path: Path) -> Language:
    return English.from_config(nlp.config).from_bytes(nlp.to_bytes())


def pickled_and_back(nlp: Language, path: Path) -> Language:
    # One that was loaded: the loaders of weights that another keeps cannot be pickled, with us or without.
    return pickle.loads(pickle.dumps(to_disk_and_back(nlp, path)))


@pytest.mark.parametrize(
    "carry",
    [
        to_disk_and_back,
        to_bytes_and_back,
        pickled_and_back,
        lambda nlp, path: deepcopy(nlp),
    ],
    ids=["to_disk", "to_bytes", "pickle", "deepcopy"],
)
def test_a_pipeline_that_is_carried_gives_equal_values(
    tiny_encoder: Path, carry: Callable[[Language, Path], Language], tmp_path: Path
) -> None:
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=SHORT_SPANS, all_layers=True)
    carried = carry(nlp, tmp_path)
    assert carried("")._.trend_vector.shape == (32,)
    assert carried.get_pipe("transformer") is not nlp.get_pipe("transformer")
    for _ in range(2):
        for text in TEXTS:
            assert_same(carried(text), nlp(text))
    assert_same_values(carried(TEXT), nlp(TEXT), 2 * NOISE, spans=[slice(2, 4)])
    assert carried(LONG)._.trf_data.num_outputs == 3
    # The carried one observes by itself.
    nlp.remove_pipe("trend_vector")
    assert carried(LONG)._.trend_focus is not None


def test_the_saved_pipeline_loads_without_the_trend_vector(curated_tiny: Language, tmp_path: Path) -> None:
    doc = curated_tiny(LONG)
    curated_tiny.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["trend_vector"])
    assert type(loaded.get_pipe("transformer")) is CuratedTransformer
    assert type(loaded.get_pipe("transformer").model.get_ref("transformer").shims[0]) is PyTorchShim
    assert_stock_output(doc._.trf_data, loaded(LONG)._.trf_data)


def test_the_saved_transformer_is_as_without_us(
    curated_tiny: Language, tiny_encoder: Path, tmp_path: Path
) -> None:
    stock = curated_bert(tiny_encoder, None, spans=SHORT_SPANS)
    assert curated_tiny.get_pipe("transformer").to_bytes() == stock.get_pipe("transformer").to_bytes()
    assert curated_tiny.config["components"]["transformer"] == stock.config["components"]["transformer"]


@pytest.mark.slow
def test_the_saved_pipeline_loads_where_this_package_is_not(curated_tiny: Language, tmp_path: Path) -> None:
    doc = curated_tiny(TEXT)
    curated_tiny.remove_pipe("trend_vector")
    curated_tiny.to_disk(tmp_path)
    script = WITHOUT.replace("model_output.last_hidden_state", "last_hidden_layer_state.dataXd")
    output = tmp_path / "output.npy"
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, "-c", script, tmp_path, output, TEXT], check=True)
    near(np.load(output), doc._.trf_data.last_hidden_layer_state.dataXd)


@pytest.mark.slow
@pytest.mark.thorough
def test_two_processes_started_by_spawn_give_equal_values(curated_tiny: Language, tmp_path: Path) -> None:
    curated_tiny.to_disk(tmp_path / "pipeline")
    result = run_on(SPAWN, tmp_path / "pipeline", tmp_path)
    assert result.stdout == "12 equal\n"
    assert "Error" not in result.stderr


def test_a_model_of_torchscript_is_refused(tiny_encoder: Path) -> None:
    nlp = curated_bert(tiny_encoder, None)
    node = nlp.get_pipe("transformer").model.get_ref("transformer")
    # As it is in a pipeline made with torchscript = true, which cannot be built without a saved model.
    node.shims[:] = [TorchScriptShim(None)]
    with pytest.raises(ValueError, match=r"'transformer'.*no encoder.*observed.*with torchscript = false"):
        nlp.add_pipe("trend_vector")
    assert nlp.pipe_names == ["transformer"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trf", r"names 'trf', but got no component of that name among \['transformer', 'tagger'\]"),
        ("tagger", r"names 'tagger', but got a <class .*Tagger'>.*spacy-curated-transformers"),
    ],
)
def test_a_wrong_name_of_a_transformer_is_refused(tiny_encoder: Path, name: str, message: str) -> None:
    nlp = spacy.blank("en")
    add_bert(nlp, tiny_encoder)
    nlp.add_pipe("tagger")
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe("trend_vector", config={"transformer": name})
    nlp.add_pipe("trend_vector", config={"transformer": "transformer"})


@pytest.mark.parametrize(
    ("layer", "message"), [(2, r"layer=2 is out of range.*has 2 layers"), (-3, r"layer=-3 is out of range")]
)
def test_a_layer_that_the_encoder_lacks_is_refused(tiny_encoder: Path, layer: int, message: str) -> None:
    select = {"@misc": "spacy-trend.leading_pair.v1", "layer": layer}
    with pytest.raises(ValueError, match=message):
        curated_bert(tiny_encoder, {"select": select})


def test_a_doc_whose_transformer_was_not_observed_is_refused(
    curated_tiny: Language, tiny_encoder: Path
) -> None:
    doc = curated_bert(tiny_encoder, None)(TEXT)
    with pytest.raises(ValueError, match=r"was not observed.*'all_outputs'.*observe\(nlp\)"):
        curated_tiny.get_pipe("trend_vector")(doc)
    stored = Doc(curated_tiny.vocab).from_bytes(curated_tiny(TEXT).to_bytes())
    with pytest.raises(ValueError, match=r"was not observed.*observe\(nlp\)"):
        curated_tiny.get_pipe("trend_vector")(stored)


def test_tokens_merged_after_the_transformer_are_refused(curated_tiny: Language) -> None:
    @Language.component("merge_first_two")
    def merge(doc: Doc) -> Doc:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:2])
        return doc

    curated_tiny.add_pipe("merge_first_two", after="transformer")
    with pytest.raises(ValueError, match=r"alignment covers 6 tokens, but the doc .* has 5"):
        curated_tiny(TEXT)


def test_a_forward_pass_that_cannot_be_observed_is_refused(curated_tiny: Language) -> None:
    attention = encoder_of(curated_tiny).layers[0].mha.attention
    attention.forward = lambda key, query, value, mask: value
    with pytest.raises(
        ValueError, match=r"'BertEncoder \(curated\)' could not be observed.*made 1 .* 2 layers"
    ):
        curated_tiny(TEXT)
    # And the failure leaves the transformer as it was.
    del attention.forward
    assert encoder_of(curated_tiny).training
    assert curated_tiny(TEXT)._.trend_focus is not None


def test_a_transformer_from_another_pipeline_is_observed_on_request(
    curated_tiny: Language, tiny_encoder: Path
) -> None:
    other = curated_bert(tiny_encoder, None, spans=SHORT_SPANS)
    expected = curated_tiny(LONG)
    curated_tiny.remove_pipe("transformer")
    curated_tiny.add_pipe("transformer", source=other, first=True)
    with pytest.raises(ValueError, match=r"observe\(nlp\)"):
        curated_tiny(LONG)
    spacy_trend.observe(curated_tiny)
    assert_same(curated_tiny(LONG), expected)


def test_both_packages_in_one_pipeline_are_told_apart(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    expected = curated_bert(tiny_encoder, DIFFERENCE)(TEXT)
    nlp = make_nlp(tiny_encoder, None)
    nlp.rename_pipe("transformer", "other")
    add_bert(nlp, tiny_encoder)
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    nlp.get_pipe("transformer").initialize(
        lambda: [Example(nlp.make_doc("a"), nlp.make_doc("a"))],
        nlp=nlp,
        **spacy.registry.resolve(nlp.config["initialize"]["components"]["transformer"]),
    )
    assert_same(nlp(TEXT), expected)


@ALL_LAYERS
def test_predicting_and_annotating_by_hand_is_as_by_the_pipeline(
    tiny_encoder: Path, all_layers: bool
) -> None:
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=SHORT_SPANS, all_layers=all_layers)
    stock = curated_bert(tiny_encoder, None, spans=SHORT_SPANS, all_layers=all_layers)
    transformer, trend_vector = nlp.get_pipe("transformer"), nlp.get_pipe("trend_vector")
    docs = [nlp.make_doc(text) for text in TEXTS]
    output = transformer.predict(docs)
    theirs = stock.get_pipe("transformer").predict([stock.make_doc(text) for text in TEXTS])
    assert output.last_layer_only == theirs.last_layer_only
    assert output.num_outputs == theirs.num_outputs
    for name in ("last_hidden_layer_states", "embedding_layers"):
        for layer, expected in zip(getattr(output, name), getattr(theirs, name), strict=True):
            near(layer.dataXd, expected.dataXd)
            np.testing.assert_array_equal(layer.lengths, expected.lengths)
    transformer.set_annotations(docs, output)
    for doc in trend_vector.pipe(docs):
        assert_same(doc, nlp(doc.text))


def test_one_output_can_annotate_docs_twice(curated_tiny: Language) -> None:
    transformer, trend_vector = curated_tiny.get_pipe("transformer"), curated_tiny.get_pipe("trend_vector")
    output = transformer.predict([curated_tiny.make_doc(LONG)])
    for _ in range(2):
        doc = curated_tiny.make_doc(LONG)
        transformer.set_annotations([doc], output)
        assert_same(trend_vector(doc), curated_tiny(LONG))


def test_an_output_of_the_stock_component_can_be_annotated(
    curated_tiny: Language, tiny_encoder: Path
) -> None:
    stock = curated_bert(tiny_encoder, None, spans=SHORT_SPANS)
    doc = curated_tiny.make_doc(LONG)
    curated_tiny.get_pipe("transformer").set_annotations([doc], stock.get_pipe("transformer").predict([doc]))
    assert_stock_output(doc._.trf_data, stock(LONG)._.trf_data)
    with pytest.raises(ValueError, match=r"observe\(nlp\)"):
        curated_tiny.get_pipe("trend_vector")(doc)


def test_a_users_own_component_is_refused(tiny_encoder: Path) -> None:
    class Own(CuratedTransformer):
        pass

    nlp = curated_bert(tiny_encoder, None)
    nlp.get_pipe("transformer").__class__ = Own
    with pytest.raises(ValueError, match=r"a subclass of CuratedTransformer whose methods would be lost"):
        nlp.add_pipe("trend_vector")
    assert type(nlp.get_pipe("transformer")) is Own


def test_two_trend_vectors_read_one_transformer(tiny_encoder: Path) -> None:
    texts = [*TEXTS, TEXT]
    alone = [
        in_one_batch(curated_bert(tiny_encoder, {**DIFFERENCE, **select}, spans=SHORT_SPANS), texts)
        for select in ({}, BY_LAYER)
    ]
    nlp = curated_bert(tiny_encoder, {**DIFFERENCE, **LAST_LAYER}, spans=SHORT_SPANS, all_layers=True)
    nlp.remove_pipe("trend_vector")
    nlp.add_pipe("trend_vector", "one", config=DIFFERENCE)
    kept: dict[str, Any] = {}

    @Language.component("keep_first")
    def keep(doc: Doc) -> Doc:
        kept[doc.text] = doc.copy()
        return doc

    nlp.add_pipe("keep_first")
    nlp.add_pipe("trend_vector", "other", config={**DIFFERENCE, **BY_LAYER})
    for text, doc in in_one_batch(nlp, texts).items():
        assert_same(kept[text], alone[0][text])
        assert_same(doc, alone[1][text])
        assert beside(doc._.trf_data) == {}


def test_a_transformer_switched_to_all_layers_is_observed_as_before(curated_tiny: Language) -> None:
    expected = curated_tiny(LONG)
    curated_tiny.get_pipe("transformer").all_layer_outputs = True
    doc = curated_tiny(LONG)
    assert doc._.trf_data.num_outputs == 3
    assert_same(doc, expected)


def test_a_text_too_long_for_the_encoder_fails_as_without_us(tiny_encoder: Path) -> None:
    spans = {"window": 1024, "stride": 1024}
    for config in (None, DIFFERENCE):
        nlp = curated_bert(tiny_encoder, config, spans=spans)
        with pytest.raises(ValueError, match=r"larger than the model's maximum sequence length"):
            nlp(" ".join([LONG] * 5))
        if config is not None:
            # Afterwards it is as before.
            assert encoder_of(nlp).training
            assert nlp(TEXT)._.trend_focus is not None
