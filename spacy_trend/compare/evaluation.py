"""How well a trained text classifier does: scores, the confusion matrix, and a comparison beside them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from spacy import Language
from spacy.tokens import DocBin
from wasabi import table

from ..dependencies import check_compare_extra
from ..lost_docs import check_every_doc
from ..messages import name_some, shorten_text, without_controls
from ..output_paths import make_folder
from ..progress import progress
from ..reports import Reasons
from ..reports.confusion import count_confusions
from ..reports.scores import Scores, score_predictions
from .choice import draw
from .comparison import Comparison
from .embeddings import OWN_PREFIX
from .labelled_texts import (
    DEFAULT_LAYOUT,
    LabelledText,
    Layout,
    Texts,
    digest_texts,
    read_labelled_texts,
)
from .pictures import save_picture, shown_name

#: Of a picture of the confusion matrix: its side in inches; for how many labels it has numbers, and names.
#: Without these limits, a picture of 110 labels takes gigabytes, and nobody can read it.
LARGEST_PICTURE = 20
MOST_NUMBERS = 40
MOST_NAMES = 150
OTHER_TEXTS = (
    "\nThe logistic regressions predicted other texts than the textcat, or texts with other labels: do not "
    "set the numbers side by side. Run 'spacy trend compare' with the textcat's texts as TEST.\n"
)


@dataclass(frozen=True, kw_only=True)
class Evaluation(Scores):
    """How well a pipeline's text classifier does on texts whose labels are known.

    Attributes:
        accuracy: see `Scores`.
        accuracy_interval: likewise.
        macro_f1: likewise.
        macro_f1_interval: likewise.
        labels: in the order of the matrix.
        confusion: how many texts of each label (rows) were given each label (columns).
        texts: the number of texts.
        digest: of the texts with their labels, see `digest_texts`.
    """

    labels: list[str]
    confusion: list[list[int]]
    texts: int
    digest: str


def evaluate(
    nlp: Language,
    texts: Texts,
    *,
    layout: Layout = DEFAULT_LAYOUT,
    limit: int | None = None,
    seed: int = 0,
    reasons: Reasons | None = None,
) -> Evaluation:
    """Predict texts, each of which has exactly one label.

    Args:
        nlp: a pipeline with a `textcat`.
        texts: a `.spacy` file, or labelled texts as for `compare`.
        layout: of what is no `.spacy` file.
        limit: how many texts to draw, for a trial; None for all.
        seed: of the intervals, and of what `limit` draws.
        reasons: of the pipeline, which are added to; None to ask for none.

    Returns:
        the scores and the confusion matrix.

    Raises:
        ImportError: if the extra `compare` is missing.
        ValueError: if a doc has no label or several, the pipeline predicts none, or there are fewer than two
            docs; as `read_labelled_texts`.
    """
    check_compare_extra()
    gold = draw(_gold(nlp, texts, layout), limit, seed)
    if len(gold) < 2:
        found = without_controls(texts) if isinstance(texts, (Path, str)) else "the texts"
        raise ValueError(f"{found}: got {len(gold)} docs, expected two or more.")
    true_labels = [text.label for text in gold]
    predicted_labels = []
    docs = nlp.pipe(text.text for text in gold)
    for number, doc in enumerate(progress(docs, doing="Predicting", total=len(gold))):
        predicted_labels.append(_best_label(doc.cats, doc.text))
        # A pipeline that gives too many docs is refused below.
        if reasons is not None and number < len(gold):
            reasons.add(doc, true_labels[number], predicted_labels[number])
    check_every_doc(len(predicted_labels), len(gold))
    confusion = count_confusions(true_labels, predicted_labels)
    return Evaluation(
        labels=[str(label) for label in confusion.labels],
        confusion=confusion.matrix.tolist(),
        texts=len(gold),
        digest=digest_texts((text.text, text.label) for text in gold),
        **asdict(score_predictions(confusion.true, confusion.predicted, seed)),
    )


def _gold(nlp: Language, texts: Texts, layout: Layout) -> list[LabelledText]:
    """Return the texts with their only labels."""
    if not isinstance(texts, (Path, str)) or Path(texts).suffix.lower() != ".spacy":
        return read_labelled_texts(texts, "texts", layout)
    path = Path(texts)
    docs = DocBin().from_disk(path).get_docs(nlp.vocab)
    return [LabelledText(doc.text, _only_label(doc.cats, doc.text, path), str(path)) for doc in docs]


def report(evaluation: Evaluation, comparison: Comparison | None = None) -> str:
    """Return the scores as a table, in percent, beside those of a logistic regression.

    Args:
        evaluation: the scores.
        comparison: made with this pipeline on the same parts; its scores, on the same vector and on the
            embeddings that it competes with, stand below, and whether they are of other texts. None for the
            scores alone.
    """
    rows = [["trained textcat", str(evaluation.texts), *evaluation.in_percent()]]
    note = ""
    if comparison and comparison.scores:
        texts = str(comparison.predicted)
        if comparison.digest != evaluation.digest:
            texts, note = f"{texts} others", OTHER_TEXTS
        for score in comparison.scores:
            name = shorten_text(score.name)
            features = f"the {name}" if name.startswith(OWN_PREFIX) else name
            rows.append([f"logistic regression on {features}", texts, *score.in_percent()])
    header = ["classifier", "texts", "accuracy", "95%", "macro F1", "95%"]
    return table(rows, header=header, divider=True, max_col=80) + note


def write_evaluation(
    evaluation: Evaluation, folder: Path, comparison: Comparison | None = None
) -> list[Path]:
    """Write `evaluation.json`, `confusion.png` and `report.txt` into a folder.

    Args:
        evaluation: what to write.
        folder: made if it does not exist.
        comparison: as for `report`.

    Returns:
        the paths.

    Raises:
        OSError: if they cannot be written.
    """
    make_folder(folder)
    paths = [folder / name for name in ("evaluation.json", "confusion.png", "report.txt")]
    # What was predicted stands before how good it is.
    data = {"labels": evaluation.labels, "confusion": evaluation.confusion, **asdict(evaluation)}
    # A line for each field: with one for each number, the matrix of 1,500 labels has two million lines.
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in data.items())
    paths[0].write_text(f"{{\n{lines}\n}}\n", encoding="utf8")
    _draw(evaluation, paths[1])
    paths[2].write_text(report(evaluation, comparison).strip() + "\n", encoding="utf8")
    return paths


def _draw(evaluation: Evaluation, path: Path) -> None:
    # Imported here: the extra may be missing.
    from matplotlib.figure import Figure
    from sklearn.metrics import ConfusionMatrixDisplay

    count = len(evaluation.labels)
    shown = list(map(shown_name, evaluation.labels))
    size = min(2.5 + 0.7 * count + 0.1 * max(map(len, shown)), LARGEST_PICTURE)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    matrix = np.array(evaluation.confusion)
    if count <= MOST_NUMBERS:
        display = ConfusionMatrixDisplay(matrix, display_labels=shown)
        display.plot(ax=axes, cmap="Blues", colorbar=False, xticks_rotation=45)
    else:
        axes.imshow(matrix, cmap="Blues", interpolation="nearest")
        axes.set(xlabel="Predicted label", ylabel="True label", xticks=[], yticks=[])
    if MOST_NUMBERS < count <= MOST_NAMES:
        axes.set_xticks(range(count), shown, rotation=90)
        axes.set_yticks(range(count), shown)
        # A name has the height of its row: 72 points are an inch, and four fifths of the picture are rows.
        axes.tick_params(labelsize=min(10.0, 0.8 * 72 * size / count))
    axes.set_title(f"{evaluation.texts} texts, {count} labels, accuracy {100 * evaluation.accuracy:.1f} %")
    save_picture(figure, path)


def _only_label(cats: dict[str, float], text: str, path: Path) -> str:
    labels = [label for label, value in cats.items() if value == 1.0]
    if len(labels) != 1:
        raise ValueError(
            f"{without_controls(path)}: the doc {text[:40]!r} has the labels {name_some(labels)}. Expected "
            "exactly one."
        )
    return labels[0]


def _best_label(cats: dict[str, float], text: str) -> str:
    if not cats:
        raise ValueError(
            f"The pipeline predicted no label for {text[:40]!r}: got doc.cats = {{}}. Expected a pipeline "
            "with a trained 'textcat'."
        )
    return max(cats, key=lambda label: cats[label])
