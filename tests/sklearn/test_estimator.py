"""`TrendVectorizer` as an estimator among scikit-learn's."""

import copy
import importlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy import Language

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from spacy_trend.sklearn import TrendVectorizer
from tests.support.vectorizers import LABELS, LEARNED, TEXTS, WIDE, assert_close

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
            "preset": None,
            "encoder": tiny_encoder,
            "lang": "en",
            "config": None,
            "memory": True,
            "batch_size": None,
            "show_progress": False,
        }
        assert vectorizer.set_params(preset=WIDE).fit(TEXTS).transform(TEXTS).shape == (4, 64)
        assert vectorizer.set_params(preset=None).fit(TEXTS).transform(TEXTS).shape == (4, 32)
        with pytest.raises(ValueError, match="Invalid parameter 'level'"):
            vectorizer.set_params(level="sentence")

    def test_does_not_change_its_parameters(self, tiny_encoder: Path) -> None:
        config = {"level": "doc", "select": {"layer": 1}}
        vectorizer = TrendVectorizer(encoder=tiny_encoder, config=config).fit(TEXTS)
        assert vectorizer.config is config
        assert config == {"level": "doc", "select": {"layer": 1}}

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
        unfitted = copied(TrendVectorizer(**{**fitted.get_params(), "memory": tmp_path}))
        assert_close(unfitted.fit_transform(TEXTS), vectors)

    def test_can_be_fitted_again(self, tiny_encoder: Path) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder).fit(TEXTS)
        first = vectorizer.nlp_
        assert vectorizer.set_params(preset=WIDE).fit(TEXTS).nlp_ is not first
        assert len(vectorizer.get_feature_names_out()) == 64

    def test_keeps_its_pipeline_until_it_is_fitted_again(self, tiny_encoder: Path) -> None:
        vectorizer = TrendVectorizer(encoder=tiny_encoder).fit(TEXTS)
        assert vectorizer.set_params(preset=WIDE).transform(TEXTS).shape == (4, 32)

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
        assert repr(TrendVectorizer(encoder="a", preset=WIDE)) == (
            "TrendVectorizer(encoder='a', preset='classifier_wide')"
        )

    def test_names_the_extra_if_scikit_learn_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "spacy_trend.sklearn")
        monkeypatch.setitem(sys.modules, "sklearn", None)
        message = r"The package 'sklearn' is not installed\. .* \"spacy-trend\[sklearn\]\""
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
            TrendVectorizer(encoder=tiny_encoder), TrendVectorizer(encoder=tiny_encoder, preset=WIDE)
        )
        assert both.fit_transform(TEXTS).shape == (4, 96)
        assert len(both.get_feature_names_out()) == 96

    @pytest.mark.slow
    @pytest.mark.parametrize("in_folder", [False, True])
    def test_is_searched_for_its_best_settings(
        self, tiny_encoder: Path, tmp_path: Path, ran: list[str], in_folder: bool
    ) -> None:
        given: dict[str, Any] = {"memory": tmp_path} if in_folder else {}
        vectorizer = TrendVectorizer(encoder=tiny_encoder, **given)
        steps = [("vectors", vectorizer), ("scale", StandardScaler()), ("classify", LogisticRegression())]
        presets = ["classifier", WIDE]
        search = GridSearchCV(
            Pipeline(steps),
            {"vectors__preset": presets, "classify__C": [0.1, 1.0]},
            cv=2,
            error_score="raise",
        )
        search.fit(LEARNED, LABELS)
        assert search.best_params_["vectors__preset"] in presets
        assert search.predict(LEARNED).tolist() == LABELS
        # Once for each of the two settings.
        assert sorted(ran) == sorted(LEARNED * 2)

    @pytest.mark.slow
    def test_is_cross_validated_with_a_pipeline(self, tiny: Language) -> None:
        model = make_pipeline(TrendVectorizer(tiny), StandardScaler(), LogisticRegression())
        scores = cross_val_score(model, LEARNED, LABELS, cv=2, error_score="raise")
        assert scores.shape == (2,)

    def test_is_cross_validated_with_docs(self, tiny: Language) -> None:
        model = make_pipeline(TrendVectorizer(tiny), LogisticRegression())
        assert cross_val_score(model, list(tiny.pipe(LEARNED)), LABELS, cv=2, error_score="raise").shape == (
            2,
        )
