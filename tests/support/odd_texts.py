"""Texts that nobody expects, and what holds for the doc of any text."""

import random
import string

import numpy as np
from spacy.tokens import Doc

from tests.support.values import assert_same_values

#: Characters that a terminal obeys instead of showing them: C0 and C1, and those of direction and of lines.
CONTROLS = [
    *("\x00", "\x07", "\x08", "\x1b", "\r", "\x0b", "\x7f", "\x85", "\x9b", "\x9d"),
    *("\u061c", "\u200e", "\u200f", "\u2028", "\u202a", "\u202e", "\u2066", "\u2069", "\u206f", "\udc9b"),
]
BLANK = {
    "empty": "",
    "space": " ",
    "spaces": " " * 200,
    "lines": "\n\n\r\n",
    "tab": "\t",
    "other spaces": "\u00a0\u2003\u3000",
    "line separators": "\u2028\u2029",
}
WITHOUT_WORDS = {
    **BLANK,
    "full stop": ".",
    "many full stops": "." * 300,
    "punctuation": "?! - ... ( ) [ ] « » ¿ ¡ — …",
    "wide punctuation": "。、「」！？",
    "controls": "\x00 \x01\x02 \x7f",
    "zero-width": "\u200b \u200b\u200d\u2060 \ufeff",
    "directions": "\u202e\u202c \u2066\u2069 \u200f",
    "combining marks alone": "\u0301 \u0300\u0302",
    "variation selector": "\ufe0f",
    "private use": "\ue000\uf8ff",
}
WITH_WORDS = {
    "not a character": "\uffff\ufffe",
    "null in a word": "ap\x00ple",
    "zero-width space in a word": "ap\u200bple and pear",
    "controls between words": "apple\x01\x02 pear \x1b[31mred\x1b[0m",
    "right to left": "שלום עולם! مرحبا بالعالم؟",
    "right to left inside left to right": "She said \u202bשלום\u202c and left.",
    "vowel points": "בְּרֵאשִׁית בָּרָא",
    "chinese": "我想要一个苹果。",
    "japanese": "りんごが欲しい。古い家です。",
    "korean": "나는 사과를 원한다.",
    "thai": "ฉันอยากได้แอปเปิ้ล",
    "emoji with joiners": "👨‍👩‍👧‍👦 at 🏳️‍🌈 👍🏽!",
    "flags": "🇫🇷🇩🇪 🇯🇵",
    "many combining marks": "e" + "\u0301" * 200 + " zoo",
    "mathematical letters": "𝔗𝔥𝔢 𝐟𝐨𝐱",
    "ligatures and wide letters": "ﬁnd ａｐｐｌｅ Ǆ",
    "outside the first plane": "𐍈𐍂 \U0010fffd 𠜎",
    "replacement character": "a \ufffd b",
    "special tokens of the encoder": "[CLS] a [SEP] b [PAD] [MASK] [UNK]",
    "digits": "3.14159 1,000,000 ²³ ½ Ⅷ",
    "address": "https://example.com/a?b=c&d=%20#e mail@example.com",
    "markup": "<p>a &amp; b</p>\\n\\t{{x}}",
}
LONG_WORDS = {
    "letters": "x" * 10_000,
    "syllables": "banana" * 1_666 + "bana",
    "digits": "7" * 10_000,
    "marks": "e" + "\u0301" * 9_999,
    "zero-width": "\u200b" * 10_000,
    "arabic": "م" * 10_000,
}
#: A wordpiece a character, so that the encoder's limit cuts them and what stands behind them.
LONG_WORDS_OF_MANY_WORDPIECES = {"hyphens": "-" * 10_000, "chinese": "苹" * 10_000}


def word_positions(doc: Doc) -> list[int]:
    """The words of a doc as the attributes show them: those that drew attention."""
    return [token.i for token in doc if token._.trend_attention.any()]


def check_invariants(doc: Doc, width: int) -> None:
    words = word_positions(doc)
    vectors = np.array([doc._.trend_vector, *(token._.trend_vector for token in doc)])
    assert vectors.shape == (1 + len(doc), width)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    attention = np.array([token._.trend_attention for token in doc])
    assert np.isfinite(attention).all()
    assert not any(doc[word].is_punct or doc[word].is_space for word in words)
    pair = [doc._.trend_focus, doc._.trend_related][: len(words)]
    assert all(token.i in words for token in pair)
    assert (doc._.trend_focus is None) == (len(words) == 0)
    assert (doc._.trend_related is None) == (len(words) < 2)
    expected = np.sum([token._.trend_vector for token in pair], axis=0) if pair else np.zeros(width)
    np.testing.assert_allclose(doc._.trend_vector, expected, rtol=1e-5, atol=1e-5)
    assert doc._.trend_truncated == 0


def letters(first: int, last: int) -> str:
    return "".join(chr(code) for code in range(first, last + 1))


ALPHABETS = [
    string.ascii_letters,
    letters(0xC0, 0x17F),
    letters(0x5D0, 0x5EA) + letters(0x591, 0x5C7),
    letters(0x620, 0x64A) + letters(0x64B, 0x65F) + "،؟\u0640",
    letters(0x4E00, 0x4E80) + letters(0x3040, 0x30FF) + "。、「」",
    letters(0xAC00, 0xAC40) + letters(0x1100, 0x1130),
    letters(0x900, 0x97F) + letters(0xE01, 0xE3A),
    letters(0x1F600, 0x1F64F) + letters(0x1F3FB, 0x1F3FF) + letters(0x1F1E6, 0x1F1FF) + "\u200d\ufe0f👩❤",
    letters(0x300, 0x36F) + "aeiou",
    letters(0x00, 0x1F) + letters(0x7F, 0x9F),
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202e\u2060\u2066\u2069\ufeff\u00ad",
    string.punctuation + "…—–«»¿¡“”‘’",
    " \t\n\r\u00a0\u2003\u2028\u3000",
    string.digits + "٠١٢²³½Ⅷ",
    "\ufffd\uffff\ue000\U0010fffd\U000e0001𝔗𐍈𠜎",
]


def random_text(chance: random.Random) -> str:
    """Up to 300 characters, of one to four alphabets, in pieces that words and runs are made of."""
    length = chance.choice(
        [0, 1, 2, 3, chance.randint(4, 40), chance.randint(4, 120), chance.randint(4, 300)]
    )
    alphabets = chance.choices(ALPHABETS, k=chance.randint(1, 4))
    between = chance.choice(["", " ", " ", " ", "  ", "\n", "\u200b"])
    pieces: list[str] = []
    while sum(len(piece) for piece in pieces) < length:
        alphabet = chance.choice(alphabets)
        if chance.random() < 0.05:
            piece = chance.choice(alphabet) * chance.randint(10, 150)
        else:
            piece = "".join(chance.choices(alphabet, k=chance.randint(1, 12)))
        pieces += [piece, between]
    return "".join(pieces)[:length]


def check_same(doc: Doc, other: Doc) -> None:
    """The same words and, with noise of another batch, the same numbers."""
    assert word_positions(doc) == word_positions(other)
    assert_same_values(doc, other, 1e-4)
