"""How well a trained text classifier does: scores, the confusion matrix, and a comparison beside it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import DocBin
from wasabi import table

from ..dependencies import check_compare_extra
from ..output_paths import make_folder
from ..pipelines import check_every_doc
from .comparison import in_percent, plain_label
from .embeddings import OWN


@dataclass(frozen=True)
class Evaluation:
    """What a pipeline's text classifier says of texts whose labels are known.

    labels: in the order of the matrix.
    confusion: how many texts of each label (rows) were given each label (columns).
    accuracy, macro_f1: shares from 0 to 1, with their 95% intervals (bootstrap).
    texts: how many there were.
    """

    labels: list[str]
    confusion: list[list[int]]
    accuracy: float
    accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    texts: int


def evaluate(nlp: Language, path: Path, *, seed: int = 0) -> Evaluation:
    """Predict the texts of a `.spacy` file, each of which has exactly one label.

    nlp: a pipeline with a `textcat`.
    seed: of the intervals.
    RAISES: ImportError without the extra `compare`; ValueError where a doc has no label or several, the
        pipeline predicts none, or there are fewer than two docs.
    """
    check_compare_extra()
    from .scores import accuracy, confidence_interval, macro_f1

    gold = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    if len(gold) < 2:
        raise ValueError(f"{path}: got {len(gold)} docs, expected two or more.")
    true_labels = [_only_label(doc.cats, doc.text, str(path)) for doc in gold]
    predicted_labels = [_best_label(doc.cats, doc.text) for doc in nlp.pipe(doc.text for doc in gold)]
    check_every_doc(len(predicted_labels), len(gold))
    labels = sorted({*true_labels, *predicted_labels})
    true, predicted = (
        np.array([labels.index(label) for label in of]) for of in (true_labels, predicted_labels)
    )
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(confusion, (true, predicted), 1)
    return Evaluation(
        labels=labels,
        confusion=confusion.tolist(),
        accuracy=float(accuracy(true, predicted)),
        accuracy_interval=confidence_interval(accuracy, true, predicted, seed),
        macro_f1=float(macro_f1(true, predicted)),
        macro_f1_interval=confidence_interval(macro_f1, true, predicted, seed),
        texts=len(gold),
    )


def report(evaluation: Evaluation, comparison: dict[str, Any] | None = None) -> str:
    """The scores as a table, in percent; beside them those of a logistic regression on the same vector and on
    the embeddings it competes with.

    comparison: what `compare.json` holds, made with this pipeline on the same parts.
    """
    rows = [["trained textcat", *in_percent(asdict(evaluation))]]
    for score in comparison["scores"] if comparison else ():
        name = score["name"]
        features = f"the {name}" if name.startswith(OWN) else name
        rows.append([f"logistic regression on {features}", *in_percent(score)])
    header = ["classifier", "accuracy", "95%", "macro F1", "95%"]
    return table(rows, header=header, divider=True, max_col=80)


def read_comparison(path: Path) -> dict[str, Any]:
    """What `compare.json` holds. RAISES: ValueError where a file holds something else."""
    try:
        comparison: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
        for score in comparison["scores"]:
            score["name"].startswith(OWN)
            in_percent(score)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no comparison ({error!r}). Expected a compare.json, as 'spacy trend compare' writes."
        ) from error
    return comparison


def write_evaluation(
    evaluation: Evaluation, folder: Path, comparison: dict[str, Any] | None = None
) -> list[Path]:
    """Write `evaluation.json`, `confusion.png` and `report.txt` into a folder, made where it does not exist.

    comparison: as in `report`.
    RETURNS: the paths.
    RAISES: OSError where they cannot be written.
    """
    make_folder(folder)
    paths = [folder / name for name in ("evaluation.json", "confusion.png", "report.txt")]
    paths[0].write_text(json.dumps(asdict(evaluation), indent=2) + "\n", encoding="utf8")
    _draw(evaluation, paths[1])
    paths[2].write_text(report(evaluation, comparison).strip() + "\n", encoding="utf8")
    return paths


def _draw(evaluation: Evaluation, path: Path) -> None:
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    shown = list(map(plain_label, evaluation.labels))
    size = 2.5 + 0.7 * len(shown) + 0.1 * max(map(len, shown))
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    display = ConfusionMatrixDisplay(np.array(evaluation.confusion), display_labels=shown)
    display.plot(ax=axes, cmap="Blues", colorbar=False, xticks_rotation=45)
    axes.set_title(f"{evaluation.texts} texts, accuracy {100 * evaluation.accuracy:.1f} %")
    figure.savefig(path, dpi=150)


def _only_label(cats: dict[str, float], text: str, path: str) -> str:
    labels = [label for label, value in cats.items() if value == 1.0]
    if len(labels) != 1:
        raise ValueError(f"{path}: the doc {text[:40]!r} has the labels {labels}. Expected exactly one.")
    return labels[0]


def _best_label(cats: dict[str, float], text: str) -> str:
    if not cats:
        raise ValueError(
            f"The pipeline predicted no label for {text[:40]!r}: got doc.cats = {{}}. Expected a pipeline "
            "with a trained 'textcat'."
        )
    return max(cats, key=lambda label: cats[label])
