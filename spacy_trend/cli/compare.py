"""The commands for labelled texts: `compare`, `split` and `evaluate`."""

from pathlib import Path
from typing import Annotated

import typer
from spacy import Language

from ..compare import compare, split
from ..compare.comparison import Comparison, write_comparison
from ..compare.evaluation import evaluate, report, write_evaluation
from ..compare.labelled_texts import Layout, read_labelled_texts
from ..compare.parts import write_parts
from ..compare.summary import as_table, conclude
from ..console import msg
from ..dependencies import check_compare_extra
from ..output_paths import make_folder
from ..pipelines import open_pipeline
from ..reports import LIMIT, Reasons, make_report
from ..reports.contents import LINES
from ..reports.report import PAGE
from ..reports.scores import Scores
from .app import (
    Delimiter,
    DropRare,
    Encoding,
    LabelField,
    Lang,
    Model,
    NoHeader,
    Quiet,
    TextField,
    delimiter_of,
    dialect_of,
    trend_cli,
)

#: What files of labelled texts may be.
FORMATS = ".jsonl, .csv, .tsv or .parquet"
Limit = Annotated[
    int | None, typer.Option("--limit", help="For a trial: use so many of the texts, drawn at random")
]


@trend_cli.command("compare")
def compare_cli(
    train: Annotated[Path, typer.Argument(help=f"Labelled texts to learn from: {FORMATS}")],
    test: Annotated[
        Path | None, typer.Argument(help="Labelled texts to predict; by default TRAIN, in folds")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write compare.json and compare.png to")
    ] = None,
    model: Model = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path; or several of them"),
    ] = None,
    lang: Lang = "en",
    folds: Annotated[int, typer.Option("--folds", help="Without TEST: number of folds")] = 5,
    seed: Annotated[
        int, typer.Option("--seed", "-s", help="Seed of the folds, intervals and random words")
    ] = 0,
    text_field: TextField = "text",
    label_field: LabelField = "label",
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    drop_rare: DropRare = 0,
    limit: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Show which sentence vector fits your texts: the presets, [CLS], mean pooling and others.

    Embeds the texts once, fits a logistic regression on each kind of vector, and tests the presets against
    the best plain baseline. With several --encoder, all are compared. Without --model and --encoder, the
    encoder of the extra 'demo' is used.
    """
    try:
        # Before the work, so that mistakes show at once.
        check_compare_extra()
        if output:
            make_folder(output)
        layout = Layout(text_field, label_field, dialect_of(encoding, delimiter, no_header))
        train_texts = read_labelled_texts(train, "train", layout)
        test_texts = read_labelled_texts(test, "test", layout) if test else None
        comparison = compare(
            train_texts,
            test_texts,
            nlp=_pipelines(model, encoder or [], lang),
            folds=folds,
            seed=seed,
            drop_rare=drop_rare,
            limit=limit,
        )
        print(as_table(comparison))
        print(conclude(comparison))
        best = comparison.best_preset()
        on = f", with the encoder {best.encoder}" if best.encoder else ""
        msg.info(f"Settings of the best preset: nlp.add_pipe('trend_vector', config={best.config}){on}")
        for path in write_comparison(comparison, output) if output else ():
            msg.good(f"Wrote {path}")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The texts could not be compared", str(error), exits=1)


@trend_cli.command("split")
def split_cli(
    texts: Annotated[Path, typer.Argument(help=f"Labelled texts: {FORMATS}")],
    output: Annotated[
        Path, typer.Argument(help="Folder to write train, dev and test to, as .spacy and .jsonl")
    ],
    test: Annotated[Path | None, typer.Option("--test", help="Labelled texts for the test part")] = None,
    dev_share: Annotated[float, typer.Option("--dev-share", help="Share of the texts for dev")] = 0.1,
    test_share: Annotated[
        float, typer.Option("--test-share", help="Without --test: share of the texts for test")
    ] = 0.2,
    text_field: TextField = "text",
    label_field: LabelField = "label",
    label_separator: Annotated[
        str | None, typer.Option("--label-separator", help="Keep only what precedes this in a label")
    ] = None,
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    drop_rare: DropRare = 0,
    limit: Limit = None,
    lang: Annotated[str, typer.Option("--lang", "-l", help="Language of the tokenizer")] = "en",
    seed: Annotated[int, typer.Option("--seed", "-s", help="Seed of the split")] = 0,
    quiet: Quiet = False,
) -> None:
    """Split labelled texts by label, without copies, for 'spacy train', 'compare' and 'evaluate'."""
    try:
        parts = split(
            texts,
            test,
            text=text_field,
            label=label_field,
            label_separator=label_separator,
            dev_share=dev_share,
            test_share=test_share,
            seed=seed,
            drop_rare=drop_rare,
            limit=limit,
            encoding=encoding,
            delimiter=delimiter_of(delimiter),
            header=not no_header,
        )
        write_parts(parts, output, lang)
    except (ImportError, OSError, LookupError, ValueError) as error:
        msg.fail("The texts could not be split", str(error), exits=1)
    counts = ", ".join(f"{len(part)} {name}" for name, part in zip(parts._fields, parts[:3], strict=False))
    left_out = f"; left out {parts.copies} copies" if parts.copies else ""
    contrary = f", {parts.contradictions} of them with another label" if parts.contradictions else ""
    rare = f"; left out {parts.rare} texts of rare labels" if parts.rare else ""
    msg.good(f"Wrote {counts} texts to {output}{left_out}{contrary}{rare}")


@trend_cli.command("evaluate")
def evaluate_cli(
    model: Annotated[str, typer.Argument(help="Pipeline with a textcat: name or path")],
    texts: Annotated[Path, typer.Argument(help=f"Labelled texts: .spacy, {FORMATS}")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to write evaluation.json, confusion.png, report.txt, report.html, reasons.jsonl to",
        ),
    ] = None,
    comparison: Annotated[
        Path | None, typer.Option("--compare", help="compare.json to show beside the scores")
    ] = None,
    examples: Annotated[
        int,
        typer.Option(
            "--examples", min=1, help="Of how many misclassified texts report.html shows the reasons"
        ),
    ] = LIMIT,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Seed of the intervals")] = 0,
    text_field: TextField = "text",
    label_field: LabelField = "label",
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = None,
    no_header: NoHeader = False,
    limit: Limit = None,
    quiet: Quiet = False,
) -> None:
    """Show how well a trained text classifier works, which labels it confuses, and why.

    report.html shows the misclassified texts with each word's part of the mistake, the words that push each
    label, and nearly the same texts with different labels; reasons.jsonl has the parts of all texts.
    """
    try:
        check_compare_extra()
        compared = Comparison.from_json(comparison) if comparison else None
        if output:
            make_folder(output)
        nlp = open_pipeline(model, None, "en")
        reasons = Reasons(nlp) if output else None
        layout = Layout(text_field, label_field, dialect_of(encoding, delimiter, no_header))
        evaluation = evaluate(nlp, texts, layout=layout, limit=limit, seed=seed, reasons=reasons)
        print(report(evaluation, compared))
        for path in write_evaluation(evaluation, output, compared) if output else ():
            msg.good(f"Wrote {path}")
        if output and reasons:
            _write_reasons(reasons, evaluation, output, examples)
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The pipeline could not be evaluated", str(error), exits=1)


def _write_reasons(reasons: Reasons, scores: Scores, output: Path, limit: int) -> None:
    """Write the report, or say in a line why there is none."""
    if reasons.why_not is not None:
        msg.info(f"No {PAGE} and no {LINES}: {reasons.why_not}")
        for earlier in (output / PAGE, output / LINES):
            if earlier.exists():
                msg.warn(f"Of an earlier run, not of this one: {earlier}")
        return
    for path in make_report(reasons, scores, limit=limit).write(output):
        msg.good(f"Wrote {path}")


def _pipelines(model: str | None, encoders: list[str], lang: str) -> Language | dict[str, Language]:
    """Return one pipeline, or several by the names of their encoders."""
    if len(encoders) < 2:
        return open_pipeline(model, encoders[0] if encoders else None, lang)
    # Here, because the extra may be missing.
    from ..compare.candidates import name_encoders

    named = name_encoders(encoders)
    return {name: open_pipeline(model, encoder, lang) for name, encoder in named.items()}
