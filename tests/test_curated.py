"""Transformers of spacy-curated-transformers: the same values, and nothing changed for anybody else."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
import torch
from spacy import Language
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed
from thinc.api import Model, PyTorchShim, TorchScriptShim

import spacy_trend
from spacy_trend import bundled_encoder

from .conftest import DIFFERENCE, WARNINGS_ARE_ERRORS
from .test_article import CHAPTERS, story
from .test_article import TEXTS as ARTICLE_TEXTS
from .test_saving import SPAWN, WITHOUT, assert_equal

pytest.importorskip("spacy_curated_transformers")

import spacy_curated_transformers
from curated_tokenizers import ByteBPEProcessor, SentencePieceProcessor
from spacy_curated_transformers.models.output import DocTransformerOutput
from spacy_curated_transformers.pipeline.transformer import CuratedTransformer

#: Piece encoders that the package's own tests read, too.
TOYS = Path(spacy_curated_transformers.__file__).parent / "tests" / "tokenization"

ARCHITECTURES = "spacy-curated-transformers."
#: The encoder and its pieces of `tiny_encoder` and of the bundled one.
TINY = {"hidden_width": 32, "intermediate_width": 64, "num_attention_heads": 4, "num_hidden_layers": 2}
BUNDLED = {"hidden_width": 384, "intermediate_width": 1536, "num_attention_heads": 12, "num_hidden_layers": 6}

#: In the same wordpieces by both packages; they differ where spaCy's tokens and BERT's words cross, as in
#: contractions, in special tokens, emoji and Chinese characters.
ONE_WINDOW = (*ARTICLE_TEXTS, story(*CHAPTERS[:2]).replace("won't", "will not"))
LONG = story(CHAPTERS[0])
OVERLAPPING = {"window": 16, "stride": 10}
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

SIDE_BY_SIDE = {"change": {"@misc": "spacy-trend-tests.side_by_side.v1"}}
LAYERS = {"select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers", "focus": "most"}}
LAST_LAYER = {"select": {"@misc": "spacy-trend.leading_pair.v1", "layer": -1}}
NOISE = 1e-5


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


def shuffled(nlp: Language, texts: tuple[str, ...] | list[str]) -> dict[str, Doc]:
    """All texts in one batch, lengths mixed."""
    order = list(texts)
    Random(0).shuffle(order)
    return dict(zip(order, nlp.pipe(order, batch_size=len(order)), strict=True))


def values_of(doc: Doc, attribute: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array([token._.get(attribute) for token in doc])


def pair_of(doc: Doc) -> list[int | None]:
    return [None if token is None else token.i for token in (doc._.trend_focus, doc._.trend_related)]


def assert_near(one: Any, other: Any, text: str = "", noise: float = NOISE) -> None:
    assert np.shape(one) == np.shape(other), text
    np.testing.assert_allclose(one, other, rtol=noise, atol=noise, err_msg=text)


def assert_same_values(doc: Doc, other: Doc, noise: float = NOISE) -> None:
    """The pair, all vectors and the attention."""
    assert doc.text == other.text
    assert pair_of(doc) == pair_of(other), doc.text
    assert_near(doc._.trend_vector, other._.trend_vector, doc.text, 2 * noise)
    assert_near(values_of(doc, "trend_vector"), values_of(other, "trend_vector"), doc.text, noise)
    assert_near(values_of(doc, "trend_attention"), values_of(other, "trend_attention"), doc.text, noise)


def assert_stock_output(data: DocTransformerOutput, stock: DocTransformerOutput, text: str = "") -> None:
    """What the transformer left is what it leaves without us, and no more."""
    assert type(data) is type(stock) is DocTransformerOutput
    assert data.last_layer_only == stock.last_layer_only
    assert data.num_outputs == stock.num_outputs
    for layer, stock_layer in zip(data.all_outputs, stock.all_outputs, strict=True):
        assert layer.dataXd.dtype == np.float32
        assert layer.dataXd.flags["C_CONTIGUOUS"]
        np.testing.assert_array_equal(layer.lengths, stock_layer.lengths)
        assert_near(layer.dataXd, stock_layer.dataXd, text)
    assert not any(value for name, value in vars(data).items() if name not in vars(stock))
    assert len(srsly.msgpack_dumps(data)) == len(srsly.msgpack_dumps(stock))


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


def reference(nlp: Language, text: str) -> SimpleNamespace:
    """What a doc's words are by plain loops over windows and pieces, out of the encoder's own module.

    RETURNS: tokens; static and contextual `(words, width)`; attention `(layers, heads, words)`.
    """
    model = nlp.get_pipe("transformer").model
    doc = nlp.make_doc(text)
    (ragged,) = model.get_ref("piece_encoder").predict([doc])
    (spans,) = [node for node in model.walk() if node.name == "with_strided_spans"]
    pieces, rows = ragged.dataXd, [[] for _ in ragged.dataXd]
    start = 0
    while start < len(pieces):
        window = pieces[start : start + spans.attrs["window"]]
        static, contextual, received = run_window(encoder_of(nlp), window)
        for position in range(len(window)):
            rows[start + position].append((static[position], contextual[position], received[:, :, position]))
        start += spans.attrs["stride"]
    found: dict[str, list[Any]] = {"tokens": [], "static": [], "contextual": [], "attention": []}
    first = 1
    for token, length in zip(doc, ragged.lengths[1:-1].tolist(), strict=True):
        of_token = [
            [np.mean(part, axis=0) for part in zip(*rows[at], strict=True)]
            for at in range(first, first + length)
        ]
        first += length
        if length == 0 or token.is_punct or token.is_space:
            continue
        static, contextual, received = zip(*of_token, strict=True)
        found["tokens"].append(token.i)
        found["static"].append(np.mean(static, axis=0))
        found["contextual"].append(np.mean(contextual, axis=0))
        found["attention"].append(np.sum(received, axis=0))
    assert first == len(pieces) - 1
    arrays = {name: np.array(values) for name, values in found.items()}
    arrays["attention"] = np.moveaxis(arrays["attention"], 0, -1) if found["tokens"] else None
    return SimpleNamespace(**arrays, windows=max(map(len, rows)))


def assert_is_the_reference(nlp: Language, doc: Doc, rows: Callable[[Any], Any]) -> SimpleNamespace:
    """Of a pipeline that keeps embeddings side by side.

    rows: the rows of attention out of `(layers, heads, words)`.
    """
    expected = reference(nlp, doc.text)
    vectors, attention = values_of(doc, "trend_vector"), values_of(doc, "trend_attention")
    others = [token.i for token in doc if token.i not in expected.tokens]
    assert not vectors[others].any()
    assert not attention[others].any()
    if len(expected.tokens) > 0:
        embeddings = np.concatenate([expected.static, expected.contextual], axis=1)
        assert_near(vectors[expected.tokens], embeddings, doc.text)
        assert_near(attention[expected.tokens], rows(expected.attention).T, doc.text)
    assert doc._.trend_truncated == 0
    return expected


ROWS = pytest.mark.parametrize(
    ("select", "rows", "all_layers"),
    [
        ({}, lambda attention: attention[0], False),
        (LAST_LAYER, lambda attention: attention[-1], True),
        (LAYERS, lambda attention: attention.mean(axis=1), False),
    ],
    ids=["heads", "last_layer", "layers"],
)
ALL_LAYERS = pytest.mark.parametrize(
    "all_layers", [False, True], ids=["last_layer_only", "all_layer_outputs"]
)


@pytest.fixture(autouse=True)
def can_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have updates work with numpy 2.4: the package sums the loss in an array of one number."""
    module = "spacy_curated_transformers.pipeline.transformer"
    monkeypatch.setattr(f"{module}.float", lambda loss: loss.item(), raising=False)


