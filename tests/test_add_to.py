"""An encoder and a trend vector for a pipeline that has no transformer."""

import pickle
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

import spacy_trend
from spacy_trend import add_to, from_encoder
from spacy_trend.pipelines import transformer_pipeline

TEXT = "She sold the old house in Berlin."
LISTENER = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}


def rules(lang: str = "en") -> Language:
    """A pipeline of rules alone."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Berlin"}])
    return nlp


def listening(nlp: Language, name: str = "tagger") -> Language:
    """The pipeline with a component that was made to read a transformer."""
    model = {
        "@architectures": "spacy.Tagger.v2",
        "tok2vec": {**LISTENER, "pooling": {"@layers": "reduce_mean.v1"}},
    }
    nlp.add_pipe("tagger", name=name, config={"model": model})
    return nlp


class TestAddTo:
    def test_puts_the_encoder_first_and_the_vector_last(self, tiny_encoder: Path) -> None:
        nlp = rules()
        assert add_to(nlp, tiny_encoder, preset="classifier", level="sentence") is nlp
        assert nlp.pipe_names == ["transformer", "sentencizer", "entity_ruler", "trend_vector"]
        config = nlp.get_pipe_config("trend_vector")
        assert (config["preset"], config["level"]) == ("classifier", "sentence")
        doc = nlp(TEXT)
        assert doc._.trend_vector.shape == (32,)
        assert [ent.text for ent in doc.ents] == ["Berlin"]

    def test_gives_the_vectors_of_the_encoder_alone(self, tiny_encoder: Path) -> None:
        doc = add_to(rules(), str(tiny_encoder), preset="similarity")(TEXT)
        alone = from_encoder(tiny_encoder, config={"preset": "similarity"})(TEXT)
        np.testing.assert_allclose(doc._.trend_vector, alone._.trend_vector, atol=2e-5)

    def test_takes_the_bundled_encoder_and_the_articles_settings_unless_others_are_given(self) -> None:
        nlp = add_to(spacy.blank("en"))
        assert nlp(TEXT)._.trend_vector.shape == (384,)
        assert nlp.get_pipe_config("trend_vector")["preset"] == "article"

    @pytest.mark.parametrize("lang", ["fr", "de"])
    def test_says_that_the_bundled_encoder_is_not_made_for_a_language(self, lang: str) -> None:
        nlp = rules(lang)
        message = (
            rf"made for English, but the pipeline's language is '{lang}'.*encoder='intfloat/multilingual"
        )
        with pytest.warns(UserWarning, match=message):
            add_to(nlp)
        assert nlp(TEXT)._.trend_vector.any()

    def test_says_nothing_of_the_language_if_an_encoder_is_named(self, tiny_encoder: Path) -> None:
        nlp = add_to(rules("fr"), tiny_encoder)
        doc = nlp("L'aîné n'a pas vu le chat, qu'il cherchait.")
        assert [token.text for token in doc][:4] == ["L'", "aîné", "n'", "a"]
        assert doc[0]._.trend_attention is not None

    def test_comes_after_components_that_merge_tokens(self, tiny_encoder: Path) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("entity_ruler").add_patterns([{"label": "THING", "pattern": "old house"}])
        nlp.add_pipe("merge_entities")
        nlp.add_pipe("sentencizer")
        add_to(nlp, tiny_encoder)
        expected = ["entity_ruler", "merge_entities", "transformer", "sentencizer", "trend_vector"]
        assert nlp.pipe_names == expected
        doc = nlp(TEXT)
        assert doc[3].text == "old house"
        assert doc._.trend_vector.any()

    def test_leaves_names_to_components_that_have_them(self, tiny_encoder: Path) -> None:
        nlp = spacy.blank("en")
        for name in "transformer", "transformer_2", "trend_vector":
            nlp.add_pipe("sentencizer", name=name)
        nlp.disable_pipe("transformer_2")
        add_to(nlp, tiny_encoder)
        assert nlp.pipe_names == ["transformer_3", "transformer", "trend_vector", "trend_vector_2"]
        assert nlp(TEXT)._.trend_vector.any()

    def test_is_saved_loaded_and_pickled(self, tiny_encoder: Path, tmp_path: Path) -> None:
        nlp = add_to(rules(), tiny_encoder, preset="classifier")
        expected = nlp(TEXT)._.trend_vector
        nlp.to_disk(tmp_path)
        for again in spacy.load(tmp_path), pickle.loads(pickle.dumps(nlp)):
            assert again.pipe_names == nlp.pipe_names
            np.testing.assert_allclose(again(TEXT)._.trend_vector, expected, atol=2e-5)
            assert [ent.text for ent in again(TEXT).ents] == ["Berlin"]

    def test_makes_what_other_functions_know(self, tiny_encoder: Path) -> None:
        nlp = add_to(rules(), tiny_encoder)
        spacy_trend.observe(nlp)
        assert nlp.analyze_pipes()["problems"]["trend_vector"] == []


class TestItRefuses:
    def test_a_pipeline_that_it_was_called_for(self, tiny_encoder: Path) -> None:
        nlp = add_to(rules(), tiny_encoder)
        names = nlp.component_names
        for disabled in (), ("transformer", "trend_vector"):
            message = (
                r"has the transformer 'transformer' already\. Expected one without\. It has the trend vector "
                r"'trend_vector', too.*nlp\.remove_pipe\('trend_vector'\), then nlp\.add_pipe\('trend_vector'"
            )
            with nlp.select_pipes(disable=list(disabled)), pytest.raises(ValueError, match=message):
                add_to(nlp, tiny_encoder, preset="classifier")
        assert nlp.component_names == names

    def test_a_pipeline_with_a_transformer(self, tiny_encoder: Path) -> None:
        nlp = transformer_pipeline(tiny_encoder)
        message = r"'transformer' already.*Add the trend vector alone, which reads it: nlp\.add_pipe\('trend"
        with pytest.raises(ValueError, match=message):
            add_to(nlp)
        assert nlp.pipe_names == ["transformer"]

    def test_a_pipeline_with_a_trend_vector_alone(self, tiny: Language, tiny_encoder: Path) -> None:
        tiny.remove_pipe("transformer")
        message = (
            r"trend vector 'trend_vector' already, but no transformer.*remove_pipe\('trend_vector'\) first"
        )
        with pytest.raises(ValueError, match=message):
            add_to(tiny, tiny_encoder)
        tiny.remove_pipe("trend_vector")
        assert add_to(tiny, tiny_encoder)(TEXT)._.trend_vector.any()

    def test_components_that_were_trained_with_a_transformer(self, tiny_encoder: Path) -> None:
        nlp = listening(rules())
        message = (
            r"got the component 'tagger', which was trained with a transformer that is not in the pipeline"
            r".*without `exclude`.*nlp\.remove_pipe\('tagger'\) first"
        )
        with pytest.raises(ValueError, match=message):
            add_to(nlp, tiny_encoder)
        with pytest.raises(
            ValueError, match=r"The component 'tagger' was trained with one: do not exclude it"
        ):
            nlp.add_pipe("trend_vector")
        nlp.remove_pipe("tagger")
        assert add_to(nlp, tiny_encoder)(TEXT)._.trend_vector.any()

    @pytest.mark.parametrize(
        ("wrong", "error", "message"),
        [
            ({"preset": "no_such"}, ValueError, "preset='no_such' is unknown"),
            ({"no_such": 1}, ValueError, "no_such"),
            ({"preset": "classifier", "select": {"layer": 99}}, ValueError, "layer=99 is out of range"),
            ({"encoder": "/no/such/folder"}, FileNotFoundError, "There is no folder '/no/such/folder'"),
        ],
    )
    def test_what_is_wrong_and_leaves_the_pipeline_as_it_was(
        self, wrong: dict[str, Any], error: type[Exception], message: str, tiny_encoder: Path
    ) -> None:
        nlp = rules()
        before = nlp.config.to_str()
        with pytest.raises(error, match=message):
            add_to(nlp, **{"encoder": tiny_encoder, **wrong})
        assert nlp.component_names == ["sentencizer", "entity_ruler"]
        assert nlp.config.to_str() == before
        assert add_to(nlp, tiny_encoder)(TEXT)._.trend_vector.any()

    def test_an_encoder_that_cannot_be_loaded(self, tiny_encoder: Path, tmp_path: Path) -> None:
        nlp = rules()
        for file in tiny_encoder.glob("[!m]*"):
            copy(file, tmp_path)
        with pytest.raises(OSError, match=str(tmp_path)):
            add_to(nlp, tmp_path)
        assert nlp.component_names == ["sentencizer", "entity_ruler"]


class TestErrorsNameIt:
    def test_of_the_component(self) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        message = r"got the components \['sentencizer'\].*spacy_trend\.add_to\(nlp\).*--model FOLDER"
        with pytest.raises(ValueError, match=message):
            nlp.add_pipe("trend_vector")

    def test_of_a_transformer_without_weights(self, tiny_encoder: Path) -> None:
        nlp = rules()
        nlp.add_pipe("transformer", first=True, config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector")
        with pytest.raises(ValueError, match=r"no weights yet.*nlp\.remove_pipe.*add_to\(nlp, encoder="):
            nlp(TEXT)
        nlp.remove_pipe("trend_vector")
        nlp.remove_pipe("transformer")
        assert add_to(nlp, tiny_encoder)(TEXT)._.trend_vector.any()

    def test_unless_a_transformer_stands_too_late(self, tiny: Language) -> None:
        tiny.remove_pipe("trend_vector")
        tiny.add_pipe("trend_vector", before="transformer")
        message = r"Move it: nlp\.remove_pipe\('trend_vector'\), then .*after='transformer'\)\.$"
        with pytest.raises(ValueError, match=message):
            spacy_trend.observe(tiny)
