"""Texts to measure on: made here, the same every time, and those of a folder of public data."""

from pathlib import Path
from random import Random

WORDS = (
    "a an the this that some every old new red small heavy quiet bright early late house garden river road "
    "teacher doctor child friend window letter train station market apple orange adventure story question "
    "answer winter summer morning wants sells builds finds reads writes carries follows opens closes near "
    "behind under over with without before after because while and or but never often slowly quickly"
).split()
#: Words of several wordpieces. About every twelfth word of the public sets is one, which is why texts of as
#: many words differ in length for the encoder.
RARE_WORDS = "Mississippi Wittgenstein marmalade otorhinolaryngologist zeppelin Nabokov unputdownable".split()
RARE = 1 / 12
#: Texts with their labels.
Pairs = list[tuple[str, str]]


def made_texts(kind: str) -> list[str]:
    """Return texts of a kind.

    Args:
        kind: "short mixed" (3 to 30 words), "single length" (14), "paragraphs" (40 to 250) or "long
            documents" (1,500).
    """
    number, fewest, most = {
        "short mixed": (1000, 3, 30),
        "single length": (1000, 14, 14),
        "paragraphs": (120, 40, 250),
        "long documents": (8, 1500, 1500),
    }[kind]
    random = Random(kind)
    return [text_of(random.randint(fewest, most), random) for _ in range(number)]


def text_of(words: int, random: Random) -> str:
    """Return a text of so many words, with a full stop about every twelve."""
    chosen = [random.choice(RARE_WORDS if random.random() < RARE else WORDS) for _ in range(words)]
    for end in range(11, words, 12):
        chosen[end] += "."
    return " ".join(chosen) + "."


def trec(data: Path, part: str) -> Pairs:
    """TREC's questions with their coarse classes."""
    lines = (data / "trec" / f"{part}.txt").read_text(encoding="latin-1").splitlines()
    return [(line.split(" ", 1)[1], line.split(":", 1)[0]) for line in lines]


def sst2(data: Path, part: str) -> Pairs:
    """SST-2's sentences with their sentiment."""
    lines = (data / "sst2" / f"{part}.txt").read_text(encoding="utf8").splitlines()
    return [(line.split(" ", 1)[1], line.split(" ", 1)[0]) for line in lines]


def sms(data: Path) -> Pairs:
    """Return the messages, ham or spam, each once: spaces and case apart."""
    lines = (data / "sms" / "sms.tsv").read_text(encoding="utf8").split("\n")
    rows = [line.split("\t", 1) for line in lines if line]
    once = {" ".join(text.lower().split()): (text, label) for label, text in reversed(rows)}
    return list(once.values())[::-1]


def draw(pairs: Pairs, number: int | None) -> Pairs:
    """Draw so many of the texts, always the same, in their order; None for all."""
    if number is None or number >= len(pairs):
        return pairs
    return [pairs[place] for place in sorted(Random(0).sample(range(len(pairs)), number))]


def public_texts(data: Path) -> dict[str, list[str]]:
    """Return the first texts of the public sets in a folder: TREC questions and SST-2 sentences."""
    return {
        "TREC questions": [text for text, _ in trec(data, "train")[:1000]],
        "SST-2 sentences": [text for text, _ in sst2(data, "train")[:1000]],
    }
