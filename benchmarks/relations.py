"""Is the related word related? The share of chosen pairs that are an edge of the gold dependency tree.

On sentences of 4 to 30 tokens with at least three words, gold tokens. The single pair of a rule counts 1 or
0; baselines without a rule are averages over all pairs they allow.
"""

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from report import machine, markdown_table, write_section
from spacy.tokens import Doc, Token
from spacy.training.converters import conllu_to_docs
from tqdm import tqdm

from spacy_trend import from_encoder

CONTENT = {"ADJ", "ADV", "INTJ", "NOUN", "NUM", "PROPN", "VERB"}
RULES: dict[str, dict[str, Any]] = {
    "leading_pair, heads of layer 0 (the article's code)": {"@misc": "spacy-trend.leading_pair.v1"},
    "leading_pair, layers (the article's prose)": {"@misc": "spacy-trend.leading_pair.v1", "rows": "layers"},
    "mutual_pair": {"@misc": "spacy-trend.mutual_pair.v1"},
    "mutual_pair, all layers": {"@misc": "spacy-trend.mutual_pair.v1", "layers": None},
    **{
        f"mutual_pair, layer {layer} of 6": {"@misc": "spacy-trend.mutual_pair.v1", "layers": [layer]}
        for layer in range(6)
    },
    "attended_words, the two with most": {"@misc": "spacy-trend.attended_words.v1"},
    "dependency_pair, gold tree": {"@misc": "spacy-trend.dependency_pair.v1"},
}


def sentences(path: Path) -> Iterator[Doc]:
    """Read the sentences to measure on, with gold tokens and trees.

    Args:
        path: of a file in CoNLL-U.

    Yields:
        docs of one sentence each.
    """
    for doc in conllu_to_docs(path.read_text(encoding="utf8"), n_sents=1, no_print=True):
        if 4 <= len(doc) <= 30 and len(words_of(doc)) >= 3:
            yield doc


def words_of(doc: Doc) -> list[Token]:
    """Return the tokens that can be chosen."""
    return [token for token in doc if not (token.is_punct or token.is_space)]


def is_edge(one: Token, other: Token) -> bool:
    """Return whether one is the other's head."""
    return one.i != other.i and (one.head.i == other.i or other.head.i == one.i)


def edge_share(pairs: list[tuple[Token, Token]]) -> float:
    """Return the share of pairs that are edges."""
    return float(np.mean([is_edge(*pair) for pair in pairs]))


def nearest_content_word(doc: Doc) -> tuple[Token, Token]:
    """Return the focus and the content word nearest to it; of two as near, the one before."""
    focus = doc._.trend_focus
    others = [token for token in words_of(doc) if token.i != focus.i]
    content = [token for token in others if token.pos_ in CONTENT] or others
    return focus, min(content, key=lambda token: (abs(token.i - focus.i), token.i))


def baselines(docs: list[Doc]) -> dict[str, float]:
    """Return the share of edges among all pairs of words and all neighbours, mean of the sentences."""
    pairs: dict[str, Callable[[list[Token]], list[tuple[Token, Token]]]] = {
        "a random pair": lambda words: list(combinations(words, 2)),
        "two neighbours": lambda words: list(pairwise(words)),
    }
    return {
        name: float(np.mean([edge_share(pairs_of(words_of(doc))) for doc in docs]))
        for name, pairs_of in pairs.items()
    }


def main(
    data: Annotated[Path, typer.Option(help="Folder of the public data, see the README")],
) -> None:
    """Measure, print the table and write it to benchmarks/RESULTS.md."""
    path = data / "ud" / "dev.conllu"
    if not path.exists():
        raise SystemExit(f"No trees at {path}: nothing is measured.")
    docs = list(sentences(path))
    shares = baselines(docs)
    for name, select in tqdm(RULES.items()):
        nlp = from_encoder(config={"select": select})
        parsed = list(nlp.pipe(doc.copy() for doc in docs))
        chosen = [(doc._.trend_focus, doc._.trend_related) for doc in parsed]
        shares[name] = float(np.mean([None not in pair and is_edge(*pair) for pair in chosen]))
        if name == "mutual_pair":
            shares["its focus with the nearest content word"] = edge_share(
                [nearest_content_word(doc) for doc in parsed]
            )
    rows = [[name, f"{value:.3f}"] for name, value in shares.items()]
    header = ["pair", "share that is an edge"]
    write_section(
        "Relations",
        f"{machine()} UD English-EWT dev, {len(docs)} sentences.\n\n{markdown_table(header, rows)}",
    )


if __name__ == "__main__":
    typer.run(main)
