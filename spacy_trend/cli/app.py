"""The app of the commands `python -m spacy trend ...`, and the options that several commands share."""

from typing import Annotated

import typer

trend_cli = typer.Typer(
    name="trend",
    help="Sentence vectors that show which words they come from.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Model = Annotated[str | None, typer.Option("--model", "-m", help="Pipeline with a transformer: name or path")]
Encoder = Annotated[str | None, typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path")]
Preset = Annotated[
    str | None, typer.Option("--preset", help="Settings for a pipeline without a trend vector")
]
Lang = Annotated[str, typer.Option("--lang", "-l", help="With --encoder: language of the tokenizer")]


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that show which words they come from."""
