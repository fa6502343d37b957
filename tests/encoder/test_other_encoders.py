"""Encoders that run without a trend vector run with one, or are refused by name with a reason."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput

from spacy_trend.doctor import examine
from spacy_trend.encoder.sizes import encoder_size
from tests.support.families import (
    BERT_TOKENS,
    HEADS,
    LAYERS,
    SIZES,
    VOCABULARY,
    WIDTH,
    Family,
    make_encoder,
    save_tokenizer,
)
from tests.support.findings import wrong

TEXT = "I want an apple. She sold the old house in the village!"
SMALL: dict[str, Any] = {**SIZES, "initializer_range": 0.5, "pad_token_id": 1}
GPT_NEO: dict[str, Any] = {
    **{"hidden_size": WIDTH, "num_layers": LAYERS, "num_heads": HEADS, "intermediate_size": None},
    **{"attention_types": [[["global", "local"], 1]], "window_size": 4, "initializer_range": 0.5},
}
BART: dict[str, Any] = {
    **{"d_model": WIDTH, "encoder_layers": LAYERS, "decoder_layers": LAYERS, "pad_token_id": 1},
    **{"encoder_attention_heads": HEADS, "decoder_attention_heads": HEADS},
    **{"encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
}
GEMMA: dict[str, Any] = {
    **{**SMALL, "num_key_value_heads": 2, "head_dim": 8, "query_pre_attn_scalar": 8},
    "attn_logit_softcapping": 1.0,
}
WEAK: dict[str, Any] = {"attn_logit_softcapping": 100.0, "initializer_range": 0.1}
SQUEEZE: dict[str, Any] = {
    **{**SMALL, "embedding_size": WIDTH},
    **{f"{part}_groups": 1 for part in ("q", "k", "v", "post_attention", "intermediate", "output")},
}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Language]:
    """A function that makes a pipeline around a random encoder of any model class, without a trend vector."""

    def make_nlp(model: str, config: dict[str, Any], **settings: Any) -> Language:
        save_tokenizer(Family(model, None, "bytes", BERT_TOKENS, config), tmp_path)
        make_encoder(model, {**config, "vocab_size": VOCABULARY}).save_pretrained(tmp_path)
        nlp = spacy.blank("en")
        about = {"name": str(tmp_path), "transformer_config": settings}
        nlp.add_pipe("transformer", config={"model": about})
        nlp.initialize()
        return nlp

    return make_nlp


def encoder_in(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.transformer


def has_vector(nlp: Language) -> bool:
    return bool(np.isfinite(nlp(TEXT)._.trend_vector).all())


def assert_refused(nlp: Language, message: str) -> None:
    """It runs without us, and with us it is refused, where it is run and by the doctor."""
    before = nlp(TEXT)._.trf_data.model_output["last_hidden_state"]
    nlp.add_pipe("trend_vector")
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            nlp(TEXT)
    assert ("error", "attention") in wrong(examine(nlp))
    nlp.remove_pipe("trend_vector")
    np.testing.assert_array_equal(nlp(TEXT)._.trf_data.model_output["last_hidden_state"], before)


def test_an_encoder_without_a_width_between_its_layers_runs(make: Callable[..., Language]) -> None:
    nlp = make("GPTNeoModel", GPT_NEO)
    assert encoder_size(encoder_in(nlp)).intermediate_width == 4 * WIDTH
    nlp.add_pipe("trend_vector")
    assert has_vector(nlp)
    assert wrong(examine(nlp)) == []


def test_an_encoder_with_a_decoder_is_refused(make: Callable[..., Language]) -> None:
    message = r"embedding output .*'BartModel .*Seq2SeqModelOutput with the fields .*encoder alone"
    assert_refused(make("BartModel", BART), message)


def test_an_encoder_that_reports_no_attention_is_refused(make: Callable[..., Language]) -> None:
    nlp = make("BertModel", SMALL)
    encoder_in(nlp).__class__ = Unseen
    assert_refused(nlp, r"Unseen .*output_attentions=True, it raised a TypeError.*unexpected keyword")


def test_an_own_class_that_takes_no_output_hidden_states_is_refused(make: Callable[..., Language]) -> None:
    nlp = make("BertModel", SMALL)
    encoder_in(nlp).__class__ = Lacking
    assert_refused(nlp, r"Lacking .*output_hidden_states=True, it raised a TypeError.*whose forward takes")


def test_an_own_class_that_ignores_output_hidden_states_is_refused(make: Callable[..., Language]) -> None:
    nlp = make("BertModel", SMALL)
    encoder_in(nlp).__class__ = Ignoring
    assert_refused(nlp, r"Ignoring .*BaseModelOutput with the fields \['last_hidden_state'\]")


def test_hidden_states_without_the_embedding_output_are_refused(make: Callable[..., Language]) -> None:
    nlp = make("BertModel", SMALL)
    encoder_in(nlp).__class__ = LayersAlone
    assert_refused(nlp, r"LayersAlone .*hidden_states of the shapes .*that of each of 2 layers")


def test_a_softcap_that_fast_attention_leaves_out_is_refused_and_eager_attention_runs(
    make: Callable[..., Language],
) -> None:
    message = r"Gemma2Model .* is not what it reports itself: in layer 0 .*eager"
    assert_refused(make("Gemma2Model", GEMMA), message)
    nlp = make("Gemma2Model", GEMMA, attn_implementation="eager")
    nlp.add_pipe("trend_vector")
    assert has_vector(nlp)


@pytest.mark.parametrize(
    ("model", "config", "texts", "message"),
    [
        # Scores that the cap changes little in a short text.
        ("Gemma2Model", {**GEMMA, **WEAK}, ("a", TEXT), "is not what it reports itself"),
        # Whole numbers, whose sums are further from 1 the longer the window is.
        ("IBertModel", {**SMALL, "quant_mode": True}, (TEXT, 3 * TEXT), "reports is none"),
    ],
    ids=["softcap", "whole numbers"],
)
def test_an_encoder_that_a_later_text_shows_to_be_wrong_is_refused_from_then_on(
    model: str, config: dict[str, Any], texts: tuple[str, str], message: str, make: Callable[..., Language]
) -> None:
    nlp = make(model, config)
    nlp.add_pipe("trend_vector")
    first, later = texts
    nlp(first)
    for text in (later, first, later):
        with pytest.raises(ValueError, match=f"{model} .* {message}"):
            nlp(text)


def test_an_encoder_that_reports_raw_scores_is_refused(make: Callable[..., Language]) -> None:
    assert_refused(make("SqueezeBertModel", SQUEEZE), r"SqueezeBertModel .* is not what it reports itself")


def test_the_way_attention_is_computed_is_as_before_the_comparison(make: Callable[..., Language]) -> None:
    nlp = make("LlamaModel", {**SMALL, "num_key_value_heads": 2})
    assert encoder_in(nlp).config._attn_implementation == "sdpa"
    nlp.add_pipe("trend_vector")
    assert has_vector(nlp)
    assert encoder_in(nlp).config._attn_implementation == "sdpa"


@pytest.mark.parametrize("field", ["num_hidden_layers", "num_attention_heads", "hidden_size"])
def test_a_config_without_a_whole_number_is_refused(field: str) -> None:
    config = SimpleNamespace(**SMALL, name_or_path="mine", model_type="own")
    setattr(config, field, [1, 2])
    with pytest.raises(ValueError, match=rf"SimpleNamespace \(mine\)' is not known.*'{field}': \[1, 2\]"):
        encoder_size(SimpleNamespace(config=config))


@pytest.mark.parametrize("select", [{"rows": "layers"}, {"rows": "heads"}])
def test_an_encoder_without_layers_is_refused(select: dict[str, str], make: Callable[..., Language]) -> None:
    nlp = make("BertModel", {**SMALL, "num_hidden_layers": 0})
    config = {"select": {"@misc": "spacy-trend.leading_pair.v1", **select}}
    with pytest.raises(ValueError, match=r"BertModel .*has no layers: got num_hidden_layers=0\. Expected"):
        nlp.add_pipe("trend_vector", config=config)


class Unseen(BertModel):
    """Attends in a way that nobody sees, and reports nothing, as MRA."""

    def forward(self, input_ids: Any, attention_mask: Any = None, output_hidden_states: Any = None) -> Any:
        states = [self.embeddings(input_ids)]
        states += [states[0].cumsum(dim=1), states[0].flip(1)]
        return BaseModelOutput(states[-1], tuple(states) if output_hidden_states else None)


class Lacking(BertModel):
    """Takes nothing but what spacy-transformers gives."""

    def forward(self, input_ids: Any, attention_mask: Any = None) -> Any:
        return BaseModelOutput(super().forward(input_ids, attention_mask).last_hidden_state)


class Ignoring(BertModel):
    """Takes everything, and ignores it."""

    def forward(self, input_ids: Any, attention_mask: Any = None, **asked: Any) -> Any:
        return BaseModelOutput(super().forward(input_ids, attention_mask).last_hidden_state)


class LayersAlone(BertModel):
    """Hands out the outputs of its layers alone."""

    def forward(self, input_ids: Any, attention_mask: Any = None, **asked: Any) -> Any:
        output = super().forward(input_ids, attention_mask, output_hidden_states=True)
        return BaseModelOutput(output.last_hidden_state, output.hidden_states[1:])
