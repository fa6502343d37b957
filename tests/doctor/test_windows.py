"""Windows that are longer than the encoder takes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from spacy import Language
from transformers import AutoModel, RobertaConfig, RobertaModel

from spacy_trend import bundled_encoder
from spacy_trend.doctor import examine
from spacy_trend.doctor.transformer import describe_transformer
from spacy_trend.encoder.sizes import max_positions
from tests.support.encoders import save_bert
from tests.support.findings import about, wrong

DOC_SPANS = {"@span_getters": "spacy-transformers.doc_spans.v1"}


@pytest.fixture(scope="module")
def short_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a BERT with 64 positions, whose tokenizer cuts windows at 512 wordpieces."""
    folder = tmp_path_factory.mktemp("short-bert")
    return save_bert(folder, num_hidden_layers=1, max_position_embeddings=64)


def test_windows_that_are_longer_than_the_encoder_has_positions(
    make: Callable[..., Language], short_encoder: Path, tmp_path: Path
) -> None:
    nlp = make({}, short_encoder)
    findings = examine(nlp)
    assert wrong(findings) == [("error", "windows")]
    text = "accepts 64 wordpieces per window, and with more the pipeline fails"
    assert text in about("windows", findings).text
    with pytest.raises((RuntimeError, IndexError)):
        nlp("apple " * 100)
    nlp.to_disk(tmp_path)
    _, load, _, cut = str(about("windows", findings).fix).split("\n")
    (config,) = re.fullmatch(r"spacy\.load\(\.\.\., config=(.*)\)", load).groups()
    shorter = spacy.load(tmp_path, config=json.loads(config))
    assert cut == 'nlp.get_pipe("transformer").model.tokenizer.model_max_length = 64'
    shorter.get_pipe("transformer").model.tokenizer.model_max_length = 64
    assert wrong(examine(shorter)) == []
    assert shorter("apple " * 100)._.trend_truncated == 0


@pytest.mark.parametrize(
    ("window", "found", "text"),
    [
        (31, [], "enough for 2.0 per token"),
        (40, [("warning", "windows")], "if tokens have more than 1.6 on average, the rest is cut off"),
        (63, [("warning", "windows")], "with more the rest is cut off"),
    ],
)
def test_windows_that_are_cut_off(
    make: Callable[..., Language], tiny_encoder: Path, window: int, found: list[Any], text: str
) -> None:
    spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": window, "stride": window}
    nlp = make({}, get_spans=spans, tokenizer_config={"model_max_length": 64})
    findings = examine(nlp)
    assert wrong(findings) == found
    assert text in about("windows", findings).text


def test_windows_without_end(make: Callable[..., Language]) -> None:
    findings = examine(make({}, get_spans=DOC_SPANS))
    assert wrong(findings) == [("warning", "windows")]
    text = "accepts 512 wordpieces per window, and with more the rest is cut off"
    assert text in about("windows", findings).text


def test_windows_of_an_encoder_without_limit(make: Callable[..., Language]) -> None:
    nlp = make({})
    nlp.get_pipe("transformer").model.tokenizer.model_max_length = int(1e30)
    nlp.get_pipe("transformer").model.transformer.embeddings.position_embeddings = torch.nn.Identity()
    _, findings = describe_transformer("transformer", "transformer", nlp.get_pipe("transformer"))
    assert "accepts any number of wordpieces" in about("windows", findings).text


def test_positions_of_roberta_begin_behind_padding() -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 64}
    encoder = RobertaModel(RobertaConfig(vocab_size=10, max_position_embeddings=34, pad_token_id=1, **sizes))
    assert max_positions(encoder) == 32
    encoder(torch.full((1, 32), 5))
    with pytest.raises((IndexError, RuntimeError)):
        encoder(torch.full((1, 33), 5))
    assert max_positions(AutoModel.from_pretrained(bundled_encoder())) == 512
