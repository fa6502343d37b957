"""`TrendVectorizer` keeps what it has computed."""

import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from spacy import Language
from spacy.tokens import Doc

import spacy_trend
from spacy_trend import kept_vectors, sklearn
from spacy_trend.sklearn import TrendVectorizer
from tests.support.encoders import save_bert
from tests.support.scripts import WARNINGS_ARE_ERRORS
from tests.support.vectorizers import TEXTS, WIDE, again, assert_close

READ_AGAIN = """
import sys
from pathlib import Path

from spacy_trend.sklearn import TrendVectorizer

encoder, folder = sys.argv[1:]
vectorizer = TrendVectorizer(encoder=encoder, preset="classifier", memory=Path(folder)).fit(["a"])
pipe, ran = vectorizer.nlp_.pipe, []


def counting(texts, **settings):
    texts = list(texts)
    ran.extend(texts)
    return pipe(texts, **settings)


vectorizer.nlp_.pipe = counting
vectors = vectorizer.transform(["I want an apple.", "New", "Stop"])
print(ran, vectors[2].tolist())
"""


class Planted:
    """It makes a file if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def other_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder with other weights."""
    return save_bert(tmp_path_factory.mktemp("other-bert"), seed=1)


@pytest.fixture
def remembering(tiny_encoder: Path, tmp_path: Path) -> Callable[..., TrendVectorizer]:
    """A function that makes a fitted vectorizer with a memory."""

    def make(**changes: Any) -> TrendVectorizer:
        settings = {
            "encoder": tiny_encoder,
            "preset": "classifier",
            "memory": tmp_path / "memory",
        }
        return TrendVectorizer(**{**settings, **changes}).fit(["."])

    return make


