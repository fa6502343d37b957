"""The words that push texts towards a label most, over all texts."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import numpy as np

from ..attribution.interface import Label, Parts
from ..types import Ints
from .reasons import TextReasons

#: How many words are named for a label, and how many texts for a word.
WORDS = 10
EXAMPLES = 3
#: A word in few places may push by chance: it is ranked as if it stood in so many more, without a part.
WITHOUT_A_PART = 5


class Example(NamedTuple):
    """A place where a word stands.

    Attributes:
        text: the position of the text among all texts.
        start: where the word begins in it.
        end: where it ends.
        part: what it adds there.
    """

    text: int
    start: int
    end: int
    part: float


class ExampleData(TypedDict):
    """An example as plain data: the position of the text among all texts, and what the word adds there."""

    text: int
    part: float


class PushData(TypedDict):
    """A push as plain data: see `Push`."""

    word: str
    part: float
    occurrences: int
    examples: list[ExampleData]


class Push(NamedTuple):
    """A word and how it pushes towards a label.

    Attributes:
        word: in lower case.
        part: the mean of its parts of by how much the label leads the others.
        occurrences: how often it stands in the texts.
        examples: where it adds most, in texts that differ.
    """

    word: str
    part: float
    occurrences: int
    examples: list[Example]

    def to_dict(self) -> PushData:
        """Return the push as plain data, with `{"text": position, "part": ...}` for each example."""
        examples: list[ExampleData] = [
            {"text": example.text, "part": example.part} for example in self.examples
        ]
        return {"word": self.word, "part": self.part, "occurrences": self.occurrences, "examples": examples}


class _Occurrences(NamedTuple):
    """All words of all texts.

    Attributes:
        forms: the different words, in lower case.
        form: int64 `(occurrences,)`, positions among the forms.
        text: int64 `(occurrences,)`, positions among the texts, of copies that of the first.
        start: int64 `(occurrences,)`, where they begin.
        length: int64 `(occurrences,)`, of how many characters they are.
        leads: float64 `(occurrences, labels)`.
    """

    forms: list[str]
    form: Ints
    text: Ints
    start: Ints
    length: Ints
    leads: Parts


def words_that_push(
    texts: Sequence[TextReasons], labels: Sequence[Label], most: int = WORDS
) -> dict[Label, list[Push]]:
    """Return the words that push towards each label most, by the mean of their parts.

    For the order, the mean is drawn towards 0, the more the fewer places the word stands in.

    Args:
        texts: with their reasons.
        labels: in the order of `TextReasons.leads`.
        most: how many words are named for a label.

    Returns:
        for each label the words that push towards it, most first; none if no word does.
    """
    found = _occurrences(texts, len(labels))
    counts = np.bincount(found.form, minlength=len(found.forms))
    sums = np.zeros((len(found.forms), len(labels)))
    np.add.at(sums, found.form, found.leads)
    means = sums / np.maximum(counts, 1)[:, None]
    ranks = sums / (counts + WITHOUT_A_PART)[:, None]
    of_form = np.split(np.argsort(found.form, kind="stable"), np.cumsum(counts)[:-1])
    pushes = {}
    for number, label in enumerate(labels):
        named = np.flatnonzero(means[:, number] > 0)
        order = named[np.argsort(-ranks[named, number], kind="stable")][:most]
        pushes[label] = [
            Push(
                found.forms[form],
                float(means[form, number]),
                int(counts[form]),
                _examples(found, of_form[form], number),
            )
            for form in order.tolist()
        ]
    return pushes


def _occurrences(texts: Sequence[TextReasons], labels: int) -> _Occurrences:
    words = [word for text in texts for word in text.attribution.texts]
    numbers = {form: number for number, form in enumerate(dict.fromkeys(word.lower() for word in words))}
    # Of copies, the first stands for all: as examples, they would say the same.
    first: dict[str, int] = {}
    places = [first.setdefault(text.text, place) for place, text in enumerate(texts)]
    return _Occurrences(
        list(numbers),
        np.array([numbers[word.lower()] for word in words], dtype=np.int64),
        np.repeat(np.array(places, dtype=np.int64), [len(text.starts) for text in texts]),
        np.concatenate([np.zeros(0, dtype=np.int64), *(text.starts for text in texts)]),
        np.array([len(word) for word in words], dtype=np.int64),
        np.concatenate([np.zeros((0, labels)), *(text.leads for text in texts)]),
    )


def _examples(found: _Occurrences, places: Ints, label: int) -> list[Example]:
    """Return the places where a word adds most to a label, one in each text."""
    examples: dict[int, Example] = {}
    for place in places[np.argsort(-found.leads[places, label], kind="stable")].tolist():
        text, start = int(found.text[place]), int(found.start[place])
        end = start + int(found.length[place])
        examples.setdefault(text, Example(text, start, end, float(found.leads[place, label])))
        if len(examples) == EXAMPLES:
            break
    return list(examples.values())
