"""The comparison of sentence embeddings: in Python, as table, JSON and picture, and from the command line."""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

pytest.importorskip("sklearn")
pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

import spacy_trend.compare
from spacy_trend.compare import compare
from spacy_trend.compare.classifier import count_ngrams
from spacy_trend.compare.comparison import Comparison
from spacy_trend.compare.embeddings import CLS, PLAIN, RANDOM_PAIR, TFIDF, WORD_VECTORS, SentenceEmbeddings
from spacy_trend.compare.labelled_texts import digest_texts
from spacy_trend.component.presets import PRESETS
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.types import Floats
from tests.support.comparisons import PAIRS, TEST, TRAIN, write
from tests.support.curated import curated_bert

pytestmark = pytest.mark.usefixtures("few_strengths")
#: Of two embeddings side by side.
WIDE = ("classifier_wide", "both means side by side")
NAMES = {*PRESETS, *PLAIN, RANDOM_PAIR} - {WORD_VECTORS}


class TestComparison:
    def test_has_a_score_for_each_embedding(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            assert {score.name for score in comparison.scores} == NAMES
            assert len(comparison.scores) == len(NAMES)

    def test_is_the_same_of_a_table_without_its_rare_labels(
        self, encoder_nlp: Language, folded: Comparison
    ) -> None:
        texts, labels = zip(*PAIRS, ("A car.", "road"), strict=True)
        table = {"id": range(len(texts)), "body": texts, "kind": labels}
        compared = compare(table, text="body", label="kind", nlp=encoder_nlp, folds=2, drop_rare=2)
        assert compared == replace(folded, rare=1)

    def test_draws_texts_of_both_parts_for_a_trial(
        self, encoder_nlp: Language, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("spacy_trend.compare.candidates.rank", lambda *arguments: [])
        compared = compare([*TRAIN, *TRAIN], TEST, nlp=encoder_nlp, limit=15)
        assert (compared.train, compared.test) == (15, 8)

    def test_names_the_columns_that_are_there(self) -> None:
        with pytest.raises(ValueError, match=r"train, row 0: the field 'text' is missing: got \['body', 'k"):
            compare({"body": ["a"], "kind": ["x"]})

    def test_says_what_was_measured(self, folded: Comparison, tested: Comparison) -> None:
        assert (folded.train, folded.test, folded.folds) == (24, None, 2)
        assert (tested.train, tested.test, tested.folds) == (16, 8, None)
        for comparison in folded, tested:
            assert comparison.labels == {"fruit": 12, "rail": 12}
            assert (comparison.seed, comparison.repeated) == (0, 0)
            assert comparison.encoder.startswith("BertModel")
            assert comparison.versions["spacy"] == spacy.__version__
            assert comparison.versions["numpy"] == np.__version__

    def test_puts_the_best_first(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            accuracies = [score.accuracy for score in comparison.scores]
            assert accuracies == sorted(accuracies, reverse=True)
            best = comparison.best_preset()
            assert best.accuracy == max(s.accuracy for s in comparison.scores if s.name in PRESETS)
            assert best.config == {"preset": best.name}

    def test_learns_what_is_separable(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            scores = {score.name: score for score in comparison.scores}
            for name in "mean of static", "mean pooling", "similarity":
                assert (scores[name].accuracy, scores[name].macro_f1) == (1, 1)
                assert scores[name].accuracy_interval == scores[name].macro_f1_interval == (1, 1)

    def test_has_numbers_that_are_possible(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            for score in comparison.scores:
                assert 0 <= score.accuracy_interval[0] <= score.accuracy <= score.accuracy_interval[1] <= 1
                assert 0 <= score.macro_f1_interval[0] <= score.macro_f1 <= score.macro_f1_interval[1] <= 1
                assert score.name == TFIDF or score.width == (64 if score.name in WIDE else 32)
                assert score.is_plain == (score.name in PLAIN)
                assert score.encoder is None
                assert len(score.strengths) == (comparison.folds or 1)
                assert (score.config is None) == (score.name not in PRESETS)

    def test_has_a_p_value_for_all_but_the_reference(self, folded: Comparison, tested: Comparison) -> None:
        for comparison in folded, tested:
            p_values = {score.name: score.p_value for score in comparison.scores}
            assert p_values.pop(CLS) is None
            assert all(p_value is not None and 0 < p_value <= 1 for p_value in p_values.values())

    def test_tests_trend_vectors_against_the_best_plain_baseline(
        self, folded: Comparison, tested: Comparison
    ) -> None:
        for comparison in folded, tested:
            assert {score.name for score in comparison.tested()} == {*PRESETS}
            plain = comparison.best_plain()
            assert plain
            assert plain.accuracy == max(score.accuracy for score in comparison.scores if score.is_plain)

    def test_has_tf_idf_of_all_training_texts(self, folded: Comparison, tested: Comparison) -> None:
        widths = [score.width for c in (folded, tested) for score in c.scores if score.name == TFIDF]
        assert widths == [count_ngrams(np.array([text for text, _ in part])) for part in (PAIRS, TRAIN)]

    def test_has_the_vocabs_word_vectors(self, make_nlp: Callable[..., Language], tiny_encoder: Path) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.vocab.set_vector("apples", np.array([1, 0, 0], dtype=np.float32))
        scores = {score.name: score for score in compare(TRAIN, TEST, nlp=nlp).scores}
        assert set(scores) == {*NAMES, WORD_VECTORS}
        assert (scores[WORD_VECTORS].accuracy, scores[WORD_VECTORS].width) == (1, 3)
        assert scores[WORD_VECTORS].is_plain

    @pytest.mark.slow
    def test_is_of_several_encoders_by_name(self, encoder_nlp: Language, tested: Comparison) -> None:
        both = compare(TRAIN, TEST, nlp={"one": encoder_nlp, "other": encoder_nlp})
        assert both.encoder == f"one: {tested.encoder}; other: {tested.encoder}"
        found = {score.name: score for score in both.scores}
        of_encoders = NAMES - {TFIDF}
        assert set(found) == {f"{name} ({e})" for name in of_encoders for e in ("one", "other")} | {TFIDF}
        assert len(both.scores) == len(found)
        for score in tested.scores:
            for encoder in "one", "other":
                if score.name != TFIDF:
                    again = found[f"{score.name} ({encoder})"]
                    assert (again.encoder, again.config) == (encoder, score.config)
                    assert (again.accuracy, again.p_value) == (score.accuracy, score.p_value)
        assert (found[TFIDF].encoder, found[TFIDF].p_value) == (None, None)
        assert len(both.tested()) == 2 * len(PRESETS)

    def test_refuses_no_pipeline(self) -> None:
        with pytest.raises(
            ValueError, match=r"^Got no pipeline to compare with: nlp=\{\}\. Expected one or more"
        ):
            compare(TRAIN, TEST, nlp={})

    @pytest.mark.slow
    def test_is_reproducible_by_its_seed(self, encoder_nlp: Language, folded: Comparison) -> None:
        again = compare(PAIRS, nlp=encoder_nlp, folds=2)
        assert again == folded
        assert compare(PAIRS, nlp=encoder_nlp, folds=2, seed=1) != replace(folded, seed=1)

    def test_takes_files_and_pairs_alike(
        self, encoder_nlp: Language, tested: Comparison, tmp_path: Path
    ) -> None:
        train, test = write(tmp_path / "a.jsonl", TRAIN), tmp_path / "b.csv"
        test.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in TEST))
        assert compare(str(train), test, nlp=encoder_nlp) == tested

    def test_takes_pairs_from_anywhere(self, encoder_nlp: Language, tested: Comparison) -> None:
        assert compare((pair for pair in TRAIN), iter(TEST), nlp=encoder_nlp) == tested

    def test_takes_labels_that_are_numbers(self, encoder_nlp: Language) -> None:
        pairs: Any = [(text, label == "rail") for text, label in PAIRS]
        assert compare(pairs[:16], pairs[16:], nlp=encoder_nlp).labels == {"False": 12, "True": 12}

    def test_counts_labels_of_both_parts(self, encoder_nlp: Language) -> None:
        comparison = compare(PAIRS[:13], TEST[::2], nlp=encoder_nlp)
        assert comparison.labels == {"fruit": 7 + 4, "rail": 6}
        assert comparison.labels == Counter(label for _, label in PAIRS[:13] + TEST[::2])

    def test_counts_repeated_texts(self, encoder_nlp: Language) -> None:
        assert compare([*TRAIN[:12], *TRAIN[:3]], nlp=encoder_nlp, folds=2).repeated == 6
        assert compare(TRAIN, [*TEST, *TEST, *TRAIN[:3]], nlp=encoder_nlp).repeated == 3

    @pytest.mark.slow
    def test_has_as_many_texts_of_a_class_as_it_needs(self, encoder_nlp: Language) -> None:
        assert compare(PAIRS[:8], nlp=encoder_nlp, folds=4).folds == 4
        assert compare(PAIRS[:6], PAIRS[6:8], nlp=encoder_nlp).train == 6

    def test_has_no_more_than_chance_for_texts_without_words(self, encoder_nlp: Language) -> None:
        pairs = [(mark * (1 + n), mark) for n in range(6) for mark in "!?"]
        scores = {score.name: score for score in compare(pairs, nlp=encoder_nlp, folds=2).scores}
        for name in PRESETS:
            assert scores[name].accuracy == 0.5

    def test_has_the_pipelines_own_trend_vector(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, {"preset": "similarity"})
        scores = {score.name: score for score in compare(TRAIN, TEST, nlp=nlp).scores}
        assert set(scores) == NAMES | {"pipeline's trend_vector"}
        own = scores["pipeline's trend_vector"]
        assert own.config is None
        assert own.accuracy == scores["similarity"].accuracy

    def test_of_a_curated_transformer_has_no_reference(self, tiny_encoder: Path) -> None:
        pytest.importorskip("spacy_curated_transformers")

        comparison = compare(TRAIN, TEST, nlp=curated_bert(tiny_encoder, None))
        assert {score.name for score in comparison.scores} == NAMES - {CLS}
        assert {score.p_value for score in comparison.scores} == {None}
        assert {score.name for score in comparison.tested()} == {*PRESETS}

    def test_uses_the_bundled_encoder_if_no_pipeline_is_given(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, tested: Comparison
    ) -> None:
        monkeypatch.setattr(spacy_trend.compare, "transformer_pipeline", lambda: encoder_nlp)
        assert compare(TRAIN, TEST) == tested

    def test_refuses_one_class(self, encoder_nlp: Language) -> None:
        message = r"All 8 training texts, from train, item 1 on, have the label 'fruit'"
        with pytest.raises(ValueError, match=message):
            compare(TRAIN[::2], nlp=encoder_nlp)

    @pytest.mark.parametrize(("folds", "fewest"), [(2, 6), (3, 5), (4, 4), (10, 10)])
    def test_refuses_too_few_texts_of_a_class(self, encoder_nlp: Language, folds: int, fewest: int) -> None:
        pairs = PAIRS[: 2 * fewest - 1]
        message = (
            rf"train, item 2: the label 'rail' has {fewest - 1} training texts\. Expected at least {fewest}"
        )
        with pytest.raises(ValueError, match=message):
            compare(pairs, nlp=encoder_nlp, folds=folds)

    def test_refuses_too_few_texts_of_a_class_in_the_training_part(self, encoder_nlp: Language) -> None:
        message = r"train, item 2: the label 'rail' has 2 training texts\. Expected at least 3"
        with pytest.raises(ValueError, match=message):
            compare(PAIRS[:5], TEST, nlp=encoder_nlp)

    def test_refuses_a_label_that_only_the_test_part_has(self, encoder_nlp: Language) -> None:
        message = (
            r"test, item 2: the label 'road' is not among those of the training texts, \['fruit', 'rail'\]"
        )
        with pytest.raises(ValueError, match=message):
            compare(TRAIN, [TEST[0], ("A car.", "road")], nlp=encoder_nlp)

    def test_has_a_digest_of_the_texts_that_it_predicted(
        self, folded: Comparison, tested: Comparison
    ) -> None:
        assert (folded.predicted, folded.digest) == (len(PAIRS), digest_texts(PAIRS))
        assert (tested.predicted, tested.digest) == (len(TEST), digest_texts(TEST))

    def test_refuses_a_single_test_text(self, encoder_nlp: Language) -> None:
        with pytest.raises(ValueError, match=r"test, item 1 is the only text to predict"):
            compare(TRAIN, TEST[:1], nlp=encoder_nlp)

    def test_refuses_an_empty_test_part(self, encoder_nlp: Language) -> None:
        with pytest.raises(ValueError, match=r"There is no text in test"):
            compare(TRAIN, [], nlp=encoder_nlp)

    @pytest.mark.parametrize("folds", [1, 0, -2])
    def test_refuses_fewer_than_two_folds(self, encoder_nlp: Language, folds: int) -> None:
        with pytest.raises(ValueError, match=rf"folds={folds} is out of range"):
            compare(PAIRS, nlp=encoder_nlp, folds=folds)

    def test_refuses_a_pipeline_without_a_transformer(self) -> None:
        with pytest.raises(ValueError, match=r"There is no transformer for 'trend_vector' to read"):
            compare(PAIRS, nlp=spacy.blank("en"), folds=2)

    @pytest.mark.parametrize("seed", [-1, 2**32])
    def test_refuses_a_seed_out_of_range(self, encoder_nlp: Language, seed: int) -> None:
        with pytest.raises(ValueError, match=rf"seed={seed} is out of range"):
            compare(TRAIN, TEST, nlp=encoder_nlp, seed=seed)

    def test_refuses_half_of_a_surrogate_pair_with_its_line(
        self, encoder_nlp: Language, tmp_path: Path
    ) -> None:
        write(tmp_path / "a.jsonl", [*PAIRS, ("Broken \ud83d emoji", "rail")])
        with pytest.raises(ValueError, match=r"a\.jsonl, line 25"):
            compare(tmp_path / "a.jsonl", nlp=encoder_nlp)

    @pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
    def test_refuses_vectors_that_are_not_finite(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, broken: float
    ) -> None:
        def embed(texts: list[str], nlp: Language, *, seed: int) -> SentenceEmbeddings:
            vectors: Floats = np.ones((len(texts), 4), dtype=np.float32)
            one_broken = vectors.copy()
            one_broken[[2, 17], 1] = broken
            return SentenceEmbeddings("BertModel", {"whole": vectors, "broken": one_broken})

        monkeypatch.setattr(spacy_trend.compare, "embed_texts", embed)
        message = (
            r"^train, item 3: the embedding 'broken' has NaN or infinite numbers, as have those of 1 other"
            r" texts\. Expected finite output of the encoder"
        )
        with pytest.raises(ValueError, match=message):
            compare(TRAIN, TEST, nlp=encoder_nlp)

    def test_refuses_an_encoder_whose_output_is_not_finite(self, tiny_encoder: Path) -> None:
        nlp = transformer_pipeline(tiny_encoder)
        module = nlp.get_pipe("transformer").model.layers[0].shims[0]._model
        next(module.parameters()).data.fill_(float("nan"))
        with (
            pytest.warns(UserWarning, match="got vectors with NaN or infinite numbers"),
            pytest.raises(ValueError, match=r"train, item 1: the embedding .* has NaN or infinite numbers"),
        ):
            compare(TRAIN, TEST, nlp=nlp)

    @pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib"])
    def test_names_the_extra_if_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, encoder_nlp: Language, package: str
    ) -> None:
        monkeypatch.setitem(sys.modules, package, None)
        message = rf"The package '{package}' is not installed\. .* pip install \"spacy-trend\[compare\]\""
        with pytest.raises(ImportError, match=message):
            compare(TRAIN, TEST, nlp=encoder_nlp)

    def test_names_all_packages_that_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for package in "sklearn", "scipy", "matplotlib":
            monkeypatch.setitem(sys.modules, package, None)
        message = "The packages 'sklearn', 'scipy' and 'matplotlib' are not installed"
        with pytest.raises(ImportError, match=message):
            compare(TRAIN, TEST)
