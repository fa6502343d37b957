"""Pipelines: opened, or made around an encoder, and given a trend vector."""

import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from time import sleep

import numpy as np
import pytest
from spacy import Language

from spacy_trend.pipelines import (
    _HUB_NAME,
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


GETTER = "spacy-transformers.strided_spans.v1"


def getter_of(nlp: Language) -> dict[str, object]:
    return dict(nlp.get_pipe_config("transformer")["model"]["get_spans"])


@pytest.mark.parametrize(
    ("window", "stride", "size", "step"),
    [(None, None, 128, 96), (64, None, 64, 48), (1, None, 1, 1), (None, 128, 128, 128), (6, 5, 6, 5)],
)
def test_the_windows_of_an_encoder_are_those_asked_for(
    window: int | None, stride: int | None, size: int, step: int, tiny_encoder: Path
) -> None:
    nlp = from_encoder(tiny_encoder, window=window, stride=stride)
    assert getter_of(nlp) == {"@span_getters": GETTER, "window": size, "stride": step}
    get_spans = nlp.get_pipe("transformer").model.attrs["get_spans"]
    (windows,) = get_spans([nlp.make_doc("one two three four five six seven eight")])
    starts = [span.start for span in windows]
    assert starts == list(range(0, 8, step))[: len(starts)]
    assert windows[-1].end == 8


def test_the_windows_that_are_there_by_themselves_may_be_named(tiny_encoder: Path) -> None:
    named = from_encoder(tiny_encoder, window=128, stride=96)
    assert named.config.to_str() == from_encoder(tiny_encoder).config.to_str()


def test_a_saved_pipeline_keeps_its_windows(tiny_encoder: Path, tmp_path: Path) -> None:
    nlp = from_encoder(tiny_encoder, window=4, stride=4)
    nlp.to_disk(tmp_path)
    saved = open_pipeline(str(tmp_path), None, "en")
    assert getter_of(saved) == {"@span_getters": GETTER, "window": 4, "stride": 4}
    text = "one two three four five six seven"
    np.testing.assert_array_equal(saved(text)._.trend_vector, nlp(text)._.trend_vector)
    assert not np.allclose(nlp(text)._.trend_vector, from_encoder(tiny_encoder)(text)._.trend_vector)


@pytest.mark.parametrize(
    ("window", "stride", "message"),
    [
        (0, None, r"Got window=0\. Expected a whole number of tokens, 1 or more: change it, or leave"),
        (8, -1, r"Got stride=-1\. Expected a whole number"),
        (8.5, None, r"Got window=8\.5\. Expected a whole number"),
        (8, 9, r"Got stride=9, more than the window has tokens, 8: .* Expected at most 8: lower the"),
        (None, 129, r"Got stride=129, more than the window of spacy-transformers has tokens, 128"),
    ],
)
def test_windows_that_leave_tokens_out_are_refused(
    window: int | None, stride: int | None, message: str, tiny_encoder: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        from_encoder(tiny_encoder, window=window, stride=stride)


@pytest.mark.parametrize("windows", [{"window": 8, "stride": 4}, {"stride": 4}])
def test_windows_for_a_model_are_refused(windows: dict[str, int], tiny: Language) -> None:
    got = " and ".join(f"{name}={number}" for name, number in windows.items())
    message = rf"Got {got} for the model .*, whose config says how it cuts texts\. Expected .*'get_spans'"
    for model in (tiny, "a_name"):
        with pytest.raises(ValueError, match=message):
            open_pipeline(model, None, "en", **windows)


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


class Loads:
    """What loads a pipeline, and counts how many do at once."""

    def __init__(self) -> None:
        self.now = self.most = self.all = 0

    def __call__(self, *args: object, **kwargs: object) -> Language:
        self.now += 1
        self.most = max(self.most, self.now)
        sleep(0.01)
        self.now -= 1
        self.all += 1
        return Language()


def test_one_pipeline_is_loaded_at_a_time(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = Loads()
    monkeypatch.setattr("spacy.load", loads)
    monkeypatch.setattr(Language, "initialize", loads)
    ways: list[Callable[[], Language]] = [
        lambda: open_pipeline("a_name", None, "en"),
        lambda: open_pipeline(None, str(tiny_encoder), "en"),
        lambda: transformer_pipeline(tiny_encoder),
    ]
    with ThreadPoolExecutor(6) as threads:
        for made in [threads.submit(way) for way in ways * 4]:
            made.result()
    assert loads.most == 1
    assert loads.all == 12


def test_a_load_that_fails_lets_others_go_on(tiny_encoder: Path) -> None:
    for name in ("no_such_pipeline", str(tiny_encoder)):
        with pytest.raises(OSError, match="E05"):
            open_pipeline(name, None, "en")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(transformer_pipeline, tiny_encoder).result(60).pipe_names == ["transformer"]


@pytest.mark.slow
def test_pipelines_are_made_in_several_threads(tiny_encoder: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [
            threads.submit(from_encoder, tiny_encoder, config={"preset": "classifier"}) for _ in range(24)
        ]
        vectors = [one.result()("I want an apple.")._.trend_vector for one in made]
    for vector in vectors:
        np.testing.assert_allclose(vector, vectors[0], atol=2e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_a_load_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    loads, done = Event(), Event()

    def load(*args: object, **kwargs: object) -> Language:
        loads.set()
        done.wait(30)
        return Language()

    monkeypatch.setattr("spacy.load", load)
    thread = Thread(target=open_pipeline, args=("a_name", None, "en"))
    thread.start()
    loads.wait(30)
    child = os.fork()
    if child == 0:
        # Of a child that waits for ever, the alarm makes an end.
        signal.alarm(20)
        done.set()
        open_pipeline("a_name", None, "en")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0
