"""The record of a doc: plain numpy and text, so that it travels with the doc. See `stored_record`, too."""

import json
from collections.abc import Sequence
from typing import Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Span

from ..alignment.words import Words
from ..method.interface import Select
from ..method.mutual_attention import MutualAttention, part_of
from ..method.trend import Trends
from ..types import Floats
from .stored_record import SealedRecord, check, seal

#: The attribute of `Doc` that holds the record. Users read the attributes of `extensions` instead.
RECORD = "trend_record"
#: So many words of a doc are compared whenever its vector is read.
_SAMPLED = 32


class Record(TypedDict):
    """What is kept of a doc, together with a version and a checksum: see `stored_record`.

    Attributes:
        length: how many tokens the doc had.
        tokens: int32 `(words,)`, the positions of its words among its tokens.
        offsets: int32 `(words, 2)`, of each word the position of its first character, and its length: they
            tell if the tokens have changed since.
        attention: float32 `(rows, words)`, attention received.
        mutual: float32 `(places, reach)`, the band of mutual attention, see `method.mutual_attention`; empty
            if the selection does not read it.
        mutual_places: int32 `(words,)`, the place of each word in it; empty likewise.
        distances: float32 `(words,)`, how far each word was turned; empty if the selection does not read it.
        weights: float32 `(words,)`: the vector is the sum of the words' vectors times these.
        importance: float32 `(words,)`, shares that add up to 1.
        word_vectors: float32 `(words, width)`, or None if they were not to be kept.
        vector: float32 `(width,)`.
        pair: int32 `(2,)`, the tokens of focus and related word, -1 for none.
        truncated: how many tokens the encoder's limit cut off.
        select: the config of the selection, as JSON.
    """

    length: int
    tokens: NDArray[np.int32]
    offsets: NDArray[np.int32]
    attention: Floats
    mutual: Floats
    mutual_places: NDArray[np.int32]
    distances: Floats
    weights: Floats
    importance: Floats
    word_vectors: Floats | None
    vector: Floats
    pair: NDArray[np.int32]
    truncated: int
    select: str


def make_records(
    docs: Sequence[Doc], words: Words, trends: Trends, distances: Floats, select: str, token_vectors: bool
) -> list[Record]:
    """Return a record for each doc, sealed.

    Args:
        docs: the docs.
        words: of all docs, one after another.
        trends: likewise.
        distances: float32 `(words,)`, how far each word was turned; of none if the selection does not
            read it.
        select: the config of the selection, as JSON.
        token_vectors: whether the vectors of words are kept.
    """
    tokens = words.tokens.astype(np.int32)
    pairs = np.append(tokens, np.int32(-1))[np.stack([trends.focus, trends.related], axis=1)]
    records = []
    end = 0
    of_docs = zip(docs, words.lengths, trends.vectors, pairs, words.truncated.tolist(), strict=True)
    for doc, length, vector, pair, truncated in of_docs:
        start, end = end, end + length
        # Copies: a view would keep the arrays of the whole batch alive with the doc.
        mutual = part_of(words.mutual, slice(start, end))
        record = Record(
            length=len(doc),
            tokens=tokens[start:end].copy(),
            offsets=words.offsets[start:end].copy(),
            attention=words.attention[:, start:end].copy(),
            mutual=mutual.band.copy(),
            mutual_places=mutual.places.astype(np.int32),
            distances=distances[start:end].copy(),
            weights=trends.weights[start:end].copy(),
            importance=trends.importance[start:end].copy(),
            # Of a user's own change, perhaps in another precision or order.
            word_vectors=_copy(trends.word_vectors[start:end]) if token_vectors else None,
            vector=_copy(vector),
            pair=pair.copy(),
            truncated=truncated,
            select=select,
        )
        records.append(sealed(record, doc))
    return records


def sealed(record: Record, doc: Doc) -> Record:
    """Return a record as it is kept with a doc: with its version and checksums, and read-only arrays.

    Args:
        record: the record.
        doc: the doc that it is of.
    """
    return cast(Record, seal(record, doc))


