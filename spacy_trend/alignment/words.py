"""Words out of wordpieces: tokens with at least one wordpiece that are neither punctuation nor space."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import get_array_module, to_numpy

from ..method.mutual_attention import NOT_ASKED, MutualAttention, as_band, between_words, stacked
from ..method.segments import chunks, segment_numbers, starts
from ..types import Ints
from .trf_data import Source, Wordpieces, columns_of, read_wordpieces


class Words(NamedTuple):
    """The words of some docs, one after another.

    Attributes:
        lengths: int64 `(docs,)`, words in each doc.
        tokens: int64 `(words,)`, each word's position among the tokens of its doc.
        static: float32 `(words, width)`, the embedding layer's output, mean over the word's wordpieces.
        contextual: float32 `(words, width)`, the mean output of the layers that were asked for, likewise.
        attention: float32 `(rows, words)`, attention received: the sum over the word's wordpieces, the mean
            over the windows it stands in.
        truncated: int64 `(docs,)`, how many tokens of each doc the encoder's limit cut off.
        mutual: of all words; of none if it was not asked for.
        offsets: int32 `(words, 2)`, of each word the position of its first character in its doc, and its
            length.
    """

    lengths: Ints
    tokens: Ints
    static: NDArray[np.float32]
    contextual: NDArray[np.float32]
    attention: NDArray[np.float32]
    truncated: Ints
    mutual: MutualAttention
    offsets: NDArray[np.int32]


class _Place(NamedTuple):
    """Where the words of a doc stand among its wordpieces.

    Attributes:
        tokens: `(words,)`, each word's token.
        counts: `(words,)`, how many wordpieces each word has.
        rows: `(wordpieces of words,)`, their rows in the tensors, word by word.
        windows: the window of each of these.
        tensors: see `Wordpieces`.
        offsets: `(words, 2)`, see `Words`.
    """

    tokens: Ints
    counts: Ints
    rows: Ints
    windows: Ints
    tensors: tuple[Any, Any, Any] | None
    offsets: NDArray[np.int32]


def align_words(docs: Sequence[Doc], source: Source) -> Words:
    """Return the words of docs, from what the transformer left on them.

    Args:
        docs: at least one.
        source: says under which key the observed tensors stand and, if no doc has a word, how wide they are.

    Raises:
        ValueError: if the transformer did not run on a doc, was not observed, or ran on other tokens.
    """
    columns = width, row_count = columns_of(source)
    wordpieces = [read_wordpieces(doc, source, columns) for doc in docs]
    places = [_place_words(doc, of_doc) for doc, of_doc in zip(docs, wordpieces, strict=True)]
    gathered = _gather(places, width, row_count)
    counts = np.concatenate([place.counts for place in places])
    windows = np.concatenate([place.windows for place in places])
    values = _by_word(gathered, counts, windows, 2 * width)
    limit = source.max_length
    return Words(
        np.array([len(place.tokens) for place in places]),
        np.concatenate([place.tokens for place in places]),
        values[:, :width],
        values[:, width : 2 * width],
        np.ascontiguousarray(values[:, 2 * width :].T),
        np.array(list(map(count_truncated, docs, wordpieces, repeat(source), repeat(limit)))),
        stacked(list(map(_mutual, places, wordpieces))),
        np.concatenate([place.offsets for place in places]),
    )


def _place_words(doc: Doc, wordpieces: Wordpieces) -> _Place:
    counts, rows, row_length, tensors = wordpieces[:4]
    attributes = doc.to_array(["IS_PUNCT", "IS_SPACE", "IDX", "LENGTH"])
    is_word = (counts > 0) & ~attributes[:, :2].any(axis=1)
    rows = rows[np.repeat(is_word, counts)]
    offsets = attributes[is_word, 2:].astype(np.int32)
    return _Place(np.flatnonzero(is_word), counts[is_word], rows, rows // row_length, tensors, offsets)


def _mutual(place: _Place, wordpieces: Wordpieces) -> MutualAttention:
    """Return the mutual attention of a doc's words."""
    if len(wordpieces.mutual) == 0:
        return NOT_ASKED
    is_new = ~_same_as_before(place.counts, place.rows)
    counts, rows = place.counts[is_new], place.rows[np.repeat(is_new, place.counts)]
    places = segment_numbers(counts)
    windows = []
    for start, mutual in wordpieces.mutual:
        is_inside = (rows >= start) & (rows < start + len(mutual))
        at = rows[is_inside] - start
        numbers, inside = np.unique(places[is_inside], return_counts=True)
        if len(numbers) > 1:
            windows.append((numbers, between_words(mutual[np.ix_(at, at)], inside)))
    return MutualAttention(as_band(windows, len(counts)), np.cumsum(is_new) - 1)


def _same_as_before(counts: Ints, rows: Ints) -> NDArray[np.bool_]:
    """Return which words have the same wordpieces as the word before, bool `(words,)`.

    Args:
        counts: `(words,)`, wordpieces of each word.
        rows: `(wordpieces,)`, their rows, word by word.
    """
    same = np.zeros(len(counts), dtype=bool)
    if len(counts) > 1:
        back = np.arange(len(rows)) - np.repeat(counts, counts)
        equal = (back >= 0) & (rows == rows[np.maximum(back, 0)])
        same[1:] = (counts[1:] == counts[:-1]) & np.logical_and.reduceat(equal, starts(counts))[1:]
    return same


