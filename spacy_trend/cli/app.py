"""The app of the commands `python -m spacy trend ...`, and the options that several commands share."""

import io
import sys
from typing import Annotated

import typer

from ..component.presets import PRESETS

trend_cli = typer.Typer(
    name="trend",
    help="Sentence vectors that show which words they come from.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Model = Annotated[str | None, typer.Option("--model", "-m", help="Pipeline with a transformer: name or path")]
Encoder = Annotated[str | None, typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path")]
# Not typer's own choice, whose message could not say what a preset of before is called now.
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar=f"[{'|'.join(PRESETS)}]",
        help="Settings for a pipeline without a trend vector; the command 'presets' lists them",
    ),
]
Lang = Annotated[str, typer.Option("--lang", "-l", help="With --encoder: language of the tokenizer")]
Window = Annotated[
    int | None,
    typer.Option("--window", help="With --encoder: tokens that the encoder sees at once; by default 128"),
]
Stride = Annotated[
    int | None,
    typer.Option("--stride", help="With --encoder: tokens from window to window; by default 3/4 of --window"),
]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of the files of texts")]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="Character between values in .csv and .tsv, or 'tab'")
]


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that show which words they come from."""
    # A character that the console lacks becomes a question mark, instead of an error in place of the output.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def delimiter_of(written: str | None) -> str | None:
    """Return the delimiter that an option names; a tab is hard to type, so a word and an escape name it."""
    return "\t" if written in ("tab", "\\t") else written