def describe(select: Select) -> str:
    """Return a selection's config as JSON, for the record.

    Args:
        select: the selection.

    Raises:
        ValueError: if the selection does not say what it reads or how a config names it.
    """
    config = getattr(select, "config", None)
    if not isinstance(config, dict) or "@misc" not in config:
        raise ValueError(
            f"The setting 'select' got {select!r}, whose attribute 'config' is {config!r}. Expected the "
            "block of a config that makes it, such as {'@misc': 'spacy-trend.leading_pair.v1'}: phrases "
            "and sentences of stored docs are computed with it. Give the selection such an attribute."
        )
    missing = [name for name in ("rows", "layers") if not hasattr(select, name)]
    if missing:
        raise ValueError(
            f"The setting 'select' got {select!r}, which lacks {missing}. Expected the attributes 'rows' "
            "('heads' or 'layers') and 'layers' (numbers, or None for all), which say what attention it "
            "reads. Give the selection both."
        )
    return json.dumps(config, sort_keys=True)


def read_record(doc: Doc) -> Record | None:
    """Return the record of a doc that still has as many tokens; None if the component has not run.

    A record that comes from storage is checked when it is read first.

    Args:
        doc: the doc.

    Raises:
        ValueError: if it has another number of tokens, or a record that is damaged, of another version or of
            another text.
    """
    stored = doc._.get(RECORD)
    if stored is None:
        return None
    if not (isinstance(stored, SealedRecord) and stored.is_checked_for(doc)):
        stored = check(stored, doc)
        doc._.set(RECORD, stored)
    record = cast(Record, stored)
    if record["length"] != len(doc):
        raise ValueError(other_tokens(doc, f"{len(doc)} tokens, but had {record['length']}"))
    return record


def words_in(record: Record, item: Doc | Span) -> slice:
    """Return which of a doc's words stand in the doc or span, as a slice of the record's words.

    Args:
        record: of the doc.
        item: the doc, or a span of it.
    """
    start = 0 if isinstance(item, Doc) else item.start
    first, last = np.searchsorted(record["tokens"], [start, start + len(item)]).tolist()
    return slice(first, last)


def mutual_of(record: Record, words: slice) -> MutualAttention:
    """Return the mutual attention of some of a doc's words.

    Args:
        record: of the doc.
        words: which of its words.
    """
    return part_of(MutualAttention(record["mutual"], record["mutual_places"].astype(np.int64)), words)


def sampled_record(doc: Doc) -> Record | None:
    """Return the record of a doc as `checked_record` does, but at a cost that does not grow with the doc.

    The focus, the related word and at most 32 words from the first to the last are compared.

    Args:
        doc: the doc.

    Raises:
        ValueError: if these words are others, or as `read_record`.
    """
    record = read_record(doc)
    if record is not None and len(record["tokens"]) > 0:
        tokens, offsets = record["tokens"], record["offsets"]
        sampled = np.linspace(0, len(tokens) - 1, min(len(tokens), _SAMPLED)).astype(np.int64)
        words = np.append(sampled, np.searchsorted(tokens, record["pair"][record["pair"] >= 0]))
        now = [(token.idx, len(token)) for token in map(doc.__getitem__, tokens[words].tolist())]
        if now != list(map(tuple, offsets[words].tolist())):
            raise ValueError(other_tokens(doc, "other tokens than it had"))
    return record


def checked_record(item: Doc | Span) -> Record | None:
    """Return the record of a doc if its words are still the same; None if the component has not run.

    Args:
        item: the doc, or a span of it, whose words alone are compared.

    Raises:
        ValueError: if the words are others, or as `read_record`.
    """
    doc, start = (item, 0) if isinstance(item, Doc) else (item.doc, item.start)
    record = read_record(doc)
    if record is not None:
        words = words_in(record, item)
        to_array: Any = item.to_array  # type: ignore[union-attr] # spaCy's types forget that of spans
        now = to_array([IDX, LENGTH])[record["tokens"][words] - start]
        if not np.array_equal(now, record["offsets"][words]):
            raise ValueError(other_tokens(doc, "other tokens than it had"))
    return record


def _copy(array: Floats) -> Floats:
    return np.array(array, dtype=np.float32, order="C")


def other_tokens(doc: Doc, has: str) -> str:
    """Return the message for a doc whose tokens were merged or split since.

    Args:
        doc: the doc.
        has: what it has now, and had.
    """
    return (
        f"The doc {doc.text[:40]!r} has {has} when 'trend_vector' ran on it. Expected the same tokens. Put "
        "components that merge or split tokens before the transformer, or run the pipeline again."
    )
