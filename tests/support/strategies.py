"""What Hypothesis draws: embeddings, attention in segments, bands of mutual attention."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spacy_trend.method.mutual_attention import MutualAttention
from spacy_trend.types import Floats, Ints
from tests.support.arrays import ints

finite = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=True)
moderate = st.floats(-1000, 1000, width=32)
# So few values that most rows and votes are tied.
few = st.integers(0, 2).map(float)
focus_rules = st.sampled_from(["last", "most"])


@st.composite
def segmented_attention(draw: st.DrawFn, elements: st.SearchStrategy[float]) -> tuple[Floats, Ints]:
    """Attention `(rows, words)` and the lengths of its segments."""
    lengths = ints(*draw(st.lists(st.integers(0, 5), max_size=5)))
    shape = (draw(st.integers(1, 6)), int(lengths.sum()))
    return draw(hnp.arrays(np.float32, shape, elements=elements)), lengths


def embeddings(elements: st.SearchStrategy[float] = finite) -> st.SearchStrategy[Floats]:
    """Static and contextual embeddings, `(2, words, width)`."""
    shape = st.tuples(st.just(2), st.integers(0, 4), st.integers(1, 6))
    return hnp.arrays(np.float32, shape, elements=elements)


not_negative = st.floats(0, 1000, width=32)


@st.composite
def segments_with_mutual(
    draw: st.DrawFn, elements: st.SearchStrategy[float]
) -> tuple[Floats, Ints, MutualAttention, Ints]:
    """One row of attention, the lengths of its segments, their mutual attention, and a head of each word."""
    attention, lengths = draw(segmented_attention(elements))
    words = attention.shape[1]
    # A word may share the place of the word before.
    places = np.cumsum([0, *draw(st.lists(st.booleans(), min_size=words, max_size=words))], dtype=np.int64)
    places = places[1:] - places[1:2].sum()
    shape = (int(places.max(initial=-1)) + 1, draw(st.integers(0, 6)))
    band = draw(hnp.arrays(np.float32, shape, elements=elements))
    heads = draw(st.lists(st.integers(-1, words - 1), min_size=words, max_size=words))
    return attention[:1], lengths, MutualAttention(band, places), ints(*heads)
