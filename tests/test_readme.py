"""The README's blocks run; the first bash block, which installs and runs the tests, is run by `.ci/run`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import spacy
from spacy import Language
from spacy.util import load_config_from_str

from .conftest import WARNINGS_ARE_ERRORS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf8")


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


def test_the_python_blocks_run_from_top_to_bottom(tmp_path: Path) -> None:
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks("python")), encoding="utf8")
    subprocess.run([sys.executable, *WARNINGS_ARE_ERRORS, script], check=True, cwd=tmp_path)


def test_the_other_bash_blocks_run(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for block in blocks("bash")[1:]:
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
        )


def test_the_settings_shown_are_the_defaults(nlp: Language) -> None:
    (shown,) = blocks("ini")
    config = load_config_from_str("[components]\n" + shown)["components"]["trend_vector"]
    defaults = nlp.get_pipe_config("trend_vector")
    select = spacy.registry.resolve({"select": config.pop("select")})["select"]
    assert select == spacy.registry.resolve({"select": defaults.pop("select")})["select"]
    assert config == defaults


def test_the_table_shown_is_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "spacy", "trend", "explain", "I want an apple."]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line.rstrip() for line in printed.splitlines()]
    (shown,) = blocks("text")
    for line in shown.splitlines():
        assert line.strip() in ("", "...") or line.rstrip() in lines
