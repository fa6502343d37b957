"""The commands `python -m spacy trend ...`: thin shells over the functions of the package."""

import shutil
from typing import Annotated, Any

import numpy as np
import spacy
import srsly
import typer
from spacy.cli._util import app
from spacy.tokens import Doc, Token
from wasabi import msg, table

from .component import TrendVector
from .pipeline import from_encoder
from .record import RECORD
from .segments import as_lengths, segment_leaders

trend_cli = typer.Typer(
    name="trend",
    help="Sentence vectors that say which words they came from.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(trend_cli)


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that say which words they came from."""


@trend_cli.command("explain")
def explain_cli(
    text: Annotated[str, typer.Argument(help="The text to explain")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Pipeline with a transformer: name or path")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path")
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", "-l", help="Language of the tokenizer, with --encoder")
    ] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
) -> None:
    """Show which words the vector of a text comes from, and why.

    Prints a table of rows of attention against words, each row's leader marked with *, the focus, the related
    word and the first ten numbers of the vector. A pipeline without a 'trend_vector' gets one with the
    default settings. Without --model and --encoder it uses the encoder that the extra 'demo' installs.
    """
    if model and encoder:
        msg.fail("--model and --encoder exclude each other. Give one of them.", exits=1)
    try:
        nlp = spacy.load(model) if model else from_encoder(encoder, lang=lang)
        if not any(isinstance(pipe, TrendVector) for _, pipe in nlp.pipeline):
            nlp.add_pipe("trend_vector")
        doc = nlp(text)
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The text could not be explained", str(error), exits=1)
    explanation = explain(doc)
    print(srsly.json_dumps(explanation) if as_json else format_explanation(explanation))


def explain(doc: Doc) -> dict[str, Any]:
    """What the vector of a doc came from, as plain data.

    doc: one that `trend_vector` ran on.
    RETURNS: `text`; `words`, their texts; `attention`, rows x words, attention received; `focus` and
        `related`, `{"i": token index, "text": ...}` or None; `vector`, `(width,)`. All numbers are floats.
    """
    record = doc._.get(RECORD)
    return {
        "text": doc.text,
        "words": [doc[int(i)].text for i in record["tokens"]],
        "attention": record["attention"].tolist(),
        "focus": _as_json(doc._.trend_focus),
        "related": _as_json(doc._.trend_related),
        "vector": doc._.trend_vector.tolist(),
    }


def format_explanation(explanation: dict[str, Any], width: int | None = None) -> str:
    """An explanation as text: tables no wider than the terminal, the pair, the first ten numbers.

    explanation: as `explain` returns it.
    width: of a line, in characters; None for the terminal's.
    """
    attention = np.array(explanation["attention"], dtype=np.float32)
    words = explanation["words"]
    leaders = segment_leaders(attention, as_lengths(None, len(words)))[:, 0]
    cells = [
        [f"{value:.2f}{'*' if word == leader else ' '}" for word, value in enumerate(row)]
        for row, leader in zip(attention, leaders, strict=True)
    ]
    lines = []
    for first, last in _columns(words, width or shutil.get_terminal_size().columns):
        rows = [[str(row), *values[first:last]] for row, values in enumerate(cells)]
        header = ["row", *words[first:last]]
        lines.append(table(rows, header=header, divider=True, aligns=["r"] * len(header)))
    lines += [f"{name:8} {_shown(explanation[name])}" for name in ("focus", "related")]
    lines.append("vector   " + " ".join(f"{value:.4f}" for value in explanation["vector"][:10]) + " ...")
    return "\n".join(lines)


def _columns(words: list[str], width: int) -> list[tuple[int, int]]:
    """Ranges of words whose columns fit a line; at least one word each."""
    ranges, first, used = [], 0, 6
    for last, word in enumerate(words):
        needed = max(len(word), 6) + 3
        if last > first and used + needed > width:
            ranges.append((first, last))
            first, used = last, 6
        used += needed
    return [*ranges, (first, len(words))] if words else []


def _shown(word: dict[str, Any] | None) -> str:
    return "-" if word is None else f"{word['text']} (token {word['i']})"


def _as_json(token: Token | None) -> dict[str, Any] | None:
    return None if token is None else {"i": token.i, "text": token.text}
