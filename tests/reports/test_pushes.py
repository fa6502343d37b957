"""The words that push texts towards a label."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_trend.reports.pushes import WITHOUT_A_PART, words_that_push
from spacy_trend.reports.reasons import TextReasons
from tests.support.reports import MAILS, reasons_for


def without_words(text: TextReasons) -> TextReasons:
    none = replace(text.attribution, texts=(), words=text.starts[:0], parts=text.attribution.parts[:0])
    return replace(text, attribution=none, starts=text.starts[:0], leads=text.leads[:0])


def pushes(texts: object, *labels: str, most: int = 10) -> dict[object, list[tuple[str, float, int]]]:
    reasons = reasons_for(texts, *labels)
    found = words_that_push(reasons.texts, reasons.labels, most)
    return {
        label: [(push.word, round(push.part, 6), push.occurrences) for push in found[label]]
        for label in found
    }


def test_are_the_means_of_their_parts_in_lower_case() -> None:
    assert pushes(MAILS) == {"spam": [("free", 3, 3), ("now", 1, 3)], "ham": [("meeting", 2, 4)]}


def test_mean_over_all_places() -> None:
    texts = [([("a", 1, 0)], "x"), ([("A", 4, 0), ("a", 1, 0)], "x")]
    assert pushes(texts, "x", "y") == {"x": [("a", 2, 3)], "y": []}


def test_of_three_labels_push_against_the_mean_of_the_others() -> None:
    assert pushes([([("a", 3, 1, 0)], "x")], "x", "y", "z") == {"x": [("a", 2.5, 1)], "y": [], "z": []}


def test_a_word_in_few_places_is_ranked_behind_one_that_pushes_as_much_in_many() -> None:
    rare = ([("rare", 3, 0)], "x")
    often = [([("often", 2, 0)] * 4, "x")]
    assert pushes([rare, *often], "x", "y")["x"] == [("often", 2, 4), ("rare", 3, 1)]
    great = ([("great", 9, 0)], "x")
    assert pushes([great, *often], "x", "y", most=1)["x"] == [("great", 9, 1)]


def test_examples_are_where_they_add_most_in_different_texts() -> None:
    # What adds nothing tells the texts apart.
    words = [[("a", part, 0), ("a", part + 0.5, 0), (str(part), 0, 0)] for part in (1, 4, 2, 3)]
    reasons = reasons_for([(of_text, "x") for of_text in words], "x", "y")
    (push,) = words_that_push(reasons.texts, reasons.labels)["x"]
    assert [(example.text, example.part) for example in push.examples] == [
        (1, pytest.approx(4.5)),
        (3, pytest.approx(3.5)),
        (2, pytest.approx(2.5)),
    ]
    for example in push.examples:
        assert (example.start, example.end) == (2, 3)
    assert push.to_dict()["examples"][0] == {"text": 1, "part": pytest.approx(4.5)}
    assert push.to_dict()["occurrences"] == 8


def test_there_are_none_of_texts_without_words() -> None:
    assert pushes([]) == {"ham": [], "spam": []}
    reasons = reasons_for(MAILS)
    reasons.texts[:] = [without_words(text) for text in reasons.texts]
    assert words_that_push(reasons.texts, reasons.labels) == {"ham": [], "spam": []}


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abAB"), st.integers(-5, 5), st.integers(-5, 5)), min_size=1),
        max_size=4,
    )
)
def test_every_word_pushes_as_the_mean_of_its_places_says(texts: list[list[tuple[str, int, int]]]) -> None:
    places: dict[str, list[int]] = {}
    for word, x, y in (word for text in texts for word in text):
        places.setdefault(word.lower(), []).append(x - y)
    expected = {word: np.mean(values) for word, values in places.items() if np.mean(values) > 1e-9}
    found = pushes([(text, "x") for text in texts], "x", "y")["x"]
    assert {word: part for word, part, _ in found if part > 1e-5} == pytest.approx(expected, abs=1e-5)
    ranks = np.array([part * count / (count + WITHOUT_A_PART) for _, part, count in found])
    # The parts are rounded.
    assert (np.diff(ranks) <= 1e-5).all()


def test_examples_of_copies_are_one() -> None:
    texts = reasons_for([MAILS[2], MAILS[2], MAILS[0]]).texts
    (push,) = [push for push in words_that_push(texts, ["ham", "spam"])["ham"] if push.word == "meeting"]
    assert push.occurrences == 3
    assert [example.text for example in push.examples] == [0, 2]
