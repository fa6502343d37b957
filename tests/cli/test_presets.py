"""The command `presets`, and its numbers, which are those of the benchmarks."""

import re

import pytest

from spacy_trend.cli.presets import as_table, call
from spacy_trend.component.presets import PRESETS, Preset
from tests.support.checkout import ROOT
from tests.support.commands import run_command

SELECT = {"@misc": "spacy-trend.attended_words.v1", "layer": 0.5, "residual": 1.0}
CHANGE = {"@misc": "spacy-trend.contextual.v1"}
SETTINGS = ("for", "select", "change", "contextual_layers")


def cells(line: str) -> list[str]:
    return re.split(" {3,}", line.strip())


def printed_rows(printed: str) -> dict[str, dict[str, str]]:
    """The first line of each row, by the preset's name and the column's."""
    lines = printed.splitlines()
    (header,) = [cells(line) for line in lines if line.startswith("preset ")]
    found = [dict(zip(header, cells(line), strict=True)) for line in lines if line.split(" ")[0] in PRESETS]
    return {row.pop("preset"): row for row in found}


def measured_rows(results: str) -> dict[str, dict[str, str]]:
    """The table of the section "Presets" of the results, likewise; empty if there is none."""
    section = re.search(r"^## Presets$(.*?)(?=^## |\Z)", results, flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^\| (.*) \|$", section[1] if section else "", flags=re.MULTILINE)
    header, *rows = [line.split(" | ") for line in lines if not set(line) <= set("-| ")] or [[]]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    return {row.pop("preset"): row for row in found}


def test_the_command_lists_each_preset_with_its_settings() -> None:
    result = run_command("presets")
    assert result.exit_code == 0
    rows = printed_rows(result.stdout)
    assert list(rows) == list(PRESETS)
    for name, row in rows.items():
        preset = PRESETS[name]
        assert preset.purpose.startswith(row["for"])
        assert call(preset.select).startswith(row["select"])
        assert call(preset.change) == row["change"]
    assert rows["article"]["contextual_layers"] == "[-1]"
    assert rows["classifier"]["contextual_layers"] == "upper_half"
    assert "Use one with nlp.add_pipe('trend_vector', config={'preset': NAME})." in result.stdout


def test_its_numbers_are_those_of_the_results() -> None:
    measured = measured_rows((ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf8"))
    for name, row in printed_rows(run_command("presets").stdout).items():
        numbers = {column: cell for column, cell in row.items() if column not in SETTINGS}
        assert numbers == (measured.get(name) if measured else {"measured": "not measured"})


def test_the_results_are_read_from_their_section_alone() -> None:
    table = "| preset | TREC |\n| --- | --- |\n| {} | {} |\n"
    other = f"## Quality\n\n{table.format('classifier', '1')}\n"
    assert measured_rows(other) == {}
    presets = f"## Presets\n\nn = 500.\n\n{table.format('article', '58.2')}\n"
    assert measured_rows(other + presets + other) == {"article": {"TREC": "58.2"}}


class TestTable:
    def test_has_a_column_for_each_thing_measured(self) -> None:
        presets = {
            "article": Preset("one", SELECT, CHANGE, (-1, 0.5)),
            "similarity": Preset("other", CHANGE, CHANGE, "upper_half"),
        }
        measured = {
            "article": {"TREC": "58.2", "SST-2": "55.3"},
            "similarity": {"STS-B": ".82", "TREC": "91"},
        }
        assert printed_rows(as_table(presets, measured)) == {
            "article": {
                "for": "one",
                "select": "attended_words(layer=0.5,",
                "change": "contextual",
                "contextual_layers": "[-1, 0.5]",
                "TREC": "58.2",
                "SST-2": "55.3",
                "STS-B": "not measured",
            },
            "similarity": {
                "for": "other",
                "select": "contextual",
                "change": "contextual",
                "contextual_layers": "upper_half",
                "TREC": "91",
                "SST-2": "not measured",
                "STS-B": ".82",
            },
        }

    def test_has_long_purposes_on_several_lines(self) -> None:
        purpose = "a purpose that is much longer than one line of the table"
        printed = as_table({"article": Preset(purpose, SELECT, CHANGE)}, {})
        assert purpose not in printed
        assert max(map(len, printed.splitlines())) <= 130
        assert set(purpose.split()) <= set(printed.split())


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (CHANGE, "contextual"),
        (SELECT, "attended_words(layer=0.5, residual=1.0)"),
        ({"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"}, "leading_pair(rows='layers')"),
    ],
)
def test_a_block_is_written_as_a_call(block: dict[str, object], expected: str) -> None:
    assert call(block) == expected
