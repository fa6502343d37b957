"""What a report holds, as data."""

from dataclasses import dataclass
from functools import cached_property
from math import isnan

from ..attribution.interface import Label
from .confusion import Confusion
from .duplicates import Duplicate
from .pushes import Push
from .reasons import TextReasons
from .scores import Scores

#: The file of a line for each text.
LINES = "reasons.jsonl"


@dataclass(frozen=True)
class Contents:
    """What a classifier got right and wrong in labelled texts, and why.

    Attributes:
        scores: accuracy and macro F1, with intervals.
        confusion: which labels are taken for which.
        texts: all texts with their reasons, as they were given.
        pushes: the words that push towards each label most.
        duplicates: pairs of nearly the same texts with different labels.
        limit: of how many misclassified texts the page shows the reasons.
    """

    scores: Scores
    confusion: Confusion
    texts: list[TextReasons]
    pushes: dict[Label, list[Push]]
    duplicates: list[Duplicate]
    limit: int

    @cached_property
    def mistakes(self) -> list[TextReasons]:
        """The misclassified texts, those first whose wrong label leads the true one most."""
        wrong = [text for text in self.texts if not text.is_right]
        # What is no number stands first, where it is seen.
        return sorted(wrong, key=lambda text: _order(text.attribution.score))


def _order(score: float) -> float:
    return float("-inf") if isnan(score) else -score
