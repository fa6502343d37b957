"""The example notebook: it is stored without what it prints, and it runs from top to bottom."""

import json
import re
import shutil
from typing import Any

import pytest

from tests.support.checkout import ROOT

ASSETS = ROOT / "assets"
NOTEBOOK = ASSETS / "tour.ipynb"
TEXTS = ("messages.jsonl", "questions.jsonl")


def cells() -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf8"))["cells"]
    return stored


def test_it_is_a_valid_notebook_for_any_python() -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


def test_it_stores_no_outputs() -> None:
    code = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert code
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


def test_it_reads_no_files_but_those_beside_it() -> None:
    source = "".join("".join(cell["source"]) for cell in cells() if cell["cell_type"] == "code")
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
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


@pytest.mark.slow
class TestTheNotebookThatWasRun:
    def test_it_warns_of_nothing(self, outputs: dict[str, list[Any]]) -> None:
        streams = [output for shown in outputs.values() for output in shown if "name" in output]
        errors = [output["text"] for output in streams if output["name"] == "stderr"]
        # tqdm asks for ipywidgets, which Jupyter does not need to be here.
        assert [error for error in errors if "IProgress not found" not in error] == []

    @pytest.mark.parametrize(
        ("cell", "marks"),
        [
            ("picture-of-attention", ["<table", "sold", "focus", "related"]),
            ("picture-of-words", ["house", "focus", "related"]),
            ("vector-of-a-phrase", ["old", "house"]),
            ("change-a-setting", ["sold", "house"]),
            ("why-similar-words", ["Everest"]),
            ("picture-of-the-message", ["prize"]),
        ],
    )
    def test_a_picture_is_shown(self, outputs: dict[str, list[Any]], cell: str, marks: list[str]) -> None:
        (picture,) = [output for output in outputs[cell] if output["output_type"] == "display_data"]
        markup = picture["data"]["text/html"]
        assert "<figure>" in markup
        for mark in marks:
            assert mark in markup

    def test_every_preset_is_shown(self, outputs: dict[str, list[Any]]) -> None:
        from spacy_trend.component.presets import PRESETS

        lines = printed(outputs["presets"]).splitlines()
        assert [line.split()[0] for line in lines] == list(PRESETS)

    def test_the_classifier_does_as_the_text_says(self, outputs: dict[str, list[Any]]) -> None:
        shown = re.findall(r"^(.+?) +([\d.]+)%$", printed(outputs["compare-by-folds"]), flags=re.MULTILINE)
        accuracy = {name: float(percent) for name, percent in shown}
        assert len(accuracy) == 5
        assert accuracy["classifier_wide"] > 90
        assert accuracy["classifier_wide"] > accuracy["bag of words"] > accuracy["article"]
        assert accuracy["article"] > accuracy["always ham"]

    def test_the_parts_of_a_score_add_up_to_it(self, outputs: dict[str, list[Any]]) -> None:
        last = printed(outputs["parts-of-a-message"]).splitlines()[-1]
        parts, constant, score = (float(number) for number in re.findall(r"[+-]\d+\.\d+", last))
        # Each of the three is rounded to two places.
        assert score == pytest.approx(parts + constant, abs=0.016)
        assert score > 0

    def test_what_was_saved_is_as_it_was(self, outputs: dict[str, list[Any]]) -> None:
        for cell in ("save-a-pipeline", "save-docs"):
            assert printed(outputs[cell]).splitlines()[-1] == "True"
