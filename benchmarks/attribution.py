"""Which words does a classifier decide by? Exact parts against leaving words out, SHAP and LIME.

A classifier is fitted on one part of a training set; texts are drawn from the rest of it. The effect of
deleting words is by how much the margin falls (of the label predicted for the whole text against its
runner-up) when what is left of the text is encoded again. Each method names the words with the greatest
parts. SHAP and LIME delete words, too; what they ask for is encoded in one batch, equal texts once.

Times are CPU time beyond the pass that any method needs, in one thread, text by text in turn.
"""

import os
from pathlib import Path
from random import Random
from time import process_time
from typing import Annotated, NamedTuple

import numpy as np
import torch
import typer
from deletions import Classifier, Deletions
from explainers import EXACT, LEAVE_ONE_OUT, METHODS
from one_pass import encoder_name, section_title
from report import machine, markdown_table, write_section
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from texts import Pairs, sst2, trec
from tqdm import tqdm

from spacy_trend import from_encoder
from spacy_trend.attribution import attribute_prediction
from spacy_trend.compare.classifier import INNER_FOLDS, STRENGTHS
from spacy_trend.types import Floats

TRAINING = 2000
EPOCHS = 5
#: How many words are deleted.
DELETED = (1, 2, 4)
#: One word at least is left; with more, a hundred passes are too few for one permutation of SHAP's.
FEWEST, MOST = 5, 49
ORDERS = 5
RANDOM = "random"
#: A trained text classifier takes as long to explain; these suffice.
OF_TEXTCAT = (EXACT, LEAVE_ONE_OUT, "importance", "LIME, 100")


class Explained(NamedTuple):
    """What a method makes of texts.

    Attributes:
        effects: float64 `(texts, DELETED)`, of deleting the words that it names.
        correlations: float64 `(texts,)`, of its parts with the effects of single words.
        passes: int64 `(texts,)`.
        milliseconds: float64 `(texts,)`.
    """

    effects: np.ndarray
    correlations: np.ndarray
    passes: np.ndarray
    milliseconds: np.ndarray


class Measured(NamedTuple):
    """What was measured with one classifier on one set.

    Attributes:
        best: float64 `(texts, DELETED)`, the effects of the words found by searching.
        methods: by name.
        delta: the greatest difference of a score and its parts' sum.
        error: the greatest difference of a score and the classifier's own margin.
    """

    best: np.ndarray
    methods: dict[str, Explained]
    delta: float
    error: float


def split(pairs: Pairs, nlp: Language, number: int, seed: int) -> tuple[Pairs, list[str]]:
    """Draw texts to train on, and texts to explain from the others."""
    shuffled = Random(seed).sample(pairs, len(pairs))
    known = {text for text, _ in shuffled[:TRAINING]}
    # In each set, some texts stand twice.
    others = [text for text, _ in shuffled[TRAINING:] if text not in known]
    words = (sum(not (token.is_punct or token.is_space) for token in nlp.make_doc(text)) for text in others)
    fit = [text for text, count in zip(others, words, strict=True) if FEWEST <= count <= MOST]
    return shuffled[:TRAINING], fit[:number]


