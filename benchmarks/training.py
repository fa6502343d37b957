"""`spacy train` on the trend vector: is it as good as a logistic regression, and how long is an epoch?

TREC with its own test part, SMS split by `spacy_trend.compare.split`; the config is
`configs/trend_vector.cfg`. The first epoch's time includes the encoder's, which runs once on every text.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import IO, Annotated, Any

import numpy as np
import spacy
import typer
from report import machine, markdown_table, write_section
from spacy import Language
from spacy.cli.train import train
from texts import sms, trec

from spacy_trend import from_encoder
from spacy_trend.compare.classifier import predict_test
from spacy_trend.compare.evaluation import evaluate
from spacy_trend.compare.labelled_texts import read_labelled_texts
from spacy_trend.compare.parts import Parts, split_texts, write_parts

CONFIG = Path(__file__).parent.parent / "configs" / "trend_vector.cfg"
#: When each epoch was first seen, by its number.
SEEN: dict[int, float] = {}


@spacy.registry.loggers("spacy-trend-benchmarks.epochs.v1")
def epochs_logger() -> Callable[[Language, IO[str], IO[str]], Any]:
    """Return a logger that notes when epochs begin."""

    def log_step(info: dict[str, Any] | None) -> None:
        if info is not None:
            SEEN.setdefault(info["epoch"], perf_counter())

    return lambda nlp, stdout, stderr: (log_step, lambda: None)


def train_pipeline(folder: Path, preset: str) -> tuple[float, float, float]:
    """Train a pipeline; return its accuracy, the seconds of the first epoch and the mean of later ones."""
    overrides = {
        "paths.train": str(folder / "train.spacy"),
        "paths.dev": str(folder / "dev.spacy"),
        "components.trend_vector.preset": preset,
        "training.logger": {"@loggers": "spacy-trend-benchmarks.epochs.v1"},
    }
    SEEN.clear()
    start = perf_counter()
    train(CONFIG, folder / "model", overrides=overrides)
    last = max(SEEN)
    # Epochs shorter than the interval between two evaluations are not all seen.
    first = min(epoch for epoch in SEEN if epoch > 0)
    later = (SEEN[last] - SEEN[first]) / max(1, last - first)
    accuracy = evaluate(spacy.load(folder / "model" / "model-best"), folder / "test.spacy").accuracy
    return accuracy, SEEN[first] - start - (first - 1) * later, later


def fit_regression(parts: Parts, preset: str) -> float:
    """Fit a logistic regression on the same vectors and parts; return its accuracy."""
    nlp = from_encoder(config={"preset": preset})
    labels = sorted({text.label for text in parts.train})
    vectors, numbers = [], []
    for part in (parts.train, parts.test):
        docs = nlp.pipe(text.text for text in part)
        vectors.append(np.stack([doc._.trend_vector for doc in docs]))
        numbers.append(np.array([labels.index(text.label) for text in part]))
    predicted = predict_test(vectors[0], numbers[0], vectors[1], seed=0).labels
    return float((predicted == numbers[1]).mean())


def main(data: Annotated[Path, typer.Option(help="Folder of the public data, see texts.py")]) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    if not (data / "trec").is_dir():
        raise SystemExit(f"No data at {data}: nothing is measured.")
    sets = {
        "TREC": split_texts(
            read_labelled_texts(trec(data, "train"), "train"), read_labelled_texts(trec(data, "test"), "test")
        ),
        "SMS": split_texts(read_labelled_texts(sms(data), "sms")),
    }
    rows = []
    for name, parts in sets.items():
        for preset in ("article", "related_pair", "classifier", "classifier_wide"):
            with TemporaryDirectory() as folder:
                write_parts(parts, Path(folder))
                accuracy, first, later = train_pipeline(Path(folder), preset)
            regression = fit_regression(parts, preset)
            shares = [
                f"{100 * accuracy:.1f}",
                f"{100 * regression:.1f}",
                f"{100 * (accuracy - regression):+.1f}",
            ]
            rows.append([name, preset, *shares, f"{later / first:.3f}"])
    header = ["texts", "preset", "spacy train", "logistic regression", "difference", "epoch / first epoch"]
    write_section("Training", f"{machine()} Accuracy in % on test parts.\n\n{markdown_table(header, rows)}")


if __name__ == "__main__":
    typer.run(main)
