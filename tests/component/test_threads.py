"""Concurrency: pipelines in one process do not see each other, whoever of them runs in which thread."""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc

from spacy_trend import bundled_encoder
from spacy_trend.encoder.bfloat16 import bfloat16_obstacle
from spacy_trend.encoder.requests import AttentionRequest
from tests.support.changes import DIFFERENCE
from tests.support.curated import curated_bert
from tests.support.pipelines import encoder_of
from tests.support.values import assert_same_values

pytestmark = pytest.mark.slow

#: How far one forward pass may be from another of a batch that is padded otherwise.
NOISE = 2e-5
TEXTS = [f"{'the old house ' * (i % 7)}and apple number {i}, she said." for i in range(24)]
THREADS = 4
#: So much dropout that a pass in training mode cannot be taken for one in evaluation mode.
DROPOUT = {"hidden_dropout_prob": 0.9, "attention_probs_dropout_prob": 0.9}
LAYERS = {**DIFFERENCE, "select": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}}
LAST = {**DIFFERENCE, "select": {"@misc": "spacy-trend.leading_pair.v1", "layer": -1, "focus": "most"}}


def call(nlp: Language) -> list[Doc]:
    return [nlp(text) for text in TEXTS]


def pipe(nlp: Language) -> list[Doc]:
    return list(nlp.pipe(TEXTS, batch_size=5))


def assert_equal(docs: Iterable[Doc], others: Iterable[Doc], noise: float = NOISE) -> None:
    for doc, other in zip(docs, others, strict=True):
        assert_same_values(doc, other, noise)


def together(*works: Callable[[], Any]) -> list[Any]:
    """What some functions give that begin at the same time, each in a thread of its own."""
    barrier = Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        barrier.wait(timeout=60)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))


