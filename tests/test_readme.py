"""The README's blocks run; the first bash block, which installs and runs the tests, is run by `.ci/run`."""

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import spacy
from spacy import Language
from spacy.util import load_config_from_str

from spacy_trend.compare.embeddings import OWN_PREFIX, embed_texts
from tests.support.checkout import ROOT
from tests.support.curated import curated_bert
from tests.support.scripts import WARNINGS_ARE_ERRORS

README = (ROOT / "README.md").read_text(encoding="utf8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    languages = re.findall(r"^```(\w+)$", README, flags=re.MULTILINE)
    assert set(languages) == {"bash", "python", "ini", "text"}
    assert README.count("```") == 2 * len(languages)


def test_the_first_bash_block_is_two_commands() -> None:
    explain, test = blocks("bash")[0].splitlines()
    assert explain.endswith('python -m spacy trend explain "I want an apple."')
    assert test.endswith("python -m pytest")


@pytest.mark.slow
def test_the_python_blocks_run_from_top_to_bottom(tmp_path: Path) -> None:
    copy_checkout(tmp_path)
    script = tmp_path / "readme.py"
    elsewhere = ("pyspark", "en_core_web_trf")
    here = [block for block in blocks("python") if not any(name in block for name in elsewhere)]
    script.write_text("\n".join(here), encoding="utf8")
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, script], check=True, cwd=tmp_path)


def test_the_block_for_a_trained_pipeline_runs_on_one_that_stands_for_it(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("spacy_curated_transformers")

    pipelines = {"en_core_web_trf": curated_bert(tiny_encoder, None)}
    monkeypatch.setattr(spacy, "load", pipelines.__getitem__)
    (block,) = [block for block in blocks("python") if "en_core_web_trf" in block]
    exec(block, {})
    assert set(capsys.readouterr().out.split()[:2]) <= {"I", "want", "an", "apple"}


@pytest.mark.slow
@pytest.mark.thorough
def test_the_block_for_spark_runs(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    copy_checkout(tmp_path)
    (block,) = [block for block in blocks("python") if "pyspark" in block]
    script = tmp_path / "readme.py"
    script.write_text(block, encoding="utf8")
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path)


def copy_checkout(folder: Path) -> None:
    """The files of the project workflow, and nothing that it has made."""
    shutil.copy(ROOT / "project.yml", folder)
    for name in ("assets", "configs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("sms*", "*.label"))


def run_in_a_checkout(block: str, folder: Path) -> None:
    """Run a bash block in a checkout."""
    copy_checkout(folder)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["bash", "-euo", "pipefail", "-c", block]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, "PATH": path})


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in blocks("bash")[1:] if "project" not in block])
def test_the_other_bash_blocks_run(block: str, tmp_path: Path) -> None:
    run_in_a_checkout(block, tmp_path)


@pytest.mark.slow
@pytest.mark.thorough
def test_the_project_runs(tmp_path: Path) -> None:
    (block,) = [block for block in blocks("bash")[1:] if "project" in block]
    run_in_a_checkout(block, tmp_path)
    assert list((tmp_path / "packages").glob("*.whl"))
    assert "trained textcat" in (tmp_path / "metrics" / "messages" / "report.txt").read_text()


def test_the_contents_are_all_sections() -> None:
    (contents,) = re.findall(r"^\[Use\]\(#use\).*?\n\n", README, flags=re.DOTALL | re.MULTILINE)
    anchors = re.findall(r"\]\(#([\w-]+)\)", contents)
    headings = re.findall(r"^## (.+)$", README, flags=re.MULTILINE)
    assert anchors == [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


def test_the_table_of_quality_has_the_names_that_compare_prints(nlp: Language) -> None:
    (table,) = re.findall(r"^\| \| TREC \| SST-2 .*?\n\n", README, flags=re.DOTALL | re.MULTILINE)
    names = [line.split(" | ")[0].strip("| `") for line in table.splitlines()[2:] if line]
    own = f"{OWN_PREFIX} trend_vector"
    assert {*names, own} == set(embed_texts(["I want an apple."], nlp).by_name)


def test_the_settings_shown_are_the_defaults(nlp: Language) -> None:
    shown = blocks("ini")[0]
    config = load_config_from_str("[components]\n" + shown)["components"]["trend_vector"]
    assert config == nlp.get_pipe_config("trend_vector")


def test_the_training_config_shown_is_of_the_one_that_is_there() -> None:
    shown = ConfigParser(interpolation=None)
    shown.read_string(blocks("ini")[1])
    whole = ConfigParser(interpolation=None)
    whole.read(ROOT / "configs" / "trend_vector.cfg")
    for section in shown.sections():
        for key, value in shown[section].items():
            assert whole[section][key].replace(" ", "") == value.replace(" ", "")


@pytest.mark.slow
def test_the_table_shown_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "spacy", "trend", "explain", "I want an apple."]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.rstrip() for line in printed.splitlines()]
    (shown,) = blocks("text")
    for line in shown.splitlines():
        assert line.strip() in ("", "...") or line.rstrip() in lines
