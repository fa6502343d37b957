"""Which sentence embedding suits a classifier best, and how well cosines agree with human judgement.

TREC and SST-2: fitted on the training part, measured on the test part. SMS, without copies of a message: in
five folds. STS-B, dev: Spearman's correlation of cosines and scores. With --training-only no test part is
read: the training texts are predicted in folds, so presets can be chosen on them.
"""

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from report import machine, markdown_table, write_section
from scipy.stats import spearmanr
from texts import sms, sst2, trec

from spacy_trend.compare import compare
from spacy_trend.compare.comparison import Comparison, describe_texts
from spacy_trend.compare.embeddings import embed_texts
from spacy_trend.pipelines import transformer_pipeline


def similarities(data: Path) -> dict[str, float]:
    """Return Spearman's correlation of cosines with scores, on STS-B dev, by embedding."""
    with (data / "stsb" / "dev.csv").open(encoding="utf8", newline="") as file:
        rows = list(csv.reader(file))
    scores = [float(score) for _, _, score in rows]
    texts = [text for text, _, _ in rows] + [text for _, text, _ in rows]
    found = {}
    for name, vectors in embed_texts(texts, transformer_pipeline()).by_name.items():
        units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        cosines = (units[: len(rows)] * units[len(rows) :]).sum(axis=1)
        found[name] = float(spearmanr(cosines, scores).statistic)
    return found


def comparison_table(comparison: Comparison) -> str:
    """Return a comparison in Markdown."""
    rows = [
        [
            score.name,
            str(score.width),
            f"{100 * score.accuracy:.1f}",
            "{:.1f} to {:.1f}".format(*(100 * limit for limit in score.accuracy_interval)),
            f"{100 * score.macro_f1:.1f}",
            "-" if score.p_value is None else f"{score.p_value:.2g}",
        ]
        for score in comparison.scores
    ]
    header = ["embedding", "width", "accuracy", "95% interval", "macro F1", "McNemar's p against [CLS]"]
    return f"{markdown_table(header, rows)}\n\n{describe_texts(comparison)}"


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see the README")],
    training_only: Annotated[
        bool, typer.Option(help="Predict training texts in folds; write nothing")
    ] = False,
) -> None:
    """Measure, print the tables and write them to benchmarks/RESULTS.md."""
    if not (data / "trec").is_dir():
        raise SystemExit(f"No data at {data}: nothing is measured.")
    if training_only:
        for texts in (trec(data, "train"), sst2(data, "train"), sms(data)):
            print(comparison_table(compare(texts, folds=3)))
        return
    sections = {
        "TREC, question type": compare(trec(data, "train"), trec(data, "test")),
        "SST-2, sentiment": compare(sst2(data, "train"), sst2(data, "test")),
        "SMS, spam": compare(sms(data)),
    }
    body = [f"{machine()} Logistic regression, accuracy and macro F1 in %."]
    body += [f"### {title}\n\n{comparison_table(comparison)}" for title, comparison in sections.items()]
    ranked = sorted(similarities(data).items(), key=lambda item: -item[1])
    rows = [[name, f"{value:.3f}"] for name, value in ranked]
    table = markdown_table(["embedding", "Spearman"], rows)
    body.append(f"### STS-B dev, cosine against human scores\n\n{table}")
    write_section("Quality", "\n\n".join(body))


if __name__ == "__main__":
    typer.run(main)
