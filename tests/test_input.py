"""Anything may come as input: a pipeline with us refuses what it refuses without us, and nothing else."""

import random
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.attrs import IS_PUNCT, IS_SPACE
from spacy.tokens import Doc

from spacy_trend import bundled_encoder, from_encoder

from .conftest import DIFFERENCE

TEXT = "I want an apple. She sold the old house!"

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


@pytest.fixture(scope="module")
def default(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    """The tiny encoder with default settings; not to be changed by a test."""
    return make_nlp(tiny_encoder, {})


@pytest.fixture(scope="module")
def steady(make_nlp: Callable[..., Language], tiny_encoder: Path) -> Language:
    """The tiny encoder with a change that does not amplify noise; not to be changed by a test."""
    return make_nlp(tiny_encoder, DIFFERENCE)


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


def check_equal(doc: Doc, other: Doc) -> None:
    """The same words and, with noise of another batch, the same numbers."""
    assert [token.text for token in doc] == [token.text for token in other]
    assert word_positions(doc) == word_positions(other)
    np.testing.assert_allclose(doc._.trend_vector, other._.trend_vector, atol=1e-4)
    for name in ("trend_vector", "trend_attention"):
        ours, theirs = ([token._.get(name) for token in each] for each in (doc, other))
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("text", WITHOUT_WORDS.values(), ids=WITHOUT_WORDS.keys())
def test_a_text_without_words_has_zeros(default: Language, text: str) -> None:
    doc = default(text)
    check_invariants(doc, 32)
    assert not doc._.trend_vector.any()
    assert doc._.trend_focus is doc._.trend_related is None


@pytest.mark.parametrize("text", WITH_WORDS.values(), ids=WITH_WORDS.keys())
def test_an_odd_text_with_words_has_a_vector(default: Language, text: str) -> None:
    doc = default(text)
    check_invariants(doc, 32)
    assert doc._.trend_vector.any()
    assert doc._.trend_focus is not None


@pytest.mark.parametrize("text", ["", " \n", "?!...", "\u200b", "我想要一个苹果。", "שלום עולם", "👨‍👩‍👧"])
def test_odd_texts_with_the_bundled_encoder(nlp: Language, text: str) -> None:
    check_invariants(nlp(text), 384)


@pytest.mark.parametrize(
    ("config", "get_spans"),
    [
        ({"token_vectors": False}, {"@span_getters": "spacy-transformers.sent_spans.v1"}),
        ({"level": "sentence"}, {"@span_getters": "spacy-transformers.sent_spans.v1"}),
        (
            {"level": "sentence"},
            {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 6},
        ),
    ],
)
def test_odd_texts_in_one_batch_with_other_settings(
    make_nlp: Callable[..., Language],
    tiny_encoder: Path,
    config: dict[str, Any],
    get_spans: dict[str, Any],
) -> None:
    nlp = make_nlp(tiny_encoder, {**DIFFERENCE, "vector_hooks": True, **config}, get_spans)
    texts = [*WITHOUT_WORDS.values(), *WITH_WORDS.values()]
    for text, doc in zip(texts, nlp.pipe(texts), strict=True):
        assert doc.text == text
        assert doc._.trend_vector.shape == doc.vector.shape == (32,)
        np.testing.assert_allclose(doc._.trend_vector, nlp(text)._.trend_vector, atol=1e-4)


def test_odd_texts_in_one_batch_are_as_they_are_alone(steady: Language) -> None:
    texts = [*WITHOUT_WORDS.values(), *WITH_WORDS.values()]
    random.Random(0).shuffle(texts)
    for text, doc in zip(texts, steady.pipe(texts), strict=True):
        check_equal(doc, steady(text))


@pytest.mark.parametrize(
    "texts",
    [
        ["", TEXT, "Stop!"],
        [TEXT, "", "Stop!"],
        [TEXT, "Stop!", ""],
        ["", "", TEXT, "", "", "Stop!", "", ""],
        ["", "", ""],
        [" ", TEXT, "\n\n", "Stop!", "\t"],
        [" ", "", "\n", ""],
        [],
    ],
)
@pytest.mark.parametrize("batch_size", [1, 2, 128])
def test_blank_docs_may_stand_anywhere_in_a_batch(
    steady: Language, texts: list[str], batch_size: int
) -> None:
    docs = list(steady.pipe(texts, batch_size=batch_size))
    assert [doc.text for doc in docs] == texts
    for text, doc in zip(texts, docs, strict=True):
        check_equal(doc, steady(text))


def test_characters_that_the_encoder_drops_change_nothing(steady: Language) -> None:
    plain = steady("an apple there")
    for text in (
        "an ap\u200bple there",
        "an apple\ufeff there",
        "an apple\x01 there",
        "an a\u0301pple there",
    ):
        doc = steady(text)
        assert len(doc) == 3
        np.testing.assert_allclose(doc._.trend_vector, plain._.trend_vector, atol=1e-5)


@pytest.mark.parametrize(
    ("lang", "text", "words"),
    [
        ("en", "שלום עולם!", ["שלום", "עולם"]),
        ("he", "שלום, עולם!", ["שלום", "עולם"]),
        ("ar", "مرحبا بالعالم؟", ["مرحبا", "بالعالم"]),
        ("en", "我想要苹果。", ["我想要苹果"]),
        ("zh", "我想要苹果。", ["我", "想", "要", "苹", "果"]),
        ("xx", "я хочу «яблоко»…", ["я", "хочу", "яблоко"]),
    ],
)
def test_words_of_other_scripts_are_those_of_the_language(
    tiny_encoder: Path, lang: str, text: str, words: list[str]
) -> None:
    doc = from_encoder(tiny_encoder, lang=lang)(text)
    check_invariants(doc, 32)
    assert [doc[word].text for word in word_positions(doc)] == words


@pytest.mark.parametrize("word", LONG_WORDS.values(), ids=LONG_WORDS.keys())
def test_a_word_of_ten_thousand_characters(steady: Language, word: str) -> None:
    assert len(word) == 10_000
    alone, among = steady.pipe([word, f"I want {word} now."])
    check_invariants(alone, 32)
    check_invariants(among, 32)
    assert among._.trend_focus is not None
    check_equal(steady(alone.text), alone)


@pytest.mark.parametrize(
    "word", LONG_WORDS_OF_MANY_WORDPIECES.values(), ids=LONG_WORDS_OF_MANY_WORDPIECES.keys()
)
def test_a_word_of_ten_thousand_wordpieces(tiny: Language, word: str) -> None:
    alone = tiny(word)
    assert len(alone) == 1
    check_invariants(alone, 32)
    with pytest.warns(UserWarning, match=r"^2 tokens of the doc 'I want .*takes 512 wordpieces"):
        among = tiny(f"I want {word} now.")
    assert among._.trend_truncated == 2
    assert set(word_positions(among)) <= {0, 1, 2}
    assert among._.trend_focus.i in word_positions(among)
    assert np.isfinite(among._.trend_vector).all()


@pytest.mark.parametrize(("unit", "tokens"), [("a ", 10_000), ("苹 ", 10_000), ("👍", 1_000), ("!", 1_000)])
def test_many_tokens_of_one_character(steady: Language, unit: str, tokens: int) -> None:
    doc = steady(unit * tokens)
    assert len(doc) == tokens
    assert np.isfinite(doc._.trend_vector).all()
    assert word_positions(doc) == ([] if unit == "!" else list(range(tokens)))


@pytest.mark.parametrize(
    "value",
    ["\ud800", "apple \udc00 pear", "\ude00\ud83d", None, 3, b"bytes", ["a", "b"]],
    ids=["high", "low", "wrong order", "none", "number", "bytes", "list"],
)
@pytest.mark.parametrize("run", [lambda nlp, it: nlp(it), lambda nlp, it: list(nlp.pipe(["a", it]))])
def test_what_spacy_refuses_is_refused_as_without_us(
    default: Language, value: Any, run: Callable[[Language, Any], Any]
) -> None:
    with pytest.raises(Exception) as without_us:  # noqa: PT011 - whatever it is
        run(spacy.blank("en"), value)
    with pytest.raises(type(without_us.value)) as with_us:
        run(default, value)
    assert str(with_us.value) == str(without_us.value)
    check_invariants(default(TEXT), 32)


def test_surrogates_that_are_a_pair_in_other_strings_are_one_character_here(steady: Language) -> None:
    joined = "\ud83d\ude00 face".encode("utf-16", "surrogatepass").decode("utf-16")
    assert joined == "😀 face"
    check_equal(steady(joined), steady("😀 face"))


@Language.component("spacy_trend_tests_merge")
def merge(doc: Doc) -> Doc:
    if len(doc) > 3:
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[2:4])
    return doc


