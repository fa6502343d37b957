"""The example notebook: it runs from top to bottom, and what is stored with it is what it shows."""

import json
import re
import shutil
from typing import Any

import numpy as np
import pytest

from tests.support.checkout import ROOT

ASSETS = ROOT / "assets"
NOTEBOOK = ASSETS / "tour.ipynb"
TEXTS = ("messages.jsonl", "questions.jsonl")


def cells() -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf8"))["cells"]
    return stored


def code_cells() -> list[dict[str, Any]]:
    return [cell for cell in cells() if cell["cell_type"] == "code"]


def test_it_is_a_valid_notebook_for_any_python() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


def test_it_stores_small_outputs_and_no_warnings() -> None:
    code = code_cells()
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(cell["outputs"] for cell in code)
    assert all(output.get("name") != "stderr" for cell in code for output in cell["outputs"])
    assert NOTEBOOK.stat().st_size < 100_000


def test_it_reads_no_files_but_those_beside_it() -> None:
    source = "".join("".join(cell["source"]) for cell in code_cells())
    assert set(re.findall(r'"([^"]*\.jsonl)"', source)) == set(TEXTS)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each cell of code shows, by the cell's name; run in a folder that has the texts alone."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    folder = tmp_path_factory.mktemp("notebook")
    for name in TEXTS:
        shutil.copy(ASSETS / name, folder)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as environment:
        # Neither the settings of who runs the tests, nor a trace in their history.
        environment.setenv("IPYTHONDIR", str(folder / "ipython"))
        client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
        client.execute()
    return {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}


def printed(outputs: list[Any]) -> str:
    shown = [output["text"] for output in outputs if output.get("name") == "stdout"]
    return "".join("".join(text) for text in shown)


def pictures(outputs: list[Any]) -> list[str]:
    """The text of each picture, without its markup."""
    shown = [output["data"]["text/html"] for output in outputs if output["output_type"] == "display_data"]
    bodies = [re.sub(r"<style>.*?</style>", "", "".join(markup), flags=re.DOTALL) for markup in shown]
    return [" ".join(re.sub(r"<[^>]*>", " ", body).split()) for body in bodies]


def assert_same(shown: str, stored: str) -> None:
    """Compare two texts, with a little leeway for the numbers in them."""
    number = r"[+-]?\d+\.\d+"
    assert re.sub(number, "#", shown) == re.sub(number, "#", stored)
    found, expected = (list(map(float, re.findall(number, text))) for text in (shown, stored))
    # What is printed is rounded, and percents are of 350 texts.
    np.testing.assert_allclose(found, expected, rtol=0.03, atol=0.03)


@pytest.mark.slow
@pytest.mark.thorough
class TestTheNotebookThatWasRun:
    def test_it_warns_of_nothing(self, outputs: dict[str, list[Any]]) -> None:
        streams = [output for shown in outputs.values() for output in shown if "name" in output]
        errors = [output["text"] for output in streams if output["name"] == "stderr"]
        # tqdm asks for ipywidgets, which Jupyter does not need to be here.
        assert [error for error in errors if "IProgress not found" not in error] == []

    @pytest.mark.parametrize("cell", code_cells(), ids=lambda cell: cell["id"])
    def test_what_is_stored_is_current(self, outputs: dict[str, list[Any]], cell: dict[str, Any]) -> None:
        shown = outputs[cell["id"]]
        assert_same(printed(shown), printed(cell["outputs"]))
        assert len(pictures(shown)) == len(pictures(cell["outputs"]))
        for picture, stored in zip(pictures(shown), pictures(cell["outputs"]), strict=True):
            assert_same(picture, stored)

    def test_every_preset_is_shown(self, outputs: dict[str, list[Any]]) -> None:
        from spacy_trend.component.presets import PRESETS

        lines = printed(outputs["presets"]).splitlines()
        assert [line.split()[0] for line in lines] == list(PRESETS)

    def test_the_classifier_does_as_the_text_says(self, outputs: dict[str, list[Any]]) -> None:
        shown = re.findall(r"^(.+?) +([\d.]+)%$", printed(outputs["compare-by-folds"]), flags=re.MULTILINE)
        accuracy = {name: float(percent) for name, percent in shown}
        assert len(accuracy) == 5
        assert accuracy["classifier"] > 90
        assert accuracy["classifier"] > accuracy["bag of words"] > accuracy["article"]
        assert accuracy["article"] > accuracy["always ham"]

    def test_the_parts_of_a_score_add_up_to_it(self, outputs: dict[str, list[Any]]) -> None:
        last = printed(outputs["parts-of-a-message"]).splitlines()[-1]
        bias, parts, score = (float(number) for number in re.findall(r"[+-]\d+\.\d+", last))
        # Each of the three is rounded to two places.
        assert score == pytest.approx(bias + parts, abs=0.016)
        assert score > 0
        sentences = re.findall(r"[+-]\d+\.\d+", printed(outputs["parts-of-sentences"]))
        assert sum(map(float, sentences)) == pytest.approx(parts, abs=0.016)

    def test_what_was_saved_is_as_it_was(self, outputs: dict[str, list[Any]]) -> None:
        assert printed(outputs["save-docs"]) == "True spam\n"