def fit_classifiers(train: Pairs, nlp: Language) -> dict[str, Classifier]:
    """Fit a logistic regression and train a `textcat`, which is added to the pipeline."""
    docs = []
    for doc in tqdm(nlp.pipe(text for text, _ in train), total=len(train), desc="Training texts"):
        # It is large, and only the vector is needed.
        doc._.trf_data = None
        docs.append(doc)
    vectors = np.stack([doc._.trend_vector for doc in docs]).astype(np.float64)
    # As `compare` does: the penalty is chosen on the training texts alone.
    steps = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=0)
    search = GridSearchCV(steps, {"logisticregression__C": STRENGTHS}, cv=folds)
    regression = search.fit(vectors, [label for _, label in train])
    textcat = nlp.add_pipe(
        "textcat",
        config={"model": {"@architectures": "spacy-trend.TextCatTrendVector.v1", "hidden_width": 64}},
    )
    labels = sorted({label for _, label in train})
    cats = ({"cats": {other: float(other == label) for other in labels}} for _, label in train)
    examples = [Example.from_dict(doc, of_doc) for doc, of_doc in zip(docs, cats, strict=True)]
    fix_random_seed(0)
    # From it, the classifier learns how wide vectors are.
    nlp.get_pipe("trend_vector").initialize(lambda: [], nlp=nlp)
    textcat.initialize(lambda: examples, nlp=nlp)
    optimizer = textcat.create_optimizer()
    for epoch in range(EPOCHS):
        for batch in minibatch(Random(epoch).sample(examples, len(examples)), 32):
            textcat.update(batch, sgd=optimizer, drop=0.1)
    network = textcat.model.get_ref("classifier")
    return {
        "logistic regression": Classifier(
            regression, nlp, lambda of: logits(regression, of), regression.classes_.tolist()
        ),
        "textcat": Classifier(
            nlp, nlp, lambda of: np.log(network.predict(of).astype(np.float64)), list(textcat.labels)
        ),
    }


def logits(regression: GridSearchCV, vectors: Floats) -> np.ndarray:
    """Return logits, float64 `(texts, labels)`: probabilities near 1 would be rounded to it."""
    found: np.ndarray = regression.decision_function(vectors.astype(np.float64))
    # Of two labels, scikit-learn gives the second's alone.
    return np.stack([np.zeros_like(found), found], axis=1) if found.ndim == 1 else found


def explain_all(text: Deletions, names: list[str]) -> dict[str, tuple[np.ndarray, int, float]]:
    """Return by method a text's parts, the passes of the encoder and the milliseconds."""
    found = {}
    for name in names:
        fresh = Deletions(*text.given)
        start = process_time()
        parts = METHODS[name](fresh)
        found[name] = parts, fresh.passes, 1000 * (process_time() - start)
    return found


def measure(classifier: Classifier, docs: list[Doc], names: list[str]) -> Measured:
    """Explain docs, which have vectors, by each method, and delete the words that it names."""
    best = []
    rows: dict[str, list[tuple[list[float], float, int, float]]] = {name: [] for name in [*names, RANDOM]}
    delta = error = 0.0
    for number, doc in enumerate(tqdm([docs[0], *docs])):
        exact = attribute_prediction(classifier.model, doc)
        text = Deletions(classifier, doc, exact.words, exact.label, exact.against)
        found = explain_all(text, names)
        if number == 0:
            # The first time, modules are imported and code is compiled.
            continue
        delta = max(delta, abs(exact.delta))
        error = max(error, abs(exact.score - text(np.ones((1, len(exact.words))))[0]))
        searched = text.search(max(DELETED))
        best.append([text.effect(searched[:k]) for k in DELETED])
        single = np.array([text.effect(np.array([place])) for place in range(len(exact.words))])
        for name, (parts, passes, milliseconds) in found.items():
            order = np.argsort(-parts, kind="stable")
            effects = [text.effect(order[:k]) for k in DELETED]
            rows[name].append((effects, spearmanr(parts, single).statistic, passes, milliseconds))
        random = np.random.default_rng(number)
        orders = [random.permutation(len(single)) for _ in range(ORDERS)]
        effects = [float(np.mean([text.effect(order[:k]) for order in orders])) for k in DELETED]
        rows[RANDOM].append((effects, 0.0, 0, 0.0))
    methods = {
        name: Explained(*(np.array(column) for column in zip(*of_method, strict=True)))
        for name, of_method in rows.items()
    }
    return Measured(np.array(best), methods, delta, error)


def share(effects: np.ndarray, best: np.ndarray) -> tuple[float, float, float]:
    """Return the mean effect over the mean best effect, with its 95% interval by the percentile bootstrap."""
    drawn = np.random.default_rng(0).integers(len(best), size=(2000, len(best)))
    low, high = np.percentile(effects[drawn].mean(axis=1) / best[drawn].mean(axis=1), [2.5, 97.5])
    return float(effects.mean() / best.mean()), float(low), float(high)


