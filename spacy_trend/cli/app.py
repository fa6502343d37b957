"""The app that the commands `python -m spacy trend ...` belong to, and the options that several have."""

from typing import Annotated

import typer

trend_cli = typer.Typer(
    name="trend",
    help="Sentence vectors that say which words they came from.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


Model = Annotated[str | None, typer.Option("--model", "-m", help="Pipeline with a transformer: name or path")]


Encoder = Annotated[str | None, typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path")]


Preset = Annotated[str | None, typer.Option("--preset", help="Settings, where the pipeline has none")]


Lang = Annotated[str, typer.Option("--lang", "-l", help="Language of the tokenizer, with --encoder")]


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that say which words they came from."""
