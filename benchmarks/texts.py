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


def made_texts(kind: str) -> list[str]:
    """Texts of a kind: "short mixed" (3 to 30 words), "single length" (14), "paragraphs" (40 to 250) or
    "long documents" (1,500)."""
    number, fewest, most = {
        "short mixed": (1000, 3, 30),
        "single length": (600, 14, 14),
        "paragraphs": (120, 40, 250),
        "long documents": (8, 1500, 1500),
    }[kind]
    random = Random(kind)
    return [text_of(random.randint(fewest, most), random) for _ in range(number)]


def text_of(words: int, random: Random) -> str:
    """A text of so many words, with a full stop about every twelve."""
    chosen = [random.choice(RARE_WORDS if random.random() < RARE else WORDS) for _ in range(words)]
    for end in range(11, words, 12):
        chosen[end] += "."
    return " ".join(chosen) + "."


def public_texts(data: Path) -> dict[str, list[str]]:
    """The first texts of the public sets in a folder: TREC questions and SST-2 sentences."""
    trec = (data / "trec" / "train.txt").read_text(encoding="latin-1").splitlines()[:1000]
    sst2 = (data / "sst2" / "train.txt").read_text(encoding="utf8").splitlines()[:600]
    return {
        "TREC questions": [line.split(" ", 1)[1] for line in trec],
        "SST-2 sentences": [line.split(" ", 1)[1] for line in sst2],
    }