class TestMemory:
    def test_spares_a_second_run(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        first = vectorizer.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS)
        ran.clear()
        for other in vectorizer, remembering(), clone(vectorizer).fit(["."]):
            np.testing.assert_array_equal(other.transform(TEXTS), first)
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

    @pytest.mark.parametrize(
        "changes", [{"preset": WIDE}, {"config": {"select": {"layer": 0}}}, {"preset": "article"}]
    )
    def test_does_not_confuse_settings(
        self,
        remembering: Callable[..., TrendVectorizer],
        tiny_encoder: Path,
        changes: dict[str, Any],
    ) -> None:
        one, other = remembering(), remembering(**changes)
        one.transform(TEXTS)
        settings: dict[str, Any] = {"encoder": tiny_encoder, "preset": "classifier", "memory": None}
        expected = TrendVectorizer(**{**settings, **changes}).fit_transform(TEXTS)
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
        nlp = spacy_trend.from_encoder(tiny_encoder, config={"preset": "classifier"})
        settings: dict[str, Any] = {"pipeline": nlp, "encoder": None, "preset": None}
        assert_close(remembering(**settings).transform(TEXTS), vectors)
        next(nlp.get_pipe("transformer").model.layers[0].shims[0]._model.parameters()).data *= 2
        assert np.abs(remembering(**settings).transform(TEXTS) - vectors).max() > 0.1

    def test_does_not_confuse_languages(
        self, remembering: Callable[..., TrendVectorizer], tiny_encoder: Path
    ) -> None:
        text = ["I don't, you can't."]
        remembering().transform(text)
        result = remembering(lang="de").transform(text)
        settings: dict[str, Any] = {"encoder": tiny_encoder, "preset": "classifier"}
        assert_close(result, TrendVectorizer(**settings, lang="de").fit_transform(text))
        assert np.abs(result - TrendVectorizer(**settings).fit_transform(text)).max() > 0.01

    def test_is_one_folder_by_its_name_and_by_its_path(
        self, remembering: Callable[..., TrendVectorizer], tmp_path: Path, ran: list[str]
    ) -> None:
        for memory in tmp_path, str(tmp_path):
            remembering(memory=memory).transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS)

    @pytest.mark.parametrize("memory", [3, "", " ", b"folder", {"location": "folder"}])
    def test_is_the_path_of_a_folder(
        self, remembering: Callable[..., TrendVectorizer], memory: Any, tmp_path: Path
    ) -> None:
        message = rf"got memory={re.escape(repr(memory))}\. Expected the path of a folder, True"
        if not isinstance(memory, str):
            message = rf"The 'memory' parameter of TrendVectorizer must be.*Got {re.escape(repr(memory))}"
        with pytest.raises(ValueError, match=message):
            remembering(memory=memory)
        with pytest.raises(ValueError, match=message):
            remembering().set_params(memory=memory).transform(TEXTS)

    def test_is_no_file(self, remembering: Callable[..., TrendVectorizer], tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OSError, match="file' is a file"):
            remembering(memory=tmp_path / "file").transform(TEXTS)

    def test_may_be_cleared(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        shutil.rmtree(tmp_path / "memory")
        assert_close(vectorizer.transform(TEXTS), vectors)
        assert sorted(ran) == sorted(TEXTS * 2)

    def test_keeps_what_was_computed_before_an_error(
        self,
        remembering: Callable[..., TrendVectorizer],
        vectors: Any,
        ran: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(sklearn, "KEPT_AT_A_TIME", 2)
        vectorizer = remembering()
        make_doc = vectorizer.nlp_.make_doc

        def failing(text: str) -> Doc:
            if text == TEXTS[3]:
                raise KeyboardInterrupt
            return make_doc(text)

        with monkeypatch.context() as patch:
            patch.setattr(vectorizer.nlp_, "make_doc", failing)
            with pytest.raises(KeyboardInterrupt):
                vectorizer.transform(TEXTS)
        ran.clear()
        assert_close(vectorizer.transform(TEXTS), vectors)
        assert ran == TEXTS[2:]

    def test_keeps_no_vector_under_another_text_if_a_doc_is_lost(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any
    ) -> None:
        vectorizer = remembering()
        nlp = vectorizer.nlp_
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nlp, "pipe", lambda texts, **given: Language.pipe(nlp, list(texts)[1:], **given))
            with pytest.raises(ValueError, match="3 docs for 4 texts"):
                vectorizer.transform(TEXTS)
            with pytest.raises(ValueError, match="0 docs for 1 texts"):
                vectorizer.transform([nlp.make_doc(TEXTS[0])])
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

    def test_that_is_pickled_is_of_the_versions_that_there_are(
        self, remembering: Callable[..., TrendVectorizer], ran: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        pickled = pickle.dumps(vectorizer)
        monkeypatch.setattr(sklearn, "VERSIONS", "others")
        pickle.loads(pickled).transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS * 2)

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
            TrendVectorizer(encoder=encoder, preset="classifier").fit(TEXTS)
            for encoder in (other_encoder, tiny_encoder)
        )
        for vectorizer in one, other:
            vectorizer.set_params(memory=tmp_path)
        one.transform(TEXTS)
        assert_close(other.transform(TEXTS), vectors)

    def test_that_is_broken_is_made_again(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path, ran: list[str]
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        for broken in (tmp_path / "memory").iterdir():
            broken.write_bytes(b"")
        for _ in range(2):
            assert_close(vectorizer.transform(TEXTS), vectors)
        assert sorted(ran) == sorted(TEXTS * 2)

    def test_runs_nothing_that_was_planted(
        self, remembering: Callable[..., TrendVectorizer], vectors: Any, tmp_path: Path
    ) -> None:
        vectorizer = remembering()
        vectorizer.transform(TEXTS)
        for file in (tmp_path / "memory").iterdir():
            plain, in_array = file.with_suffix(".pkl"), file
            plain.write_bytes(pickle.dumps(Planted(tmp_path / "ran")))
            np.save(in_array, np.array([Planted(tmp_path / "ran")], dtype=object), allow_pickle=True)
        assert_close(vectorizer.transform(TEXTS), vectors)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.slow
    def test_is_read_by_another_process(
        self,
        remembering: Callable[..., TrendVectorizer],
        vectors: Any,
        tiny_encoder: Path,
        tmp_path: Path,
    ) -> None:
        remembering().transform(TEXTS)
        command = [sys.executable, *WARNINGS_ARE_ERRORS, "-c", READ_AGAIN, tiny_encoder, tmp_path / "memory"]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        ran, vector = result.stdout.split("] [")
        assert ran == "['New'"
        assert_close(np.array(vector.strip("]\n ").split(","), dtype=float), vectors[2])


class TestMemoryInThisProcess:
    def test_is_what_there_is_unless_another_is_named(
        self, fitted: TrendVectorizer, vectors: Any, ran: list[str]
    ) -> None:
        first = again(fitted).fit_transform(TEXTS)
        assert_close(first, vectors)
        assert sorted(ran) == sorted(TEXTS)
        ran.clear()
        # Also of a copy of the pipeline, as scikit-learn makes one for each fold.
        for other in again(fitted), clone(fitted):
            np.testing.assert_array_equal(other.fit_transform([*TEXTS, *TEXTS[:2]]), [*first, *first[:2]])
        assert ran == []

    @pytest.mark.parametrize("memory", [False, np.False_, None])
    def test_may_be_left_out(self, fitted: TrendVectorizer, memory: bool | None, ran: list[str]) -> None:
        vectorizer = again(fitted).set_params(memory=memory)
        vectorizer.fit_transform(TEXTS)
        vectorizer.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS * 2)

    def test_does_not_confuse_settings(self, tiny_encoder: Path, ran: list[str]) -> None:
        made = [
            TrendVectorizer(encoder=tiny_encoder, preset=preset, config=config).fit_transform(TEXTS)
            for preset, config in (
                ("classifier", None),
                (WIDE, None),
                ("classifier", {"select": {"layer": 0}}),
            )
        ]
        assert sorted(ran) == sorted(TEXTS * 3)
        assert np.abs(made[0] - made[2]).max() > 0.01

    def test_notices_that_the_pipeline_was_changed_after_it_was_fitted(
        self, tiny_encoder: Path, ran: list[str]
    ) -> None:
        nlp = spacy_trend.from_encoder(tiny_encoder, config={"preset": "classifier"})
        vectorizer = TrendVectorizer(nlp).fit(TEXTS)
        before = vectorizer.transform(TEXTS)
        for weights in nlp.get_pipe("transformer").model.transformer.parameters():
            weights.data *= 1.5
        other = vectorizer.transform(TEXTS)
        assert np.abs(other - before).max() > 0.1
        nlp.add_pipe("sentencizer", first=True)
        nlp.get_pipe("trend_vector").level = "sentence"
        vectorizer.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS * 3)
        vectorizer.transform(TEXTS)
        assert sorted(ran) == sorted(TEXTS * 3)

    def test_forgets_the_oldest_pipeline_first_and_has_a_limit(
        self, kept: dict[tuple[str, int], dict[bytes, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        vector = np.ones(4, dtype=np.float32)
        monkeypatch.setattr(kept_vectors, "MOST_BYTES", 3 * (16 + kept_vectors.OVERHEAD))
        first = kept_vectors.VectorsInProcess("first", 4)
        for text in "abc":
            first.write(text, vector)
        second = kept_vectors.VectorsInProcess("second", 4)
        for text in "abcd":
            second.write(text, 2 * vector)
        assert [name for name, _ in kept] == ["second"]
        assert kept_vectors.VectorsInProcess("first", 4).read("a") is None
        found = second.read("c")
        assert found is not None
        np.testing.assert_array_equal(found, 2 * vector)
        assert second.read("d") is None

    def test_keeps_vectors_that_nobody_changes(self) -> None:
        vector = np.ones(4, dtype=np.float32)
        kept_vectors.VectorsInProcess("one", 4).write("a", vector)
        vector[:] = 0
        found = kept_vectors.VectorsInProcess("one", 4).read("a")
        assert found is not None
        np.testing.assert_array_equal(found, np.ones(4))
