"""Split labelled texts into parts without copies, written as `.spacy` files and as JSON lines."""

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import spacy
from spacy.tokens import DocBin

from ..dependencies import check_extra
from ..messages import name_some, shorten_text
from ..output_paths import make_folder
from ..settings import check_seed
from .choice import leave_out_rare
from .labelled_texts import LabelledText


class Parts(NamedTuple):
    """Labelled texts in parts.

    Attributes:
        train: the training part.
        dev: the development part.
        test: the test part.
        copies: how many texts were left out because the same text stood before.
        rare: how many others were left out because their labels are rare.
        contradictions: how many of the copies had another label than that text, whose label is kept.
    """

    train: list[LabelledText]
    dev: list[LabelledText]
    test: list[LabelledText]
    copies: int
    contradictions: int
    rare: int = 0


def split_texts(
    texts: list[LabelledText],
    test: list[LabelledText] | None = None,
    *,
    dev_share: float = 0.1,
    test_share: float = 0.2,
    drop_rare: int = 0,
    seed: int = 0,
) -> Parts:
    """Leave out copies, and split so that every part has its share of each label.

    A copy differs from an earlier text in spaces and case at most. Texts of a given test part are left out of
    the others.

    Args:
        texts: to split.
        test: a test part that exists already; None to take one from the texts.
        dev_share: of the texts, greater than 0.
        test_share: likewise; together they are less than 1. Ignored if `test` is given.
        drop_rare: leave out labels with fewer texts, not counting copies, nor the given test part.
        seed: of the split.

    Returns:
        the parts.

    Raises:
        ImportError: if the extra `compare` is missing.
        ValueError: for shares out of range, an empty test part, or a label with too few texts to stand in
            every part; as `leave_out_rare`.
    """
    check_extra("compare", "sklearn")
    check_seed(seed)
    if test is not None and not test:
        raise ValueError(
            "The test part has no text. Expected at least one; or leave it out, to have one split off."
        )
    test_share = test_share if test is None else 0.0
    are_in_range = dev_share > 0 and (test_share > 0 or test is not None) and dev_share + test_share < 1
    if not are_in_range:
        raise ValueError(
            f"dev_share={dev_share} and test_share={test_share} are out of range. Expected numbers greater "
            "than 0 that add up to less than 1."
        )
    first_by_key: dict[str, LabelledText] = {}
    all_texts = [*(test or []), *texts]
    contradictions = 0
    for text in all_texts:
        kept = first_by_key.setdefault(_key(text), text)
        contradictions += kept.label != text.label
    test_keys = dict.fromkeys(map(_key, test or []))
    rest = [text for key, text in first_by_key.items() if key not in test_keys]
    given = None if test is None else [first_by_key[key] for key in test_keys]
    rest, test_part, rare = leave_out_rare(rest, given, drop_rare)
    if test_part is None:
        rest, test_part = _split_off(rest, test_share, seed)
    train_part, dev_part = _split_off(rest, dev_share / (1 - test_share), seed)
    return Parts(train_part, dev_part, test_part, len(all_texts) - len(first_by_key), contradictions, rare)


def write_parts(parts: Parts, folder: Path, lang: str = "en") -> list[Path]:
    """Write each part as `.spacy`, to train on, and as `.jsonl`, for `compare`.

    Args:
        parts: what to write.
        folder: made if it does not exist; files in it are overwritten.
        lang: the code of the language whose tokenizer is used.

    Returns:
        the paths.

    Raises:
        OSError: if they cannot be written.
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


def _key(text: LabelledText) -> str:
    """Return the text without what copies may differ in: case and spaces."""
    return " ".join(text.text.casefold().split())


def _split_off(
    texts: list[LabelledText], share: float, seed: int
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Split a share off; return the rest and the share, in both of which every label occurs."""
    # Imported here: the extra may be missing.
    from sklearn.model_selection import train_test_split

    labels = [text.label for text in texts]
    counts = Counter(labels)
    try:
        rest, split_off = train_test_split(texts, test_size=share, stratify=labels, random_state=seed)
    except ValueError as error:
        rarest = sorted(counts, key=lambda label: (counts[label], label))
        raise ValueError(
            f"{len(texts)} texts with the labels {name_some(rarest)} cannot be split so that every part "
            f"has each label ({shorten_text(str(error), 200)}). Add texts, leave out rare labels "
            "(--drop-rare; in Python, drop_rare=...), or increase the shares."
        ) from error
    # scikit-learn rounds: the share of a rare label may be no text at all.
    for part in rest, split_off:
        if missing := sorted(counts.keys() - {text.label for text in part}):
            raise ValueError(
                f"{len(texts)} texts cannot be split so that every part has each label: one would have "
                f"none with the labels {name_some(missing)}. Add texts, leave out rare labels (--drop-rare; "
                "in Python, drop_rare=...), or increase the shares."
            )
    return rest, split_off
