"""Encoder families: what is observed equals what the same model says of itself, asked in full."""

import copy
import itertools
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import spacy
import torch
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc
from torch import nn
from transformers import AutoModel

from spacy_trend.encoder import packed_pass
from spacy_trend.encoder.buckets import RunCost
from tests.support.changes import SIDE_BY_SIDE
from tests.support.families import (
    BERT_TOKENS,
    COMMON,
    DEBERTA,
    FAMILIES,
    HEADS,
    LAYERS,
    SIZES,
    TEXTS,
    VOCABULARY,
    WIDTH,
    Family,
    make_encoder,
    save_tokenizer,
)
from tests.support.hidden_attention import hide_softmax

pytestmark = [
    # ModernBERT, whose module is compiled in part where it is imported.
    pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning"),
]
#: Windows that overlap and are shorter than some texts.
SHORT_WINDOWS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 5}
LEADING_PAIR = {"@misc": "spacy-trend.leading_pair.v1"}
SELECTIONS: dict[str, dict[str, Any]] = {
    "heads of the first layer": LEADING_PAIR,
    "layers": {**LEADING_PAIR, "rows": "layers"},
}
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """A function that gives the folder of a random encoder of a family with a fast or slow tokenizer."""
    made: dict[tuple[str, str], Path] = {}

    def make(name: str, speed: str) -> Path:
        family = FAMILIES[name]
        needs_sentencepiece = speed == "slow" and family.vocabulary == "unigram"
        if needs_sentencepiece and find_spec("sentencepiece") is None:
            pytest.skip("sentencepiece is not installed")
        kind = name, "slow" if needs_sentencepiece else "fast"
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("-".join(kind))
            tokenizer = save_tokenizer(family, made[kind], needs_sentencepiece)
            settings = {} if "n_layers" in family.config else SIZES
            config = {**settings, **family.config, "pad_token_id": tokenizer.pad_token_id}
            make_encoder(family.model, {**config, **COMMON}).save_pretrained(made[kind])
        return made[kind]

    return make


