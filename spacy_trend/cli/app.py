"""The app of the commands `python -m spacy trend ...`, and the options that several commands share."""

import io
import sys
from typing import Annotated

import typer

from ..component.presets import PRESETS
from ..console import listen_to
from ..progress import LOGGER
from ..text_files import Dialect

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
TextField = Annotated[str, typer.Option("--text-field", help="Column of the texts")]
LabelField = Annotated[str, typer.Option("--label-field", help="Column of the labels")]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of the files of texts")]
Delimiter = Annotated[
    str | None, typer.Option("--delimiter", help="Character between values in .csv and .tsv, or 'tab'")
]
NoHeader = Annotated[
    bool,
    typer.Option(
        "--no-header",
        help="No line names the columns: they are 1, 2 and so on. With --delimiter, a file that is neither "
        ".csv nor .tsv has two, in each line",
    ),
]
DropRare = Annotated[int, typer.Option("--drop-rare", help="Leave out labels with fewer texts than this")]


def _be_quiet(is_quiet: bool) -> bool:
    listen_to(LOGGER, is_quiet=is_quiet)
    return is_quiet


#: The callback does what it says; commands need not.
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=_be_quiet, help="Print the result, warnings and errors, nothing else"
    ),
]


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that show which words they come from."""
    # A character that the console lacks becomes a question mark, instead of an error in place of the output.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # For commands without the option.
    _be_quiet(False)


def delimiter_of(written: str | None) -> str | None:
    """Return the delimiter that an option names; a tab is hard to type, so a word and an escape name it."""
    return "\t" if written in ("tab", "\\t") else written


def dialect_of(encoding: str, delimiter: str | None, no_header: bool) -> Dialect:
    """Return how files are written, as options name it."""
    return Dialect(encoding, delimiter_of(delimiter), not no_header)
