"""Which sentence embedding suits a classifier best, and how well cosines agree with human judgement.

TREC and SST-2: fitted on the training part, measured on the test part. SMS, without copies of a message: in
five folds. STS-B, dev: Spearman's correlation of cosines and scores.

With --training-only no test part is read, nor SMS, which has none: what presets could be is compared on the
training texts of TREC and SST-2, predicted in folds.
"""

import csv
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from embeddings import BOTH, CLS, MEAN, Embedded, embed_all, embed_candidates
from joblib import parallel_config  # type: ignore[import-untyped]
from one_pass import cosines, encoder_name, section_title
from report import machine, markdown_table, write_section
from scipy.stats import spearmanr
from spacy import Language
from texts import Pairs, draw, sms, sst2, trec
from tqdm import tqdm

from spacy_trend import PRESETS
from spacy_trend.compare.classifier import cross_predict, predict_test
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.reports.scores import mcnemar, score_predictions
from spacy_trend.types import Ints

FOLDS = 5
#: What every embedding is tested against.
AGAINST = (CLS, MEAN, BOTH)


class Predicted(NamedTuple):
    """What a classifier on each embedding of some texts predicts.

    Attributes:
        true: int64 `(texts,)`.
        by_name: int64 `(texts,)`, by the name of the embedding, after the width of the embedding.
        about: which texts they are.
    """

    true: Ints
    by_name: dict[str, tuple[int, Ints]]
    about: str

    def right(self, name: str) -> np.ndarray:
        """Return which texts are predicted rightly, bool `(texts,)`."""
        right: np.ndarray = self.by_name[name][1] == self.true
        return right


def predict(embedded: Embedded, train: Pairs, test: Pairs | None, folds: int = FOLDS) -> Predicted:
    """Predict the test texts or, without any, the training texts in folds.

    Args:
        embedded: of the training texts and then the test texts, by name.
        train: with labels.
        test: likewise.
        folds: how many.

    Returns:
        the predictions of a logistic regression on each embedding.
    """
    labels = np.unique([label for _, label in train + (test or [])], return_inverse=True)[1]
    n = len(train)
    by_name = {}
    for name, vectors in tqdm(embedded.items(), desc="Fitting"):
        # Two fits at a time, each in one thread: threads that wait for each other at every step are slower.
        with parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
            if test is None:
                found = cross_predict(vectors, labels, folds, seed=0)
            else:
                found = predict_test(vectors[:n], labels[:n], vectors[n:], seed=0)
        by_name[name] = vectors.shape[1], found.labels
    about = f"n = {len(test or train)}, " + (
        f"{folds} folds" if test is None else f"after {n} training texts"
    )
    return Predicted(labels if test is None else labels[n:], by_name, about)


def quality_table(predicted: Predicted) -> str:
    """Return how good the predictions are in Markdown, the best first."""
    rows = []
    for name, (width, labels) in predicted.by_name.items():
        score = score_predictions(predicted.true, labels, seed=0)
        interval = "{:.1f} to {:.1f}".format(*(100 * limit for limit in score.accuracy_interval))
        numbers = [f"{100 * score.accuracy:.1f}", interval, f"{100 * score.macro_f1:.1f}"]
        rows.append([name, str(width), *numbers, *(p_value([predicted], name, other) for other in AGAINST)])
    rows.sort(key=lambda row: -float(row[2]))
    header = ["embedding", "width", "accuracy", "95% interval", "macro F1"]
    return markdown_table([*header, *(f"p against {other}" for other in AGAINST)], rows)


def p_value(sets: list[Predicted], name: str, other: str) -> str:
    """Return McNemar's p of two embeddings on all texts of some sets."""
    if name == other:
        return "-"
    right, others = (np.concatenate([of_set.right(which) for of_set in sets]) for which in (name, other))
    return f"{mcnemar(right, others):.2g}"


def differences_table(sets: dict[str, Predicted], pairs: list[tuple[str, str]]) -> str:
    """Return by how much embeddings are ahead of others, set by set and in all, in Markdown."""
    rows = []
    for name, other in pairs:
        cells = []
        for of_cell in [[predicted] for predicted in sets.values()] + [list(sets.values())]:
            gains = [100 * (of_set.right(name).mean() - of_set.right(other).mean()) for of_set in of_cell]
            cells.append(f"{np.mean(gains):+.1f} ({p_value(of_cell, name, other)})")
        rows.append([name, other, *cells])
    return markdown_table(["embedding", "against", *sets, "mean, and p of all texts"], rows)


def similarities(data: Path, nlp: Language, limit: int | None) -> tuple[dict[str, float], int]:
    """Return Spearman's correlation of cosines with scores on STS-B dev by name, and of how many pairs."""
    with (data / "stsb" / "dev.csv").open(encoding="utf8", newline="") as file:
        rows = list(csv.reader(file))[:limit]
    scores = [float(score) for _, _, score in rows]
    embedded = embed_all([text for text, _, _ in rows] + [text for _, text, _ in rows], nlp)
    found = {
        name: float(spearmanr(cosines(vectors[: len(rows)], vectors[len(rows) :]), scores).statistic)
        for name, vectors in embedded.items()
    }
    return found, len(rows)


