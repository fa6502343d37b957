"""What users are warned of while the pipeline goes on: tokens cut off, numbers that are not finite."""

import warnings
from collections.abc import Sequence

import numpy as np
from spacy.tokens import Doc

from ..alignment.trf_data import start_of
from ..alignment.words import Words
from ..method.segments import segment_numbers
from ..method.trend import Trends


def report_not_finite(docs: Sequence[Doc], words: Words, trends: Trends) -> None:
    """Warn of docs whose vector or attention is NaN or infinite: the first by its text, the others by number.

    Args:
        docs: the docs.
        words: their words.
        trends: their vectors.
    """
    of_words = np.isfinite(trends.word_vectors).all(axis=1) & np.isfinite(words.attention).all(axis=0)
    not_finite = set(np.flatnonzero(~np.isfinite(trends.vectors).all(axis=1)).tolist())
    not_finite.update(segment_numbers(words.lengths)[~of_words].tolist())
    if not_finite:
        others = f" and {len(not_finite) - 1} more of its batch" if len(not_finite) > 1 else ""
        warnings.warn(
            f"The doc {start_of(docs[min(not_finite)])}{others} got vectors with NaN or infinite "
            "numbers, which stay as they are. Expected finite output of the encoder: check its weights, "
            "and whether half precision overflows.",
            stacklevel=4,
        )


def report_truncated(docs: Sequence[Doc], words: Words, limit: int | None) -> bool:
    """Warn of the first doc of which the encoder's limit cut something off.

    Args:
        docs: the docs.
        words: their words.
        limit: how many wordpieces of a window the encoder takes.

    Returns:
        whether there was one.
    """
    cut = np.flatnonzero(words.truncated)
    if len(cut) == 0:
        return False
    warnings.warn(
        f"{words.truncated[cut[0]]} tokens of the doc {start_of(docs[cut[0]])} have no vector: the encoder "
        f"takes {limit} wordpieces of a window, and their window has more. Expected shorter windows: use the "
        "span getter spacy-transformers.strided_spans.v1 with a smaller window, or sent_spans.v1. This is "
        "shown once per pipeline; Doc._.trend_truncated counts such tokens in every doc.",
        stacklevel=4,
    )
    return True