def table(measured: Measured) -> str:
    """Return what was measured in Markdown, the method with the greatest share first."""
    rows = []
    ranked = sorted(measured.methods.items(), key=lambda item: -item[1].effects[:, 0].mean())
    for name, of in ranked:
        shares = [share(of.effects[:, k], measured.best[:, k]) for k in range(len(DELETED))]
        cells = [f"{value:.2f} ({low:.2f} to {high:.2f})" for value, low, high in shares]
        costs = [
            f"{of.correlations.mean():.2f}",
            f"{of.passes.mean():.0f}",
            f"{np.median(of.milliseconds):.2f}",
        ]
        rows.append([name, *cells, *(["-"] * 3 if name == RANDOM else costs)])
    titles = [f"{k} word{'s' * (k > 1)}" for k in DELETED]
    header = ["words chosen by", *titles, "rank correlation", "passes", "ms a text"]
    best = ", ".join(f"{value:.2f}" for value in measured.best.mean(axis=0))
    checks = (
        f"Best effects: {best}. Greatest difference of a score and its parts' sum: {measured.delta:.1g}; "
        f"of a score and the classifier's own margin: {measured.error:.1g}. {comparison(measured)}"
    )
    return f"{markdown_table(header, rows)}\n\n{checks}"


def comparison(measured: Measured) -> str:
    """Return in a sentence for each what ours are against LIME and SHAP of a hundred passes."""
    sentences = []
    exact, left_out = measured.methods[EXACT], measured.methods[LEAVE_ONE_OUT]
    for name, other in measured.methods.items():
        if name.endswith(", 100"):
            reached = exact.effects[:, 0].mean() / other.effects[:, 0].mean()
            time, *own = (np.median(of.milliseconds) for of in (other, exact, left_out))
            sentences.append(
                f"Against {name}: {EXACT} has {reached:.2f} of its effect (1 word) in 1/{time / own[0]:.0f} "
                f"of its time; {LEAVE_ONE_OUT} takes 1/{time / own[1]:.1f} of it."
            )
    return " ".join(sentences)


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see texts.py")],
    encoder: Annotated[Path | None, typer.Option(help="Folder of an encoder; none for the bundled")] = None,
    number: Annotated[int, typer.Option(help="How many texts of each set are explained")] = 45,
    seed: Annotated[int, typer.Option(help="Of the draws")] = 0,
    dry: Annotated[bool, typer.Option(help="Write nothing")] = False,
) -> None:
    """Measure, print the tables and write them to benchmarks/RESULTS.md."""
    if not (data / "trec").is_dir():
        raise SystemExit(f"No data at {data}: nothing is measured.")
    torch.set_num_threads(1)
    loads = [os.getloadavg()[0]]
    body = []
    for title, pairs in {"SST-2": sst2(data, "train"), "TREC": trec(data, "train")}.items():
        nlp = from_encoder(encoder, config={"preset": "classifier"})
        train, texts = split(pairs, nlp, number, seed)
        for name, classifier in fit_classifiers(train, nlp).items():
            docs = classifier.encode([nlp.make_doc(text) for text in texts])
            names = list(OF_TEXTCAT if name == "textcat" else METHODS)
            body.append(f"### {title}, {name}\n\n{table(measure(classifier, docs, names))}")
            print(body[-1], flush=True)
            loads.append(os.getloadavg()[0])
    if dry:
        return
    about = (
        f"{machine()} {encoder_name(encoder)}, preset `classifier`; {number} texts of each training part "
        f"(seed {seed}), after {TRAINING} others. Share: the mean effect of deleting the words that a method "
        "names over the mean best effect, with 95% intervals; the best word is known, the best 2 and 4 words "
        "are those of a search that deletes the best of those left, step by step, so that a share may exceed "
        "1. Rank correlation (Spearman): with the effects of single words. Passes: texts encoded beside the "
        f"whole one. ms: CPU time, one thread, median. Load of the machine, of which one is ours: "
        f"{', '.join(f'{load:.1f}' for load in loads)}."
    )
    write_section(section_title("Attribution", encoder), "\n\n".join([about, *body]))


if __name__ == "__main__":
    typer.run(main)
