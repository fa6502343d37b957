"""What was observed of a doc, kept beside the transformer's output instead of on it.

On a doc it would stay if no trend vector runs after the transformer, and whoever reads the output before one
does would meet it there. This file imports no torch: every pipeline reads it.
"""

from typing import Any
from uuid import uuid4
from weakref import ref

from .requests import mutual_key

#: What the names of observed fields begin with; no transformer has fields of such names.
PREFIX = "observed_by_trend_vector_"
#: The field that says that the spans of a doc are not those of its tokens in order.
DISORDER = "spans_out_of_order"
#: By the number of a transformer's output on a doc: the output, and what was observed.
_BESIDE: dict[int, tuple[Any, dict[str, Any]]] = {}


def new_key() -> str:
    """Return a key that no other reader has."""
    return PREFIX + uuid4().hex


def put_beside(data: Any, observed: dict[str, Any]) -> None:
    """Keep what was observed for as long as the output beside it exists, or until it is dropped.

    Args:
        data: `doc._.trf_data`.
        observed: the tensors by key.
    """
    number = id(data)
    _BESIDE[number] = ref(data, lambda _: _BESIDE.pop(number, None)), observed


def beside(data: Any) -> dict[str, Any]:
    """Return what was observed beside an output, by key; whatever stands on the output is moved first.

    Args:
        data: `doc._.trf_data`.
    """
    set_aside(data)
    _, observed = _BESIDE.get(id(data), (None, {}))
    return observed


def set_aside(data: Any) -> None:
    """Move what was observed off an output of spacy-transformers, which then is what it would be without us.

    Args:
        data: `doc._.trf_data`.
    """
    output = getattr(data, "model_output", {})
    found = {name: value for name, value in output.items() if name.startswith(PREFIX)}
    if found:
        stock = {name: value for name, value in output.items() if name not in found}
        data.model_output = type(output)(stock)
        put_beside(data, found)


def drop(data: Any, key: str) -> None:
    """Forget what was observed for one reader.

    Args:
        data: `doc._.trf_data`.
        key: the reader's key.
    """
    observed = beside(data)
    for name in (key, mutual_key(key)):
        observed.pop(name, None)
    if not observed.keys() - {DISORDER}:
        _BESIDE.pop(id(data), None)
