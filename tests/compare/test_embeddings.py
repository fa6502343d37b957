"""Pooled embeddings against plain forward passes, and embeddings of texts against other pipelines."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.vocab import Vocab
from transformers import AutoModel, AutoTokenizer

from spacy_trend.alignment.trf_data import columns_of
from spacy_trend.compare.embeddings import (
    CLS,
    MEAN_POOLING,
    RANDOM_PAIR,
    UPPER_HALF_MEAN,
    WORD_VECTORS,
    embed_texts,
    mean_of_layers,
    mean_of_word_vectors,
    pooled_embeddings,
)
from spacy_trend.component.presets import PRESETS
from spacy_trend.types import Floats
from tests.support.curated import curated_bert, encoder_of, run_window
from tests.support.encoders import save_bert
from tests.support.pipelines import make_pipeline

NAMES = [CLS, MEAN_POOLING, "first-last mean", "both means side by side", "mean of static"]
#: What of every encoder is embedded, with the presets.
ALWAYS = {*NAMES, UPPER_HALF_MEAN, RANDOM_PAIR}
WIDE = {"both means side by side", "classifier_wide"}
LONG = " ".join(f"The {number} old ships unexpectedly sailed past house {number}." for number in range(12))
TEXTS = ["I want an apple.", LONG, "Stop!", "?! ...", "She sold the unbelievably old house.", " ", "!!!"]
SHORT_WINDOWS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 16, "stride": 10}
SENTENCES = {"@span_getters": "spacy-transformers.sent_spans.v1"}
#: The change of the article amplifies the noise between one forward pass and another.
LOGARITHMS = {"article"}


def near(one: Any, other: Any, noise: float = 1e-5) -> None:
    assert np.shape(one) == np.shape(other)
    np.testing.assert_allclose(one, other, rtol=noise, atol=noise)


def windows_of(text: str, nlp: Language, window: int, stride: int) -> list[str]:
    """The texts of the windows over a text's tokens."""
    doc, start = nlp.make_doc(text), 0
    windows = []
    while start < len(doc):
        windows.append(doc[start : start + window].text)
        if start + window >= len(doc):
            break
        start += stride
    return windows


def pooled_by_hand(windows: list[str], encoder: Path) -> dict[str, Any]:
    """What Hugging Face's own classes give for each window by itself, without padding."""
    tokenizer, model = AutoTokenizer.from_pretrained(encoder), AutoModel.from_pretrained(encoder).eval()
    outputs = []
    for window in windows:
        with torch.no_grad():
            outputs.append(model(**tokenizer(window, return_tensors="pt"), output_hidden_states=True))
    last = torch.cat([output.last_hidden_state[0] for output in outputs]).numpy()
    first = torch.cat([output.hidden_states[0][0] for output in outputs]).numpy()
    cls = np.mean([output.last_hidden_state[0, 0].numpy() for output in outputs], axis=0)
    mean, static = last.mean(axis=0), first.mean(axis=0)
    both = (mean + static) / 2
    return dict(zip(NAMES, [cls, mean, both, np.concatenate([mean, both]), static], strict=True))


def pooled(nlp: Language, texts: list[str]) -> list[dict[str, Floats]]:
    """The pooled embeddings of all texts in one batch of a pipeline without a trend vector."""
    component: Any = nlp.create_pipe("trend_vector")
    docs = nlp.pipe(texts, batch_size=len(texts))
    columns = columns_of(component.encoder)
    return [pooled_embeddings(doc, component.encoder, columns) for doc in docs]


