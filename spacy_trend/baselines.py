"""Sentence embeddings to compare with: what is usually made of an encoder's output."""

from typing import Any

import numpy as np
from spacy.tokens import Doc
from thinc.api import to_numpy

from .segments import Floats, Ints
from .wordpieces import Source, Wordpieces, read_wordpieces

#: The last layer's output at the first position.
CLS = "[CLS]"
#: The mean of the last layer's output.
MEAN_POOLING = "mean pooling"


def pooled_embeddings(doc: Doc, source: Source) -> dict[str, Floats]:
    """The embeddings of a doc that an observed transformer ran on, before a trend vector read it.

    The means are over all positions of all windows, special tokens included and padding excluded. Mean
    pooling: Reimers & Gurevych, "Sentence-BERT" (2019), section 3. First-last: Su et al., "Whitening sentence
    representations for better semantics and faster retrieval" (2021), the embedding layer taken as the first.

    source: says under which key the observed tensors stand.
    RETURNS: float32 `(width,)` by name, the two means side by side `(2 * width,)`; zeros for a doc without
        tokens. [CLS], the mean over the windows, is missing where the output has no special tokens, as that
        of spacy-curated-transformers.
    RAISES: ValueError where the transformer did not run on the doc or was not observed.
    """
    wordpieces = read_wordpieces(doc, source, (source.width, source.row_count))
    static, contextual, starts = _positions(wordpieces, source.width)
    last, first = _mean(contextual), _mean(static)
    first_last: Any = (first + last) / 2
    side_by_side: Any = np.concatenate([last, first_last])
    embeddings: dict[str, Floats] = {CLS: _mean(contextual[starts])} if source.has_special_tokens else {}
    return embeddings | {
        MEAN_POOLING: last,
        "first-last mean": first_last,
        "both means side by side": side_by_side,
        "mean of static": first,
    }


def _positions(wordpieces: Wordpieces, width: int) -> tuple[Floats, Floats, Ints]:
    """Static and contextual embeddings of all positions but padding, `(positions, width)`, and which of them
    are the first of their window, int64 `(windows,)`."""
    if wordpieces.tensors is None:
        none = np.zeros((0, width), dtype=np.float32)
        return none, none, np.zeros(0, dtype=np.int64)
    static, contextual = (to_numpy(tensor).astype(np.float32) for tensor in wordpieces.tensors[:2])
    if wordpieces.mask is None:
        return static, contextual, np.zeros(1, dtype=np.int64)
    mask = to_numpy(wordpieces.mask).astype(bool)
    lengths = mask.sum(axis=1)
    lengths = lengths[lengths > 0]
    inside = mask.reshape(-1)
    return static[inside], contextual[inside], np.cumsum(lengths) - lengths


def _mean(embeddings: Floats) -> Floats:
    if len(embeddings) == 0:
        return np.zeros(embeddings.shape[1], dtype=np.float32)
    mean: Floats = embeddings.mean(axis=0)
    return mean
