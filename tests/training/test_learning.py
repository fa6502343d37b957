"""The classifier on the trend vector learns, and knows the vector's width."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import ignore_error

from tests.support.classifiers import (
    ANNOTATES,
    CLASSIFIER,
    SUBJECTS,
    examples_of,
    pipeline_with,
    share_right,
    trained,
    trend_vector_config,
    update,
)

pytestmark = pytest.mark.slow

SPAWNED = """
import json
import multiprocessing
import sys

import spacy

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = ["I want an apple.", "", "She sold the old house.", "..."] * 3
    here = [doc.cats for doc in nlp.pipe(texts)]
    there = [doc.cats for doc in nlp.pipe(texts, n_process=2, batch_size=3)]
    print(json.dumps([here, there]))
"""


class TestLearning:
    @pytest.mark.parametrize(
        ("labels", "textcat", "hidden_width"),
        [
            (2, "textcat", None),
            (3, "textcat", 8),
            (4, "textcat_multilabel", None),
            (2, "textcat_multilabel", 8),
        ],
    )
    def test_a_classifier_learns_what_can_be_told_apart(
        self, labels: int, textcat: str, hidden_width: int | None, tiny_encoder: Path
    ) -> None:
        nlp = pipeline_with(tiny_encoder, textcat=textcat, model={"hidden_width": hidden_width})
        examples = examples_of(nlp, *list(SUBJECTS)[:labels])
        sgd = nlp.initialize(lambda: examples)
        encoder = [param.clone() for param in nlp.get_pipe("transformer").model.transformer.parameters()]
        losses = update(nlp, examples, sgd, 80, drop=0.1)
        assert losses[-1] < 0.3 * losses[0]
        assert share_right(nlp, examples) == 1
        cats = nlp("I want an apple.").cats
        assert all(0 <= score <= 1 for score in cats.values())
        if textcat == "textcat":
            assert sum(cats.values()) == pytest.approx(1, abs=1e-5)
        # And the encoder stays as it is.
        now = nlp.get_pipe("transformer").model.transformer.parameters()
        assert all(bool((one == other).all()) for one, other in zip(encoder, now, strict=True))

    def test_several_labels_of_a_text_are_learnt(self, tiny_encoder: Path) -> None:
        nlp = pipeline_with(tiny_encoder, textcat="textcat_multilabel")
        cats = [("It rains.", (1, 1)), ("I want an apple.", (0, 1)), ("He runs.", (1, 0)), ("No.", (0, 0))]
        examples = [
            Example.from_dict(nlp.make_doc(text), {"cats": {"a": float(a), "b": float(b)}})
            for text, (a, b) in cats
        ]
        update(nlp, examples, nlp.initialize(lambda: examples), 60)
        for text, expected in cats:
            found = nlp(text).cats
            assert (found["a"] > 0.5, found["b"] > 0.5) == expected

    def test_a_saved_pipeline_predicts_the_same_and_goes_on_learning(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        nlp = trained(tiny_encoder)
        nlp.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
        text = "She wants a house."
        # An older transformers reloads with another attention implementation.
        assert loaded(text).cats == pytest.approx(nlp(text).cats, abs=2e-5)
        examples = examples_of(loaded, "fruit", "house")
        losses = update(loaded, examples, loaded.resume_training(), 20)
        assert losses[-1] < 0.5 * losses[0]
        assert loaded(text).cats != nlp(text).cats

    def test_a_pipeline_in_bytes_predicts_the_same(self, tiny_encoder: Path) -> None:
        nlp = trained(tiny_encoder, model={"hidden_width": 4})
        other = pipeline_with(tiny_encoder, model={"hidden_width": 4}).from_bytes(nlp.to_bytes())
        assert other("She wants a house.").cats == pytest.approx(nlp("She wants a house.").cats, abs=2e-5)

    def test_training_without_annotating_components_is_refused(self, tiny_encoder: Path) -> None:
        nlp = pipeline_with(tiny_encoder)
        examples = examples_of(nlp, "fruit", "house")
        nlp.initialize(lambda: examples)
        with pytest.raises(
            ValueError, match=r"'I want an apple\.' has no .* training\.annotating_components"
        ):
            nlp.update(examples, exclude=["transformer"])

    def test_texts_without_words_are_scored(self, tiny_encoder: Path) -> None:
        nlp = trained(tiny_encoder)
        assert list(nlp.pipe([])) == []
        for texts in (["", "..."], [""], ["...", "I want an apple."]):
            for doc in nlp.pipe(texts):
                assert sorted(doc.cats) == ["fruit", "house"]
                assert np.isfinite(list(doc.cats.values())).all()

    def test_a_batch_of_texts_without_words_can_be_trained_on(self, tiny_encoder: Path) -> None:
        nlp = pipeline_with(tiny_encoder)
        examples = examples_of(nlp, "fruit", "house")
        sgd = nlp.initialize(lambda: examples)
        cats = {"cats": {"fruit": 1.0, "house": 0.0}}
        wordless = [Example.from_dict(nlp.make_doc(text), cats) for text in ("...", "", " ")]
        assert np.isfinite(update(nlp, wordless, sgd, 2)).all()
        assert np.isfinite(list(nlp("I want an apple.").cats.values())).all()

    def test_a_doc_that_was_refused_is_not_scored(self, tiny_encoder: Path) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("trend_vector", config={"level": "sentence"})
        nlp.add_pipe("textcat", config={"model": CLASSIFIER})
        examples = examples_of(nlp, "fruit", "house")
        nlp.initialize(lambda: examples)
        refused, taken = nlp.make_doc("I want an apple."), nlp.make_doc("She sold the old house.")
        for token in taken:
            token.is_sent_start = token.i == 0
        with pytest.raises(ValueError, match="sentence"):
            list(nlp.pipe([refused.copy(), taken.copy()]))
        nlp.set_error_handler(ignore_error)
        assert [doc.text for doc in nlp.pipe([refused, taken])] == [taken.text]
        assert set(taken.cats) == {"fruit", "house"}

    @pytest.mark.slow
    @pytest.mark.thorough
    def test_two_processes_score_the_same(self, tiny_encoder: Path, tmp_path: Path) -> None:
        trained(tiny_encoder).to_disk(tmp_path / "pipeline")
        script = tmp_path / "two.py"
        script.write_text(SPAWNED)
        # Not forked: a process in which torch has run with several threads hangs in its forks.
        command = [sys.executable, script, tmp_path / "pipeline"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
        here, there = json.loads(printed)
        assert len(here) == 12
        for one, other in zip(here, there, strict=True):
            assert other == pytest.approx(one, abs=1e-4)


class TestWidth:
    @pytest.mark.parametrize(("preset", "width"), [("article", 32), ("classifier_wide", 64)])
    def test_the_classifier_has_the_pipeline_s_width(
        self, preset: str, width: int, tiny_encoder: Path
    ) -> None:
        nlp = pipeline_with(tiny_encoder, preset=preset)
        examples = examples_of(nlp, "fruit", "house")
        nlp.initialize(lambda: examples)
        assert nlp.get_pipe("textcat").model.get_ref("features").get_dim("nO") == width

    def test_a_loaded_pipeline_with_another_preset_is_refused(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        trained(tiny_encoder).to_disk(tmp_path)
        config = {"components": {"trend_vector": {"preset": "classifier_wide"}}}
        message = r"the doc 'I want an apple\.' has width 64, but the classifier was made for 32\."
        with pytest.raises(ValueError, match=message):
            spacy.load(tmp_path, config=config)("I want an apple.")

    def test_another_preset_that_was_put_in_is_refused(self, tiny_encoder: Path) -> None:
        nlp = trained(tiny_encoder)
        nlp.replace_pipe("trend_vector", "trend_vector", config={"preset": "classifier_wide"})
        with pytest.raises(ValueError, match=r"has width 64, but the classifier was made for 32\."):
            nlp("I want an apple.")
        with pytest.raises(ValueError, match=r"of the pipeline has width 64, but .* was made for 32\."):
            nlp.get_pipe("trend_vector").initialize(lambda: [], nlp=nlp)

    def test_another_pipeline_s_classifier_is_refused_when_training_starts(
        self, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        trained(tiny_encoder).to_disk(tmp_path)
        config = trend_vector_config(tiny_encoder, "classifier_wide")
        config["components"]["textcat"] = {"source": str(tmp_path)}
        config["training"]["frozen_components"] = ["transformer", "textcat"]
        config["paths"]["train"] = config["paths"]["dev"] = str(tmp_path)
        with pytest.raises(ValueError, match=r"of the pipeline has width 64, but .* was made for 32\."):
            init_nlp(config)

    def test_a_classifier_before_the_trend_vector_does_not_know_the_width(self, tiny_encoder: Path) -> None:
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe("textcat", config={"model": CLASSIFIER})
        nlp.add_pipe("trend_vector")
        examples = examples_of(nlp, "fruit", "house")
        with pytest.raises(
            ValueError, match=r"is unknown: got no .* put 'trend_vector' before the classifier"
        ):
            nlp.initialize(lambda: examples)

    def test_two_trend_vectors_of_one_width_are_read(self, tiny_encoder: Path) -> None:
        nlp = pipeline_with(tiny_encoder, preset="article")
        nlp.add_pipe("trend_vector", name="second", config={"preset": "related_pair"}, before="textcat")
        examples = examples_of(nlp, "fruit", "house")
        nlp.initialize(lambda: examples)
        annotates = [*ANNOTATES, "second"]
        nlp.update(examples, annotates=annotates, exclude=["transformer"])
        assert sum(nlp("I want an apple.").cats.values()) == pytest.approx(1)

    @pytest.mark.parametrize("place", [{"before": "trend_vector"}, {"last": True}, {"before": "textcat"}])
    def test_the_trend_vector_right_before_the_classifier_says_the_width(
        self, place: dict[str, Any], tiny_encoder: Path
    ) -> None:
        nlp = pipeline_with(tiny_encoder, preset="article")
        nlp.add_pipe("trend_vector", name="wide", config={"preset": "classifier_wide"}, **place)
        examples = examples_of(nlp, "fruit", "house")
        nlp.initialize(lambda: examples)
        width = 64 if place == {"before": "textcat"} else 32
        assert nlp.get_pipe("textcat").model.get_ref("features").get_dim("nO") == width
        assert sum(nlp("I want an apple.").cats.values()) == pytest.approx(1)
