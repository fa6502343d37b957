"""The commands that explain a vector or a pipeline: `explain` and `doctor`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..console import msg
from ..doctor import diagnose
from ..doctor.findings import has_errors, print_findings
from ..output_paths import prepare_file
from ..pipelines import load_pipeline
from ..text_files import Dialect, read_texts
from ..visualize import SIMILARITY, check_style, render
from ..visualize.explanation import as_json_line, explain, format_explanation
from .app import Delimiter, Encoder, Encoding, Lang, Model, Preset, delimiter_of, trend_cli


@trend_cli.command("explain")
def explain_cli(
    text: Annotated[str | None, typer.Argument(help="The text to explain")] = None,
    texts: Annotated[
        Path | None, typer.Option("--texts", "-t", help="File of texts to explain, instead of TEXT")
    ] = None,
    text_field: Annotated[
        str, typer.Option("--text-field", help="With --texts: column of the texts")
    ] = "text",
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    preset: Preset = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write the JSON to")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Web page to draw the text on")] = None,
    style: Annotated[
        str | None,
        typer.Option("--style", help="With --html: attention (a table), words, or similarity (of two texts)"),
    ] = None,
) -> None:
    """Show which words the vector of a text comes from, and why.

    Prints a table of words, what each counts in the vector (weight) and its share of the encoder's attention
    (importance); a table of attention, rows by words, with * at each row's leader; the focus, the related
    word, and the first ten numbers of the vector. Several texts are printed one after another; as JSON, one
    per line. A pipeline without a trend vector gets one with the default settings. Without --model and
    --encoder, the encoder of the extra 'demo' is used.
    """
    try:
        to_explain = _texts(text, texts, text_field, Dialect(encoding, delimiter_of(delimiter)))
        # Before an encoder is loaded, so that mistakes show at once.
        _check_picture(html, style, len(to_explain))
        for path in filter(None, (html, output)):
            prepare_file(path)
        nlp = load_pipeline(model, encoder, lang, preset)
        docs = list(nlp.pipe(to_explain))
        if html:
            html.write_text(
                str(render(docs, style or "attention", page=True, jupyter=False)), encoding="utf8"
            )
        explanations = [explain(doc) for doc in docs]
        lines = [as_json_line(explanation) for explanation in explanations]
        if output:
            output.write_text("\n".join(lines) + "\n", encoding="utf8")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The text could not be explained", str(error), exits=1)
    if as_json:
        print("\n".join(lines))
    elif html:
        msg.good(f"Wrote {html}")
    else:
        print("\n\n".join(map(format_explanation, explanations)))


@trend_cli.command("doctor")
def doctor_cli(
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text")] = False,
) -> None:
    """Show what a pipeline consists of, what is wrong with it, and how to fix it.

    A short text is run through the pipeline. The exit code is 1 if there is an error. Without --model and
    --encoder, the encoder of the extra 'demo' is examined with the default settings.
    """
    findings = diagnose(model, encoder, lang)
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        print_findings(findings)
    raise typer.Exit(has_errors(findings))


def _check_picture(html: Path | None, style: str | None, texts: int) -> None:
    """Refuse a style that is unknown, for which there is no page, or that draws another number of texts."""
    if style is None:
        return
    if html is None:
        raise ValueError("Got --style, but no picture to draw. Add --html FILE.")
    check_style(style)
    if style == SIMILARITY and texts != 2:
        raise ValueError(
            f"Got {'a text' if texts == 1 else f'{texts} texts'} for --style {style}. Expected two: --texts "
            "FILE with two texts."
        )


def _texts(text: str | None, path: Path | None, text_field: str, dialect: Dialect) -> list[str]:
    if text is not None and path is None:
        return [text]
    if text is None and path is not None:
        return list(read_texts(path, text_field, dialect))
    got = "neither a text nor a file" if text is None else f"the text {text!r} and the file {path}"
    raise ValueError(f"Got {got}. Expected one of the two: a TEXT in quotes, or --texts FILE.")
