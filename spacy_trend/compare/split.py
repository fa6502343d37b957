"""Labelled texts made ready to train on: without copies, split, as `.spacy` files and as JSON lines."""

import json
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.tokens import DocBin

from ..dependencies import check_extra
from ..output_paths import make_folder
from ..settings import check_seed
from .labelled_texts import LabelledText


class Parts(NamedTuple):
    """What texts were split into.

    copies: how many texts were left out because they stood there already.
    contradictions: how many of these had another label than the one that was kept, the first.
    """

    train: list[LabelledText]
    dev: list[LabelledText]
    test: list[LabelledText]
    copies: int
    contradictions: int


def split_texts(
    texts: list[LabelledText],
    test: list[LabelledText] | None = None,
    *,
    dev_share: float = 0.1,
    test_share: float = 0.2,
    seed: int = 0,
) -> Parts:
    """Leave out copies, and split so that every part has its share of each label.

    A copy differs from an earlier text in spaces and case at most. What stands in a test part of its own is
    left out of the others.

    texts: to split.
    test: a test part of its own; None to take one from the texts.
    dev_share, test_share: of the texts, greater than 0 and together less than 1; without meaning where the
        part is there already.
    seed: of the split.
    RAISES: ImportError without the extra `compare`; ValueError for shares out of range, or a label with too
        few texts to stand in every part.
    """
    check_extra("compare", "sklearn")
    check_seed(seed)
    if test is not None and not test:
        raise ValueError("The test part of its own has no text. Leave it out to have one taken.")
    test_share = test_share if test is None else 0.0
    are_in_range = dev_share > 0 and (test_share > 0 or test is not None) and dev_share + test_share < 1
    if not are_in_range:
        raise ValueError(
            f"dev_share={dev_share} and test_share={test_share} are out of range. Expected numbers greater "
            "than 0 that add up to less than 1."
        )
    first: dict[str, LabelledText] = {}
    all_texts = [*(test or []), *texts]
    contradictions = 0
    for text in all_texts:
        kept = first.setdefault(_bare(text), text)
        contradictions += kept.label != text.label
    tested = {_bare(text) for text in test or []}
    rest = [text for bare, text in first.items() if bare not in tested]
    if test is None:
        rest, taken = _take_out(rest, test_share, seed)
    else:
        taken = [first[bare] for bare in dict.fromkeys(map(_bare, test))]
    train, dev = _take_out(rest, dev_share / (1 - test_share), seed)
    return Parts(train, dev, taken, len(all_texts) - len(first), contradictions)


def write_parts(parts: Parts, folder: Path, lang: str = "en") -> list[Path]:
    """Write each part as `.spacy`, to train on, and as `.jsonl`, for `compare`.

    folder: is made where it does not exist; files in it are overwritten.
    lang: the code of the language whose tokenizer is used.
    RETURNS: the paths.
    RAISES: OSError where they cannot be written.
    """
    make_folder(folder)
    labels = sorted({text.label for part in parts[:3] for text in part})
    nlp = spacy.blank(lang)
    written = []
    for name, part in zip(("train", "dev", "test"), parts[:3], strict=True):
        binary, lines = folder / f"{name}.spacy", folder / f"{name}.jsonl"
        docs = DocBin()
        for text in part:
            doc = nlp.make_doc(text.text)
            doc.cats = {label: float(label == text.label) for label in labels}
            docs.add(doc)
        docs.to_disk(binary)
        rows = [json.dumps({"text": text.text, "label": text.label}, ensure_ascii=False) for text in part]
        lines.write_text("".join(f"{row}\n" for row in rows), encoding="utf8")
        written += [binary, lines]
    return written


def _bare(text: LabelledText) -> str:
    return " ".join(text.text.casefold().split())


def _take_out(
    texts: list[LabelledText], share: float, seed: int
) -> tuple[list[LabelledText], list[LabelledText]]:
    """The texts without a share of them, and the share."""
    from sklearn.model_selection import train_test_split

    labels = [text.label for text in texts]
    try:
        kept, taken = train_test_split(texts, test_size=share, stratify=labels, random_state=seed)
    except ValueError as error:
        raise ValueError(
            f"{len(texts)} texts with the labels {sorted(set(labels))} cannot be split so that every part "
            f"has each label ({error}). Add texts, take out rare labels, or make the shares greater."
        ) from error
    # scikit-learn rounds: a rare label's share may be no text.
    for part in kept, taken:
        if missing := sorted(set(labels) - {text.label for text in part}):
            raise ValueError(
                f"{len(texts)} texts cannot be split so that every part has each label: one would have "
                f"none with the labels {missing}. Add texts, take out rare labels, or make shares greater."
            )
    return kept, taken