@pytest.fixture
def tiny(tiny_encoder: Path) -> Language:
    """A fresh pipeline around a curated BERT, whose vectors can be compared between forward passes."""
    return curated_bert(tiny_encoder, DIFFERENCE, spans=OVERLAPPING)


@pytest.fixture(scope="module")
def same_pieces() -> list[str]:
    """The texts that both packages cut into the same wordpieces."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bundled_encoder())
    nlp = curated_bert(bundled_encoder(), None)
    docs = [nlp.make_doc(text) for text in ONE_WINDOW]
    pieces = nlp.get_pipe("transformer").model.get_ref("piece_encoder").predict(docs)
    return [
        doc.text
        for doc, ragged in zip(docs, pieces, strict=True)
        if ragged.dataXd.tolist() == tokenizer(doc.text)["input_ids"]
    ]


@ALL_LAYERS
@pytest.mark.parametrize("select", [{}, LAYERS], ids=["heads", "layers"])
def test_the_same_weights_give_what_they_give_through_spacy_transformers(
    make_nlp: Callable[..., Language], same_pieces: list[str], select: dict[str, Any], all_layers: bool
) -> None:
    assert len(same_pieces) >= 50
    config = {**DIFFERENCE, **select}
    whole = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 500, "stride": 500}
    expected = shuffled(make_nlp(bundled_encoder(), config, whole), same_pieces)
    ours = curated_bert(
        bundled_encoder(), config, spans={"window": 512, "stride": 384}, all_layers=all_layers
    )
    docs = shuffled(ours, same_pieces)
    assert {"", " ", "?! ... -- ,,, ()", ONE_WINDOW[-1]} < set(docs)
    for text, doc in docs.items():
        assert_same_values(doc, expected[text])
        assert doc._.trend_truncated == 0
        assert doc._.trf_data.num_outputs == (7 if all_layers else 1)
    for text in same_pieces[::6]:
        assert_same_values(ours(text), expected[text])


def test_the_default_vector_is_that_through_spacy_transformers(nlp: Language) -> None:
    # A logarithm amplifies noise: as near as the two forward passes allow.
    text = "She sold the old house in the village."
    doc, expected = curated_bert(bundled_encoder(), {})(text), nlp(text)
    assert pair_of(doc) == pair_of(expected)
    np.testing.assert_allclose(doc._.trend_vector, expected._.trend_vector, rtol=1e-3, atol=1e-3)


@ROWS
@pytest.mark.parametrize(
    "spans",
    [
        OVERLAPPING,
        {"window": 16, "stride": 8},
        {"window": 16, "stride": 16},
        {"window": 16, "stride": 10, "batch_size": 3},
    ],
    ids=["overlapping", "all_twice", "side_by_side", "few_at_a_time"],
)
def test_a_text_of_several_windows_is_as_in_plain_loops(
    tiny_encoder: Path,
    spans: dict[str, int],
    all_layers: bool,
    select: dict[str, Any],
    rows: Callable[[Any], Any],
) -> None:
    nlp = curated_bert(tiny_encoder, {**SIDE_BY_SIDE, **select}, spans=spans, all_layers=all_layers)
    windows = [assert_is_the_reference(nlp, doc, rows).windows for doc in shuffled(nlp, TEXTS).values()]
    assert max(windows) == (1 if spans["window"] == spans["stride"] else 2)


def test_real_weights_over_several_windows_are_as_in_plain_loops() -> None:
    nlp = curated_bert(bundled_encoder(), {**SIDE_BY_SIDE, **LAYERS}, spans={"window": 64, "stride": 48})
    assert_is_the_reference(nlp, nlp(LONG), lambda attention: attention.mean(axis=1))


def test_windows_of_every_length_are_as_in_plain_loops(tiny: Language) -> None:
    # Also a last window that holds nothing but the end of the text.
    words = LONG.replace(".", "").split()
    for length in range(1, 22):
        doc = tiny(" ".join(words[:length]))
        expected = reference(tiny, doc.text)
        vectors = values_of(doc, "trend_vector")[expected.tokens]
        assert_near(vectors, expected.contextual - expected.static)
        assert_near(values_of(doc, "trend_attention")[expected.tokens], expected.attention[0].T)


def set_sentencepiece(piece_encoder: Any) -> None:
    processor = SentencePieceProcessor.from_file(str(TOYS / "toy.model"))
    piece_encoder.get_ref("encoder").attrs["sentencepiece_processor"] = processor


def set_byte_bpe(piece_encoder: Any) -> None:
    files = {"vocab": TOYS / "toy-vocab.json", "merges": TOYS / "toy-merges.txt"}
    piece_encoder.attrs["byte_bpe_processor"] = ByteBPEProcessor.load_from_files(**files)


def set_characters(piece_encoder: Any) -> None:
    characters = (TOYS / "toy-chars.txt").read_text(encoding="utf-8").splitlines()
    piece_encoder.attrs["vocab"] = {character: number for number, character in enumerate(characters)}


SIZE = {**TINY, "num_hidden_layers": 4, "vocab_size": 1100}
FAMILIES = pytest.mark.parametrize(
    ("architecture", "piece_encoder", "set_pieces", "settings"),
    [
        ("RobertaTransformer.v1", "ByteBpeEncoder.v1", set_byte_bpe, SIZE),
        ("XlmrTransformer.v1", "XlmrSentencepieceEncoder.v1", set_sentencepiece, SIZE),
        ("CamembertTransformer.v1", "CamembertSentencepieceEncoder.v1", set_sentencepiece, SIZE),
        ("BertTransformer.v1", "CharEncoder.v1", set_characters, SIZE),
        # Its unknown piece is number 0 in the toy, which a real ALBERT's padding is.
        *(
            (
                "AlbertTransformer.v1",
                "SentencepieceEncoder.v1",
                set_sentencepiece,
                {**SIZE, "embedding_width": width, "num_hidden_groups": groups, "padding_idx": 1050},
            )
            for width, groups in ((16, 1), (16, 2), (32, 4))
        ),
    ],
    ids=["roberta", "xlmr", "camembert", "bert_characters", "albert_1", "albert_2", "albert_4"],
)


@FAMILIES
@ROWS
def test_other_encoders_are_as_in_plain_loops(
    architecture: str,
    piece_encoder: str,
    set_pieces: Callable[[Any], None],
    settings: dict[str, Any],
    select: dict[str, Any],
    rows: Callable[[Any], Any],
    all_layers: bool,
) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    transformer = add_transformer(
        nlp, architecture, piece_encoder, spans=OVERLAPPING, all_layers=all_layers, **settings
    )
    set_pieces(transformer.model.get_ref("piece_encoder"))
    nlp.initialize()
    # As they are made, all weights are so small that all attention is nearly equal.
    for name, weight in encoder_of(nlp).named_parameters():
        if name.endswith("mha.input.weight"):
            weight.data *= 3
    stock = {text: doc._.trf_data for text, doc in shuffled(nlp, TEXTS).items()}
    nlp.add_pipe("trend_vector", config={**SIDE_BY_SIDE, **select})
    docs = shuffled(nlp, TEXTS)
    for text in TEXTS:
        assert_is_the_reference(nlp, docs[text], rows)
        assert_stock_output(docs[text]._.trf_data, stock[text], text)
    attention = values_of(docs[LONG], "trend_attention")
    assert attention.shape[1] == (4 if select else rows(np.zeros((4, 4, 1))).shape[0])
    assert attention[attention > 0].std() > 0.05


@pytest.mark.parametrize("others", [[], ["a", "a b c d e f g"]], ids=["alone", "among_others"])
@pytest.mark.parametrize(
    "stride",
    [
        3,
        pytest.param(
            4,
            marks=pytest.mark.xfail(
                strict=True,
                raises=(AssertionError, IndexError),
                reason="ObservingCuratedShim.predict takes that wordpiece at a window's end for padding",
            ),
        ),
    ],
)
def test_a_text_that_has_the_wordpiece_of_padding_keeps_its_output(
    tiny_encoder: Path, stride: int, others: list[str]
) -> None:
    nlp = curated_bert(tiny_encoder, None, spans={"window": 4, "stride": stride})
    piece_encoder = nlp.get_pipe("transformer").model.get_ref("piece_encoder")
    piece_encoder.attrs["preprocess"] = lambda piece: ["[PAD]" if piece == "[pad]" else piece]
    # Windows of 4: the wordpiece stands at the end of some, and with a stride of 3 at the start of the next.
    texts = ["a [PAD] b", "[PAD]", "a b [PAD]", "[PAD] [PAD] [PAD]", "a b c d e f [PAD] h i", "a b [PAD] c d"]
    batches = [[text, *others] for text in texts]

    def outputs() -> list[list[Doc]]:
        return [list(nlp.pipe([Doc(nlp.vocab, words=text.split()) for text in batch])) for batch in batches]

    stock = outputs()
    assert all(0 in piece_encoder.predict(docs)[0].dataXd for docs in stock)
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    for docs, expected in zip(outputs(), stock, strict=True):
        for doc, other in zip(docs, expected, strict=True):
            assert_stock_output(doc._.trf_data, other._.trf_data, doc.text)
            assert np.isfinite(doc._.trend_vector).all()


@ALL_LAYERS
def test_the_transformers_output_is_as_without_us(tiny_encoder: Path, all_layers: bool) -> None:
    stock = shuffled(curated_bert(tiny_encoder, None, spans=OVERLAPPING, all_layers=all_layers), TEXTS)
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=OVERLAPPING, all_layers=all_layers)
    for docs in (shuffled(nlp, TEXTS), {text: nlp(text) for text in TEXTS}):
        for text, doc in docs.items():
            if docs[text]._.trf_data.num_outputs == 1 and all_layers:
                # A batch without a token has one empty layer, with us or without.
                assert text == ""
                continue
            assert_stock_output(doc._.trf_data, stock[text]._.trf_data, text)
    empty = list(nlp.pipe(["", ""]))
    assert [doc._.trf_data.num_outputs for doc in empty] == [1, 1]
    assert [len(doc._.trend_vector) for doc in empty] == [32, 32]


def test_the_bundled_encoders_output_is_as_without_us() -> None:
    stock = shuffled(curated_bert(bundled_encoder(), None), TEXTS)
    for text, doc in shuffled(curated_bert(bundled_encoder(), {}), TEXTS).items():
        assert_stock_output(doc._.trf_data, stock[text]._.trf_data, text)


def test_a_stored_doc_holds_the_transformers_output_alone(tiny: Language) -> None:
    doc = tiny(LONG)
    for carried in (Doc(tiny.vocab).from_bytes(doc.to_bytes()), pickle.loads(pickle.dumps(doc)), doc.copy()):
        assert_stock_output(carried._.trf_data, doc._.trf_data)
        assert_same_values(carried, doc, 0)


def test_without_the_trend_vector_nothing_is_observed(tiny: Language) -> None:
    tiny.remove_pipe("trend_vector")
    shim = tiny.get_pipe("transformer").model.get_ref("transformer").shims[0]
    assert shim.requests == {}
    assert not getattr(tiny(LONG)._.trf_data, "observed", {})


def test_a_disabled_trend_vector_leaves_the_output_readable(tiny: Language) -> None:
    with tiny.select_pipes(disable="trend_vector"):
        doc = tiny(LONG)
    assert_same_values(tiny.get_pipe("trend_vector")(doc), tiny(LONG))


REDUCE_MEAN = {"@layers": "reduce_mean.v1"}
LAST_LISTENER = {
    "@architectures": ARCHITECTURES + "LastTransformerLayerListener.v1",
    "width": 32,
    "pooling": REDUCE_MEAN,
}
SCALAR_LISTENER = {
    "@architectures": ARCHITECTURES + "ScalarWeightingListener.v1",
    "width": 32,
    "pooling": REDUCE_MEAN,
    "weighting": {"@architectures": ARCHITECTURES + "ScalarWeight.v1", "num_layers": 2},
}
LAYERS_LISTENER = {
    "@architectures": "spacy-trend-tests.sum_of_layers.v1",
    "listener": {
        "@architectures": ARCHITECTURES + "TransformerLayersListener.v1",
        "layers": 2,
        "width": 32,
        "pooling": REDUCE_MEAN,
    },
}
GOLD = [
    {
        "words": ["Miriam", "wants", "an", "apple", "."],
        "tags": ["N", "V", "D", "N", "P"],
        "heads": [1, 1, 3, 1, 1],
        "deps": ["subject", "ROOT", "article", "object", "punct"],
        "entities": ["U-PERSON", "O", "O", "O", "O"],
    },
    {
        "words": ["She", "sold", "the", "otorhinolaryngologist", "Timbuktu", "slowly"],
        "tags": ["D", "V", "D", "N", "N", "A"],
        "heads": [1, 1, 3, 1, 3, 1],
        "deps": ["subject", "ROOT", "article", "object", "other", "other"],
        "entities": ["O", "O", "O", "O", "U-PLACE", "O"],
    },
    {
        "words": ["Stop", "!"],
        "tags": ["V", "P"],
        "heads": [0, 0],
        "deps": ["ROOT", "punct"],
        "entities": ["O", "O"],
    },
]


@spacy.registry.architectures("spacy-trend-tests.sum_of_layers.v1")
def sum_of_layers(listener: Any) -> Model[Any, Any]:
    """A listener to all layers, its layers summed."""

    def forward(model: Model[Any, Any], docs: list[Doc], is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
        layers, backprop = model.layers[0](docs, is_train)
        return [sum(of_doc) for of_doc in layers], lambda dy: backprop(
            [[of_doc.copy() for _ in layers[0]] for of_doc in dy]
        )

    return Model("sum_of_layers", forward, layers=[listener], dims={"nO": 32})


def tagger(listener: dict[str, Any]) -> dict[str, Any]:
    return {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}


def transition_parser(kind: str) -> dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": kind,
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": LAST_LISTENER,
    }


def add_last_layer_listeners(nlp: Language) -> None:
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    nlp.add_pipe("parser", config={"model": transition_parser("parser"), "min_action_freq": 1})
    nlp.add_pipe("ner", config={"model": transition_parser("ner")})


def add_listeners_of_both_kinds(nlp: Language) -> None:
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    nlp.add_pipe("tagger", "tagger_weighting", config={"model": tagger(SCALAR_LISTENER)})
    nlp.add_pipe("tagger", "tagger_layers", config={"model": tagger(LAYERS_LISTENER)})


def trained(
    encoder: Path,
    place: dict[str, Any] | None,
    *,
    all_layers: bool,
    frozen: bool = False,
    annotating: tuple[str, ...] = (),
) -> tuple[list[dict[str, float]], Language]:
    """Losses of some steps and the pipeline after them.

    place: where `add_pipe` puts trend_vector; None for no trend_vector.
    """
    fix_random_seed(0)
    nlp = spacy.blank("en")
    add_bert(nlp, encoder, all_layers=all_layers, frozen=frozen, spans={"window": 6, "stride": 4})
    (add_listeners_of_both_kinds if all_layers else add_last_layer_listeners)(nlp)
    if place is not None:
        nlp.add_pipe("trend_vector", config=DIFFERENCE, **place)
    examples = [Example.from_dict(Doc(nlp.vocab, words=gold["words"]), dict(gold)) for gold in GOLD]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    steps = []
    for _ in range(4):
        losses: dict[str, float] = {}
        names = [name for name in annotating if name in nlp.pipe_names]
        nlp.update(examples, sgd=optimizer, losses=losses, drop=0.1, annotates=names)
        steps.append(losses)
    return steps, nlp


@cache
def trained_without_us(encoder: Path, **settings: Any) -> tuple[list[dict[str, float]], Language]:
    """As `trained`; not to be changed by a test."""
    return trained(encoder, None, **settings)


def assert_same_predictions(nlp: Language, stock: Language) -> None:
    texts = ["Miriam wants the lighthouse.", LONG, "Stop!"]
    if "tagger_weighting" not in nlp.pipe_names:
        # Weighted layers take no text without wordpieces, with us or without.
        texts += ["", " "]
    for doc, expected in zip(nlp.pipe(texts), stock.pipe(texts), strict=True):
        for attribute in ("tag_", "dep_", "ent_type_"):
            assert [getattr(token, attribute) for token in doc] == [
                getattr(token, attribute) for token in expected
            ]
        assert [token.head.i for token in doc] == [token.head.i for token in expected]
        for name in nlp.pipe_names:
            if name.startswith("tagger") and doc.text.strip():
                ours, theirs = (
                    pipeline.get_pipe(name).model.predict([one])[0]
                    for pipeline, one in ((nlp, doc), (stock, expected))
                )
                assert_near(ours, theirs, doc.text, 1e-4)


@ALL_LAYERS
@pytest.mark.parametrize(
    ("place", "settings"),
    [
        ({"after": "transformer"}, {}),
        ({"after": "tagger"}, {}),
        ({"last": True}, {}),
        ({"last": True}, {"frozen": True}),
        ({"after": "transformer"}, {"annotating": ("transformer", "trend_vector")}),
        ({"after": "tagger"}, {"annotating": ("transformer", "tagger", "trend_vector")}),
        ({"after": "tagger"}, {"annotating": ("transformer", "tagger", "trend_vector"), "frozen": True}),
    ],
    ids=[
        "before",
        "between",
        "after",
        "frozen",
        "annotating_1",
        "annotating_2",
        "frozen_annotating",
    ],
)
def test_listeners_train_and_predict_as_without_us(
    tiny_encoder: Path, place: dict[str, Any], settings: dict[str, Any], all_layers: bool
) -> None:
    expected, stock = trained_without_us(tiny_encoder, all_layers=all_layers, **settings)
    losses, nlp = trained(tiny_encoder, place, all_layers=all_layers, **settings)
    assert losses == expected
    assert losses[0]["tagger"] != losses[-1]["tagger"]
    assert_same_predictions(nlp, stock)
    state, stock_state = encoder_of(nlp).state_dict(), encoder_of(stock).state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in stock_state.items())


def test_vectors_follow_the_weights_as_they_are_trained(tiny_encoder: Path) -> None:
    _, nlp = trained(tiny_encoder, {"last": True}, all_layers=False)
    _, stock = trained(tiny_encoder, None, all_layers=False)
    stock.add_pipe("trend_vector", config=DIFFERENCE)
    untrained = curated_bert(tiny_encoder, DIFFERENCE, spans={"window": 6, "stride": 4})
    assert_same_values(nlp(TEXT), stock(TEXT))
    assert np.abs(nlp(TEXT)._.trend_vector - untrained(TEXT)._.trend_vector).max() > 0.01


def test_a_frozen_transformer_hands_vectors_to_training(tiny_encoder: Path) -> None:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    add_bert(nlp, tiny_encoder, frozen=True)
    nlp.add_pipe("trend_vector", config=DIFFERENCE)
    seen = []

    @Language.component("spy_on_curated")
    def spy(doc: Doc) -> Doc:
        seen.append(doc._.trend_vector)
        return doc

    nlp.add_pipe("spy_on_curated")
    nlp.add_pipe("tagger", config={"model": tagger(LAST_LISTENER)})
    example = Example.from_dict(Doc(nlp.vocab, words=GOLD[0]["words"]), dict(GOLD[0]))
    nlp.initialize(lambda: [example])
    nlp.update([example], annotates=["transformer", "trend_vector", "spy_on_curated"])
    (vector,) = seen
    assert_near(vector, nlp(Doc(nlp.vocab, words=GOLD[0]["words"]))._.trend_vector)


@pytest.mark.parametrize("place", [{"after": "transformer"}, {"last": True}], ids=["before", "after"])
def test_replaced_listeners_predict_as_without_us(
    tiny_encoder: Path, tmp_path: Path, place: dict[str, Any]
) -> None:
    _, stock = trained(tiny_encoder, None, all_layers=False)
    _, nlp = trained(tiny_encoder, place, all_layers=False)
    vector = nlp(TEXT)._.trend_vector
    for pipeline in (stock, nlp):
        pipeline.replace_listeners("transformer", "tagger", ["model.tok2vec"])
    assert_same_predictions(nlp, stock)
    nlp.to_disk(tmp_path)
    for loaded in (spacy.load(tmp_path), spacy.load(tmp_path, exclude=["trend_vector"])):
        assert_same_predictions(loaded, stock)
    assert_near(spacy.load(tmp_path)(TEXT)._.trend_vector, vector)


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
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=OVERLAPPING, all_layers=True)
    carried = carry(nlp, tmp_path)
    assert carried("")._.trend_vector.shape == (32,)
    assert carried.get_pipe("transformer") is not nlp.get_pipe("transformer")
    for _ in range(2):
        for text in TEXTS:
            assert_same_values(carried(text), nlp(text))
    assert_equal(carried(TEXT), nlp(TEXT), 2 * NOISE)
    assert carried(LONG)._.trf_data.num_outputs == 3
    # The carried one observes by itself.
    nlp.remove_pipe("trend_vector")
    assert carried(LONG)._.trend_focus is not None


def test_the_saved_pipeline_loads_without_the_trend_vector(tiny: Language, tmp_path: Path) -> None:
    doc = tiny(LONG)
    tiny.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, exclude=["trend_vector"])
    assert type(loaded.get_pipe("transformer")) is CuratedTransformer
    assert type(loaded.get_pipe("transformer").model.get_ref("transformer").shims[0]) is PyTorchShim
    assert_stock_output(doc._.trf_data, loaded(LONG)._.trf_data)


def test_the_saved_transformer_is_as_without_us(tiny: Language, tiny_encoder: Path, tmp_path: Path) -> None:
    stock = curated_bert(tiny_encoder, None, spans=OVERLAPPING)
    assert tiny.get_pipe("transformer").to_bytes() == stock.get_pipe("transformer").to_bytes()
    assert tiny.config["components"]["transformer"] == stock.config["components"]["transformer"]


@pytest.mark.slow
def test_the_saved_pipeline_loads_where_this_package_is_not(tiny: Language, tmp_path: Path) -> None:
    doc = tiny(TEXT)
    tiny.remove_pipe("trend_vector")
    tiny.to_disk(tmp_path)
    script = WITHOUT.replace("model_output.last_hidden_state", "last_hidden_layer_state.dataXd")
    output = tmp_path / "output.npy"
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, "-c", script, tmp_path, output, TEXT], check=True)
    assert_near(np.load(output), doc._.trf_data.last_hidden_layer_state.dataXd)


@pytest.mark.slow
def test_two_processes_started_by_spawn_give_equal_values(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path / "pipeline")
    script = tmp_path / "script.py"
    script.write_text(SPAWN)
    command = [sys.executable, script, tmp_path / "pipeline"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
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


def test_a_doc_whose_transformer_was_not_observed_is_refused(tiny: Language, tiny_encoder: Path) -> None:
    doc = curated_bert(tiny_encoder, None)(TEXT)
    with pytest.raises(ValueError, match=r"was not observed.*'all_outputs'.*observe\(nlp\)"):
        tiny.get_pipe("trend_vector")(doc)
    stored = Doc(tiny.vocab).from_bytes(tiny(TEXT).to_bytes())
    with pytest.raises(ValueError, match=r"was not observed.*observe\(nlp\)"):
        tiny.get_pipe("trend_vector")(stored)


def test_tokens_merged_after_the_transformer_are_refused(tiny: Language) -> None:
    @Language.component("merge_first_two")
    def merge(doc: Doc) -> Doc:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[:2])
        return doc

    tiny.add_pipe("merge_first_two", after="transformer")
    with pytest.raises(ValueError, match=r"alignment covers 6 tokens, but the doc .* has 5"):
        tiny(TEXT)


def test_a_forward_pass_that_cannot_be_observed_is_refused(tiny: Language) -> None:
    attention = encoder_of(tiny).layers[0].mha.attention
    attention.forward = lambda key, query, value, mask: value
    with pytest.raises(
        ValueError, match=r"'BertEncoder \(curated\)' could not be observed.*made 1 .* 2 layers"
    ):
        tiny(TEXT)
    # And the failure leaves the transformer as it was.
    del attention.forward
    assert encoder_of(tiny).training
    assert tiny(TEXT)._.trend_focus is not None


def test_a_transformer_from_another_pipeline_is_observed_on_request(
    tiny: Language, tiny_encoder: Path
) -> None:
    other = curated_bert(tiny_encoder, None, spans=OVERLAPPING)
    expected = tiny(LONG)
    tiny.remove_pipe("transformer")
    tiny.add_pipe("transformer", source=other, first=True)
    with pytest.raises(ValueError, match=r"observe\(nlp\)"):
        tiny(LONG)
    spacy_trend.observe(tiny)
    assert_same_values(tiny(LONG), expected)


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
    assert_same_values(nlp(TEXT), expected)


def set_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)


@ALL_LAYERS
def test_bfloat16_is_near(monkeypatch: pytest.MonkeyPatch, all_layers: bool) -> None:
    set_bfloat16(monkeypatch)
    make = partial(curated_bert, bundled_encoder(), all_layers=all_layers)
    exact, near = (
        shuffled(make({**SIDE_BY_SIDE, **LAYERS, "precision": precision}), TEXTS)
        for precision in ("model", "bfloat16")
    )
    for text, doc in near.items():
        for layer, other in zip(doc._.trf_data.all_outputs, exact[text]._.trf_data.all_outputs, strict=True):
            assert layer.dataXd.dtype == np.float32
            np.testing.assert_array_equal(layer.lengths, other.lengths)
        if len(doc) == 0:
            continue
        for attribute in ("trend_vector", "trend_attention"):
            values, expected = values_of(doc, attribute), values_of(exact[text], attribute)
            assert values.dtype == np.float32
            error = np.linalg.norm(values - expected)
            assert error <= 0.03 * np.linalg.norm(expected), (text, attribute)
            assert error > 0 or not expected.any()


def test_bfloat16_follows_the_weights(monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> None:
    set_bfloat16(monkeypatch)
    nlp = curated_bert(tiny_encoder, {**DIFFERENCE, "precision": "bfloat16"})
    before = nlp(TEXT)._.trend_vector
    with torch.no_grad():
        encoder_of(nlp).layers[1].ffn.output.weight.mul_(2)
    assert np.abs(nlp(TEXT)._.trend_vector - before).max() > 0.1


@ALL_LAYERS
def test_predicting_and_annotating_by_hand_is_as_by_the_pipeline(
    tiny_encoder: Path, all_layers: bool
) -> None:
    nlp = curated_bert(tiny_encoder, DIFFERENCE, spans=OVERLAPPING, all_layers=all_layers)
    stock = curated_bert(tiny_encoder, None, spans=OVERLAPPING, all_layers=all_layers)
    transformer, trend_vector = nlp.get_pipe("transformer"), nlp.get_pipe("trend_vector")
    docs = [nlp.make_doc(text) for text in TEXTS]
    output = transformer.predict(docs)
    theirs = stock.get_pipe("transformer").predict([stock.make_doc(text) for text in TEXTS])
    assert output.last_layer_only == theirs.last_layer_only
    assert output.num_outputs == theirs.num_outputs
    for name in ("last_hidden_layer_states", "embedding_layers"):
        for layer, expected in zip(getattr(output, name), getattr(theirs, name), strict=True):
            assert_near(layer.dataXd, expected.dataXd)
            np.testing.assert_array_equal(layer.lengths, expected.lengths)
    transformer.set_annotations(docs, output)
    for doc in trend_vector.pipe(docs):
        assert_same_values(doc, nlp(doc.text))


def test_one_output_can_annotate_docs_twice(tiny: Language) -> None:
    transformer, trend_vector = tiny.get_pipe("transformer"), tiny.get_pipe("trend_vector")
    output = transformer.predict([tiny.make_doc(LONG)])
    for _ in range(2):
        doc = tiny.make_doc(LONG)
        transformer.set_annotations([doc], output)
        assert_same_values(trend_vector(doc), tiny(LONG))


def test_an_output_of_the_stock_component_can_be_annotated(tiny: Language, tiny_encoder: Path) -> None:
    stock = curated_bert(tiny_encoder, None, spans=OVERLAPPING)
    doc = tiny.make_doc(LONG)
    tiny.get_pipe("transformer").set_annotations([doc], stock.get_pipe("transformer").predict([doc]))
    assert_stock_output(doc._.trf_data, stock(LONG)._.trf_data)
    with pytest.raises(ValueError, match=r"observe\(nlp\)"):
        tiny.get_pipe("trend_vector")(doc)


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
        shuffled(curated_bert(tiny_encoder, {**DIFFERENCE, **select}, spans=OVERLAPPING), texts)
        for select in ({}, LAYERS)
    ]
    nlp = curated_bert(tiny_encoder, {**DIFFERENCE, **LAST_LAYER}, spans=OVERLAPPING, all_layers=True)
    nlp.remove_pipe("trend_vector")
    nlp.add_pipe("trend_vector", "one", config=DIFFERENCE)
    kept: dict[str, Any] = {}

    @Language.component("keep_first")
    def keep(doc: Doc) -> Doc:
        kept[doc.text] = doc.copy()
        return doc

    nlp.add_pipe("keep_first")
    nlp.add_pipe("trend_vector", "other", config={**DIFFERENCE, **LAYERS})
    for text, doc in shuffled(nlp, texts).items():
        assert_same_values(kept[text], alone[0][text])
        assert_same_values(doc, alone[1][text])
        assert not getattr(doc._.trf_data, "observed", {})


def test_a_transformer_switched_to_all_layers_is_observed_as_before(tiny: Language) -> None:
    expected = tiny(LONG)
    tiny.get_pipe("transformer").all_layer_outputs = True
    doc = tiny(LONG)
    assert doc._.trf_data.num_outputs == 3
    assert_same_values(doc, expected)


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