def _gather(places: Sequence[_Place], width: int, rows: int) -> NDArray[np.float32]:
    """Return static, contextual and attention of the words' wordpieces side by side, on the CPU.

    Returns:
        float32 `(wordpieces, 2 * width + rows)`.
    """
    filled = [(place.rows, place.tensors) for place in places if place.tensors and len(place.rows) > 0]
    if filled and get_array_module(filled[0][1][1]) is not np:
        return _gather_on_device(filled)
    wordpieces = sum(len(of_doc) for of_doc, _ in filled)
    gathered: NDArray[np.float32] = np.empty((wordpieces, 2 * width + rows), dtype=np.float32)
    end = 0
    for of_doc, (static, contextual, attention) in filled:
        for part in chunks(len(of_doc)):
            wanted = of_doc[part]
            start, end = end, end + len(wanted)
            gathered[start:end, :width] = static[wanted]
            gathered[start:end, width : 2 * width] = contextual[wanted]
            gathered[start:end, 2 * width :] = attention[wanted]
    return gathered


def _gather_on_device(filled: Sequence[tuple[Ints, tuple[Any, Any, Any]]]) -> NDArray[np.float32]:
    """Return the same of tensors elsewhere: by a few calls, whatever the number of docs, and one copy.

    Args:
        filled: for each doc, the rows of its words' wordpieces, and the tensors.
    """
    xp = get_array_module(filled[0][1][1])
    firsts = starts(np.array([len(tensors[0]) for _, tensors in filled]))
    wanted = xp.asarray(
        np.concatenate([rows + first for (rows, _), first in zip(filled, firsts, strict=True)])
    )
    columns = [xp.concatenate([tensors[n] for _, tensors in filled])[wanted] for n in range(3)]
    gathered: NDArray[np.float32] = to_numpy(xp.concatenate(columns, axis=1).astype("float32"))
    return gathered


def _by_word(values: NDArray[np.float32], counts: Ints, windows: Ints, embedded: int) -> NDArray[np.float32]:
    """Return one row a word, out of one a wordpiece; most words have one and are copied as they are.

    Args:
        values: `(wordpieces, columns)`; the first `embedded` columns are embeddings, the others attention.
        counts: `(words,)`, wordpieces of each word.
        windows: `(wordpieces,)`, the window of each.
        embedded: how many columns are embeddings.

    Returns:
        `(words, columns)`: mean embeddings; the mean over windows of the sum of attention.
    """
    if not (counts > 1).any():
        return values
    first = starts(counts)
    in_windows = _window_counts(windows, first)
    by_word: NDArray[np.float32] = np.empty((len(counts), values.shape[1]), dtype=np.float32)
    for part in chunks(len(counts)):
        by_word[part] = _sum_pieces(values, counts[part], first[part], in_windows[part], embedded)
    return by_word


def _sum_pieces(
    values: NDArray[np.float32], counts: Ints, first: Ints, in_windows: NDArray[Any], embedded: int
) -> NDArray[np.float32]:
    by_word: NDArray[np.float32] = values[first]
    several = np.flatnonzero(counts > 1)
    sums, longer = by_word[several], np.arange(len(several))
    # Piece by piece, which is faster than `numpy.add.reduceat`.
    for piece in range(1, counts.max()):
        longer = longer[counts[several[longer]] > piece]
        sums[longer] += values[first[several[longer]] + piece]
    sums[:, :embedded] *= (1 / counts[several])[:, None]
    sums[:, embedded:] *= (1 / in_windows[several])[:, None]
    by_word[several] = sums
    return by_word


def _window_counts(windows: Ints, first: Ints) -> NDArray[Any]:
    """Return in how many windows each word stands, float32 `(words,)`.

    Args:
        windows: `(wordpieces,)`, the window of each wordpiece, ascending within a word.
        first: `(words,)`, the position of each word's first wordpiece.
    """
    is_new = np.diff(windows, prepend=-1) != 0
    is_new[first] = True
    counts: NDArray[Any] = np.add.reduceat(is_new, first, dtype=np.float32)
    return counts


def count_truncated(doc: Doc, wordpieces: Wordpieces, source: Source, limit: int | None) -> int:
    """Count the tokens that have no wordpiece because a window had more than the encoder takes.

    These are the tokens, spaces not counted, without a wordpiece that would have one alone, in a doc of which
    a window is full. (Those that a user's own span getter leaves out of such a doc are counted with them.)

    Args:
        doc: the doc.
        wordpieces: its wordpieces.
        source: tells which texts have a wordpiece.
        limit: how many wordpieces of a window are kept; None for all.

    Returns:
        the number of tokens that were cut off.
    """
    if limit is None or wordpieces.row_length < limit:
        return 0
    if not (wordpieces.rows % wordpieces.row_length == limit - 1).any():
        return 0
    without = [doc[int(token)] for token in np.flatnonzero(wordpieces.counts == 0)]
    return sum(1 for token in without if not token.is_space and source.has_wordpiece(token.text))
