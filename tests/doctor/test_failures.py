"""Whatever a component or a file raises is a finding: also what is no `Exception`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spacy import Language
from spacy.tokens import Doc

from spacy_trend.doctor import diagnose, examine
from spacy_trend.doctor.findings import Failure, attempt
from tests.support.encoders import save_bert
from tests.support.findings import about, wrong


class OwnError(BaseException):
    """What is derived from no exception, as a panic of code in Rust."""


class MuteError(Exception):
    """What cannot tell its message."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


def failing(raised: type[BaseException]) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise raised

    return fail


@pytest.fixture
def failing_pipe(make: Callable[..., Language]) -> Callable[[type[BaseException]], Language]:
    """A function that makes a pipeline whose first component raises what it is given."""

    def make_failing(raised: type[BaseException]) -> Language:
        name = f"raises_{raised.__name__}"

        @Language.component(name)
        def fail(doc: Doc) -> Doc:
            raise raised

        nlp = make({})
        nlp.add_pipe(name, first=True)
        return nlp

    return make_failing


class TestAttempts:
    def test_give_what_is_returned(self) -> None:
        assert attempt(lambda: 3) == 3

    @pytest.mark.parametrize("raised", [ValueError, OwnError, SystemExit, MemoryError, RecursionError])
    def test_keep_what_is_raised(self, raised: type[BaseException]) -> None:
        failure = attempt(failing(raised))
        assert isinstance(failure, Failure)
        assert type(failure.raised) is raised
        assert failure.message == ""

    @pytest.mark.parametrize("raised", [KeyboardInterrupt, GeneratorExit])
    def test_pass_on_what_ends_them(self, raised: type[BaseException]) -> None:
        with pytest.raises(raised):
            attempt(failing(raised))

    def test_need_no_message(self) -> None:
        failure = attempt(failing(MuteError))
        assert isinstance(failure, Failure)
        assert failure.message == ""


class TestComponents:
    @pytest.mark.parametrize("raised", [SystemExit, OwnError, MuteError])
    def test_that_fail_are_findings(
        self, failing_pipe: Callable[..., Language], raised: type[BaseException]
    ) -> None:
        findings = examine(failing_pipe(raised))
        assert wrong(findings) == [("error", "trial")]
        name = raised.__name__
        assert about("trial", findings).text.startswith(f"'raises_{name}' failed on a text: {name}:")

    def test_are_interrupted(self, failing_pipe: Callable[..., Language]) -> None:
        nlp = failing_pipe(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            examine(nlp)

    @pytest.mark.parametrize("raised", [SystemExit, OwnError])
    @pytest.mark.parametrize("config", [None, {}], ids=["without", "with"])
    @pytest.mark.parametrize(
        "broken", ["transformer.facts_of", "transformer.about_windows", "examination.about_packages"]
    )
    def test_that_cannot_be_examined_are_findings(
        self,
        broken: str,
        config: dict[str, str] | None,
        raised: type[BaseException],
        make: Callable[..., Language],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        nlp = make(config)
        monkeypatch.setattr(f"spacy_trend.doctor.{broken}", failing(raised))
        findings = examine(nlp)
        assert any(raised.__name__ in finding.text for finding in findings if finding.status == "error")

    def test_that_cannot_be_added_are_findings(
        self, make: Callable[..., Language], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nlp = make(None)
        monkeypatch.setattr("spacy_trend.doctor.examination.make_trend_vector", failing(SystemExit))
        assert about("attention", examine(nlp)).text == "SystemExit:"


class TestOpening:
    @pytest.fixture
    def offline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without it, a number is looked up on the hub as an encoder's name."""
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def test_a_tokenizer_that_panics_is_a_finding(self, tmp_path: Path) -> None:
        save_bert(tmp_path)
        tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
        tokenizer["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
        (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
        found = about("opening", diagnose(encoder=tmp_path))
        assert found.status == "error"
        assert "could not be opened: " in found.text
        assert found.fix

    @pytest.mark.parametrize("raised", [SystemExit, OwnError, MuteError])
    def test_what_cannot_be_opened_is_a_finding(
        self, raised: type[BaseException], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("spacy_trend.doctor.open_pipeline", failing(raised))
        for named in ({}, {"model": "x"}, {"encoder": "x"}):
            found = about("opening", diagnose(**named))
            assert f"could not be opened: {raised.__name__}:" in found.text
            assert found.fix

    def test_an_interrupt_ends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("spacy_trend.doctor.open_pipeline", failing(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            diagnose()

    @pytest.mark.usefixtures("offline")
    @pytest.mark.parametrize("wrong_type", [5, b"x", ["a"], 2.5, object(), MuteError()])
    @pytest.mark.parametrize("setting", ["model", "encoder", "lang"])
    def test_a_name_of_another_type_is_a_finding(
        self, setting: str, wrong_type: Any, tiny_encoder: Path
    ) -> None:
        named = {"encoder": tiny_encoder} if setting == "lang" else {}
        found = about("opening", diagnose(**{**named, setting: wrong_type}))
        assert found.status == "error"
        assert found.fix

    def test_packages_that_cannot_be_listed_are_a_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("spacy_trend.doctor.about_packages", failing(OwnError))
        findings = diagnose("no_such_pipeline")
        assert wrong(findings) == [("error", "versions"), ("error", "opening")]
