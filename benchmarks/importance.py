"""Which word matters most to the encoder? The effect of deleting a word, against what says so beforehand.

For sentences drawn from two training parts, every word is deleted in turn and the rest is encoded again. The
effect is 1 less the cosine of the vectors before and after. A rule names one word of each sentence: its
effect is given as a share of the effect of the best word, the mean over the sentences.
"""

from collections.abc import Callable
from itertools import chain
from math import log
from pathlib import Path
from random import Random
from typing import Annotated, NamedTuple

import numpy as np
import typer
from one_pass import batches, cosines, encoder_name, interval, means, reader_of, section_title
from report import machine, markdown_table, write_section
from spacy import Language
from spacy.tokens import Doc, Token
from texts import sst2, trec
from tqdm import tqdm

from spacy_trend import PRESETS, TrendVector
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.types import Floats

SENTENCES = 100
#: Effects are measured on both.
VECTORS = ("mean pooling", "`similarity`")
#: What chooses a word out of the words of a sentence.
Chosen = dict[str, list[int]]


class Readers(NamedTuple):
    """What reads the pipeline's transformer.

    Attributes:
        presets: by name.
        changed: with the selection `changed_words`.
    """

    presets: dict[str, TrendVector]
    changed: TrendVector


def words_of(doc: Doc) -> list[Token]:
    """Return the tokens that can be deleted."""
    return [token for token in doc if not (token.is_punct or token.is_space)]


def rebuilt(doc: Doc, without: Token | None = None) -> Doc:
    """Return a doc of the same tokens, or of all but one."""
    rest = [token for token in doc if without is None or token.i != without.i]
    return Doc(doc.vocab, [token.text for token in rest], [bool(token.whitespace_) for token in rest])


def inverse_frequencies(texts: list[str], nlp: Language) -> Callable[[Token], float]:
    """Return a function from a token to its inverse document frequency in some texts."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in {token.lower_ for token in nlp.make_doc(text)}:
            counts[word] = counts.get(word, 0) + 1
    return lambda token: log(len(texts) / (1 + counts.get(token.lower_, 0)))


def draw(texts: list[str], nlp: Language, number: int) -> list[Doc]:
    """Draw texts of three words or more, always the same."""
    docs = [doc for doc in map(nlp.make_doc, texts) if len(words_of(doc)) >= 3]
    return Random(0).sample(docs, number)


def choose(doc: Doc, readers: Readers, idf: Callable[[Token], float]) -> Chosen:
    """Return by rule which of a doc's words it names; several if it names each as often."""
    words = words_of(doc)
    places = {token.i: place for place, token in enumerate(words)}
    found = {"a random word": list(range(len(words)))}
    found["idf"] = [places[max(words, key=idf).i]]
    for name, reader in readers.presets.items():
        reader(doc)
        found[f"focus of `{name}`"] = [places[doc._.trend_focus.i]]
        if name == "classifier":
            found["importance: `Doc._.trend_words[0]` of `classifier`"] = [places[doc._.trend_words[0].i]]
            weights = [token._.trend_weight for token in words]
            found["weight: attention of the middle layer"] = [int(np.argmax(weights))]
    readers.changed(doc)
    found["focus of `changed_words`"] = [places[doc._.trend_focus.i]]
    return found


def embed(docs: list[Doc], nlp: Language, reader: TrendVector) -> list[Floats]:
    """Return for each of the `VECTORS` those of docs, float32 `(docs, width)`."""
    pooled, trends = [], []
    for batch in batches(nlp, tqdm(docs)):
        pooled += [means(doc, reader).contextual for doc in batch]
        trends += [doc._.trend_vector for doc in reader.pipe(batch)]
    return [np.stack(pooled), np.stack(trends)]


def shares(docs: list[Doc], nlp: Language, idf: Callable[[Token], float]) -> list[dict[str, np.ndarray]]:
    """Return for each of the `VECTORS` and by rule the shares of the best effect, float64 `(docs,)`."""
    readers = Readers(
        {name: reader_of(nlp, name) for name in PRESETS},
        reader_of(nlp, select={"@misc": "spacy-trend.changed_words.v1"}),
    )
    chosen = [choose(doc, readers, idf) for doc in nlp.pipe(map(rebuilt, docs))]
    # Of each doc, itself and then what is left without each of its words.
    variants = [[rebuilt(doc), *(rebuilt(doc, word) for word in words_of(doc))] for doc in docs]
    ends = np.cumsum([len(of_doc) for of_doc in variants])
    found: list[dict[str, np.ndarray]] = []
    for vectors in embed(list(chain.from_iterable(variants)), nlp, readers.presets["similarity"]):
        effects = [1 - cosines(of_doc[:1], of_doc[1:]) for of_doc in np.split(vectors, ends[:-1])]
        found.append({rule: shares_of(effects, [of_doc[rule] for of_doc in chosen]) for rule in chosen[0]})
    return found


def shares_of(effects: list[np.ndarray], chosen: list[list[int]]) -> np.ndarray:
    """Return the mean effect of the words chosen in each sentence, as a share of the greatest effect."""
    pairs = zip(effects, chosen, strict=True)
    return np.array([of_words[words].mean() / of_words.max() for of_words, words in pairs])


def table(measured: dict[str, list[dict[str, np.ndarray]]]) -> str:
    """Return the mean shares in Markdown, the greatest first."""
    columns = [(name, n) for name in measured for n in range(len(VECTORS))]
    first = measured[columns[0][0]][0]
    rows = []
    for rule in sorted(
        first, key=lambda rule: -np.mean([measured[name][n][rule].mean() for name, n in columns])
    ):
        cells = []
        for name, n in columns:
            values = measured[name][n][rule]
            low, high = interval(values)
            cells.append(f"{values.mean():.2f} ({low:.2f} to {high:.2f})")
        rows.append([rule, *cells])
    return markdown_table(["the word", *(f"{name}, {VECTORS[n]}" for name, n in columns)], rows)


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see texts.py")],
    encoder: Annotated[Path | None, typer.Option(help="Folder of an encoder; none for the bundled")] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many sentences; write nothing")] = None,
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    if not (data / "trec").is_dir():
        raise SystemExit(f"No data at {data}: nothing is measured.")
    nlp = transformer_pipeline(encoder)
    sets = {"SST-2": sst2(data, "train"), "TREC": trec(data, "train")}
    measured = {}
    for name, pairs in sets.items():
        texts = [text for text, _ in pairs]
        docs = draw(texts, nlp, limit or SENTENCES)
        measured[name] = shares(docs, nlp, inverse_frequencies(texts, nlp))
    body = table(measured)
    if limit is not None:
        print(body)
        return
    about = f"{encoder_name(encoder)}; {SENTENCES} sentences of each training part, in brackets 95% intervals"
    write_section(section_title("Importance", encoder), f"{machine()} {about}.\n\n{body}")


if __name__ == "__main__":
    typer.run(main)
