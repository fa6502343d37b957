"""The commands `python -m spacy trend ...`: thin shells over the functions of the package.

This room may import anything. Importing it adds the commands to spaCy's own; spaCy imports it through the
entry-point group `spacy_cli`.
"""

from spacy.cli._util import app as spacy_app

from . import compare, embed, explain, presets, search
from .app import trend_cli

__all__ = ["compare", "embed", "explain", "presets", "search", "trend_cli"]

spacy_app.add_typer(trend_cli)
