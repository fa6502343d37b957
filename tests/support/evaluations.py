"""A classifier of which it is known what it says, and docs for it."""

from pathlib import Path

import spacy
from spacy import Language
from spacy.tokens import Doc, DocBin

from spacy_trend.compare.comparison import Comparison, Score
from spacy_trend.compare.evaluation import Evaluation

#: A text, whose first word is the label that the stub predicts, and its labels.
Rows = list[tuple[str, dict[str, float]]]
STUB = "first_word_label"
LABELS = ("x", "y", "z")


@Language.component(STUB)
def first_word(doc: Doc) -> Doc:
    """The label that the first word names; "-" for no prediction, and "z" for other words."""
    first = doc[0].text if len(doc) else "z"
    if first != "-":
        found = first if first in LABELS else "z"
        doc.cats = {label: 0.5 if label == found else 0.25 for label in LABELS}
    return doc


def of(*pairs: str) -> Rows:
    """Texts of pairs of letters: the label and what the stub says."""
    return [(f"{said} {n}", {true: 1.0}) for n, (true, said) in enumerate(pairs)]


#: 3 of 4 x are right and one is said to be y; of 2 y one is right and one is said to be z, which is no label.
MIXED = of("xx", "yz", "xy", "xx", "yy", "xx")
COMPARED = Comparison(
    scores=[
        Score(
            name=name,
            config=None,
            width=32,
            accuracy=accuracy,
            accuracy_interval=(0.8, 1.0),
            macro_f1=0.5,
            macro_f1_interval=(0.4, 0.6),
            p_value=None,
            strengths=[0.1],
        )
        for name, accuracy in (("pipeline's trend_vector", 0.9), ("[CLS]", 0.85))
    ],
    labels={"ham": 7, "spam": 3},
    train=100,
    test=10,
    folds=None,
    repeated=0,
    digest="digest of the texts",
    seed=0,
    encoder="BertModel (here)",
    versions={"spacy": "3.8.18"},
)


def write_docs(path: Path, rows: Rows) -> Path:
    nlp, docs = spacy.blank("en"), DocBin()
    for text, cats in rows:
        doc = nlp(text)
        doc.cats = cats
        docs.add(doc)
    docs.to_disk(path)
    return path


BY_HAND = Evaluation(
    labels=["ham", "spam"],
    confusion=[[6, 1], [1, 2]],
    accuracy=0.8,
    accuracy_interval=(0.5, 1.0),
    macro_f1=0.7625,
    macro_f1_interval=(0.25, 1.0),
    texts=10,
    digest="digest of the texts",
)
