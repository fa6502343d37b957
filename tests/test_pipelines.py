"""Pipelines: opened, or made around an encoder, and given a trend vector."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy import Language

from spacy_trend.pipelines import (
    _HUB_NAME,
    check_every_doc,
    from_encoder,
    load_pipeline,
    open_pipeline,
    transformer_pipeline,
    with_trend_vector,
)
from tests.support.families import COMMON, FAMILIES, SIZES, make_encoder, save_tokenizer


def settings_of(nlp: Language, *names: str) -> list[object]:
    config = nlp.get_pipe_config("trend_vector")
    return [config[name] for name in names]


def test_a_pipeline_without_a_trend_vector_gets_one(tiny_encoder: Path) -> None:
    nlp = transformer_pipeline(tiny_encoder)
    assert nlp.pipe_names == ["transformer"]
    assert with_trend_vector(nlp, {"preset": "similarity"}, token_vectors=False) is nlp
    assert nlp.pipe_names == ["transformer", "trend_vector"]
    assert settings_of(nlp, "preset", "token_vectors") == ["similarity", False]


def test_settings_of_the_trend_vector_that_is_added_go_first(tiny_encoder: Path) -> None:
    nlp = with_trend_vector(transformer_pipeline(tiny_encoder), {"token_vectors": True}, token_vectors=False)
    assert settings_of(nlp, "preset", "token_vectors") == ["article", True]


def test_a_trend_vector_that_is_there_stays(tiny: Language) -> None:
    component = tiny.get_pipe("trend_vector")
    assert with_trend_vector(tiny).get_pipe("trend_vector") is component
    with pytest.raises(
        ValueError, match=r"Got the settings \{\}, but the pipeline has the trend vector 'trend_vec"
    ):
        with_trend_vector(tiny, {})


def test_from_encoder_has_settings_and_a_language(tiny_encoder: Path) -> None:
    nlp = from_encoder(tiny_encoder, lang="de", config={"level": "doc", "preset": "classifier"})
    assert (nlp.lang, settings_of(nlp, "preset", "token_vectors")) == ("de", ["classifier", True])


def test_a_pipeline_is_opened_by_path_or_handed_on(tiny: Language, tmp_path: Path) -> None:
    tiny.to_disk(tmp_path)
    assert open_pipeline(str(tmp_path), None, "en").pipe_names == tiny.pipe_names
    assert open_pipeline(tiny, None, "en") is tiny


@pytest.mark.parametrize("open_it", [open_pipeline, lambda *which: load_pipeline(*which, preset=None)])
def test_a_model_and_an_encoder_exclude_each_other(open_it: Callable[..., Language]) -> None:
    with pytest.raises(
        ValueError, match=r"model 'a' and the encoder 'b': they exclude each other\. Give one"
    ):
        open_it("a", "b", "en")


def test_a_loaded_pipeline_keeps_vectors_of_words_only_if_it_did_before(
    tiny: Language, tiny_encoder: Path, tmp_path: Path
) -> None:
    tiny.to_disk(tmp_path)
    assert settings_of(load_pipeline(str(tmp_path), None, "en", None), "token_vectors") == [True]
    made = load_pipeline(None, str(tiny_encoder), "en", "related_pair")
    assert settings_of(made, "preset", "token_vectors") == ["related_pair", False]


@pytest.mark.parametrize(
    "name",
    [
        *("./none", "/no/folder", "a/b/c", "", "nope/", "a//b", "~/none", " ", "two words"),
        *("C:\\models\\bert", "C:/models/bert", "a\\b", "a--b", "a..b", "bert\n", "-bert/x.", "über/ ü"),
    ],
)
def test_what_is_neither_a_folder_nor_a_name_on_the_hub_is_named(name: str) -> None:
    message = rf"There is no folder {re.escape(repr(name))}\. Expected a folder with"
    with pytest.raises(FileNotFoundError, match=message):
        from_encoder(name)


@pytest.mark.parametrize(
    "name", ["bert-base_v2.1", "owner/name", "sentence-transformers/all-MiniLM-L6-v2", "x"]
)
def test_a_name_on_the_hub_is_none_of_these(name: str) -> None:
    assert _HUB_NAME.fullmatch(name)


def test_a_tokenizer_without_the_file_that_spacy_transformers_opens_is_named(tmp_path: Path) -> None:
    family = FAMILIES["xlm-roberta"]
    save_tokenizer(family, tmp_path)
    make_encoder(family.model, {**SIZES, **COMMON}).save_pretrained(tmp_path)
    (tmp_path / "sentencepiece.bpe.model").unlink()
    message = rf"The encoder '{tmp_path}' has no file 'sentencepiece\.bpe\.model'.*Expected .* beside it"
    with pytest.raises(ValueError, match=message):
        from_encoder(tmp_path)


def test_another_type_error_of_an_encoder_is_its_own(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise TypeError("of its own")

    monkeypatch.setattr("transformers.BertModel.forward", fail)
    with pytest.raises(TypeError, match="of its own"):
        transformer_pipeline(tiny_encoder)


def test_docs_that_were_lost_are_counted() -> None:
    check_every_doc(3, 3)
    with pytest.raises(ValueError, match=r"Mine gave 2 docs for 3 texts\. Expected one for each"):
        check_every_doc(2, 3, "Mine")
