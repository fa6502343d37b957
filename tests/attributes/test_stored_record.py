"""Records in storage: what is damaged, of another version or not ours is refused, and nothing else is."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import pytest
import srsly
from spacy import Language
from spacy.tokens import Doc, DocBin

from spacy_trend.attributes import stored_record
from spacy_trend.attributes.record import RECORD
from spacy_trend.attributes.stored_record import VERSION, SealedRecord, check, seal
from tests.support.pictures import made_doc
from tests.support.values import values_of

TEXT = "I want an apple."


def fields_of(doc: Doc) -> dict[str, Any]:
    """The fields of a doc's record that are sealed, with arrays that can be changed."""
    record = copy.deepcopy(dict(doc._.get(RECORD)))
    del record["version"], record["text"], record["checksum"]
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in record.items()}


def with_vectors() -> Doc:
    """A doc of five tokens, four of them words, with all that a record can hold."""
    doc = made_doc()
    fields = fields_of(doc)
    fields["word_vectors"] = np.arange(8, dtype=np.float32).reshape(4, 2)
    fields["mutual"] = np.arange(12, dtype=np.float32).reshape(4, 3)
    fields["mutual_places"] = ints(0, 1, 2, 3)
    fields["vector"] = np.array([6, 8], dtype=np.float32)
    doc._.set(RECORD, seal(fields, doc))
    return doc


def read_all(doc: Doc) -> list[Any]:
    """All that can be read of a doc, a phrase and a token, as bytes or plain values."""
    found = []
    for item in (doc, doc[0:3], doc[1]):
        for value in values_of(item).values():
            found.append(value.tobytes() if isinstance(value, np.ndarray) else value)
    return found


def read_with(doc: Doc, record: Any) -> list[Any]:
    other = Doc(doc.vocab, [token.text for token in doc], [bool(token.whitespace_) for token in doc])
    other._.set(RECORD, record)
    return read_all(other)


def test_every_bit_of_a_stored_record_is_noticed() -> None:
    doc = with_vectors()
    expected = read_all(doc)
    stored = srsly.msgpack_dumps(doc._.get(RECORD))
    assert read_with(doc, srsly.msgpack_loads(stored)) == expected
    refused = 0
    for bit in range(8 * len(stored)):
        flipped = bytearray(stored)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            record = srsly.msgpack_loads(bytes(flipped))
        except Exception:  # noqa: BLE001 - msgpack's own, before anything of ours is read
            continue
        if record is None:
            continue
        try:
            assert read_with(doc, record) == expected, f"bit {bit}"
        except ValueError:
            refused += 1
    assert refused > 4 * len(stored)


def test_every_bit_of_a_docs_stored_values_is_noticed(steady: Language) -> None:
    doc = steady(TEXT)
    doc._.trf_data = None
    expected = read_all(doc)
    stored = dict(srsly.msgpack_loads(doc.to_bytes()))
    values = stored["user_data_values"]
    flips = np.random.default_rng(0).integers(8 * len(values), size=500)
    refused = 0
    for bit in flips.tolist():
        flipped = bytearray(values)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged = srsly.msgpack_dumps({**stored, "user_data_values": bytes(flipped)})
        try:
            read = Doc(steady.vocab).from_bytes(damaged)
        except Exception:  # noqa: BLE001 - spaCy's own, before anything of ours is read
            continue
        try:
            assert read_all(read) in (expected, read_all(Doc(steady.vocab, ["a", "b", "c"]))), f"bit {bit}"
        except ValueError:
            refused += 1
    assert refused > 250