def pipeline(
    folder: Path,
    speed: str = "fast",
    select: dict[str, Any] = LEADING_PAIR,
    transformer_config: dict[str, Any] | None = None,
    **settings: Any,
) -> Language:
    """A pipeline that observes an encoder and hands on static and contextual, side by side."""
    nlp = spacy.blank("en")
    model = {
        "name": str(folder),
        "tokenizer_config": {"use_fast": speed == "fast"},
        "transformer_config": transformer_config or {},
        "get_spans": SHORT_WINDOWS,
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("trend_vector", config={**SIDE_BY_SIDE, "select": select, **settings})
    nlp.initialize()
    return nlp


def the_encoder(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.transformer


#: The families whose windows can be packed.
PACKED = {"bert", "roberta", "xlm-roberta", "camembert", "albert"}


class Values(NamedTuple):
    """What is known of a doc's tokens; zeros for those that are no words.

    embeddings: `(tokens, 2 * width)`, static and contextual.
    attention: `(tokens, rows)`, received.
    """

    embeddings: Floats
    attention: Floats


def found_values(doc: Doc) -> Values:
    return Values(
        np.stack([token._.trend_vector for token in doc]),
        np.stack([token._.trend_attention for token in doc]),
    )


def expected_values(encoder: Any, doc: Doc, selection: str, layers: list[int] | None = None) -> Values:
    """The same of an encoder that is asked for all hidden states and attention matrices.

    layers: those whose mean output is contextual; None for the last, as the encoder returns it.
    """
    data = doc._.trf_data
    mask = data.wordpieces.attention_mask
    inputs = {"input_ids": data.wordpieces.input_ids, "attention_mask": mask}
    if data.wordpieces.token_type_ids is not None:
        inputs["token_type_ids"] = data.wordpieces.token_type_ids
    with torch.no_grad():
        output = encoder(
            **{name: torch.tensor(value) for name, value in inputs.items()},
            output_hidden_states=True,
            output_attentions=True,
        )
    windows, length = mask.shape
    assert len(output.attentions) == LAYERS
    assert output.attentions[0].shape == (windows, HEADS, length, length)
    received = [
        np.stack([received_in(matrix.numpy(), mask[window]) for window, matrix in enumerate(layer)])
        for layer in output.attentions
    ]
    rows = {
        "heads of the first layer": list(received[0].transpose(1, 0, 2)),
        "layers": [layer.mean(axis=1) for layer in received],
    }[selection]
    static, *outputs = (state.numpy() for state in output.hidden_states)
    contextual = np.mean([outputs[layer] for layer in layers], axis=0) if layers else output.last_hidden_state
    embeddings = np.zeros((len(doc), 2 * static.shape[-1]), dtype=np.float32)
    attention = np.zeros((len(doc), len(rows)), dtype=np.float32)
    for token in doc:
        places = [divmod(int(place), length) for place in data.align[token.i].dataXd.ravel()]
        if token.is_punct or token.is_space or not places:
            continue
        embeddings[token.i] = np.mean(
            [np.concatenate([static[place], contextual[place]]) for place in places], axis=0
        )
        for number, row in enumerate(rows):
            in_windows = len({window for window, _ in places})
            attention[token.i, number] = sum(row[place] for place in places) / in_windows
    return Values(embeddings, attention)


def received_in(matrices: Floats, mask: Floats) -> Floats:
    """Attention received in one window, `(heads, wordpieces)`, of `(heads, wordpieces, wordpieces)`."""
    received = np.zeros(matrices.shape[:2], dtype=np.float32)
    for query in range(len(mask)):
        if mask[query]:
            received += matrices[:, query]
    return received


def reference(folder: Path) -> Any:
    return AutoModel.from_pretrained(folder, attn_implementation="eager").eval()


def assert_equal(found: Values, expected: Values, tolerance: float = 1e-5) -> None:
    for got, wanted in zip(found, expected, strict=True):
        assert got.dtype == np.float32
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * max(1.0, np.abs(wanted).max()))


def check_docs(
    nlp: Language,
    folder: Path,
    selection: str = "heads of the first layer",
    layers: list[int] | None = None,
    tolerance: float = 1e-5,
    precision: torch.dtype = torch.float32,
) -> None:
    """Compare several texts, run together, with what the encoder in a folder says."""
    encoder = reference(folder).to(precision)
    docs = [doc for doc in nlp.pipe(TEXTS) if len(doc) > 0]
    assert len({len(doc._.trf_data.wordpieces.input_ids) for doc in docs}) > 1
    assert not all(doc._.trf_data.wordpieces.attention_mask.all() for doc in docs)
    for doc in docs:
        assert_equal(found_values(doc), expected_values(encoder, doc, selection, layers), tolerance)


def whole(nlp: Language) -> Values:
    """What is found of all texts, one after another."""
    by_doc = [found_values(doc) for doc in nlp.pipe(TEXTS) if len(doc) > 0]
    return Values(*(np.concatenate(values) for values in zip(*by_doc, strict=True)))


def assert_near(found: Values, exact: Values, least: float, most: float) -> None:
    """Check that what is found differs from the exact values, all together, by a share within bounds."""
    for got, wanted in zip(found, exact, strict=True):
        assert got.dtype == np.float32
        assert np.isfinite(got).all()
        assert least < np.linalg.norm(got - wanted) / np.linalg.norm(wanted) < most


def note_calls(encoder: nn.Module) -> list[dict[str, Any]]:
    """A list that grows with each call of an encoder by what it is asked for beside its usual output."""
    calls: list[dict[str, Any]] = []

    def note(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        calls.append({name: value for name, value in kwargs.items() if name.startswith("output_")})

    encoder.register_forward_pre_hook(note, with_kwargs=True)
    return calls


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("name", FAMILIES)
def test_attention_received_static_and_contextual_equal_what_the_model_says(
    name: str, selection: str, checkpoint: Callable[[str, str], Path]
) -> None:
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, "fast", SELECTIONS[selection])
    assert nlp.get_pipe("transformer").model.tokenizer.is_fast
    check_docs(nlp, folder, selection)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.tokenizer is not None])
def test_they_equal_what_the_model_says_with_a_slow_tokenizer(
    name: str, checkpoint: Callable[[str, str], Path]
) -> None:
    folder = checkpoint(name, "slow")
    nlp = pipeline(folder, "slow")
    assert not nlp.get_pipe("transformer").model.tokenizer.is_fast
    check_docs(nlp, folder)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.slow
