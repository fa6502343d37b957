"""The layers whose mean is a word's contextual embedding: settings, components side by side, other docs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from transformers import AutoModel

from spacy_trend import from_encoder
from spacy_trend.settings import check_averaged, layer_numbers
from tests.support.changes import SIDE_BY_SIDE
from tests.support.curated import curated_bert
from tests.support.encoders import save_bert
from tests.support.values import of_tokens

TEXTS = ["I want an apple.", "", "She sold the unbelievably old house yesterday, as planned.", " ", "Stop!"]


@pytest.fixture(scope="module")
def deep_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random BERT of five layers."""
    return save_bert(tmp_path_factory.mktemp("deep"), num_hidden_layers=5)


def expected_of(doc: Doc, folder: Path, layers: list[int]) -> Any:
    """By the encoder alone, asked for all hidden states: the mean of layers of each wordpiece of a doc."""
    encoder = AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = encoder(
            torch.tensor(doc._.trf_data.wordpieces.input_ids),
            torch.tensor(doc._.trf_data.wordpieces.attention_mask),
            output_hidden_states=True,
        ).hidden_states
    mean = torch.stack([states[layer + 1] for layer in layers]).mean(dim=0)
    return mean.reshape(-1, mean.shape[-1]).numpy()


def contextual_of(doc: Doc) -> Any:
    words = [token for token in doc if not (token.is_punct or token.is_space)]
    vectors = np.array([token._.trend_vector for token in words])
    return words, vectors[:, vectors.shape[1] // 2 :] if words else vectors


@pytest.mark.parametrize(
    ("setting", "layers"),
    [
        ([-1], [4]),
        ([2], [2]),
        ([0, -1], [0, 4]),
        ([0.5, 4, -1], [2, 4]),
        ("upper_half", [2, 3, 4]),
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
    ],
)
def test_it_is_the_mean_of_the_layers_that_are_named(
    setting: Any, layers: list[int], deep_encoder: Path
) -> None:
    nlp = from_encoder(deep_encoder, config={**SIDE_BY_SIDE, "contextual_layers": setting})
    for doc in nlp.pipe(TEXTS):
        words, vectors = contextual_of(doc)
        if not words:
            continue
        expected = expected_of(doc, deep_encoder, layers)
        pieces = [doc._.trf_data.align[word.i].dataXd.ravel() for word in words]
        means = [expected[rows].mean(axis=0) for rows in pieces]
        np.testing.assert_allclose(vectors, means, rtol=0, atol=1e-5)


def test_components_with_other_layers_share_one_pass(deep_encoder: Path) -> None:
    settings = {"last": [-1], "lower": [0, 1], "upper": "upper_half"}
    alone = {
        name: [
            doc._.trend_vector
            for doc in from_encoder(deep_encoder, config={**SIDE_BY_SIDE, "contextual_layers": layers}).pipe(
                TEXTS
            )
        ]
        for name, layers in settings.items()
    }
    nlp = from_encoder(deep_encoder, config={**SIDE_BY_SIDE})
    calls: list[int] = []
    nlp.get_pipe("transformer").model.transformer.register_forward_pre_hook(lambda *_: calls.append(1))
    for name, layers in settings.items():
        config = {**SIDE_BY_SIDE, "contextual_layers": layers}
        nlp.add_pipe("trend_vector", name=name, config=config)
    for name in settings:
        with nlp.select_pipes(enable=["transformer", name]):
            together = [doc._.trend_vector for doc in nlp.pipe(TEXTS)]
        np.testing.assert_allclose(together, alone[name], rtol=0, atol=1e-5)
    # Enough wordpieces for an encoder to be trusted: until then, a part of a window is run again.
    nlp(64 * "apple ")
    calls.clear()
    nlp(TEXTS[2])
    assert len(calls) <= 1


@pytest.mark.parametrize("setting", [[-1], [0], [0, 1], "upper_half"])
def test_a_curated_encoder_gives_the_same(setting: Any, tiny_encoder: Path) -> None:
    pytest.importorskip("spacy_curated_transformers")
    config = {**SIDE_BY_SIDE, "contextual_layers": setting}
    curated, other = curated_bert(tiny_encoder, config), from_encoder(tiny_encoder, config=config)
    for one, same in zip(curated.pipe(TEXTS), other.pipe(TEXTS), strict=True):
        found, expected = (of_tokens(doc, "trend_vector", 64) for doc in (one, same))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert one._.trf_data.last_hidden_layer_state.dataXd.shape[1:] in {(32,), (0,)}


@pytest.mark.parametrize("setting", [[-1], [0, 1], "upper_half"])
def test_a_doc_made_elsewhere_with_all_hidden_states_is_read_likewise(
    setting: Any, deep_encoder: Path
) -> None:
    config = {**SIDE_BY_SIDE, "contextual_layers": setting}
    nlp = from_encoder(deep_encoder, config=config)
    elsewhere = spacy.blank("en")
    settings = {"output_hidden_states": True, "output_attentions": True}
    model = {"name": str(deep_encoder), "transformer_config": {**settings, "attn_implementation": "eager"}}
    elsewhere.add_pipe("transformer", config={"model": model})
    elsewhere.initialize()
    doc = elsewhere(TEXTS[2])
    nlp.get_pipe("trend_vector")(doc)
    np.testing.assert_allclose(doc._.trend_vector, nlp(TEXTS[2])._.trend_vector, atol=1e-5)


def test_they_are_saved_with_the_pipeline(tmp_path: Path, tiny_encoder: Path) -> None:
    nlp = from_encoder(tiny_encoder, config={"preset": "similarity", "contextual_layers": [0, 0.5]})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    component: Any = loaded.get_pipe("trend_vector")
    assert component.contextual_layers == (0, 0.5)
    np.testing.assert_allclose(loaded(TEXTS[0])._.trend_vector, nlp(TEXTS[0])._.trend_vector, atol=2e-5)


@pytest.mark.parametrize("setting", [[2], [-3], [0, 5]])
def test_a_layer_that_the_encoder_lacks_is_refused_when_the_component_is_added(
    setting: list[int], tiny_encoder: Path
) -> None:
    message = r"layer=-?\d is out of range: the encoder .* has 2 layers.*in the setting 'contextual_layers'"
    with pytest.raises(ValueError, match=message):
        from_encoder(tiny_encoder, config={"contextual_layers": setting})


@pytest.mark.parametrize("setting", [[], (), "all", "lower_half", [1, 1], [True], [None], ["1"]])
def test_what_names_no_layers_is_refused(setting: Any) -> None:
    with pytest.raises(
        ValueError, match=r"trend_vector: contextual_layers=.* names no layers. Expected a list"
    ):
        check_averaged("trend_vector", "contextual_layers", setting)


@pytest.mark.parametrize("layer", [1.5, -0.5, float("nan"), float("inf")])
def test_a_number_that_is_no_part_of_the_way_up_is_refused(layer: float) -> None:
    with pytest.raises(ValueError, match=f"trend_vector: layer={layer} is out of range"):
        check_averaged("trend_vector", "contextual_layers", [layer])


@pytest.mark.parametrize(
    ("layers", "upper"), [(1, [0]), (2, [1]), (3, [1, 2]), (6, [3, 4, 5]), (12, [6, 7, 8, 9, 10, 11])]
)
def test_the_upper_half_begins_half_of_the_way_up(layers: int, upper: list[int]) -> None:
    assert layer_numbers("upper_half", layers, "x") == upper
    assert layer_numbers((0.5,), layers, "x") == upper[:1]


def test_the_factory_takes_a_tuple_from_python(shared_nlp: Callable[..., Language]) -> None:
    component: Any = shared_nlp({"contextual_layers": (0, 1)}).get_pipe("trend_vector")
    assert component.contextual_layers == (0, 1)
