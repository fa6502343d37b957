"""The corpus with vectors, by `spacy train` on the project's own configs and a small corpus."""

import gc
import weakref
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin
from spacy.util import ignore_error

from spacy_trend.training import enable_components, vector_corpus
from tests.support.training_corpora import (
    DEV,
    TRAIN,
    config_file,
    overrides_for,
    pipeline,
    texts_of,
)

CONFIGS = Path(__file__).parent.parent / "configs"
READER = "spacy-trend.VectorCorpus.v1"
CALLBACK = {"@callbacks": "spacy-trend.enable_components.v1"}
#: Vectors of the same encoder, once in one batch and once in another.
NOISE = 1e-4


class TestReader:
    def test_gives_the_vectors_of_the_pipeline(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        examples = list(vector_corpus(corpus / "train.spacy")(nlp))
        assert [example.reference.text for example in examples] == texts_of(TRAIN)
        assert [example.reference.cats["fruit"] for example in examples] == [1.0] * 5 + [0.0] * 5
        assert nlp.pipe_names == []
        assert enable_components()(nlp) is nlp
        assert nlp.pipe_names == ["transformer", "trend_vector"]
        for example in examples:
            doc = nlp(example.reference.text)
            np.testing.assert_allclose(example.predicted._.trend_vector, doc._.trend_vector, atol=NOISE)
            assert example.predicted._.trend_focus.i == doc._.trend_focus.i
            assert example.predicted._.trf_data is None

    def test_reads_a_folder(self, tiny_encoder: Path, corpus: Path) -> None:
        examples = list(vector_corpus(str(corpus))(pipeline(tiny_encoder)))
        texts = [example.reference.text for example in examples]
        assert texts == texts_of(DEV) + texts_of(TRAIN)

    @pytest.mark.parametrize(("limit", "count"), [(0, 10), (1, 1), (3, 3), (99, 10)])
    def test_reads_no_more_than_the_limit(
        self, limit: int, count: int, seen: Counter[str], tiny_encoder: Path, corpus: Path
    ) -> None:
        examples = list(vector_corpus(corpus / "train.spacy", limit=limit)(pipeline(tiny_encoder)))
        assert len(examples) == seen.total() == count

    def test_reads_one_file_with_one_limit_and_then_another(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        counts = [len(list(vector_corpus(corpus / "train.spacy", limit=limit)(nlp))) for limit in (2, 5, 0)]
        assert counts == [2, 5, 10]

    def test_gives_every_pipeline_its_own_vectors(self, tiny_encoder: Path, corpus: Path) -> None:
        read = vector_corpus(corpus / "dev.spacy")
        narrow, wide = pipeline(tiny_encoder), pipeline(tiny_encoder, preset="classifier_wide")
        widths = [len(next(iter(read(nlp))).predicted._.trend_vector) for nlp in (narrow, wide, narrow)]
        assert widths == [32, 64, 32]

    def test_serves_a_loop_of_one_s_own(self, seen: Counter[str], tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        model = {"@architectures": "spacy-trend.TextCatTrendVector.v1"}
        nlp.add_pipe("textcat", config={"model": model})
        examples = list(vector_corpus(corpus / "train.spacy")(nlp))
        sgd = nlp.initialize(lambda: examples)
        sgd.learn_rate = 0.02
        losses: list[dict[str, float]] = []
        for _ in range(20):
            losses.append(nlp.update(examples, sgd=sgd, losses={}))
        assert losses[-1]["textcat"] < 0.5 * losses[0]["textcat"]
        assert seen == Counter(texts_of(TRAIN))
        assert all(example.predicted.cats == {} for example in examples)
        assert enable_components()(nlp)("I want an apple.").cats["fruit"] > 0.5

    def test_gives_the_vector_that_the_classifier_will_read(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder, preset="article")
        model = {"@architectures": "spacy-trend.TextCatTrendVector.v1"}
        nlp.add_pipe("textcat", config={"model": model})
        nlp.add_pipe("trend_vector", name="second", config={"preset": "related_pair"})
        names = ["transformer", "trend_vector"]
        (expected,) = list(vector_corpus(corpus / "dev.spacy", limit=1, components=names)(nlp))
        other = pipeline(tiny_encoder, preset="article")
        other.add_pipe("textcat", config={"model": model})
        other.add_pipe("trend_vector", name="second", config={"preset": "related_pair"})
        (found,) = list(vector_corpus(corpus / "dev.spacy", limit=1)(other))
        np.testing.assert_allclose(found.predicted._.trend_vector, expected.predicted._.trend_vector)

    def test_takes_a_pipeline_of_two_encoders(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        nlp.add_pipe("transformer", name="other", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector", name="second", config={"preset": "classifier_wide"})
        nlp.initialize()
        examples = list(vector_corpus(corpus / "dev.spacy")(nlp))
        assert all(example.predicted._.trend_vector.shape == (64,) for example in examples)

    def test_keeps_no_pipeline_alive(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        alive = weakref.ref(nlp)
        assert list(vector_corpus(corpus / "dev.spacy")(nlp))
        del nlp
        gc.collect()
        assert alive() is None

    def test_follows_a_trend_vector_that_was_replaced(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        read = vector_corpus(corpus / "dev.spacy")
        assert list(read(nlp))
        enable_components()(nlp)
        nlp.replace_pipe("trend_vector", "trend_vector", config={"preset": "classifier_wide"})
        assert len(next(iter(read(nlp))).predicted._.trend_vector) == 64

    def test_enables_the_components_of_a_pipeline_it_never_read(self, tiny_encoder: Path) -> None:
        nlp = pipeline(tiny_encoder)
        nlp.disable_pipe("trend_vector")
        assert enable_components()(nlp).disabled == ["trend_vector"]

    def test_runs_the_components_it_is_given(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder, level="sentence")
        nlp.add_pipe("sentencizer", first=True)
        nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "A", "pattern": "house"}])
        names = ["sentencizer", "transformer", "trend_vector"]
        examples = list(vector_corpus(corpus / "dev.spacy", components=names)(nlp))
        assert nlp.pipe_names == ["entity_ruler"]
        assert all(example.predicted.has_annotation("SENT_START") for example in examples)
        assert not any(example.predicted.ents for example in examples)
        assert examples[0].predicted._.trend_vector.shape == (32,)

    def test_runs_what_stands_before_the_vector_and_has_nothing_to_train(
        self, tiny_encoder: Path, corpus: Path
    ) -> None:
        nlp = pipeline(tiny_encoder)
        nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "A", "pattern": "house"}])
        nlp.add_pipe("tagger", first=True)
        nlp.add_pipe("sentencizer")
        examples = list(vector_corpus(corpus / "dev.spacy")(nlp))
        assert [len(example.predicted.ents) for example in examples] == [0, 0, 1, 0]
        assert nlp.pipe_names == ["tagger", "sentencizer"]

    def test_refuses_a_component_that_is_not_there(self, tiny_encoder: Path, corpus: Path) -> None:
        names = ["transformer", "no_such_component"]
        with pytest.raises(KeyError, match="no_such_component"):
            list(vector_corpus(corpus / "dev.spacy", components=names)(pipeline(tiny_encoder)))

    def test_runs_a_component_that_is_a_function(self, tiny_encoder: Path, corpus: Path) -> None:
        @Language.component("plain_function")
        def plain_function(doc: Doc) -> Doc:
            doc.user_data["seen"] = True
            return doc

        nlp = pipeline(tiny_encoder)
        nlp.add_pipe("plain_function", first=True)
        examples = list(vector_corpus(corpus / "dev.spacy")(nlp))
        assert all(example.predicted.user_data["seen"] for example in examples)

    def test_takes_the_doc_that_a_component_returns(self, tiny_encoder: Path, corpus: Path) -> None:
        @Language.factory("copier")
        class Copier:
            def __init__(self, nlp: Language, name: str) -> None:
                pass

            def __call__(self, doc: Doc) -> Doc:
                return doc.copy()

            def pipe(self, docs: Iterable[Doc], batch_size: int) -> Iterable[Doc]:
                return map(self, docs)

        nlp = pipeline(tiny_encoder)
        nlp.add_pipe("copier", first=True)
        examples = list(vector_corpus(corpus / "dev.spacy")(nlp))
        assert all(example.predicted._.trend_vector is not None for example in examples)

    def test_refuses_a_doc_that_the_trend_vector_refuses(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder, level="sentence")
        with pytest.raises(ValueError, match="sentence"):
            list(vector_corpus(corpus / "dev.spacy")(nlp))
        nlp = pipeline(tiny_encoder, level="sentence")
        nlp.set_error_handler(ignore_error)
        with pytest.raises(ValueError, match=r"gave 0 docs for 4 texts.*error handler"):
            list(vector_corpus(corpus / "dev.spacy")(nlp))

    def test_refuses_a_pipeline_without_a_trend_vector(self, corpus: Path) -> None:
        with pytest.raises(ValueError, match=r"needs a trend vector: got the components \[\]\."):
            list(vector_corpus(corpus / "dev.spacy")(spacy.blank("en")))

    def test_says_that_a_trend_vector_is_of_another_pipeline(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        source = pipeline(tiny_encoder)
        source.initialize()
        source.to_disk(tmp_path / "source")
        config = config_file(tmp_path, {"components.trend_vector": {"source": str(tmp_path / "source")}})
        overrides = overrides_for(tiny_encoder, corpus)
        with pytest.raises(ValueError, match="transformer"):
            train(config, tmp_path / "out", overrides=overrides)

    def test_stops_if_there_is_no_corpus(self, tiny_encoder: Path, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            list(vector_corpus(tmp_path / "none.spacy")(pipeline(tiny_encoder)))


def write_with_vectors(path: Path, nlp: Language, texts: list[str]) -> Path:
    docs = list(nlp.pipe(texts))
    for doc in docs:
        doc._.trf_data = None
    DocBin(docs=docs, store_user_data=True).to_disk(path / "texts.spacy")
    return path / "texts.spacy"


class TestStoredVectors:
    @pytest.fixture
    def stored(self, tiny: Language, tmp_path: Path) -> Path:
        """Texts with vectors of the preset `article`."""
        return write_with_vectors(tmp_path, tiny, ["I want an apple.", "She sold the old house."])

    def test_are_taken_as_they_are(self, stored: Path, tiny_encoder: Path, seen: Counter[str]) -> None:
        nlp = pipeline(tiny_encoder, preset="article")
        examples = list(vector_corpus(stored)(nlp))
        assert seen == {"I want an apple.": 1}, "one is made again, to compare"
        for example in examples:
            expected = example.reference._.trend_vector
            np.testing.assert_array_equal(example.predicted._.trend_vector, expected)
            assert example.predicted[:2]._.trend_vector.shape == (32,)

    def test_are_computed_only_if_they_lack(
        self, tiny: Language, tiny_encoder: Path, seen: Counter[str], tmp_path: Path
    ) -> None:
        docs = [tiny("I want an apple."), tiny.make_doc("She sold the old house.")]
        docs[0]._.trf_data = None
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "texts.spacy")
        seen.clear()
        examples = list(vector_corpus(tmp_path / "texts.spacy")(pipeline(tiny_encoder, preset="article")))
        assert seen == {"I want an apple.": 1, "She sold the old house.": 1}
        assert all(example.predicted._.trend_vector.shape == (32,) for example in examples)

    @pytest.mark.parametrize(
        "settings",
        [
            {"preset": "classifier_wide"},
            {"preset": "classifier"},
            {"preset": "article", "select": {"layer": 1}},
            {"change": {"@misc": "spacy-trend.static_and_contextual.v1"}, "preset": "article"},
        ],
    )
    def test_of_other_settings_are_refused(
        self, settings: dict[str, Any], stored: Path, tiny_encoder: Path
    ) -> None:
        message = (
            r"The doc 'I want an apple\.' was written with a vector of other settings or another encoder: "
            r"got width 32 and .* expected width \d+ and .* Write the corpus again, or without"
        )
        with pytest.raises(ValueError, match=message):
            list(vector_corpus(stored)(pipeline(tiny_encoder, **settings)))

    def test_of_another_change_are_refused(self, stored: Path, tiny_encoder: Path) -> None:
        nlp = pipeline(tiny_encoder, preset="related_pair")
        with pytest.raises(ValueError, match="of other settings"):
            list(vector_corpus(stored)(nlp))

    def test_of_other_tokens_are_refused_when_they_are_read(
        self, tiny: Language, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        doc = tiny.make_doc("She sold the old house.")
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[2:5])
        doc = tiny(doc)
        doc._.trf_data = None
        DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "texts.spacy")
        with pytest.raises(ValueError, match="tokens"):
            list(vector_corpus(tmp_path / "texts.spacy")(pipeline(tiny_encoder, preset="article")))
