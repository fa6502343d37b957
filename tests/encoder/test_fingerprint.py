"""By a pipeline's fingerprint, runs know what was made with the same one."""

from pathlib import Path

import pytest
import spacy
import torch
from spacy import Language

import spacy_trend
from spacy_trend.corpus import embed_corpus
from spacy_trend.encoder.fingerprint import fingerprint


@pytest.fixture
def saved(tiny_encoder: Path, tmp_path: Path) -> Path:
    spacy_trend.from_encoder(str(tiny_encoder)).to_disk(tmp_path / "saved")
    return tmp_path / "saved"


def encoder_of(nlp: Language) -> torch.nn.Module:
    return nlp.get_pipe("transformer").model.transformer


def test_is_the_same_each_time_a_saved_pipeline_is_loaded(saved: Path) -> None:
    assert fingerprint(spacy.load(saved)) == fingerprint(spacy.load(saved))


def test_leaves_the_pipeline_as_it_was(saved: Path) -> None:
    nlp = spacy.load(saved)
    before = encoder_of(nlp).config.name_or_path
    fingerprint(nlp)
    assert before
    assert encoder_of(nlp).config.name_or_path == before


def test_is_another_for_other_weights(saved: Path) -> None:
    nlp = spacy.load(saved)
    before = fingerprint(nlp)
    with torch.no_grad():
        next(encoder_of(nlp).parameters()).add_(1)
    assert fingerprint(nlp) != before


def test_is_another_for_another_setting(saved: Path) -> None:
    changed = spacy.load(saved, config={"components.trend_vector.token_vectors": False})
    assert fingerprint(changed) != fingerprint(spacy.load(saved))


def test_is_another_for_other_rules_of_the_tokenizer(saved: Path) -> None:
    nlp = spacy.load(saved)
    before = fingerprint(nlp)
    nlp.tokenizer.add_special_case("cannot", [{"ORTH": "can"}, {"ORTH": "not"}])
    assert fingerprint(nlp) != before


def test_a_run_with_a_saved_pipeline_goes_on(saved: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("One apple.\nTwo pears.\nThree plums.\n")
    first, second = (embed_corpus(texts, tmp_path / "out", model=str(saved), shard_rows=2) for _ in range(2))
    assert (first.done_before, second.done_before) == (0, 3)
