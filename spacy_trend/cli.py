"""The commands `python -m spacy trend ...`: thin shells over the functions of the package."""

from pathlib import Path
from typing import Annotated

import spacy
import srsly
import typer
from spacy.cli._util import app
from wasabi import msg

from .compare import compare
from .comparison import as_table, write_comparison
from .component import trend_vectors
from .conversion import split_texts, write_parts
from .corpus import embed_corpus
from .diagnosis import diagnose
from .evaluation import evaluate, read_comparison, report, write_evaluation
from .explanation import explain, format_explanation
from .findings import has_errors, print_findings
from .labelled_texts import LabelledText, read_label_first, read_labelled_texts
from .pipeline import open_pipeline

trend_cli = typer.Typer(
    name="trend",
    help="Sentence vectors that say which words they came from.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(trend_cli)

Model = Annotated[str | None, typer.Option("--model", "-m", help="Pipeline with a transformer: name or path")]
Encoder = Annotated[str | None, typer.Option("--encoder", "-e", help="Hugging Face encoder: name or path")]
Lang = Annotated[str, typer.Option("--lang", "-l", help="Language of the tokenizer, with --encoder")]


@trend_cli.callback()
def trend() -> None:
    """Sentence vectors that say which words they came from."""


@trend_cli.command("explain")
def explain_cli(
    text: Annotated[str, typer.Argument(help="The text to explain")],
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the JSON")] = None,
) -> None:
    """Show which words the vector of a text comes from, and why.

    Prints a table of rows of attention against words, each row's leader marked with *, the focus, the related
    word and the first ten numbers of the vector. A pipeline without a 'trend_vector' gets one with the
    default settings. Without --model and --encoder it uses the encoder that the extra 'demo' installs.
    """
    try:
        nlp = open_pipeline(model, encoder, lang)
        if not trend_vectors(nlp):
            nlp.add_pipe("trend_vector")
        explanation = explain(nlp(text))
        if output:
            output.parent.mkdir(parents=True, exist_ok=True)
            srsly.write_json(output, explanation)
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The text could not be explained", str(error), exits=1)
    print(srsly.json_dumps(explanation) if as_json else format_explanation(explanation))


@trend_cli.command("doctor")
def doctor_cli(
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines")] = False,
) -> None:
    """Say what a pipeline is made of, what of it is wrong, and how to mend it.

    A short text is run through it. The exit code is 1 where something is wrong. Without --model and --encoder
    it is the encoder that the extra 'demo' installs, with default settings.
    """
    findings = diagnose(model, encoder, lang)
    if as_json:
        print(srsly.json_dumps([finding._asdict() for finding in findings], indent=2))
    else:
        print_findings(findings)
    raise typer.Exit(has_errors(findings))


@trend_cli.command("compare")
def compare_cli(
    train: Annotated[Path, typer.Argument(help="Labelled texts to learn from: .jsonl, .csv or .tsv")],
    test: Annotated[
        Path | None, typer.Argument(help="Labelled texts to predict; else those to learn from, in folds")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for compare.json and compare.png")
    ] = None,
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    folds: Annotated[int, typer.Option("--folds", help="How many, where there is no test part")] = 5,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of folds, intervals and random words")] = 0,
) -> None:
    """Show which sentence vector fits your texts: the presets, [CLS], mean pooling and others.

    Texts are embedded once; a logistic regression is fitted on each embedding. Files have the fields 'text'
    and 'label'. Without --model and --encoder it uses the encoder that the extra 'demo' installs.
    """
    try:
        if output:
            # Now, and not after the work: it may not be possible.
            output.mkdir(parents=True, exist_ok=True)
        comparison = compare(train, test, nlp=open_pipeline(model, encoder, lang), folds=folds, seed=seed)
        print(as_table(comparison))
        best = comparison.best_preset()
        msg.info(f"The best settings: nlp.add_pipe('trend_vector', config={best.config})")
        for path in write_comparison(comparison, output) if output else ():
            msg.good(f"Wrote {path}")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The texts could not be compared", str(error), exits=1)


@trend_cli.command("convert")
def convert_cli(
    texts: Annotated[Path, typer.Argument(help="Labelled texts: .jsonl, .csv or .tsv")],
    output: Annotated[Path, typer.Argument(help="Folder for train, dev and test, .spacy and .jsonl")],
    test: Annotated[Path | None, typer.Option("--test", help="A test part of its own")] = None,
    dev_share: Annotated[float, typer.Option("--dev-share", help="For dev, of all texts")] = 0.1,
    test_share: Annotated[float, typer.Option("--test-share", help="For test, without --test")] = 0.2,
    label_first: Annotated[
        bool, typer.Option("--label-first", help="Lines hold a label, a space or tab, and a text")
    ] = False,
    label_separator: Annotated[
        str | None, typer.Option("--label-separator", help="Keep of a label what is before this")
    ] = None,
    encoding: Annotated[str, typer.Option("--encoding", help="With --label-first")] = "utf-8",
    lang: Lang = "en",
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of the split")] = 0,
) -> None:
    """Make labelled texts ready for 'train' and 'compare': without copies, split by label."""

    def read(path: Path) -> list[LabelledText]:
        if label_first:
            return read_label_first(path, encoding, label_separator)
        return read_labelled_texts(path, "texts")

    try:
        if not label_first and (label_separator is not None or encoding != "utf-8"):
            raise ValueError("--label-separator and --encoding have a meaning with --label-first alone.")
        parts = split_texts(
            read(texts),
            read(test) if test else None,
            dev_share=dev_share,
            test_share=test_share,
            seed=seed,
        )
        write_parts(parts, output, lang)
    except (ImportError, OSError, LookupError, ValueError) as error:
        msg.fail("The texts could not be converted", str(error), exits=1)
    counts = ", ".join(f"{len(part)} {name}" for name, part in zip(parts._fields, parts[:3], strict=False))
    left_out = f"; left out {parts.copies} copies" if parts.copies else ""
    contrary = f", {parts.contradictions} of them with another label" if parts.contradictions else ""
    msg.good(f"Wrote {counts} texts to {output}{left_out}{contrary}")


@trend_cli.command("evaluate")
def evaluate_cli(
    model: Annotated[str, typer.Argument(help="Pipeline with a textcat: name or path")],
    texts: Annotated[Path, typer.Argument(help="Labelled docs: .spacy")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for evaluation.json, confusion.png, report.txt"),
    ] = None,
    comparison: Annotated[
        Path | None, typer.Option("--compare", help="compare.json, to show beside the scores")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of the intervals")] = 0,
) -> None:
    """Show how well a trained text classifier does, and which labels it mistakes for others."""
    try:
        compared = read_comparison(comparison) if comparison else None
        if output:
            output.mkdir(parents=True, exist_ok=True)
        evaluation = evaluate(spacy.load(model), texts, seed=seed)
        print(report(evaluation, compared))
        for path in write_evaluation(evaluation, output, compared) if output else ():
            msg.good(f"Wrote {path}")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The pipeline could not be evaluated", str(error), exits=1)


@trend_cli.command("embed")
def embed_cli(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File or folder of texts, or - for JSON lines")
    ],
    output: Annotated[Path, typer.Argument(metavar="OUTPUT_DIR", help="Folder for Parquet files")],
    model: Model = None,
    encoder: Encoder = None,
    lang: Lang = "en",
    preset: Annotated[
        str, typer.Option("--preset", help="Settings, where the pipeline has none")
    ] = "article",
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU to use, or -1 for the CPU")] = -1,
    text_field: Annotated[str, typer.Option("--text-field", help="Column that holds the texts")] = "text",
    processes: Annotated[int, typer.Option("--processes", "-n", help="How many")] = 1,
    engine: Annotated[str, typer.Option("--engine", help="local, or ray for Ray Data")] = "local",
    address: Annotated[str | None, typer.Option("--address", help="Of a Ray cluster")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Texts a pipeline takes at once")
    ] = None,
    shard_rows: Annotated[int, typer.Option("--shard-rows", help="Rows of a file")] = 10_000,
    on_error: Annotated[str, typer.Option("--on-error", help="raise, or skip and name such rows")] = "raise",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start again")] = False,
) -> None:
    """Embed all texts of an input into Parquet files; a run that was killed goes on where it was.

    INPUT is .jsonl, .csv, .tsv or .txt, each also with .gz, .parquet, or a folder of these.
    """
    try:
        summary = embed_corpus(
            source,
            output,
            model=model,
            encoder=encoder,
            lang=lang,
            preset=preset,
            gpu_id=gpu_id,
            text_field=text_field,
            processes=processes,
            engine=engine,
            address=address,
            batch_size=batch_size,
            shard_rows=shard_rows,
            on_error=on_error,
            overwrite=overwrite,
        )
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The texts could not be embedded", str(error), exits=1)
    embedded = summary.rows - summary.errors
    rate = (summary.rows - summary.done_before) / max(summary.seconds, 1e-9)
    msg.good(f"{output} has {embedded} rows in {summary.shards} files")
    if summary.done_before:
        msg.info(f"{summary.done_before} rows of the input were done before")
    if summary.errors:
        msg.warn(f"{summary.errors} rows had errors: see {output / 'errors.jsonl'}")
    msg.info(f"{summary.seconds:.0f} s, {rate:.0f} rows a second")
