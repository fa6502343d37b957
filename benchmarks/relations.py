"""Is the related word related? The share of chosen pairs that are an edge of the gold dependency tree.

On sentences of 4 to 30 tokens with at least three words, gold tokens; all rules read one forward pass. The
single pair of a rule counts 1 or 0; baselines without a rule are averages over all pairs they allow. A token
that is written as one word and parsed as two, such as the French "du", is one token, except in English, whose
tokenizer takes such words apart itself.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from one_pass import batches, encoder_name, interval, reader_of
from report import machine, markdown_table, write_section
from spacy.tokens import Doc, Token
from spacy.training.converters import conllu_to_docs
from spacy.vocab import Vocab
from tqdm import tqdm

from spacy_trend import TrendVector
from spacy_trend.pipelines import transformer_pipeline
from spacy_trend.reports.scores import mcnemar

FOLDERS = {"en": "ud", "fr": "ud-fr", "de": "ud-de", "zh": "ud-zh"}
LANGUAGES = {"en": "English-EWT", "fr": "French-GSD", "de": "German-GSD", "zh": "Chinese-GSDSimp"}
CONTENT = {"ADJ", "ADV", "INTJ", "NOUN", "NUM", "PROPN", "VERB"}
NEAREST = "focus of mutual_pair with the nearest content word"
RULES: dict[str, dict[str, Any]] = {
    "leading_pair, heads of layer 0 (the article's code)": {"@misc": "spacy-trend.leading_pair.v1"},
    "leading_pair, layers (the article's prose)": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"},
    "attended_words, the two with most": {"@misc": "spacy-trend.attended_words.v1"},
    "changed_words, the two that changed most": {"@misc": "spacy-trend.changed_words.v1"},
    "mutual_pair": {"@misc": "spacy-trend.mutual_pair.v1"},
    "joint_pair": {"@misc": "spacy-trend.joint_pair.v1"},
    "mutual_pair, all layers": {"@misc": "spacy-trend.mutual_pair.v1", "layers": None},
    "dependency_pair, gold tree": {"@misc": "spacy-trend.dependency_pair.v1"},
}


def sentences(path: Path, vocab: Vocab, *, merge: bool) -> Iterator[Doc]:
    """Read sentences with gold tokens and trees.

    Args:
        path: of a file in CoNLL-U.
        vocab: of the language: without its attributes, no token would be punctuation.
        merge: take what is written as one word as one token.

    Yields:
        docs of one sentence each.
    """
    text = path.read_text(encoding="utf8")
    for read in conllu_to_docs(text, n_sents=1, merge_subtokens=merge, no_print=True):
        yield Doc(
            vocab,
            words=[token.text for token in read],
            spaces=[bool(token.whitespace_) for token in read],
            pos=[token.pos_ for token in read],
            heads=[token.head.i for token in read],
            deps=[token.dep_ or "dep" for token in read],
        )


def words_of(doc: Doc) -> list[Token]:
    """Return the tokens that can be chosen."""
    return [token for token in doc if not (token.is_punct or token.is_space)]


def is_edge(one: Token | None, other: Token | None) -> bool:
    """Return whether one is the other's head."""
    if one is None or other is None:
        return False
    return one.i != other.i and (one.head.i == other.i or other.head.i == one.i)


def edge_share(pairs: list[tuple[Token, Token]]) -> float:
    """Return the share of pairs that are edges."""
    return float(np.mean([is_edge(*pair) for pair in pairs]))


def nearest_content_word(doc: Doc, focus: Token) -> tuple[Token, Token]:
    """Return the focus and the content word nearest to it; of two as near, the one before."""
    others = [token for token in words_of(doc) if token.i != focus.i]
    content = [token for token in others if token.pos_ in CONTENT] or others
    return focus, min(content, key=lambda token: (abs(token.i - focus.i), token.i))


