"""The command that lists the presets: `presets`."""

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from wasabi import table

from ..component.presets import MEASURED, PRESETS, Preset
from .app import trend_cli

#: What stands in place of a number that there is not.
NOT_MEASURED = "not measured"
#: How many characters of a purpose or a selection stand on a line.
LINE = 34


@trend_cli.command("presets")
def presets_cli() -> None:
    """List the presets: what each is for, its settings, and what was measured of it."""
    print(as_table(PRESETS, MEASURED))
    print("Use one with nlp.add_pipe('trend_vector', config={'preset': NAME}).")


def as_table(presets: Mapping[str, Preset], measured: Mapping[str, Mapping[str, str]]) -> str:
    """Return presets as text: what each is for, its settings, and a column for each thing measured.

    Args:
        presets: by name.
        measured: what was measured, and its number, by the preset's name.
    """
    columns = list(dict.fromkeys(what for numbers in measured.values() for what in numbers)) or ["measured"]
    header = ["preset", "for", "select", "change", "contextual_layers", *columns]
    rows = [
        [
            name,
            wrap(preset.purpose, LINE),
            wrap(call(preset.select), LINE),
            wrap(call(preset.change), LINE),
            _layers(preset),
            *(measured.get(name, {}).get(what, NOT_MEASURED) for what in columns),
        ]
        for name, preset in presets.items()
    ]
    return table(rows, header=header, divider=True, multiline=True, max_col=80)


def call(block: Mapping[str, Any]) -> str:
    """Return the block of a function in a config as Python would call the function.

    Args:
        block: such as `{"@misc": "spacy-trend.changed_words.v1", "k": 2}`, which is `changed_words(k=2)`.
    """
    name = block["@misc"].removeprefix("spacy-trend.").rpartition(".")[0]
    arguments = ", ".join(f"{key}={value!r}" for key, value in block.items() if key != "@misc")
    return f"{name}({arguments})" if arguments else name


def _layers(preset: Preset) -> str:
    layers = preset.contextual_layers
    return layers if isinstance(layers, str) else str(list(layers))
