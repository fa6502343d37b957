"""Labelled texts and files of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sklearn")


from spacy_trend.compare.labelled_texts import LabelledText, read_labelled_texts

Write = Callable[..., Path]


def labelled(*pairs: tuple[str, str], name: str = "texts") -> list[LabelledText]:
    return read_labelled_texts(pairs, name) if pairs else []


def many(name: str = "text", **counts: int) -> list[LabelledText]:
    """So many texts of each label, all distinct."""
    return labelled(
        *[(f"{name} {label} {n}", label) for label, count in counts.items() for n in range(count)]
    )


def pairs_of(texts: list[LabelledText]) -> list[tuple[str, str]]:
    return [(text.text, text.label) for text in texts]


NAMES = ("train", "dev", "test")
WRITTEN = [f"{name}{suffix}" for name in NAMES for suffix in (".spacy", ".jsonl")]
#: As in the first lines of TREC, one of them in latin-1.
TREC = "DESC:manner How did serfdom develop ?\nENTY:cremat What films featured the character Zo\xe9 ?\n"
