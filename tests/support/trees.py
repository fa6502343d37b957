"""Docs with dependency trees made by hand."""

from spacy import Language
from spacy.tokens import Doc

#: Words, their heads and labels, by hand; roots are their own heads.
TREES: dict[str, tuple[list[str], list[int], list[str]]] = {
    "one sentence": (
        ["She", "sold", "the", "old", "house", "in", "Paris", "."],
        [1, 1, 4, 4, 1, 4, 5, 1],
        ["nsubj", "ROOT", "det", "amod", "dobj", "prep", "pobj", "punct"],
    ),
    "two sentences": (
        ["Bees", "make", "honey", ".", "Old", "engines", "broke", "down", "."],
        [1, 1, 1, 1, 5, 6, 6, 6, 6],
        ["nsubj", "ROOT", "dobj", "punct", "amod", "nsubj", "ROOT", "prt", "punct"],
    ),
    "a root with punctuation alone": (["Hello", "!"], [0, 0], ["ROOT", "punct"]),
    "a root that is punctuation": (
        ["Red", "apples", "...", "green", "pears"],
        [1, 2, 2, 4, 2],
        ["amod", "dep", "ROOT", "amod", "dep"],
    ),
    "punctuation alone": (["?", "!"], [0, 0], ["ROOT", "punct"]),
    "nothing": ([], [], []),
}


def parsed(nlp: Language, name: str) -> Doc:
    words, heads, labels = TREES[name]
    return Doc(nlp.vocab, words=words, heads=heads or None, deps=labels or None)


def run(nlp: Language, doc: Doc) -> Doc:
    # A sentencizer would set boundaries that the tree already sets.
    with nlp.select_pipes(disable=["sentencizer"]):
        return nlp(doc)
