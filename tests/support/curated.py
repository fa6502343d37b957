"""Transformers of spacy-curated-transformers; what is imported here does not need that package."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import bundled_encoder
from tests.support.texts import CHAPTERS, story
from tests.support.values import assert_same_values

ARCHITECTURES = "spacy-curated-transformers."
#: The encoder and its pieces of `tiny_encoder` and of the bundled one.
TINY = {"hidden_width": 32, "intermediate_width": 64, "num_attention_heads": 4, "num_hidden_layers": 2}
BUNDLED = {"hidden_width": 384, "intermediate_width": 1536, "num_attention_heads": 12, "num_hidden_layers": 6}


def add_transformer(
    nlp: Language,
    architecture: str,
    piece_encoder: str,
    *,
    spans: dict[str, int] | None = None,
    all_layers: bool = False,
    frozen: bool = False,
    **settings: Any,
) -> Any:
    """A curated transformer, of random weights, without its pieces' vocabulary; RETURNS the component."""
    model = {
        "@architectures": ARCHITECTURES + architecture,
        "piece_encoder": {"@architectures": ARCHITECTURES + piece_encoder},
        "with_spans": {"@architectures": ARCHITECTURES + "WithStridedSpans.v1", **(spans or {})},
        **settings,
    }
    config = {"all_layer_outputs": all_layers, "frozen": frozen, "model": model}
    return nlp.add_pipe("curated_transformer", name="transformer", config=config)


def add_bert(nlp: Language, encoder: str | Path, **settings: Any) -> None:
    """A curated BERT that reads the weights and wordpieces of a folder when the pipeline is initialized."""
    size = BUNDLED if str(encoder) == str(bundled_encoder()) else TINY
    settings = {"vocab_size": 30522, **size, **settings}
    add_transformer(nlp, "BertTransformer.v1", "BertWordpieceEncoder.v1", **settings)
    loader = ARCHITECTURES + "HF{}Loader.v1"
    nlp.config["initialize"]["components"]["transformer"] = {
        "encoder_loader": {"@model_loaders": loader.format("TransformerEncoder"), "name": str(encoder)},
        "piecer_loader": {"@model_loaders": loader.format("PieceEncoder"), "name": str(encoder)},
    }


def curated_bert(encoder: str | Path, config: dict[str, Any] | None, **settings: Any) -> Language:
    """A pipeline of a curated BERT and, unless its config is None, trend_vector."""
    nlp = spacy.blank("en")
    add_bert(nlp, encoder, **settings)
    if config is not None:
        nlp.add_pipe("trend_vector", config=config)
    nlp.initialize()
    return nlp


def encoder_of(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.get_ref("transformer").shims[0]._model.curated_encoder


def run_window(encoder: Any, pieces: np.ndarray[Any, Any]) -> tuple[Any, Any, Any]:
    """One window by itself, without padding.

    RETURNS: static and contextual `(pieces, width)`, attention received `(layers, heads, pieces)`.
    """
    projections: list[torch.Tensor] = []
    attentions = [part for part in encoder.modules() if type(part).__name__ == "BertSelfAttention"]
    hooks = [
        part.input.register_forward_hook(lambda module, inputs, output: projections.append(output[0]))
        for part in attentions
    ]
    encoder.eval()
    with torch.no_grad():
        layers = encoder(torch.from_numpy(pieces.astype(np.int64))[None]).all_outputs
    encoder.train()
    for hook in hooks:
        hook.remove()
    heads = attentions[0].num_heads
    received = []
    for projection in projections:
        query, key, _ = np.split(projection.numpy().astype(np.float64), 3, axis=1)
        width = query.shape[1] // heads
        for head in range(heads):
            columns = slice(head * width, (head + 1) * width)
            scores = np.exp(query[:, columns] @ key[:, columns].T / np.sqrt(width))
            received.append((scores / scores.sum(axis=1, keepdims=True)).sum(axis=0))
    shape = len(projections), heads, len(pieces)
    return layers[0][0].numpy(), layers[-1][0].numpy(), np.array(received).reshape(shape)


LONG = story(CHAPTERS[0])
SHORT_SPANS = {"window": 16, "stride": 10}
TEXTS = [
    "I want an apple.",
    "",
    "She sold the old house in the village.",
    " ",
    "?! ...",
    "\n\t",
    LONG,
    "Stop!",
]
TEXT = "Miriam sold the old lighthouse."
BY_LAYER = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers", "focus": "most"}}
LAST_LAYER = {"select": {"@misc": "spacy-trend.leading_pair.v1", "layer": -1}}
NOISE = 1e-5


def assert_same(doc: Doc, other: Doc, noise: float = NOISE) -> None:
    assert_same_values(doc, other, noise, relative=noise, summed=2)


def near(one: Any, other: Any, text: str = "", noise: float = NOISE) -> None:
    assert np.shape(one) == np.shape(other), text
    np.testing.assert_allclose(one, other, rtol=noise, atol=noise, err_msg=text)


ALL_LAYERS = pytest.mark.parametrize(
    "all_layers", [False, True], ids=["last_layer_only", "all_layer_outputs"]
)
EACH_SELECTION = pytest.mark.parametrize(
    ("select", "rows", "all_layers"),
    [
        ({}, lambda attention: attention[0], False),
        (LAST_LAYER, lambda attention: attention[-1], True),
        (BY_LAYER, lambda attention: attention.mean(axis=1), False),
    ],
    ids=["heads", "last_layer", "layers"],
)
