"""Records in storage: sealed with a version and a checksum, and checked when they come back.

What was stored may be damaged, of another version, or made by somebody else. It is read as data: all of it is
checked before any of it is used, and nothing that it names is looked up here.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from weakref import ref
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

#: Of what a record holds. Change it with the fields, or with what they mean.
VERSION = 3
_PLAIN: dict[str, type] = {
    "version": int,
    "length": int,
    "truncated": int,
    "select": str,
    "text": int,
    "checksum": int,
}
#: More rows of attention than any encoder has heads.
MOST_ROWS = 2**16
#: Of every array its dtype and its shape; dimensions of one name are equal.
_ARRAYS: dict[str, tuple[Any, tuple[str | int, ...]]] = {
    "tokens": (np.int32, ("words",)),
    "offsets": (np.int32, ("words", 2)),
    "attention": (np.float32, ("rows", "words")),
    "mutual": (np.float32, ("places", "reach")),
    "mutual_places": (np.int32, ("words placed",)),
    "distances": (np.float32, ("words turned",)),
    "weights": (np.float32, ("words",)),
    "importance": (np.float32, ("words",)),
    "word_vectors": (np.float32, ("words", "width")),
    "vector": (np.float32, ("width",)),
    "pair": (np.int32, (2,)),
}


class SealedRecord(dict[str, Any]):
    """A record that was made or checked in this process, so that a reader need not check it again.

    It is stored and pickled as a plain dict, which is checked when it is read. Its arrays are read-only; if
    one of its fields is set, or if it is put on another doc, it is checked again.
    """

    _doc: Callable[[], Doc | None] = staticmethod(lambda: None)

    def is_checked_for(self, doc: Doc) -> bool:
        """Return whether it is as it was made or checked, for this doc.

        Args:
            doc: the doc that has it.
        """
        return self._doc() is doc

    def belongs_to(self, doc: Doc) -> None:
        """Remember the doc that it was made or checked for.

        Args:
            doc: the doc.
        """
        self._doc = ref(doc)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def __copy__(self) -> "SealedRecord":
        return type(self)(self)

    def __deepcopy__(self, memo: Any) -> "SealedRecord":
        # Nobody can write into the arrays: a copy of a doc may share them.
        return self.__copy__()


def _unsealing(method: str) -> Callable[..., Any]:
    def change(self: SealedRecord, *args: Any, **kwargs: Any) -> Any:
        self.__dict__.clear()
        return getattr(dict, method)(self, *args, **kwargs)

    return change


for _method in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(SealedRecord, _method, _unsealing(_method))


def seal(fields: Mapping[str, Any], doc: Doc) -> SealedRecord:
    """Return the record of a doc with its version and checksum.

    Args:
        fields: all others, see `record.Record`. Their arrays are read-only from now on.
        doc: the doc.
    """
    for value in fields.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    record = {"version": VERSION, **fields, "text": _checksum_of_text(doc)}
    sealed = SealedRecord(record, checksum=_checksum(record))
    sealed.belongs_to(doc)
    return sealed


def check(stored: Any, doc: Doc) -> SealedRecord:
    """Return the stored record of a doc, once all of it is what `seal` makes.

    Args:
        stored: what stands in the place of a record, whatever it is.
        doc: the doc that has it.

    Raises:
        ValueError: for a record of another version or of another text, or one that is damaged or not ours.
    """
    text = doc.text[:40]
    version = stored.get("version") if isinstance(stored, dict) else None
    if type(version) is not int or version != VERSION:
        got = f"version {version!r:.40}" if isinstance(stored, dict) else f"a {type(stored)} in its place"
        raise ValueError(
            f"The record that 'trend_vector' keeps of the doc {text!r} cannot be read: got {got}, expected "
            f"version {VERSION}. It was stored by another version of spacy_trend, or by something else. Run "
            "the pipeline on the text again."
        )
    fault = _fault_of_fields(stored) or _fault_of_shapes(stored) or _fault_of_values(stored)
    if fault:
        raise ValueError(
            f"The record that 'trend_vector' keeps of the doc {text!r} is damaged, or was changed since: got "
            f"{fault}. Expected it as it was stored. Take an intact copy of the file, or run the pipeline on "
            "the text again."
        )
    if stored["text"] != _checksum_of_text(doc):
        raise ValueError(
            f"The record that 'trend_vector' keeps of the doc {text!r} is that of another text: got the "
            f"checksum {stored['text']}, expected {_checksum_of_text(doc)}. Expected the doc that the "
            "pipeline ran on: run it on this one, too."
        )
    sealed = SealedRecord({name: _read_only(value) for name, value in stored.items()})
    sealed.belongs_to(doc)
    return sealed


def _fault_of_fields(record: Mapping[str, Any]) -> str | None:
    if set(record) != {*_PLAIN, *_ARRAYS}:
        missing = sorted({*_PLAIN, *_ARRAYS} - set(record))
        unknown = sorted(repr(name)[:40] for name in set(record) - {*_PLAIN, *_ARRAYS})
        return f"the unknown fields {unknown}, and lacks {missing}"
    for name, kind in _PLAIN.items():
        if type(record[name]) is not kind:
            return f"{name} of {type(record[name])}"
    return None


def _fault_of_shapes(record: Mapping[str, Any]) -> str | None:
    sizes: dict[str | int, int] = {}
    for name, (dtype, shape) in _ARRAYS.items():
        array = record[name]
        if array is None and name == "word_vectors":
            continue
        if type(array) is not np.ndarray:
            return f"{name} of {type(array)}"
        if array.dtype != dtype or array.ndim != len(shape):
            return f"{name} of {array.dtype} {array.shape}"
        for dimension, size in zip(shape, array.shape, strict=True):
            expected = dimension if isinstance(dimension, int) else sizes.setdefault(dimension, size)
            if size != expected:
                return f"{name} of shape {array.shape}, expected {expected} {dimension}"
    return None


def _fault_of_values(record: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the values of a record whose fields have the right types and shapes."""
    if record["checksum"] != _checksum(record):
        contents = f"contents (which name the selection {record['select']:.200})"
        return f"the checksum {record['checksum']}, and {_checksum(record)} of its {contents}"
    length, tokens, pair = record["length"], record["tokens"], record["pair"]
    words, places = len(tokens), len(record["mutual"])
    holds = {
        "words that are not in order": (tokens[1:] > tokens[:-1]).all(),
        f"words outside the {length} tokens": words == 0 or (tokens[0] >= 0 and tokens[-1] < length),
        "a focus or related word that is no word": (np.isin(pair, tokens) | (pair == -1)).all(),
        "words before the text": (record["offsets"] >= 0).all(),
        "mutual attention beyond its words": record["mutual"].shape[1] <= max(0, places - 1),
        "places of mutual attention that are not its words'": _are_places(
            record["mutual_places"], places, words
        ),
        f"{len(record['attention'])} rows of attention": len(record["attention"]) <= MOST_ROWS,
        "distances of other words": len(record["distances"]) in (0, words),
        f"{record['truncated']} truncated of {length} tokens": 0 <= record["truncated"] <= length,
    }
    return next((fault for fault, is_right in holds.items() if not is_right), None)


def _are_places(places: NDArray[np.int32], count: int, words: int) -> bool:
    """Return whether each word has one of so many places, ascending, none left out; or there are none."""
    if count == 0 or len(places) == 0:
        return count == len(places) == 0
    steps = np.diff(places)
    is_in_order = places[0] == 0 and places[-1] == count - 1 and bool(((steps == 0) | (steps == 1)).all())
    return is_in_order and len(places) == words


def _checksum_of_text(doc: Doc) -> int:
    return crc32(doc.text.encode(errors="surrogatepass"))


def _checksum(record: Mapping[str, Any]) -> int:
    """Return the checksum of all fields but the checksum itself."""
    plain = [record[name] for name in _PLAIN if name != "checksum"]
    checksum = crc32(json.dumps(plain).encode())
    for name in _ARRAYS:
        array = record[name]
        if array is not None:
            checksum = crc32(f"{name} {_name_of(array.dtype)} {array.shape}".encode(), checksum)
            checksum = crc32(np.ascontiguousarray(array).data, checksum)
    return checksum


@cache
def _name_of(dtype: np.dtype[Any]) -> str:
    """Return what numpy calls a type; it takes long to say so, for each array of each doc."""
    return str(dtype)


def _read_only(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view