@pytest.fixture(scope="module")
def deep_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random BERT of four layers, whose upper half is not the last layer alone."""
    return save_bert(tmp_path_factory.mktemp("deep-bert"), num_hidden_layers=4)


class TestPooledEmbeddings:
    @pytest.mark.parametrize(
        ("spans", "window", "stride"), [(None, 128, 96), (SHORT_WINDOWS, 16, 10)], ids=["128", "16"]
    )
    def test_are_what_plain_forward_passes_give(
        self,
        shared_nlp: Callable[..., Language],
        tiny_encoder: Path,
        spans: dict[str, Any] | None,
        window: int,
        stride: int,
    ) -> None:
        nlp = shared_nlp(None, *([spans] if spans else []))
        for text, found in zip(TEXTS, pooled(nlp, TEXTS), strict=True):
            expected = pooled_by_hand(windows_of(text, nlp, window, stride), tiny_encoder)
            assert list(found) == NAMES
            for name in NAMES:
                assert found[name].dtype == np.float32
                near(found[name], expected[name])

    def test_are_over_the_windows_of_sentences(
        self, shared_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = shared_nlp(None, SENTENCES)
        found = pooled(nlp, ["I want an apple. She sold the old house in the village! No.", "Stop!"])
        sentences = ["I want an apple.", "She sold the old house in the village!", "No."]
        for name, expected in pooled_by_hand(sentences, tiny_encoder).items():
            near(found[0][name], expected)

    def test_of_a_text_do_not_depend_on_those_beside_it(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None, SHORT_WINDOWS)
        together = pooled(nlp, TEXTS)
        for text, found in zip(TEXTS, together, strict=True):
            for name, vector in pooled(nlp, [text])[0].items():
                near(found[name], vector)

    def test_of_a_doc_without_tokens_are_zeros(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None)
        for found in pooled(nlp, ["", "Stop!", ""])[::2] + pooled(nlp, [""]):
            assert list(found) == NAMES
            for name, vector in found.items():
                assert (vector.dtype, vector.shape) == (np.float32, (64 if name in WIDE else 32,))
                assert not vector.any()

    def test_are_no_views_of_the_output(self, make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
        nlp = make_nlp(tiny_encoder, None)
        component: Any = nlp.create_pipe("trend_vector")
        doc = nlp("Stop!")
        columns = columns_of(component.encoder)
        for vector in pooled_embeddings(doc, component.encoder, columns).values():
            vector += 1
        again = pooled_embeddings(doc, component.encoder, columns)
        for name, expected in pooled_by_hand(["Stop!"], tiny_encoder).items():
            near(again[name], expected)

    def test_need_a_transformer_that_ran(self, make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
        nlp = make_nlp(tiny_encoder, None)
        component: Any = nlp.create_pipe("trend_vector")
        with pytest.raises(ValueError, match=r"The doc 'Stop!' has no transformer output"):
            pooled_embeddings(nlp.make_doc("Stop!"), component.encoder, columns_of(component.encoder))

    def test_are_read_before_a_trend_vector(self, tiny: Language) -> None:
        encoder: Any = tiny.get_pipe("trend_vector").encoder
        with pytest.raises(ValueError, match=r"The transformer of the doc 'Stop!' was not observed"):
            pooled_embeddings(tiny("Stop!"), encoder, columns_of(encoder))

    @pytest.mark.parametrize("spans", [{}, {"window": 16, "stride": 10}], ids=["128", "16"])
    def test_of_a_curated_transformer_are_over_its_pieces(
        self, tiny_encoder: Path, spans: dict[str, int]
    ) -> None:
        pytest.importorskip("spacy_curated_transformers")

        nlp = curated_bert(tiny_encoder, None, spans=spans)
        texts = [text for text in TEXTS if text.strip()]
        found = pooled(nlp, ["", *texts])
        assert not any(vector.any() for vector in found[0].values())
        piece_encoder = nlp.get_pipe("transformer").model.get_ref("piece_encoder")
        for text, embeddings in zip(texts, found[1:], strict=True):
            pieces = piece_encoder.predict([nlp.make_doc(text)])[0].dataXd
            of_pieces: list[list[Any]] = [[] for _ in pieces]
            for start in range(0, len(pieces), spans.get("stride", 96)):
                window = pieces[start : start + spans.get("window", 128)]
                static, contextual, _ = run_window(encoder_of(nlp), window)
                for position in range(len(window)):
                    of_pieces[start + position].append((static[position], contextual[position]))
            # A piece in two windows counts once; special tokens, the first and the last, are not handed on.
            rows = np.array([np.mean(both, axis=0) for both in of_pieces[1:-1]])
            static, mean = rows.mean(axis=0)
            assert list(embeddings) == NAMES[1:]
            near(embeddings[MEAN_POOLING], mean)
            near(embeddings["mean of static"], static)
            near(embeddings["first-last mean"], (mean + static) / 2)
            near(embeddings["both means side by side"], np.concatenate([mean, (mean + static) / 2]))


class TestMeanOfLayers:
    def test_is_over_all_positions_of_all_windows(self, deep_encoder: Path) -> None:
        nlp = make_pipeline(deep_encoder, None, SHORT_WINDOWS)
        component: Any = nlp.create_pipe("trend_vector", config={"contextual_layers": "upper_half"})
        columns = columns_of(component.encoder)
        tokenizer = AutoTokenizer.from_pretrained(deep_encoder)
        model = AutoModel.from_pretrained(deep_encoder).eval()
        for doc in list(nlp.pipe(TEXTS)):
            rows = []
            for window in windows_of(doc.text, nlp, 16, 10):
                with torch.no_grad():
                    states = model(**tokenizer(window, return_tensors="pt"), output_hidden_states=True)[2]
                # Of four layers, the third and the fourth; the first of the states is the embedding output.
                rows.append((states[3][0] + states[4][0]) / 2)
            found = mean_of_layers(doc, component.encoder, columns)
            assert found.dtype == np.float32
            near(found, torch.cat(rows).mean(axis=0).numpy())

    def test_is_zeros_for_a_doc_without_tokens(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None)
        component: Any = nlp.create_pipe("trend_vector")
        found = mean_of_layers(nlp(""), component.encoder, columns_of(component.encoder))
        assert found.tolist() == [0] * 32


class TestMeanOfWordVectors:
    @pytest.fixture
    def vocab(self) -> Vocab:
        nlp = spacy.blank("en")
        for word, vector in {"red": [1, 0], "apples": [3, 4], "!": [100, 100], " ": [100, 100]}.items():
            nlp.vocab.set_vector(word, np.array(vector, dtype=np.float32))
        return nlp.vocab

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("red apples", [2, 2]),
            ("red red apples !", [5 / 3, 4 / 3]),
            ("unknown  red", [1, 0]),
            ("unknown", [0, 0]),
            ("!", [0, 0]),
            ("", [0, 0]),
        ],
    )
    def test_is_of_words_that_have_one(self, vocab: Vocab, text: str, expected: list[float]) -> None:
        found = mean_of_word_vectors(English(vocab).make_doc(text))
        assert found.dtype == np.float32
        near(found, expected)

    def test_is_the_vocabs_whatever_hooks_answer(self, vocab: Vocab) -> None:
        doc = English(vocab).make_doc("red apples")
        doc.user_token_hooks["vector"] = doc.user_token_hooks["has_vector"] = pytest.fail
        near(mean_of_word_vectors(doc), [2, 2])


class TestEmbeddedTexts:
    def test_have_all_names_and_widths(self, shared_nlp: Callable[..., Language]) -> None:
        embedded = embed_texts(TEXTS, shared_nlp(None))
        assert set(embedded.by_name) == {*PRESETS, *ALWAYS}
        for name, vectors in embedded.by_name.items():
            assert vectors.dtype == np.float32
            assert vectors.shape == (len(TEXTS), 64 if name in WIDE else 32)
        assert embedded.encoder.startswith("BertModel")

    @pytest.mark.parametrize("preset", PRESETS)
    def test_have_the_vectors_of_a_pipeline_with_the_preset(
        self, shared_nlp: Callable[..., Language], preset: str
    ) -> None:
        embedded = embed_texts(TEXTS, shared_nlp(None, SHORT_WINDOWS)).by_name[preset]
        nlp = shared_nlp({"preset": preset}, SHORT_WINDOWS)
        expected = np.array([doc._.trend_vector for doc in nlp.pipe(TEXTS)])
        assert expected[0].any()
        near(embedded, expected, 1e-2 if preset in LOGARITHMS else 1e-5)

    def test_average_the_layers_of_each_preset(self, deep_encoder: Path) -> None:
        embedded = embed_texts(TEXTS, make_pipeline(deep_encoder, None)).by_name
        for preset in "classifier", "classifier_wide", "similarity":
            nlp = make_pipeline(deep_encoder, {"preset": preset})
            near(embedded[preset], [doc._.trend_vector for doc in nlp.pipe(TEXTS)])
        # The settings of these two differ in the layers alone.
        assert not np.allclose(embedded["classifier"], embedded["similarity"], atol=1e-2)
        assert not np.allclose(embedded[UPPER_HALF_MEAN], embedded[MEAN_POOLING], atol=1e-2)

    def test_have_the_mean_of_word_vectors_if_the_vocab_has_some(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, {"vector_hooks": True})
        nlp.vocab.set_vector("apple", np.array([1, 2, 3], dtype=np.float32))
        embedded = embed_texts(["an apple.", "a pear"], nlp).by_name
        assert set(embedded) == {*PRESETS, *ALWAYS, WORD_VECTORS, "pipeline's trend_vector"}
        assert embedded[WORD_VECTORS].tolist() == [[1, 2, 3], [0, 0, 0]]

    def test_have_the_pooled_embeddings(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None)
        embedded = embed_texts(TEXTS, nlp).by_name
        for text, found in enumerate(pooled(nlp, TEXTS)):
            for name, vector in found.items():
                near(embedded[name][text], vector)

    def test_keep_their_order_over_many_batches(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None)
        texts = [f"Ship {number} sailed{' far' * (number % 7)}." for number in range(300)]
        embedded = embed_texts(texts, nlp).by_name
        backwards = embed_texts(texts[::-1], nlp).by_name
        for name in set(embedded) - LOGARITHMS - {RANDOM_PAIR}:
            near(embedded[name], backwards[name][::-1])

    def test_without_a_word_are_zeros(self, shared_nlp: Callable[..., Language]) -> None:
        embedded = embed_texts(["!!!", "Two words", "", " \n"], shared_nlp(None)).by_name
        for name in [*PRESETS, RANDOM_PAIR]:
            assert embedded[name][1].any()
            assert not embedded[name][[0, 2, 3]].any()
        for name in [*NAMES, UPPER_HALF_MEAN]:
            assert embedded[name][[0, 3]].any(axis=1).all()
            assert not embedded[name][2].any()

    def test_may_be_one_text_or_all_without_words(self, shared_nlp: Callable[..., Language]) -> None:
        embedded = embed_texts(["!!!"], shared_nlp(None)).by_name
        assert {len(vectors) for vectors in embedded.values()} == {1}

    def test_have_a_control_that_its_seed_makes(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp(None)
        first, again, other = (embed_texts(TEXTS, nlp, seed=seed).by_name for seed in (5, 5, 6))
        for name, vectors in first.items():
            near(again[name], vectors, 1e-6)
        assert not np.allclose(first[RANDOM_PAIR], other[RANDOM_PAIR], atol=1e-3)

    def test_have_a_control_of_two_words_trends(self, shared_nlp: Callable[..., Language]) -> None:
        texts = ["I want an apple.", "Stop!", "Two words"]
        embedded = embed_texts(texts, shared_nlp(None)).by_name
        docs = list(shared_nlp({}).pipe(texts))
        words = [token._.trend_vector for token in docs[0] if not token.is_punct]
        pairs = np.array([one + other for n, one in enumerate(words) for other in words[:n]])
        assert np.abs(pairs - embedded[RANDOM_PAIR][0]).max(axis=1).min() < 1e-2
        # Of one word or two there is nothing to choose.
        near(embedded[RANDOM_PAIR][1:], [doc._.trend_vector for doc in docs[1:]], 1e-2)
        near(embedded[RANDOM_PAIR][1:], embedded["article"][1:])

    def test_keep_the_pipelines_own_trend_vector(self, shared_nlp: Callable[..., Language]) -> None:
        nlp = shared_nlp({"preset": "similarity", "vector_hooks": True})
        embedded = embed_texts(TEXTS, nlp).by_name
        assert set(embedded) == {*PRESETS, *ALWAYS, "pipeline's trend_vector"}
        near(embedded["pipeline's trend_vector"], embedded["similarity"])
        without = embed_texts(TEXTS, shared_nlp(None)).by_name
        for name in set(without) - LOGARITHMS - {RANDOM_PAIR}:
            near(embedded[name], without[name])

    def test_name_the_pipelines_own_by_its_name(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.add_pipe("trend_vector", name="first", config={"preset": "similarity"})
        nlp.add_pipe("trend_vector", name="last", config={"preset": "related_pair"})
        embedded = embed_texts(TEXTS, nlp).by_name
        assert "pipeline's first" not in embedded
        near(embedded["pipeline's last"], embedded["related_pair"])

    @pytest.mark.parametrize("config", [None, {}, {"preset": "similarity", "vector_hooks": True}])
    def test_leave_the_pipeline_as_it_was(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path, config: dict[str, Any] | None
    ) -> None:
        nlp = make_nlp(tiny_encoder, config)
        names = list(nlp.component_names)

        def vectors() -> list[Any]:
            docs = nlp.pipe(["I want an apple.", "Stop!"])
            name = "trend_vector" if config is not None else "trf_data"
            own = [doc._.get(name) for doc in docs]
            return own if config is not None else [data.model_output.last_hidden_state for data in own]

        before = vectors()
        embed_texts(TEXTS, nlp)
        assert nlp.component_names == names
        for own, vector in zip(vectors(), before, strict=True):
            np.testing.assert_array_equal(own, vector)
        doc = nlp("Stop!")
        assert not [field for field in doc._.trf_data.model_output if field.startswith("observed")]

    @pytest.mark.parametrize(
        "config",
        [None, {}, {"preset": "related_pair", "vector_hooks": True}],
    )
    def test_leave_the_pipelines_config_as_it_was(
        self,
        make_nlp: Callable[..., Language],
        tiny_encoder: Path,
        tmp_path: Path,
        config: dict[str, Any] | None,
    ) -> None:
        nlp = make_nlp(tiny_encoder, config)
        settings = nlp.config.to_str()
        embed_texts(["Stop!"], nlp)
        assert nlp.config.to_str() == settings
        nlp.to_disk(tmp_path)
        assert spacy.load(tmp_path).config.to_str() == settings

    def test_leave_no_request_behind(self, make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
        nlp = make_nlp(tiny_encoder, None)
        component: Any = nlp.create_pipe("trend_vector")
        embed_texts(["Stop!"], nlp)
        gc.collect()
        (shim,) = nlp.get_pipe("transformer").model.layers[0].shims
        assert set(shim.requests) == {component.encoder.key}

    def test_do_not_take_the_record_of_a_disabled_trend_vector(self, tiny: Language) -> None:
        tiny.disable_pipe("trend_vector")
        assert "pipeline's trend_vector" not in embed_texts(TEXTS, tiny).by_name

    def test_of_a_curated_transformer_have_no_first_position(self, tiny_encoder: Path) -> None:
        pytest.importorskip("spacy_curated_transformers")

        texts = ["I want an apple.", "Stop!", "!!!", "She sold the old house."]
        embedded = embed_texts(texts, curated_bert(tiny_encoder, None)).by_name
        assert set(embedded) == {*PRESETS, *ALWAYS} - {CLS}
        expected = curated_bert(tiny_encoder, {"preset": "similarity"})
        near(embedded["similarity"], [doc._.trend_vector for doc in expected.pipe(texts)])

    def test_need_a_transformer(self) -> None:
        message = r"There is no transformer for 'trend_vector' to read: got the components \[\]"
        with pytest.raises(ValueError, match=message):
            embed_texts(TEXTS, spacy.blank("en"))

    @pytest.mark.parametrize(
        "lost",
        [
            "Stop!",
            "",
        ],
    )
    def test_that_the_pipeline_lost_are_missed(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path, lost: str
    ) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.add_pipe("spacy_trend_tests_refusing", config={"lost": lost}, first=True)
        nlp.set_error_handler(lambda name, component, docs, error: None)
        message = r"The pipeline gave \d docs for 3 texts\. Expected one for each: take out the error handler"
        with pytest.raises(ValueError, match=message):
            embed_texts(["I want an apple.", "Stop!", "Two words"], nlp)

    def test_that_are_refused_say_why(self, make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.add_pipe("doc_cleaner")
        with pytest.raises(ValueError, match=r"The doc 'Stop!' has no transformer output"):
            embed_texts(["Stop!"], nlp)


@Language.factory("spacy_trend_tests_refusing")
def make_refusing(nlp: Language, name: str, lost: str) -> Callable[[Doc], Doc]:
    def refuse(doc: Doc) -> Doc:
        if lost in doc.text:
            raise ValueError("refused")
        return doc

    return refuse
