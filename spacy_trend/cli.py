"""The commands `python -m spacy trend ...`: thin shells over the functions of the package."""

from spacy.cli._util import app

from . import cli_classify, cli_corpus, cli_explain
from .cli_app import trend_cli

__all__ = ["cli_classify", "cli_corpus", "cli_explain", "trend_cli"]

app.add_typer(trend_cli)
