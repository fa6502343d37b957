"""The command for nearest neighbours in a corpus: `search`."""

import json
import math
import shutil
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from wasabi import table

from ..console import msg
from ..corpus import search
from ..messages import shorten_text, without_controls
from .app import Encoder, Lang, Model, Preset, Quiet, Stride, Window, trend_cli

if TYPE_CHECKING:
    from ..attribution.interface import SimilarityAttribution
    from ..corpus.hits import Hit, Hits

#: How many words of a text, and how many pairs, are shown as reasons.
REASONS = 5
#: How many characters a text may have at least, however narrow the terminal is.
NARROWEST = 20
#: What stands before the words and pairs of a reason.
INDENT = " " * 10
NO_BREAK = "\N{NO-BREAK SPACE}"


@trend_cli.command("search")
def search_cli(
    folder: Annotated[Path, typer.Argument(help="Folder that the command 'embed' wrote")],
    query: Annotated[str, typer.Argument(help="The text to compare with, in quotes")],
    k: Annotated[int, typer.Option("--k", "-k", help="How many texts to find")] = 5,
    why: Annotated[
        bool, typer.Option("--why", help="Show which words made the query and each text similar")
    ] = False,
    text_field: Annotated[
        str | None, typer.Option("--text-field", help="Column to show; by default the one embedded")
    ] = None,
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    preset: Preset = None,
    window: Window = None,
    stride: Stride = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    quiet: Quiet = False,
) -> None:
    """Find the texts of an embedded corpus that are nearest to a query.

    Prints the cosine of the vectors (score), the text's position in the input of 'embed' (row), its focus and
    the text. With --why, also what the words of both add to each score, and the pairs of words that add most.
    Give --model, --encoder, --lang, --window, --stride and --preset as to 'embed'; without --preset, a
    pipeline without a trend vector gets the preset of the folder.
    """
    try:
        hits = search(
            folder,
            query,
            k,
            model=model,
            encoder=encoder,
            lang=lang,
            preset=preset,
            window=window,
            stride=stride,
            text_field=text_field,
            why=why,
        )
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The folder could not be searched", str(error), exits=1)
    if as_json:
        print(json.dumps(_plain({"query": query, **hits.to_dict()}), allow_nan=False))
        return
    width = shutil.get_terminal_size().columns
    print(as_table(hits, width))
    for number, hit in enumerate(hits, 1):
        if hit.why is not None:
            print("\n".join([f"{number}. {_shown(hit, width - 4)}", *reasons(hit.why, width), ""]))
    _warn(hits)


def as_table(hits: "Hits", width: int) -> str:
    """Return hits as text, one in each line.

    Args:
        hits: the best first.
        width: characters in a line.
    """
    rows = [
        [str(number), f"{hit.score:.3f}", str(hit.row), _focus(hit)] for number, hit in enumerate(hits, 1)
    ]
    header = ["", "score", "row", "focus"]
    taken = sum(max(map(len, column)) for column in zip(header, *rows, strict=True)) + 3 * len(header)
    room = max(width - taken, NARROWEST)
    cells = [[*row, _shown(hit, room)] for row, hit in zip(rows, hits, strict=True)]
    aligns: list[Literal["r", "c", "l"]] = ["r", "r", "r", "l", "l"]
    return table(cells, header=[*header, "text"], divider=True, aligns=aligns, max_col=room)


def reasons(why: "SimilarityAttribution", width: int) -> list[str]:
    """Return the words and the pairs of words that add most to a similarity, as lines.

    Args:
        why: the query by the text.
        width: characters in a line.
    """
    pairs = [(f"{pair.text} ~ {pair.other_text}", pair.part) for pair in why.top(REASONS)]
    return [
        *_listed("query", list(zip(why.texts, why.rows.tolist(), strict=True)), width),
        *_listed("text", list(zip(why.other_texts, why.columns.tolist(), strict=True)), width),
        *_listed("pairs", pairs, width, why.parts.size),
    ]


def _listed(name: str, parts: list[tuple[str, float]], width: int, count: int | None = None) -> list[str]:
    """Return the parts with most as lines that are broken between parts; of equals, the first comes first."""
    most = sorted(parts, key=lambda part: -abs(part[1]))[:REASONS]
    listed = [f"{without_controls(word)} {part:+.3f}," for word, part in most]
    more = (len(parts) if count is None else count) - len(most)
    listed = [*listed, f"and {more:,} more"] if more else [*listed[:-1], listed[-1].rstrip(",")]
    # Lines are broken at spaces alone, not at those that stand here for the spaces within.
    text = f"   {name:7}" + " ".join(part.replace(" ", NO_BREAK) for part in listed)
    room = max(width, NARROWEST + len(INDENT))
    lines = wrap(text, room, subsequent_indent=INDENT, break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]


def _focus(hit: "Hit") -> str:
    return shorten_text(hit.focus.text, 20) if hit.focus else "-"


def _shown(hit: "Hit", length: int) -> str:
    return "-" if hit.text is None else shorten_text(hit.text, max(length, NARROWEST))


def _warn(hits: "Hits") -> None:
    if hits.without_words:
        msg.info(f"{hits.without_words} of {hits.rows} texts have no words, and so no vector to compare")
    if hits.not_finite:
        msg.warn(f"{hits.not_finite} of {hits.rows} texts have NaN or infinite numbers: they were left out")
    if hits.missing_files:
        msg.warn(f"{hits.missing_files} files of the corpus are not there yet: run embed again to finish it")


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: null for numbers that it lacks, and what is no JSON as a text."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
