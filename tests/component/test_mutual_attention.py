"""Mutual attention, the pairs chosen by it and words weighted by attention, with the bundled encoder.

The oracle is Hugging Face alone, read as in `article.py`, and plain loops over wordpieces.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_trend import bundled_encoder
from spacy_trend.attributes.record import RECORD
from tests.support.arrays import squared
from tests.support.batches import in_one_batch
from tests.support.curated import curated_bert
from tests.support.mutual_oracle import (
    NEAR,
    Make,
    Oracle,
    assert_same,
    parts_of,
    recorded_mutual,
    selection,
)
from tests.support.texts import CHAPTERS, story
from tests.support.trees import TREES, parsed, run
from tests.support.values import pair_of
from tests.support.windows import OVERLAPPING, WHOLE_TEXT

TEXTS = (
    "The quick brown fox jumps over the lazy dog.",
    "Where is the nearest mailbox?",
    "She sold the old house in the village.",
    "I want an apple.",
    "A state-of-the-art, well-thought-out mother-in-law suite.",
    "Crème brûlée at the café naïve, déjà vu!",
    "The committee rejected the proposal after a long debate.",
    "My grandmother bakes bread every Sunday morning.",
    "Antidisestablishmentarianism frightens hippopotamuses.",
    "The engine of the ferry broke down near Ardglass.",
    "Rain fell on the tin roof all night.",
    "He paid the driver and walked home.",
    "Two children were chasing a red balloon.",
    "Bees make honey.",
    "The teacher who arrived late apologized to the class.",
    "Please send me the invoice tomorrow!",
    "Nobody expected the lighthouse to be automated.",
    "  Spaces   and\n\nlines between words ",
    "First sentence. Second one! Is this the third? ... !!! Fourth.",
    "one two",
    "Hello!",
    "?! ...",
    " ",
    "",
)
LONG = story(*CHAPTERS)
BETWEEN = ([0.34], None, [0, 3, -1])
EAGER = {"attn_implementation": "eager"}


def spans_of(windows: str) -> dict[str, Any]:
    return WHOLE_TEXT if windows == "whole_text" else OVERLAPPING


@pytest.mark.parametrize("layers", BETWEEN, ids=str)
def test_mutual_attention_and_the_pair_are_as_in_plain_loops(
    pipeline: Make, oracle: Callable[..., Oracle], layers: list[float] | None, windows: str
) -> None:
    nlp = pipeline(selection("mutual_pair", layers=layers), spans_of(windows))
    different = []
    for text, doc in in_one_batch(nlp, TEXTS).items():
        expected = oracle(text, windows)
        record = doc._.get(RECORD)
        assert record["tokens"].tolist() == expected.tokens, text
        if expected.tokens:
            mutual = squared(recorded_mutual(doc))
            np.testing.assert_allclose(mutual, expected.between(layers), **NEAR, err_msg=text)
        for item in (doc, *parts_of(doc)):
            start, end = (0, len(doc)) if isinstance(item, Doc) else (item.start, item.end)
            pair = expected.pair(layers, start, end)
            if pair_of(item) != pair:
                different.append((item.text, pair_of(item), pair))
            words = [expected.tokens.index(token) for token in pair if token >= 0]
            np.testing.assert_allclose(item._.trend_vector, expected.change[words].sum(axis=0), **NEAR)
    assert different == []


def test_the_pairs_of_the_oracle_are_clear(oracle: Callable[..., Oracle]) -> None:
    """Else the comparison above would hang on noise."""
    for text in TEXTS:
        expected = oracle(text, "whole_text")
        if len(expected.tokens) < 3:
            continue
        for layers in BETWEEN:
            focus = expected.tokens.index(expected.pair(layers)[0])
            first, second = np.sort(np.delete(expected.between(layers)[focus], focus))[:-3:-1]
            assert first - second > 1e-4 * first, text
        first, second = np.sort(expected.received[-1])[:-3:-1]
        assert first - second > 1e-4 * first, text


@pytest.mark.slow
def test_a_fraction_of_the_layers_is_read_as_that_layer(pipeline: Make) -> None:
    for name, setting, one, other in [
        ("mutual_pair", "layers", [0.34], [2]),
        ("mutual_pair", "layers", None, [0, 1, 2, 3, 4, 5]),
        ("attended_words", "layer", 0.5, 3),
        ("attended_words", "layer", -1, 5),
    ]:
        docs = [pipeline(selection(name, **{setting: value}))(TEXTS[0]) for value in (one, other)]
        assert_same(*docs)
        assert not np.array_equal(docs[0]._.trend_vector, np.zeros(384))


@pytest.mark.parametrize(("layer", "number"), [(0.5, 3), (2, 2), (-1, 5), (None, 3)])
def test_attended_words_are_as_in_plain_loops(
    pipeline: Make, oracle: Callable[..., Oracle], layer: float | None, number: int, windows: str
) -> None:
    config = selection("attended_words") if layer is None else selection("attended_words", layer=layer)
    for text, doc in in_one_batch(pipeline(config, spans_of(windows)), TEXTS).items():
        expected = oracle(text, windows)
        for item in (doc, *parts_of(doc)):
            start, end = (0, len(doc)) if isinstance(item, Doc) else (item.start, item.end)
            words = [word for word, token in enumerate(expected.tokens) if start <= token < end]
            received, last = expected.received[number, words], expected.received[-1, words]
            vector = np.zeros(384)
            for word, share in zip(words, received / received.sum(), strict=True):
                vector += share * expected.change[word]
            np.testing.assert_allclose(item._.trend_vector, vector, **NEAR, err_msg=item.text)
            order = [expected.tokens[words[at]] for at in np.argsort(-last, kind="stable")]
            assert pair_of(item) == [*order, -1, -1][:2], item.text
            assert [token.i for token in item._.trend_words] == order, item.text
        for token, weight, importance in zip(
            expected.tokens,
            *(values / values.sum() for values in expected.received[[number, -1]]),
            strict=True,
        ):
            assert doc[token]._.trend_weight == pytest.approx(weight, rel=2e-4)
            assert doc[token]._.trend_importance == pytest.approx(importance, rel=2e-4)
        assert doc._.get(RECORD)["mutual"].shape == (0, 0)


def test_a_text_without_words_has_zeros_and_no_pair(pipeline: Make) -> None:
    for name in "mutual_pair", "attended_words":
        for text in "", " ", "?! ...":
            doc = pipeline(selection(name))(text)
            assert doc._.trend_vector.tolist() == [0] * 384
            assert pair_of(doc) == [-1, -1]


@pytest.mark.slow
@pytest.mark.thorough
def test_a_long_text_is_read_in_windows_and_its_band_is_as_wide_as_they_are(
    pipeline: Make, oracle: Callable[..., Oracle]
) -> None:
    doc = pipeline(selection("mutual_pair"))(LONG)
    expected = oracle(LONG, "overlapping")
    mutual = recorded_mutual(doc)
    assert len(expected.tokens) > 250
    assert mutual.band.shape[0] == len(expected.tokens)
    assert 8 <= mutual.band.shape[1] < OVERLAPPING["window"]
    between = squared(mutual)
    np.testing.assert_allclose(between, expected.between([0.34, 0.5]), **NEAR)
    # 0 where no window holds both words, and nowhere else.
    spans = [range(start, start + 16) for start in range(0, len(doc), 10)]
    tokens = expected.tokens
    for one, first in enumerate(tokens):
        for other, second in enumerate(tokens[:one]):
            together = any(first in span and second in span for span in spans)
            assert (between[other, one] > 0) == together, (doc[first], doc[second])
    # Of the windows that hold the focus.
    focus, related = pair_of(doc)
    assert [focus, related] == expected.pair([0.34, 0.5])
    assert any(focus in span and related in span for span in spans)


@pytest.mark.parametrize("times", [1, 4])
def test_the_memory_of_a_band_grows_with_the_text_and_not_with_its_square(pipeline: Make, times: int) -> None:
    mutual = pipeline(selection("mutual_pair"))(" ".join([LONG] * times))._.get(RECORD)["mutual"]
    assert mutual.shape[0] > 250 * times
    assert mutual.shape[1] < OVERLAPPING["window"]


@pytest.mark.parametrize("before", ["", "I want "])
def test_words_with_the_same_wordpieces_count_once(pipeline: Make, before: str) -> None:
    nlp = pipeline(selection("mutual_pair"), WHOLE_TEXT)
    few, many = (nlp(before + "🎉" * count + " an apple.") for count in (4, 4000))
    bands = [recorded_mutual(doc) for doc in (few, many)]
    np.testing.assert_allclose(bands[1].band, bands[0].band, **NEAR)
    assert len(bands[1].places) == len(bands[0].places) + 3996
    assert bands[1].band.size < 50
    assert few._.trend_focus.text == many._.trend_focus.text
    assert few._.trend_related.text == many._.trend_related.text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
def test_a_text_in_a_batch_is_as_alone(pipeline: Make, name: str) -> None:
    nlp = pipeline(selection(name))
    texts = [*TEXTS, LONG]
    for text, doc in in_one_batch(nlp, texts).items():
        assert_same(doc, nlp(text))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
def test_an_encoder_whose_attention_is_a_plain_softmax_gives_the_same(pipeline: Make, name: str) -> None:
    nlp, eager = (pipeline(selection(name), transformer_config=config) for config in (None, EAGER))
    others = in_one_batch(eager, [*TEXTS, LONG])
    for text, doc in in_one_batch(nlp, [*TEXTS, LONG]).items():
        assert_same(doc, others[text])


@pytest.mark.slow
@pytest.mark.parametrize("layers", BETWEEN[1:], ids=str)
def test_docs_made_elsewhere_with_their_attentions_give_the_same(
    pipeline: Make, make_nlp: Make, layers: list[float] | None
) -> None:
    everything = {"output_hidden_states": True, "output_attentions": True, **EAGER}
    nlp = pipeline(selection("mutual_pair", layers=layers))
    stock = make_nlp(bundled_encoder(), None, OVERLAPPING, everything)
    texts = [text for text in TEXTS if text.strip()]
    for doc in stock.pipe([*texts, LONG]):
        nlp.get_pipe("trend_vector")(doc)
        assert_same(doc, nlp(doc.text))


def test_a_curated_transformer_gives_the_same(shared_nlp: Make, tiny_encoder: Path) -> None:
    pytest.importorskip("spacy_curated_transformers")

    texts = ["I want an apple.", "", "She sold the old house in the village.", " ", "?! ...", "Stop!"]
    # Contractions are cut otherwise by the other package.
    long = LONG.replace("won't", "will not").replace("'s", "")
    for config in (selection("mutual_pair", layers=[0, 0.5]), selection("attended_words")):
        nlp = shared_nlp(config, WHOLE_TEXT)
        curated = curated_bert(tiny_encoder, config, spans={"window": 512, "stride": 512})
        for doc in curated.pipe([long, *texts]):
            assert_same(doc, nlp(doc.text))


def test_overlapping_windows_of_a_curated_transformer_are_alike_alone_and_in_a_batch(
    tiny_encoder: Path,
) -> None:
    pytest.importorskip("spacy_curated_transformers")

    texts = ["I want an apple.", "", LONG, "Stop!", story(CHAPTERS[1]), " "]
    nlp = curated_bert(tiny_encoder, selection("mutual_pair"), spans={"window": 24, "stride": 16})
    docs = dict(zip(texts, nlp.pipe(texts), strict=True))
    for text, doc in docs.items():
        assert_same(doc, nlp(text))
    assert docs[LONG]._.get(RECORD)["mutual"].shape[1] < 24


class TestSentences:
    TEXT = " ".join(text for text in TEXTS[:8] if text.endswith("."))

    @pytest.mark.parametrize("windows", ["overlapping", "whole_text"])
    def test_a_text_is_the_mean_of_its_sentences(
        self, pipeline: Make, oracle: Callable[..., Oracle], windows: str
    ) -> None:
        config = {**selection("mutual_pair"), "level": "sentence"}
        doc = pipeline(config, spans_of(windows))(self.TEXT)
        expected = oracle(self.TEXT, windows)
        vectors = []
        for sent in doc.sents:
            pair = expected.pair([0.34, 0.5], sent.start, sent.end)
            assert pair_of(sent) == pair
            vectors.append(expected.change[[expected.tokens.index(token) for token in pair]].sum(axis=0))
            np.testing.assert_allclose(sent._.trend_vector, vectors[-1], **NEAR)
        assert len(vectors) > 4
        np.testing.assert_allclose(doc._.trend_vector, np.mean(vectors, axis=0), **NEAR)
        assert pair_of(doc) == [-1, -1]

    def test_a_text_of_attended_words_is_too(self, pipeline: Make) -> None:
        doc = pipeline({**selection("attended_words"), "level": "sentence"})(self.TEXT)
        vectors = [sent._.trend_vector for sent in doc.sents]
        np.testing.assert_allclose(doc._.trend_vector, np.mean(vectors, axis=0), **NEAR)


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words", "dependency_pair"])
@pytest.mark.slow
def test_stored_docs_keep_what_spans_are_computed_from(pipeline: Make, name: str) -> None:
    nlp = pipeline(selection(name))
    if name == "dependency_pair":
        docs = [run(nlp, parsed(nlp, tree)) for tree in TREES]
    else:
        docs = [nlp(text) for text in [*TEXTS, LONG]]
    for doc in docs:
        doc._.trf_data = None
    stored = DocBin(store_user_data=True, docs=docs).to_bytes()
    for doc, other in zip(docs, DocBin().from_bytes(stored).get_docs(nlp.vocab), strict=True):
        assert_same(other, doc)
    for doc in docs:
        assert_same(Doc(nlp.vocab).from_bytes(doc.to_bytes()), doc)


@pytest.mark.parametrize("name", ["mutual_pair", "attended_words"])
@pytest.mark.slow
def test_a_saved_pipeline_gives_the_same(
    make_nlp: Make, tiny_encoder: Path, tmp_path: Path, name: str
) -> None:
    setting = {"layers": [0.5, -2]} if name == "mutual_pair" else {"layer": 0.5}
    nlp = make_nlp(tiny_encoder, selection(name, **setting), OVERLAPPING)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.get_pipe("trend_vector").select == nlp.get_pipe("trend_vector").select
    assert repr(loaded.get_pipe("trend_vector").select) == repr(nlp.get_pipe("trend_vector").select)
    for text in [*TEXTS, LONG]:
        assert_same(loaded(text), nlp(text))


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("attended_words", {"layer": 2}, "layer=2 is out of range: the encoder .* has 2 layers"),
        ("attended_words", {"layer": -3}, "layer=-3 is out of range: the encoder .* has 2 layers"),
        ("attended_words", {"layer": 1.5}, "attended_words: layer=1.5 is out of range"),
        ("mutual_pair", {"layers": [0, 2]}, "layer=2 is out of range: the encoder .* has 2 layers"),
        ("mutual_pair", {"layers": [-3]}, "layer=-3 is out of range: the encoder .* has 2 layers"),
        ("mutual_pair", {"layers": [1.5]}, "mutual_pair: layer=1.5 is out of range"),
        ("mutual_pair", {"layers": []}, r"mutual_pair: layers is empty"),
        ("dependency_pair", {"layers": [5]}, "layer=5 is out of range: the encoder .* has 2 layers"),
    ],
)
def test_a_layer_that_the_encoder_lacks_is_refused_when_the_pipeline_is_made(
    shared_nlp: Make, name: str, setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        shared_nlp(selection(name, **setting))


@pytest.mark.parametrize(
    ("change", "width"),
    [({"@misc": "spacy-trend.static_and_contextual.v1"}, 64), ({"@misc": "spacy-trend.signed_log.v1"}, 32)],
)
def test_other_changes_give_vectors_of_their_width(
    shared_nlp: Make, change: dict[str, Any], width: int
) -> None:
    nlp = shared_nlp({**selection("mutual_pair"), "change": change})
    for text in "I want an apple.", "", "?!":
        doc = nlp(text)
        assert doc._.trend_vector.shape == (width,)
        assert all(token._.trend_vector.shape == (width,) for token in doc)
        words = [token for token in (doc._.trend_focus, doc._.trend_related) if token is not None]
        summed = np.sum([np.zeros(width), *(word._.trend_vector for word in words)], axis=0)
        np.testing.assert_allclose(doc._.trend_vector, summed, **NEAR)


def test_one_transformer_serves_selections_that_read_different_things(
    make_nlp: Make, tiny_encoder: Path
) -> None:
    configs = [
        selection("mutual_pair", layers=[0]),
        selection("mutual_pair", layers=[1]),
        selection("attended_words"),
    ]
    alone = [make_nlp(tiny_encoder, config, OVERLAPPING)(LONG) for config in configs]
    nlp = make_nlp(tiny_encoder, None, OVERLAPPING)
    for number, config in enumerate(configs):
        nlp.add_pipe("trend_vector", f"trend_{number}", config=config)
    transformed = nlp(LONG, disable=nlp.pipe_names[2:])
    for number, expected in enumerate(alone):
        nlp.get_pipe(f"trend_{number}")(transformed)
        assert_same(transformed, expected)
    assert list(transformed._.trf_data.model_output) == list(alone[0]._.trf_data.model_output)