@pytest.fixture(autouse=True)
def _threads_take_turns_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def make(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Callable[..., Language]:
    """A function that makes a fresh pipeline, of the tiny encoder with dropout."""

    def make(config: dict[str, Any] | None = DIFFERENCE, **settings: Any) -> Language:
        return make_nlp(tiny_encoder, config, transformer_config={**DROPOUT, **settings})

    return make


def share(nlp: Language, config: dict[str, Any]) -> Language:
    """Another pipeline with the same transformer."""
    other = spacy.blank("en")
    other.add_pipe("sentencizer")
    other.add_pipe("transformer", source=nlp)
    other.add_pipe("trend_vector", config=config)
    return other


@pytest.fixture(params=["two encoders", "one encoder", pytest.param("two sizes", marks=pytest.mark.slow)])
def pair(
    request: pytest.FixtureRequest, make: Callable[..., Language], make_nlp: Callable[..., Language]
) -> tuple[Language, Language]:
    """Two pipelines that read different attention."""
    nlp = make(LAST)
    if request.param == "one encoder":
        return nlp, share(nlp, LAYERS)
    if request.param == "two sizes":
        return nlp, make_nlp(bundled_encoder(), LAYERS, transformer_config=DROPOUT)
    return nlp, make(LAYERS)


def test_a_pass_in_training_mode_would_be_seen(make: Callable[..., Language]) -> None:
    nlp = make()
    expected, again = call(nlp), call(nlp)
    assert_equal(again, expected)
    encoder_of(nlp).eval = lambda: None
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        assert_equal(call(nlp), expected, noise=0.1)


@pytest.mark.parametrize("work", [call, pipe])
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_a_pipeline_may_run_in_several_threads(
    make: Callable[..., Language], implementation: str, work: Callable[[Language], list[Doc]]
) -> None:
    expected = call(make(attn_implementation=implementation))
    # Fresh, so that the first pass, which is observed in another way, is one of several threads.
    nlp = make(attn_implementation=implementation)
    for docs in together(*[lambda: work(nlp)] * THREADS):
        assert_equal(docs, expected)
    assert encoder_of(nlp).training


def test_a_loaded_pipeline_may_run_in_several_threads_at_once(
    make: Callable[..., Language], tmp_path: Path
) -> None:
    nlp = make()
    nlp.to_disk(tmp_path)
    expected, loaded = call(nlp), spacy.load(tmp_path)
    for docs in together(*[lambda: call(loaded), lambda: pipe(loaded)] * (THREADS // 2)):
        assert_equal(docs, expected)


@pytest.mark.skipif(
    bfloat16_obstacle(torch.device("cpu")) is not None, reason="the processor is not made for bfloat16"
)
def test_a_pipeline_in_bfloat16_may_run_in_several_threads(make: Callable[..., Language]) -> None:
    config = {**DIFFERENCE, "precision": "bfloat16"}
    expected, nlp = call(make(config)), make(config)
    for docs in together(*[lambda: call(nlp)] * THREADS):
        assert_equal(docs, expected)


def test_texts_may_be_shared_out_among_threads(make: Callable[..., Language]) -> None:
    nlp = make()
    expected = call(nlp)
    with ThreadPoolExecutor(THREADS) as threads:
        assert_equal(threads.map(nlp, TEXTS), expected)


@pytest.mark.parametrize("work", [call, pipe])
def test_two_pipelines_may_run_in_two_threads(
    pair: tuple[Language, Language], work: Callable[[Language], list[Doc]]
) -> None:
    expected = [call(nlp) for nlp in pair]
    got = together(*(lambda nlp=nlp: work(nlp) for nlp in pair))
    for docs, wanted in zip(got, expected, strict=True):
        assert_equal(docs, wanted)


def test_two_pipelines_may_take_turns(pair: tuple[Language, Language]) -> None:
    expected = [call(nlp) for nlp in pair]
    calls = [[nlp(text) for nlp in pair] for text in TEXTS]
    streams = list(zip(*(nlp.pipe(TEXTS, batch_size=3) for nlp in pair), strict=True))
    for turns in (calls, streams):
        for docs, wanted in zip(zip(*turns, strict=True), expected, strict=True):
            assert_equal(docs, wanted)


def test_a_pipeline_may_have_two_streams_at_once(make: Callable[..., Language]) -> None:
    nlp = make()
    expected = call(nlp)
    for docs in zip(nlp.pipe(TEXTS, batch_size=3), nlp.pipe(TEXTS, batch_size=5), expected, strict=True):
        assert_equal(docs[:2], [docs[2]] * 2)


@Language.component("spacy_trend_tests_keep_first")
def keep_first(doc: Doc) -> Doc:
    doc.user_data["first"] = doc._.trend_record
    return doc


def test_two_components_of_one_pipeline_read_their_own_attention_in_threads(
    make: Callable[..., Language],
) -> None:
    expected = call(make(LAST)), call(make(LAYERS))
    nlp = make(LAST)
    nlp.add_pipe("spacy_trend_tests_keep_first")
    nlp.add_pipe("trend_vector", name="second", config=LAYERS)
    for docs in together(*[lambda: call(nlp), lambda: pipe(nlp)] * (THREADS // 2)):
        assert_equal(docs, expected[1])
        for doc in docs:
            doc._.trend_record = doc.user_data["first"]
        assert_equal(docs, expected[0])


def during_a_pass(nlp: Language, work: Callable[[], Any]) -> Doc:
    """Run the pipeline on the first text, and in the middle of its encoder's pass something else."""
    began: list[bool] = []

    def begin(*args: Any) -> None:
        if not began:
            began.append(True)
            work()

    handle = encoder_of(nlp).encoder.layer[0].register_forward_hook(begin)
    try:
        doc = nlp(TEXTS[0])
    finally:
        handle.remove()
    assert began
    return doc


def test_an_encoder_does_not_see_the_attention_of_another_that_runs_during_its_pass(
    make: Callable[..., Language],
) -> None:
    nlp, other = make(LAST), make(LAYERS)
    expected, expected_of_other = nlp(TEXTS[0]), other(TEXTS[0])
    docs: list[Doc] = []
    thread = Thread(target=lambda: docs.append(other(TEXTS[0])))

    def run_other() -> None:
        thread.start()
        thread.join(timeout=60)

    doc = during_a_pass(nlp, run_other)
    assert_equal([doc, *docs], [expected, expected_of_other])


@pytest.mark.parametrize("shared", [False, True])
def test_a_pass_waits_until_another_of_the_same_encoder_is_over(
    make: Callable[..., Language], shared: bool
) -> None:
    nlp = make(LAST)
    other = share(nlp, LAYERS) if shared else nlp
    expected, expected_of_other = nlp(TEXTS[0]), other(TEXTS[1])
    docs: list[Doc] = []
    thread = Thread(target=lambda: docs.append(other(TEXTS[1])))

    def run_other() -> None:
        thread.start()
        thread.join(timeout=0.2)
        assert thread.is_alive()
        assert not encoder_of(nlp).training

    doc = during_a_pass(nlp, run_other)
    thread.join(timeout=60)
    assert_equal([doc, *docs], [expected, expected_of_other])


def test_a_pass_that_fails_leaves_the_encoder_to_other_threads(make: Callable[..., Language]) -> None:
    nlp = make()
    expected = nlp(TEXTS[0])

    def fail() -> None:
        raise RuntimeError("failed on purpose")

    with pytest.raises(RuntimeError, match="failed on purpose"):
        during_a_pass(nlp, fail)
    assert encoder_of(nlp).training
    assert_equal(together(lambda: nlp(TEXTS[0])), [expected])


def test_a_pipeline_may_be_made_on_an_encoder_that_another_thread_runs(
    make: Callable[..., Language],
) -> None:
    nlp = make(LAST)
    expected, expected_of_other = nlp(TEXTS[0]), make(LAYERS)(TEXTS[0])
    others: list[Language] = []
    thread = Thread(target=lambda: others.append(share(nlp, LAYERS)))

    def make_other() -> None:
        thread.start()
        thread.join(timeout=5)

    doc = during_a_pass(nlp, make_other)
    thread.join(timeout=60)
    assert_equal([doc, others[0](TEXTS[0])], [expected, expected_of_other])


def test_a_pipeline_may_be_collected_while_another_runs_their_encoder(
    make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = make(LAST)
    expected = nlp(TEXTS[0])
    others = [share(nlp, LAYERS)]
    received_rows = AttentionRequest.received_rows

    def collect(*args: Any) -> Any:
        # What the garbage collector may do of itself at any allocation, in whichever thread.
        others.clear()
        gc.collect()
        return received_rows(*args)

    monkeypatch.setattr(AttentionRequest, "received_rows", collect)
    assert_equal([nlp(TEXTS[0])], [expected])


def test_a_component_may_be_removed_while_another_reads_their_curated_encoder(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("spacy_curated_transformers")
    from spacy_trend.encoder import curated

    nlp = curated_bert(tiny_encoder, LAYERS)
    transformer, second = (
        nlp.get_pipe("transformer"),
        nlp.add_pipe("trend_vector", name="second", config=LAST),
    )
    expected = second(transformer(nlp.make_doc(TEXTS[0])))
    take_apart = curated._take_apart

    def remove(*args: Any) -> Any:
        # What another thread may do at this moment.
        nlp.remove_pipe("trend_vector")
        gc.collect()
        return take_apart(*args)

    monkeypatch.setattr(curated, "_take_apart", remove)
    assert_equal([second(transformer(nlp.make_doc(TEXTS[0])))], [expected])
