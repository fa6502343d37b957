"""Reading in batches: what `._` answers for many docs, tokens or spans, as arrays."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from spacy.tokens import Doc, Span, Token

from ..alignment.annotations import head_words
from ..messages import shorten
from ..method.interface import Select, evidence_for, mutual_layers_of
from ..method.mutual_attention import NOT_ASKED, MutualAttention, part_of, stacked
from ..method.segments import segment_numbers, starts, weighted_sums
from ..types import Floats, Ints
from .record import Record, checked_record, mutual_of, sampled_record
from .stored_selection import selection_of
from .weighted_words import word_vectors_of


class _Spans(NamedTuple):
    """Spans of a doc, and the words that stand in them.

    Attributes:
        doc: the doc.
        record: its record.
        numbers: which of all spans these are.
        first: int64 `(spans,)`, the position of each span's first word among the record's.
        lengths: int64 `(spans,)`, words in each span.
        words: int64 `(words in spans,)`, positions among the record's words, span by span.
    """

    doc: Doc
    record: Record
    numbers: list[int]
    first: Ints
    lengths: Ints
    words: Ints


def vectors(docs: Iterable[Doc]) -> Floats:
    """Return `Doc._.trend_vector` of docs, float32 `(docs, width)`; `(0, 0)` of none.

    Args:
        docs: docs that `trend_vector` ran on; of a generator, such as `nlp.pipe(texts)`, none is kept.

    Raises:
        ValueError: for what is no doc, a doc that the component has not run on, or one of another width.
    """
    rows: list[Floats] = []
    for doc in docs:
        _check_kind(doc, Doc)
        record = sampled_record(doc)
        if record is None:
            raise ValueError(_has_none(doc))
        _check_width(record["vector"], rows, doc)
        rows.append(record["vector"])
    return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def word_vectors(item: Doc | Span) -> Floats:
    """Return `Token._.trend_vector` of all tokens, float32 `(tokens, width)`; zeros if it is no word.

    Args:
        item: a doc, or a span of it, that `trend_vector` ran on.

    Raises:
        ValueError: as `vectors`, or if the vectors of words were not kept.
    """
    record = _record_of(item)
    of_words = word_vectors_of(record)
    return _of_tokens(item, record, of_words)


def importances(item: Doc | Span) -> Floats:
    """Return `Token._.trend_importance` of all tokens, float32 `(tokens,)`; 0 for those that are no words.

    Args:
        item: a doc, or a span of it, that `trend_vector` ran on.

    Raises:
        ValueError: as `vectors`.
    """
    record = _record_of(item)
    return _of_tokens(item, record, record["importance"])


def span_vectors(spans: Iterable[Span]) -> Floats:
    """Return `Span._.trend_vector` of spans, float32 `(spans, width)`; `(0, 0)` of none.

    The words of all spans are selected together, those of docs with the same settings in one go.

    Args:
        spans: such as `doc.sents`, of one or several docs that `trend_vector` ran on.

    Raises:
        ValueError: as `vectors`, or if the vectors of words were not kept.
    """
    of_docs = _by_doc(spans)
    if not of_docs:
        return np.zeros((0, 0), dtype=np.float32)
    widths: list[Floats] = []
    groups: dict[tuple[str, int], list[_Spans]] = {}
    for of_doc in of_docs:
        record = of_doc.record
        _check_width(record["vector"], widths, of_doc.doc)
        widths.append(record["vector"])
        groups.setdefault((record["select"], len(record["attention"])), []).append(of_doc)
    found = np.zeros((sum(len(of_doc.numbers) for of_doc in of_docs), len(widths[0])), dtype=np.float32)
    for group in groups.values():
        found[[number for of_doc in group for number in of_doc.numbers]] = _vectors_of(group)
    return found


def _by_doc(spans: Iterable[Span]) -> list[_Spans]:
    grouped: dict[int, tuple[Doc, list[int], list[tuple[int, int]]]] = {}
    for number, span in enumerate(spans):
        _check_kind(span, Span)
        _, numbers, ends = grouped.setdefault(id(span.doc), (span.doc, [], []))
        numbers.append(number)
        ends.append((span.start, span.end))
    found = []
    for doc, numbers, ends in grouped.values():
        record = _record_of(doc)
        first, last = np.searchsorted(record["tokens"], np.array(ends)).T.astype(np.int64)
        lengths = last - first
        words = np.repeat(first - starts(lengths), lengths) + np.arange(lengths.sum())
        found.append(_Spans(doc, record, numbers, first, lengths, words))
    return found


def _vectors_of(group: list[_Spans]) -> Floats:
    """Return the vectors of spans of docs with the same selection, float32 `(spans, width)`."""
    select = selection_of(group[0].record)
    records = [(of_doc.record, of_doc.words) for of_doc in group]
    lengths = np.concatenate([of_doc.lengths for of_doc in group])
    attention = np.concatenate([record["attention"][:, words] for record, words in records], axis=1)
    # None of a selection that does not read them.
    turned = [record["distances"][words] for record, words in records if len(record["distances"])]
    distances = np.concatenate([np.zeros(0, dtype=np.float32), *turned])
    evidence = evidence_for(select, _mutual(select, group), distances, lambda: _heads(group))
    weights = select(attention, lengths, **evidence).weights
    of_words = np.concatenate([word_vectors_of(record)[words] for record, words in records])
    return weighted_sums(of_words, weights, lengths)


def _mutual(select: Select, group: list[_Spans]) -> MutualAttention:
    if mutual_layers_of(select) == ():
        return NOT_ASKED
    parts = []
    for of_doc in group:
        whole = mutual_of(of_doc.record, slice(0, len(of_doc.record["tokens"])))
        ends = zip(of_doc.first.tolist(), (of_doc.first + of_doc.lengths).tolist(), strict=True)
        parts += [part_of(whole, slice(first, last)) for first, last in ends]
    return stacked(parts)


def _heads(group: list[_Spans]) -> Ints:
    """Return the head of each word of spans, int64 `(words,)`, as a position among the words of all spans."""
    heads, before = [], 0
    for of_doc in group:
        of_words = head_words(of_doc.doc, of_doc.record["tokens"].astype(np.int64))[of_doc.words]
        spans = segment_numbers(of_doc.lengths)
        inside = of_words - of_doc.first[spans]
        is_inside = (of_words >= 0) & (inside >= 0) & (inside < of_doc.lengths[spans])
        heads.append(np.where(is_inside, inside + starts(of_doc.lengths)[spans] + before, -1))
        before += len(of_doc.words)
    return np.concatenate(heads)


def _record_of(item: Doc | Span) -> Record:
    _check_kind(item, (Doc, Span))
    record = checked_record(item)
    if record is None:
        raise ValueError(_has_none(item))
    return record


def _of_tokens(item: Doc | Span, record: Record, of_words: Floats) -> Floats:
    start = 0 if isinstance(item, Doc) else item.start
    first, last = np.searchsorted(record["tokens"], [start, start + len(item)])
    values = np.zeros((len(item), *of_words.shape[1:]), dtype=np.float32)
    values[record["tokens"][first:last] - start] = of_words[first:last]
    return values


def _check_kind(item: Any, kinds: Any) -> None:
    if not isinstance(item, kinds):
        expected = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
        # Whoever gives a doc in place of a list of docs, gives a list of tokens.
        is_single = isinstance(item, Token) and not isinstance(kinds, tuple)
        fix = "give a list of them, even of one" if is_single else "call nlp on the text"
        raise ValueError(
            f"Got {shorten(item, 40)} of type {type(item).__name__}, expected a {expected}: {fix}."
        )


def _check_width(vector: Floats, others: list[Floats], doc: Doc) -> None:
    if others and len(others[0]) != len(vector):
        raise ValueError(
            f"The vector of the doc {doc.text[:40]!r} has width {len(vector)}, those before it "
            f"{len(others[0])}. Expected one width: run the same pipeline on all texts."
        )


def _has_none(item: Doc | Span) -> str:
    return (
        f"The text {item.text[:40]!r} has no trend vector. Expected a doc that 'trend_vector' ran on: "
        "nlp.add_pipe('trend_vector'), then call nlp on the text."
    )
