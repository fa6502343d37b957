"""What is read of a doc's other annotations."""

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_trend.alignment.annotations import sentence_lengths


def test_sentence_lengths_count_words_not_tokens() -> None:
    doc = Doc(Vocab(), words=list("ab.cd."), sent_starts=[True, False, False, True, False, True])
    assert sentence_lengths(doc, np.array([0, 1, 3])).tolist() == [2, 1, 0]


def test_sentence_lengths_need_sentence_boundaries() -> None:
    with pytest.raises(
        ValueError, match=r"needs sentence boundaries, but the doc 'a b ' has none.*sentencizer"
    ):
        sentence_lengths(Doc(Vocab(), words=["a", "b"]), np.array([0, 1]))
