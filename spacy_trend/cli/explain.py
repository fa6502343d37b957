"""The commands that explain a vector or a pipeline: `explain` and `doctor`."""

import json
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from spacy import Language
from spacy.tokens import Doc

from ..attribution import METHODS, Attribution, attribute_prediction
from ..attribution.margins import classifiers_in
from ..console import msg
from ..doctor import diagnose
from ..doctor.findings import has_errors, print_findings
from ..output_paths import prepare_file
from ..pipelines import load_pipeline
from ..settings import check_choice
from ..text_files import Dialect, read_texts
from ..visualize import SIMILARITY, check_style, render
from ..visualize.explanation import (
    as_json_line,
    explain,
    explain_similarity,
    format_explanation,
    format_similarity,
)
from .app import (
    Delimiter,
    Encoder,
    Encoding,
    Lang,
    Model,
    NoHeader,
    Preset,
    Quiet,
    Stride,
    Window,
    dialect_of,
    trend_cli,
)


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
    no_header: NoHeader = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="With --texts: the first so many of them")
    ] = None,
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    preset: Preset = None,
    window: Window = None,
    stride: Stride = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write the JSON to")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Web page to draw the text on")] = None,
    style: Annotated[
        str | None,
        typer.Option("--style", help="With --html: attention (a table), words, or similarity (of two texts)"),
    ] = None,
    other: Annotated[
        str | None, typer.Option("--with", help="Another text: show which words make the two alike")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label", help="With a text classifier: label to give reasons for, not the predicted one"
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="The label it is compared with; by default the runner-up")
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", help="exact, or leave_one_out: encode the text again without each word"),
    ] = "exact",
    top: Annotated[int | None, typer.Option("--top", min=1, help="How many words to show")] = None,
    quiet: Quiet = False,
) -> None:
    """Show which words a vector, a prediction or a similarity comes from, and why.

    Prints the attention that each word receives, with * at each row's leader; what each word counts in the
    vector (weight), its share of the encoder's attention (importance) and, if the pipeline has a text
    classifier on the trend vector, its part of the score of the predicted label; the focus, the related word
    and the reasons. Several texts are printed one after another; as JSON, one per line. A pipeline without a
    trend vector gets one with the default settings. Without --model and --encoder, the encoder of the extra
    'demo' is used.
    """
    try:
        dialect = dialect_of(encoding, delimiter, no_header)
        to_explain = _texts(text, other, texts, limit, text_field, dialect)
        # Before an encoder is loaded, so that mistakes show at once.
        _check_question(other, label or against, method)
        if other is not None and html:
            style = style or SIMILARITY
        _check_picture(html, style, len(to_explain))
        for path in filter(None, (html, output)):
            prepare_file(path)
        nlp = load_pipeline(model, encoder, lang, preset, token_vectors=True, window=window, stride=stride)
        docs = list(nlp.pipe(to_explain))
        attributions = None
        if other is None and (style is None or label or against):
            attributions = _attributions(nlp, docs, label, against, method)
        if html:
            page = render(docs, style or "attention", page=True, jupyter=False, attribution=attributions)
            html.write_text(str(page), encoding="utf8")
        explanations = [explain_similarity(*docs)] if other is not None else _explanations(docs, attributions)
        lines = [as_json_line(explanation) for explanation in explanations]
        if output:
            output.write_text("\n".join(lines) + "\n", encoding="utf8")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The text could not be explained", str(error), exits=1)
    if as_json:
        print("\n".join(lines))
    elif html:
        msg.good(f"Wrote {html}")
    elif other is not None:
        print(format_similarity(explanations[0], top))
    else:
        print("\n\n".join(format_explanation(explanation, top=top) for explanation in explanations))


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


def _check_question(other: str | None, label: str | None, method: str) -> None:
    """Refuse an unknown method, and questions that exclude each other."""
    check_choice("explain", "method", method, METHODS)
    if other is not None and (label is not None or method != METHODS[0]):
        raise ValueError(
            "Got --with beside --label, --against or --method, which ask about a classifier. Expected one of "
            "the two: leave --with out, or the others."
        )


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


def _attributions(
    nlp: Language, docs: list[Doc], label: str | None, against: str | None, method: str
) -> list[Attribution] | None:
    """Return why a text classifier predicts what it does; None if there is none and nobody asks for it."""
    asks = label is not None or against is not None or method != METHODS[0]
    if len(classifiers_in(nlp)) != 1 and not asks:
        return None
    return [attribute_prediction(nlp, doc, label, against, method=method) for doc in docs]


def _explanations(docs: list[Doc], attributions: list[Attribution] | None) -> list[dict[str, Any]]:
    if attributions is None:
        return [explain(doc) for doc in docs]
    return [explain(doc, attribution) for doc, attribution in zip(docs, attributions, strict=True)]


def _texts(
    text: str | None,
    other: str | None,
    path: Path | None,
    limit: int | None,
    text_field: str,
    dialect: Dialect,
) -> list[str]:
    if text is not None and path is None:
        return [text] if other is None else [text, other]
    if text is None and path is not None:
        if other is not None:
            raise ValueError("Got --texts and --with. Expected a TEXT to compare with the other one.")
        return list(islice(read_texts(path, text_field, dialect), limit))
    got = "neither a text nor a file" if text is None else f"the text {text!r} and the file {path}"
    raise ValueError(f"Got {got}. Expected one of the two: a TEXT in quotes, or --texts FILE.")
