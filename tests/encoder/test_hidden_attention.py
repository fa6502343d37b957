"""Attention that cannot be observed is asked for, and what was asked for anyway stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spacy import Language
from spacy.tokens import DocBin

from tests.support.changes import DIFFERENCE
from tests.support.hidden_attention import hide_attention

TEXT = "I want an apple. She sold the old house! ..."


def test_hidden_states_and_attention_that_the_user_asked_for_stay(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    asked = {"output_hidden_states": True, "output_attentions": True, "attn_implementation": "eager"}
    nlp = make_nlp(tiny_encoder, DIFFERENCE, transformer_config=asked)
    doc = nlp(TEXT)
    output = doc._.trf_data.model_output
    assert len(output["hidden_states"]) == 3
    assert len(output["attentions"]) == 2
    # The same doc in a pipeline that observes nothing is computed from what the user asked for.
    vector = doc._.trend_vector
    unobserved = nlp.get_pipe("trend_vector")(doc)
    np.testing.assert_allclose(unobserved._.trend_vector, vector, atol=1e-5)
    # Stored and loaded, its arrays are read-only.
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (loaded,) = DocBin().from_bytes(stored).get_docs(nlp.vocab)
    loaded._.trend_record = None
    assert not loaded._.trf_data.model_output["attentions"][0].flags.writeable
    np.testing.assert_allclose(nlp.get_pipe("trend_vector")(loaded)._.trend_vector, vector, atol=1e-5)


def the_encoder(nlp: Language) -> Any:
    return nlp.get_pipe("transformer").model.transformer


def test_an_encoder_whose_attention_is_computed_otherwise_is_asked_for_it(
    make_nlp: Callable[..., Language], tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    observed = nlp(TEXT)
    hide_attention(the_encoder(nlp), monkeypatch)
    doc = nlp(TEXT)
    assert list(doc._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]
    np.testing.assert_allclose(doc._.trend_vector, observed._.trend_vector, atol=1e-5)
    again = nlp(TEXT)
    np.testing.assert_array_equal(again._.trend_vector, doc._.trend_vector)


def test_an_encoder_whose_attention_is_out_of_reach_is_refused(
    tiny: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = the_encoder(tiny)
    hide_attention(encoder, monkeypatch)
    forward = encoder.forward
    monkeypatch.setattr(
        encoder, "forward", lambda *args, **kwargs: forward(*args, **{**kwargs, "output_attentions": False})
    )
    message = (
        r"BertModel .* could not be observed.*attention call for each of its 2 layers.*0 matrices.*eager"
    )
    with pytest.raises(ValueError, match=message):
        tiny(TEXT)


def test_an_encoder_that_was_changed_after_its_first_pass_is_observed_anew(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    before = nlp(TEXT)
    the_encoder(nlp).embeddings.dropout = torch.nn.Dropout(0.1)
    for _ in range(2):
        after = nlp(TEXT)
        np.testing.assert_allclose(after._.trend_vector, before._.trend_vector, atol=1e-5)
        assert list(after._.trf_data.model_output) == ["last_hidden_state", "pooler_output"]
