"""The commands for labelled texts: `compare`, `convert` and `evaluate`."""

from pathlib import Path
from typing import Annotated

import spacy
import typer
from wasabi import msg

from ..compare import compare
from ..compare.comparison import Comparison, as_table, write_comparison
from ..compare.evaluation import evaluate, report, write_evaluation
from ..compare.labelled_texts import LabelledText, read_label_first, read_labelled_texts
from ..compare.split import split_texts, write_parts
from ..dependencies import check_extra_compare
from ..output_paths import make_folder
from ..pipelines import open_pipeline
from .app import Encoder, Lang, Model, trend_cli


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
        # Both now, and not after the work: what is missing or not possible costs no time then.
        check_extra_compare()
        if output:
            make_folder(output)
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
    lang: Annotated[str, typer.Option("--lang", "-l", help="Language of the tokenizer")] = "en",
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
        check_extra_compare()
        compared = Comparison.from_json(comparison) if comparison else None
        if output:
            make_folder(output)
        evaluation = evaluate(spacy.load(model), texts, seed=seed)
        print(report(evaluation, compared))
        for path in write_evaluation(evaluation, output, compared) if output else ():
            msg.good(f"Wrote {path}")
    except (ImportError, OSError, ValueError) as error:
        msg.fail("The pipeline could not be evaluated", str(error), exits=1)