@Language.component("spacy_trend_tests_split")
def split(doc: Doc) -> Doc:
    if len(doc) > 3:
        with doc.retokenize() as retokenizer:
            retokenizer.split(doc[3], ["app", "le"], heads=[doc[1], (doc[3], 0)])
    return doc


@pytest.mark.parametrize(
    ("component", "tokens"),
    [
        ("merge", ["I", "want", "an apple", "now", "."]),
        ("split", ["I", "want", "an", "app", "le", "now", "."]),
    ],
)
@pytest.mark.parametrize("place", [{"first": True}, {"before": "transformer"}])
def test_tokens_may_be_merged_or_split_before_the_transformer(
    make_nlp: Callable[..., Language],
    tiny_encoder: Path,
    steady: Language,
    component: str,
    tokens: list[str],
    place: dict[str, Any],
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    nlp.add_pipe(f"spacy_trend_tests_{component}", **place)
    text = "I want an apple now."
    docs = list(nlp.pipe(["", text, "Stop!"]))
    doc, plain = docs[1], steady(text)
    assert [token.text for token in doc] == tokens
    assert word_positions(doc) == list(range(len(tokens) - 1))
    for each in docs:
        check_invariants(each, 32)
    # The encoder reads the same text: what did not change has the same numbers.
    for here, there in ((0, 0), (1, 1), (-2, -2)):
        np.testing.assert_allclose(doc[here]._.trend_vector, plain[there]._.trend_vector, atol=1e-5)
        np.testing.assert_allclose(doc[here]._.trend_attention, plain[there]._.trend_attention, atol=1e-5)
    if component == "merge":
        mean = (plain[2]._.trend_vector + plain[3]._.trend_vector) / 2
        total = plain[2]._.trend_attention + plain[3]._.trend_attention
        np.testing.assert_allclose(doc[2]._.trend_vector, mean, atol=1e-5)
        np.testing.assert_allclose(doc[2]._.trend_attention, total, atol=1e-5)
    else:
        # Both parts share the one wordpiece of "apple".
        for part in (3, 4):
            np.testing.assert_allclose(doc[part]._.trend_vector, plain[3]._.trend_vector, atol=1e-5)


@pytest.mark.parametrize(("component", "got"), [("merge", 5), ("split", 7)])
def test_tokens_merged_or_split_between_transformer_and_component_are_refused(
    tiny: Language, component: str, got: int
) -> None:
    tiny.add_pipe(f"spacy_trend_tests_{component}", after="transformer")
    message = rf"covers 6 tokens, but the doc 'I want an apple now\.' has {got}.*before the transformer"
    with pytest.raises(ValueError, match=message):
        tiny("I want an apple now.")
    check_invariants(tiny("Stop!"), 32)


@pytest.mark.parametrize(
    ("words", "spaces", "expected"),
    [
        (["I", "want", "an", "apple", "."], [True, True, True, False, False], [0, 1, 2, 3]),
        (["I", "want", "an", "apple", "."], None, [0, 1, 2, 3]),
        (["ca", "nt", "see"], [False, True, False], [0, 1, 2]),
        (["New York", "is", "big"], None, [0, 1, 2]),
        (["a", " ", "b"], [False, False, False], [0, 2]),
        ([" ", "a", "\n"], [True, True, True], [1]),
        (["a", "\u200b", "b"], None, [0, 2]),
        (["x" * 10_000, "a"], None, [0, 1]),
        (["e", "\u0301", "a"], [False, False, False], [0, 1, 2]),
        ([], [], []),
    ],
)
def test_docs_made_of_words_and_spaces(
    steady: Language, words: list[str], spaces: list[bool] | None, expected: list[int]
) -> None:
    doc = Doc(steady.vocab, words=words, spaces=spaces)
    among = [Doc(steady.vocab, words=words, spaces=spaces), steady.make_doc(TEXT)]
    alone = steady(doc)
    assert alone is doc
    check_invariants(alone, 32)
    assert word_positions(alone) == expected
    check_equal(next(iter(steady.pipe(among))), alone)


def test_a_doc_made_of_words_is_as_that_of_its_text(steady: Language) -> None:
    made = Doc(steady.vocab, words=["I", "want", "an", "apple", "."], spaces=[True, True, True, False, False])
    check_equal(steady(made), steady("I want an apple."))


def test_flags_of_the_vocab_decide_what_a_word_is(
    make_nlp: Callable[..., Language], tiny_encoder: Path
) -> None:
    nlp = make_nlp(tiny_encoder, DIFFERENCE)
    text = "I want an apple . Now @ home"
    before = nlp(text)
    assert word_positions(before) == [0, 1, 2, 3, 5, 7]
    nlp.vocab["apple"].set_flag(IS_PUNCT, True)
    nlp.vocab["want"].is_punct = True
    nlp.vocab["an"].set_flag(IS_SPACE, True)
    nlp.vocab["."].is_punct = False
    nlp.vocab["@"].is_punct = False
    after = nlp(text)
    assert word_positions(after) == [0, 4, 5, 6, 7]
    check_invariants(after, 32)
    # Only what counts as a word changed, not what the encoder says of it.
    for word in (0, 5, 7):
        np.testing.assert_allclose(after[word]._.trend_vector, before[word]._.trend_vector, atol=1e-5)
    nlp.vocab["Stop"].is_punct = True
    assert not nlp("Stop !")._.trend_vector.any()


TEXTS = [TEXT, "", "Stop!", "...", "You need two pears.", " "]


def test_pipe_with_contexts(steady: Language) -> None:
    contexts = [{"number": number} for number in range(len(TEXTS))]
    pairs = list(steady.pipe(zip(TEXTS, contexts, strict=True), as_tuples=True, batch_size=4))
    assert [context for _, context in pairs] == contexts
    for text, (doc, _) in zip(TEXTS, pairs, strict=True):
        check_equal(doc, steady(text))


def test_pipe_over_docs_and_texts_in_turn(steady: Language) -> None:
    given = [text if number % 2 else steady.make_doc(text) for number, text in enumerate(TEXTS)]
    docs = list(steady.pipe(given))
    assert all(doc is it for doc, it in zip(docs, given, strict=True) if isinstance(it, Doc))
    for text, doc in zip(TEXTS, docs, strict=True):
        check_equal(doc, steady(text))


def test_a_doc_may_go_through_the_pipeline_again(steady: Language) -> None:
    doc = steady(TEXT)
    once = doc._.trend_vector.copy()
    np.testing.assert_allclose(steady(doc)._.trend_vector, once, atol=1e-5)
    other = steady.make_doc(TEXT)
    for each in steady.pipe([doc, other, doc], batch_size=1):
        np.testing.assert_allclose(each._.trend_vector, once, atol=1e-5)


def test_a_doc_that_stands_twice_in_one_batch_is_refused(steady: Language) -> None:
    doc = steady.make_doc(TEXT)
    with pytest.raises(ValueError, match="the same doc"):
        list(steady.pipe([doc, steady.make_doc("Stop!"), doc]))


def test_pipe_over_a_generator_without_end(steady: Language) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield TEXTS[taken % len(TEXTS)]

    stream = steady.pipe(endless(), batch_size=4)
    docs = [next(stream) for _ in range(10)]
    assert taken <= 20
    for number, doc in enumerate(docs, start=1):
        check_equal(doc, steady(TEXTS[number % len(TEXTS)]))


def test_docs_of_a_memory_zone(steady: Language) -> None:
    expected = [steady(text)._.trend_vector.copy() for text in TEXTS]
    for _ in range(2):
        with steady.memory_zone():
            docs = list(steady.pipe([*TEXTS, "Zwieback unheardofbefore"]))
            vectors = [doc._.trend_vector.copy() for doc in docs]
            assert str(docs[0]._.trend_focus) in TEXT
            check_invariants(docs[-1], 32)
        for vector, other in zip(vectors[:-1], expected, strict=True):
            np.testing.assert_allclose(vector, other, atol=1e-5)


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


def fuzz(nlp: Language, steady: Language, *, seed: int, texts: int, alone: int) -> None:
    """Run random texts in shuffled batches.

    nlp: the pipeline whose vectors are to be whole.
    steady: one with `DIFFERENCE`, whose docs are compared with those of single texts.
    alone: how many of the texts to compare.
    """
    chance = random.Random(seed)
    made = [random_text(chance) for _ in range(texts)]
    chance.shuffle(made)
    width = len(nlp("")._.trend_vector)
    batch_size = chance.choice([17, 64, 128])
    for text, doc in zip(made, nlp.pipe(made, batch_size=batch_size), strict=True):
        assert doc.text == text
        check_invariants(doc, width)
    chance.shuffle(made)
    some = made[: 4 * alone]
    for number, doc in enumerate(steady.pipe(some, batch_size=64)):
        if number % 4 == 0:
            check_equal(doc, steady(doc.text))


def test_random_texts(default: Language, steady: Language) -> None:
    fuzz(default, steady, seed=0, texts=300, alone=60)


def test_random_texts_with_the_bundled_encoder(nlp: Language, make_nlp: Callable[..., Language]) -> None:
    fuzz(nlp, make_nlp(bundled_encoder(), DIFFERENCE), seed=1, texts=100, alone=10)


@pytest.mark.slow
def test_many_random_texts_with_the_bundled_encoder(nlp: Language, make_nlp: Callable[..., Language]) -> None:
    fuzz(nlp, make_nlp(bundled_encoder(), DIFFERENCE), seed=2, texts=200, alone=50)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 7))
def test_many_random_texts(default: Language, steady: Language, seed: int) -> None:
    fuzz(default, steady, seed=seed, texts=2_500, alone=250)
