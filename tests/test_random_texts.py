"""Random texts of all alphabets."""

import random
from collections.abc import Callable

import pytest
from spacy import Language

from spacy_trend import bundled_encoder
from tests.support.changes import DIFFERENCE
from tests.support.odd_texts import check_invariants, check_same, random_text


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
            check_same(doc, steady(doc.text))


def test_random_texts(default: Language, steady: Language) -> None:
    fuzz(default, steady, seed=0, texts=60, alone=12)


@pytest.mark.slow
def test_random_texts_with_the_bundled_encoder(nlp: Language, make_nlp: Callable[..., Language]) -> None:
    fuzz(nlp, make_nlp(bundled_encoder(), DIFFERENCE), seed=1, texts=100, alone=10)


@pytest.mark.slow
@pytest.mark.thorough
def test_many_random_texts_with_the_bundled_encoder(nlp: Language, make_nlp: Callable[..., Language]) -> None:
    fuzz(nlp, make_nlp(bundled_encoder(), DIFFERENCE), seed=2, texts=200, alone=50)


@pytest.mark.slow
def test_more_random_texts(default: Language, steady: Language) -> None:
    fuzz(default, steady, seed=7, texts=500, alone=50)


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3, 7))
def test_many_random_texts(default: Language, steady: Language, seed: int) -> None:
    fuzz(default, steady, seed=seed, texts=2_500, alone=250)
