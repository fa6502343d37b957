"""Nearly the same texts with different labels."""

from dataclasses import replace

import numpy as np
import pytest

from spacy_trend.reports import duplicates
from spacy_trend.reports.duplicates import near_duplicates
from spacy_trend.reports.reasons import TextReasons
from tests.support.reports import MAILS, reasons_for


def texts(*vectors: tuple[str, float, float]) -> list[TextReasons]:
    like = reasons_for(MAILS).texts[0]
    return [replace(like, label=label, vector=np.array(xy, dtype=np.float32)) for label, *xy in vectors]


def test_are_alike_and_have_different_labels() -> None:
    found = near_duplicates(texts(("a", 1, 0), ("a", 2, 0.1), ("b", 5, 0.1), ("b", 0, 1)))
    assert [(pair.text, pair.other) for pair in found] == [(0, 2), (1, 2)]
    assert found[0].cosine == pytest.approx(5 / np.hypot(5, 0.1), abs=1e-6)


def test_the_most_alike_come_first_and_the_number_is_limited() -> None:
    given = texts(("a", 1, 0), ("b", 1, 0.2), ("b", 1, 0), ("b", 1, 0.1))
    assert [pair.other for pair in near_duplicates(given)] == [2, 3, 1]
    assert [pair.other for pair in near_duplicates(given, most=2)] == [2, 3]


def test_are_found_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0).normal(size=(30, 2))
    given = texts(*(("ab"[number % 2], *xy) for number, xy in enumerate(random.tolist())))
    at_once = near_duplicates(given, most=1000)
    monkeypatch.setattr(duplicates, "_BLOCK", 4)
    blocks = near_duplicates(given, most=1000)
    assert {(pair.text, pair.other) for pair in blocks} == {(pair.text, pair.other) for pair in at_once}
    assert len(blocks) > 10
    for text, other, cosine in blocks:
        assert text < other
        assert cosine >= duplicates.LEAST_COSINE
        assert given[text].label != given[other].label


def test_vectors_of_zeros_or_of_no_numbers_are_like_nothing() -> None:
    assert near_duplicates(texts(("a", 0, 0), ("b", 0, 0), ("a", np.nan, 1), ("b", np.nan, 1))) == []


def test_there_are_none_of_no_texts() -> None:
    assert near_duplicates([]) == []