def lacking(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda record: {key: value for key, value in record.items() if key != name}


def having(**others: Any) -> Callable[[dict[str, Any]], Any]:
    """Sealed again: as somebody makes it who knows how."""
    return lambda record: dict(seal({**record, **others}, made_doc()))


def ints(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


def zeros(*shape: int) -> Any:
    return np.zeros(shape, dtype=np.float32)


FORGED = {
    "words that are not in order": having(tokens=ints(0, 2, 1, 3)),
    "a word twice": having(tokens=ints(0, 1, 1, 3)),
    "a word before the doc": having(tokens=ints(-1, 1, 2, 3)),
    "a word after the doc": having(tokens=ints(0, 1, 2, 5)),
    "too few words": having(tokens=ints(0, 1, 2)),
    "words in another precision": having(tokens=np.array([0, 1, 2, 3])),
    "words before the text": having(offsets=np.full((4, 2), -1, dtype=np.int32)),
    "offsets of another shape": having(offsets=np.zeros((4, 3), dtype=np.int32)),
    "a pair outside the doc": having(pair=ints(7, 1)),
    "a pair that are no words": having(pair=ints(4, 1)),
    "a pair below -1": having(pair=ints(-2, 1)),
    "three words of a pair": having(pair=ints(0, 1, 2)),
    "attention of other words": having(attention=zeros(3, 5)),
    "attention in one dimension": having(attention=zeros(4)),
    "attention in another precision": having(attention=np.zeros((3, 4))),
    "attention of objects": having(attention=np.full((3, 4), None)),
    "mutual attention of other words": having(mutual=zeros(3, 1)),
    "mutual attention of no word": having(mutual_places=ints()),
    "places of words without mutual attention": having(mutual=zeros(0, 0)),
    "places of more words": having(mutual_places=ints(0, 1, 2, 3, 3)),
    "places that are not in order": having(mutual_places=ints(0, 2, 1, 3)),
    "a place left out": having(mutual=zeros(3, 1), mutual_places=ints(0, 0, 2, 2)),
    "a place after the last": having(mutual=zeros(3, 1), mutual_places=ints(0, 1, 2, 3)),
    "a place before the first": having(mutual=zeros(3, 1), mutual_places=ints(-1, 0, 1, 2)),
    "mutual attention beyond its words": having(mutual=zeros(4, 4)),
    "distances of other words": having(distances=zeros(3)),
    "weights of other words": having(weights=zeros(3)),
    "importance of other words": having(importance=zeros(5)),
    "vectors of another width": having(word_vectors=zeros(4, 3)),
    "a vector of two dimensions": having(vector=zeros(1, 2)),
    "a vector that is a list": lambda record: {**seal(record, made_doc()), "vector": [0.0, 0.0]},
    "no vector": having(vector=None),
    "a length that is no whole number": having(length=5.0),
    "a length that is true": having(length=True),
    "more tokens cut off than there are": having(truncated=6),
    "fewer than no tokens cut off": having(truncated=-1),
    "a selection that is a block": having(select={"@misc": "spacy-trend.leading_pair.v1"}),
    "one field more": having(more=1),
    "a number for a field's name": lambda record: {**seal(record, made_doc()), 1: 2},
}


@pytest.mark.parametrize("forged", FORGED)
def test_what_is_not_as_records_are_is_refused_though_its_checksum_is_right(forged: str) -> None:
    doc = with_vectors()
    record = FORGED[forged](fields_of(doc))
    for item in (doc, doc[0:3], doc[1]):
        doc._.set(RECORD, record)
        with pytest.raises(ValueError, match=r"of the doc 'I want an apple\.' is damaged.*intact copy"):
            item._.trend_vector  # noqa: B018


@pytest.mark.parametrize("name", [*fields_of(made_doc()), "checksum"])
def test_a_record_that_lacks_a_field_is_refused_by_name(name: str) -> None:
    doc = with_vectors()
    doc._.set(RECORD, lacking(name)(dict(doc._.get(RECORD))))
    with pytest.raises(ValueError, match=rf"lacks \['{name}'\]"):
        doc._.trend_vector  # noqa: B018


@pytest.mark.parametrize(
    ("stored", "got"),
    [
        (lacking("version"), "got version None, expected version 3"),
        (lambda record: {**record, "version": VERSION + 1}, "got version 4, expected version 3"),
        (lambda record: {**record, "version": True}, "got version True, expected version 3"),
        (lambda record: {**record, "version": "3"}, "got version '3', expected version 3"),
        (lambda record: list(record.items()), "got a <class 'list'> in its place"),
        (lambda record: 7, "got a <class 'int'> in its place"),
        (lambda record: {}, "got version None, expected version 3"),
    ],
)
def test_a_record_of_another_version_or_none_of_ours_is_refused(
    stored: Callable[[dict[str, Any]], Any], got: str
) -> None:
    doc = with_vectors()
    doc._.set(RECORD, stored(dict(doc._.get(RECORD))))
    with pytest.raises(ValueError, match=rf"cannot be read: {got}.*Run the pipeline on the text again"):
        doc._.trend_vector  # noqa: B018


def test_the_checksum_is_that_of_the_plain_fields_and_the_arrays_in_order() -> None:
    record = made_doc()._.get(RECORD)
    plain = [VERSION, 5, 0, record["select"], crc32(b"I want an apple.")]
    expected = crc32(json.dumps(plain).encode())
    for name, kind in (
        ("tokens", "int32 (4,)"),
        ("offsets", "int32 (4, 2)"),
        ("attention", "float32 (3, 4)"),
        ("mutual", "float32 (0, 0)"),
        ("mutual_places", "int32 (0,)"),
        ("distances", "float32 (0,)"),
        ("weights", "float32 (4,)"),
        ("importance", "float32 (4,)"),
        ("vector", "float32 (2,)"),
        ("pair", "int32 (2,)"),
    ):
        expected = crc32(record[name].tobytes(), crc32(f"{name} {kind}".encode(), expected))
    assert record["checksum"] == expected


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the docs whose records were checked."""
    texts: list[str] = []

    def noting(stored: Any, doc: Doc) -> SealedRecord:
        texts.append(doc.text)
        return check(stored, doc)

    monkeypatch.setattr("spacy_trend.attributes.record.check", noting)
    return texts


CARRIERS: dict[str, tuple[Callable[[Doc], Doc], int]] = {
    "copy": (Doc.copy, 1),
    "to_bytes": (lambda doc: Doc(doc.vocab).from_bytes(doc.to_bytes()), 1),
    "pickle": (lambda doc: pickle.loads(pickle.dumps(doc)), 1),
    "DocBin": (
        lambda doc: next(
            DocBin().from_bytes(DocBin(store_user_data=True, docs=[doc]).to_bytes()).get_docs(doc.vocab)
        ),
        1,
    ),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_record_is_checked_once_if_it_comes_from_storage(carrier: str, checks: list[str]) -> None:
    doc = with_vectors()
    expected = read_all(doc)
    assert checks == []
    carry, times = CARRIERS[carrier]
    carried = carry(doc)
    assert [read_all(carried) for _ in range(3)] == [expected] * 3
    assert checks == [TEXT] * times


CHANGES: dict[str, Callable[[Any], Any]] = {
    "set": lambda record: record.__setitem__("truncated", 1),
    "deleted": lambda record: record.__delitem__("mutual"),
    "updated": lambda record: record.update(truncated=1),
    "joined": lambda record: record.__ior__({"truncated": 1}),
    "popped": lambda record: record.pop("mutual"),
    "popped at the end": lambda record: record.popitem(),
    "added": lambda record: record.setdefault("more", 1),
    "cleared": lambda record: record.clear(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("copied", [False, True])
def test_a_record_whose_fields_are_set_is_checked_again(change: str, copied: bool) -> None:
    doc = with_vectors()
    CHANGES[change](doc._.get(RECORD))
    if copied:
        doc = doc.copy()
    with pytest.raises(ValueError, match=r"[Rr]un the pipeline on"):
        doc._.trend_vector  # noqa: B018


def test_nobody_can_write_into_the_arrays_of_a_record() -> None:
    doc = with_vectors()
    for each in (doc, doc.copy(), Doc(doc.vocab).from_bytes(doc.to_bytes())):
        read_all(each)
        for array in each._.get(RECORD).values():
            if isinstance(array, np.ndarray) and array.size:
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 1


def test_what_is_stored_is_a_plain_dict() -> None:
    record = with_vectors()._.get(RECORD)
    assert type(record) is SealedRecord
    assert type(pickle.loads(pickle.dumps(record))) is dict
    assert type(srsly.msgpack_loads(srsly.msgpack_dumps(record))) is dict


def test_a_record_without_words_is_read_again() -> None:
    doc = made_doc(["."], np.zeros((2, 0)), (-1, -1))
    carried = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert carried._.trend_vector.tolist() == [0, 0]


OTHER_TEXT = r"of the doc .* is that of another text: got the checksum \d+, expected \d+"


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("words", [["I", "want", "an", "onion", "."], ["We", "hate", "an", "apple", "."]])
def test_a_record_of_another_text_is_refused(words: list[str], stored: bool) -> None:
    doc = with_vectors()
    record = doc._.get(RECORD)
    other = Doc(doc.vocab, words=words, spaces=[True, True, True, False, False])
    other._.set(RECORD, dict(record) if stored else record)
    for item in (other, other[0:3], other[1]):
        with pytest.raises(ValueError, match=OTHER_TEXT):
            item._.trend_vector  # noqa: B018
    assert doc._.trend_vector is not None


def test_docs_of_the_same_text_may_share_a_record() -> None:
    doc = with_vectors()
    other = Doc(doc.vocab, [token.text for token in doc], [True, True, True, False, False])
    other._.set(RECORD, doc._.get(RECORD))
    assert read_all(other) == read_all(doc) == read_all(other)


@pytest.mark.parametrize("rows", [2**16 + 1, 2 * 10**9, 2**40])
def test_a_record_of_few_bytes_takes_little_memory(rows: int) -> None:
    doc = made_doc(["."], np.zeros((2, 0)), (-1, -1))
    record = {**fields_of(doc), "attention": np.zeros((rows, 0), dtype=np.float32)}
    doc._.set(RECORD, dict(seal(record, doc)))
    for item in (doc, doc[0:1], doc[0]):
        with pytest.raises(ValueError, match=f"{rows} rows of attention"):
            item._.get("trend_vector")


def test_the_fields_are_those_of_a_record() -> None:
    assert {*stored_record._PLAIN, *stored_record._ARRAYS} == set(made_doc()._.get(RECORD))
