from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from spacy import Language
from transformers import AutoModel

from spacy_trend.encoder.attention import AttentionObserver, sums_of_queries
from spacy_trend.encoder.bfloat16 import bfloat16_copy, bfloat16_obstacle
from tests.support.changes import DIFFERENCE

TEXTS = ["I want an apple.", "She sold the old house in the village.", "", "Stop!"]


@pytest.fixture(autouse=True)
def _any_device_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_trend.encoder.shim.bfloat16_obstacle", lambda device: None)


def test_bfloat16_changes_the_numbers_a_little_and_the_types_not(shared_nlp: Callable[..., Language]) -> None:
    precise = shared_nlp(DIFFERENCE)
    rough = shared_nlp({**DIFFERENCE, "precision": "bfloat16"})
    for one, other in zip(precise.pipe(TEXTS), rough.pipe(TEXTS), strict=True):
        assert other._.trend_vector.dtype == np.float32
        for token, other_token in zip(one, other, strict=True):
            np.testing.assert_allclose(token._.trend_vector, other_token._.trend_vector, atol=0.2)
            np.testing.assert_allclose(token._.trend_attention, other_token._.trend_attention, atol=0.1)
        for field, value in other._.trf_data.model_output.items():
            assert value.dtype == np.float32, field
    exact, near = (nlp(TEXTS[1])._.trf_data.model_output.last_hidden_state for nlp in (precise, rough))
    error = np.linalg.norm(exact - near) / np.linalg.norm(exact)
    assert 1e-4 < error < 0.05


def test_the_copy_follows_weights_that_torch_changes(tiny_encoder: Path) -> None:
    encoder = AutoModel.from_pretrained(tiny_encoder)
    weight = encoder.embeddings.word_embeddings.weight
    copy = bfloat16_copy(encoder)
    of_copy = copy.get_parameter("embeddings.word_embeddings.weight")
    assert (of_copy.dtype, of_copy.requires_grad, copy.training) == (torch.bfloat16, False, False)
    assert bfloat16_copy(encoder) is copy
    with torch.no_grad():
        weight.add_(1.0)
    assert bfloat16_copy(encoder) is copy
    torch.testing.assert_close(of_copy, weight.bfloat16(), atol=0, rtol=0)
    encoder.load_state_dict({name: value + 1 for name, value in encoder.state_dict().items()})
    bfloat16_copy(encoder)
    torch.testing.assert_close(of_copy, weight.bfloat16(), atol=0, rtol=0)


def test_attention_received_is_float32_under_autocast() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4)
    weights = torch.ones(2, 5)
    exact = sums_of_queries(query, key, weights).received
    scores = query @ key.mT / 2
    with torch.autocast("cpu", dtype=torch.bfloat16), AttentionObserver([0], weights) as observer:
        received = sums_of_queries(query, key, weights).received
        torch.softmax(scores, dim=-1)
    for found in (received, observer.received[0]):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, exact, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("capabilities", "is_made_for_it"),
    [({"amx_bf16": True}, True), ({"avx512_bf16": True}, True), ({"avx2": True}, False)],
)
def test_a_processor_is_made_for_bfloat16_by_its_instructions(
    capabilities: dict[str, bool], is_made_for_it: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    obstacle = bfloat16_obstacle(torch.device("cpu"))
    assert (obstacle is None) == is_made_for_it
    assert is_made_for_it or "no instructions for bfloat16" in str(obstacle)


def test_other_devices_are_not_known_to_be_made_for_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "devices of type 'meta'" in str(bfloat16_obstacle(torch.device("meta")))
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert "does not tell" in str(bfloat16_obstacle(torch.device("cpu")))