def test_results_are_the_same_in_many_buckets(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder)
    monkeypatch.setattr(
        "spacy_trend.encoder.hugging_face.run_cost", lambda *about: RunCost(call=0, least=1, most=2**40)
    )
    calls = note_calls(the_encoder(nlp))
    check_docs(nlp, folder)
    assert len(calls) > 3


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.slow
def test_contextual_is_the_mean_of_layers_in_many_buckets_and_windows(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, contextual_layers=[0, -1])
    monkeypatch.setattr(
        "spacy_trend.encoder.hugging_face.run_cost", lambda *about: RunCost(call=0, least=1, most=2**40)
    )
    # In float32, batches of other shapes differ by more than that on some processors.
    calls = note_calls(the_encoder(nlp).to(torch.float64))
    check_docs(nlp, folder, layers=[0, 1], tolerance=1e-6, precision=torch.float64)
    assert len(calls) > 3


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.slow
def test_contextual_is_the_mean_of_layers_if_attention_cannot_be_seen(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_softmax(monkeypatch)
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, transformer_config={"attn_implementation": "eager"}, contextual_layers=[0])
    check_docs(nlp, folder, layers=[0])


@pytest.mark.parametrize("name", FAMILIES)
def test_an_encoder_is_asked_for_hidden_states_and_for_attention_in_its_first_passes(
    name: str, checkpoint: Callable[[str, str], Path]
) -> None:
    nlp = pipeline(checkpoint(name, "fast"))
    # A copy, which nobody has observed: a pipeline makes a first pass where it is initialized.
    nlp.get_pipe("transformer").model.layers[0].shims[0]._model = encoder = copy.deepcopy(the_encoder(nlp))
    calls = note_calls(encoder)
    a_pass, compared = [{"output_hidden_states": True}], [{"output_attentions": True}, {}]
    list(nlp.pipe(TEXTS))
    # After a pass, a part of a window is run twice to compare what is observed with what is reported. Before
    # it, encoders that can be packed are run over a pack.
    assert calls == a_pass * (2 if name in PACKED else 1) + compared
    assert (encoder in packed_pass._PACKED) == (name in PACKED)
    # Enough wordpieces for an encoder to be trusted, whatever the length of a window.
    for _ in range(32):
        nlp("apple apple apple")
    calls.clear()
    for _ in range(3):
        list(nlp.pipe(TEXTS))
    assert calls == 3 * a_pass


@pytest.fixture(scope="module")
def exact(checkpoint: Callable[[str, str], Path]) -> Callable[[str], Values]:
    """A function that gives what is found of all texts with a family's encoder as it is, in float32."""
    return lru_cache(lambda name: whole(pipeline(checkpoint(name, "fast"))))


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.slow
def test_bfloat16_runs_and_stays_near(
    name: str,
    checkpoint: Callable[[str, str], Path],
    exact: Callable[[str], Values],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)
    nlp = pipeline(checkpoint(name, "fast"), precision="bfloat16")
    assert_near(whole(nlp), exact(name), 1e-4, 0.05)
    assert the_encoder(nlp).dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, torch.float16) for name in FAMILIES), ("bert", torch.bfloat16)], ids=str
)
def test_an_encoder_in_half_precision_gives_float32_near_the_exact_values(
    name: str, dtype: torch.dtype, checkpoint: Callable[[str, str], Path], exact: Callable[[str], Values]
) -> None:
    nlp = pipeline(checkpoint(name, "fast"))
    the_encoder(nlp).to(dtype)
    assert_near(whole(nlp), exact(name), 1e-5, 0.05)
    assert the_encoder(nlp).dtype == dtype


@pytest.mark.parametrize("name", FAMILIES)
def test_an_encoder_whose_attention_cannot_be_seen_is_asked_for_it(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_softmax(monkeypatch)
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, transformer_config={"attn_implementation": "eager"})
    calls = note_calls(the_encoder(nlp))
    check_docs(nlp, folder)
    assert calls[-1] == {"output_hidden_states": True, "output_attentions": True}
    assert "attentions" not in nlp(TEXTS[0])._.trf_data.model_output


@pytest.mark.parametrize("name", ["bert", "mpnet", "modernbert"])
def test_an_encoder_with_one_layer_that_cannot_be_seen_is_asked_for_all(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = itertools.count()
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, select=SELECTIONS["layers"], transformer_config={"attn_implementation": "eager"})
    hide_softmax(monkeypatch, is_hidden=lambda: next(layers) % LAYERS == 0)
    calls = note_calls(the_encoder(nlp))
    check_docs(nlp, folder, "layers")
    assert calls[-1] == {"output_hidden_states": True, "output_attentions": True}


