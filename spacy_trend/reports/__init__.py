"""What a classifier got right and wrong in labelled texts, and why: scores, reasons, and a page of them.

For the features that evaluate a classifier, `compare` and `sklearn`, which do not import each other. This
room may import `attribution`, `visualize`, `attributes`, `method` and the foundations. What the extras
`compare` and `sklearn` install (SciPy) is imported inside functions.
"""

from ..messages import shorten
from .confusion import count_confusions
from .duplicates import near_duplicates
from .pushes import words_that_push
from .reasons import Reasons, TextReasons
from .report import Report
from .scores import Scores, score_predictions

__all__ = ["Reasons", "Report", "TextReasons", "make_report"]

#: Of how many misclassified texts a page shows the reasons, unless told.
LIMIT = 100


def make_report(
    reasons: Reasons, scores: Scores | None = None, *, limit: int = LIMIT, seed: int = 0
) -> Report:
    """Make a report of what a classifier says of labelled texts.

    Args:
        reasons: of two texts or more.
        scores: of the same texts, if they are known; None to compute them.
        limit: of how many misclassified texts the page shows the reasons.
        seed: of the intervals.

    Returns:
        the report.

    Raises:
        ValueError: if there are no reasons (the message says why), fewer than two texts, or a limit below 1.
    """
    check_limit(limit)
    if reasons.why_not is not None:
        raise ValueError(reasons.why_not)
    texts = reasons.texts
    if len(texts) < 2:
        raise ValueError(f"report: got {len(texts)} texts with their labels. Expected two or more.")
    confusion = count_confusions([text.label for text in texts], [text.predicted for text in texts])
    return Report(
        scores=scores or score_predictions(confusion.true, confusion.predicted, seed),
        confusion=confusion,
        texts=texts,
        pushes=words_that_push(texts, reasons.labels),
        duplicates=near_duplicates(texts),
        limit=limit,
    )


def check_limit(limit: int) -> None:
    """Refuse a limit that is no number of texts.

    Args:
        limit: as for `make_report`.

    Raises:
        ValueError: for anything but a whole number from 1.
    """
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ValueError(
            f"report: got limit={shorten(limit)}. Expected a whole number from 1: how many misclassified "
            "texts are shown."
        )