def presets_table(sets: dict[str, Predicted], similarity: dict[str, float]) -> str:
    """Return what was measured of presets, as the command `presets` prints it, in Markdown."""
    header = ["preset", *(f"{title.split(',')[0]}, %" for title in sets), "STS-B dev"]
    rows = [
        [
            name,
            *(f"{100 * of_set.right(name).mean():.1f}" for of_set in sets.values()),
            f"{similarity[name]:.3f}",
        ]
        for name in PRESETS
    ]
    return markdown_table(header, rows)


def choices(data: Path, nlp: Language, limit: int | None) -> str:
    """Return how good what presets could be is, on training parts alone."""
    sets = {}
    for title, texts in {"TREC": trec(data, "train"), "SST-2": sst2(data, "train")}.items():
        drawn = draw(texts, limit)
        embedded = embed_candidates([text for text, _ in drawn], nlp)
        sets[title] = predict(embedded, drawn, None, folds=3)
    rows = [
        [name, str(width), *(f"{100 * of_set.right(name).mean():.1f}" for of_set in sets.values())]
        for name, (width, _) in sets["TREC"].by_name.items()
    ]
    pairs = [
        ("upper half, equal weights", "upper half, residual 1"),
        ("upper half, residual 0", "upper half, residual 1"),
        ("upper half, residual 1", "last layer, residual 1"),
        ("last layer, equal weights", "last layer, residual 1"),
        ("lower half beside upper half, residual 1", "static beside upper half, residual 1"),
        ("static beside upper half, equal weights", "static beside upper half, residual 1"),
    ]
    about = "; ".join(f"{title}: {of_set.about}" for title, of_set in sets.items())
    tables = [markdown_table(["embedding", "width", *sets], rows), differences_table(sets, pairs)]
    return "\n\n".join([f"Accuracy in %, McNemar's p in brackets. {about}.", *tables])


def measure(data: Path, nlp: Language, limit: int | None) -> tuple[str, str]:
    """Return the tables of all sets, and that of presets alone."""
    parts: dict[str, tuple[Pairs, Pairs | None]] = {
        "TREC, question type": (trec(data, "train"), trec(data, "test")),
        "SST-2, sentiment": (sst2(data, "train"), sst2(data, "test")),
        "SMS, spam": (sms(data), None),
    }
    sets = {}
    for title, (train, test) in parts.items():
        drawn, drawn_test = draw(train, limit), draw(test, limit) if test else None
        embedded = embed_all([text for text, _ in drawn + (drawn_test or [])], nlp)
        sets[title] = predict(embedded, drawn, drawn_test)
    pairs = [(name, other) for name in ("classifier", "classifier_wide") for other in (MEAN, BOTH)]
    body = [f"### Presets for classifiers, points ahead\n\n{differences_table(sets, pairs)}"]
    body += [f"### {title}\n\n{quality_table(of_set)}\n\n{of_set.about}." for title, of_set in sets.items()]
    similarity, pairs_of_texts = similarities(data, nlp, limit)
    ranked = sorted(similarity.items(), key=lambda item: -item[1])
    table = markdown_table(["embedding", "Spearman"], [[name, f"{value:.3f}"] for name, value in ranked])
    title = "### STS-B dev, cosine against human scores"
    body.append(f"{title}\n\n{table}\n\nn = {pairs_of_texts} pairs.")
    return "\n\n".join(body), presets_table(sets, similarity)


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see texts.py")],
    encoder: Annotated[Path | None, typer.Option(help="Folder of an encoder; none for the bundled")] = None,
    training_only: Annotated[bool, typer.Option(help="Compare what presets could be")] = False,
    limit: Annotated[int | None, typer.Option(help="Only so many texts of each part")] = None,
    dry: Annotated[bool, typer.Option(help="Write nothing")] = False,
) -> None:
    """Measure, print the tables and write them to benchmarks/RESULTS.md."""
    if not (data / "trec").is_dir():
        raise SystemExit(f"No data at {data}: nothing is measured.")
    nlp = transformer_pipeline(encoder)
    body, of_presets = (choices(data, nlp, limit), "") if training_only else measure(data, nlp, limit)
    what = "Choices, on training parts" if training_only else "Quality"
    if dry:
        print(body)
        return
    about = f"{machine()} {encoder_name(encoder)}; logistic regression, accuracy and macro F1 in %."
    write_section(section_title(what, encoder), f"{about}\n\n{body}")
    if of_presets and encoder is None and limit is None:
        write_section("Presets", f"{about} From the section Quality.\n\n{of_presets}")


if __name__ == "__main__":
    typer.run(main)