@pytest.mark.parametrize("name", FAMILIES)
def test_an_encoder_whose_attention_is_out_of_reach_is_refused_by_name(
    name: str, checkpoint: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoint(name, "fast")
    nlp = pipeline(folder, transformer_config={"attn_implementation": "eager"})
    hide_softmax(monkeypatch)
    encoder = the_encoder(nlp)
    forward = encoder.forward
    monkeypatch.setattr(
        encoder, "forward", lambda *args, **kwargs: forward(*args, **{**kwargs, "output_attentions": False})
    )
    message = rf"'{FAMILIES[name].model} \({folder}\)' could not be observed.*its 2 layers.*0 matrices"
    with pytest.raises(ValueError, match=message):
        nlp(TEXTS[0])


SMALL: dict[str, Any] = {**SIZES, "initializer_range": 0.5, "pad_token_id": 1}
GPT2: dict[str, Any] = {"n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "initializer_range": 0.5}
XLNET: dict[str, Any] = {"d_model": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "d_inner": 64}
XLM: dict[str, Any] = {"emb_dim": WIDTH, "n_layers": LAYERS, "n_heads": HEADS, "pad_index": 1}
FUNNEL: dict[str, Any] = {"d_model": WIDTH, "n_head": HEADS, "d_head": 8, "d_inner": 64}


@pytest.fixture
def save_other(tmp_path: Path) -> Callable[[str, dict[str, Any]], Path]:
    """A function that gives the folder of a random encoder of any model class."""

    def save(model: str, config: dict[str, Any]) -> Path:
        family = Family(model, None, "bytes", BERT_TOKENS, config)
        save_tokenizer(family, tmp_path)
        make_encoder(model, {**config, "vocab_size": VOCABULARY}).save_pretrained(tmp_path)
        return tmp_path

    return save


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("BertModel", {**SMALL, "is_decoder": True}),
        ("DebertaV2Model", {**SMALL, **DEBERTA, "conv_kernel_size": 3, "conv_act": "gelu"}),
        ("GPT2Model", GPT2),
        ("LlamaModel", {**SMALL, "num_key_value_heads": 2}),
        ("MobileBertModel", {**SMALL, "embedding_size": 16, "intra_bottleneck_size": 16}),
        ("RoFormerModel", {**SMALL, "embedding_size": WIDTH}),
        ("XLMModel", XLM),
        ("XLNetModel", XLNET),
    ],
)
def test_other_encoders_equal_what_the_model_says(
    model: str, config: dict[str, Any], save_other: Callable[[str, dict[str, Any]], Path]
) -> None:
    folder = save_other(model, config)
    nlp = pipeline(folder)
    for _ in range(2):
        check_docs(nlp, folder)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        pytest.param("AlbertModel", {**SMALL, "inner_group_num": 2}, id="twice as many layers"),
        pytest.param(
            "FunnelModel",
            {**FUNNEL, "block_sizes": [2, 2], "num_decoder_layers": 1},
            id="pooled",
            marks=pytest.mark.filterwarnings("ignore:Using a non-tuple sequence for:UserWarning"),
        ),
        pytest.param(
            "LongformerModel",
            {**SMALL, "attention_window": 8},
            id="near neighbours by distance",
        ),
        pytest.param(
            "YosoModel",
            SMALL,
            id="no matrices",
        ),
        pytest.param(
            "ConvBertModel",
            {**SMALL, "embedding_size": WIDTH, "head_ratio": 2},
            id="fewer heads",
        ),
        pytest.param(
            "MambaModel",
            {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "state_size": 4},
            id="no heads",
        ),
    ],
)
def test_an_encoder_with_attention_of_another_kind_is_refused_by_name(
    model: str, config: dict[str, Any], save_other: Callable[[str, dict[str, Any]], Path]
) -> None:
    folder = save_other(model, config)
    with pytest.raises(ValueError, match=rf"{model} \("):
        list(pipeline(folder).pipe(TEXTS))


def test_an_encoder_that_pads_by_itself_is_refused_by_name(
    save_other: Callable[[str, dict[str, Any]], Path],
) -> None:
    nlp = pipeline(save_other("BigBirdModel", {**SMALL, "block_size": 2, "num_random_blocks": 1}))
    # It turned to full attention for good when it was first given a short text.
    the_encoder(nlp).set_attention_type("block_sparse")
    with pytest.raises(ValueError, match=r"BigBirdModel \("):
        list(nlp.pipe([text for text in TEXTS if len(text) > 40]))