def neighbours(doc: Doc, focus: Token) -> list[tuple[Token, Token]]:
    """Return the focus with the word before it, and with the word after it."""
    pairs = pairwise(words_of(doc))
    return [pair for pair in pairs if focus.i in (pair[0].i, pair[1].i)]


def readers(nlp: Any) -> dict[str, TrendVector]:
    """Return a reader of the pipeline's transformer for each rule, by its name."""
    found = {name: reader_of(nlp, select=select) for name, select in RULES.items()}
    encoder: Any = found["mutual_pair"].encoder
    layers = encoder.size.layers
    for layer in range(layers):
        select = {"@misc": "spacy-trend.mutual_pair.v1", "layers": [layer]}
        found[f"mutual_pair, layer {layer} of {layers}"] = reader_of(nlp, select=select)
    return found


def measure(docs: list[Doc], nlp: Any) -> dict[str, np.ndarray]:
    """Return the share of edges among the pairs of each rule, float64 `(sentences,)`, by its name."""
    shares: dict[str, list[float]] = {}
    components = readers(nlp)
    for batch in batches(nlp, tqdm(docs)):
        for name, component in components.items():
            for doc in component.pipe(batch):
                focus, related = doc._.trend_focus, doc._.trend_related
                shares.setdefault(name, []).append(is_edge(focus, related))
                if name == "mutual_pair":
                    add_baselines(shares, doc, focus)
    return {name: np.array(values, dtype=np.float64) for name, values in shares.items()}


def add_baselines(shares: dict[str, list[float]], doc: Doc, focus: Token) -> None:
    """Add the shares of edges of one sentence among the pairs of the baselines."""
    pairs = {
        "a random pair": list(combinations(words_of(doc), 2)),
        "two neighbours": list(pairwise(words_of(doc))),
        "focus of mutual_pair with a neighbour": neighbours(doc, focus),
        NEAREST: [nearest_content_word(doc, focus)],
    }
    for name, allowed in pairs.items():
        shares.setdefault(name, []).append(edge_share(allowed))


def table(shares: dict[str, np.ndarray]) -> str:
    """Return the shares with their intervals in Markdown, and p against the nearest content word."""
    nearest = shares[NEAREST] == 1
    rows = []
    for name, values in shares.items():
        is_single = name != NEAREST and set(values.tolist()) <= {0.0, 1.0}
        p = f"{mcnemar(values == 1, nearest):.2g}" if is_single else "-"
        low, high = interval(values)
        rows.append([name, f"{values.mean():.3f}", f"{low:.3f} to {high:.3f}", p])
    header = ["pair", "share that is an edge", "95% interval", "McNemar's p against the nearest content word"]
    return markdown_table(header, rows)


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see texts.py")],
    encoder: Annotated[Path | None, typer.Option(help="Folder of an encoder; none for the bundled")] = None,
    lang: Annotated[str, typer.Option(help=f"One of {', '.join(FOLDERS)}")] = "en",
    limit: Annotated[int | None, typer.Option(help="Only so many sentences; write nothing")] = None,
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    path = data / FOLDERS[lang] / "dev.conllu"
    if not path.exists():
        raise SystemExit(f"No trees at {path}: nothing is measured.")
    nlp = transformer_pipeline(encoder, lang=lang)
    read = list(sentences(path, nlp.vocab, merge=lang != "en"))
    docs = [doc for doc in read if 4 <= len(doc) <= 30 and len(words_of(doc)) >= 3][:limit]
    measured = table(measure(docs, nlp))
    if limit is not None:
        print(measured)
        return
    title = "Relations" if encoder is None and lang == "en" else f"Relations, {lang}, {encoder_name(encoder)}"
    about = f"UD {LANGUAGES[lang]} dev, {len(docs)} of {len(read)} sentences; {encoder_name(encoder)}"
    write_section(title, f"{machine()} {about}.\n\n{measured}")


if __name__ == "__main__":
    typer.run(main)
